/*
 * How near this process is to the memory that it may have: to RLIMIT_AS
 * (prlimit, ulimit -v) and to memory.max of its control group (version 2:
 * MemoryMax= of systemd, a container's limit), which all roles share.  At
 * seven eighths of either it is short: bodies wait unread and new requests get
 * 503, before an allocation fails or the kernel kills (F43, D5).
 */
#ifndef PROXY_HEADROOM_H
#define PROXY_HEADROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Of `root`, which is / but for tests; before the sandbox closes.  What is not
 * there or has no limit bounds nothing. */
void headroom_open(const char *root);
void headroom_close(void);
/* Measured anew every 20 ms at most.  A change is logged. */
bool headroom_is_short(uint64_t now_ms);

/* Bytes of a control group that nobody can take back: what it uses less the
 * file pages that are to go first (memory.stat). */
uint64_t headroom_group_bytes(struct str current, struct str stat);

#endif
