/*
 * What someone wants to try against the policy, out of the request: a text
 * with words about it as JSON, or a file with them as parameters.
 */
#ifndef CONSOLE_TRIAL_H
#define CONSOLE_TRIAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "console/request.h"

enum { TRIAL_WORD_MAX = 512 }; /* bytes of each but the text */

struct trial {
    struct str text;
    struct str activity, service, user, ip, file; /* or empty */
    bool is_down;                                 /* an answer */
    /* Of a file, found on the way. */
    size_t bytes;
    struct str type, where;
    const char *trouble; /* why its text, or some of it, could not be had */
    bool is_read;        /* text is what the extractor found in it */
};

#define TRY_FILE_PATH "/api/v1/policy/try/file"

/* Texts are the body's or the arena's.  ERR_PARSE, ERR_LIMIT. */
enum err trial_read(
    struct str body, struct arena *arena, struct trial *out) MUST_USE;
/* Text is the body, whatever it is. */
enum err trial_of_file(const struct request *r, struct trial *out) MUST_USE;

#endif
