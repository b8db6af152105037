/*
 * See proxy/log_file.h.  A file is tried as one document first: a pretty
 * printed page has lines that are no JSON.
 */
#include "proxy/log_file.h"

#include <stdio.h>

enum { TOLD_MAX = 10 }; /* lines named on standard error */

struct reader {
    const char *name;
    log_file_fn *on_event;
    void *context;
    size_t bad;
};

static void complain(struct reader *r, size_t line)
{
    if (r->bad++ < TOLD_MAX)
        fprintf(stderr,
            "promptgate replay: %s:%zu: no log event (a JSON object with a "
            "type, a list of them, or a page with data)\n",
            r->name, line);
}

static void read_list(
    struct reader *r, const struct json_node *list, size_t line)
{
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        if (r->on_event(r->context, c) != OK)
            complain(r, line);
}

static void read_document(
    struct reader *r, const struct json_node *root, size_t line)
{
    const struct json_node *page = json_get(root, "data");
    if (json_is(page, JSON_ARRAY) && json_get(root, "type") == NULL)
        root = page;
    if (json_is(root, JSON_ARRAY))
        read_list(r, root, line);
    else if (r->on_event(r->context, root) != OK)
        complain(r, line);
}

static enum err parse(struct reader *r, struct str text, size_t line)
{
    static const struct json_limits limits = {.string_bytes = (size_t)1 << 30,
        .nodes = (size_t)1 << 28,
        .tree_bytes = (size_t)8 << 30};
    struct arena arena = {0};
    struct json_node *root = NULL;
    enum err err = json_parse(text, &arena, &limits, &root);
    if (err == OK)
        read_document(r, root, line);
    arena_free(&arena);
    return err;
}

enum err log_file_read(
    struct str text, const char *name, log_file_fn *on_event, void *context)
{
    struct reader r = {name, on_event, context, 0};
    struct str line;
    size_t number = 0;
    if (parse(&r, text, 1) == OK)
        return r.bad == 0 ? OK : ERR_PARSE;
    while (str_split(&text, '\n', &line)) {
        number++;
        line = str_trim(line);
        if (line.n != 0 && parse(&r, line, number) != OK)
            complain(&r, number);
    }
    if (r.bad > TOLD_MAX)
        fprintf(stderr, "promptgate replay: %s: %zu more like these\n", name,
            r.bad - TOLD_MAX);
    return r.bad == 0 ? OK : ERR_PARSE;
}
