/*
 * Encodings that are full of marks, or nothing else: ASCII85, base 85 as RFC
 * 1924 (Python) and ZeroMQ have it, and Morse code.
 *
 * Prose has a mark in twenty characters: blocks without three near each other
 * are passed over by their bits, and of the words that have some few begin as
 * text in base 85 does.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/island.h"

enum {
    GROUP = 5, /* characters of four bytes */
    BASE = 85,
    ALPHABETS = 3,
    MARKS_NEAR = 3,  /* that have another within eight bytes */
    MARKS_SHARE = 8, /* one of so many characters is one */
    WORD_MIN = 2 * GROUP,
    WORD_MAX = 16 * 1024,
    STARTS_MAX = 16, /* of a word: behind what opens or assigns */
    SURE_BYTES = 12, /* fewer have to look like a value */
    BYTES_MIN = 8,
    /* The first characters of four bytes of ASCII text. */
    FIRST_MIN = 10,
    FIRST_MAX = 40,
    MORSE_MIN = 12, /* bytes of a run */
    SYMBOLS_MIN = 8,
    SYMBOLS_MAX = 4096,
    SYMBOL_MAX = 5, /* dots and dashes */
    KINDS_MIN = 3,  /* of symbols: rules of dashes have one */
    SLASHED_BITS = 16,
};

/* ---- base 85 ---- */

/* Adobe's, that of RFC 1924, that of ZeroMQ. */
static const char *const alphabets[ALPHABETS] = {
    "!\"#$%&'()*+,-./0123456789:;<=>\?@ABCDEFGHIJK"
    "LMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
    "hijklmnopqrstuvwxyz!#$%&()*+-;<=>\?@^_`{|}~",
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
    "HIJKLMNOPQRSTUVWXYZ.-:+=^!/*\?&<>()[]{}@%$#"};

/* Values of characters, one more; 0: not of the alphabet. */
struct values {
    unsigned char of[ALPHABETS][256];
    bool is_filled;
};

static void fill_values(struct values *v)
{
    memset(v, 0, sizeof *v);
    for (size_t a = 0; a < ALPHABETS; a++)
        for (unsigned char i = 0; i < BASE; i++)
            v->of[a][(unsigned char)alphabets[a][i]] = (unsigned char)(i + 1);
    v->is_filled = true;
}

/* n characters (2 to 5) make n - 1 bytes, all of them text: their number, or
 * 0. */
static size_t read_group(
    const unsigned char *values, const char *p, size_t n, char bytes[4])
{
    uint64_t value = 0;
    for (size_t i = 0; i < GROUP; i++) {
        unsigned digit = i < n ? values[(unsigned char)p[i]] : BASE;
        if (digit == 0)
            return 0;
        value = value * BASE + digit - 1;
    }
    if (value > UINT32_MAX)
        return 0;
    for (size_t i = 0; i < n - 1; i++) {
        uint32_t c = (uint32_t)value >> (24 - 8 * i) & 0xff;
        if (c < 0x20 || c > 0x7e)
            return 0;
        bytes[i] = (char)c;
    }
    return n - 1;
}

static bool is_of_value(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)p[i]) && strchr(" -_./+=:!#", p[i]) == NULL)
            return false;
    return true;
}

/* The last group, of less than five: what closes a string or a sentence
 * behind it is none of it. */
static size_t read_rest(
    const unsigned char *values, struct str rest, struct buf *out)
{
    char bytes[4];
    for (size_t n = rest.n < GROUP ? rest.n : GROUP - 1; n >= 2; n--) {
        size_t count = read_group(values, rest.p, n, bytes);
        if (count == 0 || !is_of_value(bytes, count) ||
            (n < rest.n && strchr("\"'`)]},;.~>:", rest.p[n]) == NULL))
            continue;
        buf_append(out, bytes, count);
        return n;
    }
    return 0;
}

/* Text from `at` on in that alphabet; its end, or 0. */
static size_t read_base85(const unsigned char *values, struct str text,
    size_t at, size_t end, struct buf *out)
{
    size_t n;
    char bytes[4];
    buf_clear(out);
    while (end - at >= GROUP &&
           (n = read_group(values, text.p + at, GROUP, bytes)) != 0) {
        buf_append(out, bytes, n);
        at += GROUP;
    }
    if (out->n < BYTES_MIN)
        return 0;
    at += read_rest(values, str_sub(text, at, end), out);
    return out->n >= SURE_BYTES || is_of_value(buf_bytes(out), out->n) ? at : 0;
}

