/*
 * The push reader.  Request bodies, answers' SSE data and everything that is
 * harvested comes through here; json_tree.c builds documents from its tokens.
 *
 * One state says what may come next; strings are scanned eight bytes at a
 * time and handed out as they stand in the input when nothing in them has to
 * be changed.  Numbers and literals are collected and checked at their end.
 */
#include "inspect/json.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { STRING_BYTES_DEFAULT = 16 * 1024 * 1024, UTF16_SIGN_BYTES = 4 };

enum state {
    S_BOM,          /* nothing read yet */
    S_VALUE,        /* a value must come */
    S_VALUE_OR_END, /* behind "[" */
    S_KEY,          /* behind "," in an object */
    S_KEY_OR_END,   /* behind "{" */
    S_COLON,
    S_AFTER, /* behind a value in a container */
    S_DONE,  /* behind the document */
    S_STRING,
    S_ESCAPE, /* behind a backslash */
    S_HEX,    /* in the four digits of \u */
    S_NUMBER,
    S_LITERAL,
};

struct json_reader {
    enum err (*on_token)(void *arg, const struct json_token *token);
    void *arg;
    size_t depth_max, string_max;
    bool allows_many;

    enum state state;
    enum err err;
    uint64_t is_object[JSON_DEPTH_MAX / 64]; /* a bit a level */
    unsigned depth;

    /* The bytes of this feed. */
    const char *begin, *at, *end;
    uint64_t base; /* offset of begin */

    /* The token being read. */
    struct buf scratch;
    const char *run; /* not yet in scratch; NULL: not in a token */
    uint64_t start;
    bool is_key, is_verbatim;
    const char *literal;
    enum json_kind literal_kind;
    unsigned literal_at;
    unsigned hex_digits;
    uint32_t hex, high;   /* high: surrogate that waits for its low one */
    unsigned char cut[4]; /* a UTF-8 sequence cut by the end of a feed */
    unsigned cut_n;
    unsigned bom_n;
};

struct json_reader *json_reader_new(const struct json_limits *limits,
    bool allows_many,
    enum err (*on_token)(void *arg, const struct json_token *token), void *arg)
{
    struct json_reader *r = MEM_NEW(struct json_reader);
    r->on_token = on_token;
    r->arg = arg;
    r->allows_many = allows_many;
    r->depth_max = limits != NULL ? limits->depth : 0;
    if (r->depth_max == 0)
        r->depth_max = JSON_DEPTH_DEFAULT;
    if (r->depth_max > JSON_DEPTH_MAX)
        r->depth_max = JSON_DEPTH_MAX;
    r->string_max = limits != NULL ? limits->string_bytes : 0;
    if (r->string_max == 0)
        r->string_max = STRING_BYTES_DEFAULT;
    return r;
}

void json_reader_free(struct json_reader **reader)
{
    if (*reader == NULL)
        return;
    buf_free(&(*reader)->scratch);
    mem_free(*reader);
    *reader = NULL;
}

static uint64_t offset(const struct json_reader *r)
{
    return r->base + (uint64_t)(r->at - r->begin);
}

/* ---- strings ---- */

#define ONES (~(uint64_t)0 / 255)
#define HIGH_BITS (ONES * 0x80)

static uint64_t has_zero(uint64_t v)
{
    return (v - ONES) & ~v & HIGH_BITS;
}

/* Non-zero when one of the eight bytes is a quote, a backslash, a control
 * character or not ASCII. */
static uint64_t has_special(uint64_t v)
{
    uint64_t is_control = (v - ONES * 0x20) & ~v;
    return has_zero(v ^ ONES * '"') | has_zero(v ^ ONES * '\\') |
           ((is_control | v) & HIGH_BITS);
}

static bool is_special(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20 || c >= 0x80;
}

/* Short ones are what an answer's words come as: two words that overlap cover
 * any length of eight bytes and more, two halves that do any of four to eight.
 */
