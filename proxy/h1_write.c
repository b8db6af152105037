/* HTTP/1 output: see proxy/h1_write.h. */
#include "proxy/h1_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/fields.h"

/* Names go out as browsers and servers commonly write them in HTTP/1: some
 * origins take lower case for a bot's.  Client hints are lower case in
 * browsers too. */
static void write_name(struct buf *out, struct str name)
{
    char *at = buf_reserve(out, name.n);
    bool is_start = !str_starts(name, "sec-ch-");
    bool raises = is_start;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        at[i] = is_start && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        is_start = raises && c == '-';
    }
    buf_commit(out, name.n);
}

static void write_field(struct buf *out, struct str name, struct str value)
{
    if (!field_name_is_valid(name) || !field_value_is_valid(value))
        return;
    write_name(out, name);
    buf_append(out, ": ", 2);
    buf_append_str(out, value);
    buf_append(out, "\r\n", 2);
}

static void write_fields(struct buf *out, const struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (field_ends_at_this_hop(field->name))
            continue;
        write_field(out, field->name, field->value);
    }
}

static void write_framing(
    struct buf *out, enum h1_framing framing, int64_t length)
{
    if (framing == H1_CHUNKED)
        buf_append_str(out, STR("Transfer-Encoding: chunked\r\n"));
    else if (framing != H1_CLOSE && length >= 0)
        buf_printf(out, "Content-Length: %" PRId64 "\r\n", length);
}

static bool can_be_written(const struct head *head)
{
    struct str host;
    uint16_t port = 0;
    if (!method_is_valid(head->method) || path_refusal(head->path) != NULL)
        return false;
    return authority_split(head->authority, 0, &host, &port) == OK;
}

/* Methods whose empty body is worth saying (RFC 9110 §8.6). */
static bool expects_body(struct str method)
{
    return str_is(method, "POST") || str_is(method, "PUT") ||
           str_is(method, "PATCH");
}

/* A request on its way: what the codec writes of its own stands where the
 * client had it, each once. */
struct request_out {
    struct buf *out;
    const struct head *head;
    enum h1_framing framing;
    size_t next; /* of the fields */
    bool has_host, has_connection, has_upgrade, has_framing, has_expect;
};

static void write_line(struct buf *out, struct str name, struct str value)
{
    buf_append_str(out, name);
    buf_append(out, ": ", 2);
    buf_append_str(out, value);
    buf_append(out, "\r\n", 2);
}

static bool is_first(bool *has)
{
    bool was = *has;
    *has = true;
    return !was;
}

static void write_host(struct request_out *r, struct str name)
{
    if (is_first(&r->has_host))
        write_line(r->out, name, r->head->authority);
}

/* Ours to the origin, which stays open: what the client says of its own
 * connection goes no further. */
static void write_connection(struct request_out *r, struct str name)
{
    bool is_upgrade = r->head->protocol.n != 0;
    if ((is_upgrade || r->head->keeps_alive) && is_first(&r->has_connection))
        write_line(
            r->out, name, is_upgrade ? STR("Upgrade") : STR("keep-alive"));
}

static void write_upgrade(struct request_out *r, struct str name)
{
    if (r->head->protocol.n != 0 && is_first(&r->has_upgrade))
        write_line(r->out, name, r->head->protocol);
}

/* name: of the client's line; empty, or of the other framing's: ours. */
static void write_length(struct request_out *r, struct str name)
{
    const struct str length = STR("Content-Length");
    bool is_length = r->framing == H1_LENGTH || r->framing == H1_NO_BODY;
    int64_t bytes = r->framing == H1_LENGTH ? r->head->content_length : -1;
    if (r->framing == H1_NO_BODY && expects_body(r->head->method))
        bytes = 0;
    if (!is_first(&r->has_framing))
        return;
    if (is_length && bytes >= 0) {
        buf_append_str(r->out, str_eq_nocase(name, length) ? name : length);
        buf_printf(r->out, ": %" PRId64 "\r\n", bytes);
    } else {
        write_framing(r->out, r->framing, -1);
    }
}

static void write_expect(struct request_out *r, struct str name)
{
    if (r->framing != H1_NO_BODY && r->head->expects_continue &&
        is_first(&r->has_expect))
        write_line(r->out, name, STR("100-continue"));
}

