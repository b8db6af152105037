/*
 * Header values as parts and bodies carry them.  One walker over
 * "; name=value" serves both headers.
 */
#include "inspect/mime.h"

#include "base/base64.h"
#include "base/utf8.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct str *s, size_t n)
{
    *s = str_sub(*s, n, s->n);
}

static void skip_space(struct str *s)
{
    while (s->n > 0 && is_space(s->p[0]))
        skip(s, 1);
}

/* Behind the opening quote.  A backslash escapes a quote or itself only:
 * browsers do not escape the ones in Windows paths. */
static struct str take_quoted(struct str *s, struct arena *arena)
{
    size_t i = 0, n = 0;
    while (i < s->n && s->p[i] != '"')
        i += s->p[i] == '\\' && i + 1 < s->n &&
                     (s->p[i + 1] == '"' || s->p[i + 1] == '\\')
                 ? 2
                 : 1;
    size_t end = i;
    char *p = arena_alloc(arena, end + 1);
    for (i = 0; i < end; i++) {
        if (s->p[i] == '\\' && i + 1 < end &&
            (s->p[i + 1] == '"' || s->p[i + 1] == '\\'))
            i++;
        p[n++] = s->p[i];
    }
    skip(s, end + 1);
    return str_make(p, n);
}

static bool next_param(struct str *rest, struct arena *arena,
    struct str *name_out, struct str *value_out)
{
    while (rest->n > 0 && (is_space(rest->p[0]) || rest->p[0] == ';'))
        skip(rest, 1);
    if (rest->n == 0)
        return false;
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '=' && rest->p[n] != ';')
        n++;
    *name_out = str_trim(str_sub(*rest, 0, n));
    *value_out = STR("");
    skip(rest, n);
    if (rest->n == 0 || rest->p[0] == ';')
        return true;
    skip(rest, 1);
    skip_space(rest);
    if (rest->n > 0 && rest->p[0] == '"') {
        skip(rest, 1);
        *value_out = take_quoted(rest, arena);
        skip(rest, str_find_char(*rest, ';'));
    } else {
        n = str_find_char(*rest, ';');
        *value_out = str_trim(str_sub(*rest, 0, n));
        skip(rest, n);
    }
    return true;
}

/* Keeps the first of several. */
static void set_once(struct str *to, struct str value, struct arena *arena)
{
    if (to->p == NULL)
        *to = arena_copy(arena, value);
}

enum err mime_parse_type(
    struct str value, struct arena *arena, struct mime_type *out)
{
    *out = (struct mime_type){0};
    size_t n = str_find_char(value, ';');
    struct str type = str_trim(str_sub(value, 0, n));
    size_t slash = str_find_char(type, '/');
    if (slash == 0 || slash + 1 >= type.n)
        return ERR_PARSE;
    for (size_t i = 0; i < type.n; i++)
        if ((unsigned char)type.p[i] <= ' ' || type.p[i] == '"' ||
            type.p[i] == ',')
            return ERR_PARSE;
    out->type = arena_lower(arena, type);
    struct str rest = str_sub(value, n, value.n), name, param;
    while (next_param(&rest, arena, &name, &param)) {
        if (str_is_nocase(name, "boundary"))
            set_once(&out->boundary, param, arena);
        else if (str_is_nocase(name, "charset") && out->charset.p == NULL)
            out->charset = arena_lower(arena, param);
    }
    return OK;
}

/* RFC 8187: charset'language'percent-encoded. */
static enum err decode_extended(
    struct str value, struct arena *arena, struct str *out)
{
    struct str charset, language;
    if (!str_split(&value, '\'', &charset) ||
        !str_split(&value, '\'', &language) || value.p == NULL)
        return ERR_PARSE;
    bool is_latin1 = str_is_nocase(charset, "iso-8859-1");
    if (!is_latin1 && !str_is_nocase(charset, "utf-8"))
        return ERR_UNSUPPORTED;
    char *p = arena_alloc(arena, value.n * 2 + 4);
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        int c = (unsigned char)value.p[i];
        if (c == '%') {
            int high = i + 2 < value.n ? str_hex_value(value.p[i + 1]) : -1;
            int low = high >= 0 ? str_hex_value(value.p[i + 2]) : -1;
            if (low < 0)
                return ERR_PARSE;
            c = high << 4 | low;
            i += 2;
        }
        if (is_latin1)
            n += utf8_encode((uint32_t)c, p + n);
        else
            p[n++] = (char)c;
    }
    *out = str_make(p, n);
    return OK;
}

/* "Q" of RFC 2047 §4.2, appended. */
static enum err decode_q(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '=') {
            int high = i + 2 < text.n ? str_hex_value(text.p[i + 1]) : -1;
            int low = high >= 0 ? str_hex_value(text.p[i + 2]) : -1;
            if (low < 0)
                return ERR_PARSE;
            c = (char)(high << 4 | low);
            i += 2;
        }
        buf_append_char(out, c == '_' && text.p[i] == '_' ? ' ' : c);
    }
    return OK;
}

/* One encoded word, "=?charset?B?text?=", taken from the start of *rest and
 * appended as UTF-8. */
