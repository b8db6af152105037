/*
 * WebSocket frames (RFC 6455 §5 to §7): one direction of a socket, read in any
 * cuts into whole messages, and the few frames that we write ourselves.
 *
 * The reader checks what the RFC demands of the sender's side: masking,
 * reserved bits, opcodes, lengths in their shortest form, control frames short
 * and whole, fragments in order, UTF-8 of texts, close codes.  Payloads are
 * unmasked and, where permessage-deflate was agreed (RFC 7692), inflated.  The
 * bytes as they came can be kept beside them, so that a message goes on
 * unchanged and both ends' compression contexts stay in step.
 *
 * Bounded: a message above message_max is read to its end but not kept, one
 * that inflates more than WS_RATIO_MAX times breaks the socket.  No I/O.
 */
#ifndef PROXY_WS_H
#define PROXY_WS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum ws_sender { WS_CLIENT, WS_SERVER };

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

/* RFC 6455 §7.4.1 */
enum ws_status {
    WS_STATUS_NORMAL = 1000,
    WS_STATUS_GOING_AWAY = 1001,
    WS_STATUS_PROTOCOL = 1002,
    WS_STATUS_NO_CODE = 1005, /* never on the wire */
    WS_STATUS_BAD_DATA = 1007,
    WS_STATUS_POLICY = 1008,
    WS_STATUS_TOO_BIG = 1009,
};

enum {
    WS_CONTROL_MAX = 125,
    WS_HEAD_MAX = 14,
    WS_RATIO_MAX = 200, /* once a message is over WS_RATIO_FREE_BYTES */
    WS_RATIO_FREE_BYTES = 1024 * 1024,
    WS_OVERHEAD_MAX = 64 * 1024, /* heads of one message's frames, kept */
};

/* What one sender may do, as the handshake agreed (proxy/ws_handshake.h). */
struct ws_rules {
    enum ws_sender sender;
    bool may_deflate;
    bool resets_context; /* …_no_context_takeover */
    bool keeps_wire;     /* events carry the frames as they came */
    size_t message_max;  /* inflated */
};

enum ws_found {
    WS_MORE,     /* all input is taken */
    WS_FRAGMENT, /* a data frame ended, its message goes on or is not kept */
    WS_MESSAGE,
    WS_CONTROL,
    WS_OVERSIZE, /* the message has grown over the limit: what is left of it
                    comes as WS_FRAGMENT */
    WS_BROKEN,   /* a violation; nothing more is read */
};

struct ws_event {
    enum ws_opcode opcode; /* WS_TEXT, WS_BINARY; WS_CLOSE … of a control */
    struct str payload;    /* of the whole message, inflated */
    struct str wire;       /* its frames as they came (keeps_wire) */
    unsigned status;       /* of a close; of a violation: to close with */
    const char *reason;    /* of a violation: a static word */
};

struct ws_reader;
struct ws_reader *ws_reader_new(const struct ws_rules *rules);
void ws_reader_free(struct ws_reader **reader);

/* Takes bytes off *input up to the next event.  What the event borrows is
 * valid until the next call.  Call until WS_MORE. */
enum ws_found ws_reader_next(
    struct ws_reader *reader, struct str *input, struct ws_event *event_out);

/* Gives back what the last event borrowed. */
void ws_reader_release(struct ws_reader *reader);
/* The rest of the message under way is not kept, as if it were too long. */
void ws_reader_skip(struct ws_reader *reader);
bool ws_reader_is_between_frames(const struct ws_reader *reader);
/* A message has begun and not ended (control frames may stand between). */
bool ws_reader_is_in_message(const struct ws_reader *reader);
/* Bytes kept of the message under way or in the last event. */
size_t ws_reader_kept(const struct ws_reader *reader);

/* ---- writing ---- */

/* One whole frame; a client's is masked. */
void ws_write_frame(struct buf *out, enum ws_sender sender,
    enum ws_opcode opcode, struct str payload);
/* reason: cut to what a control frame holds.  WS_STATUS_NO_CODE: none. */
void ws_write_close(
    struct buf *out, enum ws_sender sender, unsigned status, struct str reason);

#endif
