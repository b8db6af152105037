/*
 * What passes through here: requests of workers for leaf certificates.  The
 * name is checked here again, against the scope that the signer itself has
 * parsed, because a worker that an attacker holds may ask for anything (K3).
 * Every request gets an answer; a request too broken to name a host gets one
 * without a host.
 */
#include "certs/signer.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "certs/leaf_msg.h"
#include "certs/mint.h"
#include "certs/pem.h"

enum {
    SECURE_HEAP_BYTES = 64 * 1024,
    SECURE_HEAP_SMALLEST = 32,
    SIGNED_SLOTS = 4096, /* as many as a worker keeps */
    SIGNED_FRESH_MS = 3600 * 1000,
};

/* The workers share one key pair and ask for the same names: the second gets
 * what the first got.  One slot a hash of name and key; the newest stays. */
struct signed_leaf {
    uint8_t request[DIGEST_BYTES];
    int64_t signed_ms; /* 0: empty */
    struct buf cert_der;
};

struct signer {
    struct signed_leaf signed_leaves[SIGNED_SLOTS];
    X509 *cert;
    EVP_PKEY *key;
    signer_scope_fn *in_scope;
    void *context;
    uint64_t signed_count;
};

/* Private keys are then read into locked, guarded pages that no core dump
 * has.  Where locking is refused (RLIMIT_MEMLOCK) the heap still works. */
static void use_secure_heap(void)
{
    if (!CRYPTO_secure_malloc_initialized())
        CRYPTO_secure_malloc_init(SECURE_HEAP_BYTES, SECURE_HEAP_SMALLEST);
}

static enum err check_pair(struct signer *signer)
{
    int64_t now_ms = clock_wall_ms();
    if (X509_check_private_key(signer->cert, signer->key) != 1 ||
        X509_check_ca(signer->cert) != 1 ||
        now_ms > asn1_time_ms(X509_get0_notAfter(signer->cert)))
        return ERR_DENIED;
    return OK;
}

enum err signer_new(struct str ca_cert_pem, struct str ca_key_pem,
    signer_scope_fn *in_scope, void *context, struct signer **signer_out)
{
    use_secure_heap();
    struct signer *signer = MEM_NEW(struct signer);
    signer->in_scope = in_scope;
    signer->context = context;
    enum err err = pem_read_cert(ca_cert_pem, &signer->cert);
    if (err == OK)
        err = pem_read_key(ca_key_pem, &signer->key);
    if (err == OK)
        err = check_pair(signer);
    ERR_clear_error();
    if (err != OK) {
        signer_free(&signer);
        return err;
    }
    *signer_out = signer;
    return OK;
}

void signer_free(struct signer **signer)
{
    if (*signer == NULL)
        return;
    for (size_t i = 0; i < SIGNED_SLOTS; i++)
        buf_free(&(*signer)->signed_leaves[i].cert_der);
    X509_free((*signer)->cert);
    EVP_PKEY_free((*signer)->key);
    mem_free(*signer);
    *signer = NULL;
}

static enum err sign(
    struct signer *signer, const struct leaf_request *r, struct buf *cert_out)
{
    EVP_PKEY *public_key = NULL;
    X509 *leaf = NULL;
    enum err err = der_read_p256(r->key_der, &public_key);
    if (err == OK)
        err = mint_leaf(signer->cert, signer->key, r->host, public_key,
            clock_wall_ms(), &leaf);
    if (err == OK)
        der_write_cert(leaf, cert_out);
    X509_free(leaf);
    EVP_PKEY_free(public_key);
    ERR_clear_error();
    return err;
}

static struct signed_leaf *slot_of(struct signer *signer,
    const struct leaf_request *r, uint8_t hash_out[DIGEST_BYTES])
{
    struct buf both = {0};
    buf_append_str(&both, r->host);
    buf_append_char(&both, '\0'); /* no host has one */
    buf_append_str(&both, r->key_der);
    digest_sha256(buf_str(&both), hash_out);
    buf_free(&both);
    return &signer->signed_leaves[(hash_out[0] << 8 | hash_out[1]) %
                                  SIGNED_SLOTS];
}

static enum err certify(
    struct signer *signer, const struct leaf_request *r, struct buf *cert_out)
{
    uint8_t hash[DIGEST_BYTES];
    if (!mint_host_is_valid(r->host))
        return ERR_PARSE;
    if (!signer->in_scope(signer->context, r->host))
        return ERR_DENIED;
    struct signed_leaf *slot = slot_of(signer, r, hash);
    int64_t now_ms = clock_wall_ms();
    bool is_known = slot->signed_ms != 0 && now_ms >= slot->signed_ms &&
                    now_ms - slot->signed_ms < SIGNED_FRESH_MS &&
                    memcmp(slot->request, hash, sizeof hash) == 0;
    if (!is_known) {
        slot->signed_ms = 0;
        buf_clear(&slot->cert_der);
        enum err err = sign(signer, r, &slot->cert_der);
        if (err != OK)
            return err;
        memcpy(slot->request, hash, sizeof hash);
        slot->signed_ms = now_ms;
        signer->signed_count++;
    }
    buf_append_str(cert_out, buf_str(&slot->cert_der));
    return OK;
}

uint64_t signer_signed_count(const struct signer *signer)
{
    return signer->signed_count;
}

void signer_handle(
    struct signer *signer, struct str request, struct buf *answer_out)
{
    struct leaf_request r = {0};
    struct leaf_answer answer = {0};
    struct buf cert = {0};
    answer.status = leaf_msg_read_request(request, &r);
    if (answer.status == OK) {
        answer.host = r.host;
        answer.status = certify(signer, &r, &cert);
    }
    answer.cert_der = buf_str(&cert);
    leaf_msg_write_answer(&answer, answer_out);
    buf_free(&cert);
}
