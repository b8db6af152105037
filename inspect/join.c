/*
 * What stands between two pieces is a joiner of some kind; a number's pieces
 * all have one kind between them, a token's pieces look like a token's.
 */
#include "inspect/join.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum {
    NUMBER_MIN = 8, /* digits of all pieces */
    NUMBER_MAX = 40,
    PIECES_MAX = 64,
    PIECE_MAX = 256,
    TAGS_MAX = 200,
    BLANKS_MAX = 64, /* indentation */
    WORDS_MAX_BYTES = 48,
    TOKEN_MIN = 16,  /* of both pieces */
    WRAPPED_MIN = 8, /* at a line's end; shorter ones are words */
    FILE_ENDING_MAX = 4,
    COMMENT_MAX = 80,
    OPERATOR_MAX = 24,
    ITEM_MAX = 8, /* of a list of pieces of one length */
};

/* Marks are themselves. */
enum {
    JOIN_BLANK = 256,
    JOIN_LINE,
    JOIN_TAG,
    JOIN_CODE,
    JOIN_LIST,
    JOIN_SOFT,
    JOIN_WORDS
};

static inline char at_of(struct str text, size_t at)
{
    return at < text.n ? text.p[at] : '\0';
}

static inline bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Stands between the pieces of a value. */
static inline bool is_mark(char c)
{
    static const bool marks[128] = {[','] = true,
        [';'] = true,
        ['|'] = true,
        ['/'] = true,
        ['.'] = true,
        ['-'] = true,
        ['_'] = true,
        [':'] = true,
        ['+'] = true,
        ['*'] = true,
        ['~'] = true,
        ['#'] = true,
        ['>'] = true,
        ['\\'] = true};
    return (unsigned char)c < 128 && marks[(unsigned char)c];
}

static inline size_t skip_blanks(struct str text, size_t at)
{
    size_t most = at + BLANKS_MAX < text.n ? at + BLANKS_MAX : text.n;
    while (at < most && is_blank(text.p[at]))
        at++;
    return at;
}

/* ---- joiners ---- */

/* Tags and comments, with blanks between. */
static size_t read_tags(struct str text, size_t at)
{
    size_t most = at + TAGS_MAX, end = 0;
    while (at_of(text, at) == '<' && at < most) {
        char next = at_of(text, at + 1);
        size_t limit = str_sub(text, at, most).n;
        const char *close = memchr(text.p + at, '>', limit);
        if (close == NULL ||
            !(isalpha((unsigned char)next) || next == '/' || next == '!'))
            break;
        end = at = skip_blanks(text, (size_t)(close - text.p) + 1);
    }
    return end;
}

/* What joins the halves of a value in words; telling: not just any text. */
static const struct {
    const char *word;
    bool is_telling;
} joining[] = {{"1", 0}, {"2", 0}, {"2nd", 1}, {"and", 0}, {"are", 0},
    {"as", 0}, {"bit", 0}, {"by", 0}, {"chunk", 0}, {"comes", 0}, {"con", 0},
    {"continues", 1}, {"danach", 1}, {"dann", 1}, {"der", 0}, {"deuxieme", 1},
    {"die", 0}, {"digits", 0}, {"end", 1}, {"endet", 1}, {"ending", 1},
    {"ends", 1}, {"et", 0}, {"finally", 1}, {"followed", 1}, {"fourth", 1},
    {"gefolgt", 1}, {"half", 1}, {"in", 0}, {"is", 0}, {"it", 0}, {"la", 0},
    {"last", 1}, {"le", 0}, {"luego", 1}, {"mit", 0}, {"my", 0}, {"next", 1},
    {"number", 0}, {"numbers", 0}, {"of", 0}, {"one", 0}, {"other", 1},
    {"part", 0}, {"piece", 0}, {"plus", 0}, {"por", 0}, {"puis", 1},
    {"remaining", 1}, {"rest", 1}, {"right", 1}, {"second", 1}, {"section", 0},
    {"seguido", 1}, {"segunda", 1}, {"suffix", 1}, {"suivi", 1}, {"tail", 1},
    {"teil", 0}, {"termina", 1}, {"the", 0}, {"then", 1}, {"third", 1},
    {"two", 0}, {"und", 0}, {"von", 0}, {"which", 0}, {"with", 0},
    {"zweite", 1}};

