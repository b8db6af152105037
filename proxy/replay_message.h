/*
 * What a HAR 1.2 capture says of a request or an answer, for promptgate
 * replay.  Exporters keep the header of an encoding that they have undone,
 * give a form as a list of its fields and break lines of base64: what comes
 * out of here is as it was on the wire.  All of it borrows from the capture,
 * the arena and the buffer given.
 */
#ifndef PROXY_REPLAY_MESSAGE_H
#define PROXY_REPLAY_MESSAGE_H

#include "base/arena.h"
#include "inspect/exchange.h"
#include "inspect/json.h"

struct replay_fields {
    struct field *items;
    size_t count;
};

/* Without pseudo-headers; has room for one more. */
struct replay_fields replay_fields(
    struct arena *arena, const struct json_node *message);
/* made: empty, freed by the caller after the body's last use.  The fields get
 * what the capture tells of the body beside them. */
struct str replay_request_body(struct arena *arena,
    const struct json_node *request, struct replay_fields *fields,
    struct buf *made);
struct str replay_response_body(const struct json_node *response,
    struct replay_fields *fields, struct buf *made);
/* "https://chatgpt.com:443/a?b#c" into host and path with query.  False: no
 * address of HTTP or a WebSocket. */
bool replay_split_url(
    struct arena *arena, struct str url, struct exchange_request *r);
/* What is no number, or out of all reason, is `otherwise`. */
int64_t replay_number(const struct json_node *node, int64_t otherwise);
/* "1.0", "1.1", "2", "3" or NULL. */
const char *replay_version(const struct json_node *request);

#endif
