/*
 * HTTP without its versions: heads, bodies, trailers, ends and resets, the
 * same for HTTP/1.1 (proxy/h1.c) and HTTP/2 (proxy/h2.c).
 *
 * A codec is one connection's HTTP, facing the client (reads requests) or
 * the origin (reads responses).  Bytes go in with codec_feed and come out
 * with codec_take_output; nothing here does I/O.  A codec gives the same
 * events however its input is cut.
 *
 * Strictness (RFC 9112, RFC 9113; requirements H1 to H9): a codec refuses
 * what is ambiguous.  Toward the client it answers by itself (400, 431, 501,
 * GOAWAY …) and reports on_refused; toward the origin a malformed response is
 * on_reset of that stream.  Heads reach the owner normalised: names in lower
 * case, no hop-by-hop fields (and none that Connection names), one host
 * (in `authority`, not among the fields), content-length once and true.
 * A head is rebuilt on the way out, never copied.
 */
#ifndef PROXY_HTTP_H
#define PROXY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/field.h"

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

enum pseudo {
    PSEUDO_NONE,
    PSEUDO_METHOD,
    PSEUDO_SCHEME,
    PSEUDO_AUTHORITY,
    PSEUDO_PATH,
    PSEUDO_PROTOCOL,
    PSEUDO_COUNT
};

/* How a client wrote a request, beyond what it says: an origin of the same
 * version is shown the same (reliability.md §3, need 2). */
struct head_style {
    struct str names; /* HTTP/1: of all lines, in order, as they were spelled,
                         a line feed behind each */
    /* HTTP/2 */
    uint8_t pseudo[PSEUDO_COUNT];    /* enum pseudo, in order; NONE: the end */
    struct str length_before;        /* the field that content-length preceded;
                                        empty: it came last */
    bool has_crumbs;                 /* cookie came in several lines */
    bool has_priority, is_exclusive; /* RFC 7540 §5.3, of the whole */
    int weight;                      /* 1 to 256 */
};

/* A request head, a response head, or trailers (then only fields). */
struct head {
    struct arena arena;        /* owns every str below */
    enum http_version version; /* as received */
    /* requests */
    struct str method;
    struct str scheme;    /* "https", "http"; empty in h1 origin-form */
    struct str authority; /* host[:port]; as :authority, Host or target say */
    struct str path;      /* with query, starts with '/'; "*" for OPTIONS * */
    struct str protocol;  /* h1 Upgrade or h2 :protocol, e.g. "websocket" */
    bool is_absolute;     /* h1 absolute-form target (a proxy request) */
    bool expects_continue;
    bool keeps_alive; /* h1: the connection may be used again */
    struct head_style style;
    /* responses */
    int status; /* 0 in requests */
    /* both */
    struct field *fields;
    size_t count, cap;
    bool has_body;          /* false: the message ends with this head */
    int64_t content_length; /* -1: not declared; never among the fields */
};
/* Also never among the fields: host, cookie crumbs (joined), expect, upgrade.
 * proxy-authorization stays readable toward the client, and is never written
 * toward an origin.  A 101 says has_body true: what follows is the new
 * protocol. */

struct head *head_new(void);
void head_free(struct head **head);
struct head *head_copy(const struct head *head);
void head_add(
    struct head *head, struct str name, struct str value); /* copies */
/* The first value, or an empty str with p == NULL. */
struct str head_get(const struct head *head, const char *name);
/* False: missing, or in several lines. */
bool head_get_single(
    const struct head *head, const char *name, struct str *value_out);
/* In the place of the first one, or at the end. */
void head_set(struct head *head, const char *name, struct str value);
void head_remove(struct head *head, const char *name); /* all of them */
/* True when a comma-separated list field holds the token, ASCII case off. */
bool head_lists(const struct head *head, const char *name, const char *token);

/* Host and port of an authority; port_out is `otherwise` where none is given.
 * Handles [v6]:port (host_out has no brackets). ERR_PARSE on user information,
 * blanks, bad ports. */
