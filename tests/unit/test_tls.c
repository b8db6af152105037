/* proxy/tls.h: our two sides against each other and against OpenSSL's own,
 * over memory, at any cut. */
#include "proxy/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "certs/leaf.h"
#include "certs/sessions.h"
#include "certs/signer.h"
#include "certs/tickets.h"
#include "tests/unit/pki.h"

static const char key_material[TLS_TICKET_KEY_BYTES] = "0123456789abcdef"
                                                       "0123456789abcdef";
#define TICKET_KEYS str_make(key_material, sizeof key_material)

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

static struct tls_context *context_of(struct bundle *bundle, struct str keys)
{
    struct diag diag = {0};
    struct tls_context *context = tls_context_new(bundle, keys, &diag);
    assert_non_null(context);
    diag_free(&diag);
    bundle_free(bundle);
    return context;
}

static struct tls_context *context_with(
    enum bundle_kind kind, struct str pem, struct str keys)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, kind, STR("ca.pem"), pem);
    return context_of(&bundle, keys);
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
    struct pair p = {tls_new_origin(g->browser, str_of(host), offer),
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

static void the_gateway_chooses_out_of_the_offer(void **state)
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

static void tickets_open_at_every_worker_of_the_node(void **state)
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
static void a_ticket_of_one_host_is_no_ticket_for_another(void **state)
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
    struct tls *origin = tls_new_origin(g->context, STR("a.test"), ALPN_H1);
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

static void a_damaged_record_ends_the_connection(void **state)
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
    struct tls *client = tls_new_origin(g->context, STR("a.test"), ALPN_H1);
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

/* ---- against an OpenSSL server ------------------------------------------ */

struct server {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
};

static struct server server_new(
    const struct pki_cert *leaf, const struct pki_cert *intermediate)
{
    struct server s = {.ctx = SSL_CTX_new(TLS_server_method())};
    SSL_CTX_set_security_level(s.ctx, 0);
    assert_int_equal(SSL_CTX_use_certificate(s.ctx, leaf->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(s.ctx, leaf->key), 1);
    if (intermediate != NULL)
        SSL_CTX_add1_chain_cert(s.ctx, intermediate->cert);
    return s;
}

static void server_start(struct server *s)
{
    s->ssl = SSL_new(s->ctx);
    s->in = BIO_new(BIO_s_mem());
    s->out = BIO_new(BIO_s_mem());
    SSL_set_bio(s->ssl, s->in, s->out);
    SSL_set_accept_state(s->ssl);
}

static void server_free(struct server *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    ERR_clear_error();
}

static void run_with_server(struct tls *tls, struct server *s)
{
    char scratch[256];
    tls_start(tls);
    for (int round = 0; round < 10; round++) {
        struct buf wire = {0};
        char *bytes;
        tls_take_output(tls, &wire);
        if (wire.n > 0)
            BIO_write(s->in, buf_bytes(&wire), (int)wire.n);
        buf_free(&wire);
        if (!SSL_is_init_finished(s->ssl))
            SSL_do_handshake(s->ssl);
        else
            SSL_read(s->ssl, scratch, sizeof scratch);
        ERR_clear_error();
        long n = BIO_get_mem_data(s->out, &bytes);
        if (n > 0)
            (void)!tls_feed(tls, str_make(bytes, (size_t)n));
        (void)BIO_reset(s->out);
    }
}

static void assert_refused(struct tls_context *context, struct server *s,
    const char *host, const char *reason)
{
    struct tls *tls = tls_new_origin(context, str_of(host), ALPN_H1);
    server_start(s);
    run_with_server(tls, s);
    if (reason == NULL) {
        assert_int_equal(tls_phase(tls), TLS_OPEN);
    } else {
        assert_int_equal(tls_phase(tls), TLS_FAILED);
        assert_non_null(tls_refusal(tls));
        assert_string_equal(tls_refusal(tls)->reason, reason);
        assert_true(strlen(tls_refusal(tls)->detail) > 0);
        assert_string_equal(tls_failure(tls), "certificate");
        struct buf none = {0};
        assert_int_equal(tls_read(tls, &none, 1), ERR_DENIED);
        assert_int_equal(tls_write(tls, STR("secret")), ERR_STATE);
    }
    tls_free(&tls);
    server_free(s);
}

static struct tls_context *context_trusting(const struct pki_cert *root)
{
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root->cert);
    return context_of(&bundle, TICKET_KEYS);
}

static void bad_origin_certificates_are_refused_by_reason(void **state)
{
    (void)state;
    /* RSA, because there is no ECDSA with MD5. */
    struct pki_cert root = pki_make((struct pki_spec){.name = "root",
                                        .key = "RSA2048",
                                        .constraints = "critical,CA:TRUE",
                                        .key_usage = "critical,keyCertSign"},
        NULL);
    struct pki_cert stranger = pki_make_ca("root", NULL); /* same name */
    struct tls_context *context = context_trusting(&root);
    static const struct {
        const char *reason, *host;
        struct pki_spec spec;
        bool by_stranger, is_self_signed;
    } cases[] = {
        {.host = "a.test", .spec = {.san = "DNS:a.test"}},
        {.host = "127.0.0.1", .spec = {.san = "IP:127.0.0.1"}},
        {"name-mismatch", "a.test", {.san = "DNS:b.test"}, 0, 0},
        {"name-mismatch", "127.0.0.1", {.san = "DNS:127.0.0.1"}, 0, 0},
        {"name-mismatch", "server", {.san = NULL}, 0, 0},
        {"expired", "a.test",
            {.san = "DNS:a.test", .from_days = -9, .to_days = -1}, 0, 0},
        {"not-yet-valid", "a.test",
            {.san = "DNS:a.test", .from_days = 2, .to_days = 9}, 0, 0},
        {"unknown-issuer", "a.test", {.san = "DNS:a.test"}, true, 0},
        {"self-signed", "a.test", {.san = "DNS:a.test"}, 0, true},
        {"weak-key", "a.test", {.san = "DNS:a.test", .key = "RSA1024"}, 0, 0},
        {"weak-signature", "a.test", {.san = "DNS:a.test", .digest = "SHA1"}, 0,
            0},
        {"weak-signature", "a.test", {.san = "DNS:a.test", .digest = "MD5"}, 0,
            0},
        {"wrong-usage", "a.test",
            {.san = "DNS:a.test", .extended_usage = "clientAuth"}, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pki_spec spec = cases[i].spec;
        spec.name = "server";
        struct pki_cert leaf = pki_make(spec, cases[i].is_self_signed ? NULL
                                              : cases[i].by_stranger ? &stranger
                                                                     : &root);
        struct server s = server_new(&leaf, NULL);
        assert_refused(context, &s, cases[i].host, cases[i].reason);
        pki_free(&leaf);
    }
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&stranger);
}

static void an_unknown_issuer_is_refused(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert other = pki_make_ca("other", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &other);
    struct tls_context *context = context_trusting(&root);
    struct server s = server_new(&leaf, NULL);
    assert_refused(context, &s, "a.test", "unknown-issuer");
    s = server_new(&leaf, &other);
    assert_refused(context, &s, "a.test", "unknown-issuer");
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&other);
    pki_free(&leaf);
}

