/*
 * Pieces that stand apart in a regular way: groups of digits with the same
 * bytes between all of them, whatever those are (emoji, tags, words); pieces
 * under numbers that count up ("part 1: …, part 2: …", KEY_1, KEY_2, rows of a
 * table); single characters at equal distances ("g h p _ …").
 */
#include <ctype.h>
#include <string.h>

#include "inspect/join_parts.h"

enum {
    GAP_MAX = 48,
    GROUP_MAX = 12, /* digits of one */
    GROUPS_MIN = 3,
    NUMBER_MIN = 8, /* digits of all */
    NUMBER_MAX = 40,
    INDEX_MAX = 2,     /* digits of "1", "2" … */
    INDEX_GAP_MAX = 8, /* between that and its piece */
    NEXT_GAP_MAX = 24, /* between a piece and the next number */
    PIECE_MIN = 2,
    PIECE_MAX = 256,
    PIECES_MAX = 64,
    TOKEN_MIN = 16,
    SINGLES_MIN = 16,
    SINGLES_MAX = 4096,
    SINGLES_BLOCK = 10, /* of a block's bytes: some are marks */
    SINGLES_GAP_MAX = 4,
};

/* These are asked of many bytes of every text with numbers in it. */
static inline bool is_digit(struct str text, size_t at)
{
    return at < text.n && (unsigned char)(text.p[at] - '0') < 10;
}

static inline bool is_word(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 ||
           (unsigned char)(c - '0') < 10;
}

static size_t digits_end(struct str text, size_t at)
{
    while (is_digit(text, at))
        at++;
    return at;
}

/* The next digit from `at` on; at most so many bytes further, or the text's
 * end, when there is none. */
static inline size_t next_digit(
    const struct marks *marks, size_t at, size_t most)
{
    struct str text = marks->text;
    size_t limit = text.n - at < most ? text.n : at + most;
    if (at >= marks->from && at < marks->to) {
        uint64_t digits = marks_window(marks, MARK_DIGIT, at);
        size_t n = digits != 0 ? (size_t)__builtin_ctzll(digits) : MARK_BLOCK;
        return at + n < limit ? at + n : limit;
    }
    while (at < limit && !is_digit(text, at))
        at++;
    return at;
}

static bool is_same(struct str text, size_t a, size_t b, size_t n)
{
    return b + n <= text.n && text.p[a] == text.p[b] &&
           memcmp(text.p + a, text.p + b, n) == 0;
}

static void take_out(struct view_edits *out, size_t start, size_t end)
{
    view_edits_add(out, start, end, STR(""));
}

/* ---- groups of digits ---- */

/* One that join_find_numbers takes for one kind of separator, or letters of a
 * hash. */
static bool is_plain_gap(struct str gap)
{
    size_t letters = 0;
    while (letters < gap.n && isalpha((unsigned char)gap.p[letters]))
        letters++;
    if (letters == gap.n)
        return true;
    return gap.n == 1 && memchr(" \n\t,;|/.-_:+*~#>\\", gap.p[0], 17) != NULL;
}

/* The groups from `at` on, which ends at `end`: returns where the last one
 * begins, or 0. */
static size_t join_groups(
    const struct marks *marks, size_t at, size_t end, struct view_edits *out)
{
    struct str text = marks->text;
    size_t next = next_digit(marks, end, GAP_MAX), groups = 1;
    size_t total = end - at, first = end, last = at;
    size_t gap = next - end;
    if (gap == 0 || gap >= GAP_MAX || end - at > GROUP_MAX ||
        !is_digit(text, next))
        return 0;
    size_t second = marks_run_end(marks, MARK_DIGIT, next);
    if (!is_same(text, end, second, gap) || !is_digit(text, second + gap) ||
        is_plain_gap(str_sub(text, end, next)))
        return 0;
    while (is_digit(text, next) && total <= NUMBER_MAX) {
        last = next;
        end = digits_end(text, next);
        total += end - next;
        groups++;
        if (end - next > GROUP_MAX || !is_same(text, first, end, gap))
            break;
        next = end + gap;
    }
    if (groups < GROUPS_MIN)
        return 0;
    if (total < NUMBER_MIN || total > NUMBER_MAX)
        return last;
    for (size_t from = first;; from = digits_end(text, from + gap)) {
        take_out(out, from, from + gap);
        if (from + gap == last)
            return last;
    }
}

/* ---- pieces under numbers ---- */

static inline bool is_piece_char(char c)
{
    static const bool others[128] = {['_'] = true,
        ['-'] = true,
        ['+'] = true,
        ['/'] = true,
        ['='] = true,
        ['.'] = true,
        ['!'] = true,
        ['@'] = true};
    return is_word(c) || ((unsigned char)c < 128 && others[(unsigned char)c]);
}

