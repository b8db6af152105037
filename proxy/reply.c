#include "proxy/session_parts.h"

/*
 * Answers of our own: fixed texts with a reason word and, escaped, the detail
 * (H10).  A page where the client wants one, else JSON in the shape that both
 * ChatGPT's page ({"detail"}) and the API's clients ({"error"}) show.
 */

#include "base/html.h"
#include "base/jsonw.h"

static const struct {
    int status;
    const char *title, *advice;
} replies[] = {
    [REPLY_BAD_GATEWAY] = {502, "The service cannot be reached safely",
        "promptgate could not make a trusted connection to the service. "
        "Try again later; if it stays so, tell your administrator the reason "
        "below."},
    [REPLY_TIMEOUT] = {504, "The service did not answer in time",
        "Try again later."},
    [REPLY_SLOW_REQUEST] = {408, "The request did not arrive in time",
        "Its body stopped coming. Check the connection and send it again."},
    [REPLY_FORBIDDEN] = {403, "This target is not allowed",
        "promptgate does not connect to this address, port or protocol. Ask "
        "your administrator if you need it."},
    [REPLY_MISDIRECTED] = {421, "This request came on the wrong connection",
        "The host of the request differs from the host of the connection."},
    [REPLY_UNAVAILABLE] = {503, "promptgate cannot serve this now",
        "Try again in a moment."},
};

int reply_status(enum reply_kind kind)
{
    return replies[kind].status;
}

/* Whose fault it is, where it is an origin's (U15). */
static struct str origin_of(const struct head *request, enum reply_kind kind)
{
    bool is_origins = kind == REPLY_BAD_GATEWAY || kind == REPLY_TIMEOUT;
    return is_origins ? request->authority : STR_NONE;
}

static void write_page(struct buf *out, enum reply_kind kind, struct str host,
    const char *reason, struct str detail)
{
    buf_printf(out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<meta name=\"color-scheme\" content=\"light dark\">"
        "<title>%s</title><style>body{font:16px/1.5 system-ui,sans-serif;"
        "max-width:40em;margin:4em auto;padding:0 1em}"
        "code{overflow-wrap:anywhere}</style><h1>%s</h1><p>%s</p>"
        "<p>Reason: <code>%s</code></p>",
        replies[kind].title, replies[kind].title, replies[kind].advice, reason);
    if (host.n != 0) {
        buf_append_str(out, STR("<p>Service: <code>"));
        html_append(out, host);
        buf_append_str(out, STR("</code></p>"));
    }
    if (detail.n != 0) {
        buf_append_str(out, STR("<p><code>"));
        html_append(out, detail);
        buf_append_str(out, STR("</code></p>"));
    }
    buf_append_str(out, STR("<p><small>promptgate</small></p></html>\n"));
}

static void write_json(struct buf *out, enum reply_kind kind, struct str host,
    const char *reason, struct str detail)
{
    struct jsonw w = {.out = out};
    struct buf message = {0};
    buf_printf(&message, "promptgate: %s (%s%s%.*s)%s%.*s", replies[kind].title,
        reason, host.n != 0 ? ", " : "", STR_ARG(host),
        detail.n != 0 ? ": " : "", STR_ARG(detail));
    jsonw_object(&w);
    jsonw_key_str(&w, "detail", buf_str(&message));
    jsonw_key(&w, "error");
    jsonw_object(&w);
    jsonw_key_str(&w, "message", buf_str(&message));
    jsonw_key_cstr(&w, "type", "promptgate_error");
    jsonw_key_cstr(&w, "code", reason);
    jsonw_close(&w);
    jsonw_close(&w);
    buf_append_char(out, '\n');
    buf_free(&message);
}

/* Of 503: what it is for passes by itself (RFC 9110 15.6.4). */
static const char retry_after_s[] = "5";

static void send_head(
    struct stream *stream, struct head *head, size_t bytes, const char *type)
{
    head->content_length = (int64_t)bytes;
    head_add(head, STR("content-type"), str_of(type));
    head_add(head, STR("cache-control"), STR("no-store"));
    stream_send_head(stream, head, bytes != 0);
}

void reply_text(struct stream *stream, int status, const char *type,
    struct str body, bool is_head)
{
    struct head *head = head_new();
    head->status = status;
    head_add(head, STR("x-content-type-options"), STR("nosniff"));
    if (status == reply_status(REPLY_UNAVAILABLE))
        head_add(head, STR("retry-after"), str_of(retry_after_s));
    if (is_head) {
        head->content_length = (int64_t)body.n;
        head_add(head, STR("content-type"), str_of(type));
        stream_send_head(stream, head, false);
    } else {
        send_head(stream, head, body.n, type);
        if (body.n != 0) {
            stream_send_data(stream, body);
            stream_send_end(stream, NULL);
        }
    }
    head_free(&head);
}

void reply_error(struct session *s, struct stream *stream,
    const struct head *request, enum reply_kind kind, const char *reason,
    struct str detail)
{
    struct buf body = {0};
    bool wants_page = str_has(head_get(request, "accept"), "text/html");
    (void)s;
    if (wants_page)
        write_page(&body, kind, origin_of(request, kind), reason, detail);
    else
        write_json(&body, kind, origin_of(request, kind), reason, detail);
    reply_text(stream, replies[kind].status,
        wants_page ? "text/html; charset=utf-8" : "application/json",
        buf_str(&body), str_is(request->method, "HEAD"));
    buf_free(&body);
}

void reply_login(struct stream *stream)
{
    static const char text[] =
        "promptgate: proxy login required (user and password)\n";
    struct head *head = head_new();
    head->status = 407;
    head_add(head, STR("proxy-authenticate"),
        STR("Basic realm=\"promptgate\", charset=\"UTF-8\""));
    send_head(stream, head, sizeof text - 1, "text/plain; charset=utf-8");
    stream_send_data(stream, STR(text));
    stream_send_end(stream, NULL);
    head_free(&head);
}
