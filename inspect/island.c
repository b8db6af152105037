/*
 * Runs of base64, base32, hex and bits, and lists of byte values.
 *
 * Most long runs are names, paths and hashes: a run is decoded only when its
 * first bytes already come out as text, which those of a hash do not (once in
 * eight thousand).
 */
#include "inspect/island.h"

#include <ctype.h>
#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "base/mem.h"
#include "inspect/decode.h"
#include "inspect/island_rare.h"

enum {
    RUN_MIN = 12,
    BASE32_MIN = 15,
    HEX_MIN = 16,
    BINARY_MIN = 64,
    STARTS_MAX = 4, /* of base64 behind the separators of one run */
    LINE_MIN = 40,  /* wrapped lines are at least so long */
    LINES_MAX = 1024,
    CODES_MIN = 8,
    CODE_MAX = 16, /* characters of one: eight bytes in hex */
    CODES_BYTES_MIN = 3 * CODES_MIN - 1,
    BITS_MIN = 6, /* of a code: "0b110100" */
};

/* ---- characters ---- */

static bool is_run_char(unsigned char c)
{
    return isalnum(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

static int base32_value(unsigned char c)
{
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - 'a' : -1;
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int bit_value(unsigned char c)
{
    return c == '0' || c == '1' ? c - '0' : -1;
}

struct alphabet {
    int (*value)(unsigned char c);
    unsigned bits, least, multiple; /* of characters */
};
static const struct alphabet base64 = {base64_value, 6, RUN_MIN, 1};
static const struct alphabet base32 = {base32_value, 5, BASE32_MIN, 1};
static const struct alphabet hex = {hex_value, 4, HEX_MIN, 2};
static const struct alphabet binary = {bit_value, 1, BINARY_MIN, 8};

static bool is_all(const struct alphabet *a, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (a->value((unsigned char)s.p[i]) < 0)
            return false;
    return true;
}

/* Characters outside the alphabet are skipped: line ends, also as strings have
 * them. */
static void decode(const struct alphabet *a, struct str s, struct buf *out)
{
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        int value = a->value((unsigned char)s.p[i]);
        if (value < 0) {
            i += s.p[i] == '\\';
            continue;
        }
        held = held << a->bits | (uint32_t)value;
        bits += a->bits;
        if (bits >= 8) {
            bits -= 8;
            buf_append_char(out, (char)(held >> bits & 0xff));
        }
    }
}

/* ---- what was decoded ---- */

static bool is_text_byte(unsigned char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\r' || c == '\t';
}

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_text_byte((unsigned char)s.p[i]))
            return false;
    size_t whole = utf8_floor(s, s.n);
    return s.n != 0 && s.n - whole < 4 && utf8_is_text(s);
}

/* U+FEFF in UTF-16, either order. */
static bool is_order_mark(unsigned char first, unsigned char second)
{
    return (first == 0xff && second == 0xfe) ||
           (first == 0xfe && second == 0xff);
}

/* UTF-16 of ASCII, either order, perhaps with its mark. */
static bool drop_zeros(struct buf *b)
{
    struct str s = buf_str(b);
    if (s.n >= 2 && is_order_mark((unsigned char)s.p[0], (unsigned char)s.p[1]))
        s = str_sub(s, 2, s.n);
    if (s.n < 8 || s.n % 2 != 0)
        return false;
    size_t keep = s.p[0] == '\0';
    for (size_t i = 0; i < s.n; i++)
        if ((i % 2 != keep) != (s.p[i] == '\0'))
            return false;
    for (size_t i = 0; i < s.n / 2; i++)
        buf_bytes(b)[i] = s.p[2 * i + keep];
    buf_truncate(b, s.n / 2);
    return true;
}

static bool inflate_it(struct buf *b)
{
    static const struct decode_limits limits = {
        .output_bytes = ISLAND_INFLATED_MAX};
    struct str s = buf_str(b);
    bool is_zlib =
        s.n > 2 && s.p[0] == 0x78 &&
        ((unsigned char)s.p[0] * 256 + (unsigned char)s.p[1]) % 31 == 0;
    if (s.n < 10 || (!str_starts(s, "\x1f\x8b") && !is_zlib))
        return false;
    struct decoder *decoder;
    struct buf out = {0};
    if (decoder_new(str_of(is_zlib ? "deflate" : "gzip"), &limits, &decoder) !=
        OK)
        return false;
    enum err err = decoder_feed(decoder, s, &out);
    decoder_free(&decoder);
    (void)err; /* what came out before an error is text as well */
    buf_free(b);
    *b = out;
    return true;
}

