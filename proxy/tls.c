/*
 * What passes through here: every byte of inspected connections, on both
 * sides.  The session feeds ciphertext and takes output; OpenSSL reads
 * straight from the caller's bytes and writes straight into the output buf
 * through a BIO of our own.  Ciphertext is decrypted as it is fed, so nothing
 * is kept but plain text that the session has not read yet.
 */
#include "proxy/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "certs/leaf.h"
#include "certs/pem.h"
#include "certs/sessions.h"
#include "certs/tickets.h"
#include "certs/trust.h"
#include "proxy/tls_offer.h"
#include "proxy/tls_word.h"

enum {
    RECORD_BYTES = 16 * 1024,   /* RFC 8446 §5.1 */
    RECORD_OVERHEAD = 64,       /* header, tag, nonce, content type */
    CERT_LIST_MAX = 100 * 1024, /* bytes of an origin's Certificate message */
    CLIENT_TICKETS = 2,
    CHATTER_MAX = 32, /* OpenSSL's own bound of empty records */
    PLAIN_ROOM_MIN = 512,
    DETAIL_BYTES = TRUST_TEXT_BYTES,
    MIRRORS_MAX = 16,
};

/* For origins, with what a client offered: browsers of one kind share it. */
struct mirror {
    struct tls_words words;
    SSL_CTX *ctx;
};

struct tls_context {
    SSL_CTX *origin, *client;
    struct mirror mirrors[MIRRORS_MAX];
    size_t mirror_count, mirror_next; /* the oldest makes room */
    BIO_METHOD *bio_method;
    struct trust *trust;
    struct tickets *tickets;
    struct sessions *sessions;
};

struct tls {
    struct tls_context *context;
    SSL *ssl;
    struct leaf *leaf; /* client side */
    enum tls_phase phase;
    enum err error; /* in TLS_FAILED */
    bool is_origin;
    bool wants_client_cert;  /* the origin asked for one (U18) */
    const char *weak_cipher; /* that the origin chose; NULL: none */
    unsigned alpn;
    unsigned chatter; /* messages since the last plain text */
    struct str input; /* borrowed during tls_feed */
    struct buf output, plain;
    const char *failure;
    char failure_detail[DETAIL_BYTES];
    struct trust_verdict verdict;
    struct tls_refusal refusal;
    STACK_OF(X509) * chain; /* believed, until the handshake is over */
    int64_t until_ms;       /* how long the verdict may serve resumption */
    size_t host_n;
    char host[];
};

/* ---- the BIO ----------------------------------------------------------- */

static int bio_read(BIO *bio, char *out, size_t max, size_t *n_out)
{
    struct tls *tls = BIO_get_data(bio);
    size_t n = max < tls->input.n ? max : tls->input.n;
    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(out, tls->input.p, n);
    tls->input = str_sub(tls->input, n, tls->input.n);
    *n_out = n;
    return 1;
}

static int bio_write(BIO *bio, const char *bytes, size_t n, size_t *n_out)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    buf_append(&tls->output, bytes, n);
    *n_out = n;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method_new(void)
{
    BIO_METHOD *method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "promptgate");
    openssl_need(method != NULL &&
                     BIO_meth_set_read_ex(method, bio_read) == 1 &&
                     BIO_meth_set_write_ex(method, bio_write) == 1 &&
                     BIO_meth_set_ctrl(method, bio_control) == 1,
        "BIO method");
    return method;
}

/* ---- callbacks of OpenSSL ---------------------------------------------- */

static struct tls *tls_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

/* Wire form of the protocols in order of preference (RFC 7301 §3.1). */
static struct str alpn_wire(unsigned alpn)
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
    struct str wire = alpn_wire(tls_of(ssl)->alpn);
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

