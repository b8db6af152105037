/*
 * See proxy/collect_http.h.  libcurl tells which sockets and which time-out it
 * waits for; libuv waits.
 */
#include "proxy/collect_http.h"

#include <stdio.h>
#include <string.h>
#include <curl/curl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proxy/dial.h"

enum {
    CONNECT_MS = 15000,
    WHOLE_MS = 300000,
    SLOW_BYTES_S = 64, /* for SLOW_S: given up */
    SLOW_S = 60,
    HEAD_BYTES_MAX = 8192,
};

struct watched { /* a socket of libcurl's */
    uv_poll_t poll;
    struct collect_http *http;
    curl_socket_t socket;
};

struct collect_http {
    uv_loop_t *loop;
    const struct collect_http_options *options;
    CURLM *multi;
    CURL *easy;
    uv_timer_t timer, later;
    struct curl_slist *headers, *addresses, *place;
    struct buf url, key, form, body, location;
    struct str host;
    uint16_t port;
    bool has_key, is_secure, is_post;
    size_t bytes_max;
    struct feed_reply reply;
    int64_t retry_at_ms; /* Retry-After as a date; 0: none */
    struct resolve_query *query;
    collect_http_done_fn *done;
    void *owner;
    unsigned closing;
};

void collect_http_prepare_process(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the end of a request ------------------------------------------------ */

static void clean_up(struct collect_http *h)
{
    if (h->easy != NULL) {
        curl_multi_remove_handle(h->multi, h->easy);
        curl_easy_cleanup(h->easy);
    }
    h->easy = NULL;
    curl_slist_free_all(h->headers);
    curl_slist_free_all(h->addresses);
    curl_slist_free_all(h->place);
    h->headers = h->addresses = h->place = NULL;
    buf_wipe_free(&h->key);
    buf_wipe_free(&h->form);
}

static const char *event_of(const char *own, const char *usual)
{
    return own != NULL ? own : usual;
}

/* Retry-After may be a date; of the server's clock, where it tells that. */
static void reckon_retry(struct collect_http *h)
{
    int64_t now = h->reply.date_ms != 0 ? h->reply.date_ms : clock_wall_ms();
    if (h->reply.retry_after_ms < 0 && h->retry_at_ms != 0)
        h->reply.retry_after_ms =
            h->retry_at_ms > now ? h->retry_at_ms - now : 0;
}

static void finish(struct collect_http *h, int status)
{
    collect_http_done_fn *done = h->done;
    reckon_retry(h);
    struct feed_reply reply = h->reply;
    struct buf body = {0}, location = {0};
    h->done = NULL;
    clean_up(h);
    /* Whoever is told may ask again. */
    buf_take(&body, &h->body);
    buf_take(&location, &h->location);
    reply.status = status;
    reply.body = buf_str(&body);
    reply.location = buf_str(&location);
    if (done != NULL)
        done(h->owner, &reply);
    buf_free(&body);
    buf_free(&location);
}

static void on_later(uv_timer_t *timer)
{
    finish(timer->data, 0);
}

static void fail_later(struct collect_http *h, const char *why)
{
    log_event(LOG_WARN,
        event_of(h->options->unreachable, "collect.unreachable"),
        LOG_STR("host", h->host), LOG_CSTR("why", why));
    uv_timer_start(&h->later, on_later, 0, 0);
}

static void check_done(struct collect_http *h)
{
    int left;
    CURLMsg *message;
    long status = 0;
    while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE || message->easy_handle != h->easy)
            continue;
        CURLcode code = message->data.result;
        if (code == CURLE_OK)
            curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        else
            log_event(LOG_WARN, event_of(h->options->failed, "collect.failed"),
                LOG_STR("host", h->host),
                LOG_CSTR("why", curl_easy_strerror(code)));
        finish(h, (int)status);
        return;
    }
}

/* ---- libcurl's sockets and time ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watched *w = poll->data;
    struct collect_http *h = w->http;
    int flags = 0, running;
    if ((events & UV_READABLE) != 0 || status < 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(h->multi, w->socket, flags, &running);
    check_done(h);
}

static void on_watched_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static int on_socket(
    CURL *easy, curl_socket_t s, int what, void *context, void *socket_context)
{
    struct collect_http *h = context;
    struct watched *w = socket_context;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL) {
            curl_multi_assign(h->multi, s, NULL);
            uv_poll_stop(&w->poll);
            uv_close((uv_handle_t *)&w->poll, on_watched_closed);
        }
        return 0;
    }
    if (w == NULL) {
        w = MEM_NEW(struct watched);
        w->http = h;
        w->socket = s;
        uv_poll_init_socket(h->loop, &w->poll, s);
        w->poll.data = w;
        curl_multi_assign(h->multi, s, w);
    }
    int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                 ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    uv_poll_start(&w->poll, events, on_poll);
    return 0;
}

static void on_timeout(uv_timer_t *timer)
{
    struct collect_http *h = timer->data;
    int running;
    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check_done(h);
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct collect_http *h = context;
    (void)multi;
    if (ms < 0)
        uv_timer_stop(&h->timer);
    else
        uv_timer_start(&h->timer, on_timeout, (uint64_t)ms, 0);
    return 0;
}

/* ---- what comes ---- */

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
    struct collect_http *h = context;
    if (h->body.n + size * n > h->bytes_max)
        return 0; /* libcurl gives up */
    buf_append(&h->body, p, size * n);
    return size * n;
}