bool json_is_plain(struct str text)
{
    const char *p = text.p, *end = text.p + text.n;
    uint64_t v;
    uint32_t half[2];
    if (text.n >= sizeof v) {
        for (; end - p > (ptrdiff_t)sizeof v; p += sizeof v) {
            memcpy(&v, p, sizeof v);
            if (has_special(v) != 0)
                return false;
        }
        memcpy(&v, end - sizeof v, sizeof v);
        return has_special(v) == 0;
    }
    if (text.n >= sizeof half[0]) {
        memcpy(&half[0], p, sizeof half[0]);
        memcpy(&half[1], end - sizeof half[1], sizeof half[1]);
        return has_special((uint64_t)half[1] << 32 | half[0]) == 0;
    }
    while (p < end && !is_special((unsigned char)*p))
        p++;
    return p == end;
}

static const char *skip_plain(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        if (has_special(v) != 0)
            break;
        p += 8;
    }
    while (p < end && !is_special((unsigned char)*p))
        p++;
    return p;
}

/* Moves what was scanned of the input into scratch. */
static enum err keep_run(struct json_reader *r)
{
    size_t n = (size_t)(r->at - r->run);
    size_t room = r->string_max - r->scratch.n;
    bool is_too_long = n > room;
    if (is_too_long) {
        r->at = r->run + room;
        n = room;
    }
    buf_append(&r->scratch, r->run, n);
    r->run = r->at;
    return is_too_long ? ERR_LIMIT : OK;
}

static enum err keep_char(struct json_reader *r, uint32_t code_point)
{
    char out[4];
    size_t n = utf8_encode(code_point, out);
    if (n > r->string_max - r->scratch.n)
        return ERR_LIMIT;
    buf_append(&r->scratch, out, n);
    return OK;
}

static enum err keep_lone_surrogate(struct json_reader *r)
{
    if (r->high == 0)
        return OK;
    r->high = 0;
    return keep_char(r, 0xfffd);
}

