/*
 * HTTP/1 heads from lines: see proxy/h1_head.h.  h1.c gives the bytes and
 * lets llhttp read every accepted block a second time; both must agree.
 *
 * Sources: RFC 9112 §2.2 (line ends), §3 (request line), §4 (status line),
 * §5 (fields, obs-fold), §6 (framing), §7.1 (chunked).
 */
#include "proxy/h1_head.h"

#include <string.h>

#include "proxy/fields.h"

enum {
    EMPTY_LINES_MAX = 4, /* before a request line, RFC 9112 §2.2 */
};

static bool refuse(struct h1_refusal *out, const char *reason, int status)
{
    *out = (struct h1_refusal){reason, status};
    return false;
}

/* ---- lines ---- */

static size_t line_limit(const struct h1_scan *scan, enum h1_block kind,
    const struct codec_limits *limits)
{
    if (kind != H1_TRAILERS && scan->lines == 0)
        return limits->request_line_bytes;
    return limits->field_bytes;
}

/* The limit that the line crosses first, counted from the block's start, so
 * that a cut in the input changes nothing. */
static bool length_is_fine(const struct h1_scan *scan, enum h1_block kind,
    size_t line_bytes, const struct codec_limits *limits,
    struct h1_refusal *out)
{
    size_t limit = line_limit(scan, kind, limits);
    size_t before = scan->line_start - scan->block_start;
    bool line_over = line_bytes > limit + 2;
    bool head_over = before + line_bytes > limits->head_bytes;
    if (line_over && (!head_over || before + limit + 2 <= limits->head_bytes)) {
        bool is_start = kind != H1_TRAILERS && scan->lines == 0;
        return refuse(out,
            is_start ? "request-line-too-long" : "field-too-long",
            is_start ? 414 : 431);
    }
    if (head_over)
        return refuse(out, "head-too-long", 431);
    return true;
}

static bool line_is_fine(struct str line, struct h1_refusal *out)
{
    if (line.n < 2 || line.p[line.n - 2] != '\r')
        return refuse(out, "bare-lf", 400);
    if (line.n > 2 && memchr(line.p, '\r', line.n - 2) != NULL)
        return refuse(out, "bare-cr", 400);
    return true;
}

static enum h1_found take_line(struct h1_scan *scan, enum h1_block kind,
    struct str line, const struct codec_limits *limits,
    struct h1_refusal *refusal_out)
{
    bool is_empty = line.n == 2;
    size_t next = scan->line_start + line.n;
    if (is_empty && kind == H1_REQUEST && scan->lines == 0) {
        if (++scan->empty_lines > EMPTY_LINES_MAX) {
            refuse(refusal_out, "leading-empty-lines", 400);
            return H1_FOUND_REFUSAL;
        }
        scan->line_start = scan->scanned = scan->block_start = next;
        return H1_FOUND_MORE;
    }
    size_t fields = scan->lines - (kind != H1_TRAILERS && scan->lines != 0);
    if (is_empty && (kind == H1_TRAILERS || scan->lines != 0))
        return H1_FOUND_END;
    bool is_field = kind == H1_TRAILERS || scan->lines != 0;
    if (is_field && fields == limits->field_count) {
        refuse(refusal_out, "too-many-fields", 431);
        return H1_FOUND_REFUSAL;
    }
    scan->lines++;
    scan->line_start = scan->scanned = next;
    return H1_FOUND_MORE;
}

enum h1_found h1_scan(struct h1_scan *scan, enum h1_block kind,
    struct str bytes, const struct codec_limits *limits, size_t *end_out,
    struct h1_refusal *refusal_out)
{
    for (;;) {
        const char *lf = NULL;
        if (scan->scanned < bytes.n)
            lf = memchr(bytes.p + scan->scanned, '\n', bytes.n - scan->scanned);
        size_t line_end = lf != NULL ? (size_t)(lf - bytes.p) + 1 : bytes.n;
        struct str line = str_sub(bytes, scan->line_start, line_end);
        if (!length_is_fine(scan, kind, line.n, limits, refusal_out))
            return H1_FOUND_REFUSAL;
        if (lf == NULL) {
            scan->scanned = bytes.n;
            return H1_FOUND_MORE;
        }
        if (!line_is_fine(line, refusal_out))
            return H1_FOUND_REFUSAL;
        enum h1_found found = take_line(scan, kind, line, limits, refusal_out);
        *end_out = line_end;
        if (found != H1_FOUND_MORE)
            return found;
    }
}

/* ---- fields ---- */

/* Fields whose lines decide framing or routing, collected on the way. */
struct specials {
    struct str host, length, coding, upgrade, expect;
    size_t host_lines, length_lines, coding_lines, upgrade_lines, expect_lines;
    bool imitates_framing;
};

