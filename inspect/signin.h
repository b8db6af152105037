/*
 * What is known of somebody who signs in or out, across the requests of it:
 * the address that was typed, the workspace chosen, how, what failed, and the
 * activity that told of it (facts/openai-admin.md §2.2).  Kept by the keeper
 * as lines under the names that the requests have in common, since they come
 * on several hosts, connections and workers; written and read here only.
 *
 * No secret is among it.  Pure functions over text: no I/O, no clock.
 */
#ifndef INSPECT_SIGNIN_H
#define INSPECT_SIGNIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

enum {
    /* A failure, and then a success of the same session: it was none. */
    SIGNIN_HOLD_MS = 10 * 1000,
    /* Calls that end one session fire together. */
    SIGNOUT_TOGETHER_MS = 10 * 1000,
    /* The platform's console tells of one login by two calls. */
    SIGNIN_TOGETHER_MS = 2 * 60 * 1000,
    SIGNIN_FAILURES_MAX = 32,           /* later ones stand in any case */
    SIGNIN_LINES_BYTES_MAX = 16 * 1024, /* then it begins anew */
    SIGNIN_FACT_BYTES_MAX = 320,        /* a longer one is left out */
};

struct signin_failure {
    char id[UUID_TEXT_BYTES]; /* of its activity */
    int64_t time_ms;
    struct str account;
};

/* What was told of a login, for who adds to it. */
struct signin_login {
    char id[UUID_TEXT_BYTES]; /* empty: none was told */
    int64_t time_ms;
    bool waits; /* nobody knows yet whose it is */
    struct str service, method, host, path, version, ip;
    int64_t status;
};

/* Strings live in the arena that they were read into. */
struct signin {
    struct str device; /* hash, or empty: the requests named none */
    struct str account, workspace, method, service;
    struct signin_failure failures[SIGNIN_FAILURES_MAX];
    size_t failure_count;
    struct signin_login login;
    bool has_left; /* a sign-out of it succeeded */
};

/* Lines of a damaged kind count for nothing; a later one replaces what an
 * earlier one said. */
void signin_read(struct str lines, struct arena *arena, struct signin *out);

/* Each appends one line, without its newline. */
void signin_write_facts(struct buf *out, const struct signin *facts);
void signin_write_failure(
    struct buf *out, const struct signin_failure *failure);
void signin_write_login(struct buf *out, const struct signin_login *login);
void signin_write_left(struct buf *out);

/* The same person in the same moment: a success takes it back. */
bool signin_takes_back(const struct signin_failure *failure, struct str account,
    int64_t success_ms);

#endif
