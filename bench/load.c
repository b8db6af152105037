/* The bench's client: C connections, each a thread with one request at a time,
 * over TLS, HTTP/1.1 or HTTP/2, straight or through a CONNECT proxy. Prints
 * one JSON object with counts and latencies. Any answer but 200 is a failure.
 *
 *     load to=PORT [tunnel=HOST:PORT] name=HOST ca=FILE alpn=h1|h2
 *          method=M path=P body=none|prompt|BYTES conns=C count=N
 *          [fresh=1] [resume=1] [hold=1 [walk=N]]
 *
 * fresh: a connection a request; resume: with the last one's session.
 * hold: all connections stay open, after a request each, until a line comes
 * from standard input; then N requests go over them in turn, eight at a time,
 * and these alone are counted; they are closed once standard input ends. An
 * event that carries "ts":NANOSECONDS gives the time it took from the origin's
 * write to our read.
 */
#include <pthread.h>
#include <signal.h>

#include "bench/wire.h"

#define SAMPLES_MAX (1 << 18)

static struct {
    const char *to, *tunnel, *name, *ca, *alpn, *method, *path, *body;
    const char *conns, *count, *fresh, *resume, *hold, *walk;
} opt = {.body = "none", .method = "GET", .conns = "1", .count = "1"};

static const struct {
    const char *key;
    const char **value;
} keys[] = {{"to", &opt.to}, {"tunnel", &opt.tunnel}, {"name", &opt.name},
    {"ca", &opt.ca}, {"alpn", &opt.alpn}, {"method", &opt.method},
    {"path", &opt.path}, {"body", &opt.body}, {"conns", &opt.conns},
    {"count", &opt.count}, {"fresh", &opt.fresh}, {"resume", &opt.resume},
    {"hold", &opt.hold}, {"walk", &opt.walk}};

struct samples {
    uint64_t ns[SAMPLES_MAX];
    _Atomic size_t count;
};

static struct samples latency; /* request to end of answer */
static struct samples first;   /* request to first byte of the answer's body */
static struct samples token;   /* origin's write to our read */
static _Atomic uint64_t body_bytes;
static _Atomic unsigned failed, resumed;
static _Atomic long todo;
static SSL_CTX *tls;
static uint8_t filler[RECORD];
static char prompt[2049];

/* One connection and the answer that is being read on it. */
struct conn {
    SSL *ssl;
    SSL_SESSION *session; /* the last one given; survives the connection */
    nghttp2_session *h2;
    char body[8192]; /* of a prompt */
    size_t body_length, body_sent;
    uint64_t started_ns, first_ns;
    int status;
    bool is_done;
};

static void sample_add(struct samples *s, uint64_t ns)
{
    size_t at = s->count++;
    if (at < SAMPLES_MAX)
        s->ns[at] = ns;
}

/* ---- what is asked ---- */

static size_t upload_bytes(void)
{
    return strtoull(opt.body, NULL, 10);
}

static bool has_body(void)
{
    return strcmp(opt.body, "none") != 0;
}

/* A message of 2 KiB with an id of its own, in ChatGPT's shape. */
static void prompt_write(struct conn *c)
{
    static _Atomic unsigned long next;
    unsigned long id = ++next;
    c->body_length = (size_t)snprintf(c->body, sizeof c->body,
        "{\"action\":\"next\",\"messages\":[{\"id\":\"%08x-%04lx-4000-8000-"
        "%012lx\",\"author\":{\"role\":\"user\"},\"content\":{\"content_type\":"
        "\"text\",\"parts\":[\"%s\"]},\"metadata\":{}}],\"parent_message_id\":"
        "\"client-created-root\",\"model\":\"auto\",\"supported_encodings\":"
        "[\"v1\"]}",
        (unsigned)now_ns(), id & 0xffff, id, prompt);
}

static void prompt_fill(void)
{
    static const char words[] = "Please explain how a heat pump moves warmth "
                                "from the cold side to the warm one, and why. ";
    for (size_t i = 0; i + 1 < sizeof prompt; i++)
        prompt[i] = words[i % (sizeof words - 1)];
}

static void request_begin(struct conn *c)
{
    c->body_sent = c->body_length = 0;
    if (strcmp(opt.body, "prompt") == 0)
        prompt_write(c);
    else if (has_body())
        c->body_length = upload_bytes();
    c->status = 0;
    c->is_done = false;
    c->first_ns = 0;
    c->started_ns = now_ns();
}

