/*
 * Dumps of bytes as xxd, hexdump -C and od -tx1 print them: lines of an
 * offset, up to sixteen bytes in hex and, often, the same as text, which
 * breaks values into pieces; and characters given one by one by their
 * numbers, chr(52).chr(49), U+0034 U+0031.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/island.h"

enum {
    OFFSET_MIN = 6, /* zeros of the first one */
    OFFSET_MAX = 16,
    LINE_BYTES = 16,
    LINE_MAX = 256,
    NUMBERS_MIN = 6,
    NUMBER_MAX = 8, /* characters */
    GAP_MAX = 12,   /* between two numbers */
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char at_of(struct str text, size_t at)
{
    return at < text.n ? text.p[at] : '\0';
}

static bool is_text(unsigned c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

/* ---- dumps ---- */

/* The offset at `at` and what stands behind it: where the bytes begin, or 0. */
static size_t read_offset(struct str text, size_t at)
{
    size_t end = at;
    while (end - at < OFFSET_MAX && hex_value(at_of(text, end)) >= 0)
        end++;
    if (end - at < OFFSET_MIN)
        return 0;
    end += at_of(text, end) == ':';
    size_t blanks = end;
    while (end - blanks < 4 && at_of(text, end) == ' ')
        end++;
    return end > blanks && hex_value(at_of(text, end)) >= 0 ? end : 0;
}

/* The bytes of a line: groups of one length with a blank between, two in the
 * middle.  Their end; 0: some are no text. */
static size_t read_bytes(struct str text, size_t at, struct buf *out)
{
    size_t had = out->n, end = at;
    while (out->n - had < LINE_BYTES) {
        int high = hex_value(at_of(text, at));
        int low = high >= 0 ? hex_value(at_of(text, at + 1)) : -1;
        if (low < 0)
            return out->n > had ? end : 0;
        if (!is_text((unsigned)(high * 16 + low)))
            return 0;
        buf_append_char(out, (char)(high * 16 + low));
        end = at += 2;
        if (at_of(text, at) == ' ')
            at++;
        if (at_of(text, at) == ' ' && out->n - had == LINE_BYTES / 2)
            at++;
        if (hex_value(at_of(text, at)) < 0)
            return end;
    }
    return end;
}

/* Behind the line end; SIZE_MAX: there is none near. */
static size_t next_line(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, at + LINE_MAX);
    const char *end = memchr(rest.p, '\n', rest.n);
    return end != NULL ? at + (size_t)(end - rest.p) + 1 : SIZE_MAX;
}

/* The dump whose first line has its offset at `at`; its end, or 0. */
static size_t find_dump(
    struct str text, size_t at, struct buf *decoded, struct view_edits *out)
{
    size_t bytes, end = 0, start = at;
    buf_clear(decoded);
    while (at != SIZE_MAX && at - start < ISLAND_MAX &&
           (bytes = read_offset(text, at)) != 0) {
        size_t stop = read_bytes(text, bytes, decoded);
        if (stop == 0)
            return 0;
        size_t next = next_line(text, stop);
        end = next != SIZE_MAX && read_offset(text, next) != 0 ? next : stop;
        at = next;
    }
    if (end != 0)
        view_edits_add(out, start, end, buf_str(decoded));
    return end;
}

size_t island_find_dumps(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf decoded = {0};
    size_t at = from;
    while ((at = marks_next_digits(marks, at, to, OFFSET_MIN)) < to) {
        size_t zeros = at, end = 0;
        while (at_of(text, zeros) == '0')
            zeros++;
        if (zeros - at >= OFFSET_MIN && zeros - at <= OFFSET_MAX &&
            (at == 0 || isspace((unsigned char)text.p[at - 1])))
            end = find_dump(text, at, &decoded, out);
        at =
            end != 0 ? end : marks_skip(marks, MARK_DIGIT, at + OFFSET_MIN, to);
    }
    buf_free(&decoded);
    return at;
}

/* ---- numbers of characters ---- */

/* "chr(52", "CHR$(0x34", "U+0034": the end of the number, or 0. */
static size_t read_character(struct str text, size_t at, char *c_out)
{
    unsigned base = 10, value = 0;
    struct str rest = str_sub(text, at, at + 2);
    if (str_starts(rest, "U+") || str_starts(rest, "u+")) {
        base = 16;
        at += 2;
    } else {
        while (at_of(text, at) == ' ' || at_of(text, at) == '(' ||
               at_of(text, at) == '$')
            at++;
        if (at_of(text, at) == '0' && (at_of(text, at + 1) | 0x20) == 'x') {
            base = 16;
            at += 2;
        }
    }
    size_t end = at;
    int digit;
    while (end - at < NUMBER_MAX &&
           (digit = hex_value(at_of(text, end))) >= 0 &&
           (unsigned)digit < base) {
        value = value * base + (unsigned)digit;
        end++;
    }
    *c_out = (char)value;
    return end > at && value < 128 && is_text(value) ? end : 0;
}

/* The next "chr" or "U+" from `at` on, which is near; 0: there is none. */
static size_t next_name(struct str text, size_t at, size_t most)
{
    for (size_t i = at; i < most && i + 3 < text.n; i++) {
        const char *p = text.p + i;
        if ((p[0] | 0x20) == 'c' && (p[1] | 0x20) == 'h' &&
            (p[2] | 0x20) == 'r')
            return i + 3 + ((p[3] | 0x20) == 'w');
        if ((p[0] | 0x20) == 'u' && p[1] == '+')
            return i;
    }
    return 0;
}

size_t island_find_characters(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf decoded = {0};
    size_t at = from, name;
    while (at < to && (name = next_name(text, at, to)) != 0) {
        size_t start = name - (at_of(text, name) == '(' ? 3 : 0), end = 0, next;
        char c;
        buf_clear(&decoded);
        at = name + 1;
        while (name != 0 && name - start < ISLAND_MAX &&
               (next = read_character(text, name, &c)) != 0) {
            buf_append_char(&decoded, c);
            at = end = next + (at_of(text, next) == ')');
            name = next_name(text, end, end + GAP_MAX);
        }
        if (decoded.n >= NUMBERS_MIN)
            view_edits_add(out, start, end, buf_str(&decoded));
    }
    buf_free(&decoded);
    return at > to ? at : to;
}
