/*
 * Answers stream through here.  An event of the usual form that lies within
 * one feed is read in place; the others go line by line, where only a cut line
 * and the event's data are copied.
 */
#include "inspect/sse.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { OPENING_MAX = 64 };

struct sse {
    void (*on_event)(void *arg, const struct sse_event *event);
    void *arg;
    size_t event_max;
    enum err err;

    struct buf line; /* the part of a cut line that was fed before */
    struct buf name, data, id;
    bool has_data;
    bool is_behind_cr; /* an LF now belongs to the line before */
    bool is_behind_first_line;
    bool is_in_event; /* a line was read since the last blank one */
    uint64_t offset;  /* behind the last whole line, or CR */
    uint64_t start;

    /* Of the last event looked at: up to its data, and its name there. */
    char opening[OPENING_MAX];
    size_t opening_n, name_at, name_n;
};

struct sse *sse_new(size_t event_bytes,
    void (*on_event)(void *arg, const struct sse_event *event), void *arg)
{
    struct sse *s = MEM_NEW(struct sse);
    s->on_event = on_event;
    s->arg = arg;
    s->event_max = event_bytes != 0 ? event_bytes : SSE_EVENT_BYTES_DEFAULT;
    return s;
}

void sse_free(struct sse **sse)
{
    struct sse *s = *sse;
    if (s == NULL)
        return;
    buf_free(&s->line);
    buf_free(&s->name);
    buf_free(&s->data);
    buf_free(&s->id);
    mem_free(s);
    *sse = NULL;
}

static void dispatch(struct sse *s, bool is_complete)
{
    struct sse_event event = {.name = buf_str(&s->name),
        .data = buf_str(&s->data),
        .id = buf_str(&s->id),
        .start = s->start,
        .end = s->offset,
        .is_complete = is_complete};
    if (s->has_data)
        s->on_event(s->arg, &event);
    buf_clear(&s->name);
    buf_clear(&s->data);
    s->has_data = false;
    s->is_in_event = false;
}

static void set(struct buf *b, struct str value)
{
    buf_clear(b);
    buf_append_str(b, value);
}

static void read_field(struct sse *s, struct str field, struct str value)
{
    if (str_is(field, "data")) {
        if (s->has_data)
            buf_append_char(&s->data, '\n');
        buf_append_str(&s->data, value);
        s->has_data = true;
    } else if (str_is(field, "event")) {
        set(&s->name, value);
    } else if (str_is(field, "id") && str_find_char(value, '\0') == value.n) {
        set(&s->id, value);
    }
}

static bool is_over_limit(const struct sse *s, size_t line_bytes)
{
    return s->data.n + s->name.n + line_bytes >= s->event_max;
}

/* line: without its end; end_bytes of the stream end it. */
static enum err read_line(struct sse *s, struct str line, size_t end_bytes)
{
    if (is_over_limit(s, line.n))
        return ERR_LIMIT;
    if (!s->is_in_event)
        s->start = s->offset;
    s->offset += line.n + end_bytes;
    if (!s->is_behind_first_line && str_starts(line, "\xef\xbb\xbf"))
        line = str_sub(line, 3, line.n);
    s->is_behind_first_line = true;
    if (line.n == 0) {
        dispatch(s, true);
        return OK;
    }
    s->is_in_event = true;
    size_t colon = str_find_char(line, ':');
    struct str value = str_sub(line, colon + 1, line.n);
    if (str_starts(value, " "))
        value = str_sub(value, 1, value.n);
    read_field(s, str_sub(line, 0, colon), value);
    return OK;
}

/* A line whose end was found; its beginning may have been fed before. */
static enum err end_line(struct sse *s, struct str rest, size_t end_bytes)
{
    if (s->line.n == 0)
        return read_line(s, rest, end_bytes);
    if (is_over_limit(s, s->line.n + rest.n))
        return ERR_LIMIT;
    buf_append_str(&s->line, rest);
    enum err err = read_line(s, buf_str(&s->line), end_bytes);
    buf_clear(&s->line);
    return err;
}

static enum err keep_line(struct sse *s, struct str rest)
{
    if (is_over_limit(s, s->line.n + rest.n))
        return ERR_LIMIT;
    buf_append_str(&s->line, rest);
    return OK;
}

