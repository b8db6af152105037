/*
 * Reading and writing WebSocket frames: see proxy/ws.h.  Bytes of one sender
 * pass through here frame by frame: the head is gathered and judged, the
 * payload unmasked piece by piece, and at the last fragment's end the message
 * is there.
 */
#include "proxy/ws.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/utf8.h"
#include "proxy/ws_inflate.h"

enum {
    FIN = 0x80,
    RSV1 = 0x40,
    RSV23 = 0x30,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    MASK_BYTES = 4,
    UNMASK_PIECE = 4096,
};

struct ws_reader {
    struct ws_rules rules;
    const char *reason; /* of the violation; NULL: none */
    unsigned status;

    /* the frame under way */
    uint8_t head[WS_HEAD_MAX];
    size_t head_n;
    bool in_payload;
    uint64_t left;
    uint8_t mask[MASK_BYTES];
    size_t mask_at;

    /* the control frame under way */
    struct buf control, control_wire;

    /* the message under way, kept until the call after its end */
    bool in_message, is_done;
    bool is_unread; /* too long: read on, not kept */
    bool is_deflated;
    enum ws_opcode opcode;
    uint64_t wire_payload; /* its bytes, before inflating */
    struct buf payload, wire;
    struct ws_inflate *inflate;
};

struct ws_reader *ws_reader_new(const struct ws_rules *rules)
{
    struct ws_reader *r = MEM_NEW(struct ws_reader);
    r->rules = *rules;
    return r;
}

void ws_reader_free(struct ws_reader **reader)
{
    struct ws_reader *r = *reader;
    if (r == NULL)
        return;
    buf_wipe_free(&r->control);
    buf_wipe_free(&r->control_wire);
    buf_wipe_free(&r->payload);
    buf_wipe_free(&r->wire);
    ws_inflate_free(&r->inflate);
    mem_free(r);
    *reader = NULL;
}

static enum ws_found break_with(
    struct ws_reader *r, const char *reason, unsigned status)
{
    r->reason = reason;
    r->status = status;
    return WS_BROKEN;
}

static enum ws_found violate(struct ws_reader *r, const char *reason)
{
    return break_with(r, reason, WS_STATUS_PROTOCOL);
}

/* ---- heads ---- */

static bool is_control(const struct ws_reader *r)
{
    return (r->head[0] & 0x08) != 0;
}

static size_t length_bytes(const struct ws_reader *r)
{
    unsigned length = r->head[1] & LENGTH;
    return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

static size_t head_bytes(const struct ws_reader *r)
{
    if (r->head_n < 2)
        return 2;
    bool is_masked = (r->head[1] & MASKED) != 0;
    return 2 + length_bytes(r) + (is_masked ? MASK_BYTES : 0);
}

/* What the first two bytes may say; NULL: fine. */
static const char *judge_control(const struct ws_reader *r)
{
    if ((r->head[0] & FIN) == 0)
        return "ws-control-fragmented";
    if ((r->head[1] & LENGTH) > WS_CONTROL_MAX)
        return "ws-control-too-long";
    return (r->head[0] & RSV1) != 0 ? "ws-reserved-bits" : NULL;
}

static const char *judge_data(const struct ws_reader *r)
{
    unsigned opcode = r->head[0] & OPCODE;
    bool goes_on = opcode == WS_CONTINUATION;
    if (goes_on != r->in_message)
        return goes_on ? "ws-continues-nothing" : "ws-message-in-message";
    if ((r->head[0] & RSV1) != 0 && (goes_on || !r->rules.may_deflate))
        return "ws-reserved-bits";
    return NULL;
}

static const char *judge_start(const struct ws_reader *r)
{
    unsigned opcode = r->head[0] & OPCODE;
    bool is_masked = (r->head[1] & MASKED) != 0;
    if ((r->head[0] & RSV23) != 0)
        return "ws-reserved-bits";
    if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE))
        return "ws-opcode";
    if (is_masked != (r->rules.sender == WS_CLIENT))
        return is_masked ? "ws-masked" : "ws-not-masked";
    return is_control(r) ? judge_control(r) : judge_data(r);
}

