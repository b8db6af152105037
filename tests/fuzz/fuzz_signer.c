/* certs/signer.h: a worker that an attacker holds sends anything; the answer
 * is always well formed and never a certificate for a name out of scope.  The
 * same bytes are read as an answer by a worker's cache. */
#include "certs/signer.h"

#include <stdlib.h>

#include "certs/ca.h"
#include "certs/leaf.h"
#include "certs/leaf_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct signer *signer;
static struct leaf_cache *cache;

static bool in_scope(void *context, struct str host)
{
    (void)context;
    return str_is(host, "chatgpt.com");
}

static void on_ready(void *owner, struct leaf *leaf, enum err err)
{
    (void)owner;
    (void)err;
    leaf_unref(&leaf);
}

static void clean_up(void)
{
    signer_free(&signer);
    leaf_cache_free(&cache);
}

static void set_up(void)
{
    atexit(clean_up);
    struct buf cert = {0}, key = {0}, leaf_key = {0};
    if (ca_create(STR("fuzz"), &cert, &key) != OK ||
        ca_create_leaf_key(&leaf_key) != OK ||
        signer_new(buf_str(&cert), buf_str(&key), in_scope, NULL, &signer) !=
            OK)
        abort();
    cache = leaf_cache_new(buf_str(&leaf_key), buf_str(&cert), 4);
    buf_free(&cert);
    buf_wipe_free(&key);
    buf_wipe_free(&leaf_key);
}

static void as_request(struct str bytes)
{
    struct buf answer = {0};
    struct leaf_answer a;
    signer_handle(signer, bytes, &answer);
    if (leaf_msg_read_answer(buf_str(&answer), &a) != OK)
        abort();
    if (a.status == OK && !str_is(a.host, "chatgpt.com"))
        abort();
    buf_free(&answer);
}

static void as_answer(struct str bytes)
{
    struct buf request = {0};
    struct leaf *leaf = NULL;
    static int owner;
    (void)!leaf_cache_want(
        cache, STR("chatgpt.com"), on_ready, &owner, &leaf, &request);
    leaf_unref(&leaf);
    leaf_cache_answer(cache, bytes);
    leaf_cache_forget(cache, &owner);
    leaf_cache_fail_all(cache);
    buf_free(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    if (signer == NULL)
        set_up();
    as_request(bytes);
    as_answer(bytes);
    return 0;
}
