/*
 * Walking a JSON tree by the paths of a service map (service.h, json_path):
 * every node that a path leads to, in document order.
 */
#ifndef INSPECT_PICK_H
#define INSPECT_PICK_H

#include "inspect/json.h"
#include "inspect/service.h"

typedef void pick_fn(void *arg, const struct json_node *node);

/* root may be NULL: nothing is found. */
void pick(const struct json_node *root, const struct json_path *path,
    pick_fn *on_node, void *arg);
/* One path after the other. */
void pick_all(const struct json_node *root, const struct json_paths *paths,
    pick_fn *on_node, void *arg);
/* The first string or number that one of the paths leads to; else empty. */
struct str pick_text(
    const struct json_node *root, const struct json_paths *paths);
/* What stands at a path as a map writes it: "true", "false", "*" for a list
 * or object; empty for null and where there is nothing. */
struct str pick_word(
    const struct json_node *root, const struct json_path *path);

#endif
