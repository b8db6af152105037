/*
 * Sessions with origins, for resumption: a bounded table by host name, least
 * recently used out first, in one worker and for one configuration
 * generation (a reload starts empty).
 *
 * A resumed handshake verifies no certificate, so a session carries the time
 * until which the verdict of its full handshake may be relied upon
 * (SESSIONS_AGE_MS at most); sessions that a resumed connection hands out
 * inherit that time (U12).
 */
#ifndef CERTS_SESSIONS_H
#define CERTS_SESSIONS_H

#include "base/openssl.h"
#include "base/str.h"

enum {
    SESSIONS_HOSTS = 256,
    SESSIONS_PER_HOST = 4,
    SESSIONS_AGE_MS = 10 * 60 * 1000,
};

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions **sessions);

/* Takes the session.  until_ms: when the verdict behind it ends. */
void sessions_put(struct sessions *sessions, struct str host,
    SSL_SESSION *session, int64_t until_ms);
/* A session for the caller to free, or NULL.  Those of TLS 1.3 come out only
 * once (RFC 8446 §C.4). */
SSL_SESSION *sessions_take(struct sessions *sessions, struct str host,
    int64_t now_ms, int64_t *until_ms_out);

#endif
