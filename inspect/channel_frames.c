/*
 * What a client's message on a WebSocket is: one JSON object, or a list of
 * them, whose kind stands where the map says (frame_type).  The strongest of a
 * list decides for all; what the map does not name is an unclassified write
 * where it carries words.
 */
#include "base/mem.h"
#include "inspect/channel_parts.h"

void channel_setup_routes(struct channel *c)
{
    c->socket = c->upgrade->match.route;
    c->unknown = (struct route){
        .activity = STR("service.unclassified"),
        .action = ROUTE_RECORD,
        .body = BODY_GENERIC,
        .block = c->socket != NULL ? c->socket->block
                                   : service_block_shape(c->upgrade->service),
    };
    c->unknown_silent = c->unknown;
    c->unknown_silent.action = ROUTE_SCAN;
    if (c->socket == NULL)
        c->socket = &c->unknown;
}

static const struct json_node *find(
    const struct json_node *node, const struct json_path *path)
{
    for (size_t i = 0; node != NULL && i < path->count; i++)
        node = json_get_str(node, path->steps[i]);
    return node;
}

static bool has_type(const struct route_frame *frame, struct str type)
{
    for (size_t i = 0; i < frame->type_count; i++)
        if (str_eq(frame->types[i], type))
            return true;
    return frame->type_count == 0;
}

static const struct route *find_frame(
    struct channel *c, const struct json_node *message)
{
    const struct route *socket = c->socket;
    struct str type = json_str(find(message, &socket->frame_type));
    for (size_t i = 0; i < socket->frame_count; i++) {
        const struct route_frame *frame = &socket->frames[i];
        const struct json_node *member = find(message, &frame->when);
        bool is_there = frame->when.count == 0 ||
                        (member != NULL && !json_is(member, JSON_NULL));
        if (!is_there || !has_type(frame, type))
            continue;
        if (frame->is_opaque)
            c->opaque = &frame->route;
        return &frame->route;
    }
    return NULL;
}

/* Members that label or locate. */
static bool is_label(struct str key)
{
    static const char *const labels[] = {
        "type", "id", "state", "status", "offset", "object", "event", "cursor"};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (str_is(key, labels[i]))
            return true;
    return str_ends(key, "_id") || str_ends(key, "Id");
}

static bool has_words(const struct json_node *node)
{
    if (json_is(node, JSON_STRING))
        return node->text.n != 0 && !is_label(node->key);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        if (has_words(c))
            return true;
    return false;
}

static const struct route *stronger(
    const struct route *a, const struct route *b)
{
    return a == NULL || b->action < a->action ? b : a;
}

const struct route *channel_route(
    struct channel *c, const struct json_node *root)
{
    const struct route *found = NULL;
    if (root == NULL)
        return &c->unknown;
    bool is_list = json_is(root, JSON_ARRAY);
    for (const struct json_node *m = is_list ? root->first : root; m != NULL;
         m = is_list ? m->next : NULL) {
        const struct route *route = find_frame(c, m);
        if (route == NULL)
            route = has_words(m) ? &c->unknown : &c->unknown_silent;
        found = stronger(found, route);
        if (found == &c->unknown)
            break; /* all of it is read generically */
    }
    if (found != NULL && found->action == ROUTE_PASS)
        return NULL;
    return found;
}
