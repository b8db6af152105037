/*
 * Pieces that are told of in another order than they stand in the value: "the
 * second half is 1111 1111 and the first half 4111 1111", "last four 1111,
 * first twelve 4111 …", "ends with …, starts with …".
 *
 * Words of sport and trade tell of halves, too: both pieces must be digits
 * that make a number, or parts of a token, and nothing else may stand between
 * the words and their pieces.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/join_parts.h"

enum {
    WORD_MAX = 12,
    LATE_MIN = 3,  /* "end", "2nd" */
    WORDS_MAX = 6, /* between "last" and its piece */
    NEAR_MAX = 160,
    DIGITS_MIN = 2, /* of a piece */
    NUMBER_MIN = 8, /* of both */
    NUMBER_MAX = 40,
    TOKEN_MIN = 16,
    PIECE_MAX = 160,
};

struct piece {
    size_t start, end; /* in the text */
    struct buf value;  /* without separators */
    bool is_number;
};

static bool is_word(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (((words[i][0] ^ word.p[0]) & 31) == 0 &&
            str_is_nocase(word, words[i]))
            return true;
    return false;
}

static struct str word_at(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && isalnum((unsigned char)text.p[end]))
        end++;
    return str_sub(text, at, end);
}

/* What a piece comes first or last in. */
static bool is_early(struct str word)
{
    static const char *const words[] = {"first", "1st", "starts", "starting",
        "start", "begins", "beginning", "begin", "prefix", "erste", "erster",
        "ersten", "anfang", "beginnt"};
    return is_word(word, words, ARRAY_LEN(words));
}

static bool is_late(struct str word)
{
    static const char *const words[] = {"second", "2nd", "last", "ends", "end",
        "ending", "final", "suffix", "rest", "remaining", "zweite", "letzte",
        "letzten", "endet"};
    return is_word(word, words, ARRAY_LEN(words));
}

/* What may stand between such a word and its piece. */
static bool is_filling(struct str word)
{
    static const char *const words[] = {"half", "part", "piece", "bit", "chunk",
        "section", "digits", "digit", "numbers", "characters", "chars",
        "letters", "is", "are", "was", "being", "with", "in", "by", "of", "it",
        "the", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        "ten", "eleven", "twelve", "thirteen", "ziffern", "teil", "ist", "mit",
        "auf"};
    bool is_count = word.n <= 2;
    for (size_t i = 0; i < word.n; i++)
        is_count = is_count && isdigit((unsigned char)word.p[i]);
    return is_count || is_word(word, words, ARRAY_LEN(words));
}

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("_-+/=.", c));
}

/* Digits with single separators, or a token's characters. */
static bool read_value(struct str text, size_t at, struct piece *p)
{
    buf_clear(&p->value);
    p->start = p->end = at;
    p->is_number = true;
    for (; at < text.n && p->value.n < PIECE_MAX; at++) {
        char c = text.p[at];
        if (isdigit((unsigned char)c)) {
            buf_append_char(&p->value, c);
            p->end = at + 1;
        } else if ((c != ' ' && c != '-') || p->end != at) {
            break;
        }
    }
    if (!is_token_char(join_at(text, p->end)) ||
        strchr("-.", text.p[p->end]) != NULL)
        return p->value.n >= DIGITS_MIN;
    for (at = p->start; is_token_char(join_at(text, at)); at++)
        if (at - p->start == PIECE_MAX)
            return false; /* and is not read to its end by each such word */
    while (at > p->start && strchr(".-", text.p[at - 1]) != NULL)
        at--;
    buf_clear(&p->value);
    buf_append(&p->value, text.p + p->start, at - p->start);
    p->end = at;
    p->is_number = false;
    return p->value.n >= 2;
}

/* From behind "last" or "first" over what fills to the piece. */
static bool read_piece(struct str text, size_t at, struct piece *p)
{
    for (unsigned i = 0; i < WORDS_MAX; i++) {
        while (at < text.n && strchr(" :=\"'`*(,", text.p[at]) != NULL)
            at++;
        struct str word = word_at(text, at);
        if (word.n == 0 || word.n > WORD_MAX || !is_filling(word))
            return read_value(text, at, p);
        at += word.n;
    }
    return false;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (isdigit((unsigned char)s.p[i]))
            return true;
    return false;
}

