#include "extract/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "extract/xml.h"

/* ---- the table of strings ---- */

struct table {
    struct sheet_strings *out;
    unsigned in_t, in_phonetic;
};

static void table_begin(void *arg, const char *name, const char **atts)
{
    struct table *t = arg;
    (void)atts;
    t->in_t += strcmp(name, "t") == 0;
    t->in_phonetic += strcmp(name, "rPh") == 0;
}

static void add_string(struct sheet_strings *s)
{
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 256 : 2 * s->cap;
        s->items = mem_realloc(s->items, s->cap * sizeof *s->items);
    }
    s->items[s->count++] = (struct sheet_string){s->text.n, false};
}

static void table_end(void *arg, const char *name)
{
    struct table *t = arg;
    t->in_t -= strcmp(name, "t") == 0;
    t->in_phonetic -= strcmp(name, "rPh") == 0;
    if (strcmp(name, "si") == 0)
        add_string(t->out);
}

static void table_text(void *arg, struct str text)
{
    struct table *t = arg;
    if (t->in_t > 0 && t->in_phonetic == 0)
        buf_append_str(&t->out->text, text);
}

bool sheet_strings_read(struct str xml, struct sheet_strings *out)
{
    static const struct xml_events events = {
        table_begin, table_end, table_text, NULL};
    struct table t = {.out = out};
    return xml_read(xml, &events, &t);
}

void sheet_strings_free(struct sheet_strings *strings)
{
    buf_free(&strings->text);
    mem_free(strings->items);
    *strings = (struct sheet_strings){0};
}

static struct str string_at(const struct sheet_strings *s, size_t i)
{
    return str_sub(
        buf_str(&s->text), i == 0 ? 0 : s->items[i - 1].end, s->items[i].end);
}

static struct str use_string(struct sheet_strings *s, struct str index)
{
    uint64_t i;
    if (str_to_u64(str_trim(index), &i) != OK || i >= s->count)
        return STR_NONE;
    s->items[i].is_used = true;
    return string_at(s, i);
}

void sheet_strings_rest(struct job *job, const struct sheet_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        if (!strings->items[i].is_used)
            job_line(job, string_at(strings, i));
}

/* ---- a sheet ---- */

enum { VALUE_MAX = 64 * 1024 };

struct sheet {
    struct job *job;
    struct sheet_strings *strings;
    struct buf value, side;
    bool is_shared, is_value, is_words, is_formula;
    unsigned columns; /* told in this row */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_header(const char *name)
{
    static const char *const names[] = {"oddHeader", "oddFooter", "evenHeader",
        "evenFooter", "firstHeader", "firstFooter", NULL};
    return xml_is_one_of(name, names);
}

/* What a reader sees outside of cells: headers, footers, prompts. */
static bool is_words(const char *name)
{
    return is_header(name) || strcmp(name, "formula1") == 0 ||
           strcmp(name, "formula2") == 0;
}

static bool is_formula(const char *name)
{
    return strcmp(name, "f") == 0 || strcmp(name, "formula") == 0;
}

/* Its texts and long numbers are in no cell but this one. */
static bool is_telling_formula(struct str s)
{
    enum { LONG_NUMBER = 8 };
    size_t digits = 0;
    for (size_t i = 0; i < s.n && digits < LONG_NUMBER; i++) {
        if (s.p[i] == '"')
            return true;
        digits = is_digit(s.p[i]) ? digits + 1 : 0;
    }
    return digits >= LONG_NUMBER;
}

static void keep_line(struct buf *side, struct str text)
{
    text = str_trim(text);
    if (text.n == 0 || text.n > SIDE_MAX - side->n)
        return;
    buf_append_str(side, text);
    buf_append_char(side, '\n');
}

/* "&LLeft &"Arial,Bold"&12words&R&P": codes of place, font, size, colour and
 * fields (ECMA-376 part 1 §18.3.1.39). */
static void keep_header(struct buf *side, struct str s)
{
    struct buf words = {0};
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '&' || i + 1 == s.n) {
            buf_append_char(&words, s.p[i]);
            continue;
        }
        char code = s.p[++i];
        if (code == '&') {
            buf_append_char(&words, '&');
        } else if (code == '"') {
            i += 1 + str_find_char(str_sub(s, i + 1, s.n), '"');
        } else if (code == 'K') {
            i += 6;
        } else if (is_digit(code)) {
            while (i + 1 < s.n && is_digit(s.p[i + 1]))
                i++;
        } else if (strchr("LCRPNDTFAZG", code) != NULL) {
            buf_append_char(&words, '\t');
        }
    }
    keep_line(side, buf_str(&words));
    buf_free(&words);
}

