/*
 * Polls the logs of the configuration (proxy/feed.h), makes activities of
 * their events and sends them to the storer as a worker does; a source's
 * cursor follows only when all before it is durable.  Runs in the collector
 * role and in `promptgate collect`.
 *
 * Keys are in memory here alone and in no log.
 */
#ifndef PROXY_COLLECTOR_H
#define PROXY_COLLECTOR_H

#include "proxy/conf.h"
#include "proxy/feed.h"
#include "proxy/resolve.h"

struct collector;

enum collect_source { COLLECT_AUDIT, COLLECT_COMPLIANCE, COLLECT_SOURCES };
const char *collect_source_name(enum collect_source source);

struct collect_keys {
    struct buf keys[COLLECT_SOURCES]; /* empty: not polled */
};
/* From files and the environment; settings_file: what names are relative to.
 * ERR_CONFIG: logged, and the others are read. */
enum err collect_keys_read(const struct settings *settings,
    struct str settings_file, struct collect_keys *keys_out) MUST_USE;
void collect_keys_free(struct collect_keys *keys);
/* One line each, and back. */
void collect_keys_encode(const struct collect_keys *keys, struct buf *out);
void collect_keys_decode(struct str bytes, struct collect_keys *keys_out);

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
size_t collector_count(const struct collector *collector);

#endif
