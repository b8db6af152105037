/*
 * What clients and origins say in fuzz_session: messages made by templates,
 * in HTTP/1 and HTTP/2.
 */
#ifndef TESTS_FUZZ_SESSION_MESSAGES_H
#define TESTS_FUZZ_SESSION_MESSAGES_H

#include "tests/fuzz/session_peers.h"

enum { BIG = 300 * 1024 };

static const char *const targets[] = {"chatgpt.com:443", "chatgpt.com:80",
    "api.openai.com:443", "example.com:443", "files.oaiusercontent.com:443",
    "127.0.0.1:22", "chatgpt.com", "ws.chatgpt.com:443"};
static char client_host[64];
static unsigned h2_stream;
static bool is_connected, has_preface;

/* ---- requests ---- */

static const char *new_mark(struct stage *st, bool is_forbidden)
{
    if (st->mark_count == MARKS_MAX || strcmp(client_host, "chatgpt.com") != 0)
        return "none";
    struct mark *mark = &st->marks[st->mark_count];
    mark->is_forbidden = is_forbidden;
    snprintf(mark->word, sizeof mark->word, "mark%zux%08x", st->mark_count,
        (unsigned)(st->mark_count * 2654435761u + 12345u));
    st->mark_count++;
    return mark->word;
}

static void write_prompt(struct stage *st, bool is_forbidden, struct buf *out)
{
    buf_printf(out,
        "{\"action\":\"next\",\"messages\":[{\"id\":\"u-%zu\",\"author\":"
        "{\"role\":\"user\"},\"content\":{\"content_type\":\"text\",\"parts\":"
        "[\"%s %s\"]}}],\"model\":\"auto\"}",
        st->mark_count, new_mark(st, is_forbidden),
        is_forbidden ? "a secret" : "hello");
}

enum request {
    PROMPT,
    FORBIDDEN,
    PAGE,
    CHUNKED,
    UPGRADE,
    UPLOAD,
    UNKNOWN,
    LARGE,
    EXPECTS,
    LOGGED_IN,
    REQUESTS
};

static const char *const request_lines[REQUESTS] = {
    [PROMPT] = "POST /backend-api/conversation",
    [FORBIDDEN] = "POST /backend-api/conversation",
    [PAGE] = "GET /c/1",
    [CHUNKED] = "POST /backend-api/f/conversation",
    [UPGRADE] = "GET /ws/user/u-1",
    [UPLOAD] = "PUT /file-1",
    [UNKNOWN] = "POST /x",
    [LARGE] = "POST /ces/v1/t",
    [EXPECTS] = "POST /backend-api/conversation",
    [LOGGED_IN] = "GET /backend-api/me",
};

static void write_body(struct stage *st, unsigned kind, struct buf *out)
{
    if (kind == PROMPT || kind == FORBIDDEN || kind == CHUNKED ||
        kind == EXPECTS)
        write_prompt(st, kind == FORBIDDEN, out);
    else if (kind == UPLOAD || kind == UNKNOWN)
        buf_append_str(out, STR("%PDF-1.4 the bytes of a file"));
    else if (kind == LARGE) {
        memset(buf_reserve(out, BIG), 'l', BIG);
        buf_commit(out, BIG);
    }
}