static void our_own_ca_is_refused_even_out_of_the_roots(void **state)
{
    (void)state;
    struct pki_cert own = pki_make_ca("promptgate", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &own);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, own.cert);
    pki_add(&bundle, BUNDLE_CA, own.cert);
    struct tls_context *context = context_of(&bundle, TICKET_KEYS);
    struct server s = server_new(&leaf, NULL);
    assert_refused(context, &s, "a.test", "own-ca");
    tls_context_free(&context);
    pki_free(&own);
    pki_free(&leaf);
}

static void an_origin_that_wants_a_client_certificate_is_named(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root);
    struct tls_context *context = context_trusting(&root);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct server s = server_new(&leaf, NULL);
        SSL_CTX_set_verify(
            s.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_max_proto_version(s.ctx, versions[i]);
        server_start(&s);
        struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1);
        run_with_server(tls, &s);
        assert_int_equal(tls_phase(tls), TLS_FAILED);
        assert_string_equal(tls_failure(tls), "client-certificate-required");
        tls_free(&tls);
        server_free(&s);
    }
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&leaf);
}

static void old_versions_and_ciphers_are_refused(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make(
        (struct pki_spec){
            .name = "server", .san = "DNS:a.test", .key = "RSA2048"},
        &root);
    struct tls_context *context = context_trusting(&root);
    static const struct {
        int version;
        const char *ciphers, *word;
    } cases[] = {{TLS1_1_VERSION, "ALL", "protocol-version"},
        {TLS1_2_VERSION, "AES128-GCM-SHA256", "handshake-failure"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", "handshake-failure"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct server s = server_new(&leaf, NULL);
        SSL_CTX_set_min_proto_version(s.ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(s.ctx, cases[i].version);
        assert_int_equal(SSL_CTX_set_cipher_list(s.ctx, cases[i].ciphers), 1);
        server_start(&s);
        struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1);
        run_with_server(tls, &s);
        if (cases[i].word == NULL)
            assert_int_equal(tls_phase(tls), TLS_OPEN);
        else
            assert_string_equal(tls_failure(tls), cases[i].word);
        tls_free(&tls);
        server_free(&s);
    }
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&leaf);
}

