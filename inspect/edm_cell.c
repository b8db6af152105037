/*
 * Both sides fold and drop what stands between words, so "Müller-Lüdenscheidt"
 * and "MULLER LUDENSCHEIDT", "12-34 56" and "123456" are one value without
 * more.  What is left to spell out is the order of names, leading zeros, and
 * dates.
 */
#include "inspect/edm_cell.h"

#include <stdio.h>

#include "base/mem.h"

enum { SHORT_LETTERS = 3, SHORT_NUMBER = 4, DATE_MONTHS = 12 };

/* ---- reading ---- */

static void add_words(struct str text, struct edm_value *value, bool *is_long)
{
    size_t at = 0;
    struct edm_word word;
    enum err err;
    while ((err = edm_next_word(
                text, at, text.n - at, &word, value->bytes, &value->n)) == OK) {
        if (value->words == EDM_WORDS_MAX)
            break;
        value->ends[value->words++] = value->n;
        at = word.end;
    }
    *is_long = err != ERR_NOT_FOUND;
    for (size_t i = 0; i < value->n; i++)
        value->digits += value->bytes[i] >= '0' && value->bytes[i] <= '9';
}

static bool is_nothing(struct str value)
{
    static const char *const words[] = {
        "na", "nan", "null", "none", "nil", "unknown", "undefined", "empty"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_is(value, words[i]))
            return true;
    return value.n == 0;
}

static bool is_short(const struct edm_value *value)
{
    bool is_ascii = true;
    for (size_t i = 0; i < value->n; i++)
        is_ascii = is_ascii && (unsigned char)value->bytes[i] < 0x80;
    if (value->digits > 0)
        return value->n < SHORT_NUMBER;
    return value->n < (is_ascii ? SHORT_LETTERS : SHORT_LETTERS + 1);
}

bool edm_value_is_number(const struct edm_value *value)
{
    return value->digits * 2 >= value->n;
}

/* ---- dates ---- */

struct date {
    unsigned year, month, day;
};

static bool is_date(const struct date *d)
{
    return d->year >= 1800 && d->year <= 2199 && d->month >= 1 &&
           d->month <= DATE_MONTHS && d->day >= 1 && d->day <= 31;
}

/* Three numbers with one separator between; a time may follow. */
static bool read_three(struct str cell, unsigned numbers[3], size_t widths[3])
{
    char separator = 0;
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        size_t start = at;
        numbers[i] = 0;
        for (; at < cell.n && at - start < 4 && cell.p[at] >= '0' &&
               cell.p[at] <= '9';
             at++)
            numbers[i] = numbers[i] * 10 + (unsigned)(cell.p[at] - '0');
        widths[i] = at - start;
        if (widths[i] == 0 || (i < 2 && at == cell.n))
            return false;
        if (i < 2 && (strchr("-./", cell.p[at]) == NULL ||
                         (i == 1 && cell.p[at] != separator)))
            return false;
        if (i < 2)
            separator = cell.p[at++];
    }
    return at == cell.n || cell.p[at] == ' ' || cell.p[at] == 'T';
}

/* The date that a cell is, and what else it could be ("4/5/2001"); how many. */
static size_t read_dates(struct str cell, struct date dates[2])
{
    unsigned n[3];
    size_t widths[3], count = 0;
    if (!read_three(str_trim(cell), n, widths))
        return 0;
    if (widths[0] == 4) {
        dates[0] = (struct date){n[0], n[1], n[2]};
        return is_date(&dates[0]);
    }
    if (widths[2] != 4)
        return 0;
    dates[count] = (struct date){n[2], n[1], n[0]};
    count += is_date(&dates[count]);
    dates[count] = (struct date){n[2], n[0], n[1]};
    if (n[0] != n[1] && str_find_char(cell, '.') == cell.n)
        count += is_date(&dates[count]);
    return count;
}

static const char *const month_names[][DATE_MONTHS] = {
    {"january", "february", "march", "april", "may", "june", "july", "august",
        "september", "october", "november", "december"},
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct",
        "nov", "dec"},
    {"januar", "februar", "marz", "april", "mai", "juni", "juli", "august",
        "september", "oktober", "november", "dezember"},
    {"janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout",
        "septembre", "octobre", "novembre", "decembre"},
    {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
        "septiembre", "octubre", "noviembre", "diciembre"},
};

struct spelling {
    edm_spelling_fn *tell;
    void *owner;
    const struct edm_value *value;
};

static void spell(const struct spelling *s, const char *text)
{
    struct edm_value value = {0};
    bool is_long;
    add_words(str_of(text), &value, &is_long);
    if (!is_long && value.n >= EDM_VALUE_MIN &&
        !(value.n == s->value->n &&
            memcmp(value.bytes, s->value->bytes, value.n) == 0))
        s->tell(s->owner, &value);
}

static void spell_date(const struct spelling *s, const struct date *d)
{
    char text[64];
    unsigned y = d->year, m = d->month, day = d->day;
    const char *const formats[] = {"%2$02u%3$02u%1$04u", "%3$02u%2$02u%1$04u",
        "%1$04u%2$02u%3$02u", "%3$u%2$u%1$04u", "%2$u%3$u%1$04u"};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        snprintf(text, sizeof text, formats[i], y, m, day);
        spell(s, text);
    }
    snprintf(text, sizeof text, "%02u%02u%02u", day, m, y % 100);
    spell(s, text);
    snprintf(text, sizeof text, "%02u%02u%02u", m, day, y % 100);
    spell(s, text);
    for (size_t i = 0; i < ARRAY_LEN(month_names); i++) {
        const char *name = month_names[i][m - 1];
        snprintf(text, sizeof text, "%u %s %04u", day, name, y);
        spell(s, text);
        snprintf(text, sizeof text, "%02u %s %04u", day, name, y);
        spell(s, text);
        snprintf(text, sizeof text, "%s %u %04u", name, day, y);
        spell(s, text);
    }
}

