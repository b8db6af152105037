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

/* U+00A0 to U+00FF, in order: words of many languages need them. */
static const char *const latin[] = {"nbsp", "iexcl", "cent", "pound", "curren",
    "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para",
    "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34",
    "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc",
    "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml",
    "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig",
    "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn",
    "yuml"};
static const struct {
    const char *name;
    uint32_t c;
} names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'},
    {"apos", '\''}, {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014},
    {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"sbquo", 0x201a}, {"ldquo", 0x201c},
    {"rdquo", 0x201d}, {"bdquo", 0x201e}, {"lsaquo", 0x2039},
    {"rsaquo", 0x203a}, {"euro", 0x20ac}, {"trade", 0x2122}, {"bull", 0x2022},
    {"dagger", 0x2020}, {"Dagger", 0x2021}, {"permil", 0x2030},
    {"prime", 0x2032}, {"Prime", 0x2033}, {"minus", 0x2212}, {"le", 0x2264},
    {"ge", 0x2265}, {"ne", 0x2260}, {"asymp", 0x2248}, {"infin", 0x221e},
    {"larr", 0x2190}, {"uarr", 0x2191}, {"rarr", 0x2192}, {"darr", 0x2193},
    {"harr", 0x2194}, {"OElig", 0x152}, {"oelig", 0x153}, {"Scaron", 0x160},
    {"scaron", 0x161}, {"Yuml", 0x178}, {"fnof", 0x192}, {"ensp", 0x2002},
    {"emsp", 0x2003}, {"thinsp", 0x2009}, {"zwj", 0x200d}, {"zwnj", 0x200c}};

static uint32_t find_name(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i].name))
            return names[i].c;
    for (size_t i = 0; i < ARRAY_LEN(latin); i++)
        if (str_is(name, latin[i]))
            return (uint32_t)(0xa0 + i);
    return 0;
}

/* The character of "amp", "#38", "#x26"; 0: no entity. */
static uint32_t find_entity(struct str name)
{
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
    return find_name(name);
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
