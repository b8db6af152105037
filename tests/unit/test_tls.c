/* proxy/tls.h: our two sides against each other, over memory, at any cut. */
#include "proxy/tls.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/openssl.h"
#include "certs/ca.h"
#include "certs/leaf.h"
#include "certs/signer.h"
#include "tests/unit/tls_context.h"

/* ---- a gateway and a browser that trusts it ----------------------------- */

struct gateway {
    struct buf ca_cert, ca_key, leaf_key;
    struct signer *signer;
    struct leaf_cache *cache;
    struct tls_context *context; /* of a worker */
    struct tls_context *browser; /* trusts the CA */
};

static bool any_host(void *context, struct str host)
{
    (void)context;
    (void)host;
    return true;
}

static void gateway_open(struct gateway *g)
{
    *g = (struct gateway){0};
    assert_int_equal(
        ca_create(STR("promptgate test"), &g->ca_cert, &g->ca_key), OK);
    assert_int_equal(ca_create_leaf_key(&g->leaf_key), OK);
    assert_int_equal(signer_new(buf_str(&g->ca_cert), buf_str(&g->ca_key),
                         any_host, NULL, &g->signer),
        OK);
    g->cache = leaf_cache_new(buf_str(&g->leaf_key), buf_str(&g->ca_cert), 16);
    assert_non_null(g->cache);
    g->context = context_with(BUNDLE_CA, buf_str(&g->ca_cert), TICKET_KEYS);
    g->browser = context_with(BUNDLE_ROOTS, buf_str(&g->ca_cert), TICKET_KEYS);
}

static void gateway_close(struct gateway *g)
{
    tls_context_free(&g->context);
    tls_context_free(&g->browser);
    leaf_cache_free(&g->cache);
    signer_free(&g->signer);
    buf_free(&g->ca_cert);
    buf_free(&g->leaf_key);
    buf_wipe_free(&g->ca_key);
}

static void on_leaf(void *owner, struct leaf *leaf, enum err err)
{
    assert_int_equal(err, OK);
    *(struct leaf **)owner = leaf;
}

static struct leaf *leaf_of(struct gateway *g, const char *host)
{
    struct leaf *leaf = NULL;
    struct buf request = {0}, answer = {0};
    enum err err = leaf_cache_want(
        g->cache, str_of(host), on_leaf, &leaf, &leaf, &request);
    if (err == ERR_AGAIN) {
        signer_handle(g->signer, buf_str(&request), &answer);
        leaf_cache_answer(g->cache, buf_str(&answer));
    }
    assert_non_null(leaf);
    buf_free(&request);
    buf_free(&answer);
    return leaf;
}

/* ---- moving bytes ------------------------------------------------------- */

static size_t cut_of(size_t cut)
{
    return cut != 0 ? cut : 1 + (size_t)rand() % 3000;
}

/* Moves what `from` has to `to` in pieces; false when nothing moved. */
static bool move(struct tls *from, struct tls *to, size_t cut)
{
    struct buf wire = {0};
    if (!tls_has_output(from))
        return false;
    tls_take_output(from, &wire);
    while (wire.n > 0) {
        size_t n = cut_of(cut);
        struct str part = str_sub(buf_str(&wire), 0, n);
        if (tls_feed(to, part) != OK)
            break;
        buf_consume(&wire, part.n);
    }
    buf_free(&wire);
    return true;
}

static void run(struct tls *a, struct tls *b, size_t cut)
{
    bool moved = true;
    tls_start(a);
    tls_start(b);
    while (moved) {
        moved = move(a, b, cut);
        moved = move(b, a, cut) || moved;
    }
}

struct pair {
    struct tls *browser, *gateway;
};

static struct pair connect_pair(struct gateway *g, struct tls_context *worker,
    const char *host, unsigned offer, unsigned allowed, size_t cut)
{
    struct leaf *leaf = leaf_of(g, host);
    struct pair p = {tls_new_origin(g->browser, str_of(host), offer, NULL),
        tls_new_client(worker, leaf, allowed)};
    leaf_unref(&leaf);
    run(p.browser, p.gateway, cut);
    return p;
}

static void pair_free(struct pair *p)
{
    tls_free(&p->browser);
    tls_free(&p->gateway);
}

