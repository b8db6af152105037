/* The bench's origin: a TLS server that is the same for every peer and never
 * the slow part. HTTP/1.1 and HTTP/2, one thread a connection, one request at
 * a time. What it answers is in the path:
 *
 *     .../bytes/N                 N bytes, application/octet-stream
 *     .../conversation            the answer file as SSE, a fresh id in it
 *     .../conversation?n=N&ms=M   N tokens, one each M ms; each carries the
 *                                 time it was sent ("ts":NANOSECONDS)
 *     anything else               reads the body, answers "ok"
 *
 *     origin CERT KEY ANSWER   prints two ports: sessions can be resumed at
 *                              the first only
 */
#include <pthread.h>
#include <signal.h>

#include "bench/wire.h"

#define ID_MARK "@@@@@@@@-@@@@-@@@@-@@@@-@@@@@@@@@@@@"

enum kind { KIND_OK, KIND_BYTES, KIND_ANSWER, KIND_TOKENS };

/* One answer, and how much of it has been given. */
struct answer {
    enum kind kind;
    size_t left;      /* bytes */
    unsigned tokens;  /* still to come */
    unsigned pace_ms; /* between them */
    uint64_t due_ns;  /* of the next token */
    char *text;       /* owned; what KIND_ANSWER says */
    size_t length;
};

static char *sse;
static size_t sse_length;
static size_t sse_id_at;
static uint8_t filler[RECORD];

static void set_fresh_id(char *at)
{
    static _Atomic uint64_t next;
    char id[37];
    snprintf(id, sizeof id, "%08x-0000-4000-8000-%012llx", (unsigned)getpid(),
        (unsigned long long)++next);
    memcpy(at, id, 36);
}

static void answer_plan(struct answer *a, const char *path)
{
    memset(a, 0, sizeof *a);
    const char *bytes = strstr(path, "/bytes/");
    const char *tokens = strstr(path, "?n=");
    if (bytes != NULL) {
        a->kind = KIND_BYTES;
        a->left = strtoull(bytes + 7, NULL, 10);
    } else if (tokens != NULL) {
        const char *pace = strstr(tokens, "ms=");
        a->kind = KIND_TOKENS;
        a->tokens = (unsigned)strtoul(tokens + 3, NULL, 10);
        a->pace_ms = pace == NULL ? 0 : (unsigned)strtoul(pace + 3, NULL, 10);
    } else if (strstr(path, "/conversation") != NULL) {
        a->kind = KIND_ANSWER;
        a->text = malloc(sse_length);
        a->left = a->length = sse_length;
        memcpy(a->text, sse, sse_length);
        set_fresh_id(a->text + sse_id_at);
    } else {
        a->left = 2;
    }
}

static bool answer_is_sse(const struct answer *a)
{
    return a->kind == KIND_ANSWER || a->kind == KIND_TOKENS;
}

static size_t answer_token(struct answer *a, char *out, size_t room)
{
    a->due_ns = now_ns() + a->pace_ms * UINT64_C(1000000);
    if (a->tokens-- == 1)
        return (size_t)snprintf(out, room, "data: [DONE]\n\n");
    return (size_t)snprintf(out, room,
        "event: delta\ndata: {\"v\":\" and\",\"ts\":%llu}\n\n",
        (unsigned long long)now_ns());
}

/* The next piece of the body; 0 at its end. */
static size_t answer_next(struct answer *a, char *out, size_t room)
{
    if (a->kind == KIND_TOKENS)
        return a->tokens == 0 ? 0 : answer_token(a, out, room);
    size_t n = a->left < room ? a->left : room;
    const char *from = a->kind == KIND_OK ? "ok" : (const char *)filler;
    if (a->kind == KIND_ANSWER)
        from = a->text + (a->length - a->left);
    memcpy(out, from, n);
    a->left -= n;
    return n;
}

static void wait_until(uint64_t due_ns)
{
    uint64_t now = now_ns();
    if (due_ns > now)
        usleep((useconds_t)((due_ns - now) / 1000));
}

