/*
 * Encodings that are seldom and dear to try: base 58, base64 and hex written
 * backwards, uuencoded lines, letters spelled as pilots do ("Alfa Bravo").
 *
 * A run comes here when it is nothing else; it is looked at in whole only when
 * its characters can be such an encoding at all.
 */
#include "inspect/island_rare.h"

#include <ctype.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    BASE58_MIN = 22, /* sixteen bytes */
    BASE58_MAX = 192,
    BASE58_LIMBS = BASE58_MAX / 5 + 1, /* 32 bits hold five digits, about */
    BACKWARDS_MIN = 24,
    BACKWARDS_MAX = 4096,
    UU_LINE_MAX = 45, /* bytes of one */
    UU_LINES_MAX = 1024,
    UU_NAME_MAX = 80,
    SPELLED_MIN = 8, /* characters */
    SPELLED_MAX = 256,
    SPELLED_WORDS_PART = 4, /* one in so many is a word of the alphabet */
    SPELLED_KINDS_MIN = 3,
};

static bool is_plain_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && strchr("\t\r\n", s.p[i]) == NULL) || c == 0 ||
            c > 0x7e)
            return false;
    }
    return s.n > 0;
}

/* ---- base 58 ---- */

static int base58_value(unsigned char c)
{
    if (c >= '1' && c <= '9')
        return c - '1';
    if (c >= 'A' && c <= 'Z' && c != 'I' && c != 'O')
        return c - 'A' + 9 - (c > 'I') - (c > 'O');
    if (c >= 'a' && c <= 'z' && c != 'l')
        return c - 'a' + 33 - (c > 'l');
    return -1;
}

/* Upper case, lower case and digits, all of the alphabet: no name, no hash. */
static bool may_be_base58(struct str run)
{
    bool has_upper = false, has_lower = false, has_digit = false;
    if (run.n < BASE58_MIN || run.n > BASE58_MAX)
        return false;
    for (size_t i = 0; i < run.n; i++) {
        unsigned char c = (unsigned char)run.p[i];
        if (base58_value(c) < 0)
            return false;
        has_upper = has_upper || isupper(c);
        has_lower = has_lower || islower(c);
        has_digit = has_digit || isdigit(c);
    }
    return has_upper && has_lower && has_digit;
}

/* A number, its lowest 32 bits first. */
struct number {
    uint32_t limbs[BASE58_LIMBS];
    size_t count;
};

static void read_base58(struct str run, struct number *n)
{
    n->count = 0;
    for (size_t i = 0; i < run.n; i++) {
        uint64_t carry = (uint64_t)base58_value((unsigned char)run.p[i]);
        for (size_t k = 0; k < n->count; k++) {
            carry += (uint64_t)n->limbs[k] * 58;
            n->limbs[k] = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry != 0)
            n->limbs[n->count++] = (uint32_t)carry;
    }
}

static bool try_base58(struct str run, struct buf *out)
{
    struct number n;
    if (!may_be_base58(run))
        return false;
    read_base58(run, &n);
    for (size_t k = n.count * 4; k > 0; k--) {
        uint32_t byte = n.limbs[(k - 1) / 4] >> (k - 1) % 4 * 8 & 0xff;
        if (byte != 0 || out->n != 0)
            buf_append_char(out, (char)byte);
    }
    return is_plain_text(buf_str(out));
}

/* ---- backwards ---- */

/* The run from its end on; ends at the first byte that is no text, with what
 * was before it. */
static bool read_backwards(struct str run, unsigned bits, struct buf *out)
{
    uint32_t held = 0;
    unsigned count = 0;
    for (size_t i = run.n; i > 0; i--) {
        unsigned char c = (unsigned char)run.p[i - 1];
        int value = bits == 6 ? base64_value(c) : str_hex_value(run.p[i - 1]);
        if (value < 0)
            return false;
        held = held << bits | (uint32_t)value;
        count += bits;
        if (count < 8)
            continue;
        count -= 8;
        unsigned char byte = held >> count & 0xff;
        if (byte > 0x7e || (byte < 0x20 && strchr("\t\r\n", byte) == NULL) ||
            byte == 0)
            return false;
        buf_append_char(out, (char)byte);
    }
    return out->n > 0;
}

