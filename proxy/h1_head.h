/*
 * The lines of an HTTP/1 head or trailer section: found, bounded, and made
 * into a struct head by rules stricter than any reader's behind us (H1, H8).
 * Does no framing beyond saying what the head declares; knows no connection.
 *
 * h1_scan finds the end of the block, h1_read_* build the head from the whole
 * block.  Both give the same refusal however the input was cut.
 */
#ifndef PROXY_H1_HEAD_H
#define PROXY_H1_HEAD_H

#include "proxy/http.h"

enum h1_block { H1_REQUEST, H1_RESPONSE, H1_TRAILERS };

/* Why, and what to answer a client (also an origin's refusal has one). */
struct h1_refusal {
    const char *reason; /* static word; NULL: none */
    int status;
};

/* Progress over a block that is not complete yet; {0} at its start. */
struct h1_scan {
    size_t line_start;  /* where the unfinished line begins */
    size_t scanned;     /* bytes known to hold no further line end */
    size_t block_start; /* behind leading empty lines */
    size_t lines;
    unsigned empty_lines; /* before a request line */
};

enum h1_found { H1_FOUND_MORE, H1_FOUND_END, H1_FOUND_REFUSAL };

/* Looks at bytes from the block's start (the same ones and more on each
 * call).  At the end, *end_out is the length up to and with the empty line. */
enum h1_found h1_scan(struct h1_scan *scan, enum h1_block kind,
    struct str bytes, const struct codec_limits *limits, size_t *end_out,
    struct h1_refusal *refusal_out);

enum h1_framing {
    H1_NO_BODY,
    H1_LENGTH,
    H1_CHUNKED,
    H1_CLOSE, /* to the end of the connection */
};

/* What a head says besides struct head. */
struct h1_facts {
    enum h1_framing framing; /* of responses: before HEAD is considered */
    size_t field_lines;      /* as on the wire, for llhttp to confirm */
    bool has_length, has_chunked;
    bool wants_upgrade; /* a known protocol, listed in Connection */
};

/* The block goes from the start line to the empty line.  A head_out is given
 * on success only. */
bool h1_read_request(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out);
bool h1_read_response(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out);
/* *head_out may be NULL: an empty trailer section. */
bool h1_read_trailers(struct str block, size_t lines, struct head **head_out,
    struct h1_facts *facts_out, struct h1_refusal *refusal_out);

#endif
