/*
 * What RFC 5280 forbids in a certificate whatever its chain, and OpenSSL lets
 * pass: extensions that do not parse, serial numbers of no length allowed,
 * rights of an authority in a certificate of none.  Rules that private
 * authorities break out of habit, and by which nothing is decided, are left
 * out: docs/reliability.md names each.
 */
#ifndef CERTS_PROFILE_H
#define CERTS_PROFILE_H

#include "base/openssl.h"

enum profile_place {
    PROFILE_SERVER,    /* the server's own */
    PROFILE_AUTHORITY, /* between it and the root */
    PROFILE_ROOT, /* believed as it is; only what it demands of others counts */
    PROFILE_SERVER_AND_ROOT, /* a server's that is a root itself */
};

/* NULL, or what is wrong with it in a few words. */
const char *profile_mistake(X509 *cert, enum profile_place place);

#endif
