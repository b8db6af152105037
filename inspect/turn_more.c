/*
 * Values turned round in ways that few texts have: digits as Chinese
 * characters, and whole texts backwards.
 */
#include "inspect/turn.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum {
    DIGITS_MIN = 8,
    DIGITS_MAX = 40,
    CHARACTER = 3, /* bytes of each */
    PROBE = 8 * CHARACTER,
    BACKWARDS_MAX = 16 * 1024,
    BACKWARDS_ENOUGH = 2, /* long words count twice */
    LONG_WORD = 5,
    WORD_MAX = 12,
};

/* ---- Chinese digits ------------------------------------------------------ */

/* Plain, formal (simplified and traditional), those of radio, and as Korean
 * spells them. */
static const struct {
    char text[CHARACTER + 1];
    char digit;
} characters[] = {{"\xe3\x80\x87", '0'}, {"\xe9\x9b\xb6", '0'},
    {"\xe2\x97\x8b", '0'}, {"\xe4\xb8\x80", '1'}, {"\xe5\xa3\xb9", '1'},
    {"\xe5\xb9\xba", '1'}, {"\xe5\xbc\x8c", '1'}, {"\xe4\xba\x8c", '2'},
    {"\xe8\xb2\xb3", '2'}, {"\xe8\xb4\xb0", '2'}, {"\xe4\xb8\xa4", '2'},
    {"\xe5\x85\xa9", '2'}, {"\xe4\xb8\x89", '3'}, {"\xe5\x8f\x81", '3'},
    {"\xe5\x8f\x83", '3'}, {"\xe5\x9b\x9b", '4'}, {"\xe8\x82\x86", '4'},
    {"\xe4\xba\x94", '5'}, {"\xe4\xbc\x8d", '5'}, {"\xe5\x85\xad", '6'},
    {"\xe9\x99\xb8", '6'}, {"\xe9\x99\x86", '6'}, {"\xe4\xb8\x83", '7'},
    {"\xe6\x9f\x92", '7'}, {"\xe5\x85\xab", '8'}, {"\xe6\x8d\x8c", '8'},
    {"\xe4\xb9\x9d", '9'}, {"\xe7\x8e\x96", '9'}, {"\xea\xb3\xb5", '0'},
    {"\xec\x98\x81", '0'}, {"\xec\x9d\xbc", '1'}, {"\xec\x9d\xb4", '2'},
    {"\xec\x82\xbc", '3'}, {"\xec\x82\xac", '4'}, {"\xec\x98\xa4", '5'},
    {"\xec\x9c\xa1", '6'}, {"\xeb\xa5\x99", '6'}, {"\xec\xb9\xa0", '7'},
    {"\xed\x8c\x94", '8'}, {"\xea\xb5\xac", '9'}};

static char digit_at(struct str text, size_t at)
{
    unsigned char c = at < text.n ? (unsigned char)text.p[at] : 0;
    if (c < 0xe2 || c > 0xed || text.n - at < CHARACTER)
        return '\0';
    for (size_t i = 0; i < ARRAY_LEN(characters); i++)
        if (memcmp(text.p + at, characters[i].text, CHARACTER) == 0)
            return characters[i].digit;
    return '\0';
}

/* One blank or dash may stand between two. */
static size_t skip_gap(struct str text, size_t at)
{
    return at < text.n && (text.p[at] == ' ' || text.p[at] == '-') ? at + 1
                                                                   : at;
}

/* The beginning of the run of digits that one at `at` is in. */
static size_t run_start(struct str text, size_t at)
{
    for (size_t n = 0; n < DIGITS_MAX; n++) {
        size_t gap = at > CHARACTER && strchr(" -", text.p[at - 1]) != NULL;
        if (at < CHARACTER + gap || digit_at(text, at - gap - CHARACTER) == 0)
            return at;
        at -= gap + CHARACTER;
    }
    return at;
}

