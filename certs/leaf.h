/*
 * Leaf certificates for inspected hosts, in one worker: a bounded cache,
 * least recently used out first, and single flight (concurrent requests for
 * one name mint once).  The key pair is the node's leaf key; the signer role
 * only certifies it.  (C1, C2, D6)
 */
#ifndef CERTS_LEAF_H
#define CERTS_LEAF_H

#include "base/buf.h"
#include "base/err.h"

struct leaf; /* certificate, issuer chain and key: ready for TLS */
struct leaf_cache;

/* key_der: the leaf private key (PKCS#8 DER); issuer_pem: the CA certificate
 * that goes behind the leaf. */
struct leaf_cache *leaf_cache_new(
    struct str key_der, struct str issuer_pem, size_t capacity);
void leaf_cache_free(struct leaf_cache **cache);
/* A new CA: old leaves are forgotten (those in use live on). */
enum err leaf_cache_set_issuer(
    struct leaf_cache *cache, struct str issuer_pem) MUST_USE;

/* Called once for every leaf_cache_want: leaf counted for the caller, or
 * NULL and why. */
typedef void leaf_ready_fn(void *owner, struct leaf *leaf, enum err err);

/* Asks for a leaf for a host name or IP literal, lower case (ERR_PARSE if it
 * is neither, ERR_LIMIT: as many names as the cache holds are already being
 * asked for).  OK: *leaf_out
 * is counted for the caller (cache hit).  ERR_AGAIN: `ready` will be called;
 * when *request_out is not empty afterwards, the caller must send these bytes
 * to the signer (and hand its answer to leaf_cache_answer). */
enum err leaf_cache_want(struct leaf_cache *cache, struct str host,
    leaf_ready_fn *ready, void *owner, struct leaf **leaf_out,
    struct buf *request_out) MUST_USE;
void leaf_cache_answer(struct leaf_cache *cache, struct str answer);
/* The signer is gone: every waiter gets ERR_CLOSED.  So does who waits for an
 * answer that is of another CA. */
void leaf_cache_fail_all(struct leaf_cache *cache);
/* The owner is going away and wants no call any more. */
void leaf_cache_forget(struct leaf_cache *cache, void *owner);

/* The host that the leaf is for; lives as long as the leaf. */
struct str leaf_host(const struct leaf *leaf);
/* Puts certificate, issuer and key on a connection (OpenSSL's SSL); used by
 * proxy/tls.c only. */
struct ssl_st;
enum err leaf_apply(const struct leaf *leaf, struct ssl_st *ssl) MUST_USE;

struct leaf *leaf_ref(struct leaf *leaf);
void leaf_unref(struct leaf **leaf);

#endif
