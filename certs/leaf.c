/*
 * What passes through here: every inspected connection's wish for a leaf, and
 * the signer's answers.  An entry is either ready (has a leaf) or pending (has
 * waiters, and one request is under way).  The order of the hash table is the
 * order of use: the first ready entry is the one that goes.
 */
#include "certs/leaf.h"

#include <string.h>

#include <uthash.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/leaf_msg.h"
#include "certs/mint.h"
#include "certs/pem.h"

/* The signed part: one for each host, counted. */
struct leaf {
    unsigned refs;
    X509 *cert;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    int64_t renew_ms; /* a new one is asked for from here on */
    size_t host_n;
    char host[MINT_HOST_MAX + 1];
};

struct waiter {
    leaf_ready_fn *ready;
    void *owner;
    struct leaf *leaf; /* once the call is due: what it will get */
    enum err err;
    struct waiter *prev, *next;
};

struct entry {
    struct leaf *leaf; /* NULL: pending */
    struct waiter *waiters;
    UT_hash_handle hh;
    size_t host_n;
    char host[];
};

struct leaf_cache {
    EVP_PKEY *key;
    struct buf public_der;
    X509 *issuer;
    STACK_OF(X509) * chain;
    struct entry *entries;
    size_t capacity, pending;
    /* Waiters whose call is due; here so that leaf_cache_forget finds them
     * even when it is called out of another waiter's call. */
    struct waiter *due;
};

/* ERR_AGAIN: it is the same as before. */
static enum err set_issuer(struct leaf_cache *cache, struct str issuer_pem)
{
    X509 *issuer;
    enum err err = pem_read_cert(issuer_pem, &issuer);
    if (err != OK)
        return err;
    if (cache->issuer != NULL && X509_cmp(cache->issuer, issuer) == 0) {
        X509_free(issuer);
        return ERR_AGAIN;
    }
    STACK_OF(X509) *chain = sk_X509_new_null();
    openssl_need(chain != NULL && X509_up_ref(issuer) == 1 &&
                     sk_X509_push(chain, issuer) > 0,
        "chain");
    X509_free(cache->issuer);
    sk_X509_pop_free(cache->chain, X509_free);
    cache->issuer = issuer;
    cache->chain = chain;
    return OK;
}

struct leaf_cache *leaf_cache_new(
    struct str key_der, struct str issuer_pem, size_t capacity)
{
    struct leaf_cache *cache = MEM_NEW(struct leaf_cache);
    cache->capacity = capacity > 0 ? capacity : 1;
    if (der_read_key(key_der, &cache->key) != OK ||
        set_issuer(cache, issuer_pem) != OK) {
        leaf_cache_free(&cache);
        return NULL;
    }
    der_write_public(cache->key, &cache->public_der);
    return cache;
}

static void entry_free(struct leaf_cache *cache, struct entry *entry)
{
    if (entry->leaf == NULL)
        cache->pending--;
    HASH_DELETE(hh, cache->entries, entry);
    leaf_unref(&entry->leaf);
    mem_free(entry);
}

static void free_waiters(struct waiter **list)
{
    struct waiter *w, *next;
    DL_FOREACH_SAFE(*list, w, next)
    {
        DL_DELETE(*list, w);
        leaf_unref(&w->leaf);
        mem_free(w);
    }
}

void leaf_cache_free(struct leaf_cache **cache_at)
{
    struct leaf_cache *cache = *cache_at;
    if (cache == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER(hh, cache->entries, entry, next)
    {
        free_waiters(&entry->waiters);
        entry_free(cache, entry);
    }
    free_waiters(&cache->due);
    EVP_PKEY_free(cache->key);
    buf_free(&cache->public_der);
    X509_free(cache->issuer);
    sk_X509_pop_free(cache->chain, X509_free);
    mem_free(cache);
    *cache_at = NULL;
}

enum err leaf_cache_set_issuer(struct leaf_cache *cache, struct str issuer_pem)
{
    enum err err = set_issuer(cache, issuer_pem);
    struct entry *entry, *next;
    if (err != OK)
        return err == ERR_AGAIN ? OK : err;
    HASH_ITER(hh, cache->entries, entry, next)
    if (entry->leaf != NULL)
        entry_free(cache, entry);
    return OK;
}

static struct entry *find(struct leaf_cache *cache, struct str host)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, cache->entries, host.p, (unsigned)host.n, entry);
    return entry;
}

