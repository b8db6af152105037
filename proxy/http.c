/*
 * Heads, authorities, and the dispatch from proxy/http.h to the codec of the
 * connection's version (h1.c, h2.c).
 */
#include "proxy/http.h"

#include <string.h>

#include "base/mem.h"
#include "proxy/codec.h"

const struct codec_limits codec_limits_default = {
    .request_line_bytes = 32 * 1024,
    .field_bytes = 32 * 1024,
    .head_bytes = 128 * 1024,
    .field_count = 200,
    .streams = 128,
    .window_bytes = 1024 * 1024,
};

/* ---- heads ---- */

struct head *head_new(void)
{
    struct head *head = MEM_NEW(struct head);
    head->content_length = -1;
    return head;
}

void head_free(struct head **head)
{
    if (*head == NULL)
        return;
    arena_wipe(&(*head)->arena); /* cookies, tokens, codes */
    mem_free(*head);
    *head = NULL;
}

struct head *head_copy(const struct head *head)
{
    struct head *copy = head_new();
    struct arena arena = copy->arena;
    *copy = *head;
    copy->arena = arena;
    copy->fields = NULL;
    copy->count = copy->cap = 0;
    struct str *const strs[] = {&copy->method, &copy->scheme, &copy->authority,
        &copy->path, &copy->protocol, &copy->style.length_before,
        &copy->style.names};
    for (size_t i = 0; i < ARRAY_LEN(strs); i++)
        if (strs[i]->p != NULL)
            *strs[i] = arena_copy(&copy->arena, *strs[i]);
    for (size_t i = 0; i < head->count; i++)
        head_add(copy, head->fields[i].name, head->fields[i].value);
    return copy;
}

static struct field *next_field(struct head *head)
{
    if (head->count == head->cap) {
        size_t cap = head->cap != 0 ? head->cap * 2 : 16;
        struct field *fields = arena_alloc(&head->arena, cap * sizeof *fields);
        if (head->count != 0)
            memcpy(fields, head->fields, head->count * sizeof *fields);
        head->fields = fields;
        head->cap = cap;
    }
    return &head->fields[head->count++];
}

void head_add(struct head *head, struct str name, struct str value)
{
    struct field *field = next_field(head);
    field->name = arena_copy(&head->arena, name);
    field->value = arena_copy(&head->arena, value);
}

struct str head_get(const struct head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (str_is(head->fields[i].name, name))
            return head->fields[i].value;
    return STR_NONE;
}

bool head_get_single(
    const struct head *head, const char *name, struct str *value_out)
{
    size_t lines = 0;
    for (size_t i = 0; i < head->count; i++) {
        if (!str_is(head->fields[i].name, name))
            continue;
        *value_out = head->fields[i].value;
        lines++;
    }
    return lines == 1;
}

void head_remove(struct head *head, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < head->count; i++)
        if (!str_is(head->fields[i].name, name))
            head->fields[kept++] = head->fields[i];
    head->count = kept;
}

void head_set(struct head *head, const char *name, struct str value)
{
    struct str copy = arena_copy(&head->arena, value);
    struct field *first = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < head->count; i++) {
        bool is_same = str_is(head->fields[i].name, name);
        if (is_same && first != NULL)
            continue;
        head->fields[kept] = head->fields[i];
        if (is_same)
            first = &head->fields[kept];
        kept++;
    }
    head->count = kept;
    if (first == NULL) {
        first = next_field(head);
        first->name = arena_copy(&head->arena, str_of(name));
    }
    first->value = copy;
}

bool head_lists(const struct head *head, const char *name, const char *token)
{
    for (size_t i = 0; i < head->count; i++) {
        if (!str_is(head->fields[i].name, name))
            continue;
        struct str rest = head->fields[i].value, part;
        while (str_split(&rest, ',', &part))
            if (str_is_nocase(str_trim(part), token))
                return true;
    }
    return false;
}

/* ---- authority ---- */

static bool is_host_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

static bool is_v6_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

static bool all_bytes(struct str s, bool (*is_fine)(unsigned char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_fine((unsigned char)s.p[i]))
            return false;
    return s.n != 0 && s.n <= 255;
}

static enum err parse_port(struct str text, uint16_t *port_out)
{
    uint64_t port = 0;
    if (text.n > 5 || str_to_u64(text, &port) != OK)
        return ERR_PARSE;
    if (text.p[0] == '0' || port > 65535) /* 0443 is not read by all alike */
        return ERR_PARSE;
    *port_out = (uint16_t)port;
    return OK;
}

