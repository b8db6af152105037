/*
 * What the two halves of proxy/tls.h share, and no other file: a context, which
 * lives as long as a configuration, and a connection.
 */
#ifndef PROXY_TLS_PARTS_H
#define PROXY_TLS_PARTS_H

#include "base/openssl.h"
#include "certs/trust.h"
#include "proxy/tls.h"
#include "proxy/tls_offer.h"

enum { MIRRORS_MAX = 16 };

/* For origins, with what a client offered: browsers of one kind share it. */
struct mirror {
    struct tls_words words;
    SSL_CTX *ctx;
};

struct tls_context {
    SSL_CTX *origin, *client;
    struct mirror mirrors[MIRRORS_MAX];
    size_t mirror_count, mirror_next; /* the oldest makes room */
    BIO_METHOD *bio_method;
    struct trust *trust;
    struct tickets *tickets;
    struct sessions *sessions;
};

struct tls {
    struct tls_context *context;
    SSL *ssl;
    struct leaf *leaf; /* client side */
    enum tls_phase phase;
    enum err error; /* in TLS_FAILED */
    bool is_origin;
    bool wants_client_cert;  /* the origin asked for one (U18) */
    const char *weak_cipher; /* that the origin chose; NULL: none */
    unsigned alpn;
    unsigned chatter; /* messages since the last plain text */
    struct str input; /* borrowed during tls_feed */
    struct buf output, plain;
    const char *failure;
    char failure_detail[TRUST_TEXT_BYTES];
    struct trust_verdict verdict;
    struct tls_refusal refusal;
    STACK_OF(X509) * chain; /* believed, until the handshake is over */
    int64_t until_ms;       /* how long the verdict may serve resumption */
    size_t host_n;
    char host[];
};

static inline struct str tls_host(const struct tls *tls)
{
    return str_make(tls->host, tls->host_n);
}

/* ---- tls_context.c ---- */

/* Wire form of the protocols in order of preference (RFC 7301 §3.1). */
struct str tls_alpn_wire(unsigned alpn);
/* For connections to origins in a client's name; owned by the context. */
SSL_CTX *tls_context_mirror(
    struct tls_context *context, const struct tls_offer *offer);

/* ---- tls.c ---- */

/* Between OpenSSL and the bytes of a connection (its BIO's data). */
BIO_METHOD *tls_bio_method_new(void);

#endif