/* Where the string that opens in front of `start` closes, or the word's end. */
static size_t closing(struct str text, size_t start, size_t end)
{
    char quote = start > 0 ? text.p[start - 1] : '\0';
    if (quote != '"' && quote != '\'' && quote != '`')
        return end;
    for (size_t i = end; i > start + WORD_MIN; i--)
        if (text.p[i - 1] == quote)
            return i - 1;
    return end;
}

/* Of a character: in which alphabets, a bit each, four bytes of text may begin
 * so, and whether a start may follow it. */
enum { ADOBE = 1, RFC1924 = 2, ZEROMQ = 4, OPENER = 8 };

static const unsigned char signs[256] = {
    ['+'] = ADOBE,
    [','] = ADOBE | OPENER,
    ['-' ... '9'] = ADOBE,
    [':'] = ADOBE | OPENER,
    [';'] = ADOBE,
    ['<' ... '>'] = ADOBE | OPENER,
    ['?' ... '@'] = ADOBE,
    ['A' ... 'E'] = ADOBE | RFC1924 | ZEROMQ,
    ['F' ... 'I'] = ADOBE | RFC1924,
    ['J' ... 'Z'] = RFC1924,
    ['a' ... 'e'] = RFC1924 | ZEROMQ,
    ['f' ... 'z'] = ZEROMQ,
    ['"'] = OPENER,
    ['\''] = OPENER,
    ['`'] = OPENER,
    ['('] = OPENER,
    ['~'] = OPENER,
    ['['] = OPENER,
};

static size_t try_start(const struct values *values, struct str text,
    size_t start, size_t end, struct buf *decoded, struct view_edits *out)
{
    unsigned char first = (unsigned char)text.p[start];
    for (size_t a = 0; a < ALPHABETS; a++) {
        unsigned digit = values->of[a][first];
        if (digit <= FIRST_MIN || digit > FIRST_MAX + 1)
            continue;
        size_t stop = read_base85(
            values->of[a], text, start, closing(text, start, end), decoded);
        if (stop == 0)
            continue;
        bool is_framed = start >= 2 && text.p[start - 2] == '<' &&
                         str_starts(str_sub(text, stop, end), "~>");
        view_edits_add(out, is_framed ? start - 2 : start,
            is_framed ? stop + 2 : stop, buf_str(decoded));
        return stop;
    }
    return 0;
}

static void try_word(struct values *values, struct str text, size_t start,
    size_t end, struct view_edits *out)
{
    struct buf decoded = {0};
    size_t starts = 0, stop, last = end - WORD_MIN;
    unsigned before = OPENER;
    for (size_t i = start; i <= last && starts < STARTS_MAX; i++) {
        while ((before & OPENER) == 0 && i < last)
            before = signs[(unsigned char)text.p[i++]];
        if ((before & OPENER) == 0)
            break;
        before = signs[(unsigned char)text.p[i]];
        starts++;
        unsigned begins = before & signs[(unsigned char)text.p[i + GROUP]];
        if ((begins & (ADOBE | RFC1924 | ZEROMQ)) == 0)
            continue;
        if (!values->is_filled)
            fill_values(values);
        stop = try_start(values, text, i, end, &decoded, out);
        if (stop == 0)
            continue;
        i = stop - 1;
        before = signs[(unsigned char)text.p[i]];
    }
    buf_free(&decoded);
}

/* Marks that are rare in prose (no blanks, stops, quotes, line ends), with
 * another at most eight bytes further. */
static uint64_t crowded(const struct mark_block *b)
{
    uint64_t bits = ~(b->kinds[MARK_WORD] | b->kinds[MARK_GAP] |
                      b->kinds[MARK_HIGH] | b->kinds[MARK_JOINT]);
    uint64_t near = bits >> 1 | bits >> 2;
    near |= near >> 2;
    near |= near >> 4;
    return bits & near;
}

/* The word around the mark at `at`, as far as it was not looked at yet. */
static struct str find_word(const struct marks *marks, size_t at, size_t done)
{
    struct str text = marks->text;
    uint64_t before = ~marks_before(marks, MARK_INK, at);
    uint64_t behind = ~marks_window(marks, MARK_INK, at);
    size_t n = before != 0 ? (size_t)__builtin_clzll(before) : MARK_BLOCK;
    size_t start = at - done < n ? done : at - n;
    size_t end = at;
    end += behind != 0 ? (size_t)__builtin_ctzll(behind) : MARK_BLOCK;
    while (behind == 0 && end < text.n && end - start < WORD_MAX &&
           (unsigned char)text.p[end] > ' ')
        end++;
    return str_sub(text, start, end);
}

