/*
 * The loop that the service roles share (signer, storer, keeper): peers come
 * and go over the control channel, their datagrams are handled one by one,
 * and once a turn of the loop everything handled is committed.
 */
#ifndef PROXY_ROLE_SERVICE_H
#define PROXY_ROLE_SERVICE_H

#include "proxy/role.h"

struct service_loop;

/* state is what `open` made. NULL functions: not wanted. */
struct service_ops {
    /* Before the sandbox: opens files, loads keys. */
    enum err (*open)(const struct role_start *start, void **state_out);
    /* fd: -1 or a descriptor, the callee's now. */
    void (*handle)(void *state, struct service_loop *loop, unsigned peer,
        struct str datagram, int fd);
    void (*commit)(void *state, struct service_loop *loop);
    /* A socket that further peers come by (proxy/intake.h), or -1. */
    int (*listen_fd)(void *state);
    void (*origins)(void *state, const uint64_t *origins, size_t count);
    /* A worker instance has ended, and all it ever sent has been handled. */
    void (*gone)(void *state, uint64_t origin);
    void (*tick)(void *state);                      /* once a minute */
    void (*reload)(void *state, struct conf *conf); /* conf: the callee's */
    void (*close)(void *state);
};

int service_run(const struct role_start *start, const struct service_ops *ops);

/* ROLE_KINDS: it has gone. */
enum role_kind service_peer_kind(struct service_loop *loop, unsigned peer);
/* To the peer that a datagram came from; dropped when it has gone. */
void service_answer(
    struct service_loop *loop, unsigned peer, struct str answer);
/* With a descriptor, which stays the caller's; -1: none. */
void service_answer_fd(
    struct service_loop *loop, unsigned peer, struct str answer, int fd);
uv_loop_t *service_uv_loop(struct service_loop *loop);

#endif
