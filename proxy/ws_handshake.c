/*
 * The two heads of a WebSocket's handshake: see proxy/ws_handshake.h.  The
 * lists of extensions are read whole and written anew, never copied.
 */
#include "proxy/ws_handshake.h"

#include "base/base64.h"
#include "base/digest.h"
#include "proxy/fields.h"

enum { KEY_BYTES = 16, BITS_UNSET = 0, BITS_ANY = 1, BITS_MIN = 8 };

/* One permessage-deflate, offered or agreed. */
struct deflate {
    bool client_resets, server_resets;
    unsigned client_bits, server_bits; /* BITS_UNSET, BITS_ANY: no value */
};

/* ---- extensions ---- */

/* A value may stand in quotes (RFC 6455 §9.1); ours are numbers. */
static bool read_bits(struct str text, bool has_value, unsigned *bits_out)
{
    uint64_t bits = 0;
    if (*bits_out != BITS_UNSET)
        return false;
    *bits_out = BITS_ANY;
    if (!has_value)
        return true;
    if (text.n > 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        text = str_sub(text, 1, text.n - 1);
    if (text.n == 0 || text.p[0] == '0' || str_to_u64(text, &bits) != OK ||
        bits < BITS_MIN || bits > 15)
        return false;
    *bits_out = (unsigned)bits;
    return true;
}

static bool read_flag(bool has_value, bool *flag_out)
{
    bool is_first = !*flag_out;
    *flag_out = true;
    return is_first && !has_value;
}

static bool read_parameter(struct str text, struct deflate *d)
{
    size_t equals = str_find_char(text, '=');
    bool has_value = equals < text.n;
    struct str name = str_trim(str_sub(text, 0, equals));
    struct str value = str_trim(str_sub(text, equals + 1, text.n));
    if (str_is_nocase(name, "client_no_context_takeover"))
        return read_flag(has_value, &d->client_resets);
    if (str_is_nocase(name, "server_no_context_takeover"))
        return read_flag(has_value, &d->server_resets);
    if (str_is_nocase(name, "client_max_window_bits"))
        return read_bits(value, has_value, &d->client_bits);
    if (str_is_nocase(name, "server_max_window_bits"))
        return read_bits(value, has_value, &d->server_bits) && has_value;
    return false;
}

/* One element of the list; false: another extension, or a wrong one. */
static bool read_deflate(struct str text, struct deflate *d)
{
    struct str part;
    *d = (struct deflate){0};
    if (!str_split(&text, ';', &part) ||
        !str_is_nocase(str_trim(part), "permessage-deflate"))
        return false;
    while (str_split(&text, ';', &part))
        if (!read_parameter(str_trim(part), d))
            return false;
    return true;
}

static void write_deflate(struct buf *out, const struct deflate *d)
{
    buf_printf(out, "%spermessage-deflate", out->n != 0 ? ", " : "");
    if (d->client_resets)
        buf_append_str(out, STR("; client_no_context_takeover"));
    if (d->server_resets)
        buf_append_str(out, STR("; server_no_context_takeover"));
    if (d->client_bits == BITS_ANY)
        buf_append_str(out, STR("; client_max_window_bits"));
    else if (d->client_bits != BITS_UNSET)
        buf_printf(out, "; client_max_window_bits=%u", d->client_bits);
    if (d->server_bits != BITS_UNSET)
        buf_printf(out, "; server_max_window_bits=%u", d->server_bits);
}

static void rewrite_offer(struct head *request)
{
    struct buf kept = {0};
    struct deflate d;
    for (size_t i = 0; i < request->count; i++) {
        struct str rest = request->fields[i].value, part;
        if (!str_is(request->fields[i].name, "sec-websocket-extensions"))
            continue;
        while (str_split(&rest, ',', &part))
            if (read_deflate(str_trim(part), &d))
                write_deflate(&kept, &d);
    }
    head_remove(request, "sec-websocket-extensions");
    if (kept.n != 0)
        head_add(request, STR("sec-websocket-extensions"), buf_str(&kept));
    buf_free(&kept);
}

/* What was agreed: nothing, or one permessage-deflate that was offered. */
static bool read_agreed(const struct head *request, const struct head *response,
    struct ws_agreed *agreed)
{
    struct str value, part;
    struct deflate d;
    struct str offer = head_get(request, "sec-websocket-extensions");
    bool is_there = head_get(response, "sec-websocket-extensions").p != NULL;
    if (!is_there)
        return true;
    if (!head_get_single(response, "sec-websocket-extensions", &value))
        return false;
    if (str_trim(value).n == 0)
        return true;
    if (!str_split(&value, ',', &part) || value.n != 0 || offer.n == 0)
        return false;
    if (!read_deflate(str_trim(part), &d) || d.client_bits == BITS_ANY)
        return false;
    *agreed = (struct ws_agreed){.has_deflate = true,
        .client_resets = d.client_resets,
        .server_resets = d.server_resets};
    return true;
}

/* ---- heads ---- */

/* One of those that the client named, or none (RFC 6455 §4.1): what was not
 * asked for would be read by another rule at each end. */
static bool is_asked_protocol(
    const struct head *request, const struct head *response)
{
    struct str chosen, offer, part;
    if (head_get(response, "sec-websocket-protocol").p == NULL)
        return true;
    if (!head_get_single(response, "sec-websocket-protocol", &chosen))
        return false;
    for (size_t i = 0; i < request->count; i++) {
        if (!str_is(request->fields[i].name, "sec-websocket-protocol"))
            continue;
        offer = request->fields[i].value;
        while (str_split(&offer, ',', &part))
            if (str_eq(str_trim(part), str_trim(chosen)))
                return true;
    }
    return false;
}

bool ws_is_upgrade(const struct head *request)
{
    return str_is_nocase(request->protocol, "websocket");
}

/* RFC 6455 §4.2.2: the answer to the key. */
static bool is_accepted(const struct head *request, const struct head *response)
{
    struct buf text = {0};
    uint8_t sum[DIGEST_SHA1_BYTES];
    struct str key, accept;
    if (!head_get_single(request, "sec-websocket-key", &key) ||
        !head_get_single(response, "sec-websocket-accept", &accept))
        return false;
    buf_append_str(&text, key);
    buf_append_str(&text, STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    digest_sha1(buf_str(&text), sum);
    buf_clear(&text);
    base64_encode(str_make((const char *)sum, sizeof sum), &text);
    bool is_right = str_eq(buf_str(&text), accept);
    buf_free(&text);
    return is_right;
}

static bool has_key(const struct head *request)
{
    struct buf bytes = {0};
    struct str key;
    bool is_key = head_get_single(request, "sec-websocket-key", &key) &&
                  base64_decode(key, &bytes) == OK && bytes.n == KEY_BYTES;
    buf_free(&bytes);
    return is_key;
}

const char *ws_prepare_request(struct head *request)
{
    struct str version;
    bool is_h2 = request->version == HTTP_2;
    if (!ws_is_upgrade(request))
        return "ws-protocol";
    if (!str_is(request->method, is_h2 ? "CONNECT" : "GET"))
        return "ws-method";
    if (request->has_body != is_h2) /* HTTP/2: the stream is the socket */
        return "ws-body";
    if (!head_get_single(request, "sec-websocket-version", &version) ||
        !str_is(version, "13"))
        return "ws-version";
    if (!is_h2 && !has_key(request))
        return "ws-key";
    rewrite_offer(request);
    return NULL;
}

const char *ws_check_response(const struct head *request,
    const struct head *response, struct ws_agreed *agreed_out)
{
    bool is_h2 = request->version == HTTP_2;
    *agreed_out = (struct ws_agreed){0};
    if (is_h2 && !response->has_body)
        return "ws-ended";
    if (!is_h2 && !is_accepted(request, response))
        return "ws-accept";
    if (!read_agreed(request, response, agreed_out))
        return "ws-extension";
    if (!is_asked_protocol(request, response))
        return "ws-subprotocol";
    return NULL;
}
