/*
 * Answers that a service map describes: where in each event, or in the one
 * JSON body, the words stand, which part they belong to, and which event is
 * the last.  For services whose streams need no more than that; ChatGPT's and
 * the public API's have codecs of their own.
 */
#include <stdio.h>

#include "inspect/answer_parts.h"
#include "inspect/pick.h"

/* The parts of one event, or of the body. */
struct reading {
    struct answer *a;
    struct str part;
    size_t number; /* of the texts that the paths led to */
    bool is_hidden;
};

static void put(struct reading *r, struct str text)
{
    char key[160];
    size_t n = r->part.n < 128 ? r->part.n : 128;
    snprintf(key, sizeof key, "%.*s %zu%s", (int)n,
        r->part.p != NULL ? r->part.p : "", r->number,
        r->is_hidden ? " hidden" : "");
    answer_put_part(r->a, str_of(key), r->is_hidden, r->a->map->replaces, text);
}

static void on_string(void *arg, const struct json_node *node)
{
    struct reading *r = arg;
    struct str text = json_str(node);
    if (text.n != 0)
        put(r, text);
    if (text.n != 0 || node->kind == JSON_STRING)
        r->number++;
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        on_string(r, c);
}

static void read_ids(struct answer *a, const struct json_node *root)
{
    const struct json_paths *ids = a->map->ids;
    a->message_id =
        answer_keep(a, pick_text(root, &ids[ROUTE_ID_MESSAGE]), a->message_id);
    a->conversation_id = answer_keep(
        a, pick_text(root, &ids[ROUTE_ID_CONVERSATION]), a->conversation_id);
    a->parent_id =
        answer_keep(a, pick_text(root, &ids[ROUTE_ID_PARENT]), a->parent_id);
    a->model = answer_keep(a, pick_text(root, &ids[ROUTE_ID_MODEL]), a->model);
}

static bool is_end(const struct answer_map *map, const struct json_node *root)
{
    if (map->end.count == 0)
        return false;
    struct str word = pick_word(root, &map->end);
    for (size_t i = 0; i < map->end_count; i++)
        if (str_eq(word, map->end_values[i]))
            return true;
    return map->end_count == 0 && word.n != 0;
}

void map_answer_body(struct answer *a, const struct json_node *root)
{
    struct reading r = {.a = a, .part = pick_word(root, &a->map->part)};
    read_ids(a, root);
    pick_all(root, &a->map->text, on_string, &r);
    r.is_hidden = true;
    r.number = 0;
    pick_all(root, &a->map->hidden, on_string, &r);
    if (is_end(a->map, root))
        a->saw_end = true;
}

void map_answer_event(struct answer *a, const struct sse_event *event)
{
    struct str data = str_trim(event->data);
    struct json_node *root;
    if (str_is(data, "[DONE]"))
        a->saw_end = true;
    else if (data.n != 0 && json_parse(data, &a->scratch, NULL, &root) == OK)
        map_answer_body(a, root);
    else if (event->is_complete && data.n != 0 && data.p[0] == '{')
        a->is_broken = true;
    arena_reset(&a->scratch);
}