static size_t sequence_length(unsigned char lead)
{
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The sequence in cut is whole, or broken by the next byte: each byte of a
 * broken one becomes U+FFFD, as it does when the sequence was not cut. */
static enum err settle_cut(struct json_reader *r)
{
    struct str s = {(const char *)r->cut, r->cut_n};
    unsigned n = r->cut_n;
    r->cut_n = 0;
    if (utf8_length(s) == n) {
        if (n > r->string_max - r->scratch.n)
            return ERR_LIMIT;
        buf_append_str(&r->scratch, s);
        return OK;
    }
    r->is_verbatim = false;
    enum err err = OK;
    for (unsigned i = 0; i < n && err == OK; i++)
        err = keep_char(r, 0xfffd);
    return err;
}

static enum err continue_cut(struct json_reader *r)
{
    size_t need = sequence_length(r->cut[0]);
    while (r->at < r->end && r->cut_n < need && is_continuation(*r->at))
        r->cut[r->cut_n++] = (unsigned char)*r->at++;
    r->run = r->at;
    if (r->cut_n < need && r->at == r->end)
        return OK;
    return settle_cut(r);
}

/* At a byte above 0x7f: a valid sequence stays in the run. */
static enum err read_high_byte(struct json_reader *r)
{
    struct str rest = {r->at, (size_t)(r->end - r->at)};
    size_t n = utf8_length(rest);
    if (n != 0) {
        r->at += n;
        return OK;
    }
    enum err err = keep_run(r);
    if (err != OK)
        return err;
    size_t have = 1, need = sequence_length((unsigned char)*r->at);
    while (have < need && have < rest.n && is_continuation(r->at[have]))
        have++;
    if (have == rest.n && have < need) {
        memcpy(r->cut, r->at, have);
        r->cut_n = (unsigned)have;
        r->at += have;
        r->run = r->at;
        return OK;
    }
    r->is_verbatim = false;
    r->at++;
    r->run = r->at;
    return keep_char(r, 0xfffd);
}

static enum err emit(struct json_reader *r, enum json_kind kind,
    struct str text, uint64_t start, uint64_t end)
{
    struct json_token token = {.kind = kind,
        .text = text,
        .start = start,
        .end = end,
        .depth = r->depth,
        .is_verbatim = r->is_verbatim,
        .is_borrowed = text.n != 0 && r->scratch.n == 0};
    r->run = NULL;
    return r->on_token(r->arg, &token);
}

static void begin_token(struct json_reader *r)
{
    buf_clear(&r->scratch);
    r->run = r->at;
    r->start = offset(r);
    r->is_verbatim = true;
}

static void value_is_done(struct json_reader *r)
{
    r->state = r->depth > 0 ? S_AFTER : S_DONE;
}

/* The text of a token that ends at r->at; its run is not yet copied. */
static enum err token_text(struct json_reader *r, struct str *text_out)
{
    size_t n = (size_t)(r->at - r->run);
    if (r->scratch.n == 0 && n <= r->string_max) {
        *text_out = str_make(r->run, n);
        return OK;
    }
    enum err err = keep_run(r);
    *text_out = buf_str(&r->scratch);
    return err;
}

static enum err end_string(struct json_reader *r)
{
    struct str text;
    enum err err = token_text(r, &text);
    if (err != OK)
        return err;
    enum json_kind kind = r->is_key ? JSON_KEY : JSON_STRING;
    uint64_t end = offset(r);
    r->at++;
    if (r->is_key)
        r->state = S_COLON;
    else
        value_is_done(r);
    err = emit(r, kind, text, r->start, end);
    buf_clear(&r->scratch);
    return err;
}

static enum err read_string(struct json_reader *r)
{
    enum err err = OK;
    if (r->cut_n != 0)
        return continue_cut(r);
    if (r->high != 0 && *r->at != '\\') {
        err = keep_lone_surrogate(r);
        if (err != OK)
            return err;
    }
    while (err == OK) {
        r->at = skip_plain(r->at, r->end);
        if (r->at == r->end)
            return OK;
        unsigned char c = (unsigned char)*r->at;
        if (c >= 0x80) {
            err = read_high_byte(r);
            if (err != OK || r->at == r->end)
                return err;
            continue;
        }
        if (c == '"')
            return end_string(r);
        err = keep_run(r);
        if (err != OK)
            return err;
        if (c != '\\')
            return ERR_PARSE;
        r->run = ++r->at;
        r->is_verbatim = false;
        r->state = S_ESCAPE;
        return OK;
    }
    return err;
}

static enum err read_escape(struct json_reader *r)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    char c = *r->at;
    if (c == 'u') {
        r->run = ++r->at;
        r->hex = 0;
        r->hex_digits = 0;
        r->state = S_HEX;
        return OK;
    }
    enum err err = keep_lone_surrogate(r);
    if (err != OK)
        return err;
    const char *hit = c != '\0' ? strchr(names, c) : NULL;
    if (hit == NULL)
        return ERR_PARSE;
    r->run = ++r->at;
    r->state = S_STRING;
    return keep_char(r, (uint32_t)(unsigned char)values[hit - names]);
}

/* A whole \uXXXX was read; halves of a pair wait for each other. */
static enum err keep_unit(struct json_reader *r, uint32_t unit)
{
    bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
    if (r->high != 0 && is_low) {
        uint32_t pair = 0x10000 + ((r->high - 0xd800) << 10) + (unit - 0xdc00);
        r->high = 0;
        return keep_char(r, pair);
    }
    enum err err = keep_lone_surrogate(r);
    if (err != OK)
        return err;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        r->high = unit;
        return OK;
    }
    return keep_char(r, unit);
}

static enum err read_hex(struct json_reader *r)
{
    while (r->hex_digits < 4) {
        if (r->at == r->end)
            return OK;
        int value = str_hex_value(*r->at);
        if (value < 0)
            return ERR_PARSE;
        r->hex = r->hex << 4 | (uint32_t)value;
        r->hex_digits++;
        r->run = ++r->at;
    }
    r->state = S_STRING;
    return keep_unit(r, r->hex);
}

/* ---- numbers and literals ---- */

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
           c == 'e' || c == 'E';
}