/* The next piece of the request's body. */
static size_t request_piece(struct conn *c, uint8_t *out, size_t room)
{
    bool is_prompt = strcmp(opt.body, "prompt") == 0;
    size_t left = c->body_length - c->body_sent;
    size_t n = left < room ? left : room;
    if (is_prompt)
        memcpy(out, c->body + c->body_sent, n);
    else
        memcpy(out, filler, n < RECORD ? n : (n = RECORD));
    c->body_sent += n;
    return n;
}

static void answer_bytes(struct conn *c, const uint8_t *bytes, size_t n)
{
    uint64_t now = now_ns();
    if (c->first_ns == 0)
        c->first_ns = now;
    body_bytes += n;
    if (strstr(opt.path, "?n=") == NULL)
        return;
    const char *mark = memmem(bytes, n, "\"ts\":", 5);
    if (mark == NULL ||
        memchr(mark, '}', (size_t)((const char *)bytes + n - mark)) == NULL)
        return;
    sample_add(&token, now - strtoull(mark + 5, NULL, 10));
}

/* ---- HTTP/1.1 ---- */

/* What Host names: a port that is not HTTPS's own belongs to it. */
static const char *authority(void)
{
    const char *port = opt.tunnel == NULL ? NULL : strchr(opt.tunnel, ':');
    return port == NULL || strcmp(port, ":443") == 0 ? opt.name : opt.tunnel;
}

static bool h1_send(struct conn *c)
{
    uint8_t out[RECORD];
    size_t used = (size_t)snprintf((char *)out, sizeof out,
        "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n", opt.method, opt.path,
        authority());
    if (has_body())
        used += (size_t)snprintf((char *)out + used, sizeof out - used,
            "Content-Type: %s\r\nContent-Length: %zu\r\n",
            strcmp(opt.body, "prompt") == 0 ? "application/json"
                                            : "application/octet-stream",
            c->body_length);
    memcpy(out + used, "\r\n", 2);
    used += 2;
    do {
        used += request_piece(c, out + used, sizeof out - used);
        if (!tls_write(c->ssl, out, used))
            return false;
        used = 0;
    } while (c->body_sent < c->body_length);
    return true;
}

/* Chunked coding is read over a buffer that always holds a whole size line. */
struct h1_in {
    char bytes[RECORD + 1];
    size_t at, used;
};

static bool h1_more(struct conn *c, struct h1_in *in)
{
    if (in->at > 0) {
        memmove(in->bytes, in->bytes + in->at, in->used - in->at);
        in->used -= in->at;
        in->at = 0;
    }
    size_t n = tls_read(c->ssl, in->bytes + in->used, RECORD - in->used);
    in->used += n;
    in->bytes[in->used] = 0;
    return n > 0;
}

static bool h1_body(struct conn *c, struct h1_in *in, size_t left)
{
    while (left > 0) {
        if (in->at == in->used && !h1_more(c, in))
            return false;
        size_t here = in->used - in->at;
        size_t n = left < here ? left : here;
        answer_bytes(c, (uint8_t *)in->bytes + in->at, n);
        in->at += n;
        left -= n;
    }
    return true;
}

/* Up to and with the mark; what was before it is at *from_out. */
static bool h1_until(
    struct conn *c, struct h1_in *in, const char *mark, char **from_out)
{
    char *end;
    while (
        in->used == in->at || (end = strstr(in->bytes + in->at, mark)) == NULL)
        if (!h1_more(c, in))
            return false;
    *end = 0;
    *from_out = in->bytes + in->at;
    in->at = (size_t)(end - in->bytes) + strlen(mark);
    return true;
}

static bool h1_chunks(struct conn *c, struct h1_in *in)
{
    for (;;) {
        char *line = NULL;
        if (!h1_until(c, in, "\r\n", &line))
            return false;
        size_t n = strtoull(line, NULL, 16);
        if (!h1_body(c, in, n) || !h1_until(c, in, "\r\n", &line))
            return false;
        if (n == 0)
            return true;
    }
}

static bool h1_exchange(struct conn *c)
{
    static _Thread_local struct h1_in in;
    in.at = in.used = 0;
    char *head = NULL;
    if (!h1_send(c) || !h1_until(c, &in, "\r\n\r\n", &head))
        return false;
    c->status = atoi(head + 9);
    if (strcasestr(head, "\r\ntransfer-encoding: chunked") != NULL)
        return h1_chunks(c, &in);
    const char *length = strcasestr(head, "\r\ncontent-length:");
    return length != NULL && h1_body(c, &in, strtoull(length + 17, NULL, 10));
}

/* ---- HTTP/2 ---- */

