/*
 * Pieces of a value with more than a separator between them: two variables,
 * fields or messages of a conversation written down, halves told of in words.
 * The gap has to be of a form that is known; but behind the prefix of a
 * vendor's token any made-up word near by may be its rest, for only the whole
 * has the token's form.
 */
#include "inspect/join.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum {
    DIGITS_MIN = 4, /* of the first piece's last group */
    NAME_MAX_BYTES = 16,
    BLANKS_MAX = 16,
    TURN_MAX = 240, /* what another one says between two messages */
    REST_MAX = 64,  /* from a token's beginning to its rest */
    REST_MIN = 4,
    PIECES_MAX = 4,
    TOKEN_MAX = 256,
    TOKEN_MIN = 16,
    REGULAR_MIN = 3, /* pieces of one length with the same bytes between */
    REGULAR_GAP_MAX = 48,
    CUT_MIN = 3,
    CUT_MAX = 6,
};

static char at_of(struct str text, size_t at)
{
    return at < text.n ? text.p[at] : '\0';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t skip(struct str text, size_t at, const char *set, size_t most)
{
    size_t limit = text.n - at > most ? at + most : text.n;
    while (at < limit && is_one_of(text.p[at], set))
        at++;
    return at;
}

static bool has(struct str text, size_t at, const char *what)
{
    return str_starts(str_sub(text, at, text.n), what);
}

/* ---- assignments --------------------------------------------------------- */

/* NAME in front of `= "` or `: "`, where a piece begins. */
static struct str name_before(struct str text, size_t start)
{
    size_t at = start, most = start > 48 ? start - 48 : 0;
    while (at > most && is_one_of(text.p[at - 1], " \t\"'`"))
        at--;
    if (at == most || !is_one_of(text.p[at - 1], "=:"))
        return STR_NONE;
    at--;
    while (at > most && is_one_of(text.p[at - 1], " \t\"'`:="))
        at--;
    size_t end = at;
    while (
        at > most && end - at < NAME_MAX_BYTES && is_name_char(text.p[at - 1]))
        at--;
    return str_sub(text, at, end);
}

/* Names for the pieces of one thing. */
static bool is_pair(struct str a, struct str b)
{
    static const char *const pairs[][2] = {{"first", "second"},
        {"first", "last"}, {"prefix", "suffix"}, {"start", "end"},
        {"begin", "end"}, {"beginning", "end"}, {"left", "right"},
        {"head", "tail"}, {"front", "back"}, {"front", "rear"},
        {"top", "bottom"}, {"upper", "lower"}, {"one", "two"}, {"hi", "lo"},
        {"high", "low"}, {"pre", "post"}, {"part_a", "part_b"},
        {"half_a", "half_b"}, {"second", "third"}, {"anfang", "ende"},
        {"links", "rechts"}, {"debut", "fin"}, {"inicio", "fin"}};
    if (a.n == 0 || b.n == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        size_t n = strlen(pairs[i][0]), m = strlen(pairs[i][1]);
        if (a.n >= n && b.n >= m && a.n - n == b.n - m &&
            str_is_nocase(str_sub(a, a.n - n, a.n), pairs[i][0]) &&
            str_is_nocase(str_sub(b, b.n - m, b.n), pairs[i][1]))
            return true;
    }
    /* a, b; p1, p2; half_x, half_y */
    return a.n == b.n && memcmp(a.p, b.p, a.n - 1) == 0 &&
           b.p[b.n - 1] == a.p[a.n - 1] + 1 &&
           isalnum((unsigned char)a.p[a.n - 1]);
}

/* `"; b = "`, `", "second": "`, a line end and `suffix: `. */
static size_t read_assignment(struct str text, size_t start, size_t end)
{
    size_t at = skip(text, end, "\"'`", 1);
    at = skip(text, at, ";,) \t\r\n", BLANKS_MAX);
    if (has(text, at, "let ") || has(text, at, "var "))
        at += 4;
    else if (has(text, at, "const "))
        at += 6;
    at = skip(text, at, "\"'`$-", 2);
    size_t name = at;
    while (at - name < NAME_MAX_BYTES && is_name_char(at_of(text, at)))
        at++;
    size_t name_end = at;
    at = skip(text, at, "\"'`", 1);
    at = skip(text, at, " \t", 4);
    size_t sign = at;
    at = skip(text, at, ":=", 2);
    if (name_end == name || at == sign ||
        !is_pair(name_before(text, start), str_sub(text, name, name_end)))
        return 0;
    return skip(text, skip(text, at, " \t", 4), "\"'`", 1);
}

/* ---- a conversation written down ----------------------------------------- */

static bool read_role(struct str text, size_t at, bool is_user, size_t *end_out)
{
    static const char *const users[] = {"user", "you", "human", "me", "prompt"};
    static const char *const others[] = {"assistant", "chatgpt", "gpt", "ai",
        "bot", "model", "claude", "system"};
    const char *const *names = is_user ? users : others;
    size_t count = is_user ? ARRAY_LEN(users) : ARRAY_LEN(others);
    at = skip(text, at, "*[#<>- ", 4);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(names[i]);
        if (!str_is_nocase(str_sub(text, at, at + n), names[i]) ||
            !is_one_of(at_of(text, at + n), ":]*>\n"))
            continue;
        *end_out = skip(text, at + n, ":]*> \t\r\n", 8);
        return true;
    }
    return false;
}