/* Makes text of the bytes if they are an encoding of some; little gzip islands
 * could swell one by one, so those that are too many stay. */
static bool make_text(struct buf *b, bool may_inflate)
{
    if ((may_inflate && inflate_it(b)) || drop_zeros(b))
        return is_text(buf_str(b));
    return is_text(buf_str(b));
}

static bool may_begin_text(unsigned char c)
{
    return c < 0x80 ? is_text_byte(c) || c == '\f' : c >= 0xc2;
}

/* Neither text nor gzip nor UTF-16 begins with these two bytes. */
static bool is_hopeless(const unsigned char first[2])
{
    if (first[0] == 0x1f || first[0] == 0x78 || first[0] == 0 ||
        first[1] == 0 || is_order_mark(first[0], first[1]))
        return false;
    return !may_begin_text(first[0]) ||
           (first[0] < 0x80 && !may_begin_text(first[1]));
}

/* Whether the first bytes promise text, or gzip. */
static bool is_promising(const struct alphabet *a, struct str s)
{
    unsigned char first[9];
    size_t n = 0;
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < s.n && n < sizeof first; i++) {
        held = held << a->bits | (uint32_t)a->value((unsigned char)s.p[i]);
        bits += a->bits;
        if (bits >= 8) {
            bits -= 8;
            first[n++] = (unsigned char)(held >> bits);
            if (n == 2 && is_hopeless(first))
                return false;
        }
    }
    if (n >= 2 &&
        ((first[0] == 0x1f && first[1] == 0x8b) ||
            (first[0] == 0x78 && strchr("\x01\x5e\x9c\xda", first[1]) != NULL)))
        return true;
    size_t mark = n >= 4 && is_order_mark(first[0], first[1]) ? 2 : 0;
    if (n >= 4 && (first[mark] == 0) != (first[mark + 1] == 0)) { /* UTF-16 */
        for (size_t i = mark + (first[mark] == 0); i < n; i += 2)
            if (!is_text_byte(first[i]))
                return false;
        return true;
    }
    return n > 0 && utf8_is_text(str_make((const char *)first, n));
}

/* ---- runs ---- */

static size_t run_end(struct str text, size_t at)
{
    while (at < text.n && is_run_char((unsigned char)text.p[at]))
        at++;
    return at;
}

/* Where the next wrapped line begins behind a line that ends at `at`; 0: it
 * is not wrapped there. */
static size_t next_line(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, at + 4);
    if (str_starts(rest, "\\r\\n"))
        at += 4;
    else if (str_starts(rest, "\\n"))
        at += 2;
    else if (at < text.n && text.p[at] == '\n')
        at++;
    else if (at + 1 < text.n && text.p[at] == '\r' && text.p[at + 1] == '\n')
        at += 2;
    else
        return 0;
    while (at < text.n && strchr(" \t>", text.p[at]) != NULL)
        at++;
    return at < text.n && is_run_char((unsigned char)text.p[at]) ? at : 0;
}

/* Where "data:text/plain;base64," begins in front of its data. */
static size_t behind_scheme(struct str text, size_t start)
{
    enum { SCHEME_MAX = 80 };
    static const char mark[] = ";base64,";
    size_t n = sizeof mark - 1;
    if (start < n || memcmp(text.p + start - n, mark, n) != 0)
        return start;
    for (size_t at = start - n; at >= 5 && start - at < SCHEME_MAX; at--)
        if (memcmp(text.p + at - 5, "data:", 5) == 0)
            return at - 5;
    return start;
}

static bool try_decode(const struct alphabet *a, struct str text, size_t start,
    size_t end, struct view_edits *out)
{
    struct buf decoded = {0};
    decode(a, str_sub(text, start, end), &decoded);
    bool is_one = make_text(&decoded, out->bytes.n < ISLAND_INFLATED_MAX);
    while (end < text.n && text.p[end] == '=')
        end++;
    if (is_one)
        view_edits_add(out, behind_scheme(text, start), end, buf_str(&decoded));
    buf_free(&decoded);
    return is_one;
}

/* Lines of one length and a shorter last one, which may also be other text.
 * Returns the end, or 0. */
static size_t try_lines(struct str text, size_t start, size_t end, size_t last,
    struct view_edits *out)
{
    size_t length = end - start, before = end, line;
    size_t lines = 0;
    if (length < LINE_MIN)
        return 0;
    while (lines < LINES_MAX && end - start < ISLAND_MAX &&
           (line = next_line(text, end)) != 0) {
        size_t stop = run_end(text, line);
        if (stop - line > length)
            break;
        before = end;
        end = stop;
        lines++;
        if (stop - line < length)
            break;
    }
    if (lines == 0)
        return 0;
    if (try_decode(&base64, text, start, end, out))
        return end;
    if (before > last && try_decode(&base64, text, start, before, out))
        return before;
    /* Not once more from every line on. */
    return try_decode(&base64, text, start, last, out) || lines > 1 ? end : 0;
}

