/*
 * One request and its response as the console's handlers see them: without the
 * HTTP library, whole, bounded.
 *
 * A handler fills a response: status, type and body, or a source that gives the
 * body piece by piece (exports, server-sent events).
 */
#ifndef CONSOLE_REQUEST_H
#define CONSOLE_REQUEST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/net.h"

enum {
    REQUEST_ARGS_MAX = 256,
    REQUEST_BODY_MAX = 64 * 1024,
    REQUEST_LARGE_MAX = 8 << 20, /* where a larger one may come */
    REPLY_HEADERS_MAX = 8,
};

enum request_method { METHOD_GET, METHOD_POST, METHOD_DELETE, METHOD_OTHER };

struct request_arg {
    struct str name, value; /* decoded; a value may hold any byte */
};

/* Everything is borrowed and lives until the response has been sent. */
struct request {
    struct arena arena;
    enum request_method method; /* HEAD is GET: the library sends no body */
    struct str path;            /* decoded */
    struct request_arg args[REQUEST_ARGS_MAX];
    size_t arg_count;
    bool has_too_many_args;
    struct str host, cookie, authorization, origin, csrf, accept, last_event_id,
        if_none_match, content_type, accept_encoding;
    struct buf body;
    bool is_body_too_long;
    struct net_address peer;
    char peer_text[NET_TEXT_BYTES];
};

/* The first of that name; STR_NONE. */
struct str request_arg(const struct request *r, const char *name);

/* A body in pieces.  fill appends to out (empty when called):
 *   OK         there is more
 *   ERR_AGAIN  nothing for now: asked again after SOURCE_WAIT_MS
 *   ERR_EOF    that was all
 *   others     broken off, so that the client sees it is not whole. */
enum { SOURCE_WAIT_MS = 500 };
struct source {
    enum err (*fill)(struct source *source, void *local, struct buf *out);
    void (*free)(struct source *source);
};

struct response {
    unsigned status;
    const char *type; /* of the body; NULL: none */
    struct buf body;
    struct str fixed; /* instead of body: bytes that outlive the process */
    struct source *source;
    const char *cache; /* Cache-Control; NULL: no-store */
    struct {
        const char *name;
        char *value; /* owned */
    } headers[REPLY_HEADERS_MAX];
    size_t header_count;
    /* A handler that waits for something holds no thread: it asks to be called
     * again in so many milliseconds (0: it is done), and finds there what it
     * left. It is called until it is done, whether or not the client stays;
     * is_last: this time it has to be. */
    unsigned again_ms;
    bool is_last;
    void *left;
};

void response_header(
    struct response *response, const char *name, struct str value);
/* {"error":…,"message":…} */
void response_error(struct response *response, unsigned status,
    const char *word, const char *message);
void response_free(struct response *response);

#endif