static void assert_reads(struct tls *tls, const char *text)
{
    struct buf out = {0};
    while (tls_read(tls, &out, 3) == OK)
        ;
    assert_true(str_is(buf_str(&out), text));
    buf_free(&out);
}

/* ---- our two sides ------------------------------------------------------ */

static void a_handshake_and_data_pass_at_any_cut(void **state)
{
    struct gateway *g = *state;
    static const size_t cuts[] = {1, 2, 5, 7, 100, 1 << 20, 0};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct pair p = connect_pair(
            g, g->context, "chatgpt.com", ALPN_H2 | ALPN_H1, ALPN_H2, cuts[i]);
        assert_int_equal(tls_phase(p.browser), TLS_OPEN);
        assert_int_equal(tls_phase(p.gateway), TLS_OPEN);
        assert_string_equal(tls_version_text(p.gateway), "TLSv1.3");
        assert_int_equal(tls_write(p.browser, STR("ping")), OK);
        assert_int_equal(tls_write(p.browser, STR("-pong")), OK);
        run(p.browser, p.gateway, cuts[i]);
        assert_reads(p.gateway, "ping-pong");
        tls_close(p.gateway);
        run(p.browser, p.gateway, cuts[i]);
        assert_int_equal(tls_phase(p.browser), TLS_PEER_CLOSED);
        struct buf none = {0};
        assert_int_equal(tls_read(p.browser, &none, 10), ERR_EOF);
        assert_int_equal(tls_read(p.gateway, &none, 10), ERR_AGAIN);
        pair_free(&p);
    }
}

static void c5_the_gateway_chooses_out_of_the_offer(void **state)
{
    struct gateway *g = *state;
    static const struct {
        unsigned offer, allowed, chosen;
    } cases[] = {{ALPN_H1 | ALPN_H2, ALPN_H1 | ALPN_H2, ALPN_H2},
        {ALPN_H1 | ALPN_H2, ALPN_H1, ALPN_H1}, {ALPN_H1, ALPN_H2, 0},
        {ALPN_H2, ALPN_H2, ALPN_H2}, {0, ALPN_H2, 0},
        {ALPN_H1 | ALPN_H2, 0, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pair p = connect_pair(g, g->context, "chatgpt.com",
            cases[i].offer, cases[i].allowed, 1000);
        assert_int_equal(tls_phase(p.browser), TLS_OPEN);
        assert_int_equal(tls_alpn(p.browser), cases[i].chosen);
        assert_int_equal(tls_alpn(p.gateway), cases[i].chosen);
        pair_free(&p);
    }
}

static void much_data_passes_both_ways(void **state)
{
    struct gateway *g = *state;
    enum { MUCH = 1 << 20 };
    struct pair p =
        connect_pair(g, g->context, "chatgpt.com", ALPN_H1, ALPN_H1, 0);
    char *bytes = mem_alloc(MUCH);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)rand();
    struct tls *from = p.browser, *to = p.gateway;
    for (int way = 0; way < 2; way++) {
        struct buf got = {0};
        for (size_t at = 0; at < MUCH;) {
            struct str part = str_sub(
                str_make(bytes, MUCH), at, at + 1 + (size_t)rand() % 70000);
            assert_int_equal(tls_write(from, part), OK);
            at += part.n;
            move(from, to, 0);
            struct buf some = {0};
            while (tls_read(to, &some, 30000) == OK)
                ;
            buf_append_str(&got, buf_str(&some));
            buf_free(&some);
        }
        assert_int_equal(got.n, MUCH);
        assert_memory_equal(buf_bytes(&got), bytes, MUCH);
        buf_free(&got);
        from = p.gateway;
        to = p.browser;
    }
    mem_free(bytes);
    pair_free(&p);
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* its run time's */
#endif

/* OpenSSL's are 33 KiB a connection. */
static void what_is_idle_keeps_no_record_buffers(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    struct gateway *g = *state;
    struct pair pairs[20];
    size_t before = __sanitizer_get_current_allocated_bytes();
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        pairs[i] =
            connect_pair(g, g->context, "a.test", ALPN_H1, ALPN_H1, 1000);
        assert_int_equal(tls_write(pairs[i].browser, STR("question")), OK);
        move(pairs[i].browser, pairs[i].gateway, 7);
        assert_reads(pairs[i].gateway, "question");
        assert_int_equal(tls_write(pairs[i].gateway, STR("answer")), OK);
        move(pairs[i].gateway, pairs[i].browser, 7);
        assert_reads(pairs[i].browser, "answer");
    }
    size_t grown = __sanitizer_get_current_allocated_bytes() - before;
    assert_in_range(grown / ARRAY_LEN(pairs) / 2, 1, 24 * 1024);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        pair_free(&pairs[i]);
#else
    (void)state;
    skip();
#endif
}

