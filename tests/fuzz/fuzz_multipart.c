/* inspect/multipart.h and inspect/mime.h.  The input begins with the value of
 * Content-Type and a line feed. */
#include "inspect/multipart.h"

#include "tests/fuzz/same.h"

struct trace {
    struct buf *out;
    struct buf data, other;
    size_t open;
};

static void on_part(void *arg, const struct multipart_part *p)
{
    struct trace *t = arg;
    check(t->open == 0, "parts do not nest");
    t->open++;
    buf_printf(t->out, "<%.*s|%.*s|%.*s|%.*s>", STR_ARG(p->disposition.name),
        STR_ARG(p->disposition.filename), STR_ARG(p->type),
        STR_ARG(p->encoding));
    buf_append_str(t->out, p->headers);
}

static void on_data(void *arg, struct str data)
{
    struct trace *t = arg;
    check(t->open == 1, "data is in a part");
    buf_append_str(&t->data, data);
}

static void on_part_end(void *arg)
{
    struct trace *t = arg;
    t->open--;
    buf_append_str(t->out, buf_str(&t->data));
    buf_clear(&t->data);
}

static void on_other(void *arg, struct str bytes)
{
    struct trace *t = arg;
    buf_append_str(&t->other, bytes);
}

static void read_multipart(struct str s, unsigned way, struct buf *out)
{
    static const struct multipart_events events = {
        on_part, on_data, on_part_end, on_other};
    struct arena arena = {0};
    struct mime_type type;
    struct mime_disposition disposition;
    struct trace t = {.out = out};
    struct multipart *m;
    size_t line = str_find_char(s, '\n');
    struct str value = str_sub(s, 0, line), body = str_sub(s, line + 1, s.n);
    enum err err = mime_parse_disposition(value, &arena, &disposition);
    err = mime_parse_type(value, &arena, &type);
    if (err == OK)
        err = multipart_new(type.boundary, &events, &t, &m);
    arena_free(&arena);
    if (err != OK)
        return;
    struct cuts cuts = cuts_of(body, way);
    struct str piece;
    while (err == OK && cuts_next(&cuts, &piece))
        err = multipart_feed(m, piece);
    cuts_end(&cuts);
    err = multipart_finish(m);
    buf_append_str(out, buf_str(&t.other));
    buf_printf(out, "%s@%zu", err_name(err), (size_t)multipart_offset(m));
    check(t.open == 0 || err == ERR_LIMIT, "every part ends");
    multipart_free(&m);
    buf_free(&t.data);
    buf_free(&t.other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_cuts(str_make((const char *)data, n), read_multipart);
    return 0;
}