static enum err take_encoded_word(struct str *rest, struct buf *out)
{
    struct str word = *rest, charset, encoding;
    struct buf bytes = {0};
    if (!str_starts(word, "=?"))
        return ERR_PARSE;
    skip(&word, 2);
    if (!str_split(&word, '?', &charset) || !str_split(&word, '?', &encoding))
        return ERR_PARSE;
    size_t n = str_find(word, STR("?="));
    bool is_latin1 = str_is_nocase(charset, "iso-8859-1");
    if (n == word.n || (!is_latin1 && !str_is_nocase(charset, "utf-8")))
        return ERR_UNSUPPORTED;
    struct str text = str_sub(word, 0, n);
    enum err err = str_is_nocase(encoding, "b")   ? base64_decode(text, &bytes)
                   : str_is_nocase(encoding, "q") ? decode_q(text, &bytes)
                                                  : ERR_UNSUPPORTED;
    struct str plain = buf_str(&bytes);
    for (size_t i = 0; err == OK && i < plain.n; i++) {
        char utf8[4] = {plain.p[i]};
        uint32_t c = (unsigned char)plain.p[i];
        size_t count = is_latin1 ? utf8_encode(c, utf8) : 1;
        buf_append_str(out, str_make(utf8, count));
    }
    buf_free(&bytes);
    skip(&word, n + 2);
    *rest = word;
    return err;
}

/* A value that is encoded words (RFC 2047) all through, as UTF-8 in the arena;
 * any other, and one in another charset, as it is. */
static struct str decode_words(struct str value, struct arena *arena)
{
    struct str rest = str_trim(value);
    struct buf out = {0};
    enum err err = rest.n == 0 ? ERR_PARSE : OK;
    while (rest.n != 0 && err == OK) {
        err = take_encoded_word(&rest, &out);
        skip_space(&rest);
    }
    bool is_decoded = err == OK && utf8_is_valid(buf_str(&out));
    struct str decoded = is_decoded ? arena_copy(arena, buf_str(&out)) : value;
    buf_free(&out);
    return decoded;
}

/* What is no UTF-8 is what fields are without another word (RFC 6266 §4.3):
 * a name of its bytes would be shown as replacement characters. */
static struct str from_latin1(struct str value, struct arena *arena)
{
    if (value.p == NULL || utf8_is_valid(value))
        return value;
    char *p = arena_alloc(arena, value.n * 2 + 4);
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++)
        n += utf8_encode((unsigned char)value.p[i], p + n);
    return str_make(p, n);
}

enum err mime_parse_disposition(
    struct str value, struct arena *arena, struct mime_disposition *out)
{
    struct str plain = STR_NONE, extended = STR_NONE;
    *out = (struct mime_disposition){0};
    size_t n = str_find_char(value, ';');
    struct str kind = str_trim(str_sub(value, 0, n));
    if (kind.n == 0 || str_find_char(kind, '=') < kind.n)
        return ERR_PARSE;
    out->kind = arena_lower(arena, kind);
    struct str rest = str_sub(value, n, value.n), name, param;
    while (next_param(&rest, arena, &name, &param)) {
        if (str_is_nocase(name, "name"))
            set_once(&out->name, param, arena);
        else if (str_is_nocase(name, "filename"))
            set_once(&plain, param, arena);
        else if (str_is_nocase(name, "filename*") && extended.p == NULL &&
                 decode_extended(param, arena, &extended) != OK)
            extended = STR_NONE;
    }
    if (plain.p != NULL && !str_is(out->kind, "form-data"))
        plain = decode_words(plain, arena);
    out->filename = from_latin1(extended.p != NULL ? extended : plain, arena);
    out->has_name = out->name.p != NULL;
    out->has_filename = out->filename.p != NULL;
    return OK;
}

static bool is_one_of(struct str type, const char *const *names)
{
    for (; *names != NULL; names++)
        if (str_is(type, *names))
            return true;
    return false;
}

bool mime_is_json(struct str type)
{
    static const char *const names[] = {"application/json", "text/json",
        "application/x-json", "application/csp-report",
        "application/x-javascript-object-notation", NULL};
    return is_one_of(type, names) || str_ends(type, "+json");
}

bool mime_is_ndjson(struct str type)
{
    static const char *const names[] = {"application/x-ndjson",
        "application/ndjson", "application/jsonl", "application/x-jsonlines",
        "application/jsonlines", "application/json-seq", NULL};
    return is_one_of(type, names) || str_ends(type, "+ndjson") ||
           str_ends(type, "+json-seq");
}

bool mime_is_text(struct str type)
{
    static const char *const names[] = {"application/xml",
        "application/javascript", "application/x-javascript",
        "application/ecmascript", "application/yaml", "application/x-yaml",
        "application/toml", "application/sql", "application/graphql",
        "application/x-sh", NULL};
    return str_starts(type, "text/") || is_one_of(type, names) ||
           str_ends(type, "+xml") || str_ends(type, "+yaml");
}

bool mime_take_number(struct str *s, int64_t *value_out)
{
    size_t n = 0;
    uint64_t value;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (str_to_u64(str_sub(*s, 0, n), &value) != OK || value > INT64_MAX / 2)
        return false;
    *s = str_sub(*s, n, s->n);
    *value_out = (int64_t)value;
    return true;
}

enum err mime_parse_range(struct str value, struct mime_range *out)
{
    struct mime_range range = {-1, -1, -1};
    if (!str_starts_nocase(value, "bytes "))
        return ERR_PARSE;
    value = str_trim(str_sub(value, 6, value.n));
    if (!mime_take_number(&value, &range.first) || !str_starts(value, "-"))
        return ERR_PARSE;
    value = str_sub(value, 1, value.n);
    if (!mime_take_number(&value, &range.last) || !str_starts(value, "/"))
        return ERR_PARSE;
    value = str_sub(value, 1, value.n);
    if (!mime_take_number(&value, &range.total))
        range.total = -1;
    *out = range;
    return OK;
}
