/*
 * Messages of captured WebSockets on their way from a HAR to the channel
 * (inspect/channel.h).  Called by proxy/replay.c.
 */
#include "proxy/replay_socket.h"

#include "base/base64.h"

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2 };
enum { STATUS_UPGRADED = 101, STATUS_OK = 200 };

const struct json_node *replay_socket_messages(const struct json_node *entry)
{
    const struct json_node *list = json_get(entry, "_webSocketMessages");
    return json_is(list, JSON_ARRAY) ? list : NULL;
}

bool replay_is_socket(const struct json_node *entry)
{
    struct str url = json_path_text(entry, "request/url");
    return replay_socket_messages(entry) != NULL ||
           str_starts_nocase(url, "wss:") || str_starts_nocase(url, "ws:") ||
           str_is(json_get_text(entry, "_resourceType"), "websocket");
}

int replay_socket_status(const struct json_node *entry)
{
    int64_t status;
    if (json_int(json_path(entry, "response/status"), &status) != OK ||
        status <= 0)
        return STATUS_UPGRADED;
    return status == STATUS_UPGRADED || status == STATUS_OK ? (int)status : 0;
}

/* Chrome writes seconds, with a fraction. */
int64_t replay_message_time(const struct json_node *message, int64_t otherwise)
{
    double seconds;
    if (json_double(json_get(message, "time"), &seconds) != OK ||
        !(seconds > 0 && seconds < 1e12))
        return otherwise;
    return (int64_t)(seconds * 1000 + 0.5);
}

void replay_socket_message(
    struct channel *channel, const struct json_node *message, int64_t time_ms)
{
    struct str data = json_get_text(message, "data");
    bool is_sent = str_is(json_get_text(message, "type"), "send");
    int64_t opcode;
    struct buf bytes = {0};
    if (json_int(json_get(message, "opcode"), &opcode) != OK)
        opcode = OPCODE_TEXT;
    if (opcode != OPCODE_TEXT && opcode != OPCODE_BINARY)
        return; /* pings and closes carry nobody's words */
    if (opcode == OPCODE_BINARY && base64_decode(data, &bytes) == OK)
        data = buf_str(&bytes);
    enum channel_side side = is_sent ? CHANNEL_CLIENT : CHANNEL_SERVER;
    if (data.n > CHANNEL_MESSAGE_MAX)
        channel_oversize(channel, side);
    else
        channel_message(channel, side, opcode == OPCODE_TEXT, data, time_ms);
    buf_wipe_free(&bytes);
}
