/*
 * A WebSocket as the inspector sees it, from the upgrade to the close: whole
 * messages in, activities and verdicts out.  The proxy (proxy/txn_ws.c) and
 * the replay command feed it; frames, masks, fragments and compression are
 * theirs (proxy/ws.h).
 *
 * A client's message is held like a request body: fed, stepped until
 * channel_is_judged, its records made durable, then passed on or answered by
 * channel_block_message and a close.  The next one is fed only after that.  A
 * server's message is passed on at once and looked at as it goes; it may come
 * while a client's is held.
 *
 *   channel_new                    the upgrade was let through and accepted
 *   channel_message(side, …)
 *   channel_step*, channel_question/answer, channel_next_note,
 *   channel_next_record            as of exchange.h
 *   channel_end                    closed or broken off; step once more
 *
 * What a message is (a Codex turn, a command to the event socket, a realtime
 * event, legacy base64) follows from the route of the upgrade
 * (facts/chatgpt-wire.md §3.10, §4.6, §4.7, §9.2, §9.3); a message that the
 * map does not explain is harvested and scanned generically.  No I/O.
 */
#ifndef INSPECT_CHANNEL_H
#define INSPECT_CHANNEL_H

#include "inspect/exchange.h"

enum channel_side { CHANNEL_CLIENT, CHANNEL_SERVER };

/* A message above this, inflated, is refused (client) or passed unread and
 * recorded (server): channel_oversize. */
enum { CHANNEL_MESSAGE_MAX = 16 * 1024 * 1024 };

/* Answers that a socket left unfinished, for the next one of the same person:
 * of a worker, in exchange_env.pool. */
struct channel_pool;
struct channel_pool *channel_pool_new(void);
void channel_pool_free(struct channel_pool **pool);

struct channel;
/* Copies what it needs from the exchange of the upgrade; env is borrowed as
 * exchange_new borrows it.  status: with which the client was let in (101, or
 * 200 over HTTP/2), as the activities say. */
struct channel *channel_new(
    const struct exchange_env *env, const struct exchange *upgrade, int status);
void channel_free(struct channel **channel);

/* payload: borrowed until channel_step has returned EXCHANGE_READY for a
 * client's message, until this call returns for a server's.  time_ms 0: now. */
void channel_message(struct channel *channel, enum channel_side side,
    bool is_text, struct str payload, int64_t time_ms);
void channel_oversize(struct channel *channel, enum channel_side side);
/* A failure in the proxy turned the verdict of the client's message. */
void channel_fail(struct channel *channel, enum failure failure);

enum exchange_state channel_step(struct channel *channel);
/* After EXCHANGE_READ, until the next step: whose exchange_document is to be
 * read, and taken or skipped. */
struct exchange *channel_reading(const struct channel *channel);
struct str channel_question(const struct channel *channel);
void channel_answer(struct channel *channel, struct str answer);
enum err channel_next_note(
    struct channel *channel, struct buf *note_out) MUST_USE;
enum err channel_next_record(
    struct channel *channel, struct record *record_out) MUST_USE;

/* The client's message has its verdict: its OPEN records are to be durable
 * before it is passed on. */
bool channel_is_judged(const struct channel *channel);
const struct verdict *channel_verdict(const struct channel *channel);
/* The text frame that tells the page, in the service's shape; a close with
 * status 1008 follows it. */
void channel_block_message(struct channel *channel, struct buf *text_out);

/* The socket is closed; is_complete: by a closing handshake. */
void channel_end(struct channel *channel, bool is_complete);

#endif