static bool try_backwards(struct str run, struct buf *out)
{
    if (run.n < BACKWARDS_MIN || run.n > BACKWARDS_MAX)
        return false;
    if (run.n % 2 == 0 && read_backwards(run, 4, out))
        return true;
    buf_clear(out);
    return read_backwards(run, 6, out);
}

bool island_try_rare(
    struct str text, size_t start, size_t end, struct view_edits *out)
{
    struct str run = str_sub(text, start, end);
    struct buf decoded = {0};
    bool is_one = try_base58(run, &decoded);
    if (!is_one) {
        buf_clear(&decoded);
        is_one = try_backwards(run, &decoded);
        while (is_one && start > 0 && text.p[start - 1] == '=')
            start--;
    }
    if (is_one)
        view_edits_add(out, start, end, buf_str(&decoded));
    buf_free(&decoded);
    return is_one;
}

/* ---- uuencode ---- */

/* One line: its length, then characters of six bits.  False: it is none. */
static bool read_uu_line(struct str line, struct buf *out)
{
    size_t length = line.n > 0 ? ((unsigned char)line.p[0] - 0x20u) & 63 : 0;
    size_t characters = (length + 2) / 3 * 4, before = out->n;
    if (length == 0 || length > UU_LINE_MAX || line.n > characters + 2)
        return false;
    uint32_t held = 0;
    for (size_t i = 0; i < characters; i++) {
        /* Blanks at the end may have been cut. */
        unsigned char c = i + 1 < line.n ? (unsigned char)line.p[i + 1] : ' ';
        if (c < 0x20 || c > 0x60)
            return false;
        held = held << 6 | ((c - 0x20u) & 63);
        if (i % 4 != 3)
            continue;
        for (unsigned k = 3; k-- > 0;)
            if (out->n - before < length)
                buf_append_char(out, (char)(held >> 8 * k & 0xff));
    }
    return true;
}

static size_t line_end(struct str text, size_t at)
{
    const char *end = memchr(text.p + at, '\n', text.n - at);
    return end == NULL ? text.n : (size_t)(end - text.p);
}

static struct str line_of(struct str text, size_t at, size_t end)
{
    return str_sub(
        text, at, end > at && text.p[end - 1] == '\r' ? end - 1 : end);
}

/* "begin 644 name" at `at`; the end of what is encoded behind it, or 0. */
static size_t try_uu(struct str text, size_t at, struct buf *out)
{
    size_t digits = at + 6;
    for (size_t i = digits; i < digits + 3; i++)
        if (text.p[i] < '0' || text.p[i] > '7')
            return 0;
    size_t end = line_end(str_sub(text, 0, at + UU_NAME_MAX + 1), at);
    if (end == text.n || end - at > UU_NAME_MAX || end - at < 10)
        return 0;
    size_t stop = 0;
    for (size_t lines = 0; lines < UU_LINES_MAX && end < text.n; lines++) {
        size_t start = end + 1;
        end = line_end(text, start);
        if (!read_uu_line(line_of(text, start, end), out))
            break;
        stop = end;
    }
    return is_plain_text(buf_str(out)) ? stop : 0;
}

static size_t find_uu(
    struct str text, size_t from, size_t to, struct view_edits *out)
{
    struct buf decoded = {0};
    const char *hit;
    size_t at = from;
    while (at < to && (hit = memmem(text.p + at, str_sub(text, at, to + 6).n,
                           "begin ", 6)) != NULL) {
        size_t start = (size_t)(hit - text.p), end = 0;
        at = start + 6;
        buf_clear(&decoded);
        if ((start == 0 || !isalnum((unsigned char)text.p[start - 1])) &&
            start + 10 < text.n)
            end = try_uu(text, start, &decoded);
        if (end != 0)
            view_edits_add(out, start, end, buf_str(&decoded));
        at = end > at ? end : at;
    }
    buf_free(&decoded);
    return at > to ? at : to;
}

/* ---- spelled ---- */