enum err authority_split(struct str authority, uint16_t otherwise,
    struct str *host_out, uint16_t *port_out) MUST_USE;

/* ---- codec ---- */

struct codec;
struct stream;

enum codec_side { FACING_CLIENT, FACING_ORIGIN };

enum stream_error {
    STREAM_CANCEL,  /* nobody wants it any more */
    STREAM_REFUSED, /* not processed: safe to try again */
    STREAM_BROKEN,  /* the peer's message is malformed or cut */
    STREAM_INTERNAL,
    STREAM_TOO_MUCH, /* ENHANCE_YOUR_CALM */
    STREAM_HTTP_1_1_REQUIRED,
};

/* Every callback may call any codec_ or stream_ function but codec_feed and
 * codec_free.  Heads are given to the owner (head_free them). */
struct codec_events {
    /* Client side: a request.  Origin side: a response; status < 200 is
     * interim and another on_head follows (101 is final). */
    void (*on_head)(void *owner, struct stream *stream, struct head *head);
    /* Body bytes, transfer coding removed; valid during the call. */
    void (*on_data)(void *owner, struct stream *stream, struct str data);
    /* The message is complete, with or without a body (always called unless
     * the stream was reset or released).  trailers: NULL or given to the
     * owner.  An opaque stream ends once more, when the peer closes. */
    void (*on_end)(void *owner, struct stream *stream, struct head *trailers);
    /* The stream died before both of its messages were complete.  Not called
     * for the owner's own stream_reset. */
    void (*on_reset)(
        void *owner, struct stream *stream, enum stream_error error);
    /* stream_queued fell below STREAM_QUEUE_LOW after it had been above
     * STREAM_QUEUE_HIGH. */
    void (*on_writable)(void *owner, struct stream *stream);
    /* The codec refused the peer's input and has queued its own answer; for
     * the record and the log.  reason: a static word, "te-and-cl", "bare-lf",
     * "field-too-long" …; status: the answer's, 0 for h2 errors. */
    void (*on_refused)(void *owner, const char *reason, int status);
};

enum {
    STREAM_QUEUE_HIGH = 256 * 1024,
    STREAM_QUEUE_LOW = 64 * 1024,
};

struct codec_limits {
    uint32_t request_line_bytes; /* H8: 32 KiB */
    uint32_t field_bytes;        /* one field: 32 KiB */
    uint32_t head_bytes;         /* 128 KiB */
    uint32_t field_count;        /* 200 */
    uint32_t streams;            /* h2 concurrent, toward the client: 128 */
    uint32_t window_bytes;       /* h2 receive window of a stream: 1 MiB */
    bool offer_websockets; /* h2: extended CONNECT (RFC 8441) for clients */
};
extern const struct codec_limits codec_limits_default;

struct codec *codec_new(enum http_version version, enum codec_side side,
    const struct codec_limits *limits, const struct codec_events *events,
    void *owner);
/* Frees every stream still there too: no stream_ call after it. */
void codec_free(struct codec **codec);

/* Feeds bytes from the peer.  ERR_PARSE, ERR_LIMIT: the connection is done;
 * flush the output, then close.  OK otherwise. */
enum err codec_feed(struct codec *codec, struct str bytes) MUST_USE;
/* The peer will send no more: ends close-delimited bodies, resets others. */
void codec_feed_eof(struct codec *codec);
/* The connection broke: a body that only its close would end was cut, too
 * (RFC 9112 §8, S2). */
void codec_feed_cut(struct codec *codec);

/* Moves up to about max bytes of pending output to the end of *out. */
void codec_take_output(struct codec *codec, struct buf *out, size_t max);
bool codec_has_output(const struct codec *codec);

/* False while bytes given to the owner and not yet consumed (stream_consumed)
 * fill the window: stop reading the connection.  h2 answers true always: its
 * windows hold the peer back. */
