/*
 * From a host and port to a connected socket: upstream.resolve first, then IP
 * literals, then the resolver; each address that would be used is checked
 * against the address policy, and the address checked is the address
 * connected to (P1, P2, P4).  Happy eyeballs (RFC 8305): families interleaved,
 * IPv6 first, an attempt every 250 ms or when one fails, the first to connect
 * wins.
 *
 * Ports are the front's to check.  No TLS here.
 */
#ifndef PROXY_DIAL_H
#define PROXY_DIAL_H

#include "proxy/resolve.h"
#include "proxy/session.h"

enum { DIAL_STAGGER_MS = 250 }; /* RFC 8305 §5 */

struct dial;

/* DIAL_OK: fd is the callee's, non-blocking, connected to peer; else -1. */
typedef void dial_done_fn(void *owner, enum dial_result result, int fd,
    const struct net_address *peer);

/* host: lower case, no brackets needed around IPv6 literals.  settings
 * (upstream.resolve, upstream.allow_private, timeouts.dial) is borrowed until
 * the end.  `done` comes from the loop, once, unless cancelled; the dial is
 * gone by then. */
struct dial *dial_start(uv_loop_t *loop, struct defer_queue *defer,
    struct resolver *resolver, const struct settings *settings, struct str host,
    uint16_t port, dial_done_fn *done, void *owner);
void dial_cancel(struct dial **dial);

/* Whether what a peer names may be connected to; address with its port. */
bool dial_permits(
    const struct settings *settings, const struct net_address *address);
/* Those of a host's addresses that may, with the port; how many. */
size_t dial_permitted(const struct settings *settings,
    const struct net_address *addresses, size_t count, uint16_t port,
    struct net_address out[RESOLVE_ADDRESSES_MAX]);

#endif