/* The payload's length; false: not in its shortest form, or above 2^63. */
static bool read_length(struct ws_reader *r)
{
    size_t bytes = length_bytes(r);
    r->left = r->head[1] & LENGTH;
    if (bytes == 0)
        return true;
    r->left = 0;
    for (size_t i = 0; i < bytes; i++)
        r->left = r->left << 8 | r->head[2 + i];
    if (bytes == 2)
        return r->left >= LENGTH_16;
    return r->left > UINT16_MAX && r->left >> 63 == 0;
}

/* Room for the next small message stays; a large one gives its back. */
static void empty(struct buf *b)
{
    if (b->cap > BUF_IDLE_BYTES)
        buf_wipe_free(b);
    else
        buf_clear(b);
}

static void forget_message(struct ws_reader *r)
{
    empty(&r->payload);
    empty(&r->wire);
    r->is_unread = false;
    r->wire_payload = 0;
}

static void begin_message(struct ws_reader *r)
{
    forget_message(r);
    r->in_message = true;
    r->opcode = (enum ws_opcode)(r->head[0] & OPCODE);
    r->is_deflated = (r->head[0] & RSV1) != 0;
    if (!r->is_deflated)
        return;
    if (r->inflate == NULL)
        r->inflate = ws_inflate_new();
    ws_inflate_begin(r->inflate, r->rules.resets_context);
}

static enum ws_found oversize(struct ws_reader *r)
{
    r->is_unread = true;
    buf_wipe_free(&r->payload);
    buf_wipe_free(&r->wire);
    return WS_OVERSIZE;
}

/* The message with this frame, as announced, is above what is kept. */
static bool is_too_long(const struct ws_reader *r)
{
    uint64_t max = r->rules.message_max;
    return r->left > max || r->wire_payload + r->left > max ||
           r->wire.n > r->wire_payload + WS_OVERHEAD_MAX;
}

static enum ws_found begin_frame(struct ws_reader *r)
{
    if (!read_length(r))
        return violate(r, "ws-length");
    if (r->rules.sender == WS_CLIENT)
        memcpy(r->mask, r->head + r->head_n - MASK_BYTES, MASK_BYTES);
    r->mask_at = 0;
    r->in_payload = true;
    struct buf *wire = is_control(r) ? &r->control_wire : &r->wire;
    if (is_control(r)) {
        buf_clear(&r->control);
        buf_clear(&r->control_wire);
    } else if ((r->head[0] & OPCODE) != WS_CONTINUATION) {
        begin_message(r);
    }
    if (r->rules.keeps_wire && (is_control(r) || !r->is_unread))
        buf_append(wire, r->head, r->head_n);
    if (!is_control(r) && !r->is_unread && is_too_long(r))
        return oversize(r);
    return WS_MORE;
}

/* Gathers the head; the two first bytes are judged as soon as they are here,
 * a peer that speaks something else need not say more. */
static enum ws_found take_head(struct ws_reader *r, struct str *input)
{
    while (r->head_n < head_bytes(r)) {
        if (input->n == 0)
            return WS_MORE;
        r->head[r->head_n++] = (uint8_t)input->p[0];
        *input = str_sub(*input, 1, input->n);
        const char *wrong = r->head_n == 2 ? judge_start(r) : NULL;
        if (wrong != NULL)
            return violate(r, wrong);
    }
    return begin_frame(r);
}

/* ---- payloads ---- */

static void unmask(struct ws_reader *r, char *p, size_t n)
{
    uint8_t key[8];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = r->mask[(r->mask_at + i) % MASK_BYTES];
    uint64_t word, mask;
    memcpy(&mask, key, sizeof mask);
    size_t i = 0;
    for (; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        word ^= mask;
        memcpy(p + i, &word, sizeof word);
    }
    for (; i < n; i++)
        p[i] = (char)(p[i] ^ key[i % sizeof key]);
    r->mask_at = (r->mask_at + n) % MASK_BYTES;
}

static void append_clear(struct ws_reader *r, struct buf *out, struct str wire)
{
    char *p = buf_reserve(out, wire.n);
    memcpy(p, wire.p, wire.n);
    if (r->rules.sender == WS_CLIENT)
        unmask(r, p, wire.n);
    buf_commit(out, wire.n);
}

