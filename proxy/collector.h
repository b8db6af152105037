/*
 * Polls the logs of the configuration (proxy/feed.h), makes activities of
 * their events and sends them to the storer as a worker does; a source's
 * cursor follows only when all before it is durable.  Runs in the collector
 * role and in `promptgate collect`.
 */
#ifndef PROXY_COLLECTOR_H
#define PROXY_COLLECTOR_H

#include "proxy/collect_keys.h"
#include "proxy/conf.h"
#include "proxy/feed.h"
#include "proxy/resolve.h"

struct collector;

struct collector_options {
    struct conf *conf; /* with scanner; borrowed */
    struct scanner *scanner;
    struct resolver *resolver;
    struct defer_queue *defer;
    struct collect_keys keys; /* taken */
    uint64_t origin;
    bool is_once;
    /* once: when every source has had its poll */
    void (*on_end)(void *owner);
    /* what was stored; NULL: not wanted */
    void (*on_stored)(void *owner, const struct activity *activity);
    void *owner;
};

struct collector *collector_new(
    uv_loop_t *loop, const struct collector_options *options);
void collector_free(struct collector **collector);
/* A (new) storer; fd is taken. */
void collector_attach(struct collector *collector, int fd);
/* NULL: all is well with the source, or it is not polled. */
const char *collector_trouble(
    const struct collector *collector, enum collect_source source);

#endif
