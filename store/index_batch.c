/* See store/index_batch.h. */
#include "store/index_batch.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"

struct open_entry {
    char id[UUID_TEXT_BYTES];
    size_t index; /* of its item */
    UT_hash_handle hh;
};

static bool has(struct str json, struct str key)
{
    return str_find(json, key) < json.n;
}

/* Read as text, where any member of the name counts: rather one too many is
 * put than one too few. */
static bool counts_attempts(const struct journal_entry *e)
{
    return has(e->json, STR("\"attempts\""));
}

static bool may_be_passed_over(const struct journal_entry *e)
{
    return e->kind == STORE_OPEN && !counts_attempts(e) &&
           !has(e->json, STR("\"sealed_"));
}

static bool supersedes(const struct journal_entry *e)
{
    return (e->kind == STORE_OPEN || e->kind == STORE_DONE) &&
           !counts_attempts(e);
}

static void note_open(struct index_batch *b, const char *id, size_t index)
{
    struct open_entry *o = ARENA_NEW(&b->arena, struct open_entry);
    memcpy(o->id, id, sizeof o->id);
    o->index = index;
    HASH_ADD(hh, b->open, id, strlen(o->id), o);
}

/* One about all rows of an origin has no id.  Returns instead_of. */
static size_t relate(struct index_batch *b, const struct journal_entry *e)
{
    struct open_entry *before = NULL;
    size_t instead_of = 0;
    if (e->kind == STORE_GONE)
        HASH_CLEAR(hh, b->open); /* its items go with the arena */
    else
        HASH_FIND(hh, b->open, e->id, strlen(e->id), before);
    if (before != NULL) {
        b->items[before->index].is_superseded = supersedes(e);
        instead_of = supersedes(e) ? before->index + 1 : 0;
        HASH_DEL(b->open, before);
    }
    if (may_be_passed_over(e))
        note_open(b, e->id, b->count);
    return instead_of;
}

void index_batch_add(struct index_batch *b, const struct journal_entry *e)
{
    if (b->count == b->room) {
        b->room = b->room > 0 ? 2 * b->room : 64;
        b->items = mem_realloc(b->items, b->room * sizeof *b->items);
    }
    size_t instead_of = relate(b, e);
    struct index_item *item = &b->items[b->count++];
    *item = (struct index_item){.entry = *e, .instead_of = instead_of};
    item->entry.json = arena_copy(&b->arena, e->json);
    b->bytes += e->json.n;
}

void index_batch_free(struct index_batch *b)
{
    HASH_CLEAR(hh, b->open);
    arena_free(&b->arena);
    mem_free(b->items);
    *b = (struct index_batch){.items = NULL};
}