static void write_h1(struct stage *st, unsigned kind, struct buf *out)
{
    struct buf body = {0};
    struct str line = str_of(request_lines[kind]);
    size_t blank = str_find_char(line, ' ');
    if (!is_connected)
        snprintf(client_host, sizeof client_host, "chatgpt.com");
    write_body(st, kind, &body);
    buf_printf(out, "%.*s %s%s%.*s HTTP/1.1\r\nHost: %s\r\n", (int)blank,
        line.p, is_connected ? "" : "http://", is_connected ? "" : client_host,
        (int)(line.n - blank - 1), line.p + blank + 1, client_host);
    if ((mode & WITH_LOGIN) != 0 && !is_connected)
        buf_append_str(out, STR("Proxy-Authorization: Basic YTpi\r\n"));
    if (kind == UPGRADE)
        buf_append_str(
            out, STR("Connection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
    if (kind == EXPECTS)
        buf_append_str(out, STR("Expect: 100-continue\r\n"));
    if (body.n != 0)
        buf_append_str(out, STR("Content-Type: application/json\r\n"));
    if (kind == CHUNKED)
        buf_printf(out,
            "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n0"
            "\r\n\r\n",
            body.n, STR_ARG(buf_str(&body)));
    else if (body.n != 0)
        buf_printf(out, "Content-Length: %zu\r\n\r\n", body.n);
    else
        buf_append_str(out, STR("\r\n"));
    if (kind != CHUNKED)
        buf_append_str(out, buf_str(&body));
    buf_free(&body);
}

/* RFC 9113 §4.1 */
static void h2_frame(struct buf *out, unsigned type, unsigned flags,
    unsigned stream, struct str payload)
{
    const unsigned char head[9] = {(unsigned char)(payload.n >> 16),
        (unsigned char)(payload.n >> 8), (unsigned char)payload.n,
        (unsigned char)type, (unsigned char)flags, 0, 0,
        (unsigned char)(stream >> 8), (unsigned char)stream};
    buf_append(out, head, sizeof head);
    buf_append_str(out, payload);
}

/* RFC 7541 §6.2.2, a new name, no Huffman */
static void h2_field(struct buf *out, struct str name, struct str value)
{
    buf_append_char(out, 0);
    buf_append_char(out, (char)(name.n & 127));
    buf_append_str(out, name);
    buf_append_char(out, (char)(value.n & 127));
    buf_append_str(out, value);
}

static void h2_message(
    struct buf *out, unsigned stream, const struct buf *fields, struct str body)
{
    h2_frame(out, 1, body.n == 0 ? 5 : 4, stream, buf_str(fields));
    while (body.n > 0) {
        struct str piece = str_sub(body, 0, 16384);
        body = str_sub(body, piece.n, body.n);
        h2_frame(out, 0, body.n == 0, stream, piece);
    }
}

static void write_h2(struct stage *st, unsigned kind, struct buf *out)
{
    struct buf fields = {0}, body = {0};
    struct str line = str_of(request_lines[kind]);
    size_t blank = str_find_char(line, ' ');
    if (!has_preface) {
        buf_append_str(out, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        h2_frame(out, 4, 0, 0, STR_NONE);
    }
    has_preface = true;
    if (kind != LARGE) /* its window would have to be waited for */
        write_body(st, kind, &body);
    h2_field(&fields, STR(":method"), str_sub(line, 0, blank));
    h2_field(&fields, STR(":scheme"), STR("https"));
    h2_field(&fields, STR(":authority"), str_of(client_host));
    h2_field(&fields, STR(":path"), str_sub(line, blank + 1, line.n));
    h2_field(&fields, STR("content-type"), STR("application/json"));
    h2_message(out, h2_stream, &fields, buf_str(&body));
    h2_stream += 2;
    buf_free(&fields);
    buf_free(&body);
}

static bool speaks_h2(const struct peer *p)
{
    return p->tls != NULL && tls_phase(p->tls) == TLS_OPEN &&
           tls_alpn(p->tls) == ALPN_H2;
}

static void do_request(struct stage *st, unsigned arg)
{
    struct peer *client = &st->peers[0];
    struct buf out = {0};
    if (speaks_h2(client))
        write_h2(st, arg % REQUESTS, &out);
    else
        write_h1(st, arg % REQUESTS, &out);
    peer_says(client, buf_str(&out));
    buf_free(&out);
}

static void do_connect(struct stage *st, unsigned arg)
{
    const char *target = targets[arg % ARRAY_LEN(targets)];
    struct buf out = {0};
    if (is_connected)
        return;
    is_connected = true;
    snprintf(client_host, sizeof client_host, "%.*s",
        (int)str_find_char(str_of(target), ':'), target);
    buf_printf(&out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target,
        target,
        (mode & WITH_LOGIN) != 0 ? "Proxy-Authorization: Basic YTpi\r\n" : "");
    peer_says(&st->peers[0], buf_str(&out));
    buf_free(&out);
}

/* arg: its lowest bit, another name than that of the CONNECT. */
static void do_hello(struct stage *st, unsigned arg)
{
    struct peer *client = &st->peers[0];
    struct str host = str_of((arg & 1) != 0 ? "other.test" : client_host);
    peer_reads(st, client);
    if (client->tls != NULL || !is_connected)
        return;
    client->tls = tls_new_origin(far_end, host,
        (mode & WITH_CLIENT_H1) != 0 ? ALPN_H1 : ALPN_H1 | ALPN_H2, NULL);
    tls_start(client->tls);
    tls_take_output(client->tls, &client->to_session);
}

/* ---- answers of origins ---- */

static const char *const origin_answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    "Transfer-Encoding: chunked\r\n\r\n"
    "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
    "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy",
};

static void do_answer(struct stage *st, unsigned arg)
{
    struct peer *p = origin_of(st, arg >> 6);
    struct buf out = {0}, fields = {0};
    if (p == NULL)
        return;
    if (speaks_h2(p)) {
        h2_frame(&out, 4, (arg & 8) != 0, 0, STR_NONE);
        h2_field(&fields, STR(":status"), STR("200"));
        h2_field(&fields, STR("content-type"), STR("text/event-stream"));
        h2_message(&out, 1 + (arg >> 4 & 3) * 2, &fields,
            (arg & 7) == 3 ? STR_NONE : STR("data: [DONE]\n\n"));
    } else {
        buf_append_str(&out, str_of(origin_answers[arg % 8]));
    }
    peer_says(p, buf_str(&out));
    buf_free(&out);
    buf_free(&fields);
}

#endif