/* By the first two letters; most words are none. */
static bool may_be_joining(char first, char second)
{
    static const uint32_t seconds[32] = {
        ['a' & 31] = 1u << ('n' & 31) | 1u << ('r' & 31) | 1u << ('s' & 31),
        ['b' & 31] = 1u << ('i' & 31) | 1u << ('y' & 31),
        ['c' & 31] = 1u << ('h' & 31) | 1u << ('o' & 31),
        ['d' & 31] = 1u << ('a' & 31) | 1u << ('e' & 31) | 1u << ('i' & 31),
        ['e' & 31] = 1u << ('n' & 31) | 1u << ('t' & 31),
        ['f' & 31] = 1u << ('i' & 31) | 1u << ('o' & 31),
        ['g' & 31] = 1u << ('e' & 31),
        ['h' & 31] = 1u << ('a' & 31),
        ['i' & 31] = 1u << ('n' & 31) | 1u << ('s' & 31) | 1u << ('t' & 31),
        ['l' & 31] = 1u << ('a' & 31) | 1u << ('e' & 31) | 1u << ('u' & 31),
        ['m' & 31] = 1u << ('i' & 31) | 1u << ('y' & 31),
        ['n' & 31] = 1u << ('e' & 31) | 1u << ('u' & 31),
        ['o' & 31] = 1u << ('f' & 31) | 1u << ('n' & 31) | 1u << ('t' & 31),
        ['p' & 31] = 1u << ('a' & 31) | 1u << ('i' & 31) | 1u << ('l' & 31) |
                     1u << ('o' & 31) | 1u << ('u' & 31),
        ['r' & 31] = 1u << ('e' & 31) | 1u << ('i' & 31),
        ['s' & 31] = 1u << ('e' & 31) | 1u << ('u' & 31),
        ['t' & 31] = 1u << ('a' & 31) | 1u << ('e' & 31) | 1u << ('h' & 31) |
                     1u << ('w' & 31),
        ['u' & 31] = 1u << ('n' & 31),
        ['v' & 31] = 1u << ('o' & 31),
        ['w' & 31] = 1u << ('h' & 31) | 1u << ('i' & 31),
        ['z' & 31] = 1u << ('w' & 31),
    };
    return (seconds[first & 31] >> (second & 31) & 1) != 0;
}

static bool is_joining(struct str word, bool *is_telling)
{
    if (word.n == 0 || word.n > 9 ||
        (isalpha((unsigned char)word.p[0]) &&
            (word.n < 2 || !may_be_joining(word.p[0], word.p[1]))))
        return false;
    unsigned char first = (unsigned char)(word.p[0] | 0x20);
    size_t low = 0, high = ARRAY_LEN(joining); /* they are sorted */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((unsigned char)joining[middle].word[0] < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < ARRAY_LEN(joining) &&
           (unsigned char)joining[low].word[0] == first;
         low++) {
        if ((word.n > 1 && ((joining[low].word[1] ^ word.p[1]) & 31) != 0) ||
            !str_is_nocase(word, joining[low].word))
            continue;
        *is_telling = *is_telling || joining[low].is_telling;
        return true;
    }
    return false;
}

static bool is_word_gap(char c)
{
    static const bool gaps[128] = {[','] = true,
        [';'] = true,
        [':'] = true,
        ['.'] = true,
        ['-'] = true,
        ['='] = true,
        ['>'] = true,
        ['('] = true,
        ['"'] = true,
        ['\''] = true,
        ['`'] = true,
        ['*'] = true};
    return is_blank(c) || ((unsigned char)c < 128 && gaps[(unsigned char)c]);
}

/* "half", "and the second half is": glue, and at least one telling word. */
size_t join_read_words(struct str text, size_t at)
{
    size_t most = at + WORDS_MAX_BYTES;
    bool is_telling = false;
    for (;;) {
        while (at < text.n && is_word_gap(text.p[at]))
            at++;
        size_t end = at;
        while (
            end < text.n && end < most && isalnum((unsigned char)text.p[end]))
            end++;
        if (end >= most || !is_joining(str_sub(text, at, end), &is_telling))
            return is_telling && end > at ? at : 0;
        at = end;
    }
}

