/*
 * Escapes: a chain of them is one island.  What encoders write by themselves
 * (%20, &amp;) is no island, what they never write (%41) is, and so are three
 * in a row.
 */
#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "inspect/html.h"
#include "inspect/island.h"
#include "inspect/norm.h"

enum {
    CHAIN = 3,
    CSS_CHAIN = 6,    /* "\34 " */
    BACKSLASHES = 7,  /* more of them before one, as strings in strings have */
    VALUE_AROUND = 8, /* bytes of one that a lone escape stands before */
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly n hex digits at `at`; false: there are others. */
static bool read_hex(struct str text, size_t at, size_t n, uint32_t *value_out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = at + i < text.n ? hex_value(text.p[at + i]) : -1;
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *value_out = value;
    return true;
}

/* "{41}" */
static size_t read_braces(struct str text, size_t at, uint32_t *value_out)
{
    size_t n = 0;
    while (n < 7 && at + 1 + n < text.n && hex_value(text.p[at + 1 + n]) >= 0)
        n++;
    if (n == 0 || n > 6 || at + 1 + n >= text.n || text.p[at + 1 + n] != '}' ||
        !read_hex(text, at + 1, n, value_out))
        return 0;
    return n + 2;
}

static size_t read_unicode(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    uint32_t c, low;
    size_t n = 6;
    if (at + 2 < text.n && text.p[at + 2] == '{') {
        n = read_braces(text, at + 2, &c);
        if (n == 0)
            return 0;
        n += 2;
    } else if (text.p[at + 1] == 'U') {
        n = 10;
        if (!read_hex(text, at + 2, 8, &c))
            return 0;
    } else if (!read_hex(text, at + 2, 4, &c)) {
        return 0;
    }
    if (n == 6 && c >= 0xd800 && c < 0xdc00 && at + 7 < text.n &&
        text.p[at + 6] == '\\' && text.p[at + 7] == 'u' &&
        read_hex(text, at + 8, 4, &low) && low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        n = 12;
    }
    *out_n = utf8_encode(c, out);
    return n;
}

static size_t read_octal(struct str text, size_t at, char out[4], size_t *out_n)
{
    unsigned value = 0;
    size_t n = 1;
    while (n < 4 && at + n < text.n && text.p[at + n] >= '0' &&
           text.p[at + n] <= '7') {
        value = value * 8 + (unsigned)(text.p[at + n] - '0');
        n++;
    }
    if (n < 3 || value > 255)
        return 0;
    out[0] = (char)value;
    *out_n = 1;
    return n;
}

static size_t read_backslash(
    struct str text, size_t at, char out[4], size_t *out_n);

/* "\\u0034": of a string in a string. */
static size_t read_doubled(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    size_t more = 0;
    while (more < BACKSLASHES && at + more + 1 < text.n &&
           text.p[at + more + 1] == '\\')
        more++;
    if (at + more + 1 >= text.n ||
        strchr("uUxX", text.p[at + more + 1]) == NULL)
        return 0;
    size_t n = read_backslash(text, at + more, out, out_n);
    return n != 0 ? more + n : 0;
}

static size_t read_backslash(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    uint32_t c;
    char kind = at + 1 < text.n ? text.p[at + 1] : 0;
    if (kind == '\\')
        return read_doubled(text, at, out, out_n);
    if (kind == 'u' || kind == 'U')
        return read_unicode(text, at, out, out_n);
    if (kind == 'x' && at + 2 < text.n && text.p[at + 2] == '{') {
        size_t n = read_braces(text, at + 2, &c);
        *out_n = n != 0 ? utf8_encode(c, out) : 0;
        return n != 0 ? n + 2 : 0;
    }
    if (kind != 'x' && kind != 'X')
        return read_octal(text, at, out, out_n);
    if (!read_hex(text, at + 2, 2, &c))
        return 0;
    out[0] = (char)c;
    *out_n = 1;
    return 4;
}

/* "&#52", "&#x34" before something else: browsers do without the semicolon. */
static size_t read_unended(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    unsigned value = 0, base = 10;
    size_t start = at + 2, end;
    int digit;
    if (start < text.n && (text.p[start] | 0x20) == 'x') {
        base = 16;
        start++;
    }
    for (end = start;
         end < text.n && end - start < 4 &&
         (digit = hex_value(text.p[end])) >= 0 && (unsigned)digit < base;
         end++)
        value = value * base + (unsigned)digit;
    if (value < 0x20 || value > 0x7e ||
        (end < text.n && isalnum((unsigned char)text.p[end])))
        return 0;
    out[0] = (char)value;
    *out_n = 1;
    return end - at;
}

/* Blanks and what is not seen between digits: "&nbsp;", "&#8203;". */
static void fold_hidden(char out[4], size_t *out_n)
{
    uint32_t c = 0;
    if (*out_n < 2 || utf8_decode(str_make(out, *out_n), &c) != *out_n)
        return;
    int folded = norm_fold(c);
    if (folded < 0)
        return;
    out[0] = (char)folded;
    *out_n = folded > 0;
}

static size_t read_entity(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    size_t most = text.n - at < HTML_ENTITY_BYTES_MAX ? text.n - at
                                                      : HTML_ENTITY_BYTES_MAX;
    const char *end = memchr(text.p + at, ';', most);
    size_t n = end != NULL ? (size_t)(end - (text.p + at)) + 1 : 0;
    *out_n = n != 0 ? html_decode_entity(text.p + at, n, out) : 0;
    if (*out_n != 0) {
        fold_hidden(out, out_n);
        return n;
    }
    return at + 1 < text.n && text.p[at + 1] == '#'
               ? read_unended(text, at, out, out_n)
               : 0;
}

/* "%41", "%u0041"; "=41", "=" and a line end. */
static size_t read_byte(struct str text, size_t at, char out[4], size_t *out_n)
{
    uint32_t c;
    *out_n = 1;
    if (read_hex(text, at + 1, 2, &c)) {
        out[0] = (char)c;
        return 3;
    }
    if (text.p[at] == '%' && at + 1 < text.n && text.p[at + 1] == 'u' &&
        read_hex(text, at + 2, 4, &c)) {
        *out_n = utf8_encode(c, out);
        return 6;
    }
    if (text.p[at] == '=' && at + 1 < text.n) {
        *out_n = 0;
        if (text.p[at + 1] == '\n')
            return 2;
        if (text.p[at + 1] == '\r' && at + 2 < text.n && text.p[at + 2] == '\n')
            return 3;
    }
    return 0;
}

/* The escape at `at`: its length, or 0. */
static size_t read_escape(
    struct str text, size_t at, char out[4], size_t *out_n)
{
    if (text.p[at] == '\\')
        return read_backslash(text, at, out, out_n);
    if (text.p[at] == '&')
        return read_entity(text, at, out, out_n);
    return read_byte(text, at, out, out_n);
}

/* What was decoded begins another escape with what follows. */
static bool is_doubled(char c, struct str rest)
{
    char next = rest.n > 0 ? rest.p[0] : '\0';
    if (c == '&')
        return next == '#';
    return (c == '%' && isxdigit((unsigned char)next)) ||
           (c == '\\' && next != '\0' && strchr("xuU", next) != NULL);
}

/* A value seems to follow: "%20" stands before it, or "%2B" in it. */
static bool is_before_value(struct str rest)
{
    size_t n = 0;
    while (n < rest.n && n < VALUE_AROUND &&
           (isalnum((unsigned char)rest.p[n]) || rest.p[n] == '-' ||
               rest.p[n] == '_'))
        n++;
    return n == VALUE_AROUND;
}

/* "\34 \31 ": as style sheets have it. */
static size_t read_css(struct str text, size_t at, struct buf *decoded)
{
    size_t count = 0;
    buf_clear(decoded);
    while (at < text.n && text.p[at] == '\\' && decoded->n < ISLAND_MAX) {
        size_t n = 1;
        unsigned value = 0;
        int digit;
        while (n < 7 && at + n < text.n &&
               (digit = hex_value(text.p[at + n])) >= 0) {
            value = value << 4 | (unsigned)digit;
            n++;
        }
        if (value < 0x20 || value > 0x7e)
            break;
        buf_append_char(decoded, (char)value);
        at += n;
        at += str_starts(str_sub(text, at, text.n), " \\");
        count++;
    }
    return count >= CSS_CHAIN ? at : 0;
}

/* Digits on both sides: an entity that is not seen divides them. */
static bool is_between_digits(struct str text, size_t start, size_t end)
{
    return start > 0 && isdigit((unsigned char)text.p[start - 1]) &&
           end < text.n && isdigit((unsigned char)text.p[end]);
}

struct chain {
    size_t end, count;
    bool is_odd; /* what encoders do not write by themselves */
    bool is_text;
};

static struct chain read_chain(struct str text, size_t at, struct buf *decoded)
{
    struct chain chain = {.end = at, .is_text = true};
    char kind = text.p[at], c[4];
    size_t c_n = 0, n;
    buf_clear(decoded);
    while (chain.end < text.n && text.p[chain.end] == kind &&
           chain.end - at < ISLAND_MAX &&
           (n = read_escape(text, chain.end, c, &c_n)) != 0) {
        buf_append(decoded, c, c_n);
        chain.end += n;
        chain.count++;
        chain.is_odd =
            chain.is_odd ||
            (c_n == 1 &&
                (isalnum((unsigned char)c[0]) || (c[0] == '%' && kind == '%') ||
                    is_doubled(c[0], str_sub(text, chain.end, text.n))));
        chain.is_text = chain.is_text && (c_n != 1 || c[0] >= ' ');
    }
    return chain;
}

/* The chain of escapes at `at`, which is an escape character. */
static size_t find_chain(
    struct str text, size_t at, struct buf *decoded, struct view_edits *out)
{
    char kind = text.p[at];
    struct chain chain = read_chain(text, at, decoded);
    size_t css = 0;
    if (kind == '\\' && (chain.count < CHAIN || !chain.is_text))
        css = read_css(text, at, decoded);
    if (css != 0) {
        view_edits_add(out, at, css, buf_str(decoded));
        return css;
    }
    if (kind == '\\' && chain.count > 0)
        chain = read_chain(text, at, decoded);
    if (chain.count == 0)
        return at + 1;
    if (kind == '=' && chain.count < CHAIN)
        return chain.end;
    view_edits_add(out, at, chain.end, buf_str(decoded));
    out->items[out->count - 1].is_hint =
        chain.count < CHAIN && !chain.is_odd &&
        !(kind == '&' && is_between_digits(text, at, chain.end)) &&
        !(kind == '%' && is_before_value(str_sub(text, chain.end, text.n)));
    return chain.end;
}

size_t island_find_escapes(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct buf decoded = {0};
    size_t at = from;
    while ((at = marks_next(marks, MARK_ESCAPE, at, to)) < to)
        at = find_chain(marks->text, at, &decoded, out);
    buf_free(&decoded);
    return at;
}
