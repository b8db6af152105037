/*
 * The insides of a session, shared by the files that make it up and by no
 * other: session.c (life, events, flush, timers), front.c (proxy requests),
 * tunnel.c (opaque relay), intercept.c (TLS to an in-scope host), origin.c
 * (connections to the origin), txn*.c (exchanges), reply.c (our own answers).
 *
 * Rule: codec callbacks and world answers only note facts and mark what is to
 * be pumped; session_settle, at the end of every event, pumps transactions,
 * flushes output, reaps what is dead.  So nothing is freed under a caller's
 * feet and nothing feeds from inside a callback.
 */
#ifndef PROXY_SESSION_PARTS_H
#define PROXY_SESSION_PARTS_H

#include "inspect/identity.h"
#include "proxy/conf.h"
#include "proxy/hello.h"
#include "proxy/http.h"
#include "proxy/target.h"
#include "proxy/session.h"
#include "proxy/tls.h"

enum session_state {
    SESSION_FRONT,   /* plain HTTP/1 with the client: proxy requests */
    SESSION_LOGIN,   /* a proxy login is being checked */
    SESSION_LOOKUP,  /* the keeper is asked whether the host was learnt */
    SESSION_CONNECT, /* TUNNEL: waiting for the TCP connection */
    SESSION_PEEK,    /* 200 sent; waiting for the client's first bytes */
    SESSION_TUNNEL,  /* opaque relay */
    SESSION_ORIGIN,  /* INSPECT: TLS to the origin under way */
    SESSION_MINT,    /* waiting for the leaf */
    SESSION_ACCEPT,  /* TLS with the client under way */
    SESSION_HTTP,    /* exchanges of an in-scope host */
    SESSION_CLOSING, /* output is flushed, then the session ends */
    SESSION_STATES,
};

/* One connection with what runs on it. */
struct side {
    struct session *session;
    struct link *link; /* NULL once closed */
    struct tls *tls;   /* NULL: clear text */
    struct codec *codec;
    bool got_eof;
    bool is_client;
};

enum origin_state {
    ORIGIN_DIALING,
    ORIGIN_HANDSHAKE,
    ORIGIN_OPEN,
    ORIGIN_DEAD
};

/* For another request on it. */
enum origin_room { ROOM_NEVER, ROOM_LATER, ROOM_NOW };

/* A connection to an origin; a session has one, or several where a
 * multiplexing client meets an HTTP/1 origin, or after reconnects. */
struct origin {
    struct side side; /* first: a link's user is a struct side */
    struct origin *next;
    enum origin_state state;
    enum origin_room room; /* as those who wait were told last */
    struct str host;       /* session arena */
    uint16_t port;
    bool uses_tls;
    bool is_h1_only;      /* made for a WebSocket's upgrade */
    bool was_used;        /* has carried an exchange before */
    uint64_t deadline_ms; /* dialing and handshake */
    /* why it is dead, when no exchange was possible */
    const char *failure;
    struct str failure_detail; /* session arena */
};

enum judge {
    JUDGE_COLLECT,
    JUDGE_STEP,
    JUDGE_ASK,
    JUDGE_READ,
    JUDGE_RECORD,
    JUDGE_CLEAR,
    JUDGE_BLOCKED
};
enum txn_state { TXN_WAIT, TXN_RELAY, TXN_FINISH, TXN_OVER };

/* One exchange. */
struct txn {
    struct session *session;
    struct txn *next;
    uint64_t id;
    enum txn_state state;
    enum judge judge;
    bool is_ready;   /* pump it at the next settle */
    bool wants_turn; /* … after the loop has looked at its sockets */

    struct head *request;
    struct str host; /* session arena */
    uint16_t port;
    bool uses_tls;
    struct exchange *exchange; /* NULL: not inspected (out of scope) */
    struct stream *client_stream, *origin_stream;
    struct origin *origin;
    struct txn_ws *ws; /* a WebSocket is asked for, to be inspected */

    struct buf body; /* request bytes not yet handed to the origin */
    bool request_ended, request_end_sent;
    struct head *request_trailers;
    size_t up_unconsumed;   /* client bytes whose window is still closed */
    size_t down_unconsumed; /* origin bytes, likewise */
    bool got_response, response_ended, is_opaque;
    bool client_gone;
    bool outlives_client; /* what came down is still asked about, or read */
    bool was_retried;
    bool is_asking_early; /* the keeper, of an upload */
    unsigned records_pending;
    uint64_t touched_ms, judged_us;
    int status;
    struct txn *hold_prev, *hold_next; /* hold.c's */
    bool is_holding;
};