static size_t add_digits(struct str text, size_t start, struct view_edits *out)
{
    char digits[DIGITS_MAX], digit;
    size_t n = 0, end = start;
    for (size_t at = start;
         n < DIGITS_MAX && (digit = digit_at(text, at)) != '\0';
         at = skip_gap(text, end)) {
        digits[n++] = digit;
        end = at + CHARACTER;
    }
    if (n >= DIGITS_MIN)
        view_edits_add(out, start, end, str_make(digits, n));
    return end;
}

size_t turn_find_chinese(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    if (!marks->has_high)
        return to;
    /* Of eight characters one begins among any so many bytes. */
    for (size_t at = from; at < to; at += PROBE) {
        size_t near = at;
        while (near < text.n && near - at < CHARACTER + 1 &&
               digit_at(text, near) == '\0')
            near++;
        if (near >= text.n || near - at > CHARACTER)
            continue;
        size_t end = add_digits(text, run_start(text, near), out);
        if (end > at + PROBE)
            at = end - PROBE;
    }
    return to;
}

/* ---- backwards ----------------------------------------------------------- */

/* Words of texts that are read from their end; the shipped detectors look for
 * some of them in front of values. */
const char *const turn_backwards[] = {"eht", "dna", "siht", "htiw", "rof",
    "drac", "tiderc", "rebmun", "yek", "terces", "drowssap", "nekot", "tnuocca",
    "esaelp", "esu", "ruoy", "ipa", "ytiruces", "laicos", "raahdaa", "tropssap",
    "tsi", "eniem", "remmun", "dnu"};
const size_t turn_backwards_count = ARRAY_LEN(turn_backwards);

/* By the first two letters; most words are none. */
static bool may_be_backwards(struct str word)
{
    static const uint32_t seconds[32] = {
        ['d' & 31] = 1u << ('n' & 31) | 1u << ('r' & 31),
        ['e' & 31] = 1u << ('h' & 31) | 1u << ('n' & 31) | 1u << ('s' & 31),
        ['h' & 31] = 1u << ('t' & 31),
        ['i' & 31] = 1u << ('p' & 31),
        ['l' & 31] = 1u << ('a' & 31),
        ['n' & 31] = 1u << ('e' & 31),
        ['r' & 31] = 1u << ('a' & 31) | 1u << ('e' & 31) | 1u << ('o' & 31) |
                     1u << ('u' & 31),
        ['s' & 31] = 1u << ('i' & 31),
        ['t' & 31] = 1u << ('e' & 31) | 1u << ('i' & 31) | 1u << ('n' & 31) |
                     1u << ('r' & 31) | 1u << ('s' & 31),
        ['y' & 31] = 1u << ('e' & 31) | 1u << ('t' & 31),
    };
    return (seconds[word.p[0] & 31] >> (word.p[1] & 31) & 1) != 0;
}

static bool is_backwards(struct str word)
{
    if (!may_be_backwards(word))
        return false;
    for (size_t i = 0; i < turn_backwards_count; i++)
        if (str_is_nocase(word, turn_backwards[i]))
            return true;
    return false;
}

size_t turn_find_text(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    unsigned words = 0;
    if (from != 0 || to == 0 || text.n > BACKWARDS_MAX)
        return to;
    for (size_t at = 0; at < text.n && words < BACKWARDS_ENOUGH;) {
        size_t start = at;
        while (at < text.n && isalpha((unsigned char)text.p[at]))
            at++;
        if (at - start >= 3 && at - start <= WORD_MAX)
            words += !is_backwards(str_sub(text, start, at)) ? 0u
                     : at - start >= LONG_WORD               ? 2u
                                                             : 1u;
        at += at == start ? 1u : 0u;
    }
    if (words < BACKWARDS_ENOUGH)
        return to;
    struct buf turned = {0};
    turn_append_backwards(&turned, text);
    view_edits_add(out, 0, text.n, buf_str(&turned));
    buf_free(&turned);
    return to;
}