/* Blanks and comments. */
static size_t skip_comments(struct str text, size_t at)
{
    at = skip_blanks(text, at);
    while (str_starts(str_sub(text, at, text.n), "/*")) {
        struct str rest = str_sub(text, at, at + COMMENT_MAX);
        const char *end = memmem(rest.p, rest.n, "*/", 2);
        if (end == NULL)
            return at;
        at = skip_blanks(text, at + (size_t)(end - rest.p) + 2);
    }
    return at;
}

/* What puts strings together: signs, brackets of calls and templates, "concat";
 * at most one name. */
static size_t read_operator(struct str text, size_t at, bool *is_list)
{
    static const char *const names[] = {
        "concat", "append", "add", "plus", "str", "String", "cat"};
    bool has_name = false;
    size_t most = at + OPERATOR_MAX;
    while (at < text.n && at < most) {
        char c = text.p[at];
        if (isalpha((unsigned char)c)) {
            size_t end = at, i = 0;
            while (isalpha((unsigned char)at_of(text, end)) && end - at < 8)
                end++;
            struct str name = str_sub(text, at, end);
            while (i < ARRAY_LEN(names) && !str_is(name, names[i]))
                i++;
            if (i == ARRAY_LEN(names) || has_name)
                return at;
            has_name = true;
            at = end;
        } else if (strchr("+.,&~|\\_^(){}[]$-", c) != NULL && c != '\0') {
            *is_list = *is_list || c == ',' || c == ']' || c == '-';
            at = skip_comments(text, at + 1);
        } else {
            return at;
        }
    }
    return at;
}

/* A quote that closes, perhaps an operator, a quote that opens. */
static size_t read_quotes(struct str text, size_t at, unsigned *kind)
{
    char quote = text.p[at];
    bool is_list = false;
    size_t begin = skip_comments(text, at + 1);
    size_t end = read_operator(text, begin, &is_list);
    *kind = is_list ? JOIN_LIST : JOIN_CODE;
    if (end == at + 1 && at_of(text, end) != quote)
        return 0; /* a quote in a quoted text */
    if (strchr("fburRF$@", at_of(text, end)) != NULL && at_of(text, end) != 0)
        end++;
    return at_of(text, end) == quote ? end + 1 : 0;
}

static size_t read_mark(struct str text, size_t at, unsigned *kind)
{
    size_t end = skip_blanks(text, at);
    char mark = at_of(text, end);
    *kind = JOIN_BLANK;
    if (end != at && memchr(text.p + at, '\n', end - at) != NULL)
        *kind = JOIN_LINE;
    if (!is_mark(mark))
        return end;
    for (size_t n = 0; at_of(text, end) == mark && n < 6; n++)
        end++;
    *kind = (unsigned char)mark;
    return skip_blanks(text, end);
}

/* "=" at a line end, as quoted-printable breaks lines; "^", "`" of shells. */
static inline bool is_soft_break(struct str text, size_t at)
{
    char c = at_of(text, at);
    return (c == '=' || c == '^' || c == '`') &&
           (at_of(text, at + 1) == '\n' ||
               str_starts(str_sub(text, at + 1, at + 3), "\r\n"));
}

/* The joiner at `at`, but for words: its end, or 0. */
static size_t read_signs(struct str text, size_t at, unsigned *kind)
{
    char c = at_of(text, at);
    if (is_soft_break(text, at)) {
        *kind = c == '=' ? JOIN_SOFT : JOIN_LINE;
        return text.p[at + 1] == '\n' ? at + 2 : at + 3;
    }
    if (c == '<') {
        *kind = JOIN_TAG;
        return read_tags(text, at);
    }
    if (is_quote(c))
        return read_quotes(text, at, kind);
    return is_blank(c) || is_mark(c) ? read_mark(text, at, kind) : 0;
}

/* Behind words that join, if those follow the signs from `at` to `end`; 0:
 * none do. */
static size_t read_words_behind(struct str text, size_t at, size_t end)
{
    char c = at_of(text, at);
    bool may_be = end != 0 && (is_blank(c) || is_mark(c)) &&
                  !is_soft_break(text, at) &&
                  isalpha((unsigned char)at_of(text, end));
    return may_be ? join_read_words(text, at) : 0;
}

/* The joiner at `at`: its end, or 0. */
static size_t read_joiner(struct str text, size_t at, unsigned *kind)
{
    size_t end = read_signs(text, at, kind);
    size_t words = read_words_behind(text, at, end);
    if (words != 0)
        *kind = JOIN_WORDS;
    return words != 0 ? words : end;
}

