/*
 * Multipart bodies.  Data is only searched for line ends; behind one, the
 * bytes that may become a delimiter are matched one by one and held back when
 * the feed ends among them:
 *
 *   [CR] LF "--" boundary  then  "--"  or  blanks [CR] LF
 *
 * No boundary holds CR or LF, so a match that fails needs no second look at
 * what it had taken.
 */
#include "inspect/multipart.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { PADDING_BYTES_MAX = 64 };

enum phase { IN_PREAMBLE, IN_HEADERS, IN_DATA, IN_EPILOGUE };

/* How far the delimiter is matched. */
enum match {
    M_NONE,
    M_CR,       /* LF must come */
    M_BOUNDARY, /* in "--boundary" */
    M_TAIL,     /* behind it */
    M_DASH,     /* behind it and one dash */
    M_PADDING,  /* in the blanks */
    M_TAIL_CR,  /* LF must come */
    M_PART,     /* whole: a part begins */
    M_CLOSE,    /* whole: the last one */
};

struct multipart {
    struct multipart_events events;
    void *arg;
    char delimiter[MULTIPART_BOUNDARY_BYTES_MAX + 2]; /* with the dashes */
    size_t delimiter_n;
    enum phase phase;
    enum err err;
    uint64_t offset;
    unsigned parts;
    enum match match;
    size_t matched;  /* of the delimiter; in M_PADDING: blanks */
    struct buf held; /* of earlier feeds: what match is about */
    struct buf headers;
};

enum err multipart_new(struct str boundary,
    const struct multipart_events *events, void *arg,
    struct multipart **multipart_out)
{
    *multipart_out = NULL;
    if (boundary.n == 0 || boundary.n > MULTIPART_BOUNDARY_BYTES_MAX ||
        memchr(boundary.p, '\r', boundary.n) != NULL ||
        memchr(boundary.p, '\n', boundary.n) != NULL)
        return ERR_PARSE;
    struct multipart *m = MEM_NEW(struct multipart);
    m->events = *events;
    m->arg = arg;
    memcpy(m->delimiter, "--", 2);
    memcpy(m->delimiter + 2, boundary.p, boundary.n);
    m->delimiter_n = boundary.n + 2;
    m->match = M_BOUNDARY; /* the first one needs no line end before it */
    *multipart_out = m;
    return OK;
}

void multipart_free(struct multipart **multipart)
{
    if (*multipart == NULL)
        return;
    buf_free(&(*multipart)->held);
    buf_free(&(*multipart)->headers);
    mem_free(*multipart);
    *multipart = NULL;
}

static void give(struct multipart *m, struct str bytes)
{
    if (bytes.n == 0)
        return;
    if (m->phase == IN_DATA && m->events.on_data != NULL)
        m->events.on_data(m->arg, bytes);
    if (m->phase != IN_DATA && m->events.on_other != NULL)
        m->events.on_other(m->arg, bytes);
}

static void end_part(struct multipart *m)
{
    if (m->phase == IN_DATA && m->events.on_part_end != NULL)
        m->events.on_part_end(m->arg);
}

/* ---- part headers ---- */

/* Takes a field with its folded lines off *rest. */
static struct str next_field(struct str *rest)
{
    size_t n = 0;
    do {
        n += str_find_char(str_sub(*rest, n, rest->n), '\n') + 1;
    } while (n < rest->n && (rest->p[n] == ' ' || rest->p[n] == '\t'));
    struct str field = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, rest->n);
    return field;
}

static void read_field(
    struct multipart_part *part, struct str field, struct arena *arena)
{
    size_t colon = str_find_char(field, ':');
    struct str name = str_trim(str_sub(field, 0, colon));
    struct str value = str_trim(str_sub(field, colon + 1, field.n));
    struct mime_type type;
    if (str_is_nocase(name, "content-disposition")) {
        if (mime_parse_disposition(value, arena, &part->disposition) != OK)
            part->disposition = (struct mime_disposition){0};
    } else if (str_is_nocase(name, "content-type")) {
        part->content_type = value;
        if (mime_parse_type(value, arena, &type) == OK)
            part->type = type.type;
    } else if (str_is_nocase(name, "content-transfer-encoding")) {
        part->encoding = value;
    }
}

static void begin_part(struct multipart *m)
{
    struct arena arena = {0};
    struct multipart_part part = {.headers = buf_str(&m->headers)};
    struct str rest = part.headers;
    while (rest.n > 0)
        read_field(&part, next_field(&rest), &arena);
    if (m->events.on_part != NULL)
        m->events.on_part(m->arg, &part);
    arena_free(&arena);
    buf_clear(&m->headers);
    m->phase = IN_DATA;
    m->match = M_BOUNDARY; /* an empty part: the delimiter at once */
    m->matched = 0;
}

