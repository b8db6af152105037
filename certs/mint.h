/*
 * Builds certificates: the installation's CA and leaves under it.
 *
 * A leaf has exactly the asked-for host as its one SAN (DNS or IP),
 * serverAuth, digitalSignature, CA:FALSE, SKI and AKI, a positive serial of
 * 128 random bits, ECDSA P-256 with SHA-256, 30 days of life and 25 hours of
 * backdating for clients whose clocks are wrong, but never outside the CA's
 * own dates.  (C1; CA/B BR 7.1.2.7)
 */
#ifndef CERTS_MINT_H
#define CERTS_MINT_H

#include "base/openssl.h"
#include "base/str.h"

enum {
    MINT_HOST_MAX = 253,
    MINT_LEAF_DAYS = 30,
    MINT_BACKDATE_HOURS = 25,
    MINT_CA_DAYS = 5 * 365,
};

/* True for a lower-case DNS name of letters, digits, '-' and '_' in labels of
 * 1 to 63 bytes (no trailing dot), or an IP literal without brackets. */
bool mint_host_is_valid(struct str host);

/* ERR_PARSE: no valid host; ERR_DENIED: the CA is not valid now, or not for
 * this name (its nameConstraints, K4). */
enum err mint_leaf(X509 *ca_cert, EVP_PKEY *ca_key, struct str host,
    EVP_PKEY *public_key, int64_t now_ms, X509 **leaf_out) MUST_USE;

/* Self-signed, pathLen 0 (K4).  common_name: 1 to 64 bytes of UTF-8.  With
 * permitted names (valid hosts) it is good for these and what is below them
 * only; addresses are not limited. */
enum err mint_ca(struct str common_name, const struct str *permitted,
    size_t permitted_count, EVP_PKEY *key, int64_t now_ms,
    X509 **ca_out) MUST_USE;

#endif
