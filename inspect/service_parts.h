/* A service map as it lies in memory, and what its readers share: for
 * service*.c only. */
#ifndef INSPECT_SERVICE_PARTS_H
#define INSPECT_SERVICE_PARTS_H

#include "base/yaml.h"
#include "inspect/log_map.h"
#include "inspect/service.h"

struct service {
    struct str name;
    struct str *hosts, *learnable, *shared;
    size_t host_count, learnable_count, shared_count;
    bool is_overlay; /* its routes come before those of other maps */
    enum block_shape block;
    struct service_tenant tenant;
    struct str *signed_out; /* path prefixes */
    size_t signed_out_count;
    struct log_map *logs; /* NULL: none */
    struct route *routes;
    size_t route_count;
};

struct service_set {
    struct arena arena;
    struct service *services;
    size_t count;
};

/* What a loader carries around. */
struct loader {
    struct arena *arena;
    struct yaml_doc *doc;
    const struct yaml_node *prefixes;
};

/* ---- service_load.c ---- */

extern const char *const SERVICE_BLOCKS[];

/* ---- service_value.c: values, copied into the map's arena ---- */

struct str *service_copy_strs(
    struct loader *l, struct yaml_strs list, size_t *count_out);
struct str *service_load_hosts(struct loader *l, const struct yaml_node *map,
    const char *key, size_t *count_out);
/* "messages[].content" (struct json_path); false: it is none. */
bool service_parse_path(
    struct loader *l, struct str text, struct json_path *path_out);
/* A list of them. */
void service_load_paths(struct loader *l, const struct yaml_node *map,
    const char *key, struct json_paths *paths_out);
/* One path of plain names. */
void service_load_name(struct loader *l, const struct yaml_node *map,
    const char *key, const char *otherwise, struct json_path *path_out);

/* ---- service_route.c ---- */

void service_load_route(struct loader *l, const struct yaml_node *map,
    const struct service *service, struct route *route);

/* ---- service_body.c: a key of a route each ---- */

void service_load_ids(struct loader *l, const struct yaml_node *map,
    struct json_paths paths_out[ROUTE_ID_COUNT]);
void service_load_answer_ids(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_who(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_file_names(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_target(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_upload(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_file(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_cases(
    struct loader *l, const struct yaml_node *map, struct route *route);
void service_load_answer(
    struct loader *l, const struct yaml_node *map, struct route *route);

/* ---- service_event.c: the key `event` of a route ---- */

void service_load_event(
    struct loader *l, const struct yaml_node *map, struct route *route);

#endif
