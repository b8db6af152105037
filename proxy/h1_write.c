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

static void write_fields(
    struct buf *out, const struct head *head, bool is_request)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (field_ends_at_this_hop(field->name))
            continue;
        if (is_request && str_is(field->name, "proxy-authorization"))
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

bool h1_write_request(
    struct buf *out, const struct head *head, enum h1_framing framing)
{
    if (!can_be_written(head))
        return false;
    buf_append_str(out, head->method);
    buf_append_char(out, ' ');
    buf_append_str(out, head->path);
    buf_append_str(out, STR(" HTTP/1.1\r\nHost: "));
    buf_append_str(out, head->authority);
    buf_append(out, "\r\n", 2);
    if (head->protocol.n != 0) {
        buf_append_str(out, STR("Connection: Upgrade\r\n"));
        write_field(out, STR("upgrade"), head->protocol);
    }
    write_fields(out, head, true);
    int64_t length = framing == H1_LENGTH ? head->content_length : -1;
    if (framing == H1_NO_BODY && expects_body(head->method))
        length = 0;
    write_framing(out, framing, length);
    if (framing != H1_NO_BODY && head->expects_continue)
        buf_append_str(out, STR("Expect: 100-continue\r\n"));
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
    write_fields(out, head, false);
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
