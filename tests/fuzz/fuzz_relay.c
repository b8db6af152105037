/*
 * A client's codec and an origin's joined as the gateway joins them, in every
 * pair of versions.  The input is a transcript: a byte for the mode, then
 * steps: kind, two bytes of length, bytes.  Whatever the client sends, the
 * requests that an HTTP/1 origin reads are as many as were opened: none is
 * smuggled in.
 */
#include <stdlib.h>

#include "proxy/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MODE_CLIENT_H2 = 1, MODE_ORIGIN_H2 = 2, MODE_SMALL = 4, MODE_LATE = 8 };

enum step {
    FROM_CLIENT,
    FROM_ORIGIN,
    CLIENT_ENDS,
    ORIGIN_ENDS,
    CLIENT_DRAINS,
    ORIGIN_DRAINS,
    CONSUME,
    RESET,
    BIG_ANSWER,
    TAKE_OVER,
    STEPS,
};

enum { PAIRS = 64, BIG = 300 * 1024 };

struct pair {
    struct stream *side[2]; /* by enum codec_side; NULL: released */
    size_t unconsumed[2];
    bool is_opaque;
    bool is_answered;
};

struct relay {
    struct codec *codec[2];
    bool is_done[2];
    struct pair pairs[PAIRS];
    size_t count;
    unsigned mode;
    struct codec *judge; /* reads what an HTTP/1 origin would */
    size_t opened, judged;
    bool is_opaque; /* no more requests to count */
};

static struct relay relay;

static enum codec_side side_of(const struct stream *stream)
{
    const struct pair *pair = stream_user(stream);
    return pair->side[FACING_CLIENT] == stream ? FACING_CLIENT : FACING_ORIGIN;
}

static void release(struct pair *pair)
{
    for (int side = 0; side < 2; side++) {
        if (pair->side[side] != NULL)
            stream_release(pair->side[side]);
        pair->side[side] = NULL;
    }
}

static void on_request(struct stream *stream, const struct head *head)
{
    if (relay.count == PAIRS || !codec_can_open(relay.codec[FACING_ORIGIN])) {
        struct head *busy = head_new();
        busy->status = 503;
        stream_send_head(stream, busy, false);
        head_free(&busy);
        stream_release(stream);
        return;
    }
    struct pair *pair = &relay.pairs[relay.count++];
    pair->side[FACING_CLIENT] = stream;
    stream_set_user(stream, pair);
    relay.opened++;
    relay.is_opaque |= head->protocol.n != 0 || str_is(head->method, "CONNECT");
    codec_introduce(relay.codec[FACING_ORIGIN], relay.codec[FACING_CLIENT]);
    pair->side[FACING_ORIGIN] =
        codec_open(relay.codec[FACING_ORIGIN], head, head->has_body, pair);
}

static void on_response(struct pair *pair, const struct head *head)
{
    if (head->status >= 200 || head->status == 101)
        pair->is_answered = true;
    stream_send_head(pair->side[FACING_CLIENT], head, head->has_body);
    if (head->status != 101)
        return;
    pair->is_opaque = relay.is_opaque = true;
    stream_make_opaque(pair->side[FACING_CLIENT]);
    stream_make_opaque(pair->side[FACING_ORIGIN]);
}

static void on_head(void *owner, struct stream *stream, struct head *head)
{
    (void)owner;
    if (head->status == 0)
        on_request(stream, head);
    else
        on_response(stream_user(stream), head);
    head_free(&head);
}

static void on_data(void *owner, struct stream *stream, struct str data)
{
    (void)owner;
    struct pair *pair = stream_user(stream);
    enum codec_side side = side_of(stream);
    if (data.n == 0)
        abort(); /* no empty pieces */
    stream_send_data(pair->side[1 - side], data);
    if ((relay.mode & MODE_LATE) != 0)
        pair->unconsumed[side] += data.n;
    else
        stream_consumed(stream, data.n);
}

static void on_end(void *owner, struct stream *stream, struct head *trailers)
{
    (void)owner;
    struct pair *pair = stream_user(stream);
    enum codec_side side = side_of(stream);
    stream_send_end(pair->side[1 - side], trailers);
    head_free(&trailers);
    if (side == FACING_ORIGIN && !pair->is_opaque)
        release(pair);
}