static enum ws_found on_inflated(struct ws_reader *r, enum err err)
{
    if (err == OK)
        return WS_MORE;
    bool is_bomb = err == ERR_LIMIT && ws_inflate_is_bomb(r->inflate);
    if (is_bomb)
        (void)break_with(r, "ws-bomb", WS_STATUS_TOO_BIG);
    else if (err != ERR_LIMIT)
        (void)break_with(r, "ws-deflate", WS_STATUS_BAD_DATA);
    /* At any cut first the one, then (in the next call) the other. */
    bool is_long = r->payload.n > r->rules.message_max;
    return r->reason == NULL || is_long ? oversize(r) : WS_BROKEN;
}

static enum ws_found inflate_clear(struct ws_reader *r, struct str clear)
{
    struct buf *out = r->is_unread ? NULL : &r->payload;
    return on_inflated(
        r, ws_inflate_feed(r->inflate, clear, out, r->rules.message_max));
}

static enum ws_found take_deflated(struct ws_reader *r, struct str wire)
{
    if (r->rules.sender == WS_SERVER)
        return inflate_clear(r, wire);
    char clear[UNMASK_PIECE];
    enum ws_found found = WS_MORE;
    while (wire.n != 0 && r->reason == NULL) {
        size_t n = wire.n < sizeof clear ? wire.n : sizeof clear;
        memcpy(clear, wire.p, n);
        unmask(r, clear, n);
        wire = str_sub(wire, n, wire.n);
        enum ws_found now = inflate_clear(r, str_make(clear, n));
        found = now != WS_MORE ? now : found;
    }
    return found;
}

static enum ws_found take_data(struct ws_reader *r, struct str wire)
{
    r->wire_payload += wire.n;
    if (r->rules.keeps_wire && !r->is_unread)
        buf_append_str(&r->wire, wire);
    if (r->is_deflated)
        return take_deflated(r, wire);
    if (!r->is_unread)
        append_clear(r, &r->payload, wire);
    return WS_MORE;
}

static enum ws_found take_payload(struct ws_reader *r, struct str *input)
{
    size_t n = r->left < input->n ? (size_t)r->left : input->n;
    struct str wire = str_sub(*input, 0, n);
    *input = str_sub(*input, n, input->n);
    r->left -= n;
    if (n == 0)
        return WS_MORE;
    if (!is_control(r))
        return take_data(r, wire);
    if (r->rules.keeps_wire)
        buf_append_str(&r->control_wire, wire);
    append_clear(r, &r->control, wire);
    return WS_MORE;
}

/* ---- ends ---- */

static bool is_status(unsigned status)
{
    return (status >= 1000 && status <= 1003) ||
           (status >= 1007 && status <= 1014) ||
           (status >= 3000 && status <= 4999);
}