/* From a line end over what another one said to the next message. */
static size_t read_turn(struct str text, size_t end)
{
    size_t most = text.n - end > TURN_MAX ? end + TURN_MAX : text.n;
    size_t at = skip(text, end, "\"'` .,\t", 4), next;
    bool has_other = false;
    while (at < most) {
        const char *line = memchr(text.p + at, '\n', most - at);
        if (line == NULL || (!has_other && line != text.p + at))
            return 0;
        at = skip(text, (size_t)(line - text.p), "\r\n", 4);
        if (has_other && read_role(text, at, true, &next))
            return next;
        if (!has_other && !read_role(text, at, false, &at))
            return 0;
        has_other = true;
    }
    return 0;
}

/* ---- numbers ------------------------------------------------------------- */

static size_t read_gap(struct str text, size_t start, size_t end)
{
    static const char cdata[] = "]]><![CDATA[";
    if (has(text, end, cdata))
        return end + sizeof cdata - 1;
    size_t next = join_read_words(text, end);
    if (next == 0)
        next = read_assignment(text, start, end);
    return next != 0 ? next : read_turn(text, end);
}

/* The beginning of the groups of digits that end with the one at `at`. */
static size_t groups_start(struct str text, size_t at, bool *is_grouped)
{
    size_t most = at > 40 ? at - 40 : 0;
    *is_grouped = false;
    for (;;) {
        while (at > most && isdigit((unsigned char)text.p[at - 1]))
            at--;
        if (at < most + 2 || !is_one_of(text.p[at - 1], " -") ||
            !isdigit((unsigned char)text.p[at - 2]))
            return at;
        *is_grouped = true;
        at--;
    }
}

size_t join_find_bridges(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t at = from;
    while ((at = marks_next_digits(marks, at, to, DIGITS_MIN)) < to) {
        size_t group = at, end = marks_end(marks, MARK_DIGIT, at + DIGITS_MIN);
        bool is_grouped;
        at = end;
        if (!is_one_of(at_of(text, end), " \"'`,;:.\n\r]|)"))
            continue;
        size_t start = groups_start(text, group, &is_grouped);
        if (start > 0 && is_name_char(text.p[start - 1]))
            continue;
        size_t next = read_gap(text, start, end);
        if (next <= end + 1 || !isdigit((unsigned char)at_of(text, next)))
            continue;
        view_edits_add(out, end, next,
            is_grouped ? str_make(text.p + group - 1, 1) : STR(""));
        at = next;
    }
    return at;
}

/* ---- tokens -------------------------------------------------------------- */

const char *const join_prefixes[] = {"AKIA", "ASIA", "ghp_", "gho_", "ghs_",
    "ghu_", "ghr_", "github_pat_", "glpat-", "sk-", "sk_live_", "sk_test_",
    "rk_live_", "xoxb-", "xoxp-", "xapp-", "AIza", "ya29.", "hf_", "npm_",
    "pypi-", "SG.", "eyJh", "dop_v1_", "shpat_", "dapi", "hvs.", "pat-", "gsk_",
    "tskey-"};