static void on_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    (void)owner;
    struct pair *pair = stream_user(stream);
    stream_reset(pair->side[1 - side_of(stream)], error);
    release(pair);
}

static void on_writable(void *owner, struct stream *stream)
{
    (void)owner;
    (void)stream_queued(stream);
}

static void on_refused(void *owner, const char *reason, int status)
{
    (void)owner;
    (void)status;
    if (reason == NULL)
        abort();
}

static const struct codec_events events = {
    on_head, on_data, on_end, on_reset, on_writable, on_refused};

/* ---- the judge ---- */

static void judge_on_head(void *owner, struct stream *stream, struct head *head)
{
    (void)owner;
    (void)stream;
    head_free(&head);
    relay.judged++;
}

static void judge_on_data(void *owner, struct stream *stream, struct str data)
{
    (void)owner;
    stream_consumed(stream, data.n);
}

static void judge_on_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    (void)owner;
    head_free(&trailers);
    struct head *answer = head_new();
    answer->status = 204;
    stream_send_head(stream, answer, false);
    head_free(&answer);
    stream_release(stream);
}

static void judge_on_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    (void)owner;
    (void)error;
    stream_release(stream);
}

static void judge_on_refused(void *owner, const char *reason, int status)
{
    (void)owner;
    (void)reason;
    (void)status;
    if (!relay.is_opaque)
        abort(); /* we wrote what we would refuse */
}

static const struct codec_events judge_events = {judge_on_head, judge_on_data,
    judge_on_end, judge_on_reset, on_writable, judge_on_refused};

static void judge(struct str bytes)
{
    struct buf out = {0};
    if (relay.judge == NULL || relay.is_opaque)
        return;
    bool is_fine = codec_feed(relay.judge, bytes) == OK;
    while (is_fine && codec_has_input(relay.judge))
        is_fine = codec_feed(relay.judge, STR_NONE) == OK;
    codec_take_output(relay.judge, &out, SIZE_MAX / 2);
    buf_free(&out);
    if (relay.judged > relay.opened)
        abort(); /* smuggled */
}

/* ---- the transcript ---- */

static void flush(void)
{
    size_t max = (relay.mode & MODE_SMALL) != 0 ? 100 : 64 * 1024;
    for (int side = 0; side < 2; side++) {
        struct buf out = {0};
        for (int i = 0; i < 100 && codec_has_output(relay.codec[side]); i++)
            codec_take_output(relay.codec[side], &out, max);
        (void)codec_wants_close(relay.codec[side]);
        if (side == FACING_ORIGIN)
            judge(buf_str(&out));
        buf_free(&out);
    }
}

static void feed(enum codec_side side, struct str bytes)
{
    struct codec *codec = relay.codec[side];
    char *copy = malloc(bytes.n + 1); /* overruns are seen */
    for (size_t i = 0; i < bytes.n; i++)
        copy[i] = bytes.p[i];
    if (!relay.is_done[side])
        relay.is_done[side] = codec_feed(codec, str_make(copy, bytes.n)) != OK;
    free(copy);
    (void)codec_wants_input(codec);
    flush();
    for (int i = 0; i < 2; i++)
        while (!relay.is_done[i] && codec_has_input(relay.codec[i]))
            relay.is_done[i] = codec_feed(relay.codec[i], STR_NONE) != OK;
}

static struct pair *last_pair(void)
{
    struct pair *pair = relay.count > 0 ? &relay.pairs[relay.count - 1] : NULL;
    bool is_there = pair != NULL && pair->side[FACING_CLIENT] != NULL;
    return is_there && pair->side[FACING_ORIGIN] != NULL ? pair : NULL;
}

static void consume(void)
{
    for (size_t i = 0; i < relay.count; i++)
        for (int side = 0; side < 2; side++)
            if (relay.pairs[i].side[side] != NULL)
                stream_consumed(
                    relay.pairs[i].side[side], relay.pairs[i].unconsumed[side]);
}

