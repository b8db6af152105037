/*
 * Names to addresses: c-ares in the loop, /etc/hosts first, and a small cache.
 * Knows nothing of policy: whoever connects checks each address it uses, and
 * connects to that very address (P1, P4).
 *
 * All files are read by resolver_new, before the sandbox closes; a change of
 * /etc/hosts or /etc/resolv.conf is seen by a worker started later.
 */
#ifndef PROXY_RESOLVE_H
#define PROXY_RESOLVE_H

#include <uv.h>

#include "base/net.h"
#include "base/settings.h"
#include "proxy/defer.h"

enum {
    RESOLVE_ADDRESSES_MAX = 16, /* taken of one answer, at most */
    RESOLVE_CACHE_MAX = 512,    /* names remembered or asked for now */
    RESOLVE_TTL_MAX_S = 30,
    RESOLVE_NEGATIVE_MS = 3000,
    /* Waiting for the other family when one has answered: RFC 8305 §3 for
     * IPv6 after IPv4; the other way round IPv4 is the fallback that a broken
     * IPv6 path needs, and gets more. */
    RESOLVE_WAIT_V6_MS = 50,
    RESOLVE_WAIT_V4_MS = 300,
    RESOLVE_TRY_MS = 1500, /* until a server is asked again */
    RESOLVE_TRIES = 2,
    RESOLVE_HOSTS_MAX_BYTES = 4 * 1024 * 1024,
};

struct resolver;
struct resolve_query;

/* addresses (without ports) are valid during the call; count 0: the name has
 * none, or no server said so in time. */
typedef void resolve_done_fn(
    void *owner, const struct net_address *addresses, size_t count);

/* ERR_IO: c-ares cannot start.  hosts_file: NULL for /etc/hosts. */
enum err resolver_new(uv_loop_t *loop, struct defer_queue *defer,
    const char *hosts_file, struct resolver **resolver_out) MUST_USE;
/* Open queries are forgotten.  The loop must run once more. */
void resolver_free(struct resolver **resolver);

/* Servers as "address" or "address:port"; none: those of resolv.conf.
 * Forgets the cache.  ERR_CONFIG: not addresses, the old ones stay. */
enum err resolver_set_servers(
    struct resolver *resolver, const struct str_list *servers) MUST_USE;

/* host: a name, lower case.  `done` comes from the loop, once, unless
 * cancelled. */
struct resolve_query *resolver_ask(struct resolver *resolver, struct str host,
    resolve_done_fn *done, void *owner);
void resolver_cancel(struct resolve_query **query);

#endif
