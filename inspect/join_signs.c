/*
 * Joiners: what stands between two pieces of a value, as signs, tags, strings
 * that code puts together, or words.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/join_parts.h"

enum {
    TAGS_MAX = 200,
    BLANKS_MAX = 64, /* indentation */
    WORDS_MAX_BYTES = 48,
    COMMENT_MAX = 80,
    OPERATOR_MAX = 24,
    MARKS_MAX = 6,
};

const unsigned char join_class[256] = {
    ['\t'] = JOINS_BLANK | JOINS_GAP,
    ['\n'] = JOINS_BLANK | JOINS_GAP,
    ['\r'] = JOINS_BLANK | JOINS_GAP,
    [' '] = JOINS_BLANK | JOINS_GAP,
    ['"'] = JOINS_QUOTE | JOINS_GAP | JOINS_ODD,
    ['#'] = JOINS_MARK,
    ['\''] = JOINS_QUOTE | JOINS_GAP | JOINS_ODD,
    ['('] = JOINS_GAP,
    ['*'] = JOINS_MARK | JOINS_GAP,
    ['+'] = JOINS_MARK,
    [','] = JOINS_MARK | JOINS_GAP,
    ['-'] = JOINS_MARK | JOINS_GAP,
    ['.'] = JOINS_MARK | JOINS_GAP,
    ['/'] = JOINS_MARK,
    [':'] = JOINS_MARK | JOINS_GAP,
    [';'] = JOINS_MARK | JOINS_GAP,
    ['='] = JOINS_SOFT | JOINS_GAP | JOINS_ODD,
    ['>'] = JOINS_MARK | JOINS_GAP,
    ['\\'] = JOINS_MARK,
    ['^'] = JOINS_SOFT | JOINS_ODD,
    ['_'] = JOINS_MARK,
    ['`'] = JOINS_QUOTE | JOINS_SOFT | JOINS_GAP | JOINS_ODD,
    ['|'] = JOINS_MARK,
    ['~'] = JOINS_MARK,
    ['<'] = JOINS_ODD,
    ['A' ... 'M'] = JOINS_ALPHA,
    ['N'] = JOINS_ALPHA | JOINS_ODD,
    ['O' ... 'Z'] = JOINS_ALPHA,
    ['a' ... 'm'] = JOINS_ALPHA,
    ['n'] = JOINS_ALPHA | JOINS_ODD,
    ['o' ... 'z'] = JOINS_ALPHA,
};

static inline bool is_quote(char c)
{
    return (join_class_of(c) & JOINS_QUOTE) != 0;
}

static inline bool is_blank(char c)
{
    return (join_class_of(c) & JOINS_BLANK) != 0;
}

static inline bool is_mark(char c)
{
    return (join_class_of(c) & JOINS_MARK) != 0;
}

size_t join_skip_blanks(struct str text, size_t at)
{
    size_t most = at + BLANKS_MAX < text.n ? at + BLANKS_MAX : text.n;
    while (at < most && is_blank(text.p[at]))
        at++;
    return at;
}

/* Tags and comments, with blanks between. */
static size_t read_tags(struct str text, size_t at)
{
    size_t most = at + TAGS_MAX, end = 0;
    while (join_at(text, at) == '<' && at < most) {
        char next = join_at(text, at + 1);
        size_t limit = str_sub(text, at, most).n;
        const char *close = memchr(text.p + at, '>', limit);
        if (close == NULL ||
            !(isalpha((unsigned char)next) || next == '/' || next == '!'))
            break;
        end = at = join_skip_blanks(text, (size_t)(close - text.p) + 1);
    }
    return end;
}