static bool split_field(
    struct str line, struct field *field_out, struct h1_refusal *out)
{
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return refuse(out, "obs-fold", 400);
    size_t colon = str_find_char(line, ':');
    if (memchr(line.p, '\0', line.n) != NULL)
        return refuse(out, "nul", 400);
    if (colon == line.n)
        return refuse(out, "no-colon", 400);
    struct str name = str_sub(line, 0, colon);
    if (name.n != 0 &&
        (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t'))
        return refuse(out, "blank-before-colon", 400);
    if (!field_name_is_valid(name))
        return refuse(out, "bad-field-name", 400);
    struct str value = str_sub(line, colon + 1, line.n);
    if (!field_value_is_valid(value))
        return refuse(out, "control-byte", 400);
    *field_out = (struct field){name, str_trim(value)};
    return true;
}

static void note(struct str *value, size_t *lines, const struct field *field)
{
    *value = field->value;
    ++*lines;
}

static void note_special(struct specials *s, const struct field *field)
{
    struct str name = field->name;
    if (name.n == 4 && str_is(name, "host"))
        note(&s->host, &s->host_lines, field);
    else if (name.n == 14 && str_is(name, "content-length"))
        note(&s->length, &s->length_lines, field);
    else if (name.n == 17 && str_is(name, "transfer-encoding"))
        note(&s->coding, &s->coding_lines, field);
    else if (name.n == 7 && str_is(name, "upgrade"))
        note(&s->upgrade, &s->upgrade_lines, field);
    else if (name.n == 6 && str_is(name, "expect"))
        note(&s->expect, &s->expect_lines, field);
    else if (field_name_imitates_framing(name))
        s->imitates_framing = true;
}

/* The block is copied into the head's arena once; fields point into it. */
static struct head *new_head(struct str *block, size_t lines)
{
    struct head *head = head_new();
    *block = arena_copy(&head->arena, *block);
    head->cap = lines + 4;
    head->fields = arena_alloc(&head->arena, head->cap * sizeof *head->fields);
    return head;
}

static struct str next_line(struct str *rest)
{
    struct str line;
    if (!str_split(rest, '\n', &line))
        return STR_NONE;
    return str_sub(line, 0, line.n - 1);
}

/* The names of a block's lines, before they are lowered. */
static struct str copy_names(struct head *head, struct str block)
{
    struct str rest = block, line;
    char *names = arena_alloc(&head->arena, block.n);
    size_t n = 0;
    while ((line = next_line(&rest)).n != 0) {
        size_t end = str_find_char(line, ':');
        memcpy(names + n, line.p, end);
        n += end;
        names[n++] = '\n';
    }
    return str_make(names, n);
}

static bool read_fields(struct head *head, struct str rest,
    struct specials *specials, struct h1_facts *facts, struct h1_refusal *out)
{
    for (;;) {
        struct str line = next_line(&rest);
        if (line.n == 0)
            break;
        struct field *field = &head->fields[head->count];
        if (!split_field(line, field, out))
            return false;
        str_lower((char *)(uintptr_t)field->name.p, field->name.n);
        head->count++;
        note_special(specials, field);
    }
    facts->field_lines = head->count;
    return true;
}

/* ---- framing ---- */

static bool read_framing(struct head *head, const struct specials *s,
    struct h1_facts *facts, struct h1_refusal *out)
{
    if (s->coding_lines != 0 && s->length_lines != 0)
        return refuse(out, "te-and-cl", 400);
    if (s->coding_lines > 1)
        return refuse(out, "te-twice", 400);
    if (s->length_lines > 1)
        return refuse(out, "cl-twice", 400);
    if (s->coding_lines != 0) {
        if (head->version == HTTP_1_0)
            return refuse(out, "te-in-http-1.0", 400);
        if (!str_is_nocase(s->coding, "chunked"))
            return refuse(out, "te-unknown", 400);
        facts->has_chunked = true;
        facts->framing = H1_CHUNKED;
    }
    if (s->length_lines != 0) {
        if (!length_is_valid(s->length, &head->content_length))
            return refuse(out, "cl-bad", 400);
        facts->has_length = true;
        facts->framing = head->content_length != 0 ? H1_LENGTH : H1_NO_BODY;
    }
    return true;
}

static void read_upgrade(
    struct head *head, const struct specials *s, struct h1_facts *facts)
{
    if (s->upgrade_lines != 1 || head->version != HTTP_1_1)
        return;
    if (!head_lists(head, "connection", "upgrade"))
        return;
    if (!str_is_nocase(s->upgrade, "websocket"))
        return;
    head->protocol = STR("websocket");
    facts->wants_upgrade = true;
}

static void read_persistence(struct head *head)
{
    if (head_lists(head, "connection", "close"))
        head->keeps_alive = false;
    else
        head->keeps_alive = head->version == HTTP_1_1 ||
                            head_lists(head, "connection", "keep-alive");
}

static bool read_version(
    struct str text, struct head *head, struct h1_refusal *out)
{
    if (str_is(text, "HTTP/1.1"))
        head->version = HTTP_1_1;
    else if (str_is(text, "HTTP/1.0"))
        head->version = HTTP_1_0;
    else
        return refuse(out, "bad-version",
            str_starts(text, "HTTP/") && text.n == 8 ? 505 : 400);
    return true;
}

/* ---- requests ---- */

static bool read_absolute(
    struct str target, struct head *head, struct h1_refusal *out)
{
    size_t colon = str_find(target, STR("://"));
    head->scheme = str_sub(target, 0, colon);
    if (!str_is_nocase(head->scheme, "http") &&
        !str_is_nocase(head->scheme, "https"))
        return refuse(out, "bad-target", 400);
    str_lower((char *)(uintptr_t)head->scheme.p, head->scheme.n);
    struct str rest = str_sub(target, colon + 3, target.n);
    size_t end = 0;
    while (end < rest.n && memchr("/?#\\", rest.p[end], 4) == NULL)
        end++;
    head->authority = str_sub(rest, 0, end);
    if (end == 0)
        return refuse(out, "bad-target", 400);
    if (memchr(head->authority.p, '@', end) != NULL)
        return refuse(out, "target-userinfo", 400);
    head->path = str_sub(rest, end, rest.n);
    if (head->path.n == 0)
        head->path = str_is(head->method, "OPTIONS") ? STR("*") : STR("/");
    else if (head->path.p[0] == '?')
        head->path =
            str_of(arena_printf(&head->arena, "/%.*s", STR_ARG(head->path)));
    head->is_absolute = true;
    return true;
}

static bool read_target(
    struct str target, struct head *head, struct h1_refusal *out)
{
    struct str host;
    uint16_t port = 0;
    if (str_is(head->method, "CONNECT")) {
        head->authority = target;
        if (memchr(target.p, '@', target.n) != NULL)
            return refuse(out, "target-userinfo", 400);
        if (authority_split(target, 0, &host, &port) != OK || port == 0)
            return refuse(out, "bad-target", 400);
        return true;
    }
    if (str_is(target, "*") && !str_is(head->method, "OPTIONS"))
        return refuse(out, "bad-target", 400);
    if (target.p[0] == '/' || str_is(target, "*"))
        head->path = target;
    else if (str_find(target, STR("://")) == target.n)
        return refuse(out, "bad-target", 400);
    else if (!read_absolute(target, head, out))
        return false;
    const char *reason = path_refusal(head->path);
    return reason == NULL || refuse(out, reason, 400);
}

static bool read_request_line(
    struct str line, struct head *head, struct h1_refusal *out)
{
    if (memchr(line.p, '\0', line.n) != NULL)
        return refuse(out, "nul", 400);
    size_t first = str_find_char(line, ' ');
    struct str rest = str_sub(line, first + 1, line.n);
    size_t second = str_find_char(rest, ' ');
    struct str target = str_sub(rest, 0, second);
    head->method = str_sub(line, 0, first);
    if (first == line.n || second == rest.n || target.n == 0)
        return refuse(out, "bad-request-line", 400);
    if (!method_is_valid(head->method))
        return refuse(out, "bad-method", 400);
    if (!field_value_is_valid(line) || memchr(line.p, '\t', line.n) != NULL)
        return refuse(out, "control-byte", 400);
    if (!read_version(str_sub(rest, second + 1, rest.n), head, out))
        return false;
    return read_target(target, head, out);
}

static bool read_host(
    struct head *head, const struct specials *s, struct h1_refusal *out)
{
    struct str host;
    uint16_t port = 0;
    if (s->host_lines > 1)
        return refuse(out, "host-twice", 400);
    if (s->host_lines == 0) {
        if (head->version == HTTP_1_1)
            return refuse(out, "host-missing", 400);
        return true;
    }
    if (authority_split(s->host, 0, &host, &port) != OK)
        return refuse(out, "host-bad", 400);
    if (head->authority.n == 0) {
        head->authority = s->host;
        return true;
    }
    bool is_connect = str_is(head->method, "CONNECT");
    struct str target_host;
    uint16_t target_port = 0;
    if (is_connect &&
        authority_split(head->authority, 0, &target_host, &target_port) == OK &&
        port == 0)
        return str_eq_nocase(host, target_host) ||
               refuse(out, "host-mismatch", 400);
    if (!authorities_agree(head->authority, s->host,
            is_connect ? 0 : scheme_port(head->scheme)))
        return refuse(out, "host-mismatch", 400);
    return true;
}

static bool read_expect(
    struct head *head, const struct specials *s, struct h1_refusal *out)
{
    if (s->expect_lines == 0)
        return true;
    if (s->expect_lines > 1 || !str_is_nocase(s->expect, "100-continue"))
        return refuse(out, "expectation", 417);
    head->expects_continue = head->version == HTTP_1_1 && head->has_body;
    return true;
}

static bool finish_request(struct head *head, const struct specials *s,
    struct h1_facts *facts, struct h1_refusal *out)
{
    struct str host;
    uint16_t port = 0;
    if (!read_framing(head, s, facts, out) || !read_host(head, s, out))
        return false;
    if (s->imitates_framing)
        return refuse(out, "framing-imitated", 400);
    if (head->authority.n != 0 &&
        authority_split(head->authority, 0, &host, &port) != OK)
        return refuse(out, "bad-target", 400);
    head->has_body = facts->framing != H1_NO_BODY;
    if (head->has_body && str_is(head->method, "CONNECT"))
        return refuse(out, "connect-with-body", 400);
    if (!read_expect(head, s, out))
        return false;
    if (str_is(head->method, "GET") && !head->has_body)
        read_upgrade(head, s, facts);
    read_persistence(head);
    if (!head_strip_hop_by_hop(head))
        return refuse(out, "connection-too-long", 431);
    head_join(head, "cookie", "; ");
    return true;
}

bool h1_read_request(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out)
{
    struct specials specials = {0};
    struct head *head = new_head(&block, lines);
    *facts_out = (struct h1_facts){.framing = H1_NO_BODY};
    struct str line = next_line(&block);
    head->style.names = copy_names(head, block);
    if (read_request_line(line, head, refusal_out) &&
        read_fields(head, block, &specials, facts_out, refusal_out) &&
        finish_request(head, &specials, facts_out, refusal_out)) {
        *head_out = head;
        return true;
    }
    head_free(&head);
    return false;
}

/* ---- responses ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_status_line(
    struct str line, struct head *head, struct h1_refusal *out)
{
    if (memchr(line.p, '\0', line.n) != NULL)
        return refuse(out, "nul", 502);
    if (line.n < 12 || line.p[8] != ' ')
        return refuse(out, "bad-status-line", 502);
    if (!read_version(str_sub(line, 0, 8), head, out))
        return false;
    const char *p = line.p + 9;
    if (!is_digit(p[0]) || !is_digit(p[1]) || !is_digit(p[2]) || p[0] == '0')
        return refuse(out, "bad-status-line", 502);
    if (line.n > 12 && line.p[12] != ' ')
        return refuse(out, "bad-status-line", 502);
    if (!field_value_is_valid(line))
        return refuse(out, "control-byte", 502);
    head->status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    return true;
}

static bool finish_response(struct head *head, const struct specials *s,
    struct h1_facts *facts, struct h1_refusal *out)
{
    facts->framing = H1_CLOSE;
    if (!read_framing(head, s, facts, out))
        return false;
    bool is_interim = head->status < 200;
    if (facts->has_chunked && (is_interim || head->status == 204))
        return refuse(out, "te-without-body", 502);
    if (is_interim || head->status == 204 || head->status == 304)
        facts->framing = H1_NO_BODY;
    if (is_interim || head->status == 204)
        head->content_length = -1;
    if (head->status == 101) {
        read_upgrade(head, s, facts);
        if (!facts->wants_upgrade)
            return refuse(out, "unknown-upgrade", 502);
    }
    read_persistence(head);
    if (!head_strip_hop_by_hop(head))
        return refuse(out, "connection-too-long", 502);
    head_remove(head, "proxy-authenticate");
    head_remove(head, "proxy-authentication-info");
    return true;
}

bool h1_read_response(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out)
{
    struct specials specials = {0};
    struct head *head = new_head(&block, lines);
    *facts_out = (struct h1_facts){.framing = H1_CLOSE};
    struct str line = next_line(&block);
    if (read_status_line(line, head, refusal_out) &&
        read_fields(head, block, &specials, facts_out, refusal_out) &&
        finish_response(head, &specials, facts_out, refusal_out)) {
        *head_out = head;
        return true;
    }
    head_free(&head);
    return false;
}

/* ---- trailers ---- */

bool h1_read_trailers(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out)
{
    struct specials specials = {0};
    *head_out = NULL;
    *facts_out = (struct h1_facts){0};
    if (lines == 0)
        return true;
    struct head *head = new_head(&block, lines);
    if (!read_fields(head, block, &specials, facts_out, refusal_out))
        goto out;
    for (size_t i = 0; i < head->count; i++)
        if (field_is_forbidden_in_trailers(head->fields[i].name)) {
            refuse(refusal_out, "trailer-forbidden", 400);
            goto out;
        }
    if (!head_strip_hop_by_hop(head)) {
        refuse(refusal_out, "connection-too-long", 431);
        goto out;
    }
    *head_out = head;
    return true;
out:
    head_free(&head);
    return false;
}
