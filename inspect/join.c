/*
 * What stands between two pieces is a joiner of some kind: tokens, whose
 * pieces look like a token's, halves told of in words, messages.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/join_parts.h"

enum {
    PIECE_MAX = 256,
    TOKEN_MIN = 16,  /* of both pieces */
    WRAPPED_MIN = 8, /* at a line's end; shorter ones are words */
    FILE_ENDING_MAX = 4,
    ITEM_MAX = 8, /* of a list of pieces of one length */
};

static inline bool is_quote(char c)
{
    return (join_class_of(c) & JOINS_QUOTE) != 0;
}

static inline bool is_blank_or_mark(char c)
{
    return (join_class_of(c) & (JOINS_BLANK | JOINS_MARK)) != 0;
}

/* ---- tokens ---- */

static bool is_token_char(unsigned char c)
{
    static const bool marks[128] = {['_'] = true,
        ['-'] = true,
        ['.'] = true,
        ['/'] = true,
        ['+'] = true,
        ['='] = true,
        ['!'] = true,
        ['@'] = true,
        ['#'] = true,
        ['$'] = true,
        ['%'] = true,
        ['^'] = true,
        ['&'] = true};
    return isalnum(c) || (c < 128 && marks[c]);
}

static size_t piece_start(struct str text, size_t at)
{
    size_t least = at > PIECE_MAX ? at - PIECE_MAX : 0;
    while (at > least && is_token_char((unsigned char)text.p[at - 1]))
        at--;
    return at;
}

static size_t piece_end(struct str text, size_t at)
{
    size_t most = text.n - at > PIECE_MAX ? at + PIECE_MAX : text.n;
    while (at < most && is_token_char((unsigned char)text.p[at]))
        at++;
    return at;
}

/* Letters and digits: no words. */
static bool is_mixed(struct str a, struct str b)
{
    bool has_digit = false, has_letter = false;
    for (size_t i = 0; i < a.n + b.n && !(has_digit && has_letter); i++) {
        unsigned char c = (unsigned char)(i < a.n ? a.p[i] : b.p[i - a.n]);
        has_digit = has_digit || isdigit(c);
        has_letter = has_letter || isalpha(c);
    }
    return has_digit && has_letter;
}

/* No word of prose: a digit, or letters of both cases behind the first one. */
static bool is_made(struct str s)
{
    bool has_digit = false, has_upper = false, has_lower = false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        has_digit = has_digit || isdigit(c);
        has_upper = has_upper || (i > 0 && isupper(c));
        has_lower = has_lower || islower(c);
    }
    return has_digit || (has_upper && has_lower);
}

/* "pkglue.c" */
static bool is_file(struct str s)
{
    size_t n = 0;
    while (n < s.n && islower((unsigned char)s.p[s.n - 1 - n]))
        n++;
    return n > 0 && n <= FILE_ENDING_MAX && n + 1 < s.n &&
           s.p[s.n - 1 - n] == '.';
}

/* Pieces on both sides of a line end; at the second one's there may stand what
 * lines of a list or of a comment begin with. */
static bool is_wrapped_token(struct str left, struct str right, bool is_bare)
{
    bool is_left = is_made(left), is_right = is_made(right);
    return left.n >= WRAPPED_MIN && !is_file(left) && !is_file(right) &&
           (is_bare ? is_left || is_right : is_left && is_right);
}

static bool is_single(struct str text, size_t end, size_t next)
{
    return end >= 2 && is_quote(text.p[end]) &&
           text.p[end - 2] == text.p[end] &&
           join_at(text, next + 1) == text.p[end];
}

static bool is_uuid(const struct marks *marks, size_t at)
{
    return at >= marks->from && at + UUID_BYTES <= marks->to
               ? marks_at_uuid(marks, at)
               : marks_is_uuid(marks->text, at);
}

/* A joiner begins at `end`, where a piece ends. */
static void join_token(
    const struct marks *marks, size_t end, struct view_edits *out)
{
    struct str text = marks->text;
    unsigned kind;
    size_t next = join_read_signs(text, end, &kind);
    if (next == 0 || next >= text.n)
        return;
    if (kind == JOIN_LINE &&
        (is_uuid(marks, next) ||
            (end >= UUID_BYTES && is_uuid(marks, end - UUID_BYTES))))
        return;
    struct str left = str_sub(text, piece_start(text, end), end);
    struct str right = str_sub(text, next, piece_end(text, next));
    if (left.n >= 2 && memcmp(left.p + left.n - 2, "%s", 2) == 0)
        return; /* where pieces go, no piece */
    bool is_wrapped = memchr(text.p + end, '\n', next - end) != NULL;
    bool is_code = kind == JOIN_CODE && left.n > 0 && right.n > 0;
    is_code = is_code || (kind == JOIN_SOFT && left.n > 1 && right.n > 1) ||
              (kind == JOIN_LIST && left.n >= right.n && left.n <= ITEM_MAX);
    if (is_code || is_single(text, end, next) ||
        (left.n >= 2 && right.n >= 2 && left.n + right.n >= TOKEN_MIN &&
            is_mixed(left, right) &&
            (!is_wrapped || is_wrapped_token(left, right,
                                kind == JOIN_LINE || kind == '\\')) &&
            join_read_words_behind(text, end, next) == 0))
        join_take_out(out, end, next);
}