static void take_out(struct view_edits *out, size_t start, size_t end)
{
    view_edits_add(out, start, end, STR(""));
}

/* ---- numbers ---- */

static size_t digits_end(struct str text, size_t at)
{
    while (at < text.n && isdigit((unsigned char)text.p[at]))
        at++;
    return at;
}

struct gap {
    size_t start, end;
};

/* The word around text[start, end) is hexadecimal and much longer: a hash,
 * which has such runs of digits by itself. */
static bool is_in_hash(struct str text, size_t start, size_t end)
{
    enum { HASH_MIN = 24 };
    size_t n = end - start;
    while (start > 0 && isxdigit((unsigned char)text.p[start - 1]) &&
           n < 4 * HASH_MIN) {
        start--;
        n++;
    }
    while (isxdigit((unsigned char)at_of(text, end)) && n < 4 * HASH_MIN) {
        end++;
        n++;
    }
    return n >= HASH_MIN;
}

/* Digits glued to letters get blanks around them: returns their end. */
static size_t free_number(struct str text, size_t at, struct view_edits *out)
{
    char freed[NUMBER_MAX + 2];
    size_t end = digits_end(text, at), n = end - at;
    bool is_glued = (at > 0 && (isalpha((unsigned char)text.p[at - 1]) ||
                                   text.p[at - 1] == '_')) ||
                    isalpha((unsigned char)at_of(text, end)) ||
                    at_of(text, end) == '_';
    bool is_hex = at >= 2 && text.p[at - 2] == '0' && text.p[at - 1] == 'x';
    if (!is_glued || is_hex || n < NUMBER_MIN || n > NUMBER_MAX ||
        is_in_hash(text, at, end))
        return end;
    freed[0] = freed[n + 1] = ' ';
    memcpy(freed + 1, text.p + at, n);
    view_edits_add(out, at, end, str_make(freed, n + 2));
    return end;
}

/* The pieces from `at` on, which is a digit: returns where the last one
 * begins, for it may be the first of others. */
static size_t join_number(struct str text, size_t at, struct view_edits *out)
{
    struct gap gaps[PIECES_MAX];
    size_t count = 0, total = 0, last = at;
    unsigned kind = 0, next_kind = 0;
    bool is_each = true; /* digit: then separators may differ */
    for (;;) {
        size_t end = digits_end(text, at);
        is_each = is_each && end - at == 1;
        total += end - at;
        last = at;
        if (count == PIECES_MAX || end - at > NUMBER_MAX)
            break;
        size_t next = read_joiner(text, end, &next_kind);
        if (next == 0 || !isdigit((unsigned char)at_of(text, next)) ||
            (count > 0 && next_kind != kind && !is_each))
            break;
        kind = next_kind;
        gaps[count++] = (struct gap){end, next};
        at = next;
    }
    if (count == 0)
        return free_number(text, at, out);
    if (total >= NUMBER_MIN && total <= NUMBER_MAX)
        for (size_t i = 0; i < count; i++)
            take_out(out, gaps[i].start, gaps[i].end);
    return last;
}

/* Whether digits that end at `at` may have others joined to them: what
 * read_joiner would not take is most often seen at two or three bytes. */
static bool may_be_joined(struct str text, size_t at)
{
    char c = at_of(text, at);
    if (c == '<') {
        c = at_of(text, at + 1);
        return isalpha((unsigned char)c) || c == '/' || c == '!';
    }
    if (!is_blank(c) && !is_mark(c))
        return is_quote(c) || is_soft_break(text, at);
    at += is_mark(c) ? 1 : 0;
    at += at_of(text, at) == ' ' ? 1 : 0;
    c = at_of(text, at);
    if (isalpha((unsigned char)c))
        return may_be_joining(c, at_of(text, at + 1));
    return isdigit((unsigned char)c) || is_blank(c) || is_mark(c);
}

/* Where the digits begin that are joined to those which end at `at`, 0: there
 * are none. */
static inline size_t next_group(struct str text, size_t at)
{
    unsigned kind = 0;
    char c = at_of(text, at);
    if ((c == ' ' || is_mark(c)) &&
        (unsigned char)(at_of(text, at + 1) - '0') < 10)
        return at + 1;
    if (!may_be_joined(text, at))
        return 0;
    size_t next = read_joiner(text, at, &kind);
    return next != 0 && isdigit((unsigned char)at_of(text, next)) ? next : 0;
}

