/*
 * Numbers by one walk (store/browse.h): total, per bucket of time, and of each
 * facet's values.  A row that passes all filters counts everywhere; one that
 * fails the filter of a single facet counts for that facet alone, whose values
 * are what one could choose instead.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "store/browse_parts.h"

enum { BY_CODES_MAX = 4096 };

/* ---- buckets ---- */

static const int64_t SECOND = 1000, MINUTE = 60 * 1000, HOUR = 3600 * 1000,
                     DAY = 86400 * 1000;

/* The smallest round step with which at most `wanted` cover the span. */
static int64_t choose_step(int64_t span, size_t wanted)
{
    const int64_t steps[] = {SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND,
        MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR,
        12 * HOUR, DAY, 7 * DAY, 30 * DAY};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (span / steps[i] < (int64_t)wanted)
            return steps[i];
    return (span / (int64_t)wanted / DAY + 1) * DAY;
}

static enum err edge(struct browse *b, const char *sql, int64_t *out)
{
    enum err err = db_get_int(b->query->db, sql, out);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err lay_buckets(struct browse *b,
    const struct count_request *request, int64_t now_ms, struct count *c)
{
    int64_t since = b->filter.since_ms, until = b->filter.until_ms;
    int64_t last = now_ms - 1;
    enum err err = OK;
    if (request->buckets == 0)
        return OK;
    if (since == 0) {
        since = now_ms - DAY;
        err = edge(
            b, "SELECT time_ms FROM facet ORDER BY time_ms LIMIT 1", &since);
    }
    if (err == OK && until == 0) {
        err = edge(b, "SELECT time_ms FROM facet ORDER BY time_ms DESC LIMIT 1",
            &last);
        until = (last > now_ms ? last : now_ms) + 1;
    }
    if (err != OK)
        return err;
    if (until <= since)
        until = since + 1;
    c->bucket_ms = choose_step(until - since, request->buckets);
    int64_t of_day = since - (int64_t)request->day_begins * MINUTE;
    c->since_ms =
        since - ((of_day % c->bucket_ms) + c->bucket_ms) % c->bucket_ms;
    c->bucket_count =
        (size_t)((until - c->since_ms + c->bucket_ms - 1) / c->bucket_ms);
    c->totals = arena_alloc(&c->arena, c->bucket_count * sizeof *c->totals);
    return OK;
}

static void note_by_word(void *context, int64_t code, struct str word)
{
    struct count *c = context;
    if (code > 0 && code < (int64_t)c->by_count)
        c->by_words[code] = arena_copy(&c->arena, word);
}

static enum err lay_by(
    struct browse *b, const struct count_request *request, struct count *c)
{
    int64_t max = 0;
    if (c->bucket_count == 0)
        return OK;
    enum err err = browse_code_max(b->query, request->by, &max);
    c->by_count = (size_t)(max < BY_CODES_MAX ? max : BY_CODES_MAX - 1) + 1;
    c->by_words = arena_alloc(&c->arena, c->by_count * sizeof *c->by_words);
    c->by =
        arena_alloc(&c->arena, c->by_count * c->bucket_count * sizeof *c->by);
    if (err == OK)
        err = browse_words(b->query, request->by, note_by_word, c);
    return err;
}

/* ---- the walk ---- */

struct counting {
    struct count *out;
    enum facet by;
    size_t facet_count;
    enum facet facets[FACET_COUNT];
    int64_t *codes[FACET_COUNT]; /* numbers by code */
    int64_t code_max[FACET_COUNT];
};

static void add_code(
    struct counting *c, enum facet facet, const struct browse_row *row)
{
    int64_t code = row->codes[facet];
    /* A word that came since the walk began has no place. */
    if (c->codes[facet] != NULL && code <= c->code_max[facet])
        c->codes[facet][code]++;
}

static void add_to_bucket(struct counting *c, const struct browse_row *row)
{
    struct count *out = c->out;
    int64_t i = (row->time_ms - out->since_ms) / out->bucket_ms;
    int64_t code = row->codes[c->by];
    if (row->time_ms < out->since_ms || i >= (int64_t)out->bucket_count)
        return;
    out->totals[i]++;
    if (code < (int64_t)out->by_count)
        out->by[(size_t)i * out->by_count + (size_t)code]++;
}

static bool count_row(void *context, const struct browse_row *row)
{
    struct counting *c = context;
    if (row->failed == 1) {
        add_code(c, row->failed_one, row);
        return true;
    }
    c->out->total++;
    c->out->dlp += row->codes[FACET_TYPE] != 0;
    for (size_t i = 0; i < c->facet_count; i++)
        add_code(c, c->facets[i], row);
    if (c->out->bucket_count > 0)
        add_to_bucket(c, row);
    return true;
}

/* ---- the values of a facet, most frequent first ---- */

struct named {
    struct count_item item;
    int64_t code;
    UT_hash_handle hh;
};

static int compare_named(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    if (x->item.count != y->item.count)
        return x->item.count > y->item.count ? -1 : 1;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return str_compare(x->item.word, y->item.word);
}

static void give_top(struct count *c, enum facet facet, struct named *all,
    size_t count, size_t top)
{
    if (count > 1)
        qsort(all, count, sizeof *all, compare_named);
    size_t kept = count < top ? count : top;
    c->facets[facet].items =
        arena_alloc(&c->arena, (kept + 1) * sizeof(struct count_item));
    for (size_t i = 0; i < kept; i++)
        c->facets[facet].items[i] = all[i].item;
    c->facets[facet].count = kept;
    c->facets[facet].more = count - kept;
}

static enum err name_items(struct browse *b, struct count *c, enum facet facet,
    struct named *all, size_t count, size_t top)
{
    struct db_statement *s = db_statement_new(b->query->db,
        "SELECT word FROM facet_word WHERE facet = ?1 AND code = ?2");
    enum err err = s != NULL ? OK : ERR_STATE;
    if (count > 1)
        qsort(all, count, sizeof *all, compare_named);
    for (size_t i = 0; i < count && i < top && err == OK; i++) {
        if (all[i].code == 0)
            continue;
        db_bind_int(s, 1, facet);
        db_bind_int(s, 2, all[i].code);
        err = db_step(s);
        if (err == OK)
            all[i].item.word = arena_copy(&c->arena, db_text(s, 0));
        err = err == ERR_EOF ? OK : err;
        db_finish(s);
    }
    db_statement_free(&s);
    return err;
}

static enum err give_words(
    struct browse *b, struct counting *c, enum facet facet, size_t top)
{
    size_t count = 0;
    struct named *all = mem_calloc((size_t)c->code_max[facet] + 1, sizeof *all);
    for (int64_t code = 0; code <= c->code_max[facet]; code++) {
        if (c->codes[facet][code] == 0)
            continue;
        all[count].code = code;
        all[count++].item.count = c->codes[facet][code];
    }
    enum err err = name_items(b, c->out, facet, all, count, top);
    if (err == OK)
        give_top(c->out, facet, all, count, top);
    mem_free(all);
    return err;
}

/* Sets count for each of their members. */
struct members {
    struct counting *c;
    enum facet facet;
    struct named *table;
};

static void add_member(struct members *m, struct str word, int64_t n)
{
    struct named *named = NULL;
    HASH_FIND(hh, m->table, word.p, word.n, named);
    if (named == NULL) {
        named = MEM_NEW(struct named);
        named->item.word = arena_copy(&m->c->out->arena, word);
        HASH_ADD_KEYPTR(
            hh, m->table, named->item.word.p, named->item.word.n, named);
    }
    named->item.count += n;
}

static void on_set(void *context, int64_t code, struct str word)
{
    struct members *m = context;
    struct str rest = str_sub(word, 1, word.n), part;
    if (code > m->c->code_max[m->facet] || m->c->codes[m->facet][code] == 0)
        return;
    while (str_split(&rest, FACET_JOIN, &part))
        add_member(m, part, m->c->codes[m->facet][code]);
}

static enum err give_members(
    struct browse *b, struct counting *c, enum facet facet, size_t top)
{
    struct members m = {.c = c, .facet = facet};
    struct named *named, *next;
    size_t count = 0;
    enum err err = browse_words(b->query, facet, on_set, &m);
    struct named *all = mem_calloc(HASH_COUNT(m.table) + 1, sizeof *all);
    HASH_ITER(hh, m.table, named, next)
    {
        all[count++].item = named->item;
        HASH_DEL(m.table, named);
        mem_free(named);
    }
    if (c->codes[facet][0] > 0)
        all[count++].item.count = c->codes[facet][0];
    give_top(c->out, facet, all, count, top);
    mem_free(all);
    return err;
}

/* ---- together ---- */

static enum err lay_codes(
    struct browse *b, const struct count_request *request, struct counting *c)
{
    enum err err = OK;
    for (enum facet i = 0; i < FACET_COUNT && err == OK; i++) {
        if (!request->facets[i])
            continue;
        err = browse_code_max(b->query, i, &c->code_max[i]);
        c->codes[i] = mem_calloc((size_t)c->code_max[i] + 1, sizeof(int64_t));
        c->facets[c->facet_count++] = i;
    }
    return err;
}

static enum err walk(
    struct browse *b, const struct count_request *request, struct counting *c)
{
    struct browse_walk w = {.order = QUERY_NEWEST_FIRST,
        .needs_near = c->facet_count > 0,
        .on_row = count_row,
        .context = c};
    memcpy(w.wanted, request->facets, sizeof w.wanted);
    w.wanted[FACET_TYPE] = true;
    if (c->out->bucket_count > 0)
        w.wanted[request->by] = true;
    return browse_walk(b, &w);
}

enum err count_run(struct browse *b, const struct count_request *request,
    int64_t now_ms, struct count *out)
{
    struct counting c = {.out = out, .by = request->by};
    *out = (struct count){0};
    db_set_deadline(b->query->db, BROWSE_DEADLINE_MS);
    enum err err = lay_buckets(b, request, now_ms, out);
    if (err == OK)
        err = lay_by(b, request, out);
    if (err == OK)
        err = lay_codes(b, request, &c);
    if (err == OK)
        err = walk(b, request, &c);
    for (size_t i = 0; i < c.facet_count && err == OK; i++)
        err = facet_is_set(c.facets[i])
                  ? give_members(b, &c, c.facets[i], request->top)
                  : give_words(b, &c, c.facets[i], request->top);
    for (size_t i = 0; i < FACET_COUNT; i++)
        mem_free(c.codes[i]);
    if (err != OK)
        count_free(out);
    return err;
}

void count_free(struct count *count)
{
    arena_free(&count->arena);
    *count = (struct count){0};
}

/* ---- services ---- */

struct triple {
    int64_t codes[3]; /* service, instance, activity */
};

struct service {
    struct triple key;
    struct str words[3];
    int64_t events, dlp_events, last_ms;
    UT_hash_handle hh;
};

struct services {
    struct arena arena;
    struct service *table, *latest;
    bool is_full;
};

static struct service *service_of(
    struct services *all, const struct triple *key)
{
    struct service *service = all->latest;
    if (service != NULL && memcmp(&service->key, key, sizeof *key) == 0)
        return service;
    HASH_FIND(hh, all->table, key, sizeof *key, service);
    if (service == NULL && HASH_COUNT(all->table) == COUNT_SERVICES_MAX) {
        all->is_full = true;
        return NULL;
    }
    if (service == NULL) {
        service = ARENA_NEW(&all->arena, struct service);
        service->key = *key;
        HASH_ADD(hh, all->table, key, sizeof service->key, service);
    }
    all->latest = service;
    return service;
}

static bool count_service(void *context, const struct browse_row *row)
{
    const struct triple key = {{row->codes[FACET_SERVICE],
        row->codes[FACET_INSTANCE], row->codes[FACET_ACTIVITY]}};
    struct service *service = service_of(context, &key);
    if (service == NULL)
        return false;
    service->events++;
    service->dlp_events += row->codes[FACET_TYPE] != 0;
    if (row->time_ms > service->last_ms)
        service->last_ms = row->time_ms;
    return true;
}

static enum err name_services(struct query *q, struct services *all)
{
    static const enum facet facets[] = {
        FACET_SERVICE, FACET_INSTANCE, FACET_ACTIVITY};
    struct db_statement *s = db_statement_new(
        q->db, "SELECT word FROM facet_word WHERE facet = ?1 AND code = ?2");
    enum err err = s != NULL ? OK : ERR_STATE;
    for (struct service *i = all->table; i != NULL && err == OK;
         i = i->hh.next) {
        for (size_t k = 0; k < ARRAY_LEN(facets) && err == OK; k++) {
            db_bind_int(s, 1, facets[k]);
            db_bind_int(s, 2, i->key.codes[k]);
            err = db_step(s);
            if (err == OK)
                i->words[k] = arena_copy(&all->arena, db_text(s, 0));
            err = err == ERR_EOF ? OK : err;
            db_finish(s);
        }
    }
    db_statement_free(&s);
    return err;
}

static int compare_services(const struct service *a, const struct service *b)
{
    for (size_t i = 0; i < ARRAY_LEN(a->words); i++) {
        int order = str_compare(a->words[i], b->words[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

enum err count_services(
    struct browse *b, count_service_fn *on_row, void *context)
{
    struct services all = {0};
    struct browse_walk w = {
        .order = QUERY_NEWEST_FIRST, .on_row = count_service, .context = &all};
    w.wanted[FACET_SERVICE] = w.wanted[FACET_INSTANCE] =
        w.wanted[FACET_ACTIVITY] = w.wanted[FACET_TYPE] = true;
    db_set_deadline(b->query->db, BROWSE_DEADLINE_MS);
    enum err err = browse_walk(b, &w);
    if (err == OK && all.is_full)
        err = ERR_LIMIT;
    if (err == OK)
        err = name_services(b->query, &all);
    if (err == OK)
        HASH_SORT(all.table, compare_services);
    for (const struct service *i = all.table; i != NULL && err == OK;
         i = i->hh.next)
        on_row(context, &(struct count_service){i->words[0], i->words[1],
                            i->words[2], i->events, i->dlp_events, i->last_ms});
    HASH_CLEAR(hh, all.table);
    arena_free(&all.arena);
    return err;
}
