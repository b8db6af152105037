/* Entities and attributes of HTML that a scanner reads; no tree, no state. */
#include "inspect/html.h"

#include <stdlib.h>

#include "base/mem.h"

bool html_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* ---- entities --------------------------------------------------------- */

static size_t write_utf8(uint32_t c, char out[4])
{
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i > 1; i--, c >>= 6)
        out[i - 1] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(marks[n] | c);
    return n;
}

/* The character of "amp", "#38", "#x26"; 0: no entity. */
static uint32_t find_entity(struct str name)
{
    static const struct {
        const char *name;
        uint32_t c;
    } names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'},
        {"apos", '\''}, {"nbsp", 0xa0}, {"shy", 0xad}, {"hellip", 0x2026},
        {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
        {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d},
        {"euro", 0x20ac}, {"copy", 0xa9}, {"reg", 0xae}, {"trade", 0x2122},
        {"bull", 0x2022}, {"middot", 0xb7}, {"times", 0xd7}, {"deg", 0xb0},
        {"zwj", 0x200d}, {"zwnj", 0x200c}};
    if (str_starts(name, "#")) {
        char digits[HTML_ENTITY_BYTES_MAX];
        bool is_hex = str_starts_nocase(name, "#x");
        struct str text = str_sub(name, is_hex ? 2 : 1, name.n);
        for (size_t i = 0; i < text.n; i++)
            digits[i] = text.p[i];
        digits[text.n] = '\0';
        char *end;
        unsigned long long c = strtoull(digits, &end, is_hex ? 16 : 10);
        bool is_number = text.n != 0 && *end == '\0' && text.p[0] != '-' &&
                         text.p[0] != '+' && !html_is_blank(text.p[0]);
        if (!is_number)
            return 0;
        return c == 0 || c > 0x10ffff ? 0xfffd : (uint32_t)c;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i].name))
            return names[i].c;
    return 0;
}

size_t html_decode_entity(const char *entity, size_t n, char out[4])
{
    if (n < 3 || entity[n - 1] != ';')
        return 0;
    uint32_t c = find_entity(str_make(entity + 1, n - 2));
    return c == 0 ? 0 : write_utf8(c, out);
}

/* ---- attributes ------------------------------------------------------- */

static void decode_value(struct str raw, struct buf *out)
{
    for (size_t i = 0; i < raw.n; i++) {
        size_t end = i;
        char text[4];
        size_t n = 0;
        if (raw.p[i] == '&') {
            struct str rest = str_sub(raw, i, i + HTML_ENTITY_BYTES_MAX - 1);
            end = str_find_char(rest, ';');
            if (end < rest.n)
                n = html_decode_entity(rest.p, end + 1, text);
        }
        if (n != 0) {
            buf_append(out, text, n);
            i += end;
        } else {
            buf_append_char(out, raw.p[i]);
        }
    }
}

/* The next attribute of a tag's text; false: there is none. */
static bool next_attribute(
    struct str *rest, struct str *name_out, struct str *value_out)
{
    size_t i = 0;
    while (i < rest->n && (html_is_blank(rest->p[i]) || rest->p[i] == '/'))
        i++;
    size_t begin = i;
    while (i < rest->n && !html_is_blank(rest->p[i]) && rest->p[i] != '/' &&
           (rest->p[i] != '=' || i == begin))
        i++;
    *name_out = str_sub(*rest, begin, i);
    *value_out = STR_NONE;
    while (i < rest->n && html_is_blank(rest->p[i]))
        i++;
    if (i < rest->n && rest->p[i] == '=') {
        i++;
        while (i < rest->n && html_is_blank(rest->p[i]))
            i++;
        char quote = i < rest->n ? rest->p[i] : '\0';
        if (quote == '"' || quote == '\'') {
            struct str from = str_sub(*rest, i + 1, rest->n);
            size_t n = str_find_char(from, quote);
            *value_out = str_sub(from, 0, n);
            i += n + 2;
        } else {
            begin = i;
            while (i < rest->n && !html_is_blank(rest->p[i]))
                i++;
            *value_out = str_sub(*rest, begin, i);
        }
    }
    *rest = str_sub(*rest, i < rest->n ? i : rest->n, rest->n);
    return name_out->n != 0;
}

bool html_find_attribute(
    struct str attributes, const char *name, struct buf *value_out)
{
    struct str found, value;
    buf_clear(value_out);
    while (next_attribute(&attributes, &found, &value)) {
        if (!str_is_nocase(found, name))
            continue;
        decode_value(value, value_out);
        return true;
    }
    return false;
}