struct session {
    struct world *world;
    struct conf *conf; /* counted */
    struct arena arena;
    uint64_t number;
    enum session_state state;
    struct side client;
    struct origin *origins;
    struct txn *txns;
    uint64_t next_txn_id;
    size_t txn_count;
    struct exchange_env env;

    /* who */
    char client_ip[NET_TEXT_BYTES];
    struct str user, groups;
    struct identity_memory memory;
    struct str credentials; /* last good Proxy-Authorization value */

    /* CONNECT */
    struct str host;
    uint16_t port;
    enum target_action action;
    struct buf peeked; /* client's first bytes after the 200 */
    struct hello hello;
    struct link *target; /* TUNNEL: the other side */
    bool target_eof;
    struct stream *connect_stream;
    struct head *connect_head; /* waiting for the login, the keeper or the
                                  connection */
    struct codec *front_codec; /* taken over from, while an exchange before the
                                  CONNECT still has a stream of it */
    /* What came of that request's body meanwhile; unconsumed, so the codec's
     * window bounds it. */
    struct buf early_body;
    bool early_ended;
    struct head *early_trailers;

    /* In place of an origin: every request gets this page. */
    const char *failure;
    struct str failure_detail;

    uint64_t timer_at_ms;
    uint64_t deadline_ms; /* of the present state; 0: none */
    size_t held_bytes;
    bool wants_later, is_draining, is_over, is_settling;
    bool is_stopping;  /* draining because the worker ends */
    bool is_lingering; /* only exchanges that outlive the client are left */
    struct buf plain;  /* scratch for decrypted bytes, empty between events */
};

/* The front's own question to the keeper; exchanges use their ids. */
#define SESSION_KEEP_TOKEN UINT64_MAX

/* session.c */
void session_set_state(struct session *s, enum session_state state);
void session_set_deadline(struct session *s, int64_t after_ms);
void session_fail(struct session *s);  /* close at once, nothing to say */
void session_close(struct session *s); /* after the output is flushed */
uint64_t session_now(const struct session *s);
void session_wake_at(struct session *s, uint64_t at_ms);
void side_start_codec(struct side *side, enum http_version version);
/* Decrypts what the side's TLS holds and feeds its codec. */
void side_feed(struct side *side, struct str bytes);
void side_free(struct side *side);
/* Request bytes held by all sessions of this worker. */
size_t session_worker_held(void);
void session_hold(struct session *s, int64_t bytes);
/* Of plain text that passed, nothing stays in its connections. */
void session_forget(struct session *s);

/* hold.c: the exchanges of the worker whose bodies are held. */
void hold_join(struct txn *t);
void hold_leave(struct txn *t);
/* Whether more of a held body may be read now; else hold_wake will pump it. */
bool hold_may_read(struct txn *t);
void hold_wake(void);

/* front.c */
/* Answered with 503, since memory is short (F43); the caller ends it. */
bool front_sheds(
    struct session *s, struct stream *stream, const struct head *head);
void front_on_request(
    struct session *s, struct stream *stream, struct head *head);
/* After CONNECT was answered: takes the codec off the client's side. */
void front_take_over(struct session *s);
void front_on_login(struct session *s, bool is_good, struct str groups);
void front_on_crowded(struct session *s);
void front_on_learnt(struct session *s, struct str answer);
void front_on_connected(struct session *s, enum dial_result result);

/* tunnel.c */
void tunnel_on_client_bytes(struct session *s, struct str data);
void tunnel_on_target_bytes(struct session *s, struct str data);
void tunnel_on_client_eof(struct session *s);
void tunnel_on_target_eof(struct session *s);
void tunnel_on_drained(struct session *s, struct link *link);
void tunnel_on_deadline(struct session *s);
void tunnel_start(struct session *s);

/* intercept.c */
void intercept_on_bytes(struct session *s, struct str data); /* PEEK */
void intercept_on_origin(struct session *s, struct origin *origin);
void intercept_on_leaf(struct session *s, struct leaf *leaf, enum err err);
void intercept_on_accepted(struct session *s);
/* What the origin is offered, as enum bits of tls.h. */
unsigned intercept_origin_alpn(const struct session *s);

/* origin.c */
struct origin *origin_new(
    struct session *s, struct str host, uint16_t port, bool uses_tls);
void origin_on_dialed(struct origin *origin, enum dial_result result);
void origin_on_bytes(struct origin *origin, struct str data);
void origin_on_eof(struct origin *origin);
void origin_fail(struct origin *origin, const char *failure, struct str detail);
/* A stream for the transaction, or NULL: it waits (a connection is being
 * made). *failed_out: none can be had; the session's last failure says why. */
struct stream *origin_open_stream(struct txn *txn, struct origin **failed_out);
/* A connection on which the origin announced extended CONNECT (RFC 8441). */
bool origin_has_h2_websockets(const struct session *s);
/* Exchanges that wait look again when a connection takes requests anew, or
 * never will; true: there are some. */