static bool is_header_end(struct str s)
{
    return str_ends(s, "\n\r\n") || str_ends(s, "\n\n") || str_is(s, "\n") ||
           str_is(s, "\r\n");
}

static enum err read_headers(struct multipart *m, struct str s, size_t *taken)
{
    size_t n = str_find_char(s, '\n');
    n = n < s.n ? n + 1 : s.n;
    size_t room = MULTIPART_HEADER_BYTES_MAX - m->headers.n;
    bool is_too_long = n > room;
    *taken = is_too_long ? room : n;
    buf_append(&m->headers, s.p, *taken);
    if (is_too_long) {
        give(m, buf_str(&m->headers));
        buf_clear(&m->headers);
        return ERR_LIMIT;
    }
    if (is_header_end(buf_str(&m->headers)))
        begin_part(m);
    return OK;
}

/* ---- data, preamble ---- */

/* The state after c; M_NONE when the bytes so far are no delimiter. */
static enum match match_byte(struct multipart *m, char c)
{
    switch (m->match) {
    case M_CR:
    case M_TAIL_CR:
        m->matched = 0;
        if (c != '\n')
            return M_NONE;
        return m->match == M_CR ? M_BOUNDARY : M_PART;
    case M_BOUNDARY:
        if (c != m->delimiter[m->matched])
            return M_NONE;
        return ++m->matched == m->delimiter_n ? M_TAIL : M_BOUNDARY;
    case M_DASH:
        return c == '-' ? M_CLOSE : M_NONE;
    case M_TAIL:
        m->matched = 0;
        if (c == '-')
            return M_DASH;
        /* fall through */
    case M_PADDING:
        if (c == '\n')
            return M_PART;
        if (c == '\r')
            return M_TAIL_CR;
        if ((c == ' ' || c == '\t') && m->matched++ < PADDING_BYTES_MAX)
            return M_PADDING;
        return M_NONE;
    default:
        return M_NONE;
    }
}

static void begin_match(struct multipart *m, char line_end)
{
    m->matched = 0;
    m->match = line_end == '\r' ? M_CR : M_BOUNDARY;
}

static enum err end_data(struct multipart *m)
{
    bool is_close = m->match == M_CLOSE;
    end_part(m);
    buf_clear(&m->held);
    m->match = M_NONE;
    m->phase = is_close ? IN_EPILOGUE : IN_HEADERS;
    if (!is_close && m->parts++ == MULTIPART_PARTS_MAX)
        return ERR_LIMIT;
    return OK;
}

static size_t find_line_end(struct str s)
{
    size_t lf = str_find_char(s, '\n');
    return lf > 0 && lf < s.n && s.p[lf - 1] == '\r' ? lf - 1 : lf;
}

/* Up to and with the next delimiter, or all of s. */
static enum err read_data(struct multipart *m, struct str s, size_t *taken)
{
    size_t i = 0, from = 0; /* from: where in s the match began */
    while (i < s.n) {
        if (m->match == M_NONE) {
            from = i + find_line_end(str_sub(s, i, s.n));
            /* A CR that ends the feed may begin a delimiter as well. */
            if (from == s.n && s.p[s.n - 1] == '\r')
                from--;
            if (from == s.n)
                break;
            begin_match(m, s.p[from]);
            i = from + 1;
            continue;
        }
        m->match = match_byte(m, s.p[i]);
        if (m->match == M_NONE) {
            give(m, buf_str(&m->held));
            buf_clear(&m->held);
            continue;
        }
        i++;
        if (m->match == M_PART || m->match == M_CLOSE) {
            give(m, str_sub(s, 0, from));
            *taken = i;
            return end_data(m);
        }
    }
    *taken = s.n;
    if (m->match == M_NONE)
        from = s.n;
    give(m, str_sub(s, 0, from));
    buf_append_str(&m->held, str_sub(s, from, s.n));
    return OK;
}

static enum err read_some(struct multipart *m, struct str s, size_t *taken)
{
    switch (m->phase) {
    case IN_HEADERS:
        return read_headers(m, s, taken);
    case IN_EPILOGUE:
        give(m, s);
        *taken = s.n;
        return OK;
    default:
        return read_data(m, s, taken);
    }
}

enum err multipart_feed(struct multipart *m, struct str bytes)
{
    while (m->err == OK && bytes.n > 0) {
        size_t taken;
        m->err = read_some(m, bytes, &taken);
        m->offset += taken;
        bytes = str_sub(bytes, taken, bytes.n);
    }
    return m->err;
}

enum err multipart_finish(struct multipart *m)
{
    if (m->err != OK || m->phase == IN_EPILOGUE)
        return m->err;
    give(m, buf_str(m->phase == IN_HEADERS ? &m->headers : &m->held));
    end_part(m);
    m->err = ERR_PARSE;
    return m->err;
}

uint64_t multipart_offset(const struct multipart *m)
{
    return m->offset;
}
