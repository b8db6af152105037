/* inspect/sse.h and inspect/ndjson.h: the same events at any cut. */
#include "inspect/ndjson.h"
#include "inspect/sse.h"

#include "tests/fuzz/same.h"

enum { LIMIT = 256 }; /* small, so that it is reached */

static void on_event(void *arg, const struct sse_event *e)
{
    buf_printf(
        arg, "%zu-%zu%d ", (size_t)e->start, (size_t)e->end, e->is_complete);
    buf_append_str(arg, e->name);
    buf_append_char(arg, '|');
    buf_append_str(arg, e->id);
    buf_append_char(arg, '|');
    buf_append_str(arg, e->data);
}

static void on_line(void *arg, struct str line, bool is_complete)
{
    buf_append_str(arg, line);
    buf_append_char(arg, is_complete ? '|' : '?');
}

static void read_sse(struct str s, unsigned way, struct buf *out)
{
    struct sse *sse = sse_new(LIMIT, on_event, out);
    struct ndjson *lines = ndjson_new(LIMIT, on_line, out);
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = sse_feed(sse, piece);
    cuts_end(&cuts);
    err = sse_finish(sse);
    buf_printf(out, "%s ", err_name(err));
    cuts = cuts_of(s, way);
    err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = ndjson_feed(lines, piece);
    cuts_end(&cuts);
    err = ndjson_finish(lines);
    buf_printf(out, "%s", err_name(err));
    sse_free(&sse);
    ndjson_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_cuts(str_make((const char *)data, n), read_sse);
    return 0;
}
