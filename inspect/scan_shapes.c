/*
 * Identifiers by their spelling ("99999999A", "99.99.99-999.99"): tried at
 * every word that has a digit in it, and at up to two short words of letters
 * in front of one.  Only the shapes whose first word has that length are
 * looked at (rules_index.c); most words end there.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/scan_job.h"

enum {
    LEAD_LETTERS_MAX = 6, /* of a word in front of the digits */
    LEAD_WORDS_MAX = 2,
    GLUED_DIGITS_MIN = 9, /* "code199003052397" */
    CELL_DIGITS_MIN = 8,  /* "7,44051401359,12" */
};

static bool is_digit(struct str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

static bool is_word(struct str text, size_t at)
{
    unsigned char c = at < text.n ? (unsigned char)text.p[at] : 0;
    return (unsigned char)((c | 0x20) - 'a') < 26 ||
           (unsigned char)(c - '0') < 10;
}

/* Digits from `at` on, or in front of it. */
static size_t count_digits(struct str text, size_t at, bool is_back)
{
    size_t n = 0;
    while (n < RULE_SHAPE_MAX && (is_back ? at > n && is_digit(text, at - n - 1)
                                          : is_digit(text, at + n)))
        n++;
    return n;
}

/* The number goes on behind a point or a dash: it is another one.  A comma
 * next to so many digits ends a cell of a list, it groups no thousands. */
static bool goes_on(struct str text, size_t start, size_t end)
{
    if (start >= 2 && memchr(".,-/+", text.p[start - 1], 5) != NULL &&
        is_digit(text, start - 2) && is_digit(text, start) &&
        (text.p[start - 1] != ',' ||
            count_digits(text, start, false) < CELL_DIGITS_MIN))
        return true;
    return end + 1 < text.n && memchr(".,-/+", text.p[end], 5) != NULL &&
           is_digit(text, end + 1) && is_digit(text, end - 1) &&
           (text.p[end] != ',' ||
               count_digits(text, end, true) < CELL_DIGITS_MIN);
}

static inline bool is_letter(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool fits(char wanted, unsigned char c)
{
    bool is_number = (unsigned char)(c - '0') < 10;
    switch (wanted) {
    case '9':
        return is_number;
    case 'A':
        return (unsigned char)(c - 'A') < 26;
    case 'a':
        return is_letter(c);
    case 'X':
        return (unsigned char)(c - 'A') < 26 || is_number;
    case 'x':
        return is_letter(c) || is_number;
    default:
        return (unsigned char)wanted == c;
    }
}

/* The end of what has the shape at `start`, 0: nothing has. */
static size_t match_shape(struct str text, size_t start, const char *shape,
    struct str separators, char value_out[RULE_SHAPE_MAX], size_t *n_out)
{
    char separator = 0;
    size_t at = start, n = 0;
    for (; *shape != '\0'; shape++, at++) {
        if (at >= text.n)
            return 0;
        char c = text.p[at];
        if (*shape == ' ') {
            if ((separator != 0 && c != separator) ||
                memchr(separators.p, c, separators.n) == NULL)
                return 0;
            separator = c;
        } else if (fits(*shape, (unsigned char)c)) {
            value_out[n++] = c;
        } else {
            return 0;
        }
    }
    *n_out = n;
    return at;
}

/* In groups with blanks a digit next to it may belong to it. */
static bool has_neighbour(struct str text, size_t start, size_t end)
{
    return (start >= 2 && text.p[start - 1] == ' ' &&
               is_digit(text, start - 2) && is_digit(text, start)) ||
           (end + 1 < text.n && text.p[end] == ' ' && is_digit(text, end + 1) &&
               is_digit(text, end - 1));
}

/* What begins like the shape and matches as a whole. */
static void try_regex(
    struct scan_job *job, const struct shape_entry *e, size_t start)
{
    struct regex_match m;
    if (!regex_match(e->pattern->regex, job->scanner->regex_scratch,
            str_sub(job->text, 0, start + RULE_TOKEN_MAX), start, start, true,
            &m))
        return;
    struct candidate c = {.rule = e->rule,
        .pattern = e->pattern,
        .start = m.value_start,
        .end = m.value_end,
        .value = str_sub(job->text, m.value_start, m.value_end)};
    (void)judge(job, &c);
}

static void try_shape(struct scan_job *job, const struct shape_entry *e,
    size_t start, bool is_glued)
{
    char bytes[RULE_SHAPE_MAX];
    if (!judge_wants(job, e->rule))
        return;
    size_t n = e->whole, end = start + n;
    struct str value = str_sub(job->text, start, end);
    if (n == 0) {
        end = match_shape(
            job->text, start, e->text, e->pattern->separators, bytes, &n);
        value = str_make(bytes, n);
    }
    if (end != 0 && e->pattern->regex != NULL)
        try_regex(job, e, start);
    if (end == 0 || e->pattern->regex != NULL ||
        goes_on(job->text, start, end) ||
        (is_word(job->text, end) && is_word(job->text, end - 1)))
        return;
    struct candidate c = {.rule = e->rule,
        .pattern = e->pattern,
        .start = start,
        .end = end,
        .value = value,
        .is_glued =
            is_glued || (e->has_gap && has_neighbour(job->text, start, end))};
    (void)judge(job, &c);
}

/* Letters and digits in a row from `at` on, at most 64. */
static inline size_t count_on(const struct scan_job *job, size_t at)
{
    size_t n = 0;
    if (at >= job->marks.to) { /* a very long word leads out of them */
        while (n < MARK_BLOCK && is_word(job->text, at + n))
            n++;
        return n;
    }
    uint64_t others = ~marks_window(&job->marks, MARK_WORD, at);
    return others == 0 ? MARK_BLOCK : (size_t)__builtin_ctzll(others);
}

/* Letters in a row in front of `at`. */
static inline size_t count_letters(const struct scan_job *job, size_t at)
{
    uint64_t letters = marks_before(&job->marks, MARK_WORD, at) &
                       ~marks_before(&job->marks, MARK_DIGIT, at);
    return ~letters == 0 ? MARK_BLOCK : (size_t)__builtin_clzll(~letters);
}

/* What follows the first word, which ends at `at`: "-99", ".9999/". */
static inline enum shape_next read_next(struct str text, size_t at)
{
    if (at + 1 >= text.n || !is_shape_gap(text.p[at]) || !is_word(text, at + 1))
        return SHAPE_OTHER;
    return is_digit(text, at + 1) ? SHAPE_DIGIT : SHAPE_LETTER;
}

/* The second word, behind a gap, and whether there is a third one. */
static void read_second(
    const struct scan_job *job, size_t at, struct shape_form *f)
{
    struct str text = job->text;
    size_t second = count_on(job, at);
    f->second = second < SHAPE_SECOND_MAX ? second : SHAPE_SECOND_MAX;
    at += f->second;
    f->has_third =
        f->second == SHAPE_SECOND_MAX ||
        (at + 1 < text.n && is_shape_gap(text.p[at]) && is_word(text, at + 1));
}

static void try_each(
    struct scan_job *job, size_t start, unsigned class, bool is_glued)
{
    const struct rules *rules = job->scanner->rules;
    struct char_bits bits = marks_char_bits(&job->marks, start);
    unsigned last = rules->shape_start[class + 1];
    bool is_asked = false;
    unsigned none = 0;
    for (unsigned i = rules->shape_start[class]; i < last; i++) {
        const struct shape_entry *e = &rules->shapes[i];
        if (!may_have_form(&bits, &e->form) ||
            !scan_views_reach(job, start, start + e->longest))
            continue;
        if (!is_asked) {
            none = words_none(job, start, start + RULE_SHAPE_MAX);
            if (is_hopeless(
                    job, &rules->shapes[rules->shape_start[class]].all, none))
                return;
        }
        is_asked = true;
        if (!is_hopeless(job, &e->needs, none))
            try_shape(job, e, start, is_glued);
    }
}

static inline void try_class(struct scan_job *job, size_t start,
    const struct shape_form *form, bool is_glued)
{
    const struct rules *rules = job->scanner->rules;
    unsigned class = shape_class(form);
    if ((rules->shape_bits[class / 64] >> class % 64 & 1) != 0 &&
        scan_views_reach(job, start,
            start + rules->shapes[rules->shape_start[class]].longest_of_all))
        try_each(job, start, class, is_glued);
}

static void try_shapes(
    struct scan_job *job, size_t start, size_t width, bool is_glued)
{
    if (width > RULE_SHAPE_MAX)
        return;
    unsigned char c = (unsigned char)job->text.p[start];
    struct shape_form form = {.width = width,
        .first = c <= '9'   ? SHAPE_NUMBER
                 : c <= 'Z' ? SHAPE_UPPER
                            : SHAPE_LOWER};
    const uint64_t *widths = job->scanner->rules->shape_widths[form.first];
    enum shape_next next = read_next(job->text, start + width);
    if (((widths[SHAPE_ENDS] | widths[next]) >> width & 1) == 0)
        return; /* most words of texts with numbers */
    if ((widths[SHAPE_ENDS] >> width & 1) != 0)
        try_class(job, start, &form, is_glued);
    form.next = next;
    if ((widths[next] >> width & 1) == 0)
        return;
    if (form.next != SHAPE_OTHER)
        read_second(job, start + width + 1, &form);
    try_class(job, start, &form, is_glued);
}

/* Whether a letter and a gap stand in front. */
static inline bool has_lead(struct str text, size_t start)
{
    if (start < 2)
        return false;
    unsigned is_gap = is_shape_gap(text.p[start - 1]);
    unsigned is_led = is_letter((unsigned char)text.p[start - 2]);
    return (is_gap & is_led) != 0; /* one branch: neither can be foretold */
}

static void try_leads(struct scan_job *job, size_t start)
{
    struct str text = job->text;
    for (int i = 0; i < LEAD_WORDS_MAX; i++) {
        size_t end = start - 1;
        if (start < 2 || !is_shape_gap(text.p[end]))
            return;
        size_t n = count_letters(job, end);
        if (n == 0 || n > LEAD_LETTERS_MAX ||
            (n < end && is_word(text, end - 1 - n)))
            return;
        start = end - n;
        if (i > 0 && !isupper((unsigned char)text.p[start]))
            return;
        try_shapes(job, start, n, false);
    }
}

/* "code199003052397", "nr.A123456780": digits at the end of a word. */
static void try_tail(struct scan_job *job, size_t start, size_t end)
{
    size_t at = end;
    while (at > start && is_digit(job->text, at - 1))
        at--;
    if (at > start && end - at >= GLUED_DIGITS_MIN)
        try_shapes(job, at, end - at, true);
}

/* Around the digit at `at`: of the bytes from `done` on. */
static inline size_t word_start(const struct scan_job *job, size_t at)
{
    uint64_t others = ~marks_before(&job->marks, MARK_WORD, at);
    size_t n = others != 0 ? (size_t)__builtin_clzll(others) : MARK_BLOCK;
    if (n < MARK_BLOCK && at - job->shapes_done >= n)
        return at - n;
    while (at > job->shapes_done && is_word(job->text, at - 1))
        at--;
    return at;
}

/* Behind what may touch an edit of a view, in itself or by its leads. */
static size_t end_of_reach(const struct scan_job *job)
{
    enum { LEADS = LEAD_WORDS_MAX * (LEAD_LETTERS_MAX + 1) };
    return job->layer != NULL ? job->layer->edits_to + 1 + LEADS + 1 : SIZE_MAX;
}

void walk_shapes(struct scan_job *job, size_t limit)
{
    struct str text = job->text;
    size_t at = job->shapes_done, reach = end_of_reach(job);
    limit = limit < text.n ? limit : text.n;
    while ((at = marks_next(&job->marks, MARK_DIGIT, at, limit)) < limit) {
        if ((marks_window(&job->marks, MARK_UUID, at) & 1) != 0) {
            at = marks_skip(&job->marks, MARK_UUID, at, limit);
            job->shapes_done = at;
            continue;
        }
        size_t start = word_start(job, at);
        if (start >= reach) {
            job->shapes_done = limit;
            return;
        }
        size_t end = at + count_on(job, at);
        while (is_word(text, end))
            end++;
        if (has_lead(text, start))
            try_leads(job, start);
        try_shapes(job, start, end - start, false);
        if (end - start > GLUED_DIGITS_MIN)
            try_tail(job, start, end);
        job->shapes_done = at = end;
    }
    if (job->shapes_done < limit) {
        /* a word that the limit cuts is looked at with its digit */
        size_t back = limit;
        while (back > job->shapes_done && limit - back < RULE_SHAPE_MAX &&
               is_word(text, back - 1))
            back--;
        job->shapes_done = back;
    }
}