static size_t try_base64(
    struct str text, size_t start, size_t end, struct view_edits *out)
{
    if (end - start < RUN_MIN ||
        !is_promising(&base64, str_sub(text, start, start + RUN_MIN)))
        return 0;
    if (end - start > ISLAND_MAX)
        end = start + ISLAND_MAX;
    size_t lines = try_lines(text, start, end, end, out);
    if (lines != 0)
        return lines;
    return try_decode(&base64, text, start, end, out) ? end : 0;
}

static size_t try_plain(const struct alphabet *a, struct str text, size_t start,
    size_t end, struct view_edits *out)
{
    if (end - start > ISLAND_MAX)
        end = start + ISLAND_MAX;
    struct str run = str_sub(text, start, end);
    if (run.n < a->least || run.n % a->multiple != 0 || !is_all(a, run) ||
        !is_promising(a, run))
        return 0;
    return try_decode(a, text, start, end, out) ? end : 0;
}

size_t island_try_run(
    struct str text, size_t start, size_t end, struct view_edits *out)
{
    size_t done, starts = 0;
    if (text.p[start] == '0' && (text.p[start + 1] | 0x20) == 'x' &&
        (done = try_plain(&hex, text, start + 2, end, out)) != 0) {
        out->items[out->count - 1].start = start;
        return done;
    }
    /* '\x3431…' of SQL */
    if (text.p[start] == 'x' && start > 0 && text.p[start - 1] == '\\' &&
        (done = try_plain(&hex, text, start + 1, end, out)) != 0) {
        out->items[out->count - 1].start = start - 1;
        return done;
    }
    if ((done = try_plain(&hex, text, start, end, out)) != 0 ||
        (done = try_plain(&binary, text, start, end, out)) != 0 ||
        (done = try_plain(&base32, text, start, end, out)) != 0 ||
        (done = try_base64(text, start, end, out)) != 0)
        return done;
    for (size_t i = start + 1; i + RUN_MIN <= end && starts < STARTS_MAX; i++) {
        if (strchr("/-_+", text.p[i - 1]) == NULL)
            continue;
        starts++;
        if ((done = try_base64(text, i, end, out)) != 0)
            return done;
    }
    (void)island_try_rare(text, start, end, out);
    return end;
}

size_t island_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from;
    while ((at = marks_next_token(marks, MARK_TOKEN, at, to, RUN_MIN)) < to)
        at = marks_at_uuid(marks, at)
                 ? at + UUID_BYTES
                 : island_try_run(text, at,
                       marks_end(marks, MARK_TOKEN, at + RUN_MIN), out);
    return at;
}

/* ---- lists of byte values ---- */

/* One list while it is read, as each of the ways in which it can be meant. */
enum { AS_DECIMAL, AS_HEX, AS_OCTAL, AS_BINARY, CODE_KINDS };

struct codes {
    size_t start, end;
    unsigned may; /* a bit for each way that all of it can be read in */
    struct buf as[CODE_KINDS];
};

