/* What passes through here: three lists of numbers out of a hello, on their
 * way to OpenSSL as names.  The tables are the whole knowledge. */
#include "proxy/tls_offer.h"

#include <string.h>

#include "base/mem.h"

struct word {
    unsigned number; /* IANA's TLS parameters */
    const char *name;
};

static const struct word suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
};

/* Some of these are only for show: an origin that chooses one without forward
 * secrecy or authenticated encryption is refused (proxy/tls.c). */
static const struct word ciphers[] = {
    {0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"},
    {0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {0xc030, "ECDHE-RSA-AES256-GCM-SHA384"},
    {0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"},
    {0xc009, "ECDHE-ECDSA-AES128-SHA"},
    {0xc00a, "ECDHE-ECDSA-AES256-SHA"},
    {0xc013, "ECDHE-RSA-AES128-SHA"},
    {0xc014, "ECDHE-RSA-AES256-SHA"},
    {0xc023, "ECDHE-ECDSA-AES128-SHA256"},
    {0xc024, "ECDHE-ECDSA-AES256-SHA384"},
    {0xc027, "ECDHE-RSA-AES128-SHA256"},
    {0xc028, "ECDHE-RSA-AES256-SHA384"},
    {0x009e, "DHE-RSA-AES128-GCM-SHA256"},
    {0x009f, "DHE-RSA-AES256-GCM-SHA384"},
    {0xccaa, "DHE-RSA-CHACHA20-POLY1305"},
    {0x0033, "DHE-RSA-AES128-SHA"},
    {0x0039, "DHE-RSA-AES256-SHA"},
    {0x0067, "DHE-RSA-AES128-SHA256"},
    {0x006b, "DHE-RSA-AES256-SHA256"},
    {0x009c, "AES128-GCM-SHA256"},
    {0x009d, "AES256-GCM-SHA384"},
    {0x002f, "AES128-SHA"},
    {0x0035, "AES256-SHA"},
    {0x003c, "AES128-SHA256"},
    {0x003d, "AES256-SHA256"},
};

static const struct word groups[] = {
    {0x001d, "X25519"},
    {0x0017, "P-256"},
    {0x0018, "P-384"},
    {0x0019, "P-521"},
};

static const struct word signatures[] = {
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
};

static const struct word *find(
    const struct word *words, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].number == number)
            return &words[i];
    return NULL;
}

/* Each word once: a client may say one number as often as it likes.  All of a
 * table fit into `out` (a unit test says so). */
static void write_words(
    struct str numbers, const struct word *words, size_t count, char *out)
{
    uint64_t said = 0;
    size_t at = 0;
    for (size_t i = 0; i + 1 < numbers.n; i += 2) {
        unsigned number =
            (unsigned)(uint8_t)numbers.p[i] << 8 | (uint8_t)numbers.p[i + 1];
        const struct word *word = find(words, count, number);
        if (word == NULL || (said >> (word - words) & 1) != 0)
            continue;
        said |= UINT64_C(1) << (word - words);
        if (at > 0)
            out[at++] = ':';
        size_t n = strlen(word->name);
        memcpy(out + at, word->name, n);
        at += n;
    }
}

void tls_offer_words(const struct tls_offer *offer, struct tls_words *out)
{
    memset(out, 0, sizeof *out);
    write_words(offer->ciphers, suites, ARRAY_LEN(suites), out->suites);
    write_words(offer->ciphers, ciphers, ARRAY_LEN(ciphers), out->ciphers);
    write_words(offer->groups, groups, ARRAY_LEN(groups), out->groups);
    write_words(
        offer->signatures, signatures, ARRAY_LEN(signatures), out->signatures);
    out->has_etm = offer->has_etm;
    out->has_sct = offer->has_sct;
}