/* What joins the halves of a value in words; telling: not just any text. */
static const struct {
    const char *word;
    bool is_telling;
} joining[] = {{"1", 0}, {"2", 0}, {"2nd", 1}, {"add", 1}, {"and", 0},
    {"append", 1}, {"are", 0}, {"as", 0}, {"bit", 0}, {"by", 0}, {"chunk", 0},
    {"comes", 0}, {"con", 0}, {"continues", 1}, {"danach", 1}, {"dann", 1},
    {"der", 0}, {"deuxieme", 1}, {"die", 0}, {"digits", 0}, {"end", 1},
    {"endet", 1}, {"ending", 1}, {"ends", 1}, {"et", 0}, {"finally", 1},
    {"followed", 1}, {"fourth", 1}, {"gefolgt", 1}, {"half", 1}, {"in", 0},
    {"is", 0}, {"it", 0}, {"la", 0}, {"last", 1}, {"le", 0}, {"luego", 1},
    {"mit", 0}, {"my", 0}, {"next", 1}, {"now", 0}, {"number", 0},
    {"numbers", 0}, {"of", 0}, {"one", 0}, {"other", 1}, {"part", 0},
    {"piece", 0}, {"plus", 0}, {"por", 0}, {"puis", 1}, {"remaining", 1},
    {"rest", 1}, {"right", 1}, {"second", 1}, {"section", 0}, {"seguido", 1},
    {"segunda", 1}, {"suffix", 1}, {"suivi", 1}, {"tail", 1}, {"teil", 0},
    {"termina", 1}, {"the", 0}, {"then", 1}, {"third", 1}, {"two", 0},
    {"und", 0}, {"von", 0}, {"which", 0}, {"with", 0}, {"zweite", 1}};

const uint32_t join_seconds[32] = {
    ['a' & 31] = 1u << ('d' & 31) | 1u << ('n' & 31) | 1u << ('p' & 31) |
                 1u << ('r' & 31) | 1u << ('s' & 31),
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
    ['n' & 31] = 1u << ('e' & 31) | 1u << ('o' & 31) | 1u << ('u' & 31),
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

static bool is_joining(struct str word, bool *is_telling)
{
    if (word.n == 0 || word.n > 9 ||
        (isalpha((unsigned char)word.p[0]) &&
            (word.n < 2 || !join_may_be_word(word.p[0], word.p[1]))))
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

static inline bool is_word_gap(char c)
{
    return (join_class_of(c) & JOINS_GAP) != 0;
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
    at = join_skip_blanks(text, at);
    while (str_starts(str_sub(text, at, text.n), "/*")) {
        struct str rest = str_sub(text, at, at + COMMENT_MAX);
        const char *end = memmem(rest.p, rest.n, "*/", 2);
        if (end == NULL)
            return at;
        at = join_skip_blanks(text, at + (size_t)(end - rest.p) + 2);
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
            while (isalpha((unsigned char)join_at(text, end)) && end - at < 8)
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
    if (end == at + 1 && join_at(text, end) != quote)
        return 0; /* a quote in a quoted text */
    if (strchr("fburRF$@", join_at(text, end)) != NULL &&
        join_at(text, end) != 0)
        end++;
    return join_at(text, end) == quote ? end + 1 : 0;
}

static size_t read_mark(struct str text, size_t at, unsigned *kind)
{
    size_t end = join_skip_blanks(text, at);
    char mark = join_at(text, end);
    *kind = JOIN_BLANK;
    if (end != at && memchr(text.p + at, '\n', end - at) != NULL)
        *kind = JOIN_LINE;
    if (!is_mark(mark))
        return end;
    *kind = (unsigned char)mark;
    for (size_t n = 0; join_at(text, end) == mark && n < MARKS_MAX; n++) {
        end++;
        if (join_at(text, end) != mark)
            end = join_skip_blanks(text, end); /* "> > ", "...\n..." */
    }
    return end;
}

/* "=" at a line end, as quoted-printable breaks lines; "^", "`" of shells. */
bool join_is_soft_break(struct str text, size_t at)
{
    char c = join_at(text, at);
    return (c == '=' || c == '^' || c == '`') &&
           (join_at(text, at + 1) == '\n' ||
               str_starts(str_sub(text, at + 1, at + 3), "\r\n"));
}

/* The joiner at `at`, but for words: its end, or 0. */
size_t join_read_signs(struct str text, size_t at, unsigned *kind)
{
    char c = join_at(text, at);
    if (join_is_soft_break(text, at)) {
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
size_t join_read_words_behind(struct str text, size_t at, size_t end)
{
    char c = join_at(text, at);
    bool may_be = end != 0 && (is_blank(c) || is_mark(c)) &&
                  !join_is_soft_break(text, at) &&
                  isalpha((unsigned char)join_at(text, end));
    return may_be ? join_read_words(text, at) : 0;
}

/* The joiner at `at`: its end, or 0. */
size_t join_read_joiner(struct str text, size_t at, unsigned *kind)
{
    size_t end = join_read_signs(text, at, kind);
    size_t words = join_read_words_behind(text, at, end);
    if (words != 0)
        *kind = JOIN_WORDS;
    return words != 0 ? words : end;
}

void join_take_out(struct view_edits *out, size_t start, size_t end)
{
    view_edits_add(out, start, end, STR(""));
}