/* The piece before a line end: blanks and a backslash may stand between. */
static size_t before_line(struct str text, size_t at)
{
    size_t end = at;
    if (end > 0 && text.p[end - 1] == '\r')
        end--;
    if (end > 0 && join_is_soft_break(text, end - 1))
        return end - 1;
    if (end > 0 && text.p[end - 1] == '\\')
        end--;
    while (end > 0 && at - end < 8 && text.p[end - 1] == ' ')
        end--;
    return end;
}

/* Bytes of a piece in front of `at`, at most MARK_BLOCK. */
static unsigned count_before(const struct marks *marks, size_t at)
{
    uint64_t others = ~marks_before(marks, MARK_PIECE, at);
    return others != 0 ? (unsigned)__builtin_clzll(others) : MARK_BLOCK;
}

/* Whether a digit is among the bytes of a piece in front of `at`, or from it
 * on; so is a piece that is too long for a look. */
static bool has_digit_before(const struct marks *marks, size_t at)
{
    uint64_t digits = marks_before(marks, MARK_DIGIT, at);
    unsigned n = count_before(marks, at);
    return n == MARK_BLOCK || (n > 0 && digits >> (MARK_BLOCK - n) != 0);
}

static bool has_digit_behind(const struct marks *marks, size_t at)
{
    uint64_t others = ~marks_window(marks, MARK_PIECE, at);
    uint64_t digits = marks_window(marks, MARK_DIGIT, at);
    unsigned n = others != 0 ? (unsigned)__builtin_ctzll(others) : MARK_BLOCK;
    return n == MARK_BLOCK || (digits & ~(~UINT64_C(0) << n)) != 0;
}

/* Whether the pieces in front of a mark and behind it are long enough, if a
 * look at them says so. */
static bool may_be_pieces(const struct marks *marks, size_t at)
{
    char next = join_at(marks->text, at + 1);
    if (is_blank_or_mark(next))
        return true;
    uint64_t before = ~marks_before(marks, MARK_PIECE, at);
    uint64_t behind = ~marks_window(marks, MARK_PIECE, at + 1);
    return before == 0 || behind == 0 ||
           __builtin_clzll(before) + __builtin_ctzll(behind) >= TOKEN_MIN;
}

/* The same of the piece behind what a line begins with, blanks and signs; one
 * that goes on behind a look may have a digit there. */
static bool may_have_digit(const struct marks *marks, size_t at)
{
    uint64_t others = ~marks_window(marks, MARK_PIECE, at);
    unsigned n = others != 0 ? (unsigned)__builtin_clzll(others) : MARK_BLOCK;
    uint64_t before = n == 0 ? ~UINT64_C(0) : ~UINT64_C(0) >> (n - 1) >> 1;
    return marks_window(marks, MARK_DIGIT, at) != 0 ||
           (marks_window(marks, MARK_WORD, at) & before) == 0;
}

/* How the names of read_operator begin. */
static bool may_be_name(char first, char second)
{
    switch (first) {
    case 'a':
        return second == 'p' || second == 'd';
    case 'c':
        return second == 'o' || second == 'a';
    case 'p':
        return second == 'l';
    default:
        return second == 't';
    }
}

/* Whether another quote may open behind the one at `at`: what read_quotes goes
 * on with is seen behind a blank. */
static bool may_open_again(struct str text, size_t at, char next)
{
    static const char signs[] = "+.,&~|\\_^(){[$-/";
    size_t place = at + 1;
    if (next == ' ') {
        next = join_at(text, ++place);
        if (next == ']' || next == '}')
            return true;
        if (strchr("@fburRF", next) != NULL)
            return next == '\0' || join_at(text, place + 1) == text.p[at];
    }
    if ((join_class_of(next) & JOINS_ALPHA) != 0)
        return strchr("caspS", next) != NULL &&
               may_be_name(next, join_at(text, place + 1));
    return (join_class_of(next) & JOINS_BLANK) != 0 || next == text.p[at] ||
           strchr(signs, next) != NULL;
}