static bool is_resumed(
    struct gateway *g, struct tls_context *worker, const char *host)
{
    struct pair p = connect_pair(g, worker, host, ALPN_H1, ALPN_H1, 1000);
    assert_int_equal(tls_phase(p.browser), TLS_OPEN);
    assert_int_equal(tls_phase(p.gateway), TLS_OPEN);
    bool was = tls_was_resumed(p.gateway);
    assert_int_equal(tls_was_resumed(p.browser), was);
    pair_free(&p);
    return was;
}

static void c8_tickets_open_at_every_worker_of_the_node(void **state)
{
    struct gateway *g = *state;
    struct str ca = buf_str(&g->ca_cert);
    struct tls_context *same = context_with(BUNDLE_CA, ca, TICKET_KEYS);
    struct tls_context *other = context_with(
        BUNDLE_CA, ca, STR("another secret of the required length......"));
    assert_false(is_resumed(g, g->context, "a.test"));
    for (int i = 0; i < 10; i++)
        assert_true(is_resumed(g, i % 2 == 0 ? g->context : same, "a.test"));
    assert_false(is_resumed(g, other, "a.test"));
    tls_context_free(&same);
    tls_context_free(&other);
}

/* A browser would not do this; one who wants to mix up two origins would. */
static void c8_a_ticket_of_one_host_is_no_ticket_for_another(void **state)
{
    struct gateway *g = *state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = NULL;
    for (int i = 0; i < 3; i++) {
        static const char *const hosts[] = {"a.test", "a.test", "b.test"};
        struct leaf *leaf = leaf_of(g, hosts[i]);
        struct tls *tls = tls_new_client(g->context, leaf, ALPN_H1);
        leaf_unref(&leaf);
        SSL *ssl = SSL_new(ctx);
        BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
        SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
        SSL_set_bio(ssl, in, out);
        SSL_set_tlsext_host_name(ssl, hosts[i]);
        if (session != NULL)
            assert_int_equal(SSL_set_session(ssl, session), 1);
        for (int round = 0; round < 8; round++) {
            char *bytes;
            SSL_connect(ssl);
            long n = BIO_get_mem_data(out, &bytes);
            assert_int_equal(tls_feed(tls, str_make(bytes, (size_t)n)), OK);
            (void)BIO_reset(out);
            struct buf wire = {0};
            tls_take_output(tls, &wire);
            if (wire.n > 0)
                BIO_write(in, buf_bytes(&wire), (int)wire.n);
            buf_free(&wire);
        }
        assert_int_equal(tls_phase(tls), TLS_OPEN);
        assert_int_equal(tls_was_resumed(tls), i == 1);
        SSL_SESSION_free(session);
        session = SSL_get1_session(ssl);
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl);
        tls_free(&tls);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
}

static void what_is_not_tls_fails_and_says_so(void **state)
{
    struct gateway *g = *state;
    struct leaf *leaf = leaf_of(g, "a.test");
    struct tls *client = tls_new_client(g->context, leaf, ALPN_H1);
    struct tls *origin =
        tls_new_origin(g->context, STR("a.test"), ALPN_H1, NULL);
    leaf_unref(&leaf);
    tls_start(origin);
    assert_true(tls_has_output(origin));
    assert_int_equal(
        tls_feed(client, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), ERR_PARSE);
    assert_int_equal(
        tls_feed(origin, STR("HTTP/1.1 400 Bad Request\r\n\r\n")), ERR_PARSE);
    assert_int_equal(tls_phase(client), TLS_FAILED);
    assert_string_equal(tls_failure(client), "not-tls");
    assert_string_equal(tls_failure(origin), "not-tls");
    assert_null(tls_refusal(origin));
    assert_int_equal(tls_feed(origin, STR("more")), ERR_PARSE);
    assert_int_equal(tls_write(origin, STR("x")), ERR_STATE);
    tls_free(&client);
    tls_free(&origin);
}