/* ---- stapled OCSP -------------------------------------------------------- */

static struct buf staple;

static int give_staple(SSL *ssl, void *arg)
{
    (void)arg;
    unsigned char *copy = OPENSSL_malloc(staple.n);
    memcpy(copy, buf_bytes(&staple), staple.n);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple.n);
    return SSL_TLSEXT_ERR_OK;
}

static void make_staple(const struct pki_cert *leaf,
    const struct pki_cert *issuer, const struct pki_cert *signing, int status)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf->cert, issuer->cert);
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 3600);
    OCSP_basic_add1_status(basic, id, status, 0,
        status == V_OCSP_CERTSTATUS_REVOKED ? now : NULL, now, next);
    assert_int_equal(OCSP_basic_sign(basic, signing->cert, signing->key,
                         EVP_sha256(), NULL, 0),
        1);
    OCSP_RESPONSE *response =
        OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    int n = i2d_OCSP_RESPONSE(response, &der);
    buf_clear(&staple);
    buf_append(&staple, der, (size_t)n);
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
}

static void assert_staple(struct tls_context *context,
    const struct pki_cert *leaf, int version, const char *reason)
{
    struct server s = server_new(leaf, NULL);
    SSL_CTX_set_max_proto_version(s.ctx, version);
    if (staple.n > 0)
        SSL_CTX_set_tlsext_status_cb(s.ctx, give_staple);
    assert_refused(context, &s, "a.test", reason);
}

static void a_stapled_answer_is_asked_for_and_obeyed(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert stranger = pki_make_ca("stranger", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root);
    struct pki_cert must = pki_make((struct pki_spec){.name = "must",
                                        .san = "DNS:a.test",
                                        .extra = "tlsfeature=status_request"},
        &root);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        int v = versions[i];
        struct tls_context *context = context_trusting(&root);
        buf_clear(&staple);
        assert_staple(context, &leaf, v, NULL);
        tls_context_free(&context); /* forget the session */
        context = context_trusting(&root);
        assert_staple(context, &must, v, "missing-staple");
        make_staple(&leaf, &root, &root, V_OCSP_CERTSTATUS_REVOKED);
        assert_staple(context, &leaf, v, "revoked");
        make_staple(&must, &root, &root, V_OCSP_CERTSTATUS_GOOD);
        assert_staple(context, &must, v, NULL);
        tls_context_free(&context);
        context = context_trusting(&root);
        /* Signed by somebody else: as good as none. */
        make_staple(&must, &root, &stranger, V_OCSP_CERTSTATUS_GOOD);
        assert_staple(context, &must, v, "missing-staple");
        make_staple(&leaf, &root, &stranger, V_OCSP_CERTSTATUS_REVOKED);
        assert_staple(context, &leaf, v, NULL);
        tls_context_free(&context);
    }
    buf_free(&staple);
    pki_free(&root);
    pki_free(&stranger);
    pki_free(&leaf);
    pki_free(&must);
}

/* ---- ticket keys --------------------------------------------------------- */

/* Whether a ticket made at one time opens at another: 0, 1, or 2 (renew). */
static int opens(struct tickets *maker, int64_t made_ms, struct tickets *reader,
    int64_t now_ms)
{
    unsigned char name[16], iv[16];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac_ctx = EVP_MAC_CTX_new(mac);
    assert_int_equal(
        tickets_handle(maker, made_ms, name, iv, cipher, mac_ctx, 1), 1);
    int result = tickets_handle(reader, now_ms, name, iv, cipher, mac_ctx, 0);
    EVP_MAC_CTX_free(mac_ctx);
    EVP_MAC_free(mac);
    EVP_CIPHER_CTX_free(cipher);
    return result;
}

