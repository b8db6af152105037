/*
 * Who did how much (store/browse.h): one walk over the facets, a row of
 * numbers for each user that comes up, then sorted; names are looked up for
 * the page alone, unless names are what is sorted by.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/browse_parts.h"

/* What an activity is here, by its code. */
enum kind { KIND_OTHER, KIND_PROMPT, KIND_UPLOAD, KIND_ANSWER, KIND_DOWNLOAD };

/* Points by its severity. */
struct codes {
    uint8_t *kinds;
    int64_t kind_count, blocked;
    int64_t severities[3]; /* low, medium, high */
};

struct user {
    int64_t code;
    struct count_user numbers;
};

struct users_walk {
    struct arena arena;
    struct codes codes;
    uint32_t *index; /* by code: of users, from 1; 0: none yet */
    int64_t code_count;
    struct user *users;
    size_t count, cap;
};

enum count_users_sort count_users_sort_of(struct str word)
{
    static const char *const words[USERS_SORTS] = {
        [USERS_BY_RISK] = "risk",
        [USERS_BY_EVENTS] = "events",
        [USERS_BY_PROMPTS] = "prompts",
        [USERS_BY_FILES] = "files",
        [USERS_BY_BYTES] = "bytes",
        [USERS_BY_DLP] = "dlp_events",
        [USERS_BY_BLOCKED] = "blocked",
        [USERS_BY_LAST] = "last",
        [USERS_BY_NAME] = "user",
    };
    unsigned i = 0;
    while (i < USERS_SORTS && !str_is(word, words[i]))
        i++;
    return (enum count_users_sort)i;
}

/* ---- codes ---- */

static enum kind kind_of(struct str activity)
{
    if (str_starts(activity, "prompt.drafted"))
        return KIND_OTHER;
    if (str_starts(activity, "prompt"))
        return KIND_PROMPT;
    if (str_is(activity, "file.uploaded"))
        return KIND_UPLOAD;
    if (str_ends(activity, ".downloaded"))
        return KIND_DOWNLOAD;
    return str_starts(activity, "response") ? KIND_ANSWER : KIND_OTHER;
}

static void on_activity(void *context, int64_t code, struct str word)
{
    struct codes *c = context;
    if (code >= 0 && code < c->kind_count)
        c->kinds[code] = (uint8_t)kind_of(word);
}

static void on_verdict(void *context, int64_t code, struct str word)
{
    struct codes *c = context;
    if (str_is(word, "block"))
        c->blocked = code;
}

static void on_severity(void *context, int64_t code, struct str word)
{
    static const char *const words[] = {"low", "medium", "high"};
    struct codes *c = context;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_is(word, words[i]))
            c->severities[i] = code;
}

static enum err read_codes(struct browse *b, struct codes *c)
{
    enum err err = browse_code_max(b->query, FACET_ACTIVITY, &c->kind_count);
    c->kind_count++;
    c->kinds = mem_zalloc((size_t)c->kind_count);
    c->blocked = -1;
    memset(c->severities, -1, sizeof c->severities);
    if (err == OK)
        err = browse_words(b->query, FACET_ACTIVITY, on_activity, c);
    if (err == OK)
        err = browse_words(b->query, FACET_VERDICT, on_verdict, c);
    if (err == OK)
        err = browse_words(b->query, FACET_SEVERITY, on_severity, c);
    return err;
}

/* ---- the walk ---- */

/* NULL: a user whose name came since the walk began. */
static struct count_user *user_of(struct users_walk *w, int64_t code)
{
    if (code < 0 || code >= w->code_count)
        return NULL;
    if (w->index[code] == 0) {
        if (w->count == w->cap) {
            w->cap = w->cap == 0 ? 256 : w->cap * 2;
            w->users = mem_realloc(w->users, w->cap * sizeof *w->users);
        }
        w->users[w->count++] = (struct user){.code = code};
        w->index[code] = (uint32_t)w->count;
    }
    return &w->users[w->index[code] - 1].numbers;
}

static void add_volume(
    struct count_user *u, enum kind kind, const struct browse_row *row)
{
    bool is_up = kind == KIND_PROMPT || kind == KIND_UPLOAD;
    int64_t *files = is_up ? &u->files_up : &u->files_down;
    int64_t *bytes = is_up ? &u->bytes_up : &u->bytes_down;
    if (kind == KIND_OTHER)
        return;
    u->prompts += kind == KIND_PROMPT;
    *files += row->files;
    *bytes = *bytes > INT64_MAX - row->bytes ? INT64_MAX : *bytes + row->bytes;
}

static void add_risk(
    struct count_user *u, const struct codes *c, const struct browse_row *row)
{
    static const int points[] = {
        COUNT_POINTS_LOW, COUNT_POINTS_MEDIUM, COUNT_POINTS_HIGH};
    bool is_blocked = row->codes[FACET_VERDICT] == c->blocked;
    u->blocked += is_blocked;
    if (row->codes[FACET_TYPE] == 0)
        return;
    u->dlp_events++;
    for (size_t i = 0; i < ARRAY_LEN(points); i++)
        if (row->codes[FACET_SEVERITY] == c->severities[i])
            u->points += points[i] * (is_blocked ? 2 : 1);
}

