/* HTTP/2 field sections: see proxy/h2_head.h.  Called by h2.c only. */
#include "proxy/h2_head.h"

#include "proxy/fields.h"

static bool refuse(struct h2_reader *r, const char *reason, int status)
{
    if (r->reason == NULL) {
        r->reason = reason;
        r->status = status;
    }
    return false;
}

void h2_reader_begin(struct h2_reader *r)
{
    h2_reader_end(r);
    r->head = head_new();
    r->head->version = HTTP_2;
    r->head->keeps_alive = true;
}

void h2_reader_set_priority(struct h2_reader *r, int weight, bool is_exclusive)
{
    struct head_style *style = &r->head->style;
    style->has_priority = true;
    style->weight = weight;
    style->is_exclusive = is_exclusive;
}

void h2_reader_end(struct h2_reader *r)
{
    head_free(&r->head);
    *r = (struct h2_reader){0};
}

struct head *h2_reader_take(struct h2_reader *r)
{
    struct head *head = r->head;
    r->head = NULL;
    h2_reader_end(r);
    return head;
}

static bool is_within_limits(struct h2_reader *r, struct str name,
    struct str value, const struct codec_limits *limits)
{
    r->bytes += name.n + value.n;
    if (str_is(name, ":path") && value.n > limits->request_line_bytes)
        return refuse(r, "request-line-too-long", 414);
    if (name.n + value.n > limits->field_bytes)
        return refuse(r, "field-too-long", 431);
    if (r->bytes > limits->head_bytes)
        return refuse(r, "head-too-long", 431);
    if (name.p[0] != ':' && !str_is(name, "cookie") &&
        ++r->fields > limits->field_count)
        return refuse(r, "too-many-fields", 431);
    return true;
}

static const char *const pseudo_names[PSEUDO_COUNT] = {
    [PSEUDO_METHOD] = ":method",
    [PSEUDO_SCHEME] = ":scheme",
    [PSEUDO_AUTHORITY] = ":authority",
    [PSEUDO_PATH] = ":path",
    [PSEUDO_PROTOCOL] = ":protocol",
};

static void note_order(struct head_style *style, enum pseudo which)
{
    for (size_t i = 0; i + 1 < PSEUDO_COUNT; i++) {
        if (style->pseudo[i] != PSEUDO_NONE)
            continue;
        style->pseudo[i] = (uint8_t)which;
        return;
    }
}

static void add_pseudo(struct h2_reader *r, struct str name, struct str value)
{
    struct head *head = r->head;
    struct str *const to[PSEUDO_COUNT] = {[PSEUDO_METHOD] = &head->method,
        [PSEUDO_SCHEME] = &head->scheme,
        [PSEUDO_AUTHORITY] = &head->authority,
        [PSEUDO_PATH] = &head->path,
        [PSEUDO_PROTOCOL] = &head->protocol};
    for (size_t i = PSEUDO_NONE + 1; i < PSEUDO_COUNT; i++) {
        if (!str_is(name, pseudo_names[i]))
            continue;
        *to[i] = arena_copy(&head->arena, value);
        note_order(&head->style, (enum pseudo)i);
        return;
    }
    if (str_is(name, ":status") && value.n == 3)
        head->status = (value.p[0] - '0') * 100 + (value.p[1] - '0') * 10 +
                       (value.p[2] - '0');
}

static void add_special(struct h2_reader *r, struct str name, struct str value)
{
    if (str_is(name, "host")) {
        r->host = arena_copy(&r->head->arena, value);
        r->host_lines++;
    } else if (str_is(name, "expect")) {
        r->expect_lines++;
        r->expects_other |= !str_is_nocase(value, "100-continue");
    } else if (str_is(name, "content-length")) {
        if (r->head->content_length >= 0)
            refuse(r, "cl-twice", 0);
        else if (!length_is_valid(value, &r->head->content_length))
            refuse(r, "cl-bad", 0);
        r->has_length = true;
    }
}

/* A field that goes on: content-length, which does not, may have stood before
 * it, and a cookie's line may be one of several. */
static void note_style(struct h2_reader *r, struct str name)
{
    struct head_style *style = &r->head->style;
    if (r->has_length)
        style->length_before = arena_copy(&r->head->arena, name);
    r->has_length = false;
    if (str_is(name, "cookie"))
        style->has_crumbs |= r->cookie_lines++ > 0;
}

