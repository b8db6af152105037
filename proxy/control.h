/*
 * What the parent and a role say to each other over the control channel: one
 * fixed head a datagram, at most one descriptor with it.  Only encoding; the
 * role's side is proxy/role.c, the parent's proxy/parent.c.
 *
 *   parent to role   CONNECT  + fd   a channel to `peer` `index`, of instance
 *                                    `origin`; replaces an older one
 *                    GONE            `peer` `index` of `origin` has ended
 *                    ORIGINS         the worker instances that live (storer)
 *                    BUNDLE   + fd   configuration of the next RELOAD
 *                    DATABASE + fd   its Hyperscan database (workers,
 *                                    console)
 *                    DATA     + fd   data files of its detectors, if any
 *                    LOG      + fd   in the place of standard error
 *                    RELOAD          apply both; `value`: generation
 *                    DRAIN           stop within `value` ms, then exit
 *                    PING            answer PONG from the event loop
 *   role to parent   READY, PONG, RELOADED (`value`: 1 done, 0 refused);
 *                    LOGIN (console): somebody logged in, `value`: hash of
 *                    the name
 *                    MODE (console): switch the service whose name has the
 *                    hash `value` to mode `index`; `origin`: a number, with
 *                    which MODE goes back: `value` 1 in use everywhere, 0 not
 */
#ifndef PROXY_CONTROL_H
#define PROXY_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum role_kind {
    ROLE_PARENT,
    ROLE_SIGNER,
    ROLE_STORER,
    ROLE_KEEPER,
    ROLE_WORKER,
    ROLE_CONSOLE,
    ROLE_COMPILER,
    ROLE_EXTRACTOR,
    ROLE_COLLECTOR,
    ROLE_IDP,
    ROLE_KINDS,
};
/* "worker" …; never NULL. */
const char *role_kind_name(enum role_kind kind);
/* ROLE_KINDS: no such role. */
enum role_kind role_kind_of(struct str name);
/* Of persons, into records: so it needs the keys of pseudonyms, and no other
 * role gets them. */
bool role_kind_writes_names(enum role_kind kind);

enum control_type {
    CONTROL_CONNECT = 1,
    CONTROL_GONE,
    CONTROL_ORIGINS,
    CONTROL_BUNDLE,
    CONTROL_DATABASE,
    CONTROL_DATA,
    CONTROL_RELOAD,
    CONTROL_DRAIN,
    CONTROL_PING,
    CONTROL_READY,
    CONTROL_PONG,
    CONTROL_RELOADED,
    CONTROL_LOGIN,
    CONTROL_MODE,
    CONTROL_LOG,
    CONTROL_TYPES,
};

enum { CONTROL_ORIGINS_MAX = 256 };

struct control {
    enum control_type type;
    enum role_kind peer;
    unsigned index;
    uint64_t origin;
    uint64_t value;
    uint64_t origins[CONTROL_ORIGINS_MAX]; /* CONTROL_ORIGINS only */
    size_t origin_count;
};
void control_encode(const struct control *control, struct buf *out);
/* ERR_PARSE: not one of these. */
enum err control_decode(struct str datagram, struct control *out) MUST_USE;

/* Of a login's name, for LOGIN: the head has no room for names. */
uint64_t control_name_hash(struct str name);

#endif
