/*
 * All that a filter shows, as CSV or one JSON object a line, newest first, in
 * pieces: each is a short question behind the last row, so that an export
 * holds no transaction however slowly it is read.  What comes meanwhile is
 * newer than its first row and not in it.
 */
#include "console/parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "store/csv.h"

enum { ROWS_A_PIECE = 2000 };

struct export
{
    struct source source;        /* first */
    struct browse_filter filter; /* borrows from the request */
    struct query_cursor cursor;
    bool is_csv, has_head;
    struct buf *out; /* while a piece is made */
};

static void on_row(void *context, const struct query_row *row)
{
    struct export *e = context;
    if (!e->is_csv) {
        buf_append_str(e->out, row->json);
        buf_append_char(e->out, '\n');
    } else if (csv_write_activity(row->json, e->out) != OK) {
        return; /* no JSON object: nothing to show */
    }
}

static enum err fill(struct source *source, void *arg, struct buf *out)
{
    struct export *e = (struct export *)source;
    struct browse *browse = NULL;
    struct query *query;
    bool more = false;
    enum err err = local_query(arg, &query);
    if (err != OK)
        return err;
    e->out = out;
    if (e->is_csv && !e->has_head)
        csv_write_head(out);
    e->has_head = true;
    err = browse_new(query, &e->filter, &browse);
    if (err == OK)
        err = browse_list(browse, QUERY_NEWEST_FIRST, ROWS_A_PIECE, false,
            &e->cursor, on_row, e, &more);
    browse_free(&browse);
    if (err != OK)
        local_forget(arg);
    return err != OK || more ? err : ERR_EOF;
}

static void free_export(struct source *source)
{
    mem_free(source);
}

/* The parameters that were given, for the record. */
static void write_details(
    const struct request *r, const char *format, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "format", format);
    jsonw_key(&w, "filter");
    jsonw_array(&w);
    for (size_t i = 0; i < r->arg_count && i < 32; i++) {
        jsonw_array(&w);
        jsonw_str(&w, str_sub(r->args[i].name, 0, 64));
        jsonw_str(&w, str_sub(r->args[i].value, 0, 256));
        jsonw_close(&w);
    }
    jsonw_close(&w);
    jsonw_close(&w);
}

static void start(struct call *call, bool is_csv)
{
    struct browse_filter filter;
    struct query *query;
    struct buf details = {0};
    if (call_filter(call, &filter) != OK || call_query(call, &query) != OK ||
        call_names(call, &filter.words[FACET_USER]) != OK)
        return;
    write_details(call->request, is_csv ? "csv" : "jsonl", &details);
    enum err err = audit_before(call->console, call->request,
        &(struct audit){.action = "console.activities.exported",
            .user = str_of(call->who.user),
            .details = buf_str(&details)});
    buf_free(&details);
    if (err != OK) {
        call_unrecorded(call);
        return;
    }
    struct export *e = MEM_NEW(struct export);
    e->source = (struct source){fill, free_export};
    e->filter = filter;
    e->is_csv = is_csv;
    call->response->source = &e->source;
    call->response->status = 200;
    call->response->type =
        is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
    response_header(call->response, "Content-Disposition",
        is_csv ? STR("attachment; filename=\"activities.csv\"")
               : STR("attachment; filename=\"activities.jsonl\""));
}

void api_export_csv(struct call *call)
{
    start(call, true);
}

void api_export_jsonl(struct call *call)
{
    start(call, false);
}
