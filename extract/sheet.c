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
        table_begin, table_end, table_text};
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

/* What a reader sees outside of cells: headers, footers, prompts. */
static bool is_words(const char *name)
{
    static const char *const names[] = {"oddHeader", "oddFooter", "evenHeader",
        "evenFooter", "firstHeader", "firstFooter", "formula1", "formula2"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void keep_line(struct buf *side, struct str text)
{
    text = str_trim(text);
    if (text.n == 0 || text.n > SIDE_MAX - side->n)
        return;
    buf_append_str(side, text);
    buf_append_char(side, '\n');
}

static void sheet_begin(void *arg, const char *name, const char **atts)
{
    static const char *const telling[] = {
        "prompt", "promptTitle", "error", "display", "tooltip", "location"};
    struct sheet *s = arg;
    if (strcmp(name, "c") == 0) {
        const char *type = xml_attribute(atts, "t");
        s->is_shared = type != NULL && strcmp(type, "s") == 0;
        buf_clear(&s->value);
    }
    s->is_value |= strcmp(name, "v") == 0 || strcmp(name, "t") == 0;
    s->is_words |= is_words(name);
    s->is_formula |= strcmp(name, "f") == 0;
    if (is_words(name) || strcmp(name, "f") == 0)
        buf_clear(&s->value);
    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        keep_line(&s->side, str_of(xml_attribute(atts, telling[i])));
}

/* 4.1111111111111111E+15 is how a long number is kept: told in full. */
static void write_number(struct job *job, struct str text)
{
    char digits[64];
    if (text.n >= sizeof digits || str_find_char(text, 'E') == text.n) {
        job_text(job, text);
        return;
    }
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    char *end;
    double value = strtod(digits, &end);
    bool is_whole = *end == '\0' && fabs(value) < 1e18 && fabs(value) >= 1 &&
                    floor(value) == value;
    if (is_whole)
        snprintf(digits, sizeof digits, "%.0f", value);
    job_text(job, is_whole ? str_of(digits) : text);
}

static void end_cell(struct sheet *s)
{
    struct str value = str_trim(buf_str(&s->value));
    if (value.n == 0)
        return;
    if (s->columns++ > 0)
        job_char(s->job, '\t');
    if (s->is_shared)
        job_text(s->job, use_string(s->strings, value));
    else
        write_number(s->job, value);
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
        keep_line(&s->side, buf_str(&s->value));
        s->is_words = false;
        buf_clear(&s->value);
    } else if (strcmp(name, "f") == 0) {
        /* Its texts are in no cell but this one. */
        if (str_find_char(buf_str(&s->value), '"') < s->value.n)
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
        sheet_begin, sheet_end, sheet_text};
    struct sheet s = {.job = job, .strings = strings};
    if (!xml_read(xml, &events, &s) && !job_is_over(job))
        job_trouble(job, EXTRACT_DAMAGED);
    job_line(job, buf_str(&s.side));
    buf_free(&s.side);
    buf_free(&s.value);
}
