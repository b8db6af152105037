/*
 * One walk over the expression does three things (inspect/import_regex.h): it
 * copies it without what (?x) ignores, it counts how wide things are, and it
 * looks for the longest literal that every match has.
 *
 *   run       literal characters in a row
 *   best      of a sequence: the run, or what a group in it always has; of
 *             alternatives: the best of each, together
 *
 * Only what is surely understood is taken; for everything else `trouble` says
 * what it was.
 */
#include "inspect/import_regex.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum {
    DEPTH_MAX = 40,
    RUN_MAX = 64,
    EXTEND_BELOW = 6, /* a shorter run takes a few bytes of what follows */
    EXTEND_BYTES = 4,
    SCORE_LITERAL = 4,
    SCORE_LEAST = 12,
};

struct literals {
    struct str items[IMPORT_ANCHORS_MAX];
    size_t count, score; /* count 0: none */
    size_t before, after;
    bool is_first;
};

struct shape {  /* of a sequence or group */
    size_t max; /* bytes */
    struct literals best;
};

struct flags {
    bool nocase, is_extended;
};

struct walk {
    struct import_regex *out;
    struct str source;
    size_t at;
    struct buf text;
    struct flags flags;
    unsigned depth, value_group, token_group;
    bool has_dot;
};

static size_t plus(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static size_t times(size_t a, size_t b)
{
    if (a == 0 || b == 0)
        return 0;
    return a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

static void fail(struct walk *w, const char *why)
{
    if (w->out->trouble == NULL)
        w->out->trouble = why;
    w->at = w->source.n;
}

static int look(const struct walk *w, size_t ahead)
{
    size_t at = w->at + ahead;
    return at < w->source.n ? (unsigned char)w->source.p[at] : -1;
}

static bool follows(const struct walk *w, const char *token)
{
    return str_starts(str_sub(w->source, w->at, w->source.n), token);
}

/* Copies n bytes and goes behind them. */
static void copy(struct walk *w, size_t n)
{
    buf_append_str(&w->text, str_sub(w->source, w->at, w->at + n));
    w->at += n;
    if (w->at > w->source.n)
        w->at = w->source.n;
}

/* (?# … ), and where (?x) is on blanks and comments. */
static void skip_ignored(struct walk *w)
{
    while (w->at < w->source.n) {
        struct str rest = str_sub(w->source, w->at, w->source.n);
        if (str_starts(rest, "(?#"))
            w->at += str_find_char(rest, ')') + 1;
        else if (w->flags.is_extended && isspace(look(w, 0)))
            w->at++;
        else if (w->flags.is_extended && look(w, 0) == '#')
            w->at += str_find_char(rest, '\n');
        else
            return;
    }
    w->at = w->source.n;
}

/* ---- literals ----------------------------------------------------------- */

/* Of one sequence. */
struct sequence {
    struct shape shape;
    size_t since_best; /* bytes at most behind the best one */
    char run[RUN_MAX];
    size_t run_n, run_end; /* run_end: bytes at most up to its end */
    bool run_nocase, run_is_first;
};

static void consider(struct sequence *s, const struct literals *l, size_t since)
{
    if (l->count == 0 || l->score <= s->shape.best.score)
        return;
    s->shape.best = *l;
    s->since_best = since;
}

static void quote(struct buf *out, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (isalnum(c) || c == '_')
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "\\x%02x", c);
    }
}

/* class: what follows the run, at least `least` times; empty: nothing. */
static void end_run(
    struct walk *w, struct sequence *s, struct str class, size_t least)
{
    struct literals one = {0};
    struct buf text = {0};
    size_t more = s->run_n < EXTEND_BELOW ? least : 0;
    if (more > EXTEND_BYTES)
        more = EXTEND_BYTES;
    if (s->run_n == 0)
        return;
    buf_append_str(&text, s->run_nocase ? STR("(?i:") : STR(""));
    quote(&text, s->run, s->run_n);
    if (class.n != 0 && more > 0)
        buf_printf(&text, "%.*s{%zu}", STR_ARG(class), more);
    else
        more = 0;
    if (s->run_nocase)
        buf_append_char(&text, ')');
    one.items[0] = arena_copy(&w->out->arena, buf_str(&text));
    one.count = 1;
    one.score = s->run_n * SCORE_LITERAL + more;
    one.before = plus(s->run_end, more);
    one.is_first = s->run_is_first;
    /* With what it took of the class: a little too much. */
    consider(s, &one, 0);
    s->run_n = 0;
    buf_free(&text);
}

