/*
 * What a client offers in its hello, to be offered to the origin in its place:
 * services turn away clients whose TLS is not their browser's
 * (reliability.md §3, need 2).
 *
 * GREASE (RFC 8701) and what OpenSSL does not know are left out, and so is
 * what U6 and U7 forbid.  Pure functions over borrowed bytes, no OpenSSL.
 */
#ifndef PROXY_TLS_OFFER_H
#define PROXY_TLS_OFFER_H

#include <stdbool.h>

#include "base/str.h"

/* Of each list: more is not looked at. */
enum { TLS_OFFER_BYTES_MAX = 512 };

/* Numbers as on the wire, two bytes each, in the client's order. */
struct tls_offer {
    struct str ciphers, groups, signatures;
    bool has_etm; /* encrypt_then_mac (RFC 7366): no browser has it */
    bool has_sct; /* signed_certificate_timestamp (RFC 6962) */
};

/* The same in OpenSSL's words, joined by ':'; an empty list: nothing that is
 * known, so our own is to be offered.  Two of the same bytes mean the same. */
enum { TLS_WORDS_BYTES = 1024, TLS_WORDS_SHORT_BYTES = 128 };
struct tls_words {
    char suites[TLS_WORDS_SHORT_BYTES]; /* TLS 1.3 */
    char ciphers[TLS_WORDS_BYTES];      /* TLS 1.2 */
    char groups[TLS_WORDS_SHORT_BYTES];
    char signatures[TLS_WORDS_BYTES];
    bool has_etm, has_sct;
};

void tls_offer_words(const struct tls_offer *offer, struct tls_words *out);

#endif
