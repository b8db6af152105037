/*
 * What proxy/worker.c (the role: start, reload, drain) and proxy/seat.c (one
 * session's world) share.  Nobody else includes this.
 */
#ifndef PROXY_WORKER_PARTS_H
#define PROXY_WORKER_PARTS_H

#include "proxy/asker.h"
#include "proxy/dial.h"
#include "proxy/extracting.h"
#include "proxy/io_link.h"
#include "proxy/listener.h"
#include "proxy/login.h"
#include "proxy/minter.h"
#include "proxy/recorder.h"
#include "proxy/user_count.h"
#include "proxy/worker.h"

struct seat;

struct worker {
    uv_loop_t loop;
    const struct role_start *start;
    struct role *role;
    struct conf *conf; /* for new sessions; counted */
    struct defer_queue defer;
    struct io_links *links;
    struct listener *listener;
    struct resolver *resolver;
    struct recorder *recorder;
    struct asker *asker;
    struct extracting *extracting;
    struct minter *minter;
    struct logins *logins;
    struct user_counts *users;
    struct seat *seats;
    size_t seat_count;
    uv_timer_t drain_timer;
    uint64_t drain_end_ms; /* loop time */
    bool is_draining;
};

/* A client connection: fd is taken. */
void seat_new(struct worker *worker, int fd, const struct net_address *peer);
void seats_drain(struct worker *worker);
/* Ends every session as it stands; the loop must run on until
 * worker->seat_count is 0. */
void seats_cut(struct worker *worker);
/* A seat has gone (proxy/worker.c). */
void worker_on_seat_gone(struct worker *worker);

extern const struct link_events seat_link_events;
/* Answers of the services; the owner is a struct seat. */
void seat_on_recorded(void *owner, uint64_t token, enum err err);
void seat_on_kept(void *owner, uint64_t token, struct str answer);
void seat_on_extracted(
    void *owner, uint64_t token, struct extract_report *report);
void seat_on_minted(void *owner, struct leaf *leaf, enum err err);
void seat_on_login(void *owner, bool is_good, struct str groups);

#endif
