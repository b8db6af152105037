/*
 * For the tests of the codecs: an owner that writes every event down as text,
 * one line each, so that runs with differently cut input can be compared, and
 * an owner pair that answers.  Included by one test file each.
 */
#ifndef TESTS_UNIT_HTTP_RECORDER_H
#define TESTS_UNIT_HTTP_RECORDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/http.h"

struct recorder {
    struct codec *codec;
    struct buf log;  /* the events; body bytes of one message in one line */
    struct buf body; /* of the message going on */
    struct buf out;  /* taken output */
    struct stream *last;
    size_t heads, ends, resets, refusals, writables;
    int last_status;
    enum stream_error last_error;
    const char *last_reason;
    int last_refused_status;
    uint64_t body_bytes;
    bool keeps_body_log; /* write bodies into the log */
    bool withholds;      /* never consumes */
    /* Called after the event was noted; may answer. */
    void (*hook_head)(
        struct recorder *r, struct stream *stream, const struct head *head);
    void (*hook_end)(struct recorder *r, struct stream *stream);
    void (*hook_data)(
        struct recorder *r, struct stream *stream, struct str data);
    void (*hook_writable)(struct recorder *r, struct stream *stream);
    void *any;
};

static inline void recorder_flush_body(struct recorder *r)
{
    if (r->keeps_body_log && r->body.n != 0) {
        buf_printf(&r->log, "data ");
        buf_append_str(&r->log, buf_str(&r->body));
        buf_append_char(&r->log, '\n');
    }
    buf_clear(&r->body);
}

static inline void recorder_fields(struct recorder *r, const struct head *head)
{
    for (size_t i = 0; i < head->count; i++)
        buf_printf(&r->log, " %.*s=[%.*s]", STR_ARG(head->fields[i].name),
            STR_ARG(head->fields[i].value));
    buf_append_char(&r->log, '\n');
}

static inline void recorder_on_head(
    void *owner, struct stream *stream, struct head *head)
{
    struct recorder *r = owner;
    recorder_flush_body(r);
    r->heads++;
    r->last = stream;
    r->last_status = head->status;
    if (head->status != 0)
        buf_printf(&r->log, "response %d", head->status);
    else
        buf_printf(&r->log, "request %.*s %.*s://%.*s%.*s%s",
            STR_ARG(head->method), STR_ARG(head->scheme),
            STR_ARG(head->authority), STR_ARG(head->path),
            head->is_absolute ? " absolute" : "");
    buf_printf(&r->log, " v%d%s%s%s len=%lld", (int)head->version,
        head->has_body ? " body" : "", head->keeps_alive ? " keep" : "",
        head->expects_continue ? " expect" : "",
        (long long)head->content_length);
    if (head->protocol.n != 0)
        buf_printf(&r->log, " protocol=%.*s", STR_ARG(head->protocol));
    recorder_fields(r, head);
    if (r->hook_head != NULL)
        r->hook_head(r, stream, head);
    head_free(&head);
}

static inline void recorder_on_data(
    void *owner, struct stream *stream, struct str data)
{
    struct recorder *r = owner;
    r->body_bytes += data.n;
    if (r->keeps_body_log)
        buf_append_str(&r->body, data);
    if (r->hook_data != NULL)
        r->hook_data(r, stream, data);
    if (!r->withholds)
        stream_consumed(stream, data.n);
}

static inline void recorder_on_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    struct recorder *r = owner;
    recorder_flush_body(r);
    r->ends++;
    buf_printf(&r->log, "end");
    if (trailers != NULL)
        recorder_fields(r, trailers);
    else
        buf_append_char(&r->log, '\n');
    head_free(&trailers);
    if (r->hook_end != NULL)
        r->hook_end(r, stream);
}

static inline void recorder_on_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    struct recorder *r = owner;
    (void)stream;
    recorder_flush_body(r);
    r->resets++;
    r->last_error = error;
    buf_printf(&r->log, "reset %d\n", (int)error);
}

static inline void recorder_on_writable(void *owner, struct stream *stream)
{
    struct recorder *r = owner;
    r->writables++;
    if (r->hook_writable != NULL)
        r->hook_writable(r, stream);
}

static inline void recorder_on_refused(
    void *owner, const char *reason, int status)
{
    struct recorder *r = owner;
    r->refusals++;
    r->last_reason = reason;
    r->last_refused_status = status;
    buf_printf(&r->log, "refused %s %d\n", reason, status);
}

static const struct codec_events recorder_events = {
    .on_head = recorder_on_head,
    .on_data = recorder_on_data,
    .on_end = recorder_on_end,
    .on_reset = recorder_on_reset,
    .on_writable = recorder_on_writable,
    .on_refused = recorder_on_refused,
};

static inline void recorder_open_limits(struct recorder *r,
    enum http_version version, enum codec_side side,
    const struct codec_limits *limits)
{
    r->keeps_body_log = true;
    r->codec = codec_new(version, side, limits, &recorder_events, r);
}

static inline void recorder_open(
    struct recorder *r, enum http_version version, enum codec_side side)
{
    recorder_open_limits(r, version, side, &codec_limits_default);
}

static inline void recorder_close(struct recorder *r)
{
    codec_free(&r->codec);
    buf_free(&r->log);
    buf_free(&r->body);
    buf_free(&r->out);
    *r = (struct recorder){0};
}

static inline void recorder_take(struct recorder *r)
{
    while (codec_has_output(r->codec)) {
        size_t before = r->out.n;
        codec_take_output(r->codec, &r->out, 64 * 1024);
        if (r->out.n == before)
            break;
    }
}

/* Feeds in pieces of `cut` bytes (0: whole), then what was held back. */
static inline enum err recorder_feed(
    struct recorder *r, struct str bytes, size_t cut)
{
    enum err err = OK;
    size_t at = 0;
    do {
        size_t n = cut == 0 || cut > bytes.n - at ? bytes.n - at : cut;
        /* A copy of its own: reading beyond the piece is then seen. */
        char *piece = mem_memdup0(n != 0 ? bytes.p + at : "", n);
        enum err one = codec_feed(r->codec, str_make(piece, n));
        mem_free(piece);
        if (err == OK)
            err = one;
        while (codec_has_input(r->codec)) {
            one = codec_feed(r->codec, STR_NONE);
            if (err == OK)
                err = one;
        }
        at += n;
    } while (at < bytes.n);
    return err;
}

static inline struct head *simple_request(const char *method, const char *path)
{
    struct head *head = head_new();
    head->method = str_of(method);
    head->scheme = STR("https");
    head->authority = STR("chatgpt.com");
    head->path = str_of(path);
    return head;
}

static inline struct head *simple_response(int status)
{
    struct head *head = head_new();
    head->status = status;
    return head;
}

#endif