static void c9_a_damaged_record_ends_the_connection(void **state)
{
    struct gateway *g = *state;
    struct pair p =
        connect_pair(g, g->context, "a.test", ALPN_H1, ALPN_H1, 1000);
    struct buf wire = {0};
    assert_int_equal(tls_write(p.browser, STR("good")), OK);
    tls_take_output(p.browser, &wire);
    assert_int_equal(tls_feed(p.gateway, buf_str(&wire)), OK);
    buf_clear(&wire);
    assert_int_equal(tls_write(p.browser, STR("bad")), OK);
    tls_take_output(p.browser, &wire);
    buf_bytes(&wire)[wire.n - 1] ^= 1;
    assert_int_equal(tls_feed(p.gateway, buf_str(&wire)), ERR_PARSE);
    assert_string_equal(tls_failure(p.gateway), "bad-record");
    assert_true(tls_has_output(p.gateway)); /* the alert */
    assert_reads(p.gateway, "good");        /* what came before stays */
    buf_free(&wire);
    pair_free(&p);
}

static void a_client_that_refuses_our_leaf_is_recognised(void **state)
{
    struct gateway *g = *state;
    struct leaf *leaf = leaf_of(g, "a.test");
    /* The gateway's own context as a client: it trusts nothing. */
    struct tls *client =
        tls_new_origin(g->context, STR("a.test"), ALPN_H1, NULL);
    struct tls *tls = tls_new_client(g->context, leaf, ALPN_H1);
    leaf_unref(&leaf);
    run(client, tls, 1000);
    assert_int_equal(tls_phase(client), TLS_FAILED);
    assert_non_null(tls_refusal(client));
    assert_string_equal(tls_refusal(client)->reason, "own-ca");
    assert_int_equal(tls_phase(tls), TLS_FAILED);
    assert_string_equal(tls_failure(tls), "client-refused-certificate");
    tls_free(&client);
    tls_free(&tls);
}

/* ---- against a client of OpenSSL's own ----------------------------------- */

struct raw {
    SSL *ssl;
    BIO *in, *out;
    struct tls *tls;
};

static struct raw raw_open(
    struct gateway *g, SSL_CTX *ctx, const char *host, SSL_SESSION *session)
{
    struct leaf *leaf = leaf_of(g, host);
    struct raw r = {SSL_new(ctx), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()),
        tls_new_client(g->context, leaf, ALPN_H1)};
    leaf_unref(&leaf);
    SSL_set_bio(r.ssl, r.in, r.out);
    SSL_set_tlsext_host_name(r.ssl, host);
    SSL_set_connect_state(r.ssl);
    if (session != NULL)
        assert_int_equal(SSL_set_session(r.ssl, session), 1);
    return r;
}

static void raw_to_gateway(struct raw *r, size_t cut)
{
    char *bytes;
    long n = BIO_get_mem_data(r->out, &bytes);
    for (size_t at = 0; at < (size_t)n; at += cut)
        (void)!tls_feed(
            r->tls, str_sub(str_make(bytes, (size_t)n), at, at + cut));
    (void)BIO_reset(r->out);
}

static void raw_to_client(struct raw *r)
{
    struct buf wire = {0};
    tls_take_output(r->tls, &wire);
    if (wire.n > 0)
        BIO_write(r->in, buf_bytes(&wire), (int)wire.n);
    buf_free(&wire);
}

/* Both ends, until nothing moves; the reason of the client's error, or 0. */
static int raw_pump(struct raw *r, size_t cut)
{
    char scratch[256];
    for (int round = 0; round < 8; round++) {
        ERR_clear_error();
        int done = SSL_is_init_finished(r->ssl)
                       ? SSL_read(r->ssl, scratch, sizeof scratch)
                       : SSL_do_handshake(r->ssl);
        int error = SSL_get_error(r->ssl, done);
        if (error == SSL_ERROR_SSL)
            return ERR_GET_REASON(ERR_peek_error());
        raw_to_gateway(r, cut);
        raw_to_client(r);
    }
    return 0;
}

