/* proxy/ws.h and proxy/ws_handshake.h: the same events at any cut; what is
 * kept of the wire is the wire; our own frames are always read back. */
#include "proxy/ws.h"
#include "base/mem.h"
#include "proxy/ws_handshake.h"
#include "proxy/ws_inflate.h"

#include "tests/fuzz/same.h"

enum { LIMIT = 2048 }; /* small, so that it is reached */

static unsigned options; /* the input's first byte */

static void note(struct buf *out, enum ws_found found, struct ws_event *e)
{
    if (found == WS_MORE)
        return;
    buf_printf(out, "%d %d %u %s:", (int)found, (int)e->opcode, e->status,
        e->reason != NULL ? e->reason : "");
    buf_append_str(out, e->payload);
    buf_append_char(out, '|');
    buf_append_str(out, e->wire);
}

/* The kept frames, read again by themselves, are one message or control. */
static void check_wire(const struct ws_rules *rules, const struct ws_event *e)
{
    struct ws_rules plain = *rules;
    struct ws_reader *r;
    struct ws_event again;
    struct str rest = e->wire;
    enum ws_found found;
    plain.resets_context = true;
    r = ws_reader_new(&plain);
    do
        found = ws_reader_next(r, &rest, &again);
    while (found == WS_FRAGMENT);
    if (found != WS_BROKEN) /* it may need a window of before */
        check(rest.n == 0 && ws_reader_is_between_frames(r), "whole frames");
    ws_reader_free(&r);
}

/* More sockets than may stay awake take a message each: whatever is between
 * two messages goes to sleep, and nobody notices. */
static void use_others(void)
{
    static const struct ws_rules rules = {
        .sender = WS_SERVER, .may_deflate = true, .message_max = LIMIT};
    struct ws_reader *others[WS_INFLATE_AWAKE_MAX + 2];
    struct ws_event e;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct str wire = STR("\xc1\x03\x4a\x04\x00"); /* "a", deflated */
        others[i] = ws_reader_new(&rules);
        check(ws_reader_next(others[i], &wire, &e) == WS_MESSAGE &&
                  str_is(e.payload, "a"),
            "another socket's message");
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        ws_reader_free(&others[i]);
}

static void read_frames(struct str s, unsigned way, struct buf *out)
{
    struct ws_rules rules = {
        .sender = options & 1 ? WS_CLIENT : WS_SERVER,
        .may_deflate = options & 2,
        .resets_context = options & 4,
        .keeps_wire = options & 8,
        .message_max = LIMIT,
    };
    struct ws_reader *r = ws_reader_new(&rules);
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    struct ws_event e;
    enum ws_found found = WS_MORE;
    while (found != WS_BROKEN && cuts_next(&cuts, &piece)) {
        do {
            found = ws_reader_next(r, &piece, &e);
            note(out, found, &e);
            check(ws_reader_kept(r) <= 2 * LIMIT + WS_OVERHEAD_MAX + 65536,
                "bounded");
            if (way == CUTS_WHOLE && e.wire.n != 0)
                check_wire(&rules, &e);
            if ((options & 32) != 0 && way != CUTS_WHOLE)
                use_others();
        } while (found != WS_MORE && found != WS_BROKEN);
    }
    cuts_end(&cuts);
    ws_reader_free(&r);
}

static void check_writing(struct str s)
{
    struct ws_rules rules = {
        .sender = options & 1 ? WS_CLIENT : WS_SERVER, .message_max = 1 << 20};
    struct buf out = {0};
    struct ws_event e;
    struct ws_reader *r = ws_reader_new(&rules);
    ws_write_frame(&out, rules.sender, WS_BINARY, s);
    struct str wire = buf_str(&out);
    check(ws_reader_next(r, &wire, &e) == WS_MESSAGE, "our own frame");
    check(str_eq(e.payload, s) && wire.n == 0, "our own payload");
    ws_reader_free(&r);
    buf_free(&out);
}

static void add_field(struct head *head, const char *name, struct str value)
{
    if (value.n != 0)
        head_add(head, str_of(name), value);
}

/* The chosen one is a whole one of those offered. */
static void check_protocol(
    const struct head *request, const struct head *response)
{
    struct str chosen = head_get(response, "sec-websocket-protocol");
    struct str offer = head_get(request, "sec-websocket-protocol");
    check(chosen.n == 0 || offer.n >= str_trim(chosen).n, "one was offered");
    check(str_find(offer, str_trim(chosen)) + str_trim(chosen).n <= offer.n,
        "what is spoken was offered");
}

/* The input's lines as the fields of the two heads. */
static void check_handshake(struct str s)
{
    struct head *request = head_new(), *response = head_new();
    struct str line;
    struct ws_agreed agreed;
    request->version = options & 4 ? HTTP_2 : HTTP_1_1;
    request->protocol = STR("websocket");
    request->method = options & 4 ? STR("CONNECT") : STR("GET");
    request->has_body = options & 4;
    response->has_body = true;
    head_add(request, STR("sec-websocket-version"), STR("13"));
    if (str_split(&s, '\n', &line))
        add_field(request, "sec-websocket-key", line);
    if (str_split(&s, '\n', &line))
        add_field(response, "sec-websocket-accept", line);
    if (str_split(&s, '\n', &line))
        add_field(request, "sec-websocket-extensions", line);
    if (options & 32) { /* what is spoken within it; the version; the rest */
        if (str_split(&s, '\n', &line))
            add_field(request, "sec-websocket-protocol", line);
        if (str_split(&s, '\n', &line))
            add_field(response, "sec-websocket-protocol", line);
        if (str_split(&s, '\n', &line))
            add_field(request, "sec-websocket-version", line);
        response->has_body = (options & 64) == 0;
        request->has_body ^= (options & 128) != 0;
    }
    while (str_split(&s, '\n', &line))
        add_field(response, "sec-websocket-extensions", line);
    if (ws_prepare_request(request) == NULL) {
        struct str offer = head_get(request, "sec-websocket-extensions");
        check(offer.n == 0 || str_starts(offer, "permessage-deflate"),
            "only what we read is offered");
        const char *reason = ws_check_response(request, response, &agreed);
        if (reason == NULL && agreed.has_deflate)
            check(offer.n != 0, "agreed as offered");
        if (reason == NULL)
            check_protocol(request, response);
    }
    head_free(&request);
    head_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str s = str_make((const char *)data + 1, n - 1);
    options = data[0];
    if (options & 16) {
        check_handshake(s);
        return 0;
    }
    check_cuts(s, read_frames);
    check_writing(s);
    return 0;
}