static void reset(unsigned char why)
{
    struct pair *pair = last_pair();
    if (pair == NULL)
        return;
    for (int side = 0; side < 2; side++)
        stream_reset(pair->side[side], (enum stream_error)(why % 6));
    release(pair);
}

/* The owner's own answer, larger than the queue's mark. */
static void answer(void)
{
    struct pair *pair = last_pair();
    if (pair == NULL || pair->is_answered)
        return;
    static char much[BIG];
    struct head *head = head_new();
    head->status = 200;
    pair->is_answered = true;
    stream_send_head(pair->side[FACING_CLIENT], head, true);
    head_free(&head);
    stream_send_data(pair->side[FACING_CLIENT], str_make(much, BIG));
    flush();
    if (pair->side[FACING_CLIENT] != NULL)
        stream_send_end(pair->side[FACING_CLIENT], NULL);
    release(pair);
}

static void take_over(void)
{
    struct pair *pair = last_pair();
    struct buf rest = {0};
    if (pair == NULL || !relay.is_opaque)
        return;
    release(pair);
    for (int side = 0; side < 2; side++)
        codec_take_over(relay.codec[side], &rest);
    relay.is_done[0] = relay.is_done[1] = true;
    buf_free(&rest);
}

static void run_step(enum step step, struct str bytes)
{
    switch (step) {
    case FROM_CLIENT:
        feed(FACING_CLIENT, bytes);
        break;
    case FROM_ORIGIN:
        feed(FACING_ORIGIN, bytes);
        break;
    case CLIENT_ENDS:
        codec_feed_eof(relay.codec[FACING_CLIENT]);
        break;
    case ORIGIN_ENDS:
        codec_feed_eof(relay.codec[FACING_ORIGIN]);
        break;
    case CLIENT_DRAINS:
        codec_drain(relay.codec[FACING_CLIENT]);
        break;
    case ORIGIN_DRAINS:
        codec_drain(relay.codec[FACING_ORIGIN]);
        break;
    case CONSUME:
        consume();
        break;
    case RESET:
        reset(bytes.n > 0 ? (unsigned char)bytes.p[0] : 0);
        break;
    case BIG_ANSWER:
        answer();
        break;
    case TAKE_OVER:
        take_over();
        break;
    case STEPS:
        break;
    }
    flush();
}

static void start(unsigned mode)
{
    struct codec_limits limits = codec_limits_default, wide = limits;
    wide.request_line_bytes *= 4; /* a head may grow as it is rebuilt */
    wide.field_bytes *= 4;
    wide.head_bytes *= 4;
    wide.field_count *= 4;
    limits.offer_websockets = true;
    if ((mode & MODE_SMALL) != 0)
        limits.window_bytes = 64 * 1024;
    relay = (struct relay){.mode = mode};
    bool is_h2[2] = {
        (mode & MODE_CLIENT_H2) != 0, (mode & MODE_ORIGIN_H2) != 0};
    for (int side = 0; side < 2; side++)
        relay.codec[side] = codec_new(is_h2[side] ? HTTP_2 : HTTP_1_1,
            (enum codec_side)side, &limits, &events, NULL);
    if (!is_h2[FACING_ORIGIN])
        relay.judge =
            codec_new(HTTP_1_1, FACING_CLIENT, &wide, &judge_events, NULL);
    if (is_h2[FACING_CLIENT])
        feed(FACING_CLIENT, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    start(data[0]);
    struct str rest = str_make((const char *)data + 1, size - 1);
    while (rest.n >= 3) {
        enum step step = (enum step)((unsigned char)rest.p[0] % STEPS);
        size_t n = (size_t)(unsigned char)rest.p[1] << 8 |
                   (size_t)(unsigned char)rest.p[2];
        run_step(step, str_sub(rest, 3, 3 + n));
        rest = str_sub(rest, 3 + n, rest.n);
    }
    codec_feed_eof(relay.codec[FACING_CLIENT]);
    codec_feed_eof(relay.codec[FACING_ORIGIN]);
    flush();
    for (int side = 0; side < 2; side++)
        codec_free(&relay.codec[side]);
    codec_free(&relay.judge);
    return 0;
}