bool origin_look_for_room(struct session *s);
void origin_reap(struct session *s);
const char *dial_failure(enum dial_result result);

/* txn_client.c, txn_origin.c */
extern const struct codec_events txn_client_events;
extern const struct codec_events txn_origin_events;
/* The body that came while the front was still asking. */
void txn_take_early(struct txn *txn);

/* txn.c */
void txn_new(struct session *s, struct stream *stream, struct head *head,
    struct str host, uint16_t port, bool uses_tls, bool is_inspected);
void txn_pump(struct txn *txn);
void txn_free(struct txn **txn);
void txn_on_deadline(struct txn *txn, uint64_t now_ms);
uint64_t txn_deadline(const struct txn *txn);
struct txn *txn_find(struct session *s, uint64_t id);
void txn_origin_failed(struct txn *txn, const char *failure, struct str detail);
static inline struct txn *txn_of(const struct stream *stream)
{
    return stream_user(stream);
}
void txn_touch(struct txn *txn); /* its deadline starts anew */
/* No response of the origin will be relayed (any more): the client got
 * `status` from us, or nothing (0). */
void txn_finish_with(struct txn *txn, int status);
void txn_release_streams(struct txn *txn);

/* txn_judge.c */
/* As far as it goes now: collects, steps, decides. */
void txn_pump_judge(struct txn *txn);
/* Steps the exchange to its end; false while something is awaited. */
bool txn_step(struct txn *txn);
void txn_on_recorded(struct txn *txn, enum err err);
void txn_on_extracted(struct txn *t, const struct extract_report *report);
void txn_on_kept(struct txn *txn, struct str answer);

/* txn_record.c, txn_head.c */
/* What the exchange has to record and to note; waits: OPEN ones are awaited. */
void txn_send_records(struct txn *txn, bool waits);
/* What it leaves with the keeper; txn_send_records does it, too. */
void txn_send_notes(struct txn *txn);
void txn_prepare_request(struct txn *txn);
void txn_prepare_trailers(struct txn *txn);
void txn_prepare_response(const struct txn *txn, struct head *head);

/* Hands a record over; waits: the transaction goes on once it is durable. */
void txn_send_record(struct txn *txn, struct record *record, bool waits);

/* txn_ws.c: an inspected WebSocket, from the upgrade to the close. */
void txn_ws_new(struct txn *txn);
void txn_ws_free(struct txn *txn);
/* Why the upgrade goes no further, a static word; NULL: it may. */
const char *txn_ws_refusal(const struct txn *txn);
/* The origin agrees; where that is not understood, nothing is opened. */
void txn_ws_open(struct txn *txn, struct head *response);
bool txn_ws_is_open(const struct txn *txn);
void txn_ws_on_client_data(struct txn *txn, struct str data);
void txn_ws_on_client_end(struct txn *txn);
void txn_ws_on_origin_data(struct txn *txn, struct str data);
void txn_ws_on_origin_end(struct txn *txn);
/* False: the client is to see it, too. */
bool txn_ws_on_origin_reset(struct txn *txn);
void txn_ws_on_recorded(struct txn *txn, enum err err);
/* False: the question was not the socket's. */
bool txn_ws_on_kept(struct txn *txn, struct str answer);
bool txn_ws_on_extracted(struct txn *txn, const struct extract_report *report);
void txn_ws_pump(struct txn *txn);
/* No more is relayed. */
void txn_ws_end(struct txn *txn);
/* Steps to the last record; false: to be called again. */
bool txn_ws_pump_end(struct txn *txn);
uint64_t txn_ws_deadline(const struct txn *txn);
void txn_ws_on_deadline(struct txn *txn);

/* reply.c */
enum reply_kind {
    REPLY_BAD_GATEWAY,
    REPLY_TIMEOUT,
    REPLY_SLOW_REQUEST,
    REPLY_FORBIDDEN,
    REPLY_MISDIRECTED,
    REPLY_UNAVAILABLE,
};
/* A whole answer of our own, as a page or as JSON, whatever the client asked
 * for.  reason: a bounded word; detail: shown, escaped. */
void reply_error(struct session *s, struct stream *stream,
    const struct head *request, enum reply_kind kind, const char *reason,
    struct str detail);
void reply_text(struct stream *stream, int status, const char *type,
    struct str body, bool is_head);
void reply_login(struct stream *stream);
int reply_status(enum reply_kind kind);

/* pages.c: the addresses the proxy port itself answers. */
void pages_serve(
    struct session *s, struct stream *stream, const struct head *request);

/* refusal.c: a record that a connection or request was refused. */
void refusal_record(
    struct session *s, struct str host, const char *reason, struct str detail);

#endif
