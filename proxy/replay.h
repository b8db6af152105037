/*
 * The exchanges of captures through the code that live traffic takes after TLS
 * (inspect/exchange.h), one activity a line.  No network, no store; the keeper
 * is a table of this process.
 */
#ifndef PROXY_REPLAY_H
#define PROXY_REPLAY_H

#include "inspect/exchange.h"
#include "inspect/json.h"
#include "inspect/keep.h"
#include "proxy/extract_child.h"
#include "store/alerts.h"

enum { REPLAY_CHUNKS_MAX = 64 };

/* When something happened, as the captures note it. */
struct replay_moment {
    size_t capture; /* from 1 on */
    int64_t time_ms;
    size_t order; /* of two at one time: as the capture has them */
};

struct replay {
    /* The caller's, and so are the tables in env. */
    struct exchange_env env;
    struct extract_setup setup;
    struct keep *keep;
    struct alerts *alerts; /* the caller's; NULL: none */
    /* Bodies come in pieces of these sizes, repeating; none: whole. */
    size_t chunks[REPLAY_CHUNKS_MAX], chunk_count;
    struct replay_moment now;
    /* Of an activity that ended more than once (a client tried again) only the
     * last line. */
    struct replay_line *lines, *by_id;
};

/* entries: log.entries of a capture. */
void replay_entries(struct replay *replay, const struct json_node *entries);
/* An activity that did not come out of an exchange: the first one of an id
 * counts. */
void replay_tell(struct replay *replay, const struct activity *activity);
/* All lines so far, to standard output in the order of their ends; they are
 * gone then.  Alerts come of them in the order of their times. */
void replay_print(struct replay *replay);

#endif
