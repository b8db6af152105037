/*
 * Starting a role: fork, exactly the descriptors it may have, and this same
 * binary again, so that no role inherits the parent's memory.
 */
#ifndef PROXY_SPAWN_H
#define PROXY_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "proxy/control.h"
#include "proxy/role_fds.h"

enum { SPAWN_FDS = ROLE_FD_LISTEN - ROLE_FD_CONTROL };

struct run_user {
    bool is_set; /* started as root: roles run as this one */
    uid_t uid;
    gid_t gid;
};

struct spawn {
    enum role_kind kind;
    unsigned index, slot;
    uint64_t origin;
    struct run_user user;
    int fds[SPAWN_FDS]; /* from ROLE_FD_CONTROL on; -1: /dev/null */
    const int *listen_fds, *metrics_fds;
    size_t listen_count, metrics_count;
};

/* ERR_IO with errno. All descriptors stay the caller's. */
enum err spawn_role(const struct spawn *spawn, pid_t *pid_out) MUST_USE;

#endif