const size_t join_prefix_count = ARRAY_LEN(join_prefixes);

/* By the first two bytes; most words begin otherwise. */
static bool may_be_prefix(char first, char second)
{
    static const uint32_t seconds[32] = {[1] = 0x00080a00,
        [4] = 0x00008002,
        [5] = 0x02000000,
        [7] = 0x00081300,
        [8] = 0x00400040,
        [14] = 0x00010000,
        [16] = 0x02000002,
        [18] = 0x00000800,
        [19] = 0x00000980,
        [20] = 0x00080000,
        [24] = 0x00008002,
        [25] = 0x00000002};
    return (seconds[first & 31] >> (second & 31) & 1) != 0;
}

static bool has_prefix(struct str text, size_t at)
{
    for (size_t i = 0; i < join_prefix_count; i++)
        if (join_prefixes[i][0] == text.p[at] &&
            has(text, at, join_prefixes[i]))
            return true;
    return false;
}

/* The prefix itself may be in two pieces. */
static bool has_cut_prefix(struct str text, size_t at, size_t end)
{
    if (end - at < CUT_MIN)
        return false;
    for (size_t i = 0; i < join_prefix_count; i++)
        if (strlen(join_prefixes[i]) > end - at &&
            memcmp(join_prefixes[i], text.p + at, end - at) == 0)
            return true;
    return false;
}

static bool is_token_char(char c)
{
    return is_name_char(c) || c == '-' || c == '.' || c == '+' || c == '/';
}

static size_t token_end(struct str text, size_t at)
{
    size_t most = text.n - at > TOKEN_MAX ? at + TOKEN_MAX : text.n;
    while (at < most && is_token_char(text.p[at]))
        at++;
    return at;
}

/* No word: digits among letters, or capitals behind small letters. */
static bool is_made(struct str s)
{
    bool has_digit = false, has_letter = false, is_odd = false;
    for (size_t i = 0; i < s.n; i++) {
        has_digit = has_digit || isdigit((unsigned char)s.p[i]);
        has_letter = has_letter || isalpha((unsigned char)s.p[i]);
        is_odd = is_odd || (i > 0 && isupper((unsigned char)s.p[i]) &&
                               islower((unsigned char)s.p[i - 1]));
    }
    return s.n >= REST_MIN && has_letter && (has_digit || (is_odd && s.n > 8));
}

static inline bool is_between(char c, char first, char last)
{
    return c >= first && c <= last;
}

/* "ES54", "DE89 3704"; asked of every word. */
static inline bool is_account(struct str text, size_t at)
{
    return text.n - at >= 4 && is_between(text.p[at + 3], '0', '9') &&
           is_between(text.p[at + 2], '0', '9') &&
           is_between(text.p[at + 1], 'A', 'Z') &&
           is_between(text.p[at], 'A', 'Z');
}

/* Digits, capitals among them: what an account's number goes on with. */
static bool is_of_account(struct str s)
{
    bool has_digit = false;
    for (size_t i = 0; i < s.n; i++) {
        has_digit = has_digit || isdigit((unsigned char)s.p[i]);
        if (!isdigit((unsigned char)s.p[i]) && !isupper((unsigned char)s.p[i]))
            return false;
    }
    return s.n >= REST_MIN && has_digit;
}

/* The next made-up word; its end. */
static size_t next_rest(
    struct str text, size_t from, bool of_account, size_t *start_out)
{
    size_t most = text.n - from > REST_MAX ? from + REST_MAX : text.n;
    for (size_t at = from; at < most;) {
        size_t end = token_end(text, at);
        while (end > at && is_one_of(text.p[end - 1], ".-") && end - at < 5)
            end--;
        struct str word = str_sub(text, at, end);
        if (of_account ? is_of_account(word) : is_made(word)) {
            *start_out = at;
            return end;
        }
        at = end + 1;
    }
    return 0;
}

/* Signs of tokens that often separate are none of a piece. */
static bool is_piece_char(char c)
{
    return is_name_char(c) || c == '-';
}

static size_t piece_end(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && end - at < TOKEN_MAX && is_piece_char(text.p[end]))
        end++;
    return end;
}

/* Where the next piece ends if text[at, at + n) is one, and is followed by the
 * `gap` bytes from text[sample] on or is the last and shorter one; else 0. */
