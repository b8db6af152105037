/*
 * Called by OpenSSL, through proxy/tls.c, for every ticket that is made or
 * presented.  Keys are derived when their epoch is first met.
 */
#include "certs/tickets.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "certs/pem.h"

enum { NAME_BYTES = 16, KEY_BYTES = 32, IV_BYTES = 16 };

struct key_set {
    int64_t epoch;
    unsigned char name[NAME_BYTES];
    unsigned char cipher_key[KEY_BYTES];
    unsigned char mac_key[KEY_BYTES];
};

struct tickets {
    EVP_CIPHER *cipher;
    struct key_set sets[2]; /* by the epoch's lowest bit */
    size_t secret_n;
    unsigned char secret[];
};

/* name, cipher key and MAC key are one run of HKDF output. */
static void derive(const struct tickets *t, int64_t epoch, struct key_set *set)
{
    unsigned char out[NAME_BYTES + 2 * KEY_BYTES];
    unsigned char info[32] = "promptgate ticket ";
    memcpy(info + 18, &epoch, sizeof epoch);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(
            OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_KDF_PARAM_KEY, (void *)t->secret, t->secret_n),
        OSSL_PARAM_construct_octet_string(
            OSSL_KDF_PARAM_INFO, info, 18 + sizeof epoch),
        OSSL_PARAM_construct_end(),
    };
    openssl_need(context != NULL &&
                     EVP_KDF_derive(context, out, sizeof out, params) == 1,
        "HKDF");
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    set->epoch = epoch;
    memcpy(set->name, out, NAME_BYTES);
    memcpy(set->cipher_key, out + NAME_BYTES, KEY_BYTES);
    memcpy(set->mac_key, out + NAME_BYTES + KEY_BYTES, KEY_BYTES);
    OPENSSL_cleanse(out, sizeof out);
}

static const struct key_set *set_of(struct tickets *t, int64_t epoch)
{
    struct key_set *set = &t->sets[epoch & 1];
    if (set->epoch != epoch)
        derive(t, epoch, set);
    return set;
}

struct tickets *tickets_new(struct str secret)
{
    struct tickets *t = mem_zalloc(sizeof *t + secret.n);
    t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    openssl_need(t->cipher != NULL, "AES");
    t->sets[0].epoch = t->sets[1].epoch = -1;
    t->secret_n = secret.n;
    memcpy(t->secret, secret.p, secret.n);
    return t;
}

void tickets_free(struct tickets **tickets)
{
    struct tickets *t = *tickets;
    if (t == NULL)
        return;
    EVP_CIPHER_free(t->cipher);
    OPENSSL_cleanse(t, sizeof *t + t->secret_n);
    mem_free(t);
    *tickets = NULL;
}

static int set_mac(EVP_MAC_CTX *mac, const struct key_set *set)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(
            OSSL_MAC_PARAM_KEY, (void *)set->mac_key, KEY_BYTES),
        OSSL_PARAM_construct_utf8_string(
            OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params);
}

static int encrypt(struct tickets *t, int64_t epoch, unsigned char name[16],
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    const struct key_set *set = set_of(t, epoch);
    memcpy(name, set->name, NAME_BYTES);
    if (RAND_bytes(iv, IV_BYTES) != 1 ||
        EVP_EncryptInit_ex(cipher, t->cipher, NULL, set->cipher_key, iv) != 1)
        return -1;
    return set_mac(mac, set) == 1 ? 1 : -1;
}

/* 1: good; 2: good, and a fresh one should go out; 0: unknown key, which
 * means a full handshake and no failure. */
int tickets_handle(struct tickets *t, int64_t now_ms, unsigned char name[16],
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
    int is_encrypting)
{
    int64_t epoch = now_ms / (TICKETS_EPOCH_HOURS * 3600 * (int64_t)1000);
    if (is_encrypting)
        return encrypt(t, epoch, name, iv, cipher, mac);
    for (int64_t age = 0; age < 2; age++) {
        const struct key_set *set = set_of(t, epoch - age);
        if (CRYPTO_memcmp(name, set->name, NAME_BYTES) != 0)
            continue;
        if (EVP_DecryptInit_ex(cipher, t->cipher, NULL, set->cipher_key, iv) !=
                1 ||
            set_mac(mac, set) != 1)
            return -1;
        return age == 0 ? 1 : 2;
    }
    return 0;
}
