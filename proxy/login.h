/*
 * Proxy logins: a password check costs 0.1 s and 64 MiB (argon2id), so it is
 * done on libuv's pool, once for all that ask for the same user and password
 * at the same time, and a good result is remembered for LOGIN_KEEP_MS under a
 * keyed hash.  New logins (reload) empty the memory, so that a removed user
 * loses new requests at once (F47).
 */
#ifndef PROXY_LOGIN_H
#define PROXY_LOGIN_H

#include <uv.h>

#include "base/bundle.h"
#include "proxy/defer.h"

enum {
    LOGIN_KEEP_MS = 5 * 60 * 1000,
    LOGIN_KEEP_BAD_MS = 2000,
    LOGIN_CACHE_MAX = 4096,
    LOGIN_CHECKS_MAX = 64, /* under way or waiting for the pool; more: bad */
};

struct logins;

/* Comes from the loop; groups (separated by blanks) are valid during it. */
typedef void login_done_fn(void *owner, bool is_good, struct str groups);

struct logins *logins_new(
    uv_loop_t *loop, struct defer_queue *defer, login_done_fn *done);
/* Checks under way end on their own; run the loop until it is empty. */
void logins_free(struct logins **logins);

/* The logins of a configuration generation (BUNDLE_USERS; without one nobody
 * can log in). */
void logins_load(struct logins *logins, const struct bundle *bundle);

void logins_check(
    struct logins *logins, void *owner, struct str user, struct str password);
void logins_forget(struct logins *logins, const void *owner);

#endif