static bool is_one(const struct piece *late, const struct piece *early)
{
    size_t n = late->value.n + early->value.n;
    if (late->is_number && early->is_number)
        return n >= NUMBER_MIN && n <= NUMBER_MAX;
    return n >= TOKEN_MIN && (has_digit(buf_str(&late->value)) ||
                                 has_digit(buf_str(&early->value)));
}

/* The word for the piece that comes first, behind the other piece: nothing
 * but a few words and signs between. */
static size_t find_early(struct str text, size_t at)
{
    size_t most = text.n - at > NEAR_MAX ? at + NEAR_MAX : text.n;
    for (unsigned i = 0; at < most && i < WORDS_MAX;) {
        struct str word = word_at(text, at);
        if (is_early(word))
            return at + word.n;
        i += word.n > 0 ? 1u : 0u;
        at += word.n > 0 ? word.n : 1;
    }
    return 0;
}

/* By three letters, without a branch; hardly any other word passes. */
static inline bool may_be_late(const char *p)
{
    enum { A = 1u << ('a' & 31), C = 1u << ('c' & 31), D = 1u << ('d' & 31) };
    enum { E = 1u << ('e' & 31), F = 1u << ('f' & 31), I = 1u << ('i' & 31) };
    enum { M = 1u << ('m' & 31), N = 1u << ('n' & 31), S = 1u << ('s' & 31) };
    enum { T = 1u << ('t' & 31), U = 1u << ('u' & 31), W = 1u << ('w' & 31) };
    static const uint32_t next[32][2] = {
        ['e' & 31] = {N, D},
        ['f' & 31] = {I, N},
        ['l' & 31] = {A | E, S | T},
        ['r' & 31] = {E | N, S | M | D}, /* and "2nd" */
        ['s' & 31] = {E | U, C | F},
        ['z' & 31] = {W, E},
    };
    const uint32_t *of = next[p[0] & 31];
    return (of[0] >> (p[1] & 31) & of[1] >> (p[2] & 31) & 1) != 0;
}

static size_t try_late(struct str text, struct str word, struct piece *late,
    struct piece *early, struct view_edits *out)
{
    size_t start = (size_t)(word.p - text.p), behind = start + word.n, next;
    if (!is_late(word) || !read_piece(text, behind, late) ||
        (next = find_early(text, late->end)) == 0 ||
        !read_piece(text, next, early) || !is_one(late, early))
        return behind;
    buf_append_str(&early->value, buf_str(&late->value));
    view_edits_add(out, late->start, early->end, buf_str(&early->value));
    return early->end;
}

/* Two digits in a block or behind it: of the late piece, or of the one that
 * follows. */
static bool has_digits(const struct mark_block *b)
{
    uint64_t here = b->kinds[MARK_DIGIT], behind = b[1].kinds[MARK_DIGIT];
    return here != 0 ? (here & (here - 1)) != 0 || behind != 0
                     : (behind & (behind - 1)) != 0;
}

/* Where words of the block begin. */
static uint64_t find_words(
    const struct mark_block *b, const struct mark_block *before)
{
    uint64_t words = b->kinds[MARK_WORD];
    uint64_t last =
        before != NULL ? before->kinds[MARK_WORD] >> (MARK_BLOCK - 1) : 0;
    return words & ~(words << 1 | last);
}

size_t join_find_order(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct piece late = {0}, early = {0};
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        if (!has_digits(b))
            continue;
        uint64_t bits = find_words(b, block > marks->from ? b - 1 : NULL);
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at + LATE_MIN > text.n || !may_be_late(text.p + at) ||
                at < done || at >= to)
                continue;
            struct str word = word_at(text, at);
            if (word.n >= LATE_MIN && word.n <= WORD_MAX)
                done = try_late(text, word, &late, &early, out);
        }
    }
    buf_free(&late.value);
    buf_free(&early.value);
    return done > to ? done : to;
}