static enum ws_found end_close(struct ws_reader *r, struct ws_event *event)
{
    struct str payload = buf_str(&r->control);
    event->status = WS_STATUS_NO_CODE;
    if (payload.n == 0)
        return WS_CONTROL;
    if (payload.n == 1)
        return violate(r, "ws-close-length");
    event->status =
        (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
    if (!is_status(event->status))
        return violate(r, "ws-close-status");
    if (!utf8_is_valid(str_sub(payload, 2, payload.n)))
        return break_with(r, "ws-not-utf8", WS_STATUS_BAD_DATA);
    return WS_CONTROL;
}

static enum ws_found end_control(struct ws_reader *r, struct ws_event *event)
{
    event->opcode = (enum ws_opcode)(r->head[0] & OPCODE);
    event->payload = buf_str(&r->control);
    event->wire = buf_str(&r->control_wire);
    return event->opcode == WS_CLOSE ? end_close(r, event) : WS_CONTROL;
}

static enum ws_found end_message(struct ws_reader *r, struct ws_event *event)
{
    enum ws_found found = WS_MORE;
    r->in_message = false;
    if (r->is_deflated) {
        struct buf *out = r->is_unread ? NULL : &r->payload;
        found = on_inflated(
            r, ws_inflate_end(r->inflate, out, r->rules.message_max));
    }
    if (found != WS_MORE)
        return found;
    if (r->is_unread)
        return WS_FRAGMENT;
    if (r->opcode == WS_TEXT && !utf8_is_valid(buf_str(&r->payload)))
        return break_with(r, "ws-not-utf8", WS_STATUS_BAD_DATA);
    event->opcode = r->opcode;
    event->payload = buf_str(&r->payload);
    event->wire = buf_str(&r->wire);
    r->is_done = true;
    return WS_MESSAGE;
}

static enum ws_found end_frame(struct ws_reader *r, struct ws_event *event)
{
    bool is_last = (r->head[0] & FIN) != 0;
    r->in_payload = false;
    r->head_n = 0;
    if (is_control(r))
        return end_control(r, event);
    return is_last ? end_message(r, event) : WS_FRAGMENT;
}

static enum ws_found next(
    struct ws_reader *r, struct str *input, struct ws_event *event)
{
    if (!r->in_payload) {
        enum ws_found found = take_head(r, input);
        if (found != WS_MORE || !r->in_payload)
            return found;
    }
    enum ws_found found = take_payload(r, input);
    if (found != WS_MORE)
        return found;
    return r->left == 0 ? end_frame(r, event) : WS_MORE;
}

void ws_reader_release(struct ws_reader *r)
{
    if (!r->is_done)
        return;
    r->is_done = false;
    forget_message(r);
}

enum ws_found ws_reader_next(
    struct ws_reader *r, struct str *input, struct ws_event *event_out)
{
    *event_out = (struct ws_event){0};
    ws_reader_release(r);
    enum ws_found found =
        r->reason != NULL ? WS_BROKEN : next(r, input, event_out);
    if (found == WS_BROKEN)
        *event_out =
            (struct ws_event){.status = r->status, .reason = r->reason};
    return found;
}

void ws_reader_skip(struct ws_reader *r)
{
    if (r->in_message && !r->is_unread)
        (void)oversize(r);
}

bool ws_reader_is_between_frames(const struct ws_reader *r)
{
    return !r->in_payload && r->head_n == 0;
}

bool ws_reader_is_in_message(const struct ws_reader *r)
{
    return r->in_message;
}

size_t ws_reader_kept(const struct ws_reader *r)
{
    return r->payload.n + r->wire.n;
}

/* ---- writing ---- */

static void append_length(struct buf *out, uint64_t n, unsigned mask_bit)
{
    size_t bytes = n < LENGTH_16 ? 0 : n <= UINT16_MAX ? 2 : 8;
    unsigned first = bytes == 0   ? (unsigned)n
                     : bytes == 2 ? LENGTH_16
                                  : LENGTH_64;
    buf_append_char(out, (char)(mask_bit | first));
    while (bytes-- > 0)
        buf_append_char(out, (char)(n >> 8 * bytes));
}

void ws_write_frame(struct buf *out, enum ws_sender sender,
    enum ws_opcode opcode, struct str payload)
{
    uint8_t mask[MASK_BYTES];
    buf_append_char(out, (char)(FIN | (unsigned)opcode));
    append_length(out, payload.n, sender == WS_CLIENT ? MASKED : 0u);
    if (sender == WS_SERVER) {
        buf_append_str(out, payload);
        return;
    }
    random_fill(mask, sizeof mask);
    buf_append(out, mask, sizeof mask);
    for (size_t i = 0; i < payload.n; i++)
        buf_append_char(out, (char)(payload.p[i] ^ mask[i % MASK_BYTES]));
}

void ws_write_close(
    struct buf *out, enum ws_sender sender, unsigned status, struct str reason)
{
    char payload[WS_CONTROL_MAX];
    size_t n = 0;
    if (status != WS_STATUS_NO_CODE) {
        payload[n++] = (char)(status >> 8);
        payload[n++] = (char)status;
        size_t fits = utf8_floor(reason, WS_CONTROL_MAX - n);
        if (fits != 0)
            memcpy(payload + n, reason.p, fits);
        n += fits;
    }
    ws_write_frame(out, sender, WS_CLOSE, str_make(payload, n));
}