static const char *find(const char *p, const char *end, char c)
{
    const char *hit = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
    return hit != NULL ? hit : end;
}

/* Where the value of "FIELD: VALUE" begins.  NULL: it is none, or not here. */
static const char *skip_field(const char *p, const char *end, struct str field)
{
    if ((size_t)(end - p) <= field.n || memcmp(p, field.p, field.n) != 0)
        return NULL;
    p += field.n;
    return p + (*p == ' ');
}

/* The whole of it: "event: NAME", LF, "data: ", or the last of these alone. */
static const char *read_opening(
    struct sse *s, const char *p, const char *end, struct str *name_out)
{
    const char *name = p, *at = p;
    if (*p == 'e') {
        name = skip_field(p, end, STR("event:"));
        const char *lf = name != NULL ? find(name, end, '\n') : end;
        if (lf == end)
            return NULL;
        *name_out = str_make(name, (size_t)(lf - name));
        at = lf + 1;
    }
    at = skip_field(at, end, STR("data:"));
    if (at != NULL && at[-1] == ' ' && (size_t)(at - p) <= OPENING_MAX) {
        s->opening_n = (size_t)(at - p);
        s->name_at = (size_t)(name - p);
        s->name_n = name_out->n;
        memcpy(s->opening, p, s->opening_n);
    }
    return at;
}

/* What stands in front of an event's data; the next event nearly always
 * begins with the same bytes.  Where the data begins, or NULL. */
static const char *skip_opening(
    struct sse *s, const char *p, const char *end, struct str *name_out)
{
    if (s->opening_n == 0 || (size_t)(end - p) <= s->opening_n ||
        memcmp(p, s->opening, s->opening_n) != 0)
        return read_opening(s, p, end, name_out);
    *name_out = str_make(p + s->name_at, s->name_n);
    return p + s->opening_n;
}

/* The usual event, in place: "event" and "data", or "data" alone, without a
 * CR in [p, end).  NULL: nothing was done. */
static const char *read_event(struct sse *s, const char *p, const char *end)
{
    struct sse_event event = {.id = buf_str(&s->id), .is_complete = true};
    const char *data = skip_opening(s, p, end, &event.name);
    if (data == NULL)
        return NULL;
    const char *lf = find(data, end, '\n');
    event.data = str_make(data, (size_t)(lf - data));
    if (end - lf < 2 || lf[1] != '\n' ||
        is_over_limit(s, event.name.n + event.data.n + sizeof "data: "))
        return NULL;
    const char *behind = lf + 2;
    event.start = s->offset;
    s->offset += (uint64_t)(behind - p);
    event.end = s->offset;
    s->on_event(s->arg, &event);
    return behind;
}

static bool is_between_events(const struct sse *s)
{
    return !s->is_in_event && s->line.n == 0 && s->is_behind_first_line;
}

static enum err read_lines(struct sse *s, const char *p, const char *end)
{
    const char *lf = find(p, end, '\n'); /* kept: CR lines are not squared */
    const char *cr = find(p, end, '\r');
    while (p < end) {
        const char *behind = p < cr && !s->is_behind_cr && is_between_events(s)
                                 ? read_event(s, p, cr)
                                 : NULL;
        if (behind != NULL) {
            p = behind;
            continue;
        }
        if (s->is_behind_cr && *p == '\n') {
            p++;
            s->offset++;
            s->is_behind_cr = false;
            continue;
        }
        s->is_behind_cr = false;
        if (lf < p)
            lf = find(p, end, '\n');
        if (cr < p)
            cr = find(p, end, '\r');
        const char *at = cr < lf ? cr : lf;
        struct str rest = str_make(p, (size_t)(at - p));
        if (at == end)
            return keep_line(s, rest);
        enum err err = end_line(s, rest, 1);
        if (err != OK)
            return err;
        s->is_behind_cr = *at == '\r';
        p = at + 1;
    }
    return OK;
}

enum err sse_feed(struct sse *s, struct str bytes)
{
    if (s->err == OK && bytes.n != 0)
        s->err = read_lines(s, bytes.p, bytes.p + bytes.n);
    return s->err;
}

enum err sse_finish(struct sse *s)
{
    if (s->err == OK && s->line.n != 0)
        s->err = end_line(s, STR_NONE, 0);
    if (s->err == OK && s->is_in_event)
        dispatch(s, false);
    return s->err;
}
