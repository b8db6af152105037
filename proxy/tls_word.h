/*
 * The bounded words of tls_failure (proxy/tls.h) for errors of OpenSSL and the
 * other side's alerts (RFC 8446 §6.2).  For tls.c.
 */
#ifndef PROXY_TLS_WORD_H
#define PROXY_TLS_WORD_H

#include <stdbool.h>

/* code: as ERR_get_error gives it.  wants_client_cert: the origin asked for a
 * certificate that we do not have (U18). */
const char *tls_word(
    unsigned long code, bool is_origin, bool wants_client_cert);

#endif