static void ticket_keys_rotate_and_end_within_a_day(void **state)
{
    (void)state;
    static const int64_t hour_ms = 3600 * 1000;
    struct tickets *a = tickets_new(TICKET_KEYS), *b = tickets_new(TICKET_KEYS);
    struct tickets *other = tickets_new(STR("something else entirely........"));
    int64_t start = 1000 * 24 * hour_ms;
    assert_int_equal(opens(a, start, b, start + 11 * hour_ms), 1);
    assert_int_equal(opens(a, start, b, start + 12 * hour_ms), 2);
    assert_int_equal(opens(a, start, b, start + 23 * hour_ms), 2);
    assert_int_equal(opens(a, start, b, start + 24 * hour_ms), 0);
    assert_int_equal(opens(a, start, other, start), 0);
    assert_int_equal(opens(a, start + 30 * hour_ms, a, start), 0);
    tickets_free(&a);
    tickets_free(&b);
    tickets_free(&other);
}

/* ---- origin sessions ------------------------------------------------------
 */

static SSL_SESSION *session_of(int version)
{
    SSL_SESSION *session = SSL_SESSION_new();
    SSL_SESSION_set_protocol_version(session, version);
    return session;
}

static void sessions_end_with_the_verdict_behind_them(void **state)
{
    (void)state;
    struct sessions *sessions = sessions_new();
    int64_t until = 0;
    SSL_SESSION *session = session_of(TLS1_3_VERSION);
    sessions_put(sessions, STR("a.test"), session, 1000);
    assert_null(sessions_take(sessions, STR("b.test"), 10, &until));
    SSL_SESSION *got = sessions_take(sessions, STR("a.test"), 999, &until);
    assert_ptr_equal(got, session);
    assert_int_equal(until, 1000);
    assert_null(sessions_take(sessions, STR("a.test"), 999, &until));
    sessions_put(sessions, STR("a.test"), got, 1000);
    assert_null(sessions_take(sessions, STR("a.test"), 1000, &until));
    session = session_of(TLS1_2_VERSION); /* may be used again */
    sessions_put(sessions, STR("a.test"), session, 1000);
    for (int i = 0; i < 3; i++) {
        got = sessions_take(sessions, STR("a.test"), 500, &until);
        assert_ptr_equal(got, session);
        SSL_SESSION_free(got);
    }
    sessions_free(&sessions);
}

static void the_table_of_sessions_is_bounded(void **state)
{
    (void)state;
    struct sessions *sessions = sessions_new();
    int64_t until;
    char name[32];
    for (int i = 0; i < SESSIONS_HOSTS + 10; i++) {
        snprintf(name, sizeof name, "h%d.test", i);
        for (int j = 0; j < SESSIONS_PER_HOST + 2; j++)
            sessions_put(
                sessions, str_of(name), session_of(TLS1_3_VERSION), 1000);
    }
    assert_null(sessions_take(sessions, STR("h9.test"), 1, &until));
    int left = 0;
    SSL_SESSION *got;
    while ((got = sessions_take(sessions, STR("h10.test"), 1, &until))) {
        SSL_SESSION_free(got);
        left++;
    }
    assert_int_equal(left, SESSIONS_PER_HOST);
    sessions_free(&sessions);
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
        WITH_GATEWAY(the_gateway_chooses_out_of_the_offer),
        WITH_GATEWAY(much_data_passes_both_ways),
        WITH_GATEWAY(tickets_open_at_every_worker_of_the_node),
        WITH_GATEWAY(a_ticket_of_one_host_is_no_ticket_for_another),
        WITH_GATEWAY(what_is_not_tls_fails_and_says_so),
        WITH_GATEWAY(a_damaged_record_ends_the_connection),
        WITH_GATEWAY(a_client_that_refuses_our_leaf_is_recognised),
        cmocka_unit_test(bad_origin_certificates_are_refused_by_reason),
        cmocka_unit_test(an_unknown_issuer_is_refused),
        cmocka_unit_test(our_own_ca_is_refused_even_out_of_the_roots),
        cmocka_unit_test(an_origin_that_wants_a_client_certificate_is_named),
        cmocka_unit_test(old_versions_and_ciphers_are_refused),
        cmocka_unit_test(a_stapled_answer_is_asked_for_and_obeyed),
        cmocka_unit_test(ticket_keys_rotate_and_end_within_a_day),
        cmocka_unit_test(sessions_end_with_the_verdict_behind_them),
        cmocka_unit_test(the_table_of_sessions_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
