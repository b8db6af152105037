/*
 * Words and phrases of a filter: which activities have them, as a bit each, by
 * the index of text (FTS5).
 */
#include "base/mem.h"
#include "store/browse_parts.h"
#include "store/words.h"

enum { FOUND_MAX = 1 << 28 /* rows that bits are kept for: 32 MiB */ };

static enum err find_range(struct browse *b, int64_t *first, int64_t *last)
{
    const struct browse_filter *f = &b->filter;
    *first = *last = 0;
    enum err err = db_get_int(
        b->query->db, "SELECT coalesce(min(seq), 0) FROM activity", first);
    if (err == OK)
        err = db_get_int(
            b->query->db, "SELECT coalesce(max(seq), 0) FROM activity", last);
    if (err != OK || (f->since_ms == 0 && f->until_ms == 0))
        return err;
    struct db_statement *s =
        db_statement_new(b->query->db, "SELECT min(seq), max(seq) FROM facet"
                                       " WHERE time_ms >= ?1 AND time_ms < ?2");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, f->since_ms);
    db_bind_int(s, 2, f->until_ms != 0 ? f->until_ms : INT64_MAX);
    err = db_step(s);
    if (err == OK) {
        *first = db_int(s, 0);
        *last = db_int(s, 1);
    }
    db_statement_free(&s);
    return err;
}

/* FTS5 gives each once. */
static bool note_found(void *context, const int64_t *values)
{
    struct found *f = context;
    int64_t i = values[0] - f->first;
    f->bits[i / 8] |= (uint8_t)(1u << (i % 8));
    if (f->total < FOUND_FEW)
        f->few[f->total] = values[0];
    f->total++;
    return false;
}

static enum err ask_index(struct browse *b, struct str match, int64_t last)
{
    struct db *db = b->query->db;
    db_set_hook(db, DB_HOOK_TAKE, note_found, &b->found);
    struct db_statement *s = db_statement_new(db,
        "SELECT rowid FROM search_index WHERE search_index MATCH ?1"
        " AND rowid BETWEEN ?2 AND ?3 AND hook_take(rowid)");
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, match);
    db_bind_int(s, 2, b->found.first);
    db_bind_int(s, 3, last);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* Bits of numbers that no activity has do not matter: none is walked. */
static void take_rest(struct found *f)
{
    for (int64_t i = 0; i <= f->count / 8; i++)
        f->bits[i] ^= 0xff;
    f->total = INT64_MAX;
}

enum err browse_find_text(struct browse *b)
{
    struct found *f = &b->found;
    struct buf match = {0};
    bool is_rest;
    int64_t last = 0;
    enum err err = words_write_match(b->filter.text, &match, &is_rest);
    if (err == OK)
        err = find_range(b, &f->first, &last);
    f->is_on = true;
    f->count = last - f->first + 1;
    if (f->count > FOUND_MAX) { /* of the newest */
        f->count = FOUND_MAX;
        f->first = last - FOUND_MAX + 1;
    }
    f->bits = mem_zalloc((size_t)f->count / 8 + 1);
    f->few = mem_calloc(FOUND_FEW, sizeof *f->few);
    if (err == OK && match.n > 0)
        err = ask_index(b, buf_str(&match), last);
    if (err == OK && is_rest)
        take_rest(f);
    buf_free(&match);
    return err;
}