/* Whether there may be a joiner at `at`, with a token's pieces around it. */
static bool may_join_token(const struct marks *marks, size_t at, size_t end)
{
    struct str text = marks->text;
    char next = join_at(text, at + 1);
    switch (text.p[at]) {
    case '"':
    case '\'':
    case '`': /* what read_quotes goes on with; an object or a list that ends
               * there is none of pieces */
        if (next == '}')
            return join_at(text, at + 2) == '{' || join_at(text, at + 2) == '$';
        return may_open_again(text, at, next);
    case '<':
        return isalpha((unsigned char)next) || next == '/' || next == '!';
    case '\n': /* is_wrapped_token */
        return join_is_soft_break(text, end) ||
               (count_before(marks, end) >= WRAPPED_MIN &&
                   (has_digit_before(marks, end) ||
                       (is_blank_or_mark(next)
                               ? may_have_digit(marks, at + 1)
                               : has_digit_behind(marks, at + 1))));
    case '*':
    case '|':
        return may_be_pieces(marks, at);
    default:
        return true;
    }
}

/* Those of a block's joints where a token may be joined, by their bits: a piece
 * ends there, before a line end a longer one, or what may stand between a
 * piece and its line end. */
static uint64_t find_joints(const struct marks *marks, size_t block)
{
    const struct mark_block *b = marks_block(marks, block);
    uint64_t joints = b->kinds[MARK_JOINT], ink = b->kinds[MARK_INK];
    if (joints == 0)
        return 0;
    uint64_t lines = joints & ~ink, pieces = b->kinds[MARK_PIECE];
    uint64_t last = 0, odd = ~ink | b->kinds[MARK_ESCAPE] | joints;
    uint64_t before = pieces << 1, behind = odd << 1;
    if (block > marks->from) {
        last = b[-1].kinds[MARK_PIECE];
        before |= last >> (MARK_BLOCK - 1);
        behind |= (~b[-1].kinds[MARK_INK] | b[-1].kinds[MARK_ESCAPE] |
                      b[-1].kinds[MARK_JOINT]) >>
                  (MARK_BLOCK - 1);
    }
    _Static_assert((int)WRAPPED_MIN == 8, "three steps");
    uint64_t row = pieces & (pieces << 1 | last >> 63);
    last &= last << 1;
    row &= row << 2 | last >> 62;
    last &= last << 2;
    row &= row << 4 | last >> 60;
    row = row << 1 | (last & last << 4) >> 63;
    return (joints & ink & before) | (lines & (row | behind)) |
           (block == marks->from ? joints & 1 : 0);
}

size_t join_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t bits = find_joints(marks, block);
        if (block < from)
            bits &= ~UINT64_C(0) << from % MARK_BLOCK;
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at >= to)
                return to;
            size_t end = text.p[at] == '\n' ? before_line(text, at) : at;
            if (end > 0 && is_token_char((unsigned char)text.p[end - 1]) &&
                may_join_token(marks, at, end))
                join_token(marks, end, out);
        }
    }
    return to;
}

/* ---- halves and messages ---- */

static const char *find(struct str text, size_t from, size_t to, struct str s)
{
    return from < to ? memmem(text.p + from, to - from, s.p, s.n) : NULL;
}

static size_t value_end(struct str text, size_t at)
{
    size_t most = text.n - at > PIECE_MAX ? at + PIECE_MAX : text.n;
    while (at < most && strchr(" \t\r\n,;\"'`", text.p[at]) == NULL)
        at++;
    return at;
}

size_t join_find_halves(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    const char *hit;
    for (size_t at = from; (hit = find(text, at, to, STR("irst "))) != NULL;) {
        size_t first = (size_t)(hit - text.p);
        at = first + 5;
        size_t start = join_read_words(text, first + 5);
        if (start == 0 || first == 0)
            continue;
        size_t end = value_end(text, start);
        size_t next = join_read_words(text, end);
        if (next == 0 || next >= text.n)
            continue;
        join_take_out(out, first - 1, start);
        join_take_out(out, end, next);
        at = next;
    }
    return to;
}

/* The text of the string that begins at `at`; 0: there is none. */
static size_t string_end(struct str text, size_t at)
{
    while (at < text.n && text.p[at] != '"')
        at += text.p[at] == '\\' ? 2 : 1;
    return at < text.n ? at : 0;
}

static size_t read_key(struct str text, size_t at, struct str key)
{
    const char *hit = find(text, at, str_sub(text, 0, at + 64).n, key);
    if (hit == NULL)
        return 0;
    at = join_skip_blanks(text, (size_t)(hit - text.p) + key.n);
    if (join_at(text, at) != ':')
        return 0;
    at = join_skip_blanks(text, at + 1);
    return join_at(text, at) == '"' ? at + 1 : 0;
}

size_t join_find_messages(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    const char *hit;
    size_t before = 0, at = from;
    while ((hit = find(text, at, to, STR("\"role\""))) != NULL) {
        size_t role = (size_t)(hit - text.p);
        at = role + 6;
        size_t value = read_key(text, role, STR("\"role\""));
        if (value == 0 || !str_starts(str_sub(text, value, text.n), "user\""))
            continue;
        size_t start = read_key(text, value, STR("\"content\""));
        size_t end = start != 0 ? string_end(text, start) : 0;
        if (end == 0)
            continue;
        if (before != 0)
            join_take_out(out, before, start);
        before = at = end;
    }
    return at > to ? at : to;
}