enum err authority_split(struct str authority, uint16_t otherwise,
    struct str *host_out, uint16_t *port_out)
{
    bool is_v6 = authority.n != 0 && authority.p[0] == '[';
    size_t close = is_v6 ? str_find_char(authority, ']') : 0;
    if (is_v6 && close == authority.n)
        return ERR_PARSE;
    struct str host = is_v6 ? str_sub(authority, 1, close) : authority;
    struct str rest =
        is_v6 ? str_sub(authority, close + 1, authority.n) : STR_NONE;
    if (!is_v6) {
        size_t colon = str_find_char(authority, ':');
        host = str_sub(authority, 0, colon);
        rest = str_sub(authority, colon, authority.n);
    }
    if (!all_bytes(host, is_v6 ? is_v6_byte : is_host_byte))
        return ERR_PARSE;
    *port_out = otherwise;
    if (rest.n != 0) {
        if (rest.p[0] != ':')
            return ERR_PARSE;
        enum err err = parse_port(str_sub(rest, 1, rest.n), port_out);
        if (err != OK)
            return err;
    }
    *host_out = host;
    return OK;
}

/* ---- dispatch ---- */

struct codec *codec_new(enum http_version version, enum codec_side side,
    const struct codec_limits *limits, const struct codec_events *events,
    void *owner)
{
    struct codec *codec = version == HTTP_2 ? h2_new(side, limits) : h1_new();
    codec->version = version;
    codec->side = side;
    codec->limits = *limits;
    codec->events = events;
    codec->owner = owner;
    return codec;
}

void codec_tell_refused(struct codec *codec, const char *reason, int status)
{
    codec->refusal = reason;
    if (codec->side == FACING_CLIENT && codec->events->on_refused != NULL)
        codec->events->on_refused(codec->owner, reason, status);
}

void codec_free(struct codec **codec)
{
    if (*codec == NULL)
        return;
    (*codec)->table->free(*codec);
    *codec = NULL;
}

enum err codec_feed(struct codec *codec, struct str bytes)
{
    return codec->table->feed(codec, bytes);
}

void codec_feed_eof(struct codec *codec)
{
    codec->table->feed_eof(codec, false);
}

void codec_feed_cut(struct codec *codec)
{
    codec->table->feed_eof(codec, true);
}

void codec_take_output(struct codec *codec, struct buf *out, size_t max)
{
    codec->table->take_output(codec, out, max);
}

bool codec_has_output(const struct codec *codec)
{
    return codec->table->has_output(codec);
}

bool codec_wants_input(const struct codec *codec)
{
    return codec->table->wants_input(codec);
}

bool codec_wants_close(const struct codec *codec)
{
    return codec->table->wants_close(codec);
}

bool codec_was_cut(const struct codec *codec)
{
    return codec->was_cut;
}

bool codec_has_input(const struct codec *codec)
{
    return codec->table->has_input(codec);
}

const char *codec_refusal(const struct codec *codec)
{
    return codec->refusal;
}

bool codec_is_idle(const struct codec *codec)
{
    return codec->table->is_idle(codec);
}

enum http_version codec_version(const struct codec *codec)
{
    return codec->version;
}

bool codec_takes_websockets(const struct codec *codec)
{
    return codec->table->takes_websockets(codec);
}

void codec_offer_websockets(struct codec *codec)
{
    codec->table->offer_websockets(codec);
}

void codec_introduce(struct codec *codec, const struct codec *like)
{
    codec->table->introduce(codec, like);
}

void codec_drain(struct codec *codec)
{
    codec->table->drain(codec);
}

bool codec_can_open(const struct codec *codec)
{
    return codec->side == FACING_ORIGIN && codec->table->can_open(codec);
}

bool codec_is_leaving(const struct codec *codec)
{
    return codec->table->is_leaving(codec);
}

struct stream *codec_open(
    struct codec *codec, const struct head *request, bool has_body, void *user)
{
    return codec->table->open(codec, request, has_body, user);
}

void codec_take_over(struct codec *codec, struct buf *rest_out)
{
    codec->table->take_over(codec, rest_out);
}

void stream_release(struct stream *stream)
{
    stream->codec->table->release(stream);
}

void *stream_user(const struct stream *stream)
{
    return stream->user;
}

void stream_set_user(struct stream *stream, void *user)
{
    stream->user = user;
}

uint32_t stream_number(const struct stream *stream)
{
    return stream->number;
}

void stream_send_head(
    struct stream *stream, const struct head *head, bool has_body)
{
    stream->codec->table->send_head(stream, head, has_body);
}

void stream_send_data(struct stream *stream, struct str data)
{
    stream->codec->table->send_data(stream, data);
}

void stream_send_end(struct stream *stream, const struct head *trailers)
{
    stream->codec->table->send_end(stream, trailers);
}

void stream_reset(struct stream *stream, enum stream_error error)
{
    stream->codec->table->reset(stream, error);
}

size_t stream_queued(const struct stream *stream)
{
    return stream->codec->table->queued(stream);
}

void stream_consumed(struct stream *stream, size_t n)
{
    stream->codec->table->consumed(stream, n);
}

void stream_make_opaque(struct stream *stream)
{
    stream->codec->table->make_opaque(stream);
}