/* Of filters and scenarios; of the style of anything else. */
static bool has_telling_val(const char *name)
{
    static const char *const names[] = {
        "filter", "customFilter", "inputCells", NULL};
    return xml_is_one_of(name, names);
}

static void sheet_begin(void *arg, const char *name, const char **atts)
{
    static const char *const telling[] = {"prompt", "promptTitle", "error",
        "display", "tooltip", "location", "text", "comment"};
    struct sheet *s = arg;
    if (strcmp(name, "c") == 0) {
        const char *type = xml_attribute(atts, "t");
        s->is_shared = type != NULL && strcmp(type, "s") == 0;
        buf_clear(&s->value);
    }
    s->is_value |= strcmp(name, "v") == 0 || strcmp(name, "t") == 0;
    s->is_words |= is_words(name);
    s->is_formula |= is_formula(name);
    if (is_words(name) || is_formula(name))
        buf_clear(&s->value);
    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        keep_line(&s->side, str_of(xml_attribute(atts, telling[i])));
    if (has_telling_val(name))
        keep_line(&s->side, str_of(xml_attribute(atts, "val")));
}

/* Digits, one point, an exponent; not "0x10", "inf" or a version. */
static bool is_written_number(struct str text)
{
    size_t points = 0, exponents = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        points += c == '.';
        exponents += c == 'E' || c == 'e';
        if (!is_digit(c) && strchr(".Ee+-", c) == NULL)
            return false;
    }
    return text.n > 0 && is_digit(text.p[0]) && points <= 1 && exponents == 1;
}

struct str sheet_number(struct str text, char room[SHEET_NUMBER_MAX])
{
    struct str whole = text;
    if (text.n > 2 && str_ends(text, ".0")) /* as some programs write it */
        whole = str_sub(text, 0, text.n - 2);
    if (whole.n < text.n && str_find_char(whole, '.') == whole.n)
        return whole;
    if (text.n >= SHEET_NUMBER_MAX || !is_written_number(text))
        return text;
    memcpy(room, text.p, text.n);
    room[text.n] = '\0';
    char *end;
    double value = strtod(room, &end);
    bool is_whole = *end == '\0' && fabs(value) < 1e18 && fabs(value) >= 1 &&
                    floor(value) == value;
    if (!is_whole)
        return text;
    snprintf(room, SHEET_NUMBER_MAX, "%.0f", value);
    return str_of(room);
}

static void end_cell(struct sheet *s)
{
    char number[SHEET_NUMBER_MAX];
    struct str value = str_trim(buf_str(&s->value));
    if (value.n == 0)
        return;
    if (s->columns++ > 0)
        job_char(s->job, '\t');
    if (s->is_shared)
        job_text(s->job, use_string(s->strings, value));
    else
        job_text(s->job, sheet_number(value, number));
}

static void sheet_end(void *arg, const char *name)
{
    struct sheet *s = arg;
    if (strcmp(name, "c") == 0) {
        end_cell(s);
        buf_clear(&s->value);
    } else if (strcmp(name, "row") == 0) {
        job_break(s->job);
        s->columns = 0;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        s->is_value = false;
    } else if (is_words(name)) {
        if (is_header(name))
            keep_header(&s->side, buf_str(&s->value));
        else
            keep_line(&s->side, buf_str(&s->value));
        s->is_words = false;
        buf_clear(&s->value);
    } else if (is_formula(name)) {
        if (is_telling_formula(buf_str(&s->value)))
            keep_line(&s->side, buf_str(&s->value));
        s->is_formula = false;
        buf_clear(&s->value);
    }
}

static void sheet_text(void *arg, struct str text)
{
    struct sheet *s = arg;
    bool is_wanted = s->is_value || s->is_words || s->is_formula;
    if (is_wanted && text.n <= VALUE_MAX - s->value.n)
        buf_append_str(&s->value, text);
}

void sheet_read(struct job *job, struct str xml, struct sheet_strings *strings)
{
    static const struct xml_events events = {
        sheet_begin, sheet_end, sheet_text, NULL};
    struct sheet s = {.job = job, .strings = strings};
    if (!xml_read(xml, &events, &s) && !job_is_over(job))
        job_trouble(job, EXTRACT_DAMAGED);
    job_line(job, buf_str(&s.side));
    buf_free(&s.side);
    buf_free(&s.value);
}