/* The alphabet of pilots, as it is written and as it is often written: by the
 * first letter, a word in lower case and what it stands for. */
enum { SPELLED_ALIKE = 5 };
static const struct spelled {
    const char *word;
    char c;
} spelled[26][SPELLED_ALIKE] = {
    {{"alfa", 'A'}, {"alpha", 'A'}},
    {{"bravo", 'B'}},
    {{"charlie", 'C'}},
    {{"delta", 'D'}, {"dash", '-'}, {"dot", '.'}},
    {{"echo", 'E'}, {"eight", '8'}},
    {{"foxtrot", 'F'}, {"four", '4'}, {"fower", '4'}, {"five", '5'},
        {"fife", '5'}},
    {{"golf", 'G'}},
    {{"hotel", 'H'}, {"hyphen", '-'}},
    {{"india", 'I'}},
    {{"juliett", 'J'}, {"juliet", 'J'}},
    {{"kilo", 'K'}},
    {{"lima", 'L'}},
    {{"mike", 'M'}},
    {{"november", 'N'}, {"nine", '9'}, {"niner", '9'}},
    {{"oscar", 'O'}, {"one", '1'}},
    {{"papa", 'P'}},
    {{"quebec", 'Q'}},
    {{"romeo", 'R'}},
    {{"sierra", 'S'}, {"six", '6'}, {"seven", '7'}},
    {{"tango", 'T'}, {"two", '2'}, {"three", '3'}, {"tree", '3'}},
    {{"uniform", 'U'}, {"underscore", '_'}},
    {{"victor", 'V'}},
    {{"whiskey", 'W'}, {"whisky", 'W'}},
    {{"xray", 'X'}, {"x-ray", 'X'}},
    {{"yankee", 'Y'}},
    {{"zulu", 'Z'}, {"zero", '0'}},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Where `word` ends if the text has it at `at`, in either case; else 0. */
static size_t match_word(struct str text, size_t at, const char *word)
{
    for (; *word != '\0'; word++, at++)
        if (at == text.n || lower(text.p[at]) != *word)
            return 0;
    return at == text.n || !isalnum((unsigned char)text.p[at]) ? at : 0;
}

/* The character that the word at `at` stands for, a digit for itself; its
 * end, or 0. */
static size_t read_spelled(struct str text, size_t at, char *c_out)
{
    if (at == text.n)
        return 0;
    unsigned letter = (unsigned char)lower(text.p[at]) - (unsigned)'a';
    if (isdigit((unsigned char)text.p[at])) {
        *c_out = text.p[at];
        return match_word(text, at, (char[]){text.p[at], '\0'});
    }
    for (size_t i = 0; letter < ARRAY_LEN(spelled) && i < SPELLED_ALIKE &&
                       spelled[letter][i].word != NULL;
         i++) {
        size_t end = match_word(text, at, spelled[letter][i].word);
        *c_out = spelled[letter][i].c;
        if (end != 0)
            return end;
    }
    return 0;
}

/* "Alfa, Bravo", "Alfa-Bravo", a line each. */
static size_t skip_gap(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && end - at < 3 &&
           strchr(" ,;-/\r\n", text.p[end]) != NULL)
        end++;
    return end;
}

static bool is_spelled(struct str letters, size_t words)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < letters.n; i++)
        if (isupper((unsigned char)letters.p[i]))
            kinds |= UINT32_C(1) << (letters.p[i] - 'A');
    return letters.n >= SPELLED_MIN &&
           words * SPELLED_WORDS_PART >= letters.n &&
           __builtin_popcount(kinds) >= SPELLED_KINDS_MIN;
}

/* The letters that words spell from `at` on; their end, or 0. */
static size_t read_letters(
    struct str text, size_t at, struct buf *letters, size_t *words_out)
{
    size_t end, stop = 0;
    char c;
    buf_clear(letters);
    *words_out = 0;
    while (
        letters->n < SPELLED_MAX && (end = read_spelled(text, at, &c)) != 0) {
        buf_append_char(letters, c);
        *words_out += isupper((unsigned char)c) ? 1u : 0u;
        stop = end;
        at = skip_gap(text, end);
        if (at == end)
            break;
    }
    return stop;
}