static void add_width(struct sequence *s, size_t n)
{
    s->shape.max = plus(s->shape.max, n);
    s->since_best = plus(s->since_best, n);
}

static void add_literal(struct walk *w, struct sequence *s, char c)
{
    if (s->run_n == RUN_MAX ||
        (s->run_n > 0 && s->run_nocase != w->flags.nocase))
        end_run(w, s, STR_NONE, 0);
    if (s->run_n == 0)
        s->run_is_first = s->shape.max == 0;
    s->run[s->run_n++] = c;
    s->run_nocase = w->flags.nocase;
    add_width(s, 1);
    s->run_end = s->shape.max;
}

/* ---- atoms -------------------------------------------------------------- */

enum atom_kind { ATOM_LITERAL, ATOM_CLASS, ATOM_GROUP, ATOM_NOTHING };

struct atom {
    enum atom_kind kind;
    char c;
    struct str class; /* as it is written */
    struct shape shape;
};

static void read_alternatives(struct walk *w, struct shape *out);

/* At '['. */
static void read_class(struct walk *w, struct atom *atom)
{
    size_t start = w->text.n;
    copy(w, look(w, 1) == '^' ? 2 : 1);
    if (look(w, 0) == ']')
        copy(w, 1);
    while (look(w, 0) >= 0 && look(w, 0) != ']') {
        if (look(w, 0) >= 0x80)
            fail(w, "a class with characters outside ASCII");
        else if (follows(w, "&&") || follows(w, "--") || follows(w, "~~"))
            fail(w, "a class made of other classes");
        else if (look(w, 0) == '\\')
            copy(w, 2);
        else if (follows(w, "[:"))
            copy(
                w, str_find(str_sub(w->source, w->at, w->source.n), STR(":]")) +
                       2);
        else
            copy(w, 1);
    }
    if (look(w, 0) != ']')
        fail(w, "a class without its end");
    copy(w, 1);
    atom->kind = ATOM_CLASS;
    atom->class = arena_copy(
        &w->out->arena, str_sub(buf_str(&w->text), start, w->text.n));
}

/* \x41, \x{41}; behind the x. */
static void read_hex(struct walk *w, struct atom *atom)
{
    bool has_braces = look(w, 0) == '{';
    unsigned value = 0, digits = 0;
    if (has_braces)
        copy(w, 1);
    while (look(w, 0) >= 0 && str_hex_value((char)look(w, 0)) >= 0 &&
           digits < (has_braces ? 6 : 2)) {
        value = value * 16 + (unsigned)str_hex_value((char)look(w, 0));
        digits++;
        copy(w, 1);
    }
    if (has_braces && look(w, 0) == '}')
        copy(w, 1);
    if (digits == 0 || value >= 0x80)
        fail(w, "a character outside ASCII by its number");
    atom->kind = ATOM_LITERAL;
    atom->c = (char)value;
}

static void read_class_escape(struct walk *w, struct atom *atom, size_t n)
{
    atom->kind = ATOM_CLASS;
    atom->class = str_sub(w->source, w->at, w->at + n);
    copy(w, n);
}

