/*
 * The parent's own state, shared by its three parts: parent.c (start, signals,
 * stop), parent_children.c (roles: start, wiring, watchdog, restart) and
 * parent_reload.c (compile, then hand over).  No one else includes it.
 *
 * The parent reads configuration files and no network byte.
 */
#ifndef PROXY_PARENT_H
#define PROXY_PARENT_H

#include <sys/stat.h>
#include <uv.h>

#include "proxy/bind.h"
#include "proxy/chan.h"
#include "proxy/conf.h"
#include "proxy/first.h"
#include "proxy/spawn.h"

enum { CHILDREN_MAX = 63, SERVICES = 7, PARENT_TICK_MS = 500 };

struct parent;

struct child {
    struct parent *parent;
    enum role_kind kind;
    unsigned index, slot;
    uint64_t origin;
    pid_t pid; /* 0: not running */
    struct chan *control;
    bool is_ready, is_pinged;
    unsigned loading;  /* reloads that it has not answered */
    unsigned waited;   /* ticks that it owes an answer, or to be ready */
    unsigned failures; /* short lives in a row */
    uint64_t started_ms;
    uv_timer_t restart;
};

enum parent_phase {
    PARENT_COMPILE, /* before the first role */
    PARENT_START,   /* until all are ready */
    PARENT_RUN,
    PARENT_DRAIN, /* workers end what runs */
    PARENT_STOP,  /* the rest ends */
};

/* What one generation hands to the roles. */
struct generation {
    struct conf *conf;
    int bundle_fd, database_fd;
    int names_fd; /* the bundle with the keys of names; -1: there are none */
    int data_fd;  /* data files of detectors; -1: none */
    int log_fd;   /* log.file, or the standard error of the start */
    char rules_hash[RULES_HASH_BYTES];
};

struct parent {
    uv_loop_t loop;
    enum parent_phase phase;
    int status; /* exit status */
    char *settings_file;
    struct run_user user;
    struct first_admin admin;
    struct generation now, next; /* next: being compiled */
    pid_t compiler_pid;
    bool wants_reload;    /* a SIGHUP came during the start or a reload */
    uint64_t mode_number; /* of the switch that its asker waits for; 0: none */
    bool is_reloading;    /* some role may not have loaded the last one yet */
    int stats_fd, leaf_key_fd, tickets_fd, lock_fd;
    int stderr_fd; /* as it was given to us */
    void *stats;
    struct bound proxy, console, metrics;
    struct child children[CHILDREN_MAX];
    size_t child_count;
    uv_signal_t signals[4];
    uv_timer_t tick, deadline;
    struct stat users_seen;
};

/* parent_children.c */
void children_init(
    struct parent *p, unsigned workers, bool has_collector, bool has_idp);
void children_start(struct parent *p);
void children_reap(struct parent *p);
void children_watch(struct parent *p); /* each tick */
void children_drain(struct parent *p, bool is_services, uint64_t within_ms);
void children_kill(struct parent *p, bool is_services);
bool children_are_gone(const struct parent *p, bool with_services);
void children_reload(struct parent *p);
/* Another CA: the signer gets no second key, but a successor with it (K6). */
void children_replace_signer(struct parent *p);
/* Called back when a role ended or is ready. */
void parent_on_change(struct parent *p);
void parent_fail(struct parent *p, const char *why);

/* parent_reload.c */
enum err generation_prepare(struct parent *p, struct conf *conf) MUST_USE;
enum err compile_start(struct parent *p) MUST_USE;
void generation_log_roots(const struct generation *g);
void compile_reap(struct parent *p); /* calls parent_on_compiled */
void reload_start(struct parent *p);
void reload_users(struct parent *p); /* when their file has changed */
/* The present generation with that file's text, for all roles; not OK: said. */
enum err reload_file(struct parent *p, enum bundle_kind kind, const char *path,
    struct str text) MUST_USE;
bool users_have_changed(struct parent *p, const char *path);
void generation_free(struct generation *g);
void parent_on_compiled(struct parent *p, bool is_good);

/* parent_modes.c: mode: enum mode; not OK: nothing has changed. */
enum err modes_set(
    struct parent *p, uint64_t service_hash, unsigned mode) MUST_USE;

#endif
