/*
 * Whether a server's certificate chain may be believed: the policy of the
 * gateway towards origins, usable without a connection.
 *
 * Believed is a chain to a configured root (never the gateway's own CA, even
 * if the system store has it, U11) in which every date, basicConstraints,
 * keyUsage, pathLen, nameConstraints and serverAuth holds (U1, U4, U5), none
 * of them of a form that RFC 5280 forbids (certs/profile.h), for a
 * name in subjectAltName only, wildcards as one whole leftmost label, IP
 * literals by iPAddress only (U2, U3), without MD5, SHA-1, DSA, RSA below
 * 2048 bits or odd curves (U6), of at most TRUST_CHAIN_MAX certificates
 * (U16), and not revoked by a local CRL or a stapled OCSP answer (U8, U9).
 *
 * CRLs: what a CRL lists is refused even when the CRL itself is out of date; a
 * missing or out-of-date CRL refuses nothing else.  A CRL whose signature is
 * wrong refuses every certificate of that issuer.
 */
#ifndef CERTS_TRUST_H
#define CERTS_TRUST_H

#include "base/bundle.h"
#include "base/openssl.h"

enum { TRUST_CHAIN_MAX = 10, TRUST_TEXT_BYTES = 256 };

struct trust;

struct trust_verdict {
    const char *reason; /* NULL: believed; otherwise a word for metrics */
    int x509_error;     /* X509_V_…, picks the alert */
    char detail[TRUST_TEXT_BYTES];  /* printable ASCII */
    char subject[TRUST_TEXT_BYTES]; /* of the server's certificate, escaped */
    char issuer[TRUST_TEXT_BYTES];
    int64_t valid_until_ms; /* believed: when the first of the chain expires */
};

/* Reads BUNDLE_ROOTS, BUNDLE_CRL and BUNDLE_CA.  Mistakes go to diag; NULL
 * when there was one. */
struct trust *trust_new(const struct bundle *bundle, struct diag *diag);
void trust_free(struct trust **trust);

/* Roots that count for the hosts of one pattern (host_matches) only, besides
 * those that count for all; of several patterns that fit a host the first
 * added decides.  pattern is borrowed for the life of trust.  Mistakes go to
 * diag (U13). */
void trust_add_host_roots(struct trust *trust, struct str pattern,
    const struct bundle_file *file, struct diag *diag);

/* A certificate that demands a staple is taken without one, too (U10). */
void trust_ignore_missing_staple(struct trust *trust);

/* host: lower case, no trailing dot; an IP literal without brackets.
 * untrusted may be NULL.  OK, with the chain (leaf first) for the caller to
 * free, or ERR_DENIED and why. */
enum err trust_verify(struct trust *trust, X509 *leaf,
    STACK_OF(X509) * untrusted, struct str host, int64_t now_ms,
    struct trust_verdict *verdict_out, STACK_OF(X509) * *chain_out) MUST_USE;

/* A stapled OCSP response (empty: none came) for the leaf of a chain that was
 * believed for the host.  ERR_DENIED: revoked, or the certificate demands a
 * staple (RFC 7633) and no good one is there (U10).  A staple that cannot be
 * verified counts as none. */
enum err trust_check_staple(struct trust *trust, struct str host,
    STACK_OF(X509) * chain, struct str staple,
    struct trust_verdict *verdict_out) MUST_USE;

/* How many words trust_verdict.reason can be, for metrics: the list ends with
 * NULL. */
extern const char *const trust_reasons[];

#endif
