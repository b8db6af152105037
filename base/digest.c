/*
 * Hashes pass through here on the way to activities (sha256 of texts and
 * files), cookie hashes and cache keys.  The algorithm is fetched once: an
 * implicit fetch for each call costs more than hashing a short text.
 */
#include "base/digest.h"

/* SHA256_*: nothing newer lets a running sum be put away and gone on with. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/openssl.h"

struct digest {
    SHA256_CTX context;
};

static void need(bool is_ok)
{
    if (is_ok)
        return;
    fputs("promptgate: SHA-256 or SHA-1 is not available\n", stderr);
    abort();
}

static const EVP_MD *sha256(void)
{
    static EVP_MD *fetched;
    if (fetched == NULL)
        fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
    need(fetched != NULL);
    return fetched;
}

void digest_sha256(struct str bytes, uint8_t digest_out[DIGEST_BYTES])
{
    need(EVP_Digest(bytes.p, bytes.n, digest_out, NULL, sha256(), NULL) == 1);
}

void digest_sha1(struct str bytes, uint8_t digest_out[DIGEST_SHA1_BYTES])
{
    need(EVP_Digest(bytes.p, bytes.n, digest_out, NULL, EVP_sha1(), NULL) == 1);
}

void digest_hex(
    const uint8_t digest[DIGEST_BYTES], char text_out[DIGEST_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        text_out[2 * i] = digits[digest[i] >> 4];
        text_out[2 * i + 1] = digits[digest[i] & 15];
    }
    text_out[DIGEST_HEX_BYTES - 1] = '\0';
}

void digest_sha256_hex(struct str bytes, char text_out[DIGEST_HEX_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    digest_sha256(bytes, digest);
    digest_hex(digest, text_out);
}

void digest_hmac_sha256(
    struct str key, struct str bytes, uint8_t mac_out[DIGEST_BYTES])
{
    /* HMAC() takes a NULL key for "the key of last time". */
    const void *key_bytes = key.p != NULL ? key.p : "";
    need(HMAC(sha256(), key_bytes, (int)key.n, (const uint8_t *)bytes.p,
             bytes.n, mac_out, NULL) != NULL);
}

struct digest *digest_new(void)
{
    struct digest *digest = MEM_NEW(struct digest);
    need(SHA256_Init(&digest->context) == 1);
    return digest;
}

void digest_update(struct digest *digest, struct str bytes)
{
    need(SHA256_Update(&digest->context, bytes.p, bytes.n) == 1);
}

void digest_sum(const struct digest *digest, uint8_t digest_out[DIGEST_BYTES])
{
    SHA256_CTX copy = digest->context;
    need(SHA256_Final(digest_out, &copy) == 1);
    OPENSSL_cleanse(&copy, sizeof copy);
}

void digest_save(
    const struct digest *digest, uint8_t state_out[DIGEST_STATE_BYTES])
{
    _Static_assert(sizeof digest->context <= DIGEST_STATE_BYTES, "a state");
    memset(state_out, 0, DIGEST_STATE_BYTES);
    memcpy(state_out, &digest->context, sizeof digest->context);
}

struct digest *digest_restore(const uint8_t state[DIGEST_STATE_BYTES])
{
    struct digest *digest = MEM_NEW(struct digest);
    SHA256_CTX *context = &digest->context;
    memcpy(context, state, sizeof *context);
    if (context->num < SHA256_CBLOCK && context->md_len == DIGEST_BYTES)
        return digest;
    digest_free(&digest); /* it would write beyond its block */
    return NULL;
}

void digest_free(struct digest **digest)
{
    if (*digest == NULL)
        return;
    OPENSSL_cleanse(*digest, sizeof **digest);
    mem_free(*digest);
    *digest = NULL;
}

void digest_final(struct digest **digest, uint8_t digest_out[DIGEST_BYTES])
{
    digest_sum(*digest, digest_out);
    digest_free(digest);
}

bool digest_equal(const uint8_t a[DIGEST_BYTES], const uint8_t b[DIGEST_BYTES])
{
    return CRYPTO_memcmp(a, b, DIGEST_BYTES) == 0;
}
