/*
 * What the console and the role that talks to the provider say to each other,
 * a JSON object a datagram:
 *
 *   question  console: a code came back, whose is it?
 *   answer    to the question of that id: a person, or why there is none
 *   state     unasked, whenever it changes: where people are sent to; without
 *             an address the provider could not be asked yet
 *
 * Neither side trusts the other: what is missing or out of its limits is
 * ERR_PARSE.  Strings that were read are in the arena.
 */
#ifndef CONSOLE_OIDC_MSG_H
#define CONSOLE_OIDC_MSG_H

#include "console/oidc.h"

enum {
    OIDC_MSG_MAX = 32 << 10,    /* of each datagram */
    OIDC_HINT_MAX = 6 << 10,    /* a longer ID token is not kept */
    OIDC_SECRET_TEXT_MAX = 128, /* nonce, verifier */
};

struct oidc_question {
    int64_t id;
    struct str code, verifier, nonce, redirect_uri;
};

struct oidc_answer {
    int64_t id;
    enum oidc_fault fault;
    struct oidc_person person; /* OIDC_FINE only */
    struct str hint;           /* the ID token, or empty */
};

struct oidc_state {
    struct str authorization_endpoint, end_session_endpoint;
    bool sends_iss;
};

void oidc_msg_write_question(const struct oidc_question *q, struct buf *out);
enum err oidc_msg_read_question(
    struct str bytes, struct arena *arena, struct oidc_question *out) MUST_USE;
void oidc_msg_write_answer(const struct oidc_answer *a, struct buf *out);
void oidc_msg_write_state(const struct oidc_state *s, struct buf *out);
/* One of the two: is_state_out says which. */
enum err oidc_msg_read_told(struct str bytes, struct arena *arena,
    bool *is_state_out, struct oidc_answer *answer_out,
    struct oidc_state *state_out) MUST_USE;

#endif
