/*
 * SHA-256 and HMAC-SHA256 (FIPS 180-4, RFC 2104), one shot and streaming.
 * The only door to OpenSSL's digests for everything outside certs/ and
 * proxy/tls.c.  Nothing here can fail: a missing SHA-256 ends the process.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdint.h>

#include "base/str.h"

enum {
    DIGEST_BYTES = 32,
    DIGEST_HEX_BYTES = 65,
    DIGEST_SHA1_BYTES = 20,
    DIGEST_STATE_BYTES = 112,
};

struct digest; /* one running SHA-256 */

void digest_sha256(struct str bytes, uint8_t digest_out[DIGEST_BYTES]);
/* 64 lower-case digits, NUL-terminated. */
void digest_hex(
    const uint8_t digest[DIGEST_BYTES], char text_out[DIGEST_HEX_BYTES]);
void digest_sha256_hex(struct str bytes, char text_out[DIGEST_HEX_BYTES]);

/* key: at most 4 KiB. */
void digest_hmac_sha256(
    struct str key, struct str bytes, uint8_t mac_out[DIGEST_BYTES]);

struct digest *digest_new(void);
void digest_update(struct digest *digest, struct str bytes);
/* The sum of what came so far; more may follow and be asked for again. */
void digest_sum(const struct digest *digest, uint8_t digest_out[DIGEST_BYTES]);
void digest_free(struct digest **digest);
/* A running sum put away, to be gone on with in any process of this machine.
 * The block that is not full yet is in it in clear.  NULL: no state. */
void digest_save(
    const struct digest *digest, uint8_t state_out[DIGEST_STATE_BYTES]);
struct digest *digest_restore(const uint8_t state[DIGEST_STATE_BYTES]);
/* digest_sum and digest_free in one. */
void digest_final(struct digest **digest, uint8_t digest_out[DIGEST_BYTES]);

/* Only where a protocol asks for it (RFC 6455 §4.2.2): proves nothing. */
void digest_sha1(struct str bytes, uint8_t digest_out[DIGEST_SHA1_BYTES]);

/* True when equal, in time that does not depend on where they differ. */
bool digest_equal(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES]);

#endif
