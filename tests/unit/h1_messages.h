/*
 * What the tests of proxy/h1.c share: beginnings of messages, a request of
 * ours and an answer to one.
 */
#ifndef TESTS_UNIT_H1_MESSAGES_H
#define TESTS_UNIT_H1_MESSAGES_H

#include "tests/unit/http_recorder.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static inline void answer_200(struct recorder *r, struct stream *stream)
{
    (void)r;
    struct head *head = simple_response(200);
    head->content_length = 2;
    stream_send_head(stream, head, true);
    stream_send_data(stream, STR("ok"));
    stream_send_end(stream, NULL);
    stream_release(stream);
    head_free(&head);
}

static inline void ask_get(struct recorder *r, const char *method)
{
    struct head *head = simple_request(method, "/");
    codec_open(r->codec, head, false, NULL);
    head_free(&head);
}

#endif