static size_t skip_digits(struct str s, size_t i)
{
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i;
}

/* RFC 8259 §6. */
static bool is_number(struct str s)
{
    size_t i = s.n > 0 && s.p[0] == '-' ? 1 : 0;
    size_t from = i;
    i = skip_digits(s, i);
    if (i == from || (s.p[from] == '0' && i > from + 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        from = ++i;
        i = skip_digits(s, i);
        if (i == from)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
            i++;
        from = i;
        i = skip_digits(s, i);
        if (i == from)
            return false;
    }
    return i == s.n;
}

static enum err end_number(struct json_reader *r)
{
    struct str text;
    enum err err = token_text(r, &text);
    if (err != OK)
        return err;
    if (!is_number(text)) {
        err = keep_run(r);
        return err != OK ? err : ERR_PARSE;
    }
    value_is_done(r);
    err = emit(r, JSON_NUMBER, text, r->start, offset(r));
    buf_clear(&r->scratch);
    return err;
}

static enum err read_number(struct json_reader *r)
{
    while (r->at < r->end && is_number_byte(*r->at))
        r->at++;
    size_t n = r->scratch.n + (size_t)(r->at - r->run);
    if (n > JSON_NUMBER_BYTES_MAX) {
        r->at -= n - JSON_NUMBER_BYTES_MAX;
        enum err err = keep_run(r);
        return err != OK ? err : ERR_LIMIT;
    }
    return r->at < r->end ? end_number(r) : OK;
}

static enum err read_literal(struct json_reader *r)
{
    while (r->literal[r->literal_at] != '\0') {
        if (r->at == r->end)
            return OK;
        if (*r->at != r->literal[r->literal_at]) {
            buf_append(&r->scratch, r->literal, r->literal_at);
            return ERR_PARSE;
        }
        r->literal_at++;
        r->at++;
    }
    value_is_done(r);
    uint64_t end = offset(r);
    return emit(r, r->literal_kind, STR_NONE, r->start, end);
}

/* ---- structure ---- */

static bool top_is_object(const struct json_reader *r)
{
    unsigned level = r->depth - 1;
    return (r->is_object[level / 64] >> (level % 64) & 1) != 0;
}

static enum err open_container(struct json_reader *r, bool is_object)
{
    if (r->depth >= r->depth_max)
        return ERR_LIMIT;
    uint64_t start = offset(r);
    r->at++;
    enum err err = emit(
        r, is_object ? JSON_OBJECT : JSON_ARRAY, STR_NONE, start, start + 1);
    uint64_t bit = (uint64_t)1 << (r->depth % 64);
    if (is_object)
        r->is_object[r->depth / 64] |= bit;
    else
        r->is_object[r->depth / 64] &= ~bit;
    r->depth++;
    r->state = is_object ? S_KEY_OR_END : S_VALUE_OR_END;
    return err;
}

static enum err close_container(struct json_reader *r)
{
    enum json_kind kind = top_is_object(r) ? JSON_OBJECT_END : JSON_ARRAY_END;
    uint64_t start = offset(r);
    r->at++;
    r->depth--;
    value_is_done(r);
    return emit(r, kind, STR_NONE, start, start + 1);
}

static void open_string(struct json_reader *r, bool is_key)
{
    r->at++;
    begin_token(r);
    r->is_key = is_key;
    r->state = S_STRING;
}

static enum err open_value(struct json_reader *r)
{
    static const char *const literals[] = {"null", "false", "true"};
    char c = *r->at;
    if (c == '"') {
        open_string(r, false);
        return OK;
    }
    if (c == '{' || c == '[')
        return open_container(r, c == '{');
    if (c == '-' || (c >= '0' && c <= '9')) {
        begin_token(r);
        r->state = S_NUMBER;
        return OK;
    }
    for (unsigned i = 0; i < ARRAY_LEN(literals); i++) {
        if (c != literals[i][0])
            continue;
        begin_token(r);
        r->run = NULL;
        r->literal = literals[i];
        r->literal_kind = (enum json_kind)(JSON_NULL + i);
        r->literal_at = 0;
        r->state = S_LITERAL;
        return OK;
    }
    return ERR_PARSE;
}

static enum err read_after(struct json_reader *r)
{
    char c = *r->at;
    if (c == ',') {
        r->state = top_is_object(r) ? S_KEY : S_VALUE;
        r->at++;
        return OK;
    }
    if (c == (top_is_object(r) ? '}' : ']'))
        return close_container(r);
    return ERR_PARSE;
}

static bool is_blank(const struct json_reader *r, char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' ||
           (c == 0x1e && r->allows_many && r->depth == 0);
}

static enum err read_structure(struct json_reader *r)
{
    while (r->at < r->end && is_blank(r, *r->at))
        r->at++;
    if (r->at == r->end)
        return OK;
    char c = *r->at;
    switch (r->state) {
    case S_VALUE_OR_END:
        return c == ']' ? close_container(r) : open_value(r);
    case S_VALUE:
        return open_value(r);
    case S_KEY_OR_END:
        if (c == '}')
            return close_container(r);
        /* fall through */
    case S_KEY:
        if (c != '"')
            return ERR_PARSE;
        open_string(r, true);
        return OK;
    case S_COLON:
        if (c != ':')
            return ERR_PARSE;
        r->at++;
        r->state = S_VALUE;
        return OK;
    case S_AFTER:
        return read_after(r);
    default: /* S_DONE */
        return r->allows_many ? open_value(r) : ERR_PARSE;
    }
}

static enum err read_bom(struct json_reader *r)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (*r->at == bom[r->bom_n]) {
        r->at++;
        if (++r->bom_n == 3)
            r->state = S_VALUE;
        return OK;
    }
    if (r->bom_n != 0)
        return ERR_PARSE;
    r->state = S_VALUE;
    return OK;
}