/* A line of the client's that is the codec's to write. */
static void write_own(struct request_out *r, struct str name)
{
    if (str_is_nocase(name, "host"))
        write_host(r, name);
    else if (str_is_nocase(name, "connection"))
        write_connection(r, name);
    else if (str_is_nocase(name, "upgrade"))
        write_upgrade(r, name);
    else if (str_is_nocase(name, "content-length") ||
             str_is_nocase(name, "transfer-encoding"))
        write_length(r, name);
    else if (str_is_nocase(name, "expect"))
        write_expect(r, name);
}

static bool stays_here(const struct field *field)
{
    return field_ends_at_this_hop(field->name) ||
           str_is(field->name, "proxy-authorization") ||
           !field_name_is_valid(field->name) ||
           !field_value_is_valid(field->value);
}

/* The field that the client wrote under this name; those before it were added
 * since, and stay before it.  False: it is gone. */
static bool find_field(
    const struct request_out *r, struct str name, size_t *at_out)
{
    for (size_t i = r->next; i < r->head->count; i++)
        if (str_eq_nocase(r->head->fields[i].name, name)) {
            *at_out = i;
            return true;
        }
    return false;
}

static void write_added(struct request_out *r, size_t end)
{
    for (; r->next < end; r->next++) {
        const struct field *field = &r->head->fields[r->next];
        if (!stays_here(field))
            write_field(r->out, field->name, field->value);
    }
}

/* In the client's order and spelling, if it wrote HTTP/1. */
static void write_as_written(struct request_out *r)
{
    struct str rest = r->head->style.names, name;
    while (rest.n != 0 && str_split(&rest, '\n', &name)) {
        size_t at = 0;
        write_own(r, name);
        if (!find_field(r, name, &at))
            continue;
        write_added(r, at);
        if (!stays_here(&r->head->fields[at]))
            write_line(r->out, name, r->head->fields[at].value);
        r->next = at + 1;
    }
    write_added(r, r->head->count);
}

bool h1_write_request(
    struct buf *out, const struct head *head, enum h1_framing framing)
{
    struct request_out r = {.out = out, .head = head, .framing = framing};
    if (!can_be_written(head))
        return false;
    buf_append_str(out, head->method);
    buf_append_char(out, ' ');
    buf_append_str(out, head->path);
    buf_append_str(out, STR(" HTTP/1.1\r\n"));
    if (head->style.names.n == 0) {
        write_host(&r, STR("Host"));
        if (head->protocol.n != 0)
            write_connection(&r, STR("Connection"));
        write_upgrade(&r, STR("Upgrade"));
    }
    write_as_written(&r);
    write_host(&r, STR("Host"));
    write_length(&r, STR_NONE);
    write_expect(&r, STR("Expect"));
    buf_append(out, "\r\n", 2);
    return true;
}

void h1_write_response(struct buf *out, const struct head *head,
    enum h1_framing framing, int64_t length, enum h1_persistence persistence)
{
    buf_printf(
        out, "HTTP/1.1 %03d %s\r\n", head->status, status_reason(head->status));
    if (head->status == 101) {
        buf_append_str(out, STR("Connection: Upgrade\r\n"));
        write_field(out, STR("upgrade"), head->protocol);
    }
    write_fields(out, head);
    write_framing(out, framing, length);
    if (persistence == H1_SAY_CLOSE)
        buf_append_str(out, STR("Connection: close\r\n"));
    if (persistence == H1_SAY_KEEP_ALIVE)
        buf_append_str(out, STR("Connection: keep-alive\r\n"));
    buf_append(out, "\r\n", 2);
}

void h1_write_chunk(struct buf *out, struct str data)
{
    if (data.n == 0)
        return;
    char size[24];
    int n = snprintf(size, sizeof size, "%zx\r\n", data.n);
    buf_reserve(out, (size_t)n + data.n + 2);
    buf_append(out, size, (size_t)n);
    buf_append_str(out, data);
    buf_append(out, "\r\n", 2);
}

void h1_write_last_chunk(struct buf *out, const struct head *trailers)
{
    buf_append(out, "0\r\n", 3);
    for (size_t i = 0; trailers != NULL && i < trailers->count; i++) {
        const struct field *field = &trailers->fields[i];
        if (!field_is_forbidden_in_trailers(field->name) &&
            !field_ends_at_this_hop(field->name))
            write_field(out, field->name, field->value);
    }
    buf_append(out, "\r\n", 2);
}

void h1_write_refusal(struct buf *out, const struct h1_refusal *refusal)
{
    buf_printf(out,
        "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
        refusal->status, status_reason(refusal->status),
        strlen(refusal->reason) + 1, refusal->reason);
}
