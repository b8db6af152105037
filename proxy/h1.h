/*
 * The state of one HTTP/1 connection, shared by its two halves: h1.c reads
 * (llhttp is there), h1_conn.c keeps exchanges, writes and answers the calls
 * of proxy/http.h.  For these two only.
 */
#ifndef PROXY_H1_H
#define PROXY_H1_H

#include "proxy/codec.h"
#include "proxy/h1_head.h"

enum {
    CHUNK_LINE_MAX = 1024,   /* size, extensions, line end */
    HELD_SLACK = 64 * 1024,  /* pipelined bytes, beyond head_bytes */
    DRAIN_MAX = 1024 * 1024, /* of a request that has been answered */
};

enum phase {
    PHASE_HEAD,   /* a start line is next */
    PHASE_LENGTH, /* `left` body bytes are next */
    PHASE_CHUNKED,
    PHASE_TRAILERS,
    PHASE_CLOSE,  /* body to the end of the connection */
    PHASE_WAIT,   /* message read, the exchange goes on */
    PHASE_OPAQUE, /* an upgrade was agreed */
    PHASE_OVER,   /* to be closed; input is ignored */
    PHASE_TAKEN,  /* the owner took the connection over */
};

struct h1_stream {
    struct stream base;
    struct h1_stream *next; /* all that are not freed */
    bool recv_done, send_done;
    bool head_sent; /* the final one */
    bool is_head, is_connect, asks_upgrade, is_http_1_0, keeps_alive;
    bool waits_for_100;
    bool is_dead; /* reset: nothing goes out any more */
    bool is_opaque;
    unsigned interims;
    enum h1_framing framing; /* of what we send */
    int64_t send_left;       /* with H1_LENGTH */
    size_t unconsumed;
    size_t drained;
    bool is_over_high;
};

struct h1 {
    struct codec base;
    struct llhttp__internal_s *parser; /* llhttp_t; h1.c only */
    enum phase phase;
    struct buf in; /* not yet parsed */
    struct buf out;
    struct str cursor; /* what is left of the input being parsed */
    struct h1_scan scan;
    uint64_t left;
    size_t chunk_line_bytes;
    bool in_chunk_line;
    bool is_last_chunk;
    struct h1_stream *current; /* the exchange going on */
    struct h1_stream *streams;
    uint32_t next_number;
    unsigned depth; /* inside an entry point: streams are not freed */
    bool is_held;   /* `in` can go on when the phase allows it */
    bool is_eof;
    bool is_closing; /* after this exchange */
    enum err result;
    /* what llhttp saw of the block just read */
    size_t seen_fields;
    uint16_t seen_flags;
    uint64_t seen_length;
    bool is_skipping_body;
    bool is_complete;
};

static inline struct h1 *h1_of(struct codec *codec)
{
    return (struct h1 *)codec;
}

static inline const struct h1 *h1_of_const(const struct codec *codec)
{
    return (const struct h1 *)codec;
}

static inline struct h1 *h1_of_stream(const struct h1_stream *s)
{
    return h1_of(s->base.codec);
}

static inline bool h1_faces_client(const struct h1 *h1)
{
    return h1->base.side == FACING_CLIENT;
}

/* ---- h1.c ---- */

/* Takes one step over h1->cursor; false: more input is needed. */
bool h1_step(struct h1 *h1);
/* The message that comes in is complete.  trailers: given away. */
void h1_deliver_end(struct h1 *h1, struct head *trailers);
void h1_make_parser(struct h1 *h1);
void h1_free_parser(struct h1 *h1);

/* ---- h1_conn.c ---- */

struct h1_stream *h1_add_stream(struct h1 *h1, void *user);
void h1_finish_exchange(struct h1 *h1); /* if both directions are done */
/* The exchange cannot go on; nothing more is written for it. */
struct h1_stream *h1_abandon(struct h1 *h1);
void h1_tell_reset(struct h1 *h1, struct h1_stream *stream);

#endif
