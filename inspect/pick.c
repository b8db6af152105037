/* Both sides of an exchange come through here: extract.c for requests,
 * map_answer.c for answers that a map describes. */
#include "inspect/pick.h"

static void walk(const struct json_node *node, const struct json_path *path,
    size_t step, pick_fn *on_node, void *arg)
{
    if (node == NULL)
        return;
    if (step == path->count) {
        on_node(arg, node);
        return;
    }
    struct str name = path->steps[step];
    bool is_each = str_is(name, "[]"), is_last = str_is(name, "[-1]");
    if ((is_each || is_last) && node->kind != JSON_ARRAY)
        return;
    if (str_is(name, "$")) {
        if (node->kind == JSON_STRING)
            on_node(arg, node);
    } else if (is_last) {
        walk(node->last, path, step + 1, on_node, arg);
    } else if (str_is(name, "#")) {
        if (node->kind == JSON_STRING)
            walk(node->first, path, step + 1, on_node, arg);
    } else if (is_each || str_is(name, "*")) {
        for (const struct json_node *c = node->first; c != NULL; c = c->next)
            walk(c, path, step + 1, on_node, arg);
    } else {
        walk(json_get_str(node, name), path, step + 1, on_node, arg);
    }
}

void pick(const struct json_node *root, const struct json_path *path,
    pick_fn *on_node, void *arg)
{
    walk(root, path, 0, on_node, arg);
}

void pick_all(const struct json_node *root, const struct json_paths *paths,
    pick_fn *on_node, void *arg)
{
    for (size_t i = 0; i < paths->count; i++)
        pick(root, &paths->items[i], on_node, arg);
}

static void on_text(void *arg, const struct json_node *node)
{
    struct str *text = arg;
    bool has_text = node->kind == JSON_STRING || node->kind == JSON_NUMBER;
    if (text->n == 0 && has_text)
        *text = node->text;
}

struct str pick_text(
    const struct json_node *root, const struct json_paths *paths)
{
    struct str text = STR_NONE;
    pick_all(root, paths, on_text, &text);
    return text;
}

static void on_word(void *arg, const struct json_node *node)
{
    struct str *word = arg;
    if (word->n != 0)
        return;
    switch (node->kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        *word = node->text;
        break;
    case JSON_FALSE:
        *word = STR("false");
        break;
    case JSON_TRUE:
        *word = STR("true");
        break;
    case JSON_NULL:
        break;
    default:
        *word = STR("*");
    }
}

struct str pick_word(const struct json_node *root, const struct json_path *path)
{
    struct str word = STR_NONE;
    pick(root, path, on_word, &word);
    return word;
}
