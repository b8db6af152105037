/*
 * What the fuzz targets of the HTTP codecs share: an owner that consumes
 * everything, answers at once, and lets the first input byte choose how the
 * rest is cut and when streams are released or reset.
 */
#ifndef TESTS_FUZZ_HTTP_FUZZ_H
#define TESTS_FUZZ_HTTP_FUZZ_H

#include <stdlib.h>

#include "proxy/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct fuzz {
    struct codec *codec;
    unsigned mode; /* bits of the first byte */
    size_t open;   /* heads given and not ended */
    bool answers;  /* client side */
};

static void fuzz_answer(struct stream *stream)
{
    struct head *head = head_new();
    head_add(head, STR("authorization"), STR("x"));
    head_add(head, STR("x-sum"), STR("1"));
    head->status = 103;
    stream_send_head(stream, head, false);
    head->status = 200;
    stream_send_head(stream, head, true);
    stream_send_data(stream, STR("answer"));
    stream_send_end(stream, head);
    head_free(&head);
}

static void fuzz_on_head(void *owner, struct stream *stream, struct head *head)
{
    struct fuzz *f = owner;
    bool is_opaque = head->status == 101 || head->protocol.n != 0;
    head_free(&head);
    if (is_opaque && (f->mode & 0x10) != 0) {
        stream_make_opaque(stream);
        return;
    }
    if (!f->answers)
        return;
    if ((f->mode & 0x20) != 0)
        fuzz_answer(stream);
    if ((f->mode & 0x40) != 0)
        stream_reset(stream, STREAM_CANCEL);
}

static void fuzz_on_data(void *owner, struct stream *stream, struct str data)
{
    struct fuzz *f = owner;
    if (data.n == 0)
        abort(); /* no empty pieces */
    if ((f->mode & 0x80) == 0)
        stream_consumed(stream, data.n);
}

static void fuzz_on_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    struct fuzz *f = owner;
    head_free(&trailers);
    if (!f->answers)
        return;
    fuzz_answer(stream);
    stream_release(stream);
}

static void fuzz_on_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    struct fuzz *f = owner;
    (void)error;
    if (f->answers)
        stream_release(stream);
}

static void fuzz_on_writable(void *owner, struct stream *stream)
{
    (void)owner;
    (void)stream;
}

static void fuzz_on_refused(void *owner, const char *reason, int status)
{
    (void)owner;
    (void)status;
    if (reason == NULL)
        abort();
}

static const struct codec_events fuzz_events = {
    .on_head = fuzz_on_head,
    .on_data = fuzz_on_data,
    .on_end = fuzz_on_end,
    .on_reset = fuzz_on_reset,
    .on_writable = fuzz_on_writable,
    .on_refused = fuzz_on_refused,
};

static struct stream *fuzz_ask(struct codec *codec, const char *method)
{
    struct head *head = head_new();
    head->method = str_of(method);
    head->scheme = STR("https");
    head->authority = STR("a.test");
    head->path = STR("/");
    head_add(head, STR("sec-ch-ua"), STR("x"));
    bool is_upload = str_is(head->method, "POST");
    if (str_is(head->method, "GET") && codec_version(codec) == HTTP_1_1)
        head->protocol = STR("websocket");
    head->expects_continue = is_upload;
    struct stream *stream = codec_open(codec, head, is_upload, NULL);
    if (is_upload) {
        stream_send_data(stream, STR("upload"));
        stream_send_end(stream, head);
    }
    head_free(&head);
    return stream;
}

static void fuzz_flush(struct codec *codec)
{
    struct buf out = {0};
    for (int i = 0; i < 100 && codec_has_output(codec); i++)
        codec_take_output(codec, &out, 16 * 1024);
    buf_free(&out);
}

/* As whom an origin gets to know us, after whatever this client has shown of
 * itself: another reader takes it, with a request behind it. */
static void fuzz_introduce(const struct codec *client)
{
    struct fuzz ours = {.mode = 0}, theirs = {.answers = true, .mode = 0};
    struct buf out = {0};
    struct codec *origin = codec_new(
        HTTP_2, FACING_ORIGIN, &codec_limits_default, &fuzz_events, &ours);
    struct codec *reader = codec_new(
        HTTP_2, FACING_CLIENT, &codec_limits_default, &fuzz_events, &theirs);
    ours.codec = origin;
    theirs.codec = reader;
    codec_introduce(origin, client);
    fuzz_ask(origin, "GET");
    codec_take_output(origin, &out, SIZE_MAX);
    if (out.n == 0 || codec_feed(reader, buf_str(&out)) != OK)
        abort();
    codec_free(&origin);
    codec_free(&reader);
    buf_free(&out);
}

/* The first byte chooses cut (low four bits) and owner; then `prefix` and the
 * rest are fed. */
static void fuzz_run(enum http_version version, enum codec_side side,
    struct str prefix, const uint8_t *data, size_t n)
{
    struct fuzz f = {.answers = side == FACING_CLIENT};
    if (n == 0)
        return;
    f.mode = data[0];
    size_t cut = f.mode & 0x0f;
    struct str rest = str_make((const char *)data + 1, n - 1);
    f.codec = codec_new(version, side, &codec_limits_default, &fuzz_events, &f);
    if (n % 2 == 1) /* as when the origin has said that it takes them */
        codec_offer_websockets(f.codec);
    if (side == FACING_ORIGIN)
        fuzz_ask(f.codec, (f.mode & 0x40) != 0   ? "HEAD"
                          : (f.mode & 0x20) != 0 ? "POST"
                                                 : "GET");
    fuzz_flush(f.codec);
    bool is_fine = codec_feed(f.codec, prefix) == OK;
    while (is_fine && rest.n != 0) {
        size_t piece = cut == 0 || cut > rest.n ? rest.n : cut;
        char *copy = malloc(piece); /* overruns are seen */
        for (size_t i = 0; i < piece; i++)
            copy[i] = rest.p[i];
        is_fine = codec_feed(f.codec, str_make(copy, piece)) == OK;
        free(copy);
        while (is_fine && codec_has_input(f.codec))
            is_fine = codec_feed(f.codec, STR_NONE) == OK;
        fuzz_flush(f.codec);
        rest = str_sub(rest, piece, rest.n);
        if (side == FACING_ORIGIN && codec_can_open(f.codec) &&
            codec_is_idle(f.codec))
            fuzz_ask(f.codec, "GET");
    }
    if (is_fine && version == HTTP_2 && side == FACING_CLIENT)
        fuzz_introduce(f.codec);
    (void)codec_takes_websockets(f.codec);
    codec_feed_eof(f.codec);
    fuzz_flush(f.codec);
    codec_free(&f.codec);
}

#endif
