/*
 * Numbers without digits: letters that look like some of them ("4ll1OO2E") and
 * number words written as one ("fouroneone").  Words of prose are neither:
 * those with a digit are few, and so are those of 24 letters.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/turn.h"

enum {
    LOOKS_MIN = 8,
    LOOKS_MAX = 40,
    TRUE_DIGITS_MIN = 2,
    GLUED_MIN = 24, /* letters: eight words of three */
    GLUED_MAX = 240,
    WORDS_MIN = 8,
    WORD_MIN = 2,
    WORD_MAX = 8,
};

/* ---- letters as digits ---- */

static const char looks_like[128] = {['o'] = '0',
    ['O'] = '0',
    ['Q'] = '0',
    ['l'] = '1',
    ['I'] = '1',
    ['i'] = '1',
    ['L'] = '1',
    ['z'] = '2',
    ['Z'] = '2',
    ['e'] = '3',
    ['E'] = '3',
    ['a'] = '4',
    ['A'] = '4',
    ['s'] = '5',
    ['S'] = '5',
    ['b'] = '6',
    ['G'] = '6',
    ['t'] = '7',
    ['T'] = '7',
    ['B'] = '8',
    ['g'] = '9',
    ['q'] = '9'};

/* Digits of the word, if all of it looks like some; their number, or 0. */
static size_t read_looks(struct str word, char digits[LOOKS_MAX])
{
    size_t true_digits = 0;
    for (size_t i = 0; i < word.n; i++) {
        unsigned char c = (unsigned char)word.p[i];
        true_digits += isdigit(c) ? 1u : 0u;
        digits[i] = isdigit(c) ? (char)c : looks_like[c & 127];
        if (digits[i] == '\0')
            return 0;
    }
    return true_digits >= TRUE_DIGITS_MIN && true_digits < word.n ? word.n : 0;
}

/* The bytes of the runs of eight and more of letters and digits that begin in
 * a block, which are told of two blocks. */
struct long_words {
    uint64_t here, behind;
};

static struct long_words find_long(uint64_t bits, uint64_t next)
{
    _Static_assert((int)LOOKS_MIN == 8, "three steps");
    bits &= bits >> 1 | next << 63;
    next &= next >> 1;
    bits &= bits >> 2 | next << 62;
    next &= next >> 2;
    bits &= bits >> 4 | next << 60;
    struct long_words w = {bits | bits << 1, bits >> 63};
    w.behind |= w.here >> 62;
    w.here |= w.here << 2;
    w.behind |= w.here >> 60;
    w.here |= w.here << 4;
    return w;
}

/* Words of eight and more with a digit, but for identifiers, are few. */
static size_t look_at_word(
    struct str text, size_t at, size_t end, size_t done, struct view_edits *out)
{
    size_t start = at, n = 0;
    char digits[LOOKS_MAX];
    while (start > done && at - start < LOOKS_MAX &&
           isalnum((unsigned char)text.p[start - 1]))
        start--;
    if (end - start >= LOOKS_MIN && end - start <= LOOKS_MAX)
        n = read_looks(str_sub(text, start, end), digits);
    if (n != 0)
        view_edits_add(out, start, end, str_make(digits, n));
    return end;
}

size_t turn_find_looks(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    size_t done = from;
    uint64_t before = ~UINT64_C(0); /* a word may begin in front of `from` */
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        struct long_words words =
            find_long(b->kinds[MARK_WORD], b[1].kinds[MARK_WORD]);
        uint64_t bits =
            b->kinds[MARK_DIGIT] & ~b->kinds[MARK_UUID] & (words.here | before);
        for (before = words.behind; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at >= done && at < to)
                done = look_at_word(marks->text, at,
                    marks_run_end(marks, MARK_WORD, at), done, out);
        }
    }
    return done > to ? done : to;
}

/* ---- number words as one ---- */

/* The number word of that length at the word's beginning: its digit, or 0. */
static char digit_of(struct str word)
{
    for (size_t i = 0; i < turn_word_count; i++)
        if (((turn_words[i].word[0] ^ word.p[0]) & 0x5f) == 0 &&
            isdigit((unsigned char)turn_words[i].digit) &&
            str_is_nocase(word, turn_words[i].word))
            return turn_words[i].digit;
    return '\0';
}

/* The number words at text[at]: where each ends, its length is noted, if
 * nothing else ends there.  The farthest of these ends, or `at`. */
static size_t note_words(
    struct str text, size_t at, unsigned char lengths[GLUED_MAX + 1])
{
    size_t farthest = at;
    for (size_t i = 0; i < turn_word_count; i++) {
        const char *word = turn_words[i].word;
        if (((word[0] ^ text.p[at]) & 0x5f) != 0 ||
            !isdigit((unsigned char)turn_words[i].digit))
            continue;
        size_t n = strlen(word);
        if (n < WORD_MIN || n > WORD_MAX || at + n > text.n ||
            lengths[at + n] != 0 ||
            !str_is_nocase(str_sub(text, at, at + n), word))
            continue;
        lengths[at + n] = (unsigned char)n;
        farthest = at + n > farthest ? at + n : farthest;
    }
    return farthest;
}

/* By which last word each place is reached from the beginning: its length. */
static bool reach(struct str word, unsigned char lengths[GLUED_MAX + 1])
{
    size_t farthest = 0;
    memset(lengths, 0, GLUED_MAX + 1);
    for (size_t at = 0; at <= farthest && at < word.n; at++) {
        size_t end =
            at == 0 || lengths[at] != 0 ? note_words(word, at, lengths) : at;
        farthest = end > farthest ? end : farthest;
    }
    return lengths[word.n] != 0;
}

static void add_glued(
    struct str text, size_t start, size_t end, struct view_edits *out)
{
    unsigned char lengths[GLUED_MAX + 1];
    char digits[GLUED_MAX];
    struct str word = str_sub(text, start, end);
    size_t n = 0;
    if (!reach(word, lengths))
        return;
    for (size_t at = word.n; at > 0; at -= lengths[at])
        digits[GLUED_MAX - ++n] = digit_of(str_sub(word, at - lengths[at], at));
    if (n >= WORDS_MIN)
        view_edits_add(out, start, end, str_make(digits + GLUED_MAX - n, n));
}

size_t turn_find_glued(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    size_t at = from;
    while ((at = marks_next_run(marks, MARK_WORD, at, to, GLUED_MIN)) < to) {
        size_t end = marks_run_end(marks, MARK_WORD, at);
        if (end - at <= GLUED_MAX && end <= to &&
            marks_next(marks, MARK_DIGIT, at, end) == end)
            add_glued(marks->text, at, end, out);
        at = end;
    }
    return at;
}
