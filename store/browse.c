/* See store/browse.h; numbers are made in count.c. */
#include "store/browse_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/net.h"

enum {
    FOUND_MAX = 1 << 28, /* rows that bits are kept for: 32 MiB */
    CODES_IN_SQL = 64,
};

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

static bool has_code(const struct code_set *set, int64_t code)
{
    return code < set->count && (set->bits[code / 8] >> (code % 8) & 1) != 0;
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

static enum err resolve(struct browse *b, enum facet facet)
{
    const struct query_words *words = &b->filter.words[facet];
    struct code_set *set = &b->sets[facet];
    struct resolving r = {.set = set, .facet = facet};
    enum err err = browse_code_max(b->query, facet, &set->count);
    set->count++;
    set->is_on = true;
    set->bits = mem_zalloc((size_t)set->count / 8 + 1);
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

/* ---- text ---- */

/* FTS5's own language is not ours: each word and each phrase is quoted, so
 * that nothing in it is an operator. */
static void write_match(struct str text, struct buf *out)
{
    size_t i = 0;
    while (i < text.n) {
        bool is_quoted = text.p[i] == '"';
        size_t from = is_quoted ? i + 1 : i, to = from;
        if (strchr(" \t\r\n", text.p[i]) != NULL) {
            i++;
            continue;
        }
        while (to < text.n &&
               (is_quoted ? text.p[to] != '"'
                          : strchr(" \t\r\n\"", text.p[to]) == NULL))
            to++;
        bool is_last = to >= text.n && !is_quoted;
        if (to > from)
            buf_printf(out, "\"%.*s\"%s ", STR_ARG(str_sub(text, from, to)),
                is_last ? "*" : "");
        i = to + (is_quoted ? 1 : 0);
    }
}

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

static enum err find_text(struct browse *b)
{
    struct buf match = {0};
    int64_t last = 0;
    enum err err = find_range(b, &b->found_first, &last);
    write_match(b->filter.text, &match);
    b->has_text = true;
    b->found_count = last - b->found_first + 1;
    if (b->found_count > FOUND_MAX) { /* of the newest */
        b->found_count = FOUND_MAX;
        b->found_first = last - FOUND_MAX + 1;
    }
    b->found = mem_zalloc((size_t)b->found_count / 8 + 1);
    struct db_statement *s = db_statement_new(b->query->db,
        "SELECT rowid FROM search_index WHERE search_index MATCH ?1"
        " AND rowid BETWEEN ?2 AND ?3");
    if (err == OK && s == NULL)
        err = ERR_STATE;
    if (err == OK && match.n > 0) {
        db_bind_text(s, 1, buf_str(&match));
        db_bind_int(s, 2, b->found_first);
        db_bind_int(s, 3, last);
        while ((err = db_step(s)) == OK) {
            int64_t i = db_int(s, 0) - b->found_first;
            b->found[i / 8] |= (uint8_t)(1u << (i % 8));
        }
    }
    db_statement_free(&s);
    buf_free(&match);
    return err == ERR_EOF ? OK : err;
}

static bool is_found(const struct browse *b, int64_t seq)
{
    int64_t i = seq - b->found_first;
    return i >= 0 && i < b->found_count &&
           (b->found[i / 8] >> (i % 8) & 1) != 0;
}

/* ---- life ---- */

enum err browse_new(struct query *query, const struct browse_filter *filter,
    struct browse **browse_out)
{
    struct browse *b = MEM_NEW(struct browse);
    enum err err = OK;
    b->query = query;
    b->filter = *filter;
    db_set_deadline(query->db, BROWSE_DEADLINE_MS);
    for (enum facet i = 0; i < FACET_COUNT && err == OK; i++)
        if (filter->words[i].count > 0)
            err = resolve(b, i);
    if (err == OK && filter->text.n > 0)
        err = find_text(b);
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
    mem_free(b->found);
    mem_free(b);
}

/* ---- walking ---- */

/* Few codes are SQLite's to test: rows that fail never come up here. */
static void write_codes(
    struct sql *sql, const struct code_set *set, enum facet facet)
{
    int64_t codes[CODES_IN_SQL];
    size_t count = 0;
    for (int64_t code = 0; code < set->count; code++) {
        if (!has_code(set, code))
            continue;
        if (count == CODES_IN_SQL)
            return;
        codes[count++] = code;
    }
    buf_printf(&sql->text, " AND f.%s IN (", facet_names[facet]);
    for (size_t i = 0; i < count; i++)
        buf_printf(&sql->text, "%s%" PRId64, i > 0 ? "," : "", codes[i]);
    buf_append_char(&sql->text, ')');
}

static void write_walk(
    struct sql *sql, const struct browse *b, const struct browse_walk *walk)
{
    bool is_newest = walk->order == QUERY_NEWEST_FIRST;
    const struct query_words *conversation = &b->filter.conversation;
    buf_append_str(&sql->text, STR("SELECT f.time_ms, f.seq"));
    for (size_t i = 0; i < FACET_COUNT; i++)
        if (walk->wanted[i] || b->sets[i].is_on)
            buf_printf(&sql->text, ", f.%s", facet_names[i]);
    if (walk->wants_volume)
        buf_append_str(&sql->text, STR(", f.files, f.bytes"));
    buf_append_str(
        &sql->text, conversation->count == 0
                        ? STR(" FROM facet f WHERE f.time_ms BETWEEN ? AND ?")
                        : STR(" FROM activity a CROSS JOIN facet f"
                              " WHERE f.time_ms = a.time_ms AND f.seq = a.seq"
                              " AND f.time_ms BETWEEN ? AND ?"));
    for (enum facet i = 0; i < FACET_COUNT && !walk->needs_near; i++)
        if (b->sets[i].is_on)
            write_codes(sql, &b->sets[i], i);
    const struct query_cursor *c = walk->cursor;
    bool is_after = c != NULL && c->is_set;
    int64_t from = b->filter.since_ms, to = INT64_MAX;
    if (b->filter.until_ms != 0)
        to = b->filter.until_ms - 1;
    if (is_after && is_newest && c->time_ms < to)
        to = c->time_ms;
    if (is_after && !is_newest && c->time_ms > from)
        from = c->time_ms;
    sql_int(sql, from);
    sql_int(sql, to);
    for (size_t i = 0; i < conversation->count; i++) {
        buf_append_str(&sql->text,
            i == 0 ? STR(" AND a.conversation_id IN (?") : STR(", ?"));
        sql_text(sql, conversation->items[i]);
    }
    if (conversation->count > 0)
        buf_append_char(&sql->text, ')');
    if (is_after) {
        buf_printf(&sql->text, " AND (f.time_ms, f.seq) %s (?, ?)",
            is_newest ? "<" : ">");
        sql_int(sql, c->time_ms);
        sql_int(sql, c->seq);
    }
    buf_append_str(&sql->text, is_newest
                                   ? STR(" ORDER BY f.time_ms DESC, f.seq DESC")
                                   : STR(" ORDER BY f.time_ms, f.seq"));
}

struct column {
    enum facet facet;
    const struct code_set *set;
};

static size_t list_columns(const struct browse *b,
    const struct browse_walk *walk, struct column out[FACET_COUNT])
{
    size_t count = 0;
    for (enum facet i = 0; i < FACET_COUNT; i++)
        if (walk->wanted[i] || b->sets[i].is_on)
            out[count++] = (struct column){i, &b->sets[i]};
    return count;
}

/* Whether the row is to be given. */
static bool read_row(const struct browse *b, struct db_statement *s,
    const struct column *columns, size_t count, bool needs_near,
    struct browse_row *row)
{
    row->seq = db_int(s, 1);
    if (b->has_text && !is_found(b, row->seq))
        return false;
    row->failed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct column *c = &columns[i];
        int64_t code = db_int(s, (int)i + 2);
        row->codes[c->facet] = code;
        if (!c->set->is_on || has_code(c->set, code))
            continue;
        row->failed_one = c->facet;
        if (++row->failed > (needs_near ? 1u : 0u))
            return false;
    }
    row->time_ms = db_int(s, 0);
    return true;
}

enum err browse_walk(struct browse *b, const struct browse_walk *walk)
{
    struct sql *sql = MEM_NEW(struct sql);
    struct column columns[FACET_COUNT];
    struct db_statement *s = NULL;
    struct browse_row row = {0};
    size_t count = list_columns(b, walk, columns);
    write_walk(sql, b, walk);
    enum err err = sql_prepare(b->query, sql, &s);
    while (err == OK && (err = db_step(s)) == OK)
        if (read_row(b, s, columns, count, walk->needs_near, &row)) {
            if (walk->wants_volume) {
                row.files = db_int(s, (int)count + 2);
                row.bytes = db_int(s, (int)count + 3);
            }
            if (!walk->on_row(walk->context, &row))
                break;
        }
    db_statement_free(&s);
    sql_free(sql);
    mem_free(sql);
    return err == ERR_EOF ? OK : err;
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
