/* inspect/json.h: the same tokens at any cut, and the same documents as
 * jansson reads. */
#include "inspect/json.h"

#include "tests/fuzz/same.h"
#include "tests/unit/json_compare.h"

static enum err on_token(void *arg, const struct json_token *t)
{
    buf_printf(arg, "%d@%u:%zu-%zu%d ", t->kind, t->depth, (size_t)t->start,
        (size_t)t->end, t->is_verbatim);
    buf_append_str(arg, t->text);
    return OK;
}

static void read_json(
    struct str s, unsigned way, bool allows_many, struct buf *out)
{
    struct json_reader *r = json_reader_new(NULL, allows_many, on_token, out);
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = json_feed(r, piece);
    cuts_end(&cuts);
    if (err == OK)
        err = json_finish(r);
    buf_printf(out, "%s@%zu", err_name(err), (size_t)json_offset(r));
    buf_append_str(out, json_partial(r));
    json_reader_free(&r);
}

static void read_one(struct str s, unsigned way, struct buf *out)
{
    read_json(s, way, false, out);
}

static void read_many(struct str s, unsigned way, struct buf *out)
{
    read_json(s, way, true, out);
}

/* Every node of a document is where its index and its path say. */
static void walk(const struct json_node *node)
{
    size_t i = 0;
    check(json_at(node, node->count) == NULL || node->kind != JSON_ARRAY,
        "nothing behind the end");
    for (const struct json_node *c = node->first; c != NULL; c = c->next) {
        char path[24];
        snprintf(path, sizeof path, "%zu", i);
        if (json_is(node, JSON_ARRAY))
            check(json_at(node, i) == c && json_path(node, path) == c,
                "the same node by index and by path");
        (void)json_is_true(c);
        walk(c);
        i++;
    }
}

static void read_tree(struct str s)
{
    const struct json_limits few = {.nodes = 16};
    for (int i = 0; i < 2; i++) {
        struct arena arena = {0};
        struct json_node *root = NULL;
        if (json_parse(s, &arena, i == 0 ? NULL : &few, &root) == OK)
            walk(root);
        arena_free(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str s = {(const char *)data, n};
    check_cuts(s, read_one);
    check_cuts(s, read_many);
    read_tree(s);
    const char *wrong = compare_with_jansson(s);
    check(wrong == NULL, wrong);
    return 0;
}