/* At a backslash. */
static void read_escape(struct walk *w, struct atom *atom)
{
    static const char controls[] = "nrtfa", values[] = "\n\r\t\f\a";
    int c = look(w, 1);
    const char *control = c > 0 ? strchr(controls, c) : NULL;
    if (c == 'x') {
        copy(w, 2);
        read_hex(w, atom);
    } else if (control != NULL) {
        atom->kind = ATOM_LITERAL;
        atom->c = values[control - controls];
        copy(w, 2);
    } else if (c > 0 && strchr("dDwWsShHvV", c) != NULL) {
        read_class_escape(w, atom, 2);
    } else if (c == 'p' || c == 'P') {
        size_t end = str_find_char(str_sub(w->source, w->at, w->source.n), '}');
        read_class_escape(w, atom, look(w, 2) == '{' ? end + 1 : 3);
        atom->class = STR_NONE; /* not for Hyperscan */
    } else if (c > 0 && strchr("bBAzZ", c) != NULL) {
        atom->kind = ATOM_NOTHING;
        copy(w, 2);
    } else if (c >= 0 && c < 0x80 && !isalnum(c)) {
        atom->kind = ATOM_LITERAL;
        atom->c = (char)c;
        copy(w, 2);
    } else {
        fail(w, c >= '0' && c <= '9' ? "a reference to what a group matched"
                                     : "an escape that is not known here");
    }
}

/* Behind "(?": i, m, s, U, x and - before ) or :. */
static bool read_flags(struct walk *w, struct flags *flags)
{
    struct buf kept = {0};
    bool is_off = false, has_off = false;
    size_t at = w->at;
    for (; at < w->source.n; at++) {
        char c = w->source.p[at];
        if (c == '-')
            is_off = true;
        else if (c == 'i')
            flags->nocase = !is_off;
        else if (c == 'x')
            flags->is_extended = !is_off;
        else if (strchr("msU", c) == NULL)
            break;
        if (c == '-' || c == 'x')
            continue;
        if (is_off && !has_off)
            buf_append_char(&kept, '-');
        has_off = is_off;
        buf_append_char(&kept, c);
    }
    w->at = at;
    bool is_good = look(w, 0) == ')' || look(w, 0) == ':';
    if (is_good && (kept.n > 0 || look(w, 0) == ':')) {
        buf_append_str(&w->text, STR("(?"));
        buf_append_str(&w->text, buf_str(&kept));
        copy(w, 1);
    } else if (is_good) {
        w->at++; /* (?x): nothing is left of it */
    }
    buf_free(&kept);
    return is_good;
}

static bool is_group_named_token(const struct walk *w)
{
    return follows(w, "(?P<TOKEN>") || follows(w, "(?<TOKEN>");
}

/* The value is to be the first group that is left. */
static void open_capture(struct walk *w)
{
    unsigned number = ++w->out->groups;
    size_t name =
        look(w, 1) == '?'
            ? str_find_char(str_sub(w->source, w->at, w->source.n), '>')
            : 0;
    if (is_group_named_token(w))
        w->token_group = number;
    w->at += name + 1;
    bool is_value = w->value_group == 0 || w->value_group == number;
    buf_append_str(&w->text, is_value ? STR("(") : STR("(?:"));
}

/* Behind what opens it, to behind its end. */
static void read_group_rest(struct walk *w, struct atom *atom)
{
    if (++w->depth > DEPTH_MAX)
        fail(w, "groups too deep in each other");
    read_alternatives(w, &atom->shape);
    w->depth--;
    if (look(w, 0) != ')')
        fail(w, "a group without its end");
    copy(w, 1);
    atom->kind = ATOM_GROUP;
}

static void read_look_around(struct walk *w, struct atom *atom)
{
    copy(w, look(w, 2) == '<' ? 4 : 3);
    read_group_rest(w, atom);
    atom->kind = ATOM_NOTHING;
}

