/*
 * A request's way: on_request notes the head, collects the body, then either
 * answers at once or suspends the connection and pushes a job.  The job fills
 * the reply and resumes; on_request is called again and queues it.
 *
 * The body of a source is pulled: on_read gives what the last fill left, and
 * when nothing is left suspends the connection until a job has filled more.
 * So neither a thread of the network nor a connection to the store is held
 * by a slow reader.
 */
#include "console/http.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/mem.h"

enum { READ_BLOCK = 32 * 1024 };

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct buf cert, key;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    size_t running; /* jobs in the pool */
    unsigned large; /* larger bodies that are here */
    bool is_stopping;
};

enum phase { PHASE_BODY, PHASE_JOB, PHASE_READY, PHASE_SENT };

struct exchange {
    struct pool_job job; /* first */
    struct http *http;
    struct MHD_Connection *connection;
    enum phase phase;
    struct request request;
    struct response response;
    /* of a source; while a job runs they are the job's */
    struct buf piece;
    enum err piece_err;
    bool is_large;   /* its body counts as one */
    bool is_crowded; /* it was not let be one */
};

/* Headers that every answer carries. */
static const char *const fixed_headers[][2] = {
    {"Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
        "camera=(), microphone=(), geolocation=(), payment=()"},
    /* Not no-referrer: browsers send forms with "Origin: null" then, which is
     * what a stranger's form has. */
    {"Referrer-Policy", "same-origin"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

/* ---- jobs ---- */

static enum err start_job(struct exchange *ex,
    void (*run)(struct pool_job *job, void *local), unsigned wait_ms)
{
    struct http *h = ex->http;
    enum err err = ERR_CLOSED;
    ex->job.run = run;
    pthread_mutex_lock(&h->lock);
    if (!h->is_stopping)
        err = pool_push(h->options.pool, &ex->job, wait_ms);
    if (err == OK)
        h->running++;
    pthread_mutex_unlock(&h->lock);
    return err;
}

/* The connection may be gone as soon as it is resumed. */
static void end_job(struct exchange *ex)
{
    struct http *h = ex->http;
    MHD_resume_connection(ex->connection);
    pthread_mutex_lock(&h->lock);
    h->running--;
    pthread_cond_broadcast(&h->idle);
    pthread_mutex_unlock(&h->lock);
}

static bool is_stopping(struct http *h)
{
    pthread_mutex_lock(&h->lock);
    bool is = h->is_stopping;
    pthread_mutex_unlock(&h->lock);
    return is;
}

static void run_handler(struct pool_job *job, void *local)
{
    struct exchange *ex = (struct exchange *)job;
    const struct http_options *o = &ex->http->options;
    o->handle(o->owner, local, &ex->request, &ex->response);
    if (ex->response.again_ms > 0) {
        unsigned wait_ms = ex->response.again_ms;
        ex->response.again_ms = 0;
        if (pool_push(ex->http->options.pool, &ex->job, wait_ms) == OK)
            return; /* still the same job */
        ex->response.is_last = true;
        o->handle(o->owner, local, &ex->request, &ex->response);
    }
    ex->phase = PHASE_READY;
    end_job(ex);
}

static void run_fill(struct pool_job *job, void *local)
{
    struct exchange *ex = (struct exchange *)job;
    struct source *source = ex->response.source;
    ex->piece_err = is_stopping(ex->http)
                        ? ERR_CLOSED
                        : source->fill(source, local, &ex->piece);
    end_job(ex);
}

/* ---- replies ---- */

static ssize_t on_read(void *context, uint64_t position, char *out, size_t max)
{
    struct exchange *ex = context;
    (void)position;
    if (ex->piece.n > 0) {
        size_t n = ex->piece.n < max ? ex->piece.n : max;
        memcpy(out, buf_bytes(&ex->piece), n);
        buf_consume(&ex->piece, n);
        return (ssize_t)n;
    }
    if (ex->piece_err == ERR_EOF)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (ex->piece_err != OK && ex->piece_err != ERR_AGAIN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    MHD_suspend_connection(ex->connection);
    if (start_job(ex, run_fill,
            ex->piece_err == ERR_AGAIN ? SOURCE_WAIT_MS : 0) == OK)
        return 0;
    MHD_resume_connection(ex->connection);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *make_response(struct exchange *ex)
{
    struct response *response = &ex->response;
    struct str body =
        response->fixed.n > 0 ? response->fixed : buf_str(&response->body);
    if (response->source != NULL)
        return MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, READ_BLOCK, on_read, ex, NULL);
    /* The exchange lives until the reply has been sent. */
    return MHD_create_response_from_buffer(
        body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_response(struct exchange *ex)
{
    const struct response *r = &ex->response;
    struct MHD_Response *out = make_response(ex);
    if (out == NULL)
        return MHD_NO;
    if (r->type != NULL)
        MHD_add_response_header(out, "Content-Type", r->type);
    MHD_add_response_header(
        out, "Cache-Control", r->cache != NULL ? r->cache : "no-store");
    for (size_t i = 0; i < ARRAY_LEN(fixed_headers); i++)
        MHD_add_response_header(out, fixed_headers[i][0], fixed_headers[i][1]);
    for (size_t i = 0; i < r->header_count; i++)
        MHD_add_response_header(out, r->headers[i].name, r->headers[i].value);
    ex->phase = PHASE_SENT;
    enum MHD_Result result = MHD_queue_response(ex->connection, r->status, out);
    MHD_destroy_response(out);
    return result;
}

/* ---- requests ---- */

static struct str copy_of(struct exchange *ex, const char *text)
{
    return text != NULL ? arena_copy(&ex->request.arena, str_of(text))
                        : STR_NONE;
}

static struct str header_of(struct exchange *ex, const char *name)
{
    return copy_of(
        ex, MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, name));
}

static enum MHD_Result on_arg(void *context, enum MHD_ValueKind kind,
    const char *key, size_t key_size, const char *value, size_t value_size)
{
    struct request *r = &((struct exchange *)context)->request;
    (void)kind;
    if (r->arg_count == REQUEST_ARGS_MAX) {
        r->has_too_many_args = true;
        return MHD_NO;
    }
    r->args[r->arg_count++] = (struct request_arg){
        arena_copy(&r->arena, str_make(key, key_size)),
        arena_copy(&r->arena, str_make(value, value != NULL ? value_size : 0)),
    };
    return MHD_YES;
}

static enum request_method method_of(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return METHOD_GET;
    if (strcmp(method, "DELETE") == 0)
        return METHOD_DELETE;
    return strcmp(method, "POST") == 0 ? METHOD_POST : METHOD_OTHER;
}

static void note_head(struct exchange *ex, const char *url, const char *method)
{
    struct request *r = &ex->request;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    r->method = method_of(method);
    r->path = copy_of(ex, url);
    r->host = header_of(ex, "Host");
    r->cookie = header_of(ex, "Cookie");
    r->authorization = header_of(ex, "Authorization");
    r->origin = header_of(ex, "Origin");
    r->csrf = header_of(ex, "X-CSRF-Token");
    r->accept = header_of(ex, "Accept");
    r->last_event_id = header_of(ex, "Last-Event-ID");
    r->if_none_match = header_of(ex, "If-None-Match");
    r->content_type = header_of(ex, "Content-Type");
    r->accept_encoding = header_of(ex, "Accept-Encoding");
    MHD_get_connection_values_n(
        ex->connection, MHD_GET_ARGUMENT_KIND, on_arg, ex);
    if (info != NULL && info->client_addr != NULL)
        net_from_sockaddr(info->client_addr, &r->peer);
    net_format(&r->peer, r->peer_text);
}

/* The first piece beyond the usual bound decides; whoever may not, or comes
 * while others are at it, has the rest dropped. */
static size_t body_max(struct exchange *ex, size_t n)
{
    struct http *h = ex->http;
    if (ex->is_large)
        return REQUEST_LARGE_MAX;
    if (n <= REQUEST_BODY_MAX || ex->request.is_body_too_long ||
        h->options.may_be_large == NULL ||
        !h->options.may_be_large(h->options.owner, &ex->request))
        return REQUEST_BODY_MAX;
    pthread_mutex_lock(&h->lock);
    ex->is_large = h->large < HTTP_LARGE;
    h->large += ex->is_large;
    pthread_mutex_unlock(&h->lock);
    ex->is_crowded = !ex->is_large;
    return ex->is_large ? REQUEST_LARGE_MAX : REQUEST_BODY_MAX;
}

static void leave_large(struct exchange *ex)
{
    if (!ex->is_large)
        return;
    pthread_mutex_lock(&ex->http->lock);
    ex->http->large--;
    pthread_mutex_unlock(&ex->http->lock);
}

static void take_body(struct exchange *ex, const char *bytes, size_t *n)
{
    struct request *r = &ex->request;
    if (r->is_body_too_long || r->body.n + *n > body_max(ex, r->body.n + *n))
        r->is_body_too_long = true;
    else
        buf_append(&r->body, bytes, *n);
    *n = 0;
}

static enum MHD_Result answer_or_wait(struct exchange *ex)
{
    struct http *h = ex->http;
    struct response *response = &ex->response;
    if (ex->is_crowded) {
        response_error(response, 503, "busy", "Others are trying files now.");
        response_header(response, "Retry-After", STR("2"));
    } else if (ex->request.is_body_too_long)
        response_error(response, 413, "too-long", "The request is too long.");
    else if (ex->request.has_too_many_args)
        response_error(response, 400, "too-many", "Too many parameters.");
    else if (!h->options.quick(h->options.owner, &ex->request, response)) {
        ex->phase = PHASE_JOB;
        MHD_suspend_connection(ex->connection);
        if (start_job(ex, run_handler, 0) == OK)
            return MHD_YES;
        MHD_resume_connection(ex->connection);
        response_error(response, 503, "busy", "Too much at once. Try again.");
        response_header(response, "Retry-After", STR("2"));
        ex->phase = PHASE_READY; /* queued when it is called again */
        return MHD_YES;
    }
    return send_response(ex);
}

/* Whether another reader on the way, a reverse proxy, may see other requests in
 * these bytes than the library did (RFC 9112 §6.3, §3.2). */
struct framing {
    unsigned lengths, codings, hosts;
    bool is_other_coding; /* than chunked */
};

static enum MHD_Result note_framing(
    void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct framing *framing = context;
    (void)kind;
    framing->lengths += strcasecmp(key, "Content-Length") == 0;
    framing->hosts += strcasecmp(key, "Host") == 0;
    if (strcasecmp(key, "Transfer-Encoding") == 0) {
        framing->codings++;
        framing->is_other_coding |=
            value == NULL || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

static bool is_ambiguous(struct MHD_Connection *connection)
{
    struct framing framing = {0};
    MHD_get_connection_values(
        connection, MHD_HEADER_KIND, note_framing, &framing);
    return framing.lengths + framing.codings > 1 || framing.hosts > 1 ||
           framing.is_other_coding;
}

/* The library's own would end a path at "%00": a path that has it stays as it
 * is and names nothing, and so does an argument, as which it is no text. */
static size_t unescape(
    void *owner, struct MHD_Connection *connection, char *text)
{
    (void)owner;
    (void)connection;
    return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}

static enum MHD_Result on_request(void *owner,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_bytes,
    void **context)
{
    struct exchange *ex = *context;
    (void)version;
    if (ex == NULL) { /* the head only */
        ex = MEM_NEW(struct exchange);
        ex->http = owner;
        ex->connection = connection;
        note_head(ex, url, method);
        *context = ex;
        if (!is_ambiguous(connection))
            return MHD_YES;
        /* Answered before the body: the library closes behind it. */
        response_error(&ex->response, 400, "ambiguous",
            "The request's framing is ambiguous.");
        return send_response(ex);
    }
    if (*upload_bytes != 0) {
        take_body(ex, upload, upload_bytes);
        return MHD_YES;
    }
    if (ex->phase == PHASE_BODY)
        return answer_or_wait(ex);
    return ex->phase == PHASE_READY ? send_response(ex) : MHD_YES;
}

static void on_completed(void *owner, struct MHD_Connection *connection,
    void **context, enum MHD_RequestTerminationCode how)
{
    struct exchange *ex = *context;
    (void)owner;
    (void)connection;
    (void)how;
    if (ex == NULL)
        return;
    leave_large(ex);
    response_free(&ex->response);
    buf_free(&ex->piece);
    buf_wipe_free(&ex->request.body);
    arena_free(&ex->request.arena);
    mem_free(ex);
    *context = NULL;
}

/* ---- starting and stopping ---- */

static struct MHD_Daemon *start_daemon(struct http *h, int fd, bool is_tls)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (is_tls ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)h->cert.base},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)h->key.base},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
            (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_CONNECTION_BYTES, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, h, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)HTTP_THREADS,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, h, MHD_OPTION_ARRAY,
        is_tls ? tls : tls + ARRAY_LEN(tls) - 1, MHD_OPTION_END);
}

enum err http_start(const struct http_options *options, struct http **http_out)
{
    struct http *h = MEM_NEW(struct http);
    bool is_tls = options->cert_pem != NULL;
    int fd = dup(options->listen_fd); /* the daemon closes its socket */
    h->options = *options;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->idle, NULL);
    if (is_tls) {
        buf_append_str(&h->cert, str_of(options->cert_pem));
        buf_append_str(&h->key, str_of(options->key_pem));
        (void)buf_cstr(&h->cert);
        (void)buf_cstr(&h->key);
    }
    h->daemon = fd >= 0 ? start_daemon(h, fd, is_tls) : NULL;
    *http_out = h;
    if (h->daemon != NULL)
        return OK;
    if (fd >= 0)
        close(fd);
    http_stop(http_out);
    return ERR_IO;
}

/* The library does not stop while a connection is suspended. */
static void wait_for_jobs(struct http *h)
{
    pthread_mutex_lock(&h->lock);
    h->is_stopping = true;
    pthread_mutex_unlock(&h->lock);
    if (h->options.pool != NULL)
        pool_hurry(h->options.pool);
    pthread_mutex_lock(&h->lock);
    while (h->running > 0)
        pthread_cond_wait(&h->idle, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void http_stop(struct http **http)
{
    struct http *h = *http;
    *http = NULL;
    if (h == NULL)
        return;
    wait_for_jobs(h);
    if (h->daemon != NULL)
        MHD_stop_daemon(h->daemon);
    buf_free(&h->cert);
    buf_wipe_free(&h->key);
    pthread_cond_destroy(&h->idle);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}
