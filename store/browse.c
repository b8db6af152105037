/*
 * See store/browse.h: filters, lists, and how the store does.  Words are
 * looked for in browse_text.c, rows walked in browse_walk.c, numbers made in
 * count.c.
 */
#include "store/browse_parts.h"

#include <string.h>

#include "base/mem.h"
#include "base/net.h"

static bool has_glob(struct str s)
{
    return str_find_char(s, '*') < s.n || str_find_char(s, '?') < s.n;
}

/* ---- the dictionary ---- */

static enum err ask_int(
    struct query *q, const char *sql, int64_t parameter, int64_t *out)
{
    struct db_statement *s = db_statement_new(q->db, sql);
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, parameter);
    enum err err = db_step(s);
    if (err == OK)
        *out = db_int(s, 0);
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}

enum err browse_code_max(struct query *q, enum facet facet, int64_t *max_out)
{
    *max_out = 0;
    return ask_int(
        q, "SELECT max(code) FROM facet_word WHERE facet = ?1", facet, max_out);
}

enum err browse_words(
    struct query *q, enum facet facet, browse_word_fn *on_word, void *context)
{
    struct db_statement *s = db_statement_new(
        q->db, "SELECT code, word FROM facet_word WHERE facet = ?1");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, facet);
    enum err err;
    while ((err = db_step(s)) == OK)
        on_word(context, db_int(s, 0), db_text(s, 1));
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}

/* ---- filters to sets of codes ---- */

struct pattern {
    struct str text;
    bool is_network;
    struct net_range network;
};

struct resolving {
    struct code_set *set;
    enum facet facet;
    struct pattern patterns[QUERY_WORDS_MAX];
    size_t count;
};

static void set_code(struct code_set *set, int64_t code)
{
    if (code >= 0 && code < set->count)
        set->bits[code / 8] |= (uint8_t)(1u << (code % 8));
}

static bool matches_pattern(const struct pattern *p, struct str word)
{
    struct net_address address;
    if (p->is_network)
        return net_parse_ip(word, &address) == OK &&
               net_in_range(&address, &p->network);
    return str_glob(p->text, word, 0);
}

static bool matches_any(const struct resolving *r, struct str word)
{
    for (size_t i = 0; i < r->count; i++)
        if (matches_pattern(&r->patterns[i], word))
            return true;
    return false;
}

static void on_word(void *context, int64_t code, struct str word)
{
    struct resolving *r = context;
    struct str part;
    bool is = false;
    if (!facet_is_set(r->facet)) {
        is = matches_any(r, word);
    } else {
        struct str rest = str_sub(word, 1, word.n);
        while (!is && str_split(&rest, FACET_JOIN, &part))
            is = matches_any(r, part);
    }
    if (is)
        set_code(r->set, code);
}

/* One word that stands for itself needs no walk over the dictionary. */
static enum err find_one(
    struct query *q, enum facet facet, struct str word, struct code_set *set)
{
    struct db_statement *s = db_statement_new(
        q->db, "SELECT code FROM facet_word WHERE facet = ?1 AND word = ?2");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, facet);
    db_bind_text(s, 2, word);
    enum err err = db_step(s);
    if (err == OK)
        set_code(set, db_int(s, 0));
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}

static bool is_plain(enum facet facet, struct str word)
{
    return !facet_is_set(facet) && !has_glob(word) &&
           (facet != FACET_NETWORK || str_find_char(word, '/') == word.n);
}

static enum err set_words(struct browse *b, enum facet facet,
    const struct query_words *words, struct code_set *set)
{
    struct resolving r = {.set = set, .facet = facet};
    enum err err = OK;
    for (size_t i = 0; i < words->count && err == OK; i++) {
        struct str word = facet_cut(words->items[i]);
        struct pattern *p = &r.patterns[r.count];
        if (str_is(word, BROWSE_NONE)) {
            set_code(set, 0);
        } else if (is_plain(facet, word)) {
            err = find_one(b->query, facet, word, set);
        } else {
            p->text = word;
            p->is_network = facet == FACET_NETWORK && !has_glob(word) &&
                            net_parse_range(word, &p->network) == OK;
            r.count++;
        }
    }
    if (err == OK && r.count > 0)
        err = browse_words(b->query, facet, on_word, &r);
    return err;
}

/* What is wanted, or all where nothing was named, without what is not. */
static enum err resolve(struct browse *b, enum facet facet)
{
    const struct query_words *words = &b->filter.words[facet];
    const struct query_words *excluded = &b->filter.excluded[facet];
    struct code_set *set = &b->sets[facet];
    enum err err = browse_code_max(b->query, facet, &set->count);
    set->count++;
    set->is_on = true;
    size_t n = (size_t)set->count / 8 + 1;
    set->bits = mem_zalloc(n);
    if (err == OK && words->count > 0)
        err = set_words(b, facet, words, set);
    else
        memset(set->bits, 0xff, n);
    if (err != OK || excluded->count == 0)
        return err;
    struct code_set without = {.bits = mem_zalloc(n), .count = set->count};
    err = set_words(b, facet, excluded, &without);
    for (size_t i = 0; i < n; i++)
        set->bits[i] &= (uint8_t)~without.bits[i];
    mem_free(without.bits);
    return err;
}

/* ---- life ---- */

bool browse_is_filtered(const struct browse_filter *f, enum facet facet)
{
    return f->words[facet].count > 0 || f->excluded[facet].count > 0;
}

