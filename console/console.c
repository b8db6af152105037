#include "console/console.h"

#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/html.h"
#include "base/mem.h"
#include "base/stats.h"

enum {
    CONNECTIONS_MAX = 256,
    CONNECTIONS_PER_ADDRESS = 64,
    IDLE_SECONDS = 15,
    MEMORY_A_CONNECTION = 32 * 1024,
};

struct site {
    struct MHD_Daemon *daemon;
    const void *stats;
    struct buf cert, key;
    struct buf page;
};

/* Headers that every answer of the console carries. */
static const char *const fixed_headers[][2] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};

static enum MHD_Result answer(struct MHD_Connection *connection,
    unsigned status, const char *type, struct str body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    for (size_t i = 0; i < ARRAY_LEN(fixed_headers); i++)
        MHD_add_response_header(
            response, fixed_headers[i][0], fixed_headers[i][1]);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_metrics(
    const struct site *site, struct MHD_Connection *connection)
{
    struct buf text = {0};
    stats_write_prometheus(site->stats, &text);
    enum MHD_Result result = answer(connection, MHD_HTTP_OK,
        "text/plain; version=0.0.4; charset=utf-8", buf_str(&text));
    buf_free(&text);
    return result;
}

static enum MHD_Result on_request(void *owner,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_bytes,
    void **request)
{
    const struct site *site = owner;
    static int seen;
    (void)version;
    (void)upload;
    if (*request == NULL) { /* the head only: answer on the next call */
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_bytes != 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    const char *text = "text/plain; charset=utf-8";
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, text,
            STR("only GET and HEAD\n"));
    if (strcmp(url, "/healthz") == 0)
        return answer(connection, MHD_HTTP_OK, text, STR("ok\n"));
    if (site->stats != NULL && strcmp(url, "/metrics") == 0)
        return answer_metrics(site, connection);
    if (site->stats == NULL && strcmp(url, "/") == 0)
        return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
            buf_str(&site->page));
    return answer(connection, MHD_HTTP_NOT_FOUND, text, STR("nothing here\n"));
}

static void make_page(struct site *site, struct str node)
{
    buf_append_str(&site->page,
        STR("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\">"
            "<meta name=\"color-scheme\" content=\"light dark\">"
            "<title>promptgate</title><style>body{font:16px/1.5 "
            "system-ui,sans-serif;"
            "max-width:40em;margin:4em auto;padding:0 1em}</style>"
            "<h1>promptgate</h1><p>The gateway is running on <b>"));
    html_append(&site->page, node);
    buf_append_str(&site->page,
        STR("</b>. Recorded activities: <code>promptgate activities</code>."
            "</p></html>\n"));
}

static struct MHD_Daemon *start_daemon(struct site *site, int fd, bool is_tls)
{
    unsigned flags = MHD_USE_EPOLL | (is_tls ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)site->cert.base},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)site->key.base},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
            (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, site,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)MEMORY_A_CONNECTION, MHD_OPTION_ARRAY,
        is_tls ? tls : tls + ARRAY_LEN(tls) - 1, MHD_OPTION_END);
}

enum err site_start(const struct site_options *options, struct site **site_out)
{
    struct site *site = MEM_NEW(struct site);
    bool is_tls = options->cert_pem != NULL;
    int fd = dup(options->listen_fd); /* the daemon closes its socket */
    site->stats = options->stats;
    make_page(site, options->node);
    if (is_tls) {
        buf_append_str(&site->cert, str_of(options->cert_pem));
        buf_append_str(&site->key, str_of(options->key_pem));
        (void)buf_cstr(&site->cert);
        (void)buf_cstr(&site->key);
    }
    site->daemon = fd >= 0 ? start_daemon(site, fd, is_tls) : NULL;
    *site_out = site;
    if (site->daemon != NULL)
        return OK;
    if (fd >= 0)
        close(fd);
    site_stop(site_out);
    return ERR_IO;
}

void site_stop(struct site **site)
{
    struct site *s = *site;
    *site = NULL;
    if (s == NULL)
        return;
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    buf_free(&s->cert);
    buf_wipe_free(&s->key);
    buf_free(&s->page);
    mem_free(s);
}

int site_poll_fd(const struct site *site)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(site->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info != NULL ? info->epoll_fd : -1;
}

void site_run(struct site *site)
{
    MHD_run(site->daemon);
}
