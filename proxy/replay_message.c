/*
 * A request or an answer of a HAR entry on its way to the exchange: its
 * fields, its address and its body, with what exporters change put right.
 * Called by proxy/replay.c.
 */
#include "proxy/replay_message.h"

#include <string.h>

#include "base/base64.h"
#include "inspect/decode.h"

int64_t replay_number(const struct json_node *node, int64_t otherwise)
{
    double value;
    if (json_double(node, &value) != OK || value != value || value < -1e15 ||
        value > 1e15)
        return otherwise;
    return (int64_t)value;
}

struct replay_fields replay_fields(
    struct arena *arena, const struct json_node *message)
{
    const struct json_node *list = json_get(message, "headers");
    struct replay_fields f = {0};
    size_t most = list != NULL ? list->count : 0;
    f.items = arena_alloc(arena, (most + 1) * sizeof *f.items);
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next) {
        struct str name = json_get_text(c, "name");
        if (name.n == 0 || name.p[0] == ':')
            continue;
        f.items[f.count++] =
            (struct field){arena_lower(arena, name), json_get_text(c, "value")};
    }
    return f;
}

static struct field *find_field(const struct replay_fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (str_is(f->items[i].name, name))
            return &f->items[i];
    return NULL;
}

/* Exports keep the header of an encoding that they have undone. */
static void drop_undone_encoding(struct replay_fields *f, struct str body)
{
    struct field *field = find_field(f, "content-encoding");
    if (field != NULL && !decode_is_encoded(field->value, body))
        field->value = STR("identity");
}

static struct str body_text(
    const struct json_node *holder, const char *member, struct buf *decoded)
{
    struct str text = json_get_text(holder, member);
    if (!str_is_nocase(json_get_text(holder, "encoding"), "base64"))
        return text;
    struct buf clean = {0}; /* some exporters break lines */
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\n' && text.p[i] != '\r' && text.p[i] != ' ')
            buf_append_char(&clean, text.p[i]);
    bool is_good = base64_decode(buf_str(&clean), decoded) == OK;
    buf_free(&clean);
    if (is_good)
        return buf_str(decoded);
    buf_clear(decoded);
    return text;
}

static void append_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        if (is_plain)
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void append_part(
    struct buf *out, struct str boundary, const struct json_node *param)
{
    struct str file = json_get_text(param, "fileName");
    struct str type = json_get_text(param, "contentType");
    buf_printf(out, "--%.*s\r\nContent-Disposition: form-data; name=\"%.*s\"",
        STR_ARG(boundary), STR_ARG(json_get_text(param, "name")));
    if (file.n != 0)
        buf_printf(out, "; filename=\"%.*s\"", STR_ARG(file));
    if (type.n != 0)
        buf_printf(out, "\r\nContent-Type: %.*s", STR_ARG(type));
    buf_append_str(out, STR("\r\n\r\n"));
    buf_append_str(out, json_get_text(param, "value"));
    buf_append_str(out, STR("\r\n"));
}

/* Captures may give a form only as a list of its fields. */
static struct str body_of_params(
    const struct json_node *post, struct str type, struct buf *out)
{
    const struct json_node *list = json_get(post, "params");
    size_t at = str_find(type, STR("boundary="));
    bool is_multipart = str_starts_nocase(type, "multipart/") && at < type.n;
    struct str boundary = str_sub(type, at + 9, type.n);
    boundary = str_sub(boundary, 0, str_find_char(boundary, ';'));
    if (boundary.n > 2 && boundary.p[0] == '"')
        boundary = str_sub(boundary, 1, boundary.n - 1);
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next) {
        if (is_multipart) {
            append_part(out, boundary, c);
            continue;
        }
        if (out->n != 0)
            buf_append_char(out, '&');
        append_escaped(out, json_get_text(c, "name"));
        buf_append_char(out, '=');
        append_escaped(out, json_get_text(c, "value"));
    }
    if (is_multipart && out->n != 0)
        buf_printf(out, "--%.*s--\r\n", STR_ARG(boundary));
    return buf_str(out);
}

bool replay_split_url(
    struct arena *arena, struct str url, struct exchange_request *r)
{
    size_t at = str_find(url, STR("://"));
    struct str scheme = str_sub(url, 0, at);
    if (at == url.n ||
        (!str_is_nocase(scheme, "https") && !str_is_nocase(scheme, "http") &&
            !str_is_nocase(scheme, "wss") && !str_is_nocase(scheme, "ws")))
        return false;
    url = str_sub(url, at + 3, url.n);
    size_t slash = 0;
    while (slash < url.n && !strchr("/?#", url.p[slash]))
        slash++;
    struct str host = str_sub(url, 0, slash);
    size_t user = str_find_char(host, '@');
    if (user < host.n)
        host = str_sub(host, user + 1, host.n);
    host = str_sub(host, 0, str_find_char(host, ':'));
    if (str_ends(host, "."))
        host.n--;
    r->host = arena_lower(arena, host);
    struct str path = str_sub(url, slash, url.n);
    path = str_sub(path, 0, str_find_char(path, '#'));
    r->path = path;
    if (path.n == 0 || path.p[0] != '/')
        r->path = str_of(arena_printf(arena, "/%.*s", STR_ARG(path)));
    return r->host.n != 0;
}

const char *replay_version(const struct json_node *request)
{
    struct str version = json_get_text(request, "httpVersion");
    if (str_has(version, "3"))
        return "3";
    if (str_has(version, "2"))
        return "2";
    if (str_has(version, "1.0"))
        return "1.0";
    return str_has(version, "1") ? "1.1" : NULL;
}

/* Exports may tell the type beside the fields only. */
static void add_type(struct replay_fields *fields, struct str type)
{
    if (find_field(fields, "content-type") == NULL && type.n != 0)
        fields->items[fields->count++] =
            (struct field){STR("content-type"), type};
}

struct str replay_request_body(struct arena *arena,
    const struct json_node *request, struct replay_fields *fields,
    struct buf *made)
{
    const struct json_node *post = json_get(request, "postData");
    struct str body = body_text(post, "text", made);
    struct str type = json_get_text(post, "mimeType");
    add_type(fields, arena_copy(arena, type));
    if (body.n == 0)
        body = body_of_params(post, type, made);
    drop_undone_encoding(fields, body);
    return body;
}

struct str replay_response_body(const struct json_node *response,
    struct replay_fields *fields, struct buf *made)
{
    const struct json_node *content = json_get(response, "content");
    struct str body = body_text(content, "text", made);
    add_type(fields, json_get_text(content, "mimeType"));
    drop_undone_encoding(fields, body);
    return body;
}