static void raw_close(struct raw *r)
{
    SSL_set_shutdown(r->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(r->ssl);
    tls_free(&r->tls);
    ERR_clear_error();
}

static SSL_CTX *raw_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, version);
    return ctx;
}

static void c3_c9_old_versions_and_weak_suites_get_their_alert(void **state)
{
    struct gateway *g = *state;
    static const struct {
        int version, reason;
        const char *suites, *chosen;
    } cases[] = {
        {TLS1_1_VERSION, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "ALL", NULL},
        {TLS1_2_VERSION, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "AES128-SHA",
            NULL},
        {TLS1_2_VERSION, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
            "AES128-GCM-SHA256", NULL},
        {TLS1_2_VERSION, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
            "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA", NULL},
        {TLS1_2_VERSION, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
            "aNULL:eNULL:@SECLEVEL=0", NULL},
        {TLS1_2_VERSION, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
            "ECDHE-ECDSA-AES128-CCM8", NULL},
        /* The server's order, not the client's. */
        {TLS1_2_VERSION, 0,
            "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256:"
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-AES256-GCM-SHA384"},
        {TLS1_2_VERSION, 0,
            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SSL_CTX *ctx = raw_context(cases[i].version);
        assert_int_equal(SSL_CTX_set_cipher_list(ctx, cases[i].suites), 1);
        struct raw r = raw_open(g, ctx, "a.test", NULL);
        int reason = raw_pump(&r, 1 << 20);
        if (reason != cases[i].reason)
            print_message("case %zu: %s\n", i,
                ERR_reason_error_string(
                    (unsigned long)ERR_PACK(ERR_LIB_SSL, 0, reason)));
        assert_int_equal(reason, cases[i].reason);
        assert_int_equal(
            tls_phase(r.tls), cases[i].chosen != NULL ? TLS_OPEN : TLS_FAILED);
        if (cases[i].chosen != NULL)
            assert_string_equal(SSL_get_cipher_name(r.ssl), cases[i].chosen);
        raw_close(&r);
        SSL_CTX_free(ctx);
    }
}

static unsigned handshakes;

static void count_handshakes(const SSL *ssl, int where, int value)
{
    (void)ssl;
    (void)value;
    handshakes += (where & SSL_CB_HANDSHAKE_DONE) != 0;
}

static void u17_a_client_renegotiates_nothing(void **state)
{
    struct gateway *g = *state;
    SSL_CTX *ctx = raw_context(TLS1_2_VERSION);
    handshakes = 0;
    SSL_CTX_set_info_callback(ctx, count_handshakes);
    struct raw r = raw_open(g, ctx, "a.test", NULL);
    assert_int_equal(raw_pump(&r, 1 << 20), 0);
    assert_int_equal(handshakes, 1);
    assert_int_equal(SSL_renegotiate(r.ssl), 1);
    assert_int_equal(raw_pump(&r, 1 << 20), SSL_R_NO_RENEGOTIATION);
    assert_int_equal(handshakes, 1);
    raw_close(&r);
    SSL_CTX_free(ctx);
}

/* The method for DEFLATE is put into a real hello. */
static void u17_compression_is_never_agreed_on(void **state)
{
    struct gateway *g = *state;
    SSL_CTX *ctx = raw_context(TLS1_2_VERSION);
    struct raw r = raw_open(g, ctx, "a.test", NULL);
    struct buf hello = {0}, answer = {0};
    char *bytes;
    SSL_do_handshake(r.ssl);
    size_t n = (size_t)BIO_get_mem_data(r.out, &bytes);
    size_t at = 5 + 4 + 2 + 32;
    at += 1u + (unsigned char)bytes[at];
    at += 2u + (size_t)((unsigned char)bytes[at] << 8 |
                        (unsigned char)bytes[at + 1]);
    assert_memory_equal(bytes + at, "\x01\x00", 2); /* none, and only that */
    buf_append(&hello, bytes, at);
    buf_append(&hello, "\x02\x01\x00", 3);
    buf_append(&hello, bytes + at + 2, n - at - 2);
    for (size_t i = 4; i <= 8; i += 4) { /* lengths of record, handshake */
        char *low = buf_bytes(&hello) + i;
        low[0]++;
        low[-1] = (char)(low[-1] + (low[0] == 0));
    }
    assert_int_equal(tls_feed(r.tls, buf_str(&hello)), OK);
    tls_take_output(r.tls, &answer);
    bytes = buf_bytes(&answer);
    assert_int_equal(bytes[5], 2); /* ServerHello */
    at = 5 + 4 + 2 + 32;
    at += 1u + (unsigned char)bytes[at];
    assert_int_equal(bytes[at + 2], 0);
    buf_free(&hello);
    buf_free(&answer);
    raw_close(&r);
    SSL_CTX_free(ctx);
}

static SSL_SESSION *last_session;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

static void u17_early_data_is_not_offered_and_not_read(void **state)
{
    struct gateway *g = *state;
    size_t n = 0;
    SSL_CTX *ctx = raw_context(TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    struct raw r = raw_open(g, ctx, "a.test", NULL);
    assert_int_equal(raw_pump(&r, 1 << 20), 0);
    raw_close(&r);
    assert_non_null(last_session);
    assert_int_equal(SSL_SESSION_get_max_early_data(last_session), 0);
    /* A client that sends some all the same: what is replayed counts never. */
    SSL_SESSION *session = SSL_SESSION_dup(last_session);
    assert_int_equal(SSL_SESSION_set_max_early_data(session, 4096), 1);
    r = raw_open(g, ctx, "a.test", session);
    assert_int_equal(SSL_write_early_data(r.ssl, "GET /replayed", 13, &n), 1);
    assert_int_equal(raw_pump(&r, 1 << 20), 0);
    assert_int_equal(SSL_get_early_data_status(r.ssl), SSL_EARLY_DATA_REJECTED);
    assert_int_equal(tls_phase(r.tls), TLS_OPEN);
    assert_int_equal(SSL_write(r.ssl, "in order", 8), 8);
    raw_to_gateway(&r, 1 << 20);
    assert_reads(r.tls, "in order");
    raw_close(&r);
    SSL_SESSION_free(session);
    SSL_SESSION_free(last_session);
    last_session = NULL;
    SSL_CTX_free(ctx);
}

static int add_padding(SSL *ssl, unsigned type, unsigned context,
    const unsigned char **out, size_t *n_out, X509 *cert, size_t index,
    int *alert, void *arg)
{
    static const unsigned char padding[64];
    (void)ssl;
    (void)type;
    (void)context;
    (void)cert;
    (void)index;
    (void)alert;
    (void)arg;
    *out = padding;
    *n_out = sizeof padding;
    return 1;
}

/* Two records, since it is longer than one may be; GREASE among them. */
static void c6_c9_a_hello_of_500_extensions_passes_byte_by_byte(void **state)
{
    struct gateway *g = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        SSL_CTX *ctx = raw_context(versions[i]);
        for (unsigned type = 0; type < 500; type++)
            assert_int_equal(
                SSL_CTX_add_custom_ext(ctx,
                    type < 16 ? 0x0a0a + 0x1010 * type : 0x5000 + type,
                    SSL_EXT_CLIENT_HELLO, add_padding, NULL, NULL, NULL, NULL),
                1);
        struct raw r = raw_open(g, ctx, "a.test", NULL);
        SSL_do_handshake(r.ssl);
        char *bytes;
        assert_true(BIO_get_mem_data(r.out, &bytes) > 32 * 1024);
        assert_int_equal(raw_pump(&r, 1), 0);
        assert_int_equal(tls_phase(r.tls), TLS_OPEN);
        raw_close(&r);
        SSL_CTX_free(ctx);
    }
}

/* ---- the order of the handshake -------------------------------------------
 */

static void put_record(struct buf *out, int type, struct str payload)
{
    buf_append_char(out, (char)type);
    buf_append(out, "\x03\x03", 2);
    buf_append_char(out, (char)(payload.n >> 8));
    buf_append_char(out, (char)payload.n);
    buf_append_str(out, payload);
}

static void put_handshake(struct buf *out, int type, size_t n)
{
    static const char zeros[64];
    struct buf message = {0};
    buf_append_char(&message, (char)type);
    buf_append(&message, "\0\0", 2);
    buf_append_char(&message, (char)n);
    buf_append(&message, zeros, n);
    put_record(out, 22, buf_str(&message));
    buf_free(&message);
}

enum { AFTER_NOTHING, AFTER_HELLO_12, AFTER_HELLO_13, AFTER_ALL_12, STAGES };

/* A fresh connection that has come as far as that. */
static struct raw at_stage(struct gateway *g, SSL_CTX *ctx, int stage)
{
    struct raw r = raw_open(g, ctx, "a.test", NULL);
    SSL_set_max_proto_version(
        r.ssl, stage == AFTER_HELLO_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (stage == AFTER_ALL_12) {
        assert_int_equal(raw_pump(&r, 1 << 20), 0);
    } else if (stage != AFTER_NOTHING) {
        SSL_do_handshake(r.ssl);
        raw_to_gateway(&r, 1 << 20);
        assert_int_equal(tls_phase(r.tls), TLS_HANDSHAKE);
    }
    struct buf dropped = {0};
    tls_take_output(r.tls, &dropped);
    buf_free(&dropped);
    return r;
}

/* Every kind of handshake message, a ChangeCipherSpec and application data, in
 * the clear and at a time when none of them may come. */
static void c7_nothing_is_taken_out_of_turn(void **state)
{
    struct gateway *g = *state;
    static const unsigned char kinds[] = {
        0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24, 67, 254};
    SSL_CTX *ctx = raw_context(TLS1_3_VERSION);
    for (int stage = 0; stage < STAGES; stage++) {
        for (size_t i = 0; i < ARRAY_LEN(kinds) + 2; i++) {
            struct buf wire = {0};
            struct raw r = at_stage(g, ctx, stage);
            if (i < ARRAY_LEN(kinds))
                put_handshake(&wire, kinds[i], 36);
            else if (i == ARRAY_LEN(kinds))
                put_record(&wire, 23, STR("GET / HTTP/1.1"));
            else /* once may come in TLS 1.3 (RFC 8446 D.4), as a fiction */
                for (int times = 0; times < 40; times++)
                    put_record(&wire, 20, STR("\x01"));
            (void)!tls_feed(r.tls, buf_str(&wire));
            if (tls_phase(r.tls) != TLS_FAILED)
                print_message("stage %d, message %zu\n", stage, i);
            assert_int_equal(tls_phase(r.tls), TLS_FAILED);
            assert_true(tls_has_output(r.tls)); /* the alert */
            struct buf none = {0};
            assert_int_equal(tls_read(r.tls, &none, 1), ERR_PARSE);
            buf_free(&wire);
            raw_close(&r);
        }
    }
    SSL_CTX_free(ctx);
}

static int open_gateway(void **state)
{
    static struct gateway gateway;
    gateway_open(&gateway);
    *state = &gateway;
    return 0;
}

static int close_gateway(void **state)
{
    gateway_close(*state);
    return 0;
}

#define WITH_GATEWAY(test)                                                     \
    cmocka_unit_test_setup_teardown(test, open_gateway, close_gateway)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_GATEWAY(a_handshake_and_data_pass_at_any_cut),
        WITH_GATEWAY(c5_the_gateway_chooses_out_of_the_offer),
        WITH_GATEWAY(much_data_passes_both_ways),
        WITH_GATEWAY(what_is_idle_keeps_no_record_buffers),
        WITH_GATEWAY(c8_tickets_open_at_every_worker_of_the_node),
        WITH_GATEWAY(c8_a_ticket_of_one_host_is_no_ticket_for_another),
        WITH_GATEWAY(what_is_not_tls_fails_and_says_so),
        WITH_GATEWAY(c9_a_damaged_record_ends_the_connection),
        WITH_GATEWAY(a_client_that_refuses_our_leaf_is_recognised),
        WITH_GATEWAY(c3_c9_old_versions_and_weak_suites_get_their_alert),
        WITH_GATEWAY(u17_a_client_renegotiates_nothing),
        WITH_GATEWAY(u17_compression_is_never_agreed_on),
        WITH_GATEWAY(u17_early_data_is_not_offered_and_not_read),
        WITH_GATEWAY(c6_c9_a_hello_of_500_extensions_passes_byte_by_byte),
        WITH_GATEWAY(c7_nothing_is_taken_out_of_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
