/*
 * Captured WebSockets: Chrome's `_webSocketMessages` of a HAR entry, for
 * promptgate replay.  Messages are whole and already inflated there.
 */
#ifndef PROXY_REPLAY_SOCKET_H
#define PROXY_REPLAY_SOCKET_H

#include "inspect/channel.h"
#include "inspect/json.h"

/* By its address, kind or messages. */
bool replay_is_socket(const struct json_node *entry);
/* With which the client was let in: 101, or 200 of an extended CONNECT; 101
 * where the capture does not say; 0: it was not. */
int replay_socket_status(const struct json_node *entry);
/* The list of messages, or NULL. */
const struct json_node *replay_socket_messages(const struct json_node *entry);
/* Epoch milliseconds; otherwise: where the message says none. */
int64_t replay_message_time(const struct json_node *message, int64_t otherwise);
/* Then, step. */
void replay_socket_message(
    struct channel *channel, const struct json_node *message, int64_t time_ms);

#endif
