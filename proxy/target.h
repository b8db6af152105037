/*
 * What happens with a target: inspect it, relay it unseen, or refuse it.
 * Pure decisions over the configuration; the address a name resolves to is
 * checked again where it is dialled (proxy/dial.c).  (P1–P5)
 */
#ifndef PROXY_TARGET_H
#define PROXY_TARGET_H

#include "proxy/conf.h"
#include "proxy/hello.h"

enum target_action {
    TARGET_INSPECT,
    TARGET_TUNNEL,
    TARGET_REFUSE,
    TARGET_ASK, /* a learnable host: INSPECT if an answer named it, else TUNNEL
                   (inspect/keep.h) */
};

struct target_choice {
    enum target_action action;
    const char *reason; /* why refused, or "bypass"; a bounded word */
};

/* host: as given by the client. *host_out: lower case, without a trailing
 * dot, in the arena; a name that is neither a host name nor an IP literal is
 * refused (P2: decimal, hex, octal spellings). */
struct target_choice target_choose(const struct conf *conf, struct str host,
    uint16_t port, struct arena *arena, struct str *host_out);

/* Public, or in upstream.allow_private. */
bool target_permits(
    const struct settings *settings, const struct net_address *address);

/* A ClientHello behind a CONNECT: the reason to refuse it, or NULL. */
const char *target_check_hello(const struct conf *conf, struct str connect_host,
    enum target_action action, const struct hello *hello);

#endif