static size_t regular_end(struct str text, size_t at, size_t n, size_t sample,
    size_t gap, bool *is_last)
{
    size_t end = at;
    while (end < text.n && end - at < n && is_piece_char(text.p[end]))
        end++;
    *is_last =
        end + gap > text.n || memcmp(text.p + end, text.p + sample, gap) != 0;
    bool is_whole = end - at == n;
    if (is_whole && *is_last && is_name_char(at_of(text, end)))
        *is_last = false; /* a longer one */
    else if (is_whole || (*is_last && end > at))
        return end;
    return 0;
}

/* Pieces of one length from text[at] on, with the same bytes between
 * ("<wbr>", two comment signs, a line end and "- "): the end of the last, or
 * 0; of what goes on for too long a part is passed over. */
static size_t add_regular(struct str text, size_t at, struct view_edits *out)
{
    size_t end = piece_end(text, at), n = end - at,
           most = end + REGULAR_GAP_MAX, count = 1;
    size_t ends[TOKEN_MAX];
    for (size_t next = end + 1; n >= 2 && next < most && next < text.n;
         next++) {
        size_t gap = next - end, stop = end;
        bool is_last = false;
        if (!is_piece_char(text.p[next]))
            continue;
        for (count = 1, ends[0] = end; !is_last && count * n < TOKEN_MAX;) {
            size_t behind =
                regular_end(text, stop + gap, n, end, gap, &is_last);
            if (behind == 0)
                break;
            ends[count++] = stop = behind;
        }
        if (count * n >= TOKEN_MAX)
            return stop; /* a list that is no token, and longer */
        if (!is_last || count < REGULAR_MIN ||
            (count - 1) * n + (stop - ends[count - 2] - gap) < TOKEN_MIN)
            continue;
        for (size_t i = 0; i + 1 < count; i++)
            view_edits_add(out, ends[i], ends[i] + gap, STR(""));
        return stop;
    }
    return 0;
}

static size_t add_rests(struct str text, size_t at, struct view_edits *out)
{
    size_t end = token_end(text, at), start, rest;
    bool of_account = is_account(text, at);
    size_t regular = add_regular(text, at, out);
    if (regular != 0)
        return regular;
    for (unsigned i = 1; i < PIECES_MAX && end - at < TOKEN_MAX; i++) {
        rest = next_rest(text, end, of_account, &start);
        if (rest == 0)
            break;
        view_edits_add(out, end, start, STR(""));
        end = rest;
    }
    return end;
}

/* A word that may be a prefix, or the beginning of one. */
static size_t try_prefix(
    struct str text, size_t at, size_t end, struct view_edits *out)
{
    if (has_prefix(text, at))
        return add_rests(text, at, out);
    if (end - at <= CUT_MAX && has_cut_prefix(text, at, piece_end(text, at)))
        return add_regular(text, at, out);
    return 0;
}

/* Where words of the block begin that is_account may be true of. */
static uint64_t find_accounts(const struct mark_block *b)
{
    uint64_t upper = b->kinds[MARK_UPPER], digits = b->kinds[MARK_DIGIT];
    uint64_t next = b[1].kinds[MARK_UPPER], more = b[1].kinds[MARK_DIGIT];
    return upper & (upper >> 1 | next << 63) & (digits >> 2 | more << 62) &
           (digits >> 3 | more << 61);
}

size_t join_find_prefixed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        uint64_t words = b->kinds[MARK_WORD], accounts = find_accounts(b);
        uint64_t starts = words & ~(words << 1);
        for (; starts != 0; starts &= starts - 1) {
            unsigned i = (unsigned)__builtin_ctzll(starts);
            size_t at = block + i, next = 0;
            bool is_prefix = may_be_prefix(text.p[at], at_of(text, at + 1));
            if ((!is_prefix && (accounts >> i & 1) == 0) || at >= to ||
                at < done || (at > 0 && is_name_char(text.p[at - 1])))
                continue;
            if (is_prefix)
                next = try_prefix(
                    text, at, marks_run_end(marks, MARK_WORD, at), out);
            else
                next = add_rests(text, at, out);
            done = next > done ? next : done;
        }
    }
    return done > to ? done : to;
}
