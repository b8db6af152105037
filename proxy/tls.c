/*
 * What passes through here: every byte of inspected connections, on both
 * sides.  The session feeds ciphertext and takes output; OpenSSL reads
 * straight from the caller's bytes and writes straight into the output buf
 * through a BIO of our own.  Ciphertext is decrypted as it is fed, so nothing
 * is kept but plain text that the session has not read yet.
 */
#include "proxy/tls_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "certs/leaf.h"
#include "certs/pem.h"
#include "certs/sessions.h"
#include "proxy/tls_word.h"

enum {
    RECORD_BYTES = 16 * 1024, /* RFC 8446 §5.1 */
    RECORD_OVERHEAD = 64,     /* header, tag, nonce, content type */
    CHATTER_MAX = 32,         /* OpenSSL's own bound of empty records */
    PLAIN_ROOM_MIN = 512,
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

BIO_METHOD *tls_bio_method_new(void)
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
        tls->context->sessions, tls_host(tls), clock_wall_ms(), &tls->until_ms);
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
        offer != NULL ? tls_context_mirror(context, offer) : context->origin,
        host, alpn);
    struct str wire = tls_alpn_wire(alpn);
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
