/*
 * Which kinds of characters an expression of a token wants at its first
 * places: "sk-[a-z0-9]{20}" a letter, a letter, none, and twenty that are no
 * capitals.  The scanner compares that with bits before it matches anything.
 * Careful: what is not understood is where the form ends.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/rule.h"

enum { PLACES = 64 };

struct form_reader {
    struct str text;
    size_t at;    /* in the expression */
    size_t place; /* in what it matches */
    bool nocase;
    struct char_form *form;
};

/* Bytes that may stand at one place. */
struct char_set {
    bool has[256];
};

static char peek(const struct form_reader *r, size_t ahead)
{
    return r->at + ahead < r->text.n ? r->text.p[r->at + ahead] : '\0';
}

static void add_range(struct char_set *set, int from, int to)
{
    for (int c = from; c <= to; c++)
        set->has[c] = true;
}

/* Behind a backslash: "d", "w", or punctuation that stands for itself. */
static bool add_escape(struct char_set *set, char c)
{
    bool is_digits = c == 'd', is_word = c == 'w';
    if (!is_digits && !is_word && !ispunct((unsigned char)c))
        return false;
    if (!is_digits && !is_word) {
        set->has[(unsigned char)c] = true;
        return true;
    }
    add_range(set, '0', '9');
    if (is_word) {
        add_range(set, 'a', 'z');
        add_range(set, 'A', 'Z');
        set->has['_'] = true;
    }
    return true;
}

/* "[a-z0-9_-]" */
static bool read_class(struct form_reader *r, struct char_set *set)
{
    if (peek(r, 1) == '^' || peek(r, 1) == ']')
        return false;
    for (r->at++; peek(r, 0) != ']'; r->at++) {
        char c = peek(r, 0);
        if (c == '\0' || (c == '[' && peek(r, 1) == ':'))
            return false;
        if (c == '\\') {
            if (!add_escape(set, peek(r, 1)))
                return false;
            r->at++;
        } else if (peek(r, 1) == '-' && peek(r, 2) != ']' &&
                   peek(r, 2) != '\\') {
            add_range(set, (unsigned char)c, (unsigned char)peek(r, 2));
            r->at += 2;
        } else {
            set->has[(unsigned char)c] = true;
        }
    }
    r->at++;
    return true;
}

/* One character of a match. */
static bool read_set(struct form_reader *r, struct char_set *set)
{
    char c = peek(r, 0);
    *set = (struct char_set){0};
    if (c == '[') {
        if (!read_class(r, set))
            return false;
    } else if (c == '\\') {
        if (!add_escape(set, peek(r, 1)))
            return false;
        r->at += 2;
    } else if (c == '\0' || strchr(".^$*+?(){}|", c) != NULL) {
        return false;
    } else {
        set->has[(unsigned char)c] = true;
        r->at++;
    }
    for (int i = 'a'; i <= 'z' && r->nocase; i++)
        set->has[i] = set->has[i - 32] = set->has[i] || set->has[i - 32];
    return true;
}

/* How often: at least; is_open_out: perhaps more often. */
static bool read_count(struct form_reader *r, size_t *least, bool *is_open_out)
{
    char c = peek(r, 0);
    *least = 1;
    *is_open_out = true;
    if (c == '?' || c == '*') {
        *least = 0;
    } else if (c != '+' && c != '{') {
        *is_open_out = false;
        return true;
    }
    if (c != '{')
        return true;
    size_t n = 0;
    for (r->at++; isdigit((unsigned char)peek(r, 0)); r->at++)
        n = n > PLACES ? n : n * 10 + (size_t)(peek(r, 0) - '0');
    *least = n;
    *is_open_out = peek(r, 0) != '}';
    r->at++;
    /* "{4}+", "{4}?": nothing changes for what is at least there */
    c = peek(r, 0);
    if (c == '+' || c == '?')
        *is_open_out = true;
    return true;
}

static bool any(const struct char_set *set, int from, int to)
{
    for (int c = from; c <= to; c++)
        if (set->has[c])
            return true;
    return false;
}

static void put(struct form_reader *r, const struct char_set *set)
{
    uint64_t bit = UINT64_C(1) << r->place;
    bool upper = any(set, 'A', 'Z'), lower = any(set, 'a', 'z');
    bool digit = any(set, '0', '9');
    bool other = any(set, 0, '0' - 1) || any(set, '9' + 1, 'A' - 1) ||
                 any(set, 'Z' + 1, 'a' - 1) || any(set, 'z' + 1, 255);
    r->form->word |= other ? 0 : bit;
    r->form->other |= upper || lower || digit ? 0 : bit;
    r->form->no_upper |= upper ? 0 : bit;
    r->form->no_lower |= lower ? 0 : bit;
    r->form->no_digit |= digit ? 0 : bit;
    r->place++;
}

/* What is between `at` and the end of the group that begins there, or of the
 * expression. */
struct span {
    size_t end; /* behind the group; 0: there is no group, or it has no end */
    bool has_ways, has_outer_ways; /* "|" anywhere, and outside of groups */
};

static struct span read_span(struct str text, size_t at)
{
    struct span span = {0};
    int depth = 0;
    bool is_class = false;
    for (; at < text.n; at++) {
        char c = text.p[at];
        if (c == '\\') {
            at++;
        } else if (is_class) {
            is_class = c != ']';
        } else if (c == '[') {
            is_class = true;
            at += at + 1 < text.n && text.p[at + 1] == '^' ? 1 : 0;
            at += at + 1 < text.n && text.p[at + 1] == ']' ? 1 : 0;
        } else if (c == '|') {
            span.has_ways = true;
            span.has_outer_ways = span.has_outer_ways || depth == 0;
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            span.end = at + 1;
            return span;
        }
    }
    return span;
}

/* Looks around are passed over; a group whose content is there once is gone
 * into. */
static bool read_group(struct form_reader *r)
{
    struct span span = read_span(r->text, r->at);
    char next = span.end < r->text.n ? r->text.p[span.end] : '\0';
    if (span.end == 0)
        return false;
    if (peek(r, 1) == '?' && peek(r, 2) != ':') {
        bool is_look =
            peek(r, 2) == '=' || peek(r, 2) == '!' ||
            (peek(r, 2) == '<' && (peek(r, 3) == '=' || peek(r, 3) == '!'));
        r->at = span.end;
        return is_look;
    }
    if (span.has_ways || (next != '\0' && strchr("?*+{", next) != NULL))
        return false;
    r->at += peek(r, 1) == '?' ? 3 : 1;
    return true;
}

static bool read_piece(struct form_reader *r)
{
    struct char_set set;
    size_t least;
    bool is_open;
    if (peek(r, 0) == '(')
        return read_group(r);
    if (peek(r, 0) == ')') {
        r->at++;
        return true;
    }
    if (peek(r, 0) == '\\' && peek(r, 1) == 'b') {
        r->at += 2;
        return true;
    }
    if (!read_set(r, &set) || !read_count(r, &least, &is_open))
        return false;
    for (size_t i = 0; i < least && r->place < PLACES; i++)
        put(r, &set);
    return !is_open;
}

void rules_form(struct str expression, bool nocase, struct char_form *form_out)
{
    struct form_reader r = {
        .text = expression, .nocase = nocase, .form = form_out};
    *form_out = (struct char_form){0};
    if (read_span(expression, 0).has_outer_ways)
        return;
    while (r.at < expression.n && r.place < PLACES && read_piece(&r))
        ;
}