static size_t piece_end(const struct marks *marks, size_t at)
{
    struct str text = marks->text;
    size_t most = text.n - at > PIECE_MAX ? at + PIECE_MAX : text.n;
    if (at >= marks->from && at < marks->to) {
        uint64_t others = ~marks_window(marks, MARK_WORD, at);
        at += others != 0 ? (unsigned)__builtin_ctzll(others) : 0;
    }
    while (at < most && is_piece_char(text.p[at]))
        at++;
    return at;
}

static int index_at(struct str text, size_t at, size_t end)
{
    int value = 0;
    for (; at < end; at++)
        value = value * 10 + (text.p[at] - '0');
    return value;
}

/* Where the piece behind an index's end begins; 0: there is none, or the
 * index is part of a word. */
static size_t piece_start(const struct marks *marks, size_t end)
{
    struct str text = marks->text;
    if (end >= marks->from && end < marks->to) {
        uint64_t words = marks_window(marks, MARK_WORD, end);
        uint64_t pairs = words & words >> 1 & ((1u << INDEX_GAP_MAX) - 1);
        bool is_one = (words & 1) == 0 && pairs != 0;
        return is_one ? end + (size_t)__builtin_ctzll(pairs) : 0;
    }
    size_t most = end + INDEX_GAP_MAX;
    if (end < text.n && is_word(text.p[end]))
        return 0;
    for (size_t at = end; at < most && at < text.n; at++) {
        if (!is_word(text.p[at]) || at == end)
            continue;
        if (at + 1 < text.n && is_word(text.p[at + 1]))
            return at;
    }
    return 0;
}

/* Between an index and its piece: text[start, start + n). */
struct index_gap {
    size_t start, n;
};

/* A piece and the next one: from `end` on there is the next index, and behind
 * it the same as behind the first one.  Where that piece begins, or 0. */
static size_t next_piece(
    const struct marks *marks, size_t end, int index, struct index_gap gap)
{
    struct str text = marks->text;
    size_t at = next_digit(marks, end, NEXT_GAP_MAX);
    size_t stop =
        is_digit(text, at) ? marks_run_end(marks, MARK_DIGIT, at) : at;
    if (stop == at || stop - at > INDEX_MAX ||
        index_at(text, at, stop) != index ||
        !is_same(text, gap.start, stop, gap.n) ||
        memchr(text.p + stop, '\0', gap.n) != NULL || stop + gap.n >= text.n ||
        !is_word(text.p[stop + gap.n]))
        return 0;
    return stop + gap.n;
}

/* What a list's pieces are, all of them. */
struct pieces {
    size_t starts[PIECES_MAX], ends[PIECES_MAX];
    size_t count;
};

static struct str piece_of(struct str text, const struct pieces *p, size_t i)
{
    return str_sub(text, p->starts[i], p->ends[i]);
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (isdigit((unsigned char)s.p[i]))
            return true;
    return false;
}

/* Pieces of a number, or of what has letters and digits. */
static bool is_worth(struct str first, struct str second)
{
    if (is_number(first) && is_number(second))
        return true;
    return first.n >= PIECE_MIN && second.n >= PIECE_MIN &&
           first.n + second.n >= TOKEN_MIN &&
           (has_digit(first) || has_digit(second));
}

/* A token cut in pieces of one length, the last of which may be shorter. */
static bool is_cut(struct str text, const struct pieces *p)
{
    size_t n = p->ends[0] - p->starts[0], total = n, digits = 0;
    for (size_t i = 0; i < p->count; i++)
        digits += has_digit(piece_of(text, p, i)) ? 1u : 0u;
    for (size_t i = 1; i < p->count; i++) {
        size_t length = p->ends[i] - p->starts[i];
        if (length > n || (length < n && i + 1 < p->count))
            return false;
        total += length;
    }
    return p->count >= GROUPS_MIN && total >= TOKEN_MIN && digits > 0;
}

/* Whether another number may stand behind the piece, as near as the next
 * index; a piece that is too long for a look may have one. */
static bool may_be_counted(const struct marks *marks, size_t end, size_t piece)
{
    enum { SHORT = MARK_BLOCK - INDEX_GAP_MAX - NEXT_GAP_MAX };
    if (end < marks->from || piece >= marks->to ||
        marks_window(marks, MARK_DIGIT, end) != 0)
        return true;
    uint64_t others = ~marks_window(marks, MARK_PIECE, piece);
    return (others & ((UINT64_C(1) << SHORT) - 1)) == 0;
}