static ssize_t h2_piece(nghttp2_session *h2, int32_t stream, uint8_t *out,
    size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)h2;
    (void)stream;
    (void)source;
    struct conn *c = arg;
    size_t n = request_piece(c, out, room);
    if (c->body_sent == c->body_length)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int h2_on_header(nghttp2_session *h2, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_length, const uint8_t *value,
    size_t value_length, uint8_t flags, void *arg)
{
    (void)h2;
    (void)frame;
    (void)flags;
    (void)value_length;
    struct conn *c = arg;
    if (name_length == 7 && memcmp(name, ":status", 7) == 0)
        c->status = atoi((const char *)value);
    return 0;
}

static int h2_on_data(nghttp2_session *h2, uint8_t flags, int32_t stream,
    const uint8_t *bytes, size_t n, void *arg)
{
    (void)h2;
    (void)flags;
    (void)stream;
    answer_bytes(arg, bytes, n);
    return 0;
}

static int h2_on_close(
    nghttp2_session *h2, int32_t stream, uint32_t code, void *arg)
{
    (void)h2;
    (void)stream;
    struct conn *c = arg;
    c->is_done = true;
    if (code != 0)
        c->status = -1;
    return 0;
}

static void h2_start(struct conn *c)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, h2_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, h2_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, h2_on_close);
    nghttp2_session_client_new(&c->h2, calls, c);
    nghttp2_session_callbacks_del(calls);
    nghttp2_settings_entry window = {
        NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 22};
    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(c->h2, 0, 0, 1 << 23);
}

static bool h2_exchange(struct conn *c)
{
    nghttp2_nv fields[] = {h2_field(":method", opt.method),
        h2_field(":scheme", "https"), h2_field(":authority", opt.name),
        h2_field(":path", opt.path), h2_field("accept", "*/*"),
        h2_field("content-type", strcmp(opt.body, "prompt") == 0
                                     ? "application/json"
                                     : "application/octet-stream")};
    nghttp2_data_provider body = {.read_callback = h2_piece};
    if (nghttp2_submit_request(c->h2, NULL, fields, has_body() ? 6 : 5,
            has_body() ? &body : NULL, NULL) < 0)
        return false;
    while (!c->is_done) {
        uint8_t in[RECORD];
        size_t n =
            h2_flush(c->ssl, c->h2) ? tls_read(c->ssl, in, sizeof in) : 0;
        if (n == 0 || nghttp2_session_mem_recv(c->h2, in, n) < 0)
            return false;
    }
    return true;
}

/* ---- connections ---- */

static bool tunnel_open(int fd)
{
    char text[512];
    int n = snprintf(text, sizeof text,
        "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", opt.tunnel, opt.tunnel);
    if (write(fd, text, (size_t)n) != n)
        return false;
    for (size_t used = 0; used < sizeof text - 1;) {
        ssize_t got = read(fd, text + used, 1);
        if (got != 1)
            return false;
        text[++used] = 0;
        if (used > 4 && strcmp(text + used - 4, "\r\n\r\n") == 0)
            return strncmp(text + 9, "200", 3) == 0;
    }
    return false;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct conn *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

static bool conn_open(struct conn *c)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)atoi(opt.to))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    set_nodelay(fd);
    c->ssl = SSL_new(tls);
    SSL_set_fd(c->ssl, fd);
    SSL_set_app_data(c->ssl, c);
    SSL_set_tlsext_host_name(c->ssl, opt.name);
    SSL_set1_host(c->ssl, opt.name);
    if (opt.resume != NULL && c->session != NULL)
        SSL_set_session(c->ssl, c->session);
    bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
              (opt.tunnel == NULL || tunnel_open(fd)) &&
              SSL_connect(c->ssl) == 1;
    if (ok && SSL_session_reused(c->ssl))
        resumed++;
    const uint8_t *chosen = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(c->ssl, &chosen, &length);
    if (ok && strcmp(opt.alpn, "h2") == 0) {
        ok = length == 2;
        h2_start(c);
    }
    return ok;
}

static void conn_close(struct conn *c)
{
    if (c->ssl == NULL)
        return;
    nghttp2_session_del(c->h2);
    c->h2 = NULL;
    SSL_shutdown(c->ssl);
    close(SSL_get_fd(c->ssl));
    SSL_free(c->ssl);
    c->ssl = NULL;
}

/* One request; connects first where there is no connection, on the request's
 * time only where each has its own. */
static void conn_ask(struct conn *c)
{
    uint64_t start = now_ns();
    bool ok = c->ssl != NULL || conn_open(c);
    request_begin(c);
    if (opt.fresh != NULL)
        c->started_ns = start;
    ok = ok && (c->h2 != NULL ? h2_exchange(c) : h1_exchange(c)) &&
         c->status == 200;
    if (ok) {
        sample_add(&latency, now_ns() - c->started_ns);
        if (c->first_ns != 0)
            sample_add(&first, c->first_ns - c->started_ns);
    } else {
        failed++;
    }
    if (!ok || opt.fresh != NULL)
        conn_close(c);
}

