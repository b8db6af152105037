/*
 * The door to libmicrohttpd: a server on one listening socket, HTTPS or
 * plain.  Requests are read whole and bounded, then handed to a handler;
 * replies get the headers that every answer carries.
 *
 * A request is first shown to `quick`, on the network's thread; what that does
 * not answer is given to `handle` on a thread of the pool, while the
 * connection waits.
 */
#ifndef CONSOLE_HTTP_H
#define CONSOLE_HTTP_H

#include "console/pool.h"
#include "console/request.h"

enum {
    HTTP_CONNECTIONS_MAX = 256,
    HTTP_CONNECTIONS_PER_ADDRESS = 64,
    HTTP_IDLE_SECONDS = 30,
    HTTP_CONNECTION_BYTES = 32 * 1024, /* heads and buffers of one */
    HTTP_THREADS = 2,                  /* for TLS and sockets */
    HTTP_LARGE = 4,                    /* larger bodies at once */
};

struct http;

struct http_options {
    int listen_fd; /* duplicated */
    /* PEM, each with a closing NUL; both NULL: plain HTTP */
    const char *cert_pem, *key_pem;
    struct pool *pool; /* NULL: quick answers everything */
    void *owner;
    bool (*quick)(
        void *owner, struct request *request, struct response *response);
    /* On the network's thread: whether a body may be larger than
     * REQUEST_BODY_MAX; NULL: none may. */
    bool (*may_be_large)(void *owner, const struct request *request);
    void (*handle)(void *owner, void *local, struct request *request,
        struct response *response);
};

/* Copies what it needs.  ERR_IO: the library refused. */
enum err http_start(
    const struct http_options *options, struct http **http_out) MUST_USE;
/* Takes no more, ends what runs, waits for it (seconds at worst). */
void http_stop(struct http **http);

#endif