static bool count_row(void *context, const struct browse_row *row)
{
    struct users_walk *w = context;
    int64_t activity = row->codes[FACET_ACTIVITY];
    struct count_user *u = user_of(w, row->codes[FACET_USER]);
    if (u == NULL)
        return true;
    u->events++;
    if (row->time_ms > u->last_ms)
        u->last_ms = row->time_ms;
    if (activity >= 0 && activity < w->codes.kind_count)
        add_volume(u, (enum kind)w->codes.kinds[activity], row);
    add_risk(u, &w->codes, row);
    return true;
}

static enum err walk(struct browse *b, struct users_walk *w)
{
    struct browse_walk asked = {.order = QUERY_NEWEST_FIRST,
        .wants_volume = true,
        .on_row = count_row,
        .context = w};
    asked.wanted[FACET_USER] = asked.wanted[FACET_ACTIVITY] =
        asked.wanted[FACET_VERDICT] = asked.wanted[FACET_SEVERITY] =
            asked.wanted[FACET_TYPE] = true;
    enum err err = browse_code_max(b->query, FACET_USER, &w->code_count);
    w->code_count++;
    w->index = mem_calloc((size_t)w->code_count, sizeof *w->index);
    if (err == OK)
        err = read_codes(b, &w->codes);
    return err == OK ? browse_walk(b, &asked) : err;
}

/* ---- names and order ---- */

static enum err name_some(
    struct browse *b, struct users_walk *w, size_t from, size_t to)
{
    struct db_statement *s = db_statement_new(b->query->db,
        "SELECT word FROM facet_word WHERE facet = ?1 AND code = ?2");
    enum err err = s != NULL ? OK : ERR_STATE;
    for (size_t i = from; i < to && err == OK; i++) {
        db_bind_int(s, 1, FACET_USER);
        db_bind_int(s, 2, w->users[i].code);
        err = db_step(s);
        if (err == OK)
            w->users[i].numbers.user = arena_copy(&w->arena, db_text(s, 0));
        err = err == ERR_EOF ? OK : err;
        db_finish(s);
    }
    db_statement_free(&s);
    return err;
}

static int64_t key_of(const struct count_user *u, enum count_users_sort sort)
{
    switch (sort) {
    case USERS_BY_EVENTS:
        return u->events;
    case USERS_BY_PROMPTS:
        return u->prompts;
    case USERS_BY_FILES:
        return u->files_up + u->files_down;
    case USERS_BY_BYTES: /* both may be as large as they get */
        return u->bytes_up / 2 + u->bytes_down / 2;
    case USERS_BY_DLP:
        return u->dlp_events;
    case USERS_BY_BLOCKED:
        return u->blocked;
    case USERS_BY_LAST:
        return u->last_ms;
    case USERS_BY_RISK:
    case USERS_BY_NAME:
    case USERS_SORTS:
        break;
    }
    return u->points;
}

static int compare(const void *a, const void *b, void *arg)
{
    const struct user *x = a, *y = b;
    const struct count_users *request = arg;
    int sign = request->is_reversed ? -1 : 1;
    if (request->sort == USERS_BY_NAME)
        return sign * str_compare(x->numbers.user, y->numbers.user);
    int64_t p = key_of(&x->numbers, request->sort);
    int64_t q = key_of(&y->numbers, request->sort);
    if (p != q)
        return p > q ? -sign : sign;
    return x->code < y->code ? -1 : x->code > y->code;
}

static enum err give(struct browse *b, struct users_walk *w,
    const struct count_users *request, count_user_fn *on_row, void *context)
{
    bool is_by_name = request->sort == USERS_BY_NAME;
    size_t from = request->skip < w->count ? request->skip : w->count;
    size_t to =
        w->count - from > request->limit ? from + request->limit : w->count;
    enum err err = is_by_name ? name_some(b, w, 0, w->count) : OK;
    if (w->count > 1)
        qsort_r(w->users, w->count, sizeof *w->users, compare,
            (void *)(uintptr_t)request);
    if (err == OK && !is_by_name)
        err = name_some(b, w, from, to);
    for (size_t i = from; i < to && err == OK; i++) {
        struct count_user *u = &w->users[i].numbers;
        u->risk = (int)(100 * u->points / (u->points + COUNT_RISK_HALF));
        on_row(context, u);
    }
    return err;
}

enum err count_users(struct browse *b, const struct count_users *request,
    count_user_fn *on_row, void *context, size_t *total_out)
{
    struct users_walk w = {0};
    db_set_deadline(b->query->db, BROWSE_DEADLINE_MS);
    enum err err = walk(b, &w);
    *total_out = w.count;
    if (err == OK)
        err = give(b, &w, request, on_row, context);
    mem_free(w.codes.kinds);
    mem_free(w.index);
    mem_free(w.users);
    arena_free(&w.arena);
    return err;
}
