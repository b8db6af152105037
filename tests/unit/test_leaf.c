/* certs/leaf.h: cache, single flight, waiters. */
#include "certs/leaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/openssl.h"
#include "certs/ca.h"
#include "certs/leaf_msg.h"
#include "certs/pem.h"
#include "certs/signer.h"

enum { CAPACITY = 4 };

struct fixture {
    struct buf ca_cert, ca_key, leaf_key;
    struct signer *signer;
    struct leaf_cache *cache;
};

struct waiter {
    struct leaf *leaf;
    enum err err;
    int calls;
    struct leaf_cache *cache; /* set: forgets `other` in its call */
    struct waiter *other;
};

static bool any_but_bank(void *context, struct str host)
{
    (void)context;
    return !str_is(host, "bank.test");
}

static int open_cache(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    assert_int_equal(ca_create(STR("test CA"), &f.ca_cert, &f.ca_key), OK);
    assert_int_equal(ca_create_leaf_key(&f.leaf_key), OK);
    assert_int_equal(signer_new(buf_str(&f.ca_cert), buf_str(&f.ca_key),
                         any_but_bank, NULL, &f.signer),
        OK);
    f.cache =
        leaf_cache_new(buf_str(&f.leaf_key), buf_str(&f.ca_cert), CAPACITY);
    assert_non_null(f.cache);
    *state = &f;
    return 0;
}

static int close_cache(void **state)
{
    struct fixture *f = *state;
    leaf_cache_free(&f->cache);
    signer_free(&f->signer);
    buf_free(&f->ca_cert);
    buf_wipe_free(&f->ca_key);
    buf_wipe_free(&f->leaf_key);
    return 0;
}

static void on_ready(void *owner, struct leaf *leaf, enum err err)
{
    struct waiter *w = owner;
    w->leaf = leaf;
    w->err = err;
    w->calls++;
    if (w->cache != NULL)
        leaf_cache_forget(w->cache, w->other);
}

static enum err want(struct fixture *f, const char *host, struct waiter *w,
    struct buf *request_out)
{
    return leaf_cache_want(
        f->cache, str_of(host), on_ready, w, &w->leaf, request_out);
}

static void answer(struct fixture *f, struct buf *request)
{
    struct buf out = {0};
    signer_handle(f->signer, buf_str(request), &out);
    leaf_cache_answer(f->cache, buf_str(&out));
    buf_free(&out);
    buf_free(request);
}

static void mint(struct fixture *f, const char *host)
{
    struct waiter w = {0};
    struct buf request = {0};
    assert_int_equal(want(f, host, &w, &request), ERR_AGAIN);
    assert_true(request.n > 0);
    answer(f, &request);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.err, OK);
    assert_true(str_is(leaf_host(w.leaf), host));
    leaf_unref(&w.leaf);
}

static bool is_cached(struct fixture *f, const char *host)
{
    struct waiter w = {0};
    struct buf request = {0};
    enum err err = want(f, host, &w, &request);
    leaf_cache_forget(f->cache, &w);
    leaf_unref(&w.leaf);
    buf_free(&request);
    return err == OK;
}

static void d6_many_wishes_for_one_name_are_one_request(void **state)
{
    struct fixture *f = *state;
    struct waiter w[3] = {0};
    struct buf request = {0}, more = {0};
    assert_int_equal(want(f, "a.test", &w[0], &request), ERR_AGAIN);
    assert_true(request.n > 0);
    for (int i = 1; i < 3; i++)
        assert_int_equal(want(f, "a.test", &w[i], &more), ERR_AGAIN);
    assert_int_equal(more.n, 0);
    answer(f, &request);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(w[i].calls, 1);
        assert_int_equal(w[i].err, OK);
        assert_ptr_equal(w[i].leaf, w[0].leaf);
    }
    struct leaf *hit = NULL;
    assert_int_equal(
        leaf_cache_want(f->cache, STR("a.test"), on_ready, NULL, &hit, &more),
        OK);
    assert_ptr_equal(hit, w[0].leaf);
    leaf_unref(&hit);
    for (int i = 0; i < 3; i++)
        leaf_unref(&w[i].leaf);
}

static void d6_the_least_recently_used_goes_first(void **state)
{
    struct fixture *f = *state;
    mint(f, "a.test");
    mint(f, "b.test");
    mint(f, "c.test");
    mint(f, "d.test");
    assert_true(is_cached(f, "a.test")); /* used again */
    mint(f, "e.test");
    assert_true(is_cached(f, "a.test"));
    assert_true(is_cached(f, "c.test"));
    assert_true(is_cached(f, "d.test"));
    assert_true(is_cached(f, "e.test"));
    assert_false(is_cached(f, "b.test"));
}

static void d6_names_being_asked_for_are_bounded_too(void **state)
{
    struct fixture *f = *state;
    struct waiter w[CAPACITY + 1] = {0};
    struct buf request = {0};
    char host[32];
    for (int i = 0; i < CAPACITY; i++) {
        snprintf(host, sizeof host, "h%d.test", i);
        assert_int_equal(want(f, host, &w[i], &request), ERR_AGAIN);
        buf_free(&request);
    }
    assert_int_equal(
        want(f, "one.more.test", &w[CAPACITY], &request), ERR_LIMIT);
    assert_int_equal(request.n, 0);
    leaf_cache_fail_all(f->cache);
    for (int i = 0; i < CAPACITY; i++) {
        assert_int_equal(w[i].calls, 1);
        assert_int_equal(w[i].err, ERR_CLOSED);
        assert_null(w[i].leaf);
    }
    mint(f, "one.more.test");
}