void h2_reader_add(struct h2_reader *r, struct str name, struct str value,
    const struct codec_limits *limits)
{
    if (r->head == NULL || name.n == 0)
        return;
    if (!is_within_limits(r, name, value, limits))
        return;
    if (name.p[0] == ':') {
        add_pseudo(r, name, value);
        return;
    }
    if (!field_name_is_valid(name) || !field_value_is_valid(value)) {
        refuse(r, "bad-field", 0);
        return;
    }
    add_special(r, name, value);
    r->imitates_framing |= field_name_imitates_framing(name);
    if (field_ends_at_this_hop(name))
        return;
    note_style(r, name);
    head_add(r->head, name, value);
}

/* ---- requests ---- */

static bool read_authority(struct h2_reader *r)
{
    struct head *head = r->head;
    struct str host;
    uint16_t port = 0;
    if (r->host_lines > 1)
        return refuse(r, "host-twice", 0);
    if (head->authority.n == 0)
        head->authority = r->host;
    if (head->authority.n == 0)
        return refuse(r, "host-missing", 0);
    if (str_find_char(head->authority, '@') != head->authority.n)
        return refuse(r, "target-userinfo", 0);
    if (authority_split(head->authority, 0, &host, &port) != OK)
        return refuse(r, "host-bad", 0);
    if (r->host_lines == 1 &&
        !authorities_agree(head->authority, r->host, scheme_port(head->scheme)))
        return refuse(r, "host-mismatch", 0);
    return true;
}

static bool read_path(struct h2_reader *r)
{
    struct head *head = r->head;
    bool is_connect = str_is(head->method, "CONNECT");
    if (!method_is_valid(head->method))
        return refuse(r, "bad-method", 0);
    if (is_connect && head->protocol.n == 0)
        return true;
    /* HTTP/2 is spoken within TLS only: "http" names another resource. */
    if (!str_is(head->scheme, "https"))
        return refuse(r, "bad-scheme", 0);
    if (str_is(head->path, "*") && !str_is(head->method, "OPTIONS"))
        return refuse(r, "bad-target", 0);
    const char *reason = path_refusal(head->path);
    return reason == NULL || refuse(r, reason, 0);
}

bool h2_reader_finish_request(struct h2_reader *r, bool has_body)
{
    struct head *head = r->head;
    if (r->reason != NULL)
        return false;
    if (!read_authority(r) || !read_path(r))
        return false;
    if (r->imitates_framing)
        return refuse(r, "framing-imitated", 0);
    if (r->expect_lines > 1 || r->expects_other)
        return refuse(r, "expectation", 417);
    head->has_body = has_body;
    head->expects_continue = r->expect_lines == 1 && has_body;
    head_join(head, "cookie", "; ");
    return true;
}

/* ---- responses, trailers ---- */

bool h2_reader_finish_response(struct h2_reader *r, bool has_body)
{
    struct head *head = r->head;
    if (r->reason != NULL)
        return false;
    if (head->status < 100 || head->status > 999 || head->status == 101)
        return refuse(r, "bad-status", 0);
    head->has_body = has_body && head->status >= 200;
    if (head->status < 200)
        head->content_length = -1;
    head_remove(head, "proxy-authenticate");
    head_remove(head, "proxy-authentication-info");
    return true;
}

bool h2_reader_finish_trailers(struct h2_reader *r)
{
    if (r->reason != NULL)
        return false;
    if (r->host_lines != 0 || r->head->content_length >= 0)
        return refuse(r, "trailer-forbidden", 0);
    for (size_t i = 0; i < r->head->count; i++)
        if (field_is_forbidden_in_trailers(r->head->fields[i].name))
            return refuse(r, "trailer-forbidden", 0);
    return true;
}

bool h2_can_send_field(
    const struct field *field, bool is_request, bool is_trailer)
{
    if (field_ends_at_this_hop(field->name))
        return false;
    if (is_request && str_is(field->name, "proxy-authorization"))
        return false;
    if (is_trailer && field_is_forbidden_in_trailers(field->name))
        return false;
    return field_name_is_valid(field->name) &&
           field_value_is_valid(field->value);
}
