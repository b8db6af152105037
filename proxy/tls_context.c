/*
 * How TLS is spoken on either side, and what OpenSSL asks of us meanwhile:
 * protocols, tickets, certificates, sessions.  What is agreed with an origin
 * mirrors what the client offered, within our own limits (U6, U7).
 */
#include "proxy/tls_parts.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/leaf.h"
#include "certs/pem.h"
#include "certs/sessions.h"
#include "certs/tickets.h"

enum {
    CERT_LIST_MAX = 100 * 1024, /* bytes of an origin's Certificate message */
    CLIENT_TICKETS = 2,
};

/* ---- callbacks of OpenSSL ---------------------------------------------- */

static struct tls *tls_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

struct str tls_alpn_wire(unsigned alpn)
{
    switch (alpn & (ALPN_H1 | ALPN_H2)) {
    case ALPN_H1:
        return STR("\x08http/1.1");
    case ALPN_H2:
        return STR("\x02h2");
    case ALPN_H1 | ALPN_H2:
        return STR("\x02h2\x08http/1.1");
    default:
        return STR_NONE;
    }
}

/* A client that offers only protocols that we cannot speak here goes on
 * without one, as if it had no ALPN: refusing would break clients that only
 * ask for something exotic first. */
static int on_alpn(SSL *ssl, const unsigned char **chosen_out,
    unsigned char *n_out, const unsigned char *offer, unsigned offer_n,
    void *arg)
{
    struct str wire = tls_alpn_wire(tls_of(ssl)->alpn);
    unsigned char *chosen;
    (void)arg;
    if (wire.n == 0 ||
        SSL_select_next_proto(&chosen, n_out, (const unsigned char *)wire.p,
            (unsigned)wire.n, offer, offer_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen_out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_encrypting)
{
    int result = tickets_handle(tls_of(ssl)->context->tickets, clock_wall_ms(),
        name, iv, cipher, mac, is_encrypting);
    /* Tickets of TLS 1.3 are for one use (RFC 8446 §C.4): who has used one
     * gets the next, or every third connection would be a full handshake. */
    bool is_used = !is_encrypting && result == 1;
    return is_used && SSL_version(ssl) == TLS1_3_VERSION ? 2 : result;
}

/* Of what a browser offers, some is only for show (U7, C4). */
static bool is_strong(const SSL_CIPHER *cipher)
{
    int exchange = SSL_CIPHER_get_kx_nid(cipher);
    return SSL_CIPHER_is_aead(cipher) == 1 &&
           (exchange == NID_kx_ecdhe || exchange == NID_kx_any);
}

static int on_verify(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = tls_of(ssl);
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl);
    int64_t now_ms = clock_wall_ms();
    (void)arg;
    if (cipher != NULL && !is_strong(cipher)) {
        tls->weak_cipher = SSL_CIPHER_get_name(cipher);
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    enum err err = trust_verify(tls->context->trust,
        X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store),
        tls_host(tls), now_ms, &tls->verdict, &tls->chain);
    if (err != OK) {
        X509_STORE_CTX_set_error(store, tls->verdict.x509_error);
        return 0;
    }
    int64_t age_end_ms = now_ms + SESSIONS_AGE_MS;
    int64_t end_ms = tls->verdict.valid_until_ms;
    tls->until_ms = end_ms < age_end_ms ? end_ms : age_end_ms;
    return 1;
}

static int on_staple(SSL *ssl, void *arg)
{
    struct tls *tls = tls_of(ssl);
    const unsigned char *bytes = NULL;
    long n = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
    (void)arg;
    if (tls->chain == NULL)
        return 1; /* resumed: judged in the full handshake */
    struct str staple =
        n > 0 ? str_make((const char *)bytes, (size_t)n) : STR_NONE;
    enum err err = trust_check_staple(
        tls->context->trust, tls_host(tls), tls->chain, staple, &tls->verdict);
    return err == OK;
}

/* We have no certificate to offer; the origin decides what that means. */
static int on_client_cert(SSL *ssl, X509 **cert_out, EVP_PKEY **key_out)
{
    (void)cert_out;
    (void)key_out;
    tls_of(ssl)->wants_client_cert = true;
    return 0;
}

/* Asked for in full handshakes only: who resumes sees no certificate. */
static int on_cert(SSL *ssl, void *arg)
{
    (void)arg;
    return leaf_apply(tls_of(ssl)->leaf, ssl) == OK;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls *tls = tls_of(ssl);
    if (tls->until_ms <= clock_wall_ms() || !SSL_SESSION_is_resumable(session))
        return 0;
    sessions_put(tls->context->sessions, tls_host(tls), session, tls->until_ms);
    return 1;
}

/* Once a connection is open, what asks for work without bringing a byte is
 * counted: KeyUpdates and tickets read, refusals to renegotiate written. */
static void on_message(int is_ours, int version, int type, const void *bytes,
    size_t n, SSL *ssl, void *arg)
{
    struct tls *tls = tls_of(ssl);
    (void)version;
    (void)bytes;
    (void)n;
    (void)arg;
    if (tls != NULL && tls->phase == TLS_OPEN &&
        type == (is_ours ? SSL3_RT_ALERT : SSL3_RT_HANDSHAKE))
        tls->chatter++;
}

/* ---- contexts ---------------------------------------------------------- */

/* What both sides share: U7, U17, C3. */
static SSL_CTX *common_context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);
    openssl_need(ctx != NULL &&
                     SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                     SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                     SSL_CTX_set_cipher_list(
                         ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!SRP") == 1 &&
                     SSL_CTX_set_ciphersuites(ctx,
                         "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                         "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
                     SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1,
        "SSL_CTX");
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_msg_callback(ctx, on_message);
    return ctx;
}

static SSL_CTX *origin_context(void)
{
    SSL_CTX *ctx = common_context(TLS_client_method());
    openssl_need(
        SSL_CTX_set1_sigalgs_list(ctx,
            "ECDSA+SHA256:ed25519:RSA-PSS+SHA256:rsa_pss_pss_sha256:"
            "RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:rsa_pss_pss_sha384:"
            "RSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA512:rsa_pss_pss_sha512:"
            "RSA+SHA512") == 1,
        "signature algorithms");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
    SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp);
    SSL_CTX_set_tlsext_status_cb(ctx, on_staple);
    SSL_CTX_set_client_cert_cb(ctx, on_client_cert);
    SSL_CTX_set_session_cache_mode(
        ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    return ctx;
}

/* An extension that only asks; what comes is not looked at: transparency is
 * the browser's to demand, of certificates that it sees. */
static void ask_for_sct(SSL_CTX *ctx)
{
    enum { SCT = TLSEXT_TYPE_signed_certificate_timestamp };
    openssl_need(SSL_CTX_add_custom_ext(ctx, SCT,
                     SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO |
                         SSL_EXT_TLS1_3_CERTIFICATE,
                     NULL, NULL, NULL, NULL, NULL) == 1,
        "SCT");
}

static SSL_CTX *mirror_context(const struct tls_words *words)
{
    SSL_CTX *ctx = origin_context();
    const char *w;
    openssl_need(
        (*(w = words->suites) == 0 || SSL_CTX_set_ciphersuites(ctx, w) == 1) &&
            (*(w = words->ciphers) == 0 ||
                SSL_CTX_set_cipher_list(ctx, w) == 1) &&
            (*(w = words->groups) == 0 ||
                SSL_CTX_set1_groups_list(ctx, w) == 1) &&
            (*(w = words->signatures) == 0 ||
                SSL_CTX_set1_sigalgs_list(ctx, w) == 1),
        "offer of the client");
    if (!words->has_etm)
        SSL_CTX_set_options(ctx, SSL_OP_NO_ENCRYPT_THEN_MAC);
    if (words->has_sct)
        ask_for_sct(ctx);
    return ctx;
}

SSL_CTX *tls_context_mirror(
    struct tls_context *context, const struct tls_offer *offer)
{
    struct tls_words words;
    tls_offer_words(offer, &words);
    for (size_t i = 0; i < context->mirror_count; i++)
        if (memcmp(&context->mirrors[i].words, &words, sizeof words) == 0)
            return context->mirrors[i].ctx;
    struct mirror *m = &context->mirrors[context->mirror_next];
    context->mirror_next = (context->mirror_next + 1) % MIRRORS_MAX;
    if (context->mirror_count < MIRRORS_MAX)
        context->mirror_count++;
    SSL_CTX_free(m->ctx); /* connections keep their own reference */
    m->words = words;
    m->ctx = mirror_context(&words);
    return m->ctx;
}

static SSL_CTX *client_context(void)
{
    SSL_CTX *ctx = common_context(TLS_server_method());
    SSL_CTX_set_options(
        ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_cert_cb(ctx, on_cert, NULL);
    /* Sessions live in tickets only: nothing a client can make us keep. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, TICKETS_EPOCH_HOURS * 3600);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
    SSL_CTX_set_num_tickets(ctx, CLIENT_TICKETS);
    return ctx;
}

struct tls_context *tls_context_new(
    const struct bundle *bundle, struct str ticket_keys, struct diag *diag)
{
    struct trust *trust = trust_new(bundle, diag);
    if (trust == NULL)
        return NULL;
    struct tls_context *context = MEM_NEW(struct tls_context);
    context->trust = trust;
    context->tickets = tickets_new(ticket_keys);
    context->sessions = sessions_new();
    context->bio_method = tls_bio_method_new();
    context->origin = origin_context();
    context->client = client_context();
    return context;
}

void tls_context_ignore_missing_staple(struct tls_context *context)
{
    trust_ignore_missing_staple(context->trust);
}

void tls_context_add_host_roots(struct tls_context *context, struct str pattern,
    const struct bundle_file *file, struct diag *diag)
{
    trust_add_host_roots(context->trust, pattern, file, diag);
}

void tls_context_free(struct tls_context **context_at)
{
    struct tls_context *context = *context_at;
    if (context == NULL)
        return;
    for (size_t i = 0; i < context->mirror_count; i++)
        SSL_CTX_free(context->mirrors[i].ctx);
    SSL_CTX_free(context->origin);
    SSL_CTX_free(context->client);
    BIO_meth_free(context->bio_method);
    trust_free(&context->trust);
    tickets_free(&context->tickets);
    sessions_free(&context->sessions);
    mem_free(context);
    *context_at = NULL;
}