enum err browse_new(struct query *query, const struct browse_filter *filter,
    struct browse **browse_out)
{
    struct browse *b = MEM_NEW(struct browse);
    enum err err = OK;
    b->query = query;
    b->filter = *filter;
    db_set_deadline(query->db, BROWSE_DEADLINE_MS);
    for (enum facet i = 0; i < FACET_COUNT && err == OK; i++)
        if (browse_is_filtered(filter, i))
            err = resolve(b, i);
    if (err == OK && filter->text.n > 0)
        err = browse_find_text(b);
    if (err != OK)
        browse_free(&b);
    *browse_out = b;
    return err;
}

void browse_free(struct browse **browse)
{
    struct browse *b = *browse;
    *browse = NULL;
    if (b == NULL)
        return;
    for (size_t i = 0; i < FACET_COUNT; i++)
        mem_free(b->sets[i].bits);
    mem_free(b->found.bits);
    mem_free(b->found.few);
    mem_free(b);
}

/* ---- lists ---- */

struct listing {
    struct db_statement *fetch;
    size_t count, limit, bytes;
    struct query_cursor *cursor;
    query_row_fn *on_row;
    void *context;
    enum err err;
    bool is_cut; /* more rows are there */
};

static bool list_row(void *context, const struct browse_row *row)
{
    struct listing *l = context;
    if (l->count == l->limit || l->bytes >= BROWSE_PAGE_BYTES) {
        l->is_cut = true;
        return false;
    }
    db_bind_int(l->fetch, 1, row->seq);
    l->err = db_step(l->fetch);
    if (l->err == OK) {
        struct query_row full = query_read_row(l->fetch);
        l->count++;
        l->bytes += full.json.n;
        l->on_row(l->context, &full);
    }
    if (l->err == OK || l->err == ERR_EOF) { /* EOF: deleted meanwhile */
        *l->cursor = (struct query_cursor){true, row->time_ms, row->seq};
        l->err = OK;
    }
    db_finish(l->fetch);
    return l->err == OK;
}

enum err browse_list(struct browse *b, enum query_order order, size_t limit,
    bool has_content, struct query_cursor *cursor, query_row_fn *on_row,
    void *context, bool *more_out)
{
    struct query_cursor from = *cursor;
    struct listing l = {
        .limit = limit, .cursor = cursor, .on_row = on_row, .context = context};
    l.fetch = db_statement_new(
        b->query->db, has_content ? QUERY_SELECT " AND seq = ?1"
                                  : QUERY_SELECT_MASKED " AND seq = ?1");
    if (l.fetch == NULL)
        return ERR_STATE;
    db_set_deadline(b->query->db, BROWSE_DEADLINE_MS);
    struct browse_walk walk = {
        .order = order, .cursor = &from, .on_row = list_row, .context = &l};
    enum err err = browse_walk(b, &walk);
    db_statement_free(&l.fetch);
    *more_out = l.is_cut;
    return err == OK ? l.err : err;
}

struct wanted {
    int64_t seq;
    bool is_there;
};

/* Others of the same millisecond come too. */
static bool note_match(void *context, const struct browse_row *row)
{
    struct wanted *w = context;
    w->is_there = row->seq == w->seq;
    return false;
}

enum err browse_matches(struct browse *b, int64_t seq, bool *is_out)
{
    int64_t time_ms = -1;
    *is_out = false;
    enum err err = ask_int(
        b->query, "SELECT time_ms FROM activity WHERE seq = ?1", seq, &time_ms);
    if (err != OK || time_ms < 0)
        return err;
    /* Just this row: behind what is before it, and no later. */
    struct browse one = *b;
    struct wanted w = {.seq = seq};
    struct query_cursor before = {true, time_ms, seq - 1};
    if (one.filter.since_ms > time_ms ||
        (one.filter.until_ms != 0 && one.filter.until_ms <= time_ms))
        return OK;
    one.filter.since_ms = time_ms;
    one.filter.until_ms = time_ms + 1;
    struct browse_walk walk = {.order = QUERY_OLDEST_FIRST,
        .cursor = &before,
        .on_row = note_match,
        .context = &w};
    err = browse_walk(&one, &walk);
    *is_out = w.is_there;
    return err;
}

enum err browse_store(struct query *q, struct browse_store *out)
{
    const struct {
        const char *sql;
        int64_t *value;
    } asked[] = {
        {"SELECT page_count * page_size FROM pragma_page_count,"
         " pragma_page_size",
            &out->bytes},
        {"SELECT count(*) FROM activity", &out->activities},
        {"SELECT time_ms FROM activity ORDER BY time_ms LIMIT 1",
            &out->oldest_ms},
        {"SELECT time_ms FROM activity ORDER BY time_ms DESC LIMIT 1",
            &out->newest_ms},
        {"SELECT count(*) FROM activity"
         " WHERE seq <= (SELECT seq FROM facet_todo)",
            &out->unfilled},
    };
    *out = (struct browse_store){0};
    db_set_deadline(q->db, BROWSE_DEADLINE_MS);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        enum err err = db_get_int(q->db, asked[i].sql, asked[i].value);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

enum err browse_cursors(
    struct query *q, browse_cursor_fn *on_cursor, void *context)
{
    enum err err;
    struct db_statement *s =
        db_statement_new(q->db, "SELECT name, json FROM cursor ORDER BY name");
    if (s == NULL)
        return ERR_STATE;
    while ((err = db_step(s)) == OK)
        on_cursor(context, db_text(s, 0), db_text(s, 1));
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}

enum err browse_nodes(struct query *q, browse_node_fn *on_node, void *context)
{
    enum err err;
    struct db_statement *s = db_statement_new(q->db,
        "SELECT name, last_ms, coalesce(max(seen_ms - last_ms, 0), -1)"
        " FROM node ORDER BY name");
    if (s == NULL)
        return ERR_STATE;
    while ((err = db_step(s)) == OK)
        on_node(context,
            &(struct browse_node){db_text(s, 0), db_int(s, 1), db_int(s, 2)});
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}
