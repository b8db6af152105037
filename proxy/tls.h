/*
 * One TLS connection over memory (RFC 8446, RFC 5246), either side.
 *
 * Ciphertext goes in with tls_feed and comes out with tls_take_output;
 * plain text comes out with tls_read and goes in with tls_write.  No I/O.
 *
 * Origin side: TLS 1.2 and 1.3 only, AEAD and ECDHE (whatever more is offered
 * because the client's browser does), the chain, name, dates
 * and key usage verified before the handshake ends (U1–U7, U11, U14), no
 * renegotiation, compression or early data (U17).  Client side: a leaf from
 * certs/leaf.h, ALPN as told, sessions by ticket with keys shared by all
 * workers.
 */
#ifndef PROXY_TLS_H
#define PROXY_TLS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bundle.h"

struct leaf;        /* certs/leaf.h */
struct tls_context; /* one a worker and configuration generation */
struct tls_offer;   /* proxy/tls_offer.h */
struct tls;

/* Reads BUNDLE_ROOTS (the system store plus extra roots), BUNDLE_CRL and
 * BUNDLE_CA (never trusted upstream, U11; sent as the leaf's issuer) out of
 * the bundle.  ticket_keys: TLS_TICKET_KEY_BYTES of key material shared by
 * the workers of the node. */
enum { TLS_TICKET_KEY_BYTES = 80 };
struct tls_context *tls_context_new(
    const struct bundle *bundle, struct str ticket_keys, struct diag *diag);
/* upstream.missing_staple: ignore (U10). */
void tls_context_ignore_missing_staple(struct tls_context *context);
/* upstream.host_roots: see trust_add_host_roots (U13). */
void tls_context_add_host_roots(struct tls_context *context, struct str pattern,
    const struct bundle_file *file, struct diag *diag);
void tls_context_free(struct tls_context **context);

/* ALPN: bit set, in the order h2, http/1.1. */
enum { ALPN_H1 = 1, ALPN_H2 = 2 };

/* host: the name to verify and to send as SNI (an IP literal is matched with
 * iPAddress names, and no SNI goes out).  alpn 0: no ALPN extension.
 * offer: what the client offered, to be offered in its order; NULL: our own. */
struct tls *tls_new_origin(struct tls_context *context, struct str host,
    unsigned alpn, const struct tls_offer *offer);
/* leaf is borrowed for the life of the connection (it is counted).  alpn:
 * what may be chosen out of the client's offer; 0 chooses none. */
struct tls *tls_new_client(
    struct tls_context *context, struct leaf *leaf, unsigned alpn);
void tls_free(struct tls **tls);

/* Memory of OpenSSL comes from base/mem.h, which can zero it: before anything
 * else is asked of that library. */
void tls_use_mem(void);
/* Gives up what OpenSSL keeps of plain text; within mem_wipe_begin it is
 * zeroed. */
void tls_forget(struct tls *tls);

enum tls_phase { TLS_HANDSHAKE, TLS_OPEN, TLS_PEER_CLOSED, TLS_FAILED };
enum tls_phase tls_phase(const struct tls *tls);

/* Takes all of the ciphertext; advances the handshake.  ERR_PARSE, ERR_DENIED
 * (certificate): TLS_FAILED, an alert is in the output. */
enum err tls_feed(struct tls *tls, struct str ciphertext) MUST_USE;
/* Starts the handshake (origin side: ClientHello goes to the output). */
void tls_start(struct tls *tls);
/* Appends up to max plain bytes to *out: OK with some, ERR_AGAIN for none,
 * ERR_EOF after close_notify. */
enum err tls_read(struct tls *tls, struct buf *out, size_t max) MUST_USE;
/* Encrypts all of it; only in TLS_OPEN, and in TLS_PEER_CLOSED (a peer that
 * has closed its direction may still read). ERR_STATE otherwise. */
enum err tls_write(struct tls *tls, struct str plain) MUST_USE;
void tls_close(struct tls *tls); /* close_notify to the output */
/* Moves the pending ciphertext to the end of *out (a plain move when *out is
 * empty). */
void tls_take_output(struct tls *tls, struct buf *out);
bool tls_has_output(const struct tls *tls);

/* After TLS_OPEN: the chosen protocol, 0, ALPN_H1 or ALPN_H2. */
unsigned tls_alpn(const struct tls *tls);
bool tls_was_resumed(const struct tls *tls);
const char *tls_version_text(const struct tls *tls);

/* After ERR_DENIED on the origin side: why, for the page and the log (U15).
 * All strings are valid until tls_free and safe to show. */
struct tls_refusal {
    const char *reason; /* a bounded word for metrics: "expired", "unknown-
                           issuer", "name-mismatch", "weak-key", "revoked" …;
                           all of them: trust_reasons of certs/trust.h */
    const char *detail; /* OpenSSL's verify text and depth */
    struct str subject, issuer;
};
const struct tls_refusal *tls_refusal(const struct tls *tls);
/* In TLS_FAILED: a bounded word ("not-tls", "protocol-version", "handshake-
 * failure", "bad-record", "unexpected-message", "protocol-error",
 * "unrecognized-name", "no-application-protocol", "closed-in-handshake",
 * "client-refused-certificate", "client-certificate-required", "peer-alert";
 * "certificate" when there is a tls_refusal) and OpenSSL's text. */
const char *tls_failure(const struct tls *tls);
const char *tls_failure_detail(const struct tls *tls);

#endif