static bool take_field(struct str line, const char *name, struct str *value)
{
    size_t n = strlen(name);
    if (!str_starts_nocase(line, name) || line.n <= n || line.p[n] != ':')
        return false;
    *value = str_trim(str_sub(line, n + 1, line.n));
    return true;
}

static void take_number(struct str value, int64_t factor, int64_t *out)
{
    uint64_t n;
    if (str_to_u64(value, &n) == OK && n < 86400000)
        *out = (int64_t)n * factor;
}

/* 0: none. */
static int64_t read_date(struct str value)
{
    char text[64];
    if (value.n >= sizeof text)
        return 0;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    time_t t = curl_getdate(text, NULL);
    return t > 0 ? (int64_t)t * 1000 : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *context)
{
    struct collect_http *h = context;
    struct str line = str_make(p, size * n), value;
    if (str_starts(line, "HTTP/")) { /* after a 100: from the beginning */
        h->reply.retry_after_ms = -1;
        h->reply.should_retry = -1;
        h->retry_at_ms = 0;
        buf_clear(&h->location);
    } else if (take_field(line, "retry-after-ms", &value)) {
        take_number(value, 1, &h->reply.retry_after_ms);
    } else if (take_field(line, "retry-after", &value)) {
        if (h->reply.retry_after_ms < 0)
            take_number(value, 1000, &h->reply.retry_after_ms);
        h->retry_at_ms = read_date(value);
    } else if (take_field(line, "x-should-retry", &value)) {
        h->reply.should_retry = str_is_nocase(value, "true")    ? 1
                                : str_is_nocase(value, "false") ? 0
                                                                : -1;
    } else if (take_field(line, "location", &value)) {
        if (value.n <= HEAD_BYTES_MAX)
            buf_append_str(&h->location, value);
    } else if (take_field(line, "date", &value)) {
        h->reply.date_ms = read_date(value);
    }
    return size * n;
}

/* ---- a request ---- */

static void add_header(struct collect_http *h, const char *text)
{
    h->headers = curl_slist_append(h->headers, text);
    if (h->headers == NULL)
        mem_exhausted();
}

static void set_options(struct collect_http *h)
{
    CURL *easy = h->easy;
    const struct collect_http_options *o = h->options;
    struct str roots = o->roots;
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)roots.p, .len = roots.n};
    curl_easy_setopt(easy, CURLOPT_URL, buf_cstr(&h->url));
    curl_easy_setopt(
        easy, CURLOPT_PROTOCOLS_STR, h->is_secure ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy.n != 0 ? o->proxy.p : "");
    curl_easy_setopt(easy, CURLOPT_RESOLVE, h->addresses);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, h->place);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(o->connect_ms != 0 ? o->connect_ms : CONNECT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
        (long)(o->whole_ms != 0 ? o->whole_ms : WHOLE_MS));
    if (h->is_post) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)h->form.n);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&h->form));
    }
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, h);
}

static void start(struct collect_http *h)
{
    h->easy = curl_easy_init();
    if (h->easy == NULL)
        mem_exhausted();
    add_header(h, "Accept: application/json, */*");
    add_header(h, "User-Agent: promptgate");
    if (h->key.n != 0)
        add_header(h, buf_cstr(&h->key));
    set_options(h);
    curl_multi_add_handle(h->multi, h->easy);
}

/* "host:port:address,address", as libcurl takes them. */
static void add_addresses(struct collect_http *h,
    const struct net_address *addresses, size_t count, uint16_t port)
{
    struct buf entry = {0};
    char text[NET_TEXT_BYTES];
    buf_printf(&entry, "%.*s:%u:", STR_ARG(h->host), (unsigned)port);
    for (size_t i = 0; i < count; i++) {
        net_format(&addresses[i], text);
        buf_printf(&entry, addresses[i].is_v6 ? "%s[%s]" : "%s%s",
            i != 0 ? "," : "", text);
    }
    h->addresses = curl_slist_append(h->addresses, buf_cstr(&entry));
    buf_free(&entry);
}

/* own_host is the administrator's choice, as is an address that is in the
 * settings themselves (base_url). */
static bool is_own(const struct collect_http *h)
{
    return h->options->own_host.n != 0 &&
           str_eq_nocase(h->host, h->options->own_host);
}

static void on_resolved(
    void *owner, const struct net_address *addresses, size_t count)
{
    struct collect_http *h = owner;
    struct net_address good[RESOLVE_ADDRESSES_MAX];
    size_t n = count < RESOLVE_ADDRESSES_MAX ? count : RESOLVE_ADDRESSES_MAX;
    h->query = NULL;
    if (is_own(h) && n > 0)
        memcpy(good, addresses, n * sizeof *good);
    else
        n = dial_permitted(
            h->options->settings, addresses, count, h->port, good);
    if (n == 0) {
        fail_later(h, count == 0 ? "not resolved" : "a private address");
        return;
    }
    add_addresses(h, good, n, h->port);
    start(h);
}

