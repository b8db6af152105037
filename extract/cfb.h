/*
 * Compound File Binary ([MS-CFB]): the streams of an OLE file.  Chains of
 * sectors may be wrong or loop: a chain ends where it says something that
 * cannot be, and no chain is longer than the file.
 */
#ifndef EXTRACT_CFB_H
#define EXTRACT_CFB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum { CFB_ENTRIES_MAX = 65536, CFB_NONE = -1 };

struct cfb_entry {
    struct str name; /* UTF-8 */
    bool is_stream;
    int parent; /* index; CFB_NONE: of the root, or in no storage at all */
    uint32_t start;
    uint64_t size;
};

struct cfb;

/* bytes: borrowed. NULL: no compound file. */
struct cfb *cfb_open(struct str bytes);
void cfb_close(struct cfb **cfb);
size_t cfb_count(const struct cfb *cfb);
const struct cfb_entry *cfb_entry(const struct cfb *cfb, size_t index);
/* The stream of that name in that storage; NULL: there is none. */
const struct cfb_entry *cfb_find(
    const struct cfb *cfb, int parent, const char *name);
/* False: shorter than the entry says; what there is, is appended. */
bool cfb_read(
    const struct cfb *cfb, const struct cfb_entry *e, struct buf *out);

/* Little-endian numbers, 0 beyond the end. */
uint32_t le16(struct str s, size_t at);
uint32_t le32(struct str s, size_t at);

#endif
