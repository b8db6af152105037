/*
 * An HTTP/2 field section as it arrives, field by field, made into a struct
 * head.  nghttp2 has already enforced RFC 9113 §8.2 and §8.3 (pseudo-fields
 * once and first, no connection fields); here are our limits (H8) and what
 * must hold so that the head can be written as HTTP/1 too (H7).
 */
#ifndef PROXY_H2_HEAD_H
#define PROXY_H2_HEAD_H

#include "proxy/http.h"

struct h2_reader {
    struct head *head; /* owned until taken; NULL: not reading */
    size_t bytes;      /* names and values so far */
    size_t fields;     /* cookie crumbs are not counted */
    struct str host;
    size_t host_lines, expect_lines, cookie_lines;
    bool expects_other;    /* than 100-continue */
    bool has_length;       /* content-length came last */
    bool imitates_framing; /* a field does (proxy/fields.h) */
    const char *reason;    /* static word; NULL: fine so far */
    int status;            /* what to answer; 0: reset the stream */
};

void h2_reader_begin(struct h2_reader *r);
void h2_reader_set_priority(struct h2_reader *r, int weight, bool is_exclusive);
void h2_reader_end(struct h2_reader *r); /* frees what was not taken */
void h2_reader_add(struct h2_reader *r, struct str name, struct str value,
    const struct codec_limits *limits);

/* Checks and normalises; false: r->reason and r->status say why. */
bool h2_reader_finish_request(struct h2_reader *r, bool has_body);
bool h2_reader_finish_response(struct h2_reader *r, bool has_body);
bool h2_reader_finish_trailers(struct h2_reader *r);
struct head *h2_reader_take(struct h2_reader *r);

/* True for a field of `head` that may be sent over HTTP/2 as it is. */
bool h2_can_send_field(
    const struct field *field, bool is_request, bool is_trailer);

#endif