static enum err read_some(struct json_reader *r)
{
    switch (r->state) {
    case S_BOM:
        return read_bom(r);
    case S_STRING:
        return read_string(r);
    case S_ESCAPE:
        return read_escape(r);
    case S_HEX:
        return read_hex(r);
    case S_NUMBER:
        return read_number(r);
    case S_LITERAL:
        return read_literal(r);
    default:
        return read_structure(r);
    }
}

/* A NUL among the first bytes, or a byte that begins no UTF-8: UTF-16 or
 * UTF-32, which servers may read and we do not. */
static enum err name_error(const struct json_reader *r, enum err err)
{
    if (err != ERR_PARSE || r->at == r->end)
        return err;
    unsigned char c = (unsigned char)*r->at;
    bool is_mark = offset(r) == 0 && c >= 0xfe;
    bool is_wide = offset(r) < UTF16_SIGN_BYTES && c == 0;
    return is_mark || is_wide ? ERR_UNSUPPORTED : err;
}

enum err json_feed(struct json_reader *r, struct str bytes)
{
    if (r->err != OK || bytes.n == 0)
        return r->err;
    r->begin = r->at = bytes.p;
    r->end = bytes.p + bytes.n;
    if (r->run != NULL)
        r->run = r->at;
    enum err err = OK;
    while (err == OK && r->at < r->end)
        err = read_some(r);
    if (err == OK && r->run != NULL)
        err = keep_run(r);
    r->err = name_error(r, err);
    r->base = offset(r);
    r->begin = r->at = r->end = NULL;
    return r->err;
}

enum err json_finish(struct json_reader *r)
{
    if (r->err != OK)
        return r->err;
    if (r->state == S_NUMBER && r->depth == 0) {
        r->begin = r->at = r->end = r->run = "";
        r->err = end_number(r);
        r->begin = r->at = r->end = NULL;
    }
    if (r->err == OK && r->state != S_DONE)
        r->err = ERR_PARSE;
    return r->err;
}

uint64_t json_offset(const struct json_reader *r)
{
    return r->base;
}

struct str json_partial(const struct json_reader *r)
{
    return buf_str(&r->scratch);
}