/* ---- names, numbers ---- */

static struct str word_of(const struct edm_value *value, unsigned i)
{
    size_t start = i > 0 ? value->ends[i - 1] : 0;
    return str_make(value->bytes + start, value->ends[i] - start);
}

/* From word `first` on, then those before it: "Schmidt, Anna Maria". */
static void spell_turned(const struct spelling *s, unsigned first)
{
    char text[EDM_VALUE_MAX + EDM_WORDS_MAX + 1];
    size_t n = 0;
    for (unsigned i = 0; i < s->value->words; i++) {
        struct str word = word_of(s->value, (first + i) % s->value->words);
        memcpy(text + n, word.p, word.n);
        n += word.n;
        text[n++] = ' ';
    }
    text[n] = '\0';
    spell(s, text);
}

static void spell_orders(const struct spelling *s)
{
    if (s->value->words < 2 || s->value->words > 4)
        return;
    spell_turned(s, 1);
    if (s->value->words > 2)
        spell_turned(s, s->value->words - 1);
}

/* "Müller" as "Mueller", in a name in all orders. */
static void spell_umlauts(
    const struct spelling *s, struct str cell, bool is_name)
{
    static const struct {
        const char *from, *to;
    } pairs[] = {{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"Ä", "Ae"},
        {"Ö", "Oe"}, {"Ü", "Ue"}, {"å", "aa"}, {"ø", "oe"}, {"Å", "Aa"},
        {"Ø", "Oe"}};
    char text[2 * EDM_VALUE_MAX];
    size_t n = 0;
    bool is_other = false;
    for (size_t i = 0; i < cell.n && n + 3 < sizeof text;) {
        size_t k = 0;
        while (k < ARRAY_LEN(pairs) &&
               !str_starts(str_sub(cell, i, cell.n), pairs[k].from))
            k++;
        if (k == ARRAY_LEN(pairs)) {
            text[n++] = cell.p[i++];
            continue;
        }
        is_other = true;
        memcpy(text + n, pairs[k].to, 2);
        n += 2;
        i += 2;
    }
    text[n] = '\0';
    if (!is_other)
        return;
    struct edm_value value = {0};
    struct spelling other = {s->tell, s->owner, &value};
    bool is_long;
    spell(s, text);
    add_words(str_of(text), &value, &is_long);
    if (is_name && !is_long)
        spell_orders(&other);
}

static void spell_number(const struct spelling *s)
{
    char text[EDM_VALUE_MAX + 1];
    size_t zeros = 0, n = s->value->n;
    while (zeros < n && s->value->bytes[zeros] == '0')
        zeros++;
    if (zeros == 0 || n - zeros < SHORT_NUMBER + 1)
        return;
    memcpy(text, s->value->bytes + zeros, n - zeros);
    text[n - zeros] = '\0';
    spell(s, text);
}

/* ---- */

enum edm_cell edm_cell_read(
    struct str cell, enum edm_type type, struct edm_value *value_out)
{
    char date[16];
    struct date dates[2];
    bool is_long;
    *value_out = (struct edm_value){0};
    if (type == EDM_TYPE_DATE && read_dates(cell, dates) > 0) {
        snprintf(date, sizeof date, "%04u%02u%02u", dates[0].year,
            dates[0].month, dates[0].day);
        cell = str_of(date);
    }
    add_words(cell, value_out, &is_long);
    if (is_long)
        return EDM_CELL_LONG;
    if (is_nothing(str_make(value_out->bytes, value_out->n)))
        return EDM_CELL_EMPTY;
    return is_short(value_out) ? EDM_CELL_SHORT : EDM_CELL_GOOD;
}

void edm_cell_spellings(struct str cell, enum edm_type type,
    const struct edm_value *value, edm_spelling_fn *on_spelling, void *owner)
{
    struct spelling s = {on_spelling, owner, value};
    struct date dates[2];
    if (type == EDM_TYPE_DATE) {
        size_t count = read_dates(cell, dates);
        for (size_t i = 0; i < count; i++)
            spell_date(&s, &dates[i]);
    }
    if (type == EDM_TYPE_NUMBER)
        spell_number(&s);
    if (type == EDM_TYPE_NAME || type == EDM_TYPE_TEXT)
        spell_umlauts(&s, cell, type == EDM_TYPE_NAME);
    if (type == EDM_TYPE_NAME)
        spell_orders(&s);
}

/* ---- types ---- */

void edm_guess_add(struct edm_guess *guess, struct str cell)
{
    struct date dates[2];
    struct edm_value value;
    enum edm_type type = EDM_TYPE_TEXT;
    if (edm_cell_read(cell, EDM_TYPE_TEXT, &value) == EDM_CELL_EMPTY)
        return;
    if (read_dates(cell, dates) > 0)
        type = EDM_TYPE_DATE;
    else if (str_find_char(cell, '@') < cell.n)
        type = EDM_TYPE_EMAIL;
    else if (edm_value_is_number(&value))
        type = EDM_TYPE_NUMBER;
    else if (value.digits == 0 && value.words >= 1 && value.words <= 5)
        type = EDM_TYPE_NAME;
    guess->cells++;
    guess->of[type]++;
}

enum edm_type edm_guess_type(const struct edm_guess *guess)
{
    for (size_t type = 0; type < EDM_TYPES; type++)
        if (guess->of[type] * 10 >= guess->cells * 8 && guess->cells > 0)
            return (enum edm_type)type;
    return EDM_TYPE_TEXT;
}
