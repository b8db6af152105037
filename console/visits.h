/*
 * Who is logged in: sessions in memory, found by the hash of a random token
 * that only the browser has (a cookie).  A session ends when it was idle for
 * too long, when its time is over, when its owner logs out, or when the
 * login has changed.  Safe from several threads.
 */
#ifndef CONSOLE_VISITS_H
#define CONSOLE_VISITS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/users.h"

enum {
    VISITS_MAX = 1024,  /* the one unused for longest goes */
    VISITS_A_USER = 16, /* the same */
    VISIT_IDLE_MS = 30 * 60 * 1000,
    VISIT_MAX_MS = 12 * 60 * 60 * 1000,
    VISIT_TOKEN_BYTES = 65, /* 64 hexadecimal digits, NUL */
};

struct visits;

struct visit { /* a copy */
    char user[USER_NAME_MAX + 1];
    bool is_foreign; /* of a provider's: has the role it had at its sign-in */
    enum user_role role;
    char csrf[VISIT_TOKEN_BYTES];
    int64_t expires_wall_ms;
};

struct visits *visits_new(void);
void visits_free(struct visits **visits);
/* proof: what must not change of the login (its password's hash). */
void visits_start(struct visits *visits, struct str user, struct str proof,
    uint64_t now_ms, char token_out[VISIT_TOKEN_BYTES]);
/* The same after a sign-in elsewhere. hint: the ID token, for signing out
 * there; proof: of the settings that the role came by. */
void visits_start_foreign(struct visits *visits, struct str user,
    enum user_role role, struct str hint, struct str proof, uint64_t now_ms,
    char token_out[VISIT_TOKEN_BYTES]);
/* is_use false: looks without keeping it alive. */
bool visits_find(struct visits *visits, struct str token, uint64_t now_ms,
    bool is_use, struct visit *out);
/* Whether the session's login is still the one it began with; ends it if
 * not. proof: of the login now; STR_NONE: there is none any more. */
bool visits_confirm(struct visits *visits, struct str token, struct str proof);
void visits_end(struct visits *visits, struct str token);
/* Whether it is one of elsewhere; its ID token is appended. */
bool visits_hint(struct visits *visits, struct str token, struct buf *hint_out);
size_t visits_count(struct visits *visits);

#endif
