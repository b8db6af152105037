/*
 * Opening a WebSocket (RFC 6455 §4, RFC 8441 §5): what of a client's upgrade
 * goes on to the origin, and what the two heads have agreed.  Only what our
 * reader understands is offered: extensions other than permessage-deflate
 * (RFC 7692) are taken out.  An answer that agrees on anything else is refused;
 * a socket that cannot be read is never opened.
 */
#ifndef PROXY_WS_HANDSHAKE_H
#define PROXY_WS_HANDSHAKE_H

#include <stdbool.h>

#include "proxy/http.h"

struct ws_agreed {
    bool has_deflate;
    bool client_resets, server_resets; /* …_no_context_takeover */
};

/* A head that asks for a WebSocket: :protocol or Upgrade say so. */
bool ws_is_upgrade(const struct head *request);

/* Rewrites the offer of extensions.  NULL: fine, else why this is no upgrade
 * that could be understood, a static word. */
const char *ws_prepare_request(struct head *request);

/* response: 101 (HTTP/1.1) or 2xx (HTTP/2) to the prepared request.  NULL: the
 * socket is open, as *agreed_out says; else a static word. */
const char *ws_check_response(const struct head *request,
    const struct head *response, struct ws_agreed *agreed_out);

#endif
