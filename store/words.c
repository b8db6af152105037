/*
 * See store/words.h.  FTS5's own language is not ours: each word and each
 * phrase is quoted, so that nothing in it is an operator, and the operators
 * between them are written here.
 */
#include "store/words.h"

#include <string.h>

enum role { MUST, EITHER, MUST_NOT };

struct word {
    struct str text;
    bool is_bare;   /* without quotes and sign: may be an operator */
    bool is_prefix; /* more may follow what was typed */
    bool is_not;
    bool is_joined; /* to the one before, by OR */
};

struct words {
    struct word items[WORDS_MAX];
    size_t count;
};

static bool is_space(char c)
{
    return c == '\0' || strchr(" \t\r\n", c) != NULL;
}

/* From `i` on, which is no space; moves it behind the word. */
static struct word cut_word(struct str text, size_t *i)
{
    struct word w = {0};
    w.is_not =
        text.p[*i] == '-' && *i + 1 < text.n && !is_space(text.p[*i + 1]);
    size_t from = *i + w.is_not;
    bool is_quoted = text.p[from] == '"';
    from += is_quoted;
    size_t to = from;
    while (to < text.n && text.p[to] != '"' &&
           (is_quoted || !is_space(text.p[to])))
        to++;
    w.text = str_sub(text, from, to);
    w.is_bare = !is_quoted && !w.is_not;
    w.is_prefix = w.is_bare && to == text.n;
    *i = to + (is_quoted && to < text.n);
    return w;
}

static enum err cut_words(struct str text, struct words *all)
{
    for (size_t i = 0; i < text.n;) {
        if (is_space(text.p[i])) {
            i++;
            continue;
        }
        struct word w = cut_word(text, &i);
        if (w.text.n == 0)
            continue;
        if (all->count == WORDS_MAX)
            return ERR_LIMIT;
        all->items[all->count++] = w;
    }
    return OK;
}

/* An operator has something behind it, and but for NOT before it; else it is a
 * word as any other. */
static bool is_operator(
    const struct words *all, size_t i, size_t kept, const char *name)
{
    const struct word *w = &all->items[i];
    return w->is_bare && str_is(w->text, name) && i + 1 < all->count &&
           (kept > 0 || strcmp(name, "NOT") == 0);
}

static enum err take_operators(struct words *all)
{
    size_t kept = 0;
    bool is_or = false, is_not = false;
    for (size_t i = 0; i < all->count; i++) {
        struct word w = all->items[i];
        if (is_operator(all, i, kept, "OR")) {
            is_or = true;
        } else if (is_operator(all, i, kept, "NOT")) {
            is_not = true;
        } else if (!is_operator(all, i, kept, "AND")) {
            w.is_not |= is_not;
            w.is_prefix &= !w.is_not;
            w.is_joined = is_or;
            if (is_or && (w.is_not || all->items[kept - 1].is_not))
                return ERR_PARSE;
            all->items[kept++] = w;
            is_or = is_not = false;
        }
    }
    all->count = kept;
    return OK;
}

static enum role role_of(const struct words *all, size_t i)
{
    if (all->items[i].is_not)
        return MUST_NOT;
    bool is_joined = all->items[i].is_joined ||
                     (i + 1 < all->count && all->items[i + 1].is_joined);
    return is_joined ? EITHER : MUST;
}

static void write_word(const struct word *w, struct buf *out)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < w->text.n; i++) /* FTS5 would end at a NUL */
        buf_append_char(out, w->text.p[i] != '\0' ? w->text.p[i] : ' ');
    buf_append_str(out, w->is_prefix ? STR("\"*") : STR("\""));
}

static void open_group(struct buf *out, const char *before)
{
    buf_printf(out, "%s(", out->n > 0 ? before : "");
}

/* All of one role, in parentheses; false: there are none.  Side by side they
 * may have no token, as "!!": FTS5 leaves those out, behind AND it does not. */
static bool write_role(const struct words *all, enum role role,
    const char *before, const char *between, struct buf *out)
{
    bool is_any = false;
    for (size_t i = 0; i < all->count; i++) {
        if (role_of(all, i) != role)
            continue;
        if (is_any)
            buf_printf(out, "%s", between);
        else
            open_group(out, before);
        write_word(&all->items[i], out);
        is_any = true;
    }
    if (is_any)
        buf_append_char(out, ')');
    return is_any;
}

static bool write_groups(const struct words *all, struct buf *out)
{
    bool is_any = false;
    for (size_t i = 0; i < all->count; i++) {
        if (role_of(all, i) != EITHER)
            continue;
        if (all->items[i].is_joined)
            buf_append_str(out, STR(" OR "));
        else
            open_group(out, " AND ");
        write_word(&all->items[i], out);
        if (i + 1 == all->count || !all->items[i + 1].is_joined)
            buf_append_char(out, ')');
        is_any = true;
    }
    return is_any;
}

enum err words_write_match(
    struct str text, struct buf *match_out, bool *is_rest_out)
{
    struct words all = {.count = 0};
    enum err err = cut_words(text, &all);
    *is_rest_out = false;
    if (err == OK)
        err = take_operators(&all);
    if (err != OK)
        return err;
    bool has_wanted = write_role(&all, MUST, "", " ", match_out);
    has_wanted |= write_groups(&all, match_out);
    bool has_not = write_role(&all, MUST_NOT, " NOT ", " OR ", match_out);
    *is_rest_out = has_not && !has_wanted;
    return OK;
}
