/*
 * What someone wants to try against the policy, out of the body of the
 * request.
 */
#ifndef CONSOLE_TRIAL_H
#define CONSOLE_TRIAL_H

#include <stdbool.h>

#include "base/arena.h"

enum { TRIAL_WORD_MAX = 512 }; /* bytes of each but the text */

struct trial {
    struct str text;
    struct str activity, service, user, ip, file; /* or empty */
    bool is_down;                                 /* an answer */
};

/* Texts are the body's or the arena's.  ERR_PARSE, ERR_LIMIT. */
enum err trial_read(
    struct str body, struct arena *arena, struct trial *out) MUST_USE;

#endif
