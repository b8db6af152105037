/*
 * One request at a time over libcurl, on the event loop: the only door to it.
 * Names are resolved by proxy/resolve.h and addresses judged as those of
 * CONNECT are (upstream.resolve, upstream.allow_private), so that a signed
 * address cannot lead into the network; certificates by the roots of the
 * configuration alone.  Redirects are not followed.
 *
 * Memory: the body, at most bytes_max.
 */
#ifndef PROXY_COLLECT_HTTP_H
#define PROXY_COLLECT_HTTP_H

#include <uv.h>

#include "proxy/feed.h"
#include "proxy/resolve.h"

struct collect_http;

struct collect_http_options { /* borrowed, as long as the client lives */
    const struct settings *settings;
    struct resolver *resolver;
    struct str roots; /* PEM */
    struct str proxy; /* URL, or empty; NUL follows */
    /* What follows: 0 and NULL: as for a log that is polled. */
    unsigned connect_ms, whole_ms;
    struct str own_host; /* the administrator's: its addresses may be private */
    const char *unreachable, *failed; /* events in the log */
    bool is_secret;                   /* answers: zeroed where they were */
};

/* reply: valid during the call. */
typedef void collect_http_done_fn(void *owner, const struct feed_reply *reply);

/* Before the sandbox and any thread. */
void collect_http_prepare_process(void);
struct collect_http *collect_http_new(
    uv_loop_t *loop, const struct collect_http_options *options);
void collect_http_free(struct collect_http **http);
/* key: sent as a bearer token; empty: none.  `done` comes from the loop. */
void collect_http_get(struct collect_http *http,
    const struct feed_request *request, struct str key,
    collect_http_done_fn *done, void *owner);
/* The same by POST, a form. authorization: the field's value, or empty. */
void collect_http_post(struct collect_http *http,
    const struct feed_request *request, struct str authorization,
    struct str form, collect_http_done_fn *done, void *owner);

#endif