/* Whether the digits text[at, end) and all that are joined to them, by
 * whatever, are enough for a number; if not: behind the last of them. */
static bool is_enough(
    const struct marks *marks, size_t at, size_t end, size_t *behind_out)
{
    size_t total = end - at;
    while (total < NUMBER_MIN) {
        *behind_out = end;
        at = next_group(marks->text, end);
        if (at == 0)
            return false;
        end = marks_run_end(marks, MARK_DIGIT, at);
        total += end - at;
    }
    return true;
}

size_t join_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct mark_runs runs = marks_runs(marks, MARK_DIGIT, from, to);
    size_t at, end, done = to > from ? from : to;
    while (marks_next_of(&runs, &at, &end)) {
        if (at < done || (marks_window(marks, MARK_UUID, at) & 1) != 0)
            continue;
        if (!is_enough(marks, at, end, &done))
            continue;
        size_t next = join_number(marks->text, at, out);
        done = next > at ? next : end;
    }
    return done > to ? done : to;
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
           at_of(text, next + 1) == text.p[end];
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
    size_t next = read_signs(text, end, &kind);
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
            read_words_behind(text, end, next) == 0))
        take_out(out, end, next);
}

/* The piece before a line end: blanks and a backslash may stand between. */
static size_t before_line(struct str text, size_t at)
{
    size_t end = at;
    if (end > 0 && text.p[end - 1] == '\r')
        end--;
    if (end > 0 && is_soft_break(text, end - 1))
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
    char next = at_of(marks->text, at + 1);
    if (is_blank(next) || is_mark(next))
        return true;
    uint64_t before = ~marks_before(marks, MARK_PIECE, at);
    uint64_t behind = ~marks_window(marks, MARK_PIECE, at + 1);
    return before == 0 || behind == 0 ||
           __builtin_clzll(before) + __builtin_ctzll(behind) >= TOKEN_MIN;
}

/* Whether another quote may open behind the one at `at`: what read_quotes goes
 * on with is seen behind a blank. */
static bool may_open_again(struct str text, size_t at, char next)
{
    static const char signs[] = "+.,&~|\\_^(){[$-/caspS";
    if (next == ' ') {
        next = at_of(text, at + 2);
        if (strchr("]}@fburRF", next) != NULL)
            return true;
    }
    return is_blank(next) || next == text.p[at] || strchr(signs, next) != NULL;
}

/* Whether there may be a joiner at `at`, with a token's pieces around it. */
static bool may_join_token(const struct marks *marks, size_t at, size_t end)
{
    struct str text = marks->text;
    char next = at_of(text, at + 1);
    switch (text.p[at]) {
    case '"':
    case '\'':
    case '`': /* what read_quotes goes on with; an object or a list that ends
               * there is none of pieces */
        if (next == '}')
            return at_of(text, at + 2) == '{' || at_of(text, at + 2) == '$';
        return may_open_again(text, at, next);
    case '<':
        return isalpha((unsigned char)next) || next == '/' || next == '!';
    case '\n': /* is_wrapped_token */
        return is_soft_break(text, end) ||
               (count_before(marks, end) >= WRAPPED_MIN &&
                   (is_blank(next) || is_mark(next) ||
                       has_digit_before(marks, end) ||
                       has_digit_behind(marks, at + 1)));
    case '*':
    case '|':
        return may_be_pieces(marks, at);
    default:
        return true;
    }
}

size_t join_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    for (size_t at = from; (at = marks_next(marks, MARK_JOINT, at, to)) < to;
         at++) {
        size_t end = text.p[at] == '\n' ? before_line(text, at) : at;
        if (end > 0 && is_token_char((unsigned char)text.p[end - 1]) &&
            may_join_token(marks, at, end))
            join_token(marks, end, out);
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
        take_out(out, first - 1, start);
        take_out(out, end, next);
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
    at = skip_blanks(text, (size_t)(hit - text.p) + key.n);
    if (at_of(text, at) != ':')
        return 0;
    at = skip_blanks(text, at + 1);
    return at_of(text, at) == '"' ? at + 1 : 0;
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
            take_out(out, before, start);
        before = at = end;
    }
    return at > to ? at : to;
}