bool codec_wants_input(const struct codec *codec);
/* After the output is flushed the connection must be closed. */
bool codec_wants_close(const struct codec *codec);
/* A body that only the end of the connection ends broke off (an HTTP/1.0
 * client's without a length): closed in good order it would seem whole
 * (RFC 9112 §8). */
bool codec_was_cut(const struct codec *codec);
/* True when input was held back (a pipelined request behind an exchange, bytes
 * before stream_make_opaque) and can go on now: after an event, the owner calls
 * codec_feed(codec, STR_NONE) while this says so. */
bool codec_has_input(const struct codec *codec);
/* Why the peer's input was refused last, a static word as in on_refused (and on
 * the origin side, where on_refused does not come); NULL: never. */
const char *codec_refusal(const struct codec *codec);
bool codec_is_idle(const struct codec *codec); /* no open stream */
enum http_version codec_version(const struct codec *codec);
/* Origin side: whether a WebSocket can be opened here: h1 always, h2 once the
 * peer has announced extended CONNECT (RFC 8441). */
bool codec_takes_websockets(const struct codec *codec);
/* Client side, h2: announces it, as limits.offer_websockets does at the start;
 * once, and never taken back. */
void codec_offer_websockets(struct codec *codec);
/* No new streams: h2 sends GOAWAY, h1 closes after the current exchange. */
void codec_drain(struct codec *codec);

/* ---- streams ---- */

/* Origin side, h2: introduces itself as the client of `like` did to us, or, of
 * a client of another version, as we would; only the first time.  Before it,
 * or the first codec_open, nothing is sent. */
void codec_introduce(struct codec *codec, const struct codec *like);
/* Origin side: can a request be sent now (h1: connection idle; h2: below the
 * peer's concurrency limit and no GOAWAY)? */
bool codec_can_open(const struct codec *codec);
/* No stream can be opened any more, only open ones end (GOAWAY, h1: close). */
bool codec_is_leaving(const struct codec *codec);
/* Origin side: sends a request head (not taken). has_body false: ends here. */
struct stream *codec_open(
    struct codec *codec, const struct head *request, bool has_body, void *user);

/* A stream belongs to the codec but stays valid until its owner releases it;
 * after that no event of it comes.  Release before both directions are done
 * resets it (h1: closes the connection). */
void stream_release(struct stream *stream);
void *stream_user(const struct stream *stream);
void stream_set_user(struct stream *stream, void *user);
uint32_t stream_number(const struct stream *stream); /* for logs */

/* Client side: a response head, interim (status < 200) or final.  The codec
 * chooses the framing: content-length where declared, else chunked.  With
 * has_body false the message ends here (no stream_send_end needed). */
void stream_send_head(
    struct stream *stream, const struct head *head, bool has_body);
/* Body bytes, copied.  Unbounded by itself: heed stream_queued. */
void stream_send_data(struct stream *stream, struct str data);
void stream_send_end(struct stream *stream, const struct head *trailers);
/* Cuts the message so that the peer can tell: h2 RST_STREAM; h1 closes the
 * connection without the last chunk. */
void stream_reset(struct stream *stream, enum stream_error error);
size_t stream_queued(const struct stream *stream);
/* The owner is done with n bytes of on_data: opens the window again. */
void stream_consumed(struct stream *stream, size_t n);

/* h1 only, after CONNECT's head or after an Upgrade was agreed (101 sent or
 * received): the connection is no HTTP any more.  Ends parsing and moves the
 * bytes already read beyond the head to *rest_out. */
void codec_take_over(struct codec *codec, struct buf *rest_out);
/* After an agreed Upgrade (h1 101, h2 extended CONNECT 200) body bytes both
 * ways are the new protocol's: on_data and stream_send_data carry them as
 * they are.  Call on both codecs' streams once the answer is sent. */
void stream_make_opaque(struct stream *stream);

#endif