/* The value of the item's digits; false: they are others. */
static bool read_number(struct str item, unsigned base, unsigned *value_out)
{
    *value_out = 0;
    for (size_t i = 0; i < item.n; i++) {
        int digit = hex_value((unsigned char)item.p[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        *value_out = *value_out * base + (unsigned)digit;
    }
    return true;
}

static bool is_ascii_text(unsigned c)
{
    return c < 127 && is_text_byte((unsigned char)c);
}

/* "35", "3537", … */
static bool is_hex_text(struct str item)
{
    for (size_t i = 0; i < item.n; i += 2) {
        unsigned c;
        if (!read_number(str_sub(item, i, i + 2), 16, &c) || !is_ascii_text(c))
            return false;
    }
    return item.n % 2 == 0;
}

/* The ways in which the item can be read, of those in `may`; the list goes on
 * in them. */
static unsigned read_code(struct codes *codes, struct str item, unsigned may)
{
    static const struct {
        unsigned base;
        size_t least, most;
    } kinds[CODE_KINDS] = {[AS_DECIMAL] = {10, 2, 3},
        [AS_OCTAL] = {8, 2, 3},
        [AS_BINARY] = {2, BITS_MIN, 8}};
    for (unsigned i = 0; i < CODE_KINDS; i++) {
        unsigned c = 0;
        bool is_one = i == AS_HEX ? is_hex_text(item)
                                  : item.n >= kinds[i].least &&
                                        item.n <= kinds[i].most &&
                                        read_number(item, kinds[i].base, &c) &&
                                        is_ascii_text(c);
        if (!is_one)
            may &= ~(1u << i);
    }
    for (unsigned i = 0; i < CODE_KINDS; i++) {
        unsigned c = 0;
        if ((may >> i & 1) == 0)
            continue;
        if (i == AS_HEX)
            decode(&hex, item, &codes->as[i]);
        else if (read_number(item, kinds[i].base, &c))
            buf_append_char(&codes->as[i], (char)c);
    }
    return may;
}

/* "33 35" can be hex and decimal: then it is read as both. */
static void end_codes(struct codes *codes, struct view_edits *out)
{
    struct buf all = {0};
    for (size_t i = 0; i < CODE_KINDS; i++) {
        struct buf *as = &codes->as[i];
        if ((codes->may >> i & 1) == 0 || as->n < CODES_MIN ||
            !make_text(as, false))
            continue;
        if (all.n != 0)
            buf_append_char(&all, ' ');
        buf_append_str(&all, buf_str(as));
    }
    if (all.n != 0)
        view_edits_add(out, codes->start, codes->end, buf_str(&all));
    buf_free(&all);
    for (size_t i = 0; i < CODE_KINDS; i++)
        buf_clear(&codes->as[i]);
    codes->may = (1u << CODE_KINDS) - 1;
}

/* "0x", "0o" and "0b" in front of a code: its length; *may: what is said by
 * it. */
static size_t read_prefix(struct str text, size_t at, size_t end, unsigned *may)
{
    char c = at + 2 < end && text.p[at] == '0' ? text.p[at + 1] : '\0';
    if ((c | 32) == 'x')
        return 2;
    if ((c | 32) == 'o') {
        *may &= 1u << AS_OCTAL;
        return 2;
    }
    size_t bits = at + 2;
    while (bits < end && bit_value((unsigned char)text.p[bits]) >= 0)
        bits++;
    if ((c | 32) != 'b' || bits - at - 2 < BITS_MIN ||
        (bits < end && hex_value((unsigned char)text.p[bits]) >= 0))
        return 0;
    *may &= 1u << AS_BINARY;
    return 2;
}

/* All lists of text[at, end), which has nothing but their characters. */
static void read_codes(
    struct str text, size_t at, size_t end, struct view_edits *out)
{
    struct codes codes = {.may = (1u << CODE_KINDS) - 1};
    bool is_begun = false;
    while (at < end) {
        size_t start = at;
        unsigned said = codes.may;
        at += read_prefix(text, at, end, &said);
        size_t digits = at;
        while (at < end && hex_value((unsigned char)text.p[at]) >= 0)
            at++;
        if (at == digits) {
            at += at == start;
            continue;
        }
        struct str item = str_sub(text, digits, at);
        unsigned may = 0;
        if (item.n >= 2 && item.n <= CODE_MAX)
            may = read_code(&codes, item, said);
        if (may == 0) {
            if (is_begun)
                end_codes(&codes, out);
            is_begun = false;
            continue;
        }
        if (!is_begun)
            codes.start = start;
        is_begun = true;
        codes.may = may;
        codes.end = at + (at < end && text.p[at] == 'h'); /* "41h" */
    }
    if (is_begun)
        end_codes(&codes, out);
    for (size_t i = 0; i < CODE_KINDS; i++)
        buf_free(&codes.as[i]);
}

/* Each code has a digit: hex ones of text begin with one. */
static bool has_digits(struct str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n && digits < CODES_MIN; i++)
        digits += s.p[i] >= '0' && s.p[i] <= '9' ? 1u : 0u;
    return digits >= CODES_MIN;
}

/* Identifiers have such characters too, and stand in lists of their own. */
static bool is_of_uuids(const struct marks *marks, size_t start, size_t end)
{
    return marks_have(marks, MARK_UUID) && end <= marks->to &&
           end - start - marks_count(marks, MARK_UUID, start, end) <
               CODES_BYTES_MIN;
}

size_t island_find_codes(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from;
    while (
        (at = marks_next_run(marks, MARK_CODE, at, to, CODES_BYTES_MIN)) < to) {
        size_t start = at;
        at = marks_end(marks, MARK_CODE, at + CODES_BYTES_MIN);
        if (at - start > ISLAND_MAX)
            at = start + ISLAND_MAX;
        if (has_digits(str_sub(text, start, at)) &&
            !is_of_uuids(marks, start, at))
            read_codes(text, start, at, out);
    }
    return at;
}
