/*
 * Who may do what: one table of roles and rights (docs/console.md).
 */
#ifndef CONSOLE_ACCESS_H
#define CONSOLE_ACCESS_H

#include "base/buf.h"
#include "base/users.h"

enum access_right {
    ACCESS_VIEW = 1,     /* numbers, lists, masked details, exports, health */
    ACCESS_CONTENT = 2,  /* what was typed and shown, where it is stored */
    ACCESS_EVIDENCE = 4, /* sealed texts around findings */
    ACCESS_AUDIT = 8,    /* what was done in the console */
    ACCESS_TRIAGE = 16,  /* to change incidents, to share views */
    ACCESS_MODES = 32,   /* to switch services to monitor or enforce */
};

/* Bits of enum access_right; 0: not in the console at all. */
unsigned access_of(enum user_role role);
/* The names of the bits, as JSON texts in an open array. */
struct jsonw;
void access_write(unsigned rights, struct jsonw *w);

#endif