/* Makes room for one more; false when everything is pending. */
static bool make_room(struct leaf_cache *cache)
{
    struct entry *entry, *next;
    if (HASH_COUNT(cache->entries) < cache->capacity)
        return true;
    HASH_ITER(hh, cache->entries, entry, next)
    {
        if (entry->leaf == NULL)
            continue;
        entry_free(cache, entry);
        return true;
    }
    return false;
}

static struct entry *entry_add(struct leaf_cache *cache, struct str host)
{
    struct entry *entry = mem_zalloc(sizeof *entry + host.n);
    entry->host_n = host.n;
    memcpy(entry->host, host.p, host.n);
    HASH_ADD(hh, cache->entries, host, (unsigned)host.n, entry);
    cache->pending++;
    return entry;
}

/* Moves the entry to the end: used last. */
static void touch(struct leaf_cache *cache, struct entry *entry)
{
    HASH_DELETE(hh, cache->entries, entry);
    HASH_ADD(hh, cache->entries, host, (unsigned)entry->host_n, entry);
}

static void add_waiter(struct entry *entry, leaf_ready_fn *ready, void *owner)
{
    struct waiter *w = MEM_NEW(struct waiter);
    w->ready = ready;
    w->owner = owner;
    DL_APPEND(entry->waiters, w);
}

enum err leaf_cache_want(struct leaf_cache *cache, struct str host,
    leaf_ready_fn *ready, void *owner, struct leaf **leaf_out,
    struct buf *request_out)
{
    struct entry *entry = find(cache, host);
    if (entry != NULL && entry->leaf != NULL &&
        clock_wall_ms() >= entry->leaf->renew_ms) {
        entry_free(cache, entry);
        entry = NULL;
    }
    if (entry != NULL && entry->leaf != NULL) {
        touch(cache, entry);
        *leaf_out = leaf_ref(entry->leaf);
        return OK;
    }
    if (entry == NULL) {
        if (!mint_host_is_valid(host))
            return ERR_PARSE;
        if (!make_room(cache))
            return ERR_LIMIT;
        entry = entry_add(cache, host);
        struct leaf_request r = {host, buf_str(&cache->public_der)};
        leaf_msg_write_request(&r, request_out);
    }
    add_waiter(entry, ready, owner);
    return ERR_AGAIN;
}

/* Calls everybody of the list.  A call may come back into any function of the
 * cache, so each waiter carries what it gets. */
static void deliver(struct leaf_cache *cache, struct waiter *waiters,
    struct leaf *leaf, enum err err)
{
    struct waiter *w;
    DL_FOREACH(waiters, w)
    {
        w->leaf = leaf != NULL ? leaf_ref(leaf) : NULL;
        w->err = err;
    }
    DL_CONCAT(cache->due, waiters);
    while ((w = cache->due) != NULL) {
        DL_DELETE(cache->due, w);
        w->ready(w->owner, w->leaf, w->err);
        mem_free(w);
    }
}