/* At '('. */
static void read_group(struct walk *w, struct atom *atom)
{
    struct flags before = w->flags;
    bool is_capture =
        look(w, 1) != '?' || follows(w, "(?P<") ||
        (follows(w, "(?<") && look(w, 3) != '=' && look(w, 3) != '!');
    bool looks_around = follows(w, "(?=") || follows(w, "(?!") ||
                        follows(w, "(?<=") || follows(w, "(?<!");
    if (is_capture) {
        open_capture(w);
    } else if (looks_around) {
        read_look_around(w, atom);
        w->flags = before;
        return;
    } else if (follows(w, "(?>")) {
        copy(w, 3);
    } else {
        w->at += 2;
        if (!read_flags(w, &w->flags)) {
            fail(w, "a kind of group that is not known here");
            return;
        }
        if (w->source.p[w->at - 1] == ')') { /* for the rest of the group */
            atom->kind = ATOM_NOTHING;
            return;
        }
    }
    read_group_rest(w, atom);
    w->flags = before;
}

static void read_atom(struct walk *w, struct atom *atom)
{
    int c = look(w, 0);
    *atom = (struct atom){.kind = ATOM_LITERAL, .c = (char)c};
    if (c == '[') {
        read_class(w, atom);
    } else if (c == '\\') {
        read_escape(w, atom);
    } else if (c == '(') {
        read_group(w, atom);
    } else if (c == '.') {
        w->has_dot = true;
        atom->kind = ATOM_CLASS;
        copy(w, 1);
    } else if (c == '^' || c == '$') {
        atom->kind = ATOM_NOTHING;
        copy(w, 1);
    } else if (c == '*' || c == '+' || c == '?') {
        fail(w, "a repeat of nothing");
    } else {
        if (c == '#' || isspace(c)) /* no comment: x is off */
            atom->c = (char)c;
        copy(w, 1);
    }
}

/* ---- repeats ------------------------------------------------------------ */

/* {n}, {n,}, {n,m}: its length, or 0. */
static size_t read_counts(const struct walk *w, size_t *low, size_t *high)
{
    size_t numbers[2] = {0, SIZE_MAX}, at = 1;
    bool has_comma = false;
    for (size_t digits = 0;; at++) {
        int c = look(w, at);
        if (isdigit(c) && digits < 5) {
            size_t *n = &numbers[has_comma];
            *n = (digits == 0 ? 0 : *n * 10) + (size_t)(c - '0');
            digits++;
        } else if (c == ',' && !has_comma && digits > 0) {
            has_comma = true;
            digits = 0;
        } else if (c == '}' && (digits > 0 || has_comma)) {
            break;
        } else {
            return 0;
        }
    }
    *low = numbers[0];
    *high = has_comma ? numbers[1] : numbers[0];
    return at + 1;
}

static void read_repeat(struct walk *w, size_t *low, size_t *high)
{
    *low = *high = 1;
    size_t n = 1;
    int c = look(w, 0);
    if (c == '*' || c == '+') {
        *low = c == '+';
        *high = SIZE_MAX;
    } else if (c == '?') {
        *low = 0;
    } else if (c != '{' || (n = read_counts(w, low, high)) == 0) {
        return;
    }
    copy(w, n);
    if (look(w, 0) == '?' || look(w, 0) == '+')
        copy(w, 1);
}

static void take_literal(struct walk *w, struct sequence *s,
    const struct atom *atom, size_t low, size_t high)
{
    size_t sure = low < RUN_MAX ? low : RUN_MAX;
    if (low == 0)
        end_run(w, s, STR_NONE, 0);
    for (size_t i = 0; i < sure; i++)
        add_literal(w, s, atom->c);
    if (high == sure)
        return;
    end_run(w, s, STR_NONE, 0);
    add_width(s, high == SIZE_MAX ? SIZE_MAX : high - sure);
}

static void take_group(struct walk *w, struct sequence *s,
    const struct atom *atom, size_t low, size_t high)
{
    size_t before = s->shape.max;
    end_run(w, s, STR_NONE, 0);
    add_width(s, times(atom->shape.max, high));
    if (low == 0 || atom->shape.best.count == 0)
        return;
    struct literals best = atom->shape.best;
    best.is_first = best.is_first && before == 0;
    best.before = plus(before, best.before);
    consider(s, &best,
        plus(best.after,
            times(atom->shape.max, high == SIZE_MAX ? high : high - 1)));
}