/* upstream.resolve maps to an address and a port of its own. */
static bool use_setting(struct collect_http *h)
{
    const struct settings *s = h->options->settings;
    char text[NET_TEXT_BYTES];
    struct buf entry = {0};
    for (size_t i = 0; i < s->resolve_count; i++) {
        const struct resolve_entry *e = &s->resolve[i];
        if (!str_eq_nocase(e->host, h->host) || e->port != h->port)
            continue;
        net_format(&e->address, text);
        buf_printf(&entry,
            e->address.is_v6 ? "%.*s:%u:[%s]:%u" : "%.*s:%u:%s:%u",
            STR_ARG(h->host), (unsigned)h->port, text,
            (unsigned)e->address.port);
        h->place = curl_slist_append(NULL, buf_cstr(&entry));
        buf_free(&entry);
        return true;
    }
    return false;
}

static bool split_address(struct collect_http *h, struct str url)
{
    uint64_t port;
    h->is_secure = str_starts_nocase(url, "https://");
    size_t from = h->is_secure ? 8 : 7;
    struct str rest = str_sub(url, from, url.n);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' &&
           rest.p[end] != '#')
        end++;
    struct str authority = str_sub(rest, 0, end);
    h->host = authority;
    h->port = h->is_secure ? 443 : 80;
    size_t colon = authority.n;
    while (colon > 0 && authority.p[colon - 1] != ':' &&
           authority.p[colon - 1] != ']')
        colon--;
    if (colon > 0 && authority.p[colon - 1] == ':') {
        if (str_to_u64(str_sub(authority, colon, authority.n), &port) != OK ||
            port == 0 || port > 65535)
            return false;
        h->host = str_sub(authority, 0, colon - 1);
        h->port = (uint16_t)port;
    }
    return h->host.n != 0 && str_find_char(authority, '@') == authority.n;
}

static void use_host(struct collect_http *h)
{
    struct net_address address;
    if (h->options->proxy.n != 0) { /* it resolves, and is itself configured */
        start(h);
        return;
    }
    if (use_setting(h)) {
        start(h);
        return;
    }
    if (net_parse_ip(h->host, &address) == OK) {
        address.port = h->port;
        /* base_url is the administrator's: its address may be private. */
        if (h->has_key || is_own(h) ||
            dial_permits(h->options->settings, &address))
            start(h);
        else
            fail_later(h, "a private address");
        return;
    }
    h->query = resolver_ask(h->options->resolver, h->host, on_resolved, h);
}

static void ask(struct collect_http *h, const struct feed_request *request,
    collect_http_done_fn *done, void *owner)
{
    h->reply = (struct feed_reply){.retry_after_ms = -1, .should_retry = -1};
    h->retry_at_ms = 0;
    h->done = done;
    h->owner = owner;
    h->bytes_max = request->bytes_max;
    h->has_key = request->has_key;
    buf_clear(&h->url);
    buf_append_str(&h->url, request->url);
    if (split_address(h, buf_str(&h->url)))
        use_host(h);
    else
        fail_later(h, "no address");
}

void collect_http_get(struct collect_http *h,
    const struct feed_request *request, struct str key,
    collect_http_done_fn *done, void *owner)
{
    h->is_post = false;
    if (request->has_key && key.n != 0)
        buf_printf(&h->key, "Authorization: Bearer %.*s", STR_ARG(key));
    ask(h, request, done, owner);
}

void collect_http_post(struct collect_http *h,
    const struct feed_request *request, struct str authorization,
    struct str form, collect_http_done_fn *done, void *owner)
{
    h->is_post = true;
    if (authorization.n != 0)
        buf_printf(&h->key, "Authorization: %.*s", STR_ARG(authorization));
    buf_append_str(&h->form, form);
    ask(h, request, done, owner);
}

/* ---- life
 * ----------------------------------------------------------------------------
 */

struct collect_http *collect_http_new(
    uv_loop_t *loop, const struct collect_http_options *options)
{
    struct collect_http *h = MEM_NEW(struct collect_http);
    h->loop = loop;
    h->options = options;
    h->body.wipes = options->is_secret;
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        mem_exhausted();
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    uv_timer_init(loop, &h->timer);
    uv_timer_init(loop, &h->later);
    h->timer.data = h->later.data = h;
    return h;
}

static void on_closed(uv_handle_t *handle)
{
    struct collect_http *h = handle->data;
    if (++h->closing == 2)
        mem_free(h);
}

void collect_http_free(struct collect_http **http)
{
    struct collect_http *h = *http;
    if (h == NULL)
        return;
    *http = NULL;
    h->done = NULL;
    resolver_cancel(&h->query);
    clean_up(h);
    curl_multi_cleanup(h->multi);
    buf_free(&h->url);
    buf_free(&h->body);
    buf_free(&h->location);
    uv_close((uv_handle_t *)&h->timer, on_closed);
    uv_close((uv_handle_t *)&h->later, on_closed);
}
