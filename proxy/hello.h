/*
 * Reads the server name and what is offered (ALPN, ciphers, groups,
 * signatures) out of a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3,
 * RFC 7301), over any record and fragment cut, without consuming anything and
 * without OpenSSL.  (C6, C10)
 */
#ifndef PROXY_HELLO_H
#define PROXY_HELLO_H

#include <stdbool.h>

#include "base/arena.h"
#include "proxy/tls_offer.h"

/* A ClientHello message longer than this, or one that is not whole within so
 * many bytes of records: ERR_LIMIT. */
enum { HELLO_MAX = 64 * 1024 };

struct hello {
    struct str server_name; /* lower case, without a trailing dot; empty: none.
                               A name that is no host name: ERR_PARSE. */
    bool offers_h2, offers_h1; /* ALPN */
    bool has_alpn;
    bool has_ech;           /* means nothing by itself: browsers grease it */
    struct tls_offer offer; /* lists in the arena */
};

/* bytes: all that the client has sent so far.  ERR_AGAIN: more is needed.
 * ERR_UNSUPPORTED: this is not TLS.  ERR_PARSE: a broken hello.  Strings come
 * from the arena. */
enum err hello_parse(
    struct str bytes, struct arena *arena, struct hello *hello_out) MUST_USE;

#endif