static struct str host_of(const struct tls *tls)
{
    return str_make(tls->host, tls->host_n);
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
        host_of(tls), now_ms, &tls->verdict, &tls->chain);
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
        tls->context->trust, host_of(tls), tls->chain, staple, &tls->verdict);
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
    sessions_put(tls->context->sessions, host_of(tls), session, tls->until_ms);
    return 1;
}

/* ---- contexts ---------------------------------------------------------- */

/* What both sides share: U7, U17, C3. */
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

static SSL_CTX *find_mirror(
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
    context->bio_method = bio_method_new();
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

/* ---- connections ------------------------------------------------------- */

static struct tls *connection_new(
    struct tls_context *context, SSL_CTX *ctx, struct str host, unsigned alpn)
{
    struct tls *tls = mem_zalloc(sizeof *tls + host.n + 1);
    tls->context = context;
    tls->plain.wipes = true;
    tls->alpn = alpn;
    tls->host_n = host.n;
    if (host.n > 0)
        memcpy(tls->host, host.p, host.n);
    tls->ssl = SSL_new(ctx);
    BIO *bio = BIO_new(context->bio_method);
    openssl_need(tls->ssl != NULL && bio != NULL, "SSL_new");
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    return tls;
}

static bool is_ip(const char *host)
{
    uint8_t bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 ||
           inet_pton(AF_INET6, host, bytes) == 1;
}

static void offer_session(struct tls *tls)
{
    SSL_SESSION *session = sessions_take(
        tls->context->sessions, host_of(tls), clock_wall_ms(), &tls->until_ms);
    if (session == NULL)
        return;
    if (SSL_set_session(tls->ssl, session) != 1)
        ERR_clear_error();
    SSL_SESSION_free(session);
}

struct tls *tls_new_origin(struct tls_context *context, struct str host,
    unsigned alpn, const struct tls_offer *offer)
{
    struct tls *tls = connection_new(context,
        offer != NULL ? find_mirror(context, offer) : context->origin, host,
        alpn);
    struct str wire = alpn_wire(alpn);
    tls->is_origin = true;
    SSL_set_connect_state(tls->ssl);
    if (!is_ip(tls->host))
        openssl_need(SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1, "SNI");
    if (wire.n > 0)
        openssl_need(SSL_set_alpn_protos(tls->ssl,
                         (const unsigned char *)wire.p, (unsigned)wire.n) == 0,
            "ALPN");
    offer_session(tls);
    return tls;
}

struct tls *tls_new_client(
    struct tls_context *context, struct leaf *leaf, unsigned alpn)
{
    struct str host = leaf_host(leaf);
    struct tls *tls = connection_new(context, context->client, host, alpn);
    uint8_t id[DIGEST_BYTES];
    tls->leaf = leaf_ref(leaf);
    SSL_set_accept_state(tls->ssl);
    /* A ticket is good for the host that it was made for only (C8). */
    digest_sha256(host, id);
    openssl_need(SSL_set_session_id_context(tls->ssl, id, sizeof id) == 1,
        "session id context");
    return tls;
}

void tls_free(struct tls **tls_at)
{
    struct tls *tls = *tls_at;
    if (tls == NULL)
        return;
    /* Without a shutdown OpenSSL would take a session for broken and refuse
     * to resume it. */
    if (tls->phase == TLS_OPEN || tls->phase == TLS_PEER_CLOSED)
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    leaf_unref(&tls->leaf);
    sk_X509_pop_free(tls->chain, X509_free);
    buf_free(&tls->output);
    buf_wipe_free(&tls->plain);
    mem_free(tls);
    *tls_at = NULL;
}

/* OpenSSL decrypts in place, in a buffer that it keeps. */
void tls_forget(struct tls *tls)
{
    (void)SSL_free_buffers(tls->ssl);
}

enum tls_phase tls_phase(const struct tls *tls)
{
    return tls->phase;
}

/* ---- failures ---------------------------------------------------------- */

static enum err fail(struct tls *tls, enum err err, const char *word)
{
    if (tls->phase == TLS_FAILED)
        return tls->error;
    tls->phase = TLS_FAILED;
    tls->error = err;
    tls->failure = word;
    return err;
}

static enum err fail_certificate(struct tls *tls)
{
    const struct trust_verdict *v = &tls->verdict;
    tls->refusal = (struct tls_refusal){
        v->reason, v->detail, str_of(v->subject), str_of(v->issuer)};
    snprintf(tls->failure_detail, sizeof tls->failure_detail, "%s", v->detail);
    return fail(tls, ERR_DENIED, "certificate");
}

static enum err fail_weak(struct tls *tls)
{
    snprintf(tls->failure_detail, sizeof tls->failure_detail,
        "the server chose %s: no forward secrecy or no authenticated "
        "encryption",
        tls->weak_cipher);
    return fail(tls, ERR_PARSE, "handshake-failure");
}

/* Reads OpenSSL's queue: the first entry names the cause. */
static enum err fail_by_openssl(struct tls *tls)
{
    unsigned long code = ERR_get_error();
    const char *text = ERR_reason_error_string(code);
    ERR_clear_error();
    if (tls->weak_cipher != NULL)
        return fail_weak(tls);
    if (tls->verdict.reason != NULL)
        return fail_certificate(tls);
    snprintf(tls->failure_detail, sizeof tls->failure_detail, "%s",
        text != NULL ? text : "connection broken");
    return fail(
        tls, ERR_PARSE, tls_word(code, tls->is_origin, tls->wants_client_cert));
}

const struct tls_refusal *tls_refusal(const struct tls *tls)
{
    return tls->error == ERR_DENIED ? &tls->refusal : NULL;
}

const char *tls_failure(const struct tls *tls)
{
    return tls->failure;
}

const char *tls_failure_detail(const struct tls *tls)
{
    return tls->failure_detail;
}

/* ---- driving OpenSSL --------------------------------------------------- */

/* What is idle keeps no record buffers.  OpenSSL would zero all 16 KiB of one
 * with each release (SSL_OP_CLEANSE_PLAINTEXT), but what was read of it is
 * zeroed already: it gives them up only when nothing is left to be read, and
 * the rest never held plain text but handshakes'. */
static void release_buffers(struct tls *tls)
{
    SSL_clear_options(tls->ssl, SSL_OP_CLEANSE_PLAINTEXT);
    (void)SSL_free_buffers(tls->ssl);
    SSL_set_options(tls->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

static enum err handshake(struct tls *tls)
{
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (done == 1) {
        tls->phase = TLS_OPEN;
        sk_X509_pop_free(tls->chain, X509_free);
        tls->chain = NULL;
        return OK;
    }
    switch (SSL_get_error(tls->ssl, done)) {
    case SSL_ERROR_WANT_READ:
        return OK;
    case SSL_ERROR_ZERO_RETURN:
        snprintf(tls->failure_detail, sizeof tls->failure_detail,
            "closed by the other side");
        return fail(tls, ERR_PARSE, "closed-in-handshake");
    default:
        return fail_by_openssl(tls);
    }
}

/* One record, or part of one, into the room of tls->plain. */
static enum err decrypt_some(struct tls *tls, bool *is_more_out)
{
    size_t n = 0;
    char *at = buf_reserve(&tls->plain, PLAIN_ROOM_MIN);
    size_t room = tls->plain.cap - tls->plain.start - tls->plain.n;
    *is_more_out = false;
    ERR_clear_error();
    int done = SSL_read_ex(tls->ssl, at, room, &n);
    if (tls->chatter > CHATTER_MAX)
        return fail(tls, ERR_LIMIT, "flood");
    if (done == 1) {
        buf_commit(&tls->plain, n);
        tls->chatter = 0;
        *is_more_out = true;
        return OK;
    }
    switch (SSL_get_error(tls->ssl, done)) {
    case SSL_ERROR_WANT_READ:
        return OK;
    case SSL_ERROR_ZERO_RETURN:
        tls->phase = TLS_PEER_CLOSED;
        return OK;
    default:
        return fail_by_openssl(tls);
    }
}

static enum err decrypt(struct tls *tls)
{
    enum err err = OK;
    bool is_more = true;
    /* Plain text is never longer than its records, so this is enough but for
     * a record whose beginning came earlier. */
    buf_reserve(&tls->plain, tls->input.n);
    while (err == OK && is_more && tls->phase == TLS_OPEN)
        err = decrypt_some(tls, &is_more);
    buf_give_back(&tls->plain);
    return err;
}

enum err tls_feed(struct tls *tls, struct str ciphertext)
{
    enum err err = OK;
    if (tls->phase == TLS_FAILED)
        return tls->error;
    tls->input = ciphertext;
    if (tls->phase == TLS_HANDSHAKE)
        err = handshake(tls);
    if (err == OK && tls->phase == TLS_OPEN &&
        (tls->input.n > 0 || SSL_has_pending(tls->ssl)))
        err = decrypt(tls);
    tls->input = STR_NONE; /* what follows a close_notify means nothing */
    release_buffers(tls);
    return err;
}

void tls_start(struct tls *tls)
{
    if (tls->phase == TLS_HANDSHAKE)
        (void)!handshake(tls);
    release_buffers(tls);
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf was = *a;
    *a = *b;
    *b = was;
}

enum err tls_read(struct tls *tls, struct buf *out, size_t max)
{
    size_t n = tls->plain.n < max ? tls->plain.n : max;
    if (n == 0) {
        if (tls->phase == TLS_FAILED)
            return tls->error;
        return tls->phase == TLS_PEER_CLOSED ? ERR_EOF : ERR_AGAIN;
    }
    if (out->n == 0 && n == tls->plain.n) {
        swap(out, &tls->plain);
        buf_clear(&tls->plain);
    } else {
        buf_append(out, buf_bytes(&tls->plain), n);
        buf_consume(&tls->plain, n);
    }
    buf_give_back(&tls->plain);
    return OK;
}

enum err tls_write(struct tls *tls, struct str plain)
{
    size_t n = 0;
    if (tls->phase != TLS_OPEN && tls->phase != TLS_PEER_CLOSED)
        return ERR_STATE;
    if (plain.n == 0)
        return OK;
    buf_reserve(
        &tls->output, plain.n + (plain.n / RECORD_BYTES + 1) * RECORD_OVERHEAD);
    ERR_clear_error();
    bool is_good =
        SSL_write_ex(tls->ssl, plain.p, plain.n, &n) == 1 && n == plain.n;
    release_buffers(tls);
    return is_good ? OK : fail_by_openssl(tls);
}

void tls_close(struct tls *tls)
{
    if (tls->phase != TLS_OPEN && tls->phase != TLS_PEER_CLOSED)
        return;
    ERR_clear_error();
    if (SSL_shutdown(tls->ssl) < 0)
        ERR_clear_error();
}

void tls_take_output(struct tls *tls, struct buf *out)
{
    if (out->n == 0) {
        swap(out, &tls->output);
        buf_clear(&tls->output);
    } else {
        buf_append_str(out, buf_str(&tls->output));
        buf_clear(&tls->output);
    }
    buf_give_back(&tls->output);
}

bool tls_has_output(const struct tls *tls)
{
    return tls->output.n > 0;
}

unsigned tls_alpn(const struct tls *tls)
{
    const unsigned char *chosen = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(tls->ssl, &chosen, &n);
    struct str name = str_make((const char *)chosen, n);
    if (str_is(name, "h2"))
        return ALPN_H2;
    return str_is(name, "http/1.1") ? ALPN_H1 : 0;
}

bool tls_was_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

const char *tls_version_text(const struct tls *tls)
{
    return SSL_get_version(tls->ssl);
}
