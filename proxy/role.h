/*
 * A role's side of the process model.  The parent starts a role by executing
 * this binary again as `promptgate role NAME INDEX …` with nothing but the
 * descriptors it may have; command_role reads them into a role_start and
 * calls the role's main function.
 *
 *   int worker_main(const struct role_start *start)
 *   {
 *       uv_loop_init(&loop);
 *       … everything that must open files (c-ares reads resolv.conf) …
 *       role_enter_sandbox(start);
 *       role = role_attach(&loop, start, &events, self);
 *       … listen on start->listen_fds …
 *       role_ready(role);
 *       uv_run(&loop, UV_RUN_DEFAULT);
 *       role_detach(&role);
 *       return 0;
 *   }
 *
 * PING is answered inside; when the parent is gone the process ends at once.
 * SIGTERM, SIGINT and SIGHUP are ignored: the parent passes on what they mean.
 */
#ifndef PROXY_ROLE_H
#define PROXY_ROLE_H

#include <uv.h>

#include "proxy/conf.h"
#include "proxy/control.h"

/* Everything is borrowed and lives as long as the process, but conf, of which
 * one reference belongs to the role's main function. */
struct role_start {
    enum role_kind kind;
    unsigned index;
    uint64_t origin;   /* this instance, unique for the installation */
    struct conf *conf; /* workers: with scanner and tls */
    /* worker, console: the leaf key pair (PKCS#8 DER); signer: the CA key
     * (PEM, locked memory); collector: keys of the logs, one a line;
     * idp: the client's secret */
    struct str key;
    struct str ticket_keys; /* workers: TLS_TICKET_KEY_BYTES */
    /* Bound and listening, shared with the siblings: close only on DRAIN. */
    const int *listen_fds;
    size_t listen_count;
    /* console: /metrics; the mapping for stats_write_prometheus */
    const int *metrics_fds;
    size_t metrics_count;
    void *stats;
};

struct role;

/* Called from the loop, never from inside a role_* call. NULL: not wanted. */
struct role_events {
    /* A channel to a peer; fd belongs to the callee (chan_new takes it).  A
     * worker gets one to each of signer, storer and keeper soon after READY
     * or before, and a new one whenever that role was restarted: it replaces
     * the old one, whose on_closed may come before or after. */
    void (*on_connect)(void *owner, enum role_kind peer, unsigned index,
        uint64_t origin, int fd);
    /* That instance has ended (services are told about workers). */
    void (*on_gone)(
        void *owner, enum role_kind peer, unsigned index, uint64_t origin);
    /* Worker instances that live, once after the start (storer). */
    void (*on_origins)(void *owner, const uint64_t *origins, size_t count);
    /* A new generation, counted for the callee; checked by the parent. New
     * sessions use it, old ones keep theirs. */
    void (*on_reload)(void *owner, struct conf *conf);
    /* Take no more work, end what runs, stop the loop within that time (then
     * SIGKILL comes). */
    void (*on_drain)(void *owner, uint64_t within_ms);
    /* What role_tell_mode asked for under that number is in use everywhere,
     * or could not be done (console). */
    void (*on_mode)(void *owner, uint64_t number, bool is_done);
};

struct role *role_attach(uv_loop_t *loop, const struct role_start *start,
    const struct role_events *events, void *owner);
void role_detach(struct role **role);
/* The role works: the parent goes on with the start. */
void role_ready(struct role *role);

/* Tells the parent that somebody logged in: control_name_hash. */
void role_tell_login(struct role *role, uint64_t name_hash);

/* Asks the parent for a mode (enum mode) of the service whose name has that
 * control_name_hash; on_mode answers. */
void role_tell_mode(
    struct role *role, uint64_t number, uint64_t service_hash, unsigned mode);

/* Closes the sandbox of this role for good (proxy/sandbox.h); ends the
 * process if that fails. */
void role_enter_sandbox(const struct role_start *start);

/* The roles. */
int worker_main(const struct role_start *start);    /* proxy/worker.c */
int signer_main(const struct role_start *start);    /* proxy/role_signer.c */
int storer_main(const struct role_start *start);    /* proxy/role_storer.c */
int keeper_main(const struct role_start *start);    /* proxy/role_keeper.c */
int console_main(const struct role_start *start);   /* proxy/role_console.c */
int collector_main(const struct role_start *start); /* proxy/role_collector.c */
int idp_main(const struct role_start *start);       /* proxy/role_idp.c */
int extractor_main(const struct role_start *start); /* proxy/role_extractor.c */

#endif