static struct leaf *leaf_new(
    struct leaf_cache *cache, struct str host, X509 *cert)
{
    struct leaf *leaf = MEM_NEW(struct leaf);
    int64_t now_ms = clock_wall_ms();
    int64_t end_ms = asn1_time_ms(X509_get0_notAfter(cert));
    leaf->refs = 1;
    leaf->cert = cert;
    leaf->key = cache->key;
    EVP_PKEY_up_ref(leaf->key);
    leaf->chain = X509_chain_up_ref(cache->chain);
    openssl_need(leaf->chain != NULL, "chain");
    /* Half of what is left: also right when the CA ends tomorrow. */
    leaf->renew_ms = now_ms + (end_ms - now_ms) / 2;
    leaf->host_n = host.n;
    memcpy(leaf->host, host.p, host.n);
    return leaf;
}

/* The certificate must be for our key and from the issuer that goes with it.
 * During a rotation either side may be the first to have the new CA: that
 * signer is as good as none (ERR_CLOSED), and the other one is waited for. */
static enum err accept_cert(struct leaf_cache *cache,
    const struct leaf_answer *answer, struct leaf **leaf_out)
{
    X509 *cert;
    enum err err = der_read_cert(answer->cert_der, &cert);
    if (err != OK)
        return err;
    if (X509_check_private_key(cert, cache->key) != 1 ||
        X509_verify(cert, X509_get0_pubkey(cache->issuer)) != 1) {
        ERR_clear_error();
        X509_free(cert);
        return ERR_CLOSED;
    }
    *leaf_out = leaf_new(cache, answer->host, cert);
    return OK;
}

void leaf_cache_answer(struct leaf_cache *cache, struct str bytes)
{
    struct leaf_answer answer = {0};
    if (leaf_msg_read_answer(bytes, &answer) != OK)
        return;
    struct entry *entry = find(cache, answer.host);
    if (entry == NULL || entry->leaf != NULL)
        return;
    struct waiter *waiters = entry->waiters;
    struct leaf *leaf = NULL;
    enum err err = answer.status;
    entry->waiters = NULL;
    if (err == OK)
        err = accept_cert(cache, &answer, &leaf);
    if (err == OK) {
        entry->leaf = leaf_ref(leaf);
        cache->pending--;
    } else {
        entry_free(cache, entry);
    }
    deliver(cache, waiters, leaf, err);
    leaf_unref(&leaf);
}

void leaf_cache_fail_all(struct leaf_cache *cache)
{
    struct waiter *waiters = NULL;
    struct entry *entry, *next;
    HASH_ITER(hh, cache->entries, entry, next)
    {
        if (entry->leaf != NULL)
            continue;
        DL_CONCAT(waiters, entry->waiters);
        entry_free(cache, entry);
    }
    deliver(cache, waiters, NULL, ERR_CLOSED);
}

static void forget_in(struct waiter **list, const void *owner)
{
    struct waiter *w, *next;
    DL_FOREACH_SAFE(*list, w, next)
    {
        if (w->owner != owner)
            continue;
        DL_DELETE(*list, w);
        leaf_unref(&w->leaf);
        mem_free(w);
    }
}

void leaf_cache_forget(struct leaf_cache *cache, void *owner)
{
    struct entry *entry, *next;
    HASH_ITER(hh, cache->entries, entry, next)
    forget_in(&entry->waiters, owner);
    forget_in(&cache->due, owner);
}

struct str leaf_host(const struct leaf *leaf)
{
    return str_make(leaf->host, leaf->host_n);
}

enum err leaf_apply(const struct leaf *leaf, struct ssl_st *ssl)
{
    int done = SSL_use_cert_and_key(ssl, leaf->cert, leaf->key, leaf->chain, 1);
    return done == 1 ? OK : ERR_STATE;
}

struct leaf *leaf_ref(struct leaf *leaf)
{
    leaf->refs++;
    return leaf;
}

void leaf_unref(struct leaf **leaf_at)
{
    struct leaf *leaf = *leaf_at;
    *leaf_at = NULL;
    if (leaf == NULL || --leaf->refs > 0)
        return;
    X509_free(leaf->cert);
    sk_X509_pop_free(leaf->chain, X509_free);
    EVP_PKEY_free(leaf->key);
    mem_free(leaf);
}