static void *client(void *arg)
{
    struct conn *c = arg;
    while (todo-- > 0)
        conn_ask(c);
    if (opt.hold == NULL)
        conn_close(c);
    return NULL;
}

enum { WALKERS = 8 };

/* Of all connections, asked in turn. */
struct share {
    struct conn *first;
    size_t count;
};

static void *open_all(void *arg)
{
    const struct share *share = arg;
    for (size_t i = 0; i < share->count; i++)
        conn_ask(&share->first[i]);
    return NULL;
}

static void *walk(void *arg)
{
    const struct share *share = arg;
    for (size_t i = 0; share->count != 0 && todo-- > 0; i++)
        conn_ask(&share->first[i % share->count]);
    return NULL;
}

static void divide(struct conn *all, size_t conns, void *(*work)(void *))
{
    struct share shares[WALKERS];
    pthread_t threads[WALKERS];
    for (size_t i = 0; i < WALKERS; i++) {
        size_t from = conns * i / WALKERS, to = conns * (i + 1) / WALKERS;
        shares[i] = (struct share){all + from, to - from};
        if (pthread_create(&threads[i], NULL, work, &shares[i]) != 0)
            die("thread");
    }
    for (size_t i = 0; i < WALKERS; i++)
        pthread_join(threads[i], NULL);
}

static void hold(struct conn *all, size_t conns)
{
    divide(all, conns, open_all);
    printf("held %zu failed %u\n", conns, failed);
    fflush(stdout);
    (void)getchar();
    if (opt.walk == NULL)
        exit(0);
    latency.count = first.count = 0;
    todo = atol(opt.walk);
    divide(all, conns, walk);
}

static void run(size_t conns)
{
    struct conn *all = calloc(conns, sizeof *all);
    pthread_t *threads = calloc(conns, sizeof *threads);
    todo = atol(opt.count);
    if (opt.hold != NULL) {
        hold(all, conns);
        return;
    }
    for (size_t i = 0; i < conns; i++)
        if (pthread_create(&threads[i], NULL, client, &all[i]) != 0)
            die("thread");
    for (size_t i = 0; i < conns; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    free(all);
}

/* ---- the outcome ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void samples_print(const char *name, struct samples *s)
{
    size_t n = s->count < SAMPLES_MAX ? s->count : SAMPLES_MAX;
    size_t slow = 0;
    qsort(s->ns, n, sizeof s->ns[0], by_value);
    for (size_t i = 0; i < n; i++)
        slow += s->ns[i] >= UINT64_C(35000000);
    printf(",\"%s\":{\"n\":%zu", name, n);
    if (n > 0)
        printf(",\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"over_35ms\":%zu",
            (double)s->ns[n / 2] / 1e3, (double)s->ns[n * 99 / 100] / 1e3,
            (double)s->ns[n - 1] / 1e3, slow);
    printf("}");
}

static void tls_start(void)
{
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_locations(tls, opt.ca, NULL) != 1 ||
        SSL_CTX_set1_groups_list(tls, "X25519:P-256") != 1)
        die(opt.ca);
    SSL_CTX_set_ciphersuites(tls, CIPHERS);
    bool is_h2 = strcmp(opt.alpn, "h2") == 0;
    SSL_CTX_set_alpn_protos(tls,
        (const uint8_t *)(is_h2 ? "\x02h2" : "\x08http/1.1"), is_h2 ? 3 : 9);
    SSL_CTX_set_session_cache_mode(
        tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, on_session);
}

int main(int count, char **args)
{
    for (int i = 1; i < count; i++)
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            size_t n = strlen(keys[k].key);
            if (strncmp(args[i], keys[k].key, n) == 0 && args[i][n] == '=')
                *keys[k].value = args[i] + n + 1;
        }
    if (!opt.to || !opt.name || !opt.ca || !opt.alpn || !opt.path)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    prompt_fill();
    tls_start();
    uint64_t start = now_ns();
    run(strtoull(opt.conns, NULL, 10));
    printf("{\"count\":%zu,\"failed\":%u,\"resumed\":%u,\"bytes\":%llu,"
           "\"seconds\":%.3f",
        (size_t)latency.count, failed, resumed, (unsigned long long)body_bytes,
        (double)(now_ns() - start) / 1e9);
    samples_print("latency", &latency);
    samples_print("first", &first);
    samples_print("token", &token);
    printf("}\n");
    fflush(stdout);
    while (opt.hold != NULL && getchar() != EOF)
        ;
    return 0;
}