static void take(struct walk *w, struct sequence *s, const struct atom *atom,
    size_t low, size_t high)
{
    switch (atom->kind) {
    case ATOM_LITERAL:
        take_literal(w, s, atom, low, high);
        break;
    case ATOM_CLASS:
        end_run(w, s, atom->class, low);
        add_width(s, high);
        break;
    case ATOM_GROUP:
        take_group(w, s, atom, low, high);
        break;
    case ATOM_NOTHING:
        break;
    }
}

/* ---- sequences ---------------------------------------------------------- */

static bool is_at_end(const struct walk *w)
{
    return w->at >= w->source.n || look(w, 0) == '|' || look(w, 0) == ')';
}

static void read_sequence(struct walk *w, struct shape *out)
{
    struct sequence s = {0};
    struct atom atom;
    size_t low, high;
    for (skip_ignored(w); !is_at_end(w); skip_ignored(w)) {
        read_atom(w, &atom);
        skip_ignored(w);
        read_repeat(w, &low, &high);
        take(w, &s, &atom, low, high);
    }
    end_run(w, &s, STR_NONE, 0);
    s.shape.best.after = s.since_best;
    *out = s.shape;
}

/* What is in every one of them: one of the literals of each. */
static void join(struct shape *all, const struct shape *one, bool is_first)
{
    struct literals *to = &all->best;
    const struct literals *from = &one->best;
    all->max = one->max > all->max ? one->max : all->max;
    if (is_first) {
        *to = *from;
        return;
    }
    if (to->count == 0 || from->count == 0 ||
        to->count + from->count > IMPORT_ANCHORS_MAX) {
        *to = (struct literals){0};
        return;
    }
    for (size_t i = 0; i < from->count; i++)
        to->items[to->count++] = from->items[i];
    to->score = from->score < to->score ? from->score : to->score;
    to->before = from->before > to->before ? from->before : to->before;
    to->after = from->after > to->after ? from->after : to->after;
    to->is_first = to->is_first && from->is_first;
}

static void read_alternatives(struct walk *w, struct shape *out)
{
    struct shape one;
    bool is_first = true;
    *out = (struct shape){0};
    for (;; is_first = false) {
        read_sequence(w, &one);
        join(out, &one, is_first);
        if (look(w, 0) != '|')
            return;
        copy(w, 1);
    }
}

static void read_once(
    struct str source, unsigned value_group, struct import_regex *out)
{
    struct walk w = {.out = out, .source = source, .value_group = value_group};
    struct shape shape;
    struct buf match = {0};
    *out = (struct import_regex){0};
    read_alternatives(&w, &shape);
    if (w.at < source.n)
        fail(&w, "a ) without its (");
    /* Ours is the other way round: a full stop matches ends of lines. */
    if (w.has_dot)
        buf_append_str(&match, STR("(?-s)"));
    buf_append_str(&match, buf_str(&w.text));
    out->match = arena_copy(&out->arena, buf_str(&match));
    if (shape.best.score >= SCORE_LEAST) {
        memcpy(out->anchors, shape.best.items, sizeof out->anchors);
        out->anchor_count = shape.best.count;
        out->is_first = shape.best.is_first;
        out->before = shape.best.before;
        out->after = shape.best.after;
    }
    if (value_group == 0 && w.token_group > 1 && out->trouble == NULL) {
        unsigned group = w.token_group;
        import_regex_free(out);
        read_once(source, group, out);
    } else if (value_group > out->groups && out->trouble == NULL) {
        out->trouble = "the group that is to be the value is not there";
    }
    buf_free(&w.text);
    buf_free(&match);
}

void import_regex_read(
    struct str source, unsigned value_group, struct import_regex *out)
{
    read_once(source, value_group, out);
}

void import_regex_free(struct import_regex *regex)
{
    arena_free(&regex->arena);
    *regex = (struct import_regex){0};
}