static void a_refusal_reaches_every_waiter_and_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct waiter w[2] = {0};
    struct buf request = {0}, none = {0};
    assert_int_equal(want(f, "bank.test", &w[0], &request), ERR_AGAIN);
    assert_int_equal(want(f, "bank.test", &w[1], &none), ERR_AGAIN);
    answer(f, &request);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w[i].calls, 1);
        assert_int_equal(w[i].err, ERR_DENIED);
        assert_null(w[i].leaf);
    }
    assert_int_equal(want(f, "bank.test", &w[0], &request), ERR_AGAIN);
    assert_true(request.n > 0);
    buf_free(&request);
    leaf_cache_forget(f->cache, &w[0]);
}

static void who_has_gone_is_not_called(void **state)
{
    struct fixture *f = *state;
    struct waiter first = {0}, second = {0};
    struct buf request = {0}, none = {0};
    assert_int_equal(want(f, "a.test", &first, &request), ERR_AGAIN);
    assert_int_equal(want(f, "a.test", &second, &none), ERR_AGAIN);
    leaf_cache_forget(f->cache, &first);
    answer(f, &request);
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.calls, 1);
    leaf_unref(&second.leaf);
    /* Also when it goes while the others are being called. */
    first = (struct waiter){.cache = f->cache, .other = &second};
    second = (struct waiter){0};
    assert_int_equal(want(f, "b.test", &first, &request), ERR_AGAIN);
    assert_int_equal(want(f, "b.test", &second, &none), ERR_AGAIN);
    answer(f, &request);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
    leaf_unref(&first.leaf);
}

static void names_that_are_none_are_not_asked_for(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "", "A.test", "a..test", "*.a.test", "a b", "[::1]", "1.2.3"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct waiter w = {0};
        struct buf request = {0};
        assert_int_equal(want(f, bad[i], &w, &request), ERR_PARSE);
        assert_int_equal(request.n, 0);
    }
}

static void k6_a_new_ca_empties_the_cache_and_refuses_old_answers(void **state)
{
    struct fixture *f = *state;
    struct buf cert = {0}, key = {0}, request = {0};
    struct waiter w = {0};
    struct leaf *in_use = NULL;
    mint(f, "a.test");
    assert_int_equal(leaf_cache_set_issuer(f->cache, buf_str(&f->ca_cert)), OK);
    assert_true(is_cached(f, "a.test")); /* the same CA: nothing changes */
    assert_int_equal(leaf_cache_want(f->cache, STR("a.test"), on_ready, NULL,
                         &in_use, &request),
        OK);
    assert_int_equal(ca_create(STR("new CA"), &cert, &key), OK);
    assert_int_equal(leaf_cache_set_issuer(f->cache, STR("junk")), ERR_PARSE);
    assert_true(is_cached(f, "a.test"));
    assert_int_equal(leaf_cache_set_issuer(f->cache, buf_str(&cert)), OK);
    assert_int_equal(want(f, "a.test", &w, &request), ERR_AGAIN);
    assert_true(str_is(leaf_host(in_use), "a.test"));
    answer(f, &request); /* by the old signer */
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.err, ERR_CLOSED); /* as if there were none */
    leaf_unref(&in_use);
    buf_free(&cert);
    buf_wipe_free(&key);
}

static void answers_nobody_asked_for_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct buf out = {0};
    struct waiter w = {0};
    struct buf request = {0};
    leaf_cache_answer(f->cache, STR_NONE);
    leaf_cache_answer(f->cache, STR("A"));
    leaf_msg_write_answer(
        &(struct leaf_answer){OK, STR("x.test"), STR("not a cert")}, &out);
    leaf_cache_answer(f->cache, buf_str(&out));
    assert_false(is_cached(f, "x.test"));
    leaf_cache_fail_all(f->cache);
    /* Asked for, but no certificate in it. */
    assert_int_equal(want(f, "x.test", &w, &request), ERR_AGAIN);
    leaf_cache_answer(f->cache, buf_str(&out));
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.err, ERR_PARSE);
    buf_free(&out);
    buf_free(&request);
}

static void a_leaf_serves_a_connection(void **state)
{
    struct fixture *f = *state;
    struct leaf *leaf = NULL;
    struct buf request = {0};
    mint(f, "a.test");
    assert_int_equal(leaf_cache_want(f->cache, STR("a.test"), on_ready, NULL,
                         &leaf, &request),
        OK);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(ctx);
    STACK_OF(X509) *chain = NULL;
    X509 *ca;
    assert_int_equal(leaf_apply(leaf, ssl), OK);
    assert_int_equal(SSL_get0_chain_certs(ssl, &chain), 1);
    assert_int_equal(sk_X509_num(chain), 1);
    assert_int_equal(pem_read_cert(buf_str(&f->ca_cert), &ca), OK);
    assert_int_equal(X509_cmp(sk_X509_value(chain, 0), ca), 0);
    assert_int_equal(
        X509_verify(SSL_get_certificate(ssl), X509_get0_pubkey(ca)), 1);
    X509_free(ca);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    leaf_unref(&leaf);
}

#define WITH_CACHE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CACHE(d6_many_wishes_for_one_name_are_one_request),
        WITH_CACHE(d6_the_least_recently_used_goes_first),
        WITH_CACHE(d6_names_being_asked_for_are_bounded_too),
        WITH_CACHE(a_refusal_reaches_every_waiter_and_is_not_kept),
        WITH_CACHE(who_has_gone_is_not_called),
        WITH_CACHE(names_that_are_none_are_not_asked_for),
        WITH_CACHE(k6_a_new_ca_empties_the_cache_and_refuses_old_answers),
        WITH_CACHE(answers_nobody_asked_for_are_dropped),
        WITH_CACHE(a_leaf_serves_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
