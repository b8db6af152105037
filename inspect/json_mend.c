/*
 * The end of a JSON text that broke off.  One pass finds out what is open;
 * the last piece that says nothing by itself (a comma, half an escape, half a
 * word) is dropped.
 */
#include "inspect/json_mend.h"

#include <string.h>

#include "base/utf8.h"

struct open {
    char closers[JSON_DEPTH_MAX]; /* of what is open */
    size_t depth;
    bool in_string, is_key; /* is_key: the last string is, or may be, one */
    size_t escape;          /* where the last escape begins */
    size_t word;            /* where a number or true … begins */
    bool in_word;
};

static bool open_one(struct open *o, char closer)
{
    if (o->depth == sizeof o->closers)
        return false;
    o->closers[o->depth++] = closer;
    o->is_key = closer == '}';
    return true;
}

/* One byte between strings. */
static bool step_outside(struct open *o, char c, size_t at)
{
    bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                   c == '-' || c == '+' || c == '.' || c == 'E';
    if (is_word && !o->in_word)
        o->word = at;
    o->in_word = is_word;
    if (is_word)
        return true;
    if (c == '{' || c == '[')
        return open_one(o, c == '{' ? '}' : ']');
    if (c == '}' || c == ']')
        return o->depth != 0 && o->closers[--o->depth] == c;
    if (c == ',')
        o->is_key = o->depth != 0 && o->closers[o->depth - 1] == '}';
    if (c == ':')
        o->is_key = false;
    o->in_string = c == '"';
    return true;
}

/* Where it ends; behind the text if that breaks off within. */
static size_t escape_end(struct str text, size_t at)
{
    if (at + 1 >= text.n || text.p[at + 1] != 'u')
        return at + 2;
    for (size_t i = at + 2; i < at + 6 && i < text.n; i++)
        if (str_hex_value(text.p[i]) < 0)
            return i; /* wrong, and stays so */
    return at + 6;
}

static size_t step_inside(struct open *o, struct str text, size_t at)
{
    if (text.p[at] == '\\') {
        o->escape = at;
        return escape_end(text, at);
    }
    o->in_string = text.p[at] != '"';
    return at + 1;
}

/* "\ud83d" waits for its second half. */
static bool is_half_pair(struct str escape)
{
    return escape.n == 6 && (str_starts_nocase(escape, "\\ud8") ||
                                str_starts_nocase(escape, "\\ud9") ||
                                str_starts_nocase(escape, "\\uda") ||
                                str_starts_nocase(escape, "\\udb"));
}

/* One that escaped what was dropped would escape the closing quote. */
static size_t before_backslash(struct str text, size_t end)
{
    size_t first = end;
    while (first > 0 && text.p[first - 1] == '\\')
        first--;
    return end - (end - first) % 2;
}

/* Half a surrogate pair, half an escape and half a character are dropped. */
static size_t string_end(const struct open *o, struct str text, size_t reached)
{
    size_t end = reached > text.n ? o->escape : text.n;
    if (o->escape < end && is_half_pair(str_sub(text, o->escape, end)))
        end = o->escape;
    size_t lead = end;
    while (lead > 0 && ((unsigned char)text.p[lead - 1] & 0xc0) == 0x80)
        lead--;
    bool is_half = lead > 0 && (unsigned char)text.p[lead - 1] >= 0xc0 &&
                   utf8_length(str_sub(text, lead - 1, end)) == 0;
    return is_half ? before_backslash(text, lead - 1) : end;
}

static void close_string(
    const struct open *o, struct str text, size_t reached, struct buf *out)
{
    buf_append_str(out, str_sub(text, 0, string_end(o, text, reached)));
    buf_append(out, "\"", 1);
    if (o->is_key)
        buf_append_str(out, STR(":null"));
}

static void close_outside(
    const struct open *o, struct str text, struct buf *out)
{
    struct str kept = str_sub(text, 0, o->in_word ? o->word : text.n);
    while (kept.n != 0 && strchr(" \t\r\n", kept.p[kept.n - 1]) != NULL)
        kept.n--;
    bool has_comma = kept.n != 0 && kept.p[kept.n - 1] == ',';
    kept.n -= has_comma;
    buf_append_str(out, kept);
    char last = kept.n != 0 ? kept.p[kept.n - 1] : '\0';
    if (last == ':')
        buf_append_str(out, STR("null"));
    else if (last == '"' && o->is_key && !has_comma)
        buf_append_str(out, STR(":null"));
}

bool json_mend(struct str text, struct buf *out)
{
    struct open o = {.depth = 0};
    size_t at = 0;
    while (at < text.n) {
        if (o.in_string)
            at = step_inside(&o, text, at);
        else if (step_outside(&o, text.p[at], at))
            at++;
        else
            return false;
    }
    if (o.depth == 0)
        return false;
    if (o.in_string)
        close_string(&o, text, at, out);
    else
        close_outside(&o, text, out);
    while (o.depth != 0)
        buf_append_char(out, o.closers[--o.depth]);
    return true;
}