/* Whether it is long enough, and enough of it are marks. */
static bool is_worth_it(const struct marks *marks, struct str word)
{
    size_t n = 0, at = (size_t)(word.p - marks->text.p);
    if (word.n < WORD_MIN)
        return false;
    if (word.n < MARK_BLOCK) {
        uint64_t others = ~marks_window(marks, MARK_WORD, at);
        n = (size_t)__builtin_popcountll(others << (MARK_BLOCK - word.n));
    } else {
        for (size_t i = 0; i < word.n; i++)
            n += isalnum((unsigned char)word.p[i]) ? 0u : 1u;
    }
    return n * MARKS_SHARE >= word.n;
}

static bool has_enough(uint64_t bits)
{
    _Static_assert((int)MARKS_NEAR == 3, "two are taken away");
    bits &= bits - 1;
    return (bits & (bits - 1)) != 0;
}

size_t island_find_base85(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    static _Thread_local struct values values; /* the same for all texts */
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t bits = crowded(marks_block(marks, block));
        if (!has_enough(bits))
            continue;
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at < done || at >= to)
                continue;
            struct str word = find_word(marks, at, done);
            size_t start = (size_t)(word.p - text.p);
            if (is_worth_it(marks, word))
                try_word(&values, text, start, start + word.n, out);
            done = start + word.n;
        }
    }
    return done > to ? done : to;
}

/* ---- Morse ---- */

/* By dots (0) and dashes (1) behind a first 1. */
static const char morse[] = "  ETIANMSURWDKGOHVF L PJBXCYZQ  "
                            "54 3   2       16       7   8 90";

/* The character at `at`, behind which a blank, a slash or no sign follows; its
 * end, or 0. */
static size_t read_symbol(struct str text, size_t at, unsigned *code_out)
{
    size_t end = at;
    unsigned code = 1;
    for (; end < text.n && (text.p[end] == '.' || text.p[end] == '-'); end++) {
        if (end - at == SYMBOL_MAX)
            return 0;
        code = code << 1 | (text.p[end] == '-' ? 1u : 0u);
    }
    *code_out = code;
    return end > at && morse[code] != ' ' ? end : 0;
}

/* One blank, or a slash with or without some. */
static size_t skip_between(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && end - at < 8 && strchr(" /\n", text.p[end]) != NULL)
        end++;
    return end;
}

/* Symbols from `at` on; *end_out: behind the last of them. */
static bool read_morse(
    struct str text, size_t at, size_t *end_out, struct buf *out)
{
    uint64_t kinds = 0;
    size_t n;
    unsigned code;
    buf_clear(out);
    *end_out = at;
    while (out->n < SYMBOLS_MAX && (n = read_symbol(text, at, &code)) != 0) {
        size_t next = skip_between(text, n);
        buf_append_char(out, morse[code]);
        kinds |= UINT64_C(1) << code;
        *end_out = n;
        if (next == n)
            break;
        if (next - n > 2)
            buf_append_char(out, ' ');
        at = next;
    }
    return out->n >= SYMBOLS_MIN && __builtin_popcountll(kinds) >= KINDS_MIN;
}

size_t island_find_morse(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf decoded = {0};
    size_t at = from;
    while ((at = marks_next_run(marks, MARK_GAP, at, to, MORSE_MIN)) < to) {
        size_t end = marks_run_end(marks, MARK_GAP, at);
        while (at < end && text.p[at] == ' ')
            at++;
        size_t stop = end;
        if (at < end && read_morse(text, at, &stop, &decoded))
            view_edits_add(out, at, stop, buf_str(&decoded));
        at = stop > end ? stop : end;
    }
    buf_free(&decoded);
    return at;
}

/* Dots and dashes with slashes between. */
static bool is_slashed(char c)
{
    return c == '.' || c == '-' || c == '/' || c == ' ';
}

size_t island_find_slashed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf decoded = {0};
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        /* of tokens' signs those that are no letters, and no blank between */
        uint64_t marked = b->kinds[MARK_TURN] & ~b->kinds[MARK_WORD];
        marked &= marked >> 1;
        if (block + MARK_BLOCK <= done || !has_enough(marked) ||
            __builtin_popcountll(marked) < SLASHED_BITS)
            continue;
        size_t at = block + (size_t)__builtin_ctzll(marked);
        if (at < done)
            at = done;
        while (at > done && block - (at < block ? at : block) < MARK_BLOCK &&
               is_slashed(text.p[at - 1]))
            at--;
        while (at < text.n && (text.p[at] == ' ' || text.p[at] == '/'))
            at++;
        size_t stop = at;
        if (at < to && read_morse(text, at, &stop, &decoded))
            view_edits_add(out, at, stop, buf_str(&decoded));
        done = stop; /* nor is there any from its middle on */
    }
    buf_free(&decoded);
    return done > to ? done : to;
}
