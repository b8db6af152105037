/* A service map as it lies in memory: for service.c, service_load.c and
 * service_event.c. */
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
/* "messages[].content" (struct json_path); false: it is none. */
bool service_parse_path(
    struct loader *l, struct str text, struct json_path *path_out);
/* service_event.c: the key `event` of a route. */
void service_load_event(
    struct loader *l, const struct yaml_node *map, struct route *route);

#endif