/* The list whose first index is text[at, end): behind it, or 0. */
static size_t join_counted(
    const struct marks *marks, size_t at, size_t end, struct view_edits *out)
{
    struct str text = marks->text;
    size_t piece = end - at <= INDEX_MAX ? piece_start(marks, end) : 0;
    struct pieces p = {.count = 0};
    if (piece == 0 || !may_be_counted(marks, end, piece))
        return 0;
    int index = index_at(text, at, end);
    struct index_gap gap = {end, piece - end};
    for (; piece != 0 && p.count < PIECES_MAX; p.count++) {
        p.starts[p.count] = piece;
        p.ends[p.count] = piece_end(marks, piece);
        piece = next_piece(marks, p.ends[p.count], ++index, gap);
    }
    bool is_all = is_cut(text, &p);
    for (size_t i = 1; i < p.count; i++) {
        if (!is_all &&
            !is_worth(piece_of(text, &p, i - 1), piece_of(text, &p, i)))
            return p.ends[i - 1];
        take_out(out, p.ends[i - 1], p.starts[i]);
    }
    return p.count > 1 ? p.ends[p.count - 1] : 0;
}

size_t join_find_counted(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    const struct mark_numbers *numbers = join_numbers(marks);
    size_t done = 0, last = 0, next, end = to;
    for (size_t i = join_number_at(numbers, marks, from); i < numbers->count;
         i++) {
        const struct mark_number *n = &numbers->items[i];
        size_t at = marks->from + n->start;
        if (at >= to)
            break;
        at = at > from ? at : from;
        end = marks->from + n->end;
        if ((n->may & JOIN_MAY_GROUP) != 0 && at >= done &&
            (next = join_groups(marks, at, end, out)) != 0)
            done = next;
        if ((n->may & JOIN_MAY_COUNT) != 0 && at >= last &&
            (next = join_counted(marks, at, end, out)) != 0)
            last = next;
    }
    return end > to ? end : to;
}

/* ---- single characters ---- */

/* The bytes between text[at] and the next character; 0: that is none of a row
 * of single ones. */
static size_t single_gap(struct str text, size_t at)
{
    size_t n = 1;
    while (at + n < text.n && n <= SINGLES_GAP_MAX && !is_word(text.p[at + n]))
        n++;
    return at + n < text.n && n > 1 && n <= SINGLES_GAP_MAX ? n - 1 : 0;
}

/* A row from text[at] on, of characters with the same `gap` bytes between:
 * its end, or 0 if there is nothing in it; *seen_out: nor is there up to
 * here. */
static size_t join_singles(struct str text, size_t at, size_t gap,
    struct buf *joined, size_t *seen_out)
{
    size_t first = at + 1, letters = 0, digits = 0;
    buf_clear(joined);
    for (;;) {
        char c = text.p[at];
        letters += isalpha((unsigned char)c) ? 1u : 0u;
        digits += isdigit((unsigned char)c) ? 1u : 0u;
        buf_append_char(joined, c);
        at++;
        if (joined->n == SINGLES_MAX || at + gap >= text.n ||
            !is_same(text, first, at, gap) ||
            (unsigned char)text.p[at + gap] >= 0x80 || text.p[at + gap] == '\n')
            break;
        at += gap;
    }
    *seen_out = at;
    /* The last one may begin a word: "… 7 Z for". */
    if (at < text.n && is_word(text.p[at]) && joined->n < SINGLES_MAX &&
        joined->n > 1) {
        buf_truncate(joined, joined->n - 1);
        at -= gap + 1;
    }
    return letters > 0 && digits > 0 && letters + digits >= SINGLES_MIN ? at
                                                                        : 0;
}

/* Rows begin before the block in which there are many of them. */
static size_t row_start(struct str text, size_t at, size_t gap)
{
    size_t least = at > MARK_BLOCK ? at - MARK_BLOCK : 0, sample = at + 1;
    while (at >= least + gap + 1 && is_same(text, sample, at - gap, gap) &&
           isalnum((unsigned char)text.p[at - gap - 1]) &&
           (at == gap + 1 || !isalnum((unsigned char)text.p[at - gap - 2])))
        at -= gap + 1;
    return at;
}

size_t join_find_singles(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf joined = {0};
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t bits = marks_block(marks, block)->kinds[MARK_WORD];
        bits &= ~(bits << 1) & ~(bits >> 1);
        if (__builtin_popcountll(bits) < SINGLES_BLOCK ||
            block + MARK_BLOCK <= done)
            continue;
        size_t at = block + (size_t)__builtin_ctzll(bits);
        size_t gap = single_gap(text, at);
        size_t start = gap != 0 ? row_start(text, at, gap) : at;
        size_t end = 0, seen = done;
        if (gap != 0 && start >= done)
            end = join_singles(text, start, gap, &joined, &seen);
        if (end != 0)
            view_edits_add(out, start, end, buf_str(&joined));
        done = end != 0 ? end : seen;
    }
    buf_free(&joined);
    return done > to ? done : to;
}