/* ---- HTTP/1.1 ---- */

static bool h1_answer(SSL *ssl, const char *path)
{
    struct answer a;
    answer_plan(&a, path);
    char out[RECORD];
    size_t used;
    if (answer_is_sse(&a))
        used = (size_t)snprintf(out, sizeof out,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
    else
        used = (size_t)snprintf(out, sizeof out,
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            "Content-Length: %zu\r\n\r\n",
            a.left);
    bool ok = true;
    while (ok) {
        char piece[RECORD - 512];
        wait_until(a.due_ns);
        size_t n = answer_next(&a, piece, sizeof piece);
        if (answer_is_sse(&a))
            used +=
                (size_t)snprintf(out + used, sizeof out - used, "%zx\r\n", n);
        memcpy(out + used, piece, n);
        used += n;
        if (answer_is_sse(&a)) {
            memcpy(out + used, "\r\n", 2);
            used += 2;
        }
        bool last = n == 0 || (!answer_is_sse(&a) && a.left == 0);
        ok = tls_write(ssl, out, used);
        used = 0;
        if (last)
            break;
    }
    free(a.text);
    return ok;
}

static bool h1_drain(SSL *ssl, size_t left)
{
    char sink[RECORD];
    while (left > 0) {
        size_t n = tls_read(ssl, sink, left < sizeof sink ? left : sizeof sink);
        if (n == 0)
            return false;
        left -= n;
    }
    return true;
}

static size_t h1_body_length(char *head)
{
    const char *field = strcasestr(head, "\r\ncontent-length:");
    return field == NULL ? 0 : strtoull(field + 17, NULL, 10);
}

static void h1_serve(SSL *ssl)
{
    char in[RECORD + 1];
    size_t used = 0;
    for (;;) {
        in[used] = 0;
        char *end = strstr(in, "\r\n\r\n");
        if (end == NULL) {
            size_t n = tls_read(ssl, in + used, RECORD - used);
            if (n == 0)
                return;
            used += n;
            continue;
        }
        *end = 0;
        size_t body = h1_body_length(in);
        size_t here = used - (size_t)(end + 4 - in);
        char path[1024];
        if (sscanf(in, "%*s %1023s", path) != 1)
            return;
        size_t taken = here < body ? here : body;
        memmove(in, end + 4 + taken, here - taken);
        used = here - taken;
        if (!h1_drain(ssl, body - taken) || !h1_answer(ssl, path))
            return;
    }
}

/* ---- HTTP/2 ---- */

struct h2_conn {
    struct answer answer; /* of the one stream that is answered */
    int32_t stream;       /* with tokens still to come; 0: none */
    char path[1024];
};

static ssize_t h2_body(nghttp2_session *h2, int32_t stream, uint8_t *out,
    size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct h2_conn *c = arg;
    (void)h2;
    (void)source;
    struct answer *a = &c->answer;
    if (a->kind == KIND_TOKENS && a->due_ns > now_ns()) {
        c->stream = stream;
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t n = answer_next(a, (char *)out, room);
    if (a->left == 0 && a->tokens == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int h2_on_header(nghttp2_session *h2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_length, const uint8_t *value,
    size_t value_length, uint8_t flags, void *arg)
{
    struct h2_conn *c = arg;
    (void)h2;
    (void)frame;
    (void)flags;
    if (name_length == 5 && memcmp(name, ":path", 5) == 0 &&
        value_length < sizeof c->path) {
        memcpy(c->path, value, value_length);
        c->path[value_length] = 0;
    }
    return 0;
}

static int h2_on_frame(
    nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct h2_conn *c = arg;
    bool is_message =
        frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!is_message || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    free(c->answer.text);
    answer_plan(&c->answer, c->path);
    bool is_sse = answer_is_sse(&c->answer);
    nghttp2_nv fields[] = {h2_field(":status", "200"),
        h2_field("content-type",
            is_sse ? "text/event-stream" : "application/octet-stream")};
    nghttp2_data_provider body = {.read_callback = h2_body};
    return nghttp2_submit_response(h2, frame->hd.stream_id, fields, 2, &body);
}

static nghttp2_session *h2_new(struct h2_conn *c)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_session *h2 = NULL;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, h2_on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, h2_on_frame);
    nghttp2_session_server_new(&h2, calls, c);
    nghttp2_session_callbacks_del(calls);
    nghttp2_settings_entry window = {
        NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20};
    nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(h2, 0, 0, 1 << 22);
    return h2;
}

static void h2_serve(SSL *ssl)
{
    struct h2_conn c = {0};
    nghttp2_session *h2 = h2_new(&c);
    while (h2_flush(ssl, h2)) {
        if (c.stream != 0) {
            wait_until(c.answer.due_ns);
            nghttp2_session_resume_data(h2, c.stream);
            c.stream = 0;
            continue;
        }
        uint8_t in[RECORD];
        size_t n = tls_read(ssl, in, sizeof in);
        if (n == 0 || nghttp2_session_mem_recv(h2, in, n) < 0)
            break;
    }
    nghttp2_session_del(h2);
    free(c.answer.text);
}

/* ---- connections ---- */

static void *serve(void *arg)
{
    SSL *ssl = arg;
    if (SSL_accept(ssl) == 1) {
        const uint8_t *name = NULL;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl, &name, &length);
        if (length == 2)
            h2_serve(ssl);
        else
            h1_serve(ssl);
        SSL_shutdown(ssl);
    }
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    return NULL;
}

static int choose_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_length,
    const uint8_t *offer, unsigned length, void *arg)
{
    (void)ssl;
    (void)arg;
    static const uint8_t ours[] = "\x02h2\x08http/1.1";
    uint8_t *chosen = NULL;
    int found = SSL_select_next_proto(
        &chosen, out_length, ours, sizeof ours - 1, offer, length);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                           : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *tls_new(char **args, bool resumable)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(tls, args[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, args[2], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set1_groups_list(tls, "X25519:P-256") != 1)
        die("certificate");
    /* The same cipher for all, whatever a peer would choose. */
    SSL_CTX_set_options(tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_ciphersuites(tls, CIPHERS);
    SSL_CTX_set_alpn_select_cb(tls, choose_alpn, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (!resumable) {
        SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(tls, 0);
    }
    return tls;
}

struct door {
    SSL_CTX *tls;
    int fd;
};

static void accept_all(const struct door *door)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int fd = accept(door->fd, NULL, NULL);
        if (fd < 0)
            die("accept");
        set_nodelay(fd);
        SSL *ssl = SSL_new(door->tls);
        SSL_set_fd(ssl, fd);
        pthread_t thread;
        if (pthread_create(&thread, &small, serve, ssl) != 0)
            die("thread");
    }
}

static void *on_thread(void *arg)
{
    accept_all(arg);
    return NULL;
}

static int listen_loopback(uint16_t *port_out)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        die("listen");
    *port_out = ntohs(at.sin_port);
    return fd;
}

static void read_answer(const char *path)
{
    FILE *file = fopen(path, "r");
    sse = calloc(1, 1 << 20);
    if (file == NULL)
        die(path);
    sse_length = fread(sse, 1, (1 << 20) - 1, file);
    fclose(file);
    const char *mark = strstr(sse, ID_MARK);
    sse_id_at = mark == NULL ? 0 : (size_t)(mark - sse);
}

int main(int count, char **args)
{
    if (count != 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    memset(filler, 'x', sizeof filler);
    read_answer(args[3]);
    struct door doors[2];
    uint16_t ports[2];
    for (int i = 0; i < 2; i++) {
        doors[i].tls = tls_new(args, i == 0);
        doors[i].fd = listen_loopback(&ports[i]);
    }
    printf("%u %u\n", ports[0], ports[1]);
    fflush(stdout);
    pthread_t thread;
    pthread_create(&thread, NULL, on_thread, &doors[1]);
    accept_all(&doors[0]);
    return 0;
}
