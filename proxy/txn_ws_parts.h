/*
 * What the parts of an inspected WebSocket share: its state, and the calls
 * between txn_ws.c (from the upgrade to the close), txn_ws_relay.c (what is
 * read from either side and passed to the other) and txn_ws_judge.c (the
 * channel: verdicts, records, the keeper).  For these only.
 */
#ifndef PROXY_TXN_WS_PARTS_H
#define PROXY_TXN_WS_PARTS_H

#include "inspect/channel.h"
#include "proxy/session_parts.h"
#include "proxy/ws.h"

enum socket_state {
    SOCKET_NEW, /* asked for */
    SOCKET_OPEN,
    SOCKET_ENDING, /* refused: the origin's message under way ends first */
    SOCKET_CLOSED, /* our closes are sent; theirs are waited for */
};

struct txn_ws {
    const char *refusal; /* static word */
    enum socket_state state;
    struct channel *channel;
    bool is_channel_ended;
    struct ws_reader *up, *down;
    bool is_asked, is_reading, is_channel_ready;

    /* from the client */
    struct buf pending;     /* not read yet; the window stays closed */
    struct ws_event judged; /* a whole message; borrowed from `up` */
    bool has_judged, is_oversize, is_recording;
    struct str passing; /* cleared for the origin; borrowed from `up` */
    uint64_t judged_us;
    uint64_t client_ms; /* when it sent something last */
    bool client_ended;  /* no more bytes come */
    bool client_closed; /* its close has come */
    bool client_broke;  /* what it sends cannot be read */
    bool end_passed;    /* HTTP/2: the origin knows that the client ended */

    /* from the origin */
    struct buf frame;                /* the one under way, withheld */
    bool shows_frame, shows_message; /* the client has a part of one */
    bool origin_ended;               /* or cannot be read */
    bool origin_closed;

    struct buf notice;  /* block message */
    unsigned status;    /* of the closes that we send */
    uint64_t ending_ms; /* since when it is being ended */
    size_t held;        /* counted by session_hold */
};

/* ---- txn_ws.c ---- */

/* Ends the socket from here: nothing more of the client's goes on; waits: the
 * client is first shown the rest of the origin's message under way. */
void socket_end_with(struct txn *t, unsigned status, bool waits);
/* The client's close, or the cut where a frame is half sent to it. */
void socket_close_client(struct txn *t);
void socket_violated(
    struct txn *t, enum ws_sender by, const struct ws_event *event);

/* ---- txn_ws_relay.c ---- */

/* Sends what is cleared, as far as there is room. */
void socket_pass_on(struct txn *t);
void socket_read_client(struct txn *t);

/* ---- txn_ws_judge.c ---- */

void socket_tell(struct txn *t, enum channel_side side, enum ws_found found,
    const struct ws_event *event);
/* True when there is nothing to do: what came was looked at, its records are
 * on their way. */
bool socket_step(struct txn *t);
/* Decides on the client's message once it is judged and recorded. */
void socket_judge(struct txn *t);

#endif
