/*
 * Cheap to undo, but true of every token: so only tokens that look made by a
 * machine are turned, and scan_judge.c takes only what is sure by its form.
 */
#include "inspect/turn.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
    BIDI_MAX = 4096,
    NUMBER_MIN = 8,
    NUMBER_MAX = 40,
    TOKEN_MIN = 16,
    TOKEN_MAX = 4096,
};

/* ---- overrides of direction ---- */

/* Where what an override turns ends; *next_out: behind its own end. */
static size_t override_end(struct str text, size_t at, size_t *next_out)
{
    size_t most = text.n - at > BIDI_MAX ? at + BIDI_MAX : text.n;
    for (; at < most && text.p[at] != '\n'; at++) {
        if (str_starts(str_sub(text, at, text.n), "\xe2\x80\xac") ||
            str_starts(str_sub(text, at, text.n), "\xe2\x81\xa9")) {
            *next_out = at + 3;
            return at;
        }
    }
    *next_out = at;
    return at;
}

void turn_append_backwards(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t at = s.n - 1;
        while (
            at > 0 && s.n - at < 4 && ((unsigned char)s.p[at] & 0xc0) == 0x80)
            at--;
        buf_append(out, s.p + at, s.n - at);
        s.n = at;
    }
}

size_t turn_find_bidi(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf turned = {0};
    size_t at = from;
    while (at < to) {
        const char *hit = memchr(text.p + at, 0xe2, to - at);
        if (hit == NULL)
            break;
        size_t start = (size_t)(hit - text.p), next;
        at = start + 1;
        if (!str_starts(str_sub(text, start, text.n), "\xe2\x80\xae"))
            continue;
        size_t end = override_end(text, start + 3, &next);
        buf_clear(&turned);
        turn_append_backwards(&turned, str_sub(text, start + 3, end));
        view_edits_add(out, start, next, buf_str(&turned));
        at = next;
    }
    buf_free(&turned);
    return at > to ? at : to;
}

/* ---- numbers ---- */

static bool is_word_char(unsigned char c)
{
    return isalnum(c) || c == '_';
}

size_t turn_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from, end;
    while ((at = marks_next_digits(marks, at, to, NUMBER_MIN)) < to) {
        for (end = at + NUMBER_MIN;
             end < text.n && isdigit((unsigned char)text.p[end]); end++)
            ;
        bool is_bare =
            (at == 0 || !is_word_char((unsigned char)text.p[at - 1])) &&
            (end == text.n || !is_word_char((unsigned char)text.p[end]));
        if (is_bare && end - at <= NUMBER_MAX) {
            char turned[NUMBER_MAX];
            for (size_t i = 0; i < end - at; i++)
                turned[i] = text.p[end - 1 - i];
            view_edits_add(out, at, end, str_make(turned, end - at));
        }
        at = end;
    }
    return at;
}

/* ---- tokens ---- */

/* Letters and digits, and not one word after the other. */
static bool looks_made(struct str s)
{
    size_t changes = 0;
    bool has_digit = false, has_letter = false, was_digit = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_digit = c >= '0' && c <= '9';
        has_digit = has_digit || is_digit;
        has_letter = has_letter || isalpha(c);
        changes += i > 0 && is_digit != was_digit ? 1u : 0u;
        was_digit = is_digit;
        if (has_digit && has_letter && changes >= 2)
            return true;
    }
    return false;
}

static inline char rot13(char c)
{
    unsigned place = ((unsigned char)c | 0x20u) - 'a';
    if (place >= 26)
        return c;
    return (char)(place < 13 ? c + 13 : c - 13);
}

static void add_turned(
    struct str text, size_t start, size_t end, struct buf *turned)
{
    size_t n = end - start;
    const char *p = text.p + start;
    buf_clear(turned);
    char *out = buf_reserve(turned, 4 * n + 5);
    for (size_t i = 0; i < n; i++) {
        char letter = rot13(p[i]);
        out[n - i] = p[i];
        out[n + 2 + i] = letter;
        out[3 * n + 2 - i] = letter;
        out[3 * n + 4 + i] =
            isalpha((unsigned char)p[i]) ? (char)(p[i] ^ 0x20) : p[i];
    }
    out[0] = out[n + 1] = out[2 * n + 2] = out[3 * n + 3] = out[4 * n + 4] =
        '\n';
    buf_commit(turned, 4 * n + 5);
}

size_t turn_token_start(const struct marks *marks, size_t at, size_t end)
{
    struct str text = marks->text;
    if (end <= marks->to && marks_next(marks, MARK_ESCAPE, at, end) == end)
        return at; /* there is no "=" */
    for (size_t start = end; start > at; start--)
        if (text.p[start - 1] == '=' && start < end && text.p[start] != '=')
            return start;
    return at;
}

size_t turn_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf turned = {0};
    size_t at = from, start, end;
    while ((at = marks_next_token(marks, MARK_TURN, at, to, TOKEN_MIN)) < to) {
        end = marks_end(marks, MARK_TURN, at + TOKEN_MIN);
        if (end - at > TOKEN_MAX)
            end = at + TOKEN_MAX;
        if (end <= to && marks_next(marks, MARK_DIGIT, at, end) == end) {
            at = end;
            continue;
        }
        start = turn_token_start(marks, at, end);
        bool is_uuid = end - start == UUID_BYTES && marks_is_uuid(text, start);
        if (!is_uuid && end - start >= TOKEN_MIN &&
            looks_made(str_sub(text, start, end))) {
            add_turned(text, start, end, &turned);
            view_edits_add(out, start, end, buf_str(&turned));
        }
        at = end;
    }
    buf_free(&turned);
    return at;
}