/* A digit, or how a word of the alphabet begins; most words are none. */
static bool may_be_spelled(struct str word)
{
    static const uint32_t seconds[32] = {
        ['a' & 31] = 1u << ('l' & 31),
        ['b' & 31] = 1u << ('r' & 31),
        ['c' & 31] = 1u << ('h' & 31),
        ['d' & 31] = 1u << ('a' & 31) | 1u << ('e' & 31) | 1u << ('o' & 31),
        ['e' & 31] = 1u << ('c' & 31) | 1u << ('i' & 31),
        ['f' & 31] = 1u << ('i' & 31) | 1u << ('o' & 31),
        ['g' & 31] = 1u << ('o' & 31),
        ['h' & 31] = 1u << ('o' & 31) | 1u << ('y' & 31),
        ['i' & 31] = 1u << ('n' & 31),
        ['j' & 31] = 1u << ('u' & 31),
        ['k' & 31] = 1u << ('i' & 31),
        ['l' & 31] = 1u << ('i' & 31),
        ['m' & 31] = 1u << ('i' & 31),
        ['n' & 31] = 1u << ('i' & 31) | 1u << ('o' & 31),
        ['o' & 31] = 1u << ('n' & 31) | 1u << ('s' & 31),
        ['p' & 31] = 1u << ('a' & 31),
        ['q' & 31] = 1u << ('u' & 31),
        ['r' & 31] = 1u << ('o' & 31),
        ['s' & 31] = 1u << ('e' & 31) | 1u << ('i' & 31),
        ['t' & 31] = 1u << ('a' & 31) | 1u << ('h' & 31) | 1u << ('r' & 31) |
                     1u << ('w' & 31),
        ['u' & 31] = 1u << ('n' & 31),
        ['v' & 31] = 1u << ('i' & 31),
        ['w' & 31] = 1u << ('h' & 31),
        ['x' & 31] = 1u << ('r' & 31),
        ['y' & 31] = 1u << ('a' & 31),
        ['z' & 31] = 1u << ('e' & 31) | 1u << ('u' & 31),
    };
    if (word.n < 2)
        return isdigit((unsigned char)word.p[0]) ||
               (word.p[0] | 0x20) == 'x'; /* "x-ray" */
    return (seconds[word.p[0] & 31] >> (word.p[1] & 31) & 1) != 0;
}

/* The words that may be spelled, one after the other, but for those behind
 * which another one follows: that would be all they spell. */
static bool next_spelled(
    struct mark_runs *runs, struct str *next, struct str *word_out)
{
    struct str text = runs->marks->text;
    size_t start, end;
    for (;;) {
        *word_out = *next;
        bool is_last = !marks_next_of(runs, &start, &end);
        *next = is_last ? str_make(NULL, 0) : str_sub(text, start, end);
        if (word_out->n > 0 && may_be_spelled(*word_out) &&
            (is_last || may_be_spelled(*next) || (*word_out->p | 0x20) == 'x'))
            return true;
        if (is_last)
            return false;
    }
}

static size_t find_spelled(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct mark_runs runs = marks_runs(marks, MARK_WORD, from, to);
    struct buf letters = {0};
    struct str word, next = {0};
    size_t words, done = from;
    while (next_spelled(&runs, &next, &word)) {
        size_t start = (size_t)(word.p - marks->text.p);
        if (start < done ||
            (start == from && start > marks->from &&
                isalnum((unsigned char)marks->text.p[start - 1])))
            continue;
        size_t stop = read_letters(marks->text, start, &letters, &words);
        if (stop == 0)
            continue;
        if (is_spelled(buf_str(&letters), words))
            view_edits_add(out, start, stop, buf_str(&letters));
        done = stop;
    }
    buf_free(&letters);
    return done > to ? done : to;
}

size_t island_find_rare(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    size_t lines = find_uu(marks->text, from, to, out);
    size_t words = find_spelled(marks, from, to, out);
    return lines > words ? lines : words;
}
