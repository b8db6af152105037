/* proxy/tls.h: the origin's side against a server of OpenSSL's own. */
#include "proxy/tls.h"

#include <string.h>

#include "base/mem.h"
#include "proxy/tls_offer.h"
#include "tests/unit/pki.h"
#include "tests/unit/tls_context.h"

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
    struct tls *tls = tls_new_origin(context, str_of(host), ALPN_H1, NULL);
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

static void u1_bad_origin_certificates_are_refused_by_reason(void **state)
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

static void u1_an_unknown_issuer_is_refused(void **state)
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

static void u11_our_own_ca_is_refused_even_out_of_the_roots(void **state)
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

static void u18_an_origin_that_wants_a_client_certificate_is_named(void **state)
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
        struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1, NULL);
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

/* offer: what the client offered, were it let through. */
static void assert_old_is_refused(const struct tls_offer *offer)
{
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make(
        (struct pki_spec){
            .name = "server", .san = "DNS:a.test", .key = "RSA2048"},
        &root);
    struct tls_context *context = context_trusting(&root);
    static const struct {
        int version;
        const char *ciphers, *word;
    } cases[] = {{TLS1_VERSION, "ALL", "protocol-version"},
        {TLS1_1_VERSION, "ALL", "protocol-version"},
        {TLS1_2_VERSION, "aNULL", "handshake-failure"},
        {TLS1_2_VERSION, "eNULL", "handshake-failure"},
        {TLS1_2_VERSION, "AES128-GCM-SHA256", "handshake-failure"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA256", "handshake-failure"},
        {TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", "handshake-failure"},
        {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct server s = server_new(&leaf, NULL);
        SSL_CTX_set_min_proto_version(s.ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(s.ctx, cases[i].version);
        assert_int_equal(SSL_CTX_set_cipher_list(s.ctx, cases[i].ciphers), 1);
        SSL_CTX_set_dh_auto(s.ctx, 1);
        server_start(&s);
        struct tls *tls =
            tls_new_origin(context, STR("a.test"), ALPN_H1, offer);
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

/* What a ServerKeyExchange is signed with is part of U6's and U7's offer. */
static void u7_what_we_offer_holds_nothing_weak(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct tls_context *context = context_trusting(&root);
    struct buf hello = {0};
    struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1, NULL);
    tls_start(tls);
    tls_take_output(tls, &hello);
    const unsigned char *p = (const unsigned char *)buf_bytes(&hello) + 43;
    p += 1 + p[0]; /* session id */
    size_t n = (size_t)(p[0] << 8 | p[1]);
    for (size_t i = 2; i < n + 2; i += 2) {
        unsigned suite = (unsigned)(p[i] << 8 | p[i + 1]);
        bool is_strong = (suite >= 0x1301 && suite <= 0x1303) ||
                         (suite >= 0xc02b && suite <= 0xc030) ||
                         (suite >= 0xcca8 && suite <= 0xcca9);
        assert_true(is_strong || suite == 0x00ff); /* RFC 5746's signal */
    }
    p += 2 + n;
    assert_memory_equal(p, "\x01\x00", 2); /* U17: no compression */
    size_t left = (size_t)(p[2] << 8 | p[3]);
    bool asks_for_staple = false;
    for (p += 4; left >= 4;) {
        unsigned type = (unsigned)(p[0] << 8 | p[1]);
        size_t size = 4 + (size_t)(p[2] << 8 | p[3]);
        asks_for_staple = asks_for_staple || type == 5;
        assert_int_not_equal(type, 42); /* U17: no early data */
        for (size_t i = 6; type == 13 && i + 1 < size; i += 2)
            assert_true(p[i] >= 4); /* no MD5, SHA-1, SHA-224 */
        p += size;
        left -= size;
    }
    assert_true(asks_for_staple); /* U8 */
    buf_free(&hello);
    tls_free(&tls);
    tls_context_free(&context);
    pki_free(&root);
}

static unsigned hellos;

static void count_hellos(int is_write, int version, int type, const void *bytes,
    size_t n, SSL *ssl, void *arg)
{
    (void)version;
    (void)ssl;
    (void)arg;
    hellos += !is_write && type == SSL3_RT_HANDSHAKE && n > 0 &&
              *(const unsigned char *)bytes == SSL3_MT_CLIENT_HELLO;
}

static void u17_an_origin_renegotiates_nothing(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root);
    struct tls_context *context = context_trusting(&root);
    struct server s = server_new(&leaf, NULL);
    SSL_CTX_set_max_proto_version(s.ctx, TLS1_2_VERSION);
    SSL_CTX_set_msg_callback(s.ctx, count_hellos);
    hellos = 0;
    server_start(&s);
    struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1, NULL);
    run_with_server(tls, &s);
    assert_int_equal(tls_phase(tls), TLS_OPEN);
    assert_int_equal(hellos, 1);
    assert_int_equal(SSL_renegotiate(s.ssl), 1);
    SSL_do_handshake(s.ssl); /* HelloRequest */
    run_with_server(tls, &s);
    assert_int_equal(hellos, 1);
    tls_free(&tls);
    server_free(&s);
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&leaf);
}

/* A session that would allow early data is used, but without any. */
static void u17_no_early_data_goes_to_an_origin(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root);
    struct tls_context *context = context_trusting(&root);
    struct server s = server_new(&leaf, NULL);
    assert_int_equal(SSL_CTX_set_max_early_data(s.ctx, 16384), 1);
    for (int round = 0; round < 2; round++) {
        server_start(&s);
        struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H1, NULL);
        run_with_server(tls, &s);
        assert_int_equal(tls_phase(tls), TLS_OPEN);
        assert_int_equal(tls_was_resumed(tls), round == 1);
        assert_int_equal(
            SSL_get_early_data_status(s.ssl), SSL_EARLY_DATA_NOT_SENT);
        tls_free(&tls);
        SSL_set_shutdown(s.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(s.ssl);
        s.ssl = NULL;
    }
    server_free(&s);
    tls_context_free(&context);
    pki_free(&root);
    pki_free(&leaf);
}

static void u7_old_versions_and_ciphers_are_refused(void **state)
{
    (void)state;
    assert_old_is_refused(NULL);
}

/* U7: what a browser offers for show is refused when it is chosen. */
static void u7_what_is_offered_for_show_is_refused(void **state)
{
    (void)state;
    const struct tls_offer offer = {.ciphers = STR("\xc0\x2f\xc0\x27\x00\x9c")};
    assert_old_is_refused(&offer);
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

static void u8_u10_a_stapled_answer_is_asked_for_and_obeyed(void **state)
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
        context = context_trusting(&root);
        tls_context_ignore_missing_staple(context); /* as configured */
        assert_staple(context, &must, v, NULL);
        make_staple(&must, &root, &root, V_OCSP_CERTSTATUS_REVOKED);
        tls_context_free(&context);
        context = context_trusting(&root);
        tls_context_ignore_missing_staple(context);
        assert_staple(context, &must, v, "revoked");
        tls_context_free(&context);
    }
    buf_free(&staple);
    pki_free(&root);
    pki_free(&stranger);
    pki_free(&leaf);
    pki_free(&must);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u1_bad_origin_certificates_are_refused_by_reason),
        cmocka_unit_test(u1_an_unknown_issuer_is_refused),
        cmocka_unit_test(u11_our_own_ca_is_refused_even_out_of_the_roots),
        cmocka_unit_test(
            u18_an_origin_that_wants_a_client_certificate_is_named),
        cmocka_unit_test(u7_old_versions_and_ciphers_are_refused),
        cmocka_unit_test(u7_what_we_offer_holds_nothing_weak),
        cmocka_unit_test(u17_an_origin_renegotiates_nothing),
        cmocka_unit_test(u17_no_early_data_goes_to_an_origin),
        cmocka_unit_test(u7_what_is_offered_for_show_is_refused),
        cmocka_unit_test(u8_u10_a_stapled_answer_is_asked_for_and_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
