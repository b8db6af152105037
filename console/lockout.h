/*
 * Slows down who guesses passwords: failures are counted for a login from an
 * address, for an address, and for a login from anywhere.  Whoever has had
 * too many waits, twice as long each time; the right password counts as little
 * as a wrong one meanwhile.  Failures are forgotten after LOCKOUT_FORGET_MS.
 *
 * A login from anywhere waits less, and only after many more: else anyone
 * could lock out the administrator.  Safe from several threads.
 */
#ifndef CONSOLE_LOCKOUT_H
#define CONSOLE_LOCKOUT_H

#include <stdint.h>

#include "base/str.h"

enum {
    LOCKOUT_FAILURES = 5,          /* of a login from an address */
    LOCKOUT_ADDRESS_FAILURES = 30, /* of an address */
    LOCKOUT_USER_FAILURES = 50,    /* of a login from anywhere */
    LOCKOUT_FIRST_MS = 30 * 1000,
    LOCKOUT_MAX_MS = 15 * 60 * 1000,
    LOCKOUT_USER_MS = 10 * 1000, /* the most for a login from anywhere */
    LOCKOUT_FORGET_MS = 60 * 60 * 1000,
    LOCKOUT_ENTRIES = 4096, /* the one unused for longest goes */
};

struct lockout;

struct lockout *lockout_new(void);
void lockout_free(struct lockout **lockout);
/* How long to wait, 0: go on.  user: STR_NONE where it is not known whose
 * login is tried: of the address alone, here and below. */
uint64_t lockout_wait_ms(struct lockout *lockout, struct str user,
    struct str address, uint64_t now_ms);
void lockout_note_failure(struct lockout *lockout, struct str user,
    struct str address, uint64_t now_ms);
/* It was right: failures of this login from this address are forgotten. */
void lockout_note_success(
    struct lockout *lockout, struct str user, struct str address);

#endif
