/*
 * What the parts of the HTTP/2 codec share: its state, the life of a stream
 * and the budget against floods (h2_stream.c), what comes in (h2_recv.c) and
 * what goes out (h2_send.c).  For h2*.c only; h2.c has the codec's table.
 */
#ifndef PROXY_H2_PARTS_H
#define PROXY_H2_PARTS_H

#include <nghttp2/nghttp2.h>

#include "proxy/codec.h"
#include "proxy/h2_head.h"
#include "proxy/h2_profile.h"

enum {
    /* What a client may cost without getting anything done: CVE-2023-44487
     * (reset), CVE-2025-8671 (made you reset), CVE-2019-9512 to 9518. */
    BUDGET_MAX = 2000,
    COST_RESET = 20,
    COST_SETTINGS = 10,
    COST_PING = 5,
    COST_EMPTY_DATA = 5,
    COST_SMALL = 1,     /* PRIORITY, WINDOW_UPDATE */
    COST_OVERRUN = 400, /* a head far over its bound: some bytes of HPACK */
    GAIN_DATA = 4,
    GAIN_EXCHANGE = 40,
};

struct h2_stream {
    struct stream base;
    struct h2_stream *next; /* all that are not freed */
    int32_t id;
    struct h2_reader reader;
    unsigned interims;
    bool head_received; /* the final one; the owner knows the stream */
    bool recv_done;
    bool head_sent; /* the final one */
    bool send_done; /* the owner gave its end; output may be queued */
    bool end_sent;  /* END_STREAM is out */
    bool is_deferred;
    bool is_dead;    /* we reset it */
    bool is_refused; /* on_refused was told why nghttp2 resets it */
    bool is_closed;  /* for nghttp2 */
    bool is_head, is_connect;
    bool resets_after_send; /* answered, the rest of the request unwanted */
    bool breaks_off;        /* reset as soon as what is queued has gone (F11) */
    bool is_over_high, is_now_writable;
    bool discards; /* answered early: what still comes is dropped */
    size_t discarded;
    struct buf out;
    struct head *trailers; /* to send */
    int64_t declared, sent;
    size_t unconsumed;
};

struct h2 {
    struct codec base;
    nghttp2_session *session;
    struct h2_stream *streams;
    size_t open_count;
    unsigned depth;
    bool has_garbage;
    bool has_writable;
    bool offers_websockets;    /* to the client */
    bool is_introduced;        /* our preface is on its way */
    struct h2_profile profile; /* of the peer */
    struct buf early;          /* of the origin, before we are introduced */
    size_t unconsumed;         /* of all streams */
    bool is_eof, is_draining, is_dead, got_goaway;
    int budget;
    enum err result;
    struct buf *target; /* while taking output */
    size_t target_max;
};

/* ---- h2_stream.c ---- */

struct h2 *h2_of(struct codec *codec);
const struct h2 *h2_of_const(const struct codec *codec);
struct h2 *h2_of_stream(const struct h2_stream *s);
bool h2_faces_client(const struct h2 *h2);
uint32_t h2_wire_of_error(enum stream_error error);
enum stream_error h2_error_of_wire(uint32_t code);
struct h2_stream *h2_add_stream(struct h2 *h2, int32_t id, void *user);
void h2_free_stream(struct h2_stream *s);
void h2_sweep(struct h2 *h2);
void h2_leave(struct h2 *h2);
struct h2_stream *h2_find_stream(nghttp2_session *session, int32_t id);
void h2_submit_reset(struct h2 *h2, struct h2_stream *s, uint32_t code);
/* Bytes given to the owner, and those that it has done with: the windows open
 * by them. */
void h2_take_in(struct h2 *h2, struct h2_stream *s, size_t n);
void h2_give_back(struct h2 *h2, struct h2_stream *s, size_t n);
void h2_forget_unconsumed(struct h2 *h2);
/* Whether an origin is to be held back by not being read at all. */
bool h2_is_pressed(const struct h2 *h2);
void h2_tell_reset(struct h2 *h2, struct h2_stream *s, enum stream_error error);
void h2_end_all(struct h2 *h2, enum stream_error error);
void h2_die(struct h2 *h2, enum err result, const char *reason,
    enum stream_error error);
void h2_spend(struct h2 *h2, int cost, const char *reason);
void h2_gain(struct h2 *h2, int amount);

/* h2.c */
void h2_introduce(struct codec *codec, const struct codec *like);

/* ---- h2_recv.c, h2_send.c: what nghttp2 calls ---- */

void h2_set_input_callbacks(nghttp2_session_callbacks *callbacks);
void h2_set_output_callbacks(nghttp2_session_callbacks *callbacks);

/* ---- h2_send.c: entries of the codec's table ---- */

struct stream *h2_open(
    struct codec *codec, const struct head *request, bool has_body, void *user);
void h2_send_head(
    struct stream *stream, const struct head *head, bool has_body);
void h2_send_data(struct stream *stream, struct str data);
void h2_send_end(struct stream *stream, const struct head *trailers);
void h2_reset(struct stream *stream, enum stream_error error);
void h2_release(struct stream *stream);
size_t h2_queued(const struct stream *stream);
void h2_consumed(struct stream *stream, size_t n);

#endif
