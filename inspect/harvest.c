/*
 * One harvest reads one body; parts, lines and JSON inside values are read by
 * child harvests, which write through their root.  A harvest first collects a
 * head to decide what it has before it, then hands everything to the parser
 * for that, and from where the parser gives up, to the printable runs.
 */
#include "inspect/harvest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/form.h"
#include "inspect/json.h"
#include "inspect/multipart.h"
#include "inspect/runs.h"

enum {
    HEAD_BYTES = 512,
    CHILD_DEPTH_MAX = 4,
    DIGITS_MIN = 9,
    SHORT_NUMBER_BYTES = 32,
    SHORT_WORD_BYTES = 2,
    UUID_BYTES = 36,
};

/* What a child knows of its input beforehand. */
enum hint {
    HINT_TYPE,  /* the content type */
    HINT_LINE,  /* a line of SSE or NDJSON */
    HINT_VALUE, /* begins like JSON */
};

struct harvest {
    struct harvest *root; /* itself at the top */
    unsigned depth;
    enum hint hint;
    enum harvest_kind kind;
    bool is_broken;
    bool is_lines;   /* SSE, NDJSON: a child a line */
    bool is_in_rest; /* the parser gave up: all goes to runs */
    struct arena arena;
    struct mime_type type;
    struct buf head;

    struct json_reader *json;
    struct form *form;
    struct multipart *multipart;
    struct harvest *child; /* of the part or line being read */
    struct runs runs;
    /* JSON: a number too short to be given out, in case JSON breaks off right
     * behind it: "[4111 1111 1111 1111]" is none. */
    char number[SHORT_NUMBER_BYTES];
    size_t number_n;
    uint64_t number_end;
    char last;  /* of text; 0 before the first */
    bool is_id; /* JSON: by the name of the member being read */

    /* The root's only. */
    struct buf *out, *aside; /* aside: NULL where all goes to out */
    uint64_t out_bytes, out_max;
    bool is_in_line;
    enum err err;
};

const char *harvest_kind_name(enum harvest_kind kind)
{
    static const char *const names[] = {
        "unknown", "json", "form", "multipart", "sse", "text", "runs"};
    return names[kind];
}

/* ---- output ---- */

static void put(struct harvest *h, struct str text)
{
    struct harvest *root = h->root;
    if (root->err != OK || text.n == 0)
        return;
    if (root->out_max != 0 && text.n > root->out_max - root->out_bytes) {
        text = str_sub(text, 0, (size_t)(root->out_max - root->out_bytes));
        root->err = ERR_LIMIT;
    }
    buf_append_str(root->out, text);
    root->out_bytes += text.n;
    root->is_in_line = text.n > 0 && text.p[text.n - 1] != '\n';
}

static void end_line(struct harvest *h)
{
    if (h->root->is_in_line)
        put(h, STR("\n"));
}

static void put_piece(struct harvest *h, struct str text)
{
    end_line(h);
    put(h, text);
    end_line(h);
}

static void put_aside(struct harvest *h, struct str text)
{
    struct buf *aside = h->root->aside;
    if (aside == NULL) {
        put_piece(h, text);
        return;
    }
    buf_append_str(aside, text);
    if (text.n != 0 && text.p[text.n - 1] != '\n')
        buf_append_char(aside, '\n');
}

static bool is_uuid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.p[i] != '-' : str_hex_value(s.p[i]) < 0)
            return false;
    }
    return s.n == UUID_BYTES;
}

static bool names_id(struct str name)
{
    static const char *const whole[] = {"id", "ids", "uuid", "token", NULL};
    static const char *const ends[] = {
        "_id", "_ids", "_uuid", "_token", "Id", "Ids", "Token", NULL};
    for (size_t i = 0; whole[i] != NULL; i++)
        if (str_is_nocase(name, whole[i]))
            return true;
    for (size_t i = 0; ends[i] != NULL; i++)
        if (str_ends(name, ends[i]))
            return true;
    return false;
}

/* Somebody's words, or what a machine calls something? */
static void put_word(struct harvest *h, struct str text, bool is_id)
{
    bool has_blank = str_find_char(text, ' ') < text.n;
    if (text.n <= SHORT_WORD_BYTES || is_uuid(text) || (is_id && !has_blank))
        put_aside(h, text);
    else
        put_piece(h, text);
}

static void on_run(void *arg, struct str text)
{
    put(arg, text);
}

/* ---- making and feeding children ---- */

static void feed(struct harvest *h, struct str bytes);
static void finish(struct harvest *h);

static struct harvest *harvest_make(
    struct harvest *parent, enum hint hint, struct str content_type)
{
    struct harvest *h = MEM_NEW(struct harvest);
    h->root = parent != NULL ? parent->root : h;
    h->depth = parent != NULL ? parent->depth + 1 : 0;
    h->hint = hint;
    h->runs.on_text = on_run;
    h->runs.arg = h;
    if (mime_parse_type(content_type, &h->arena, &h->type) != OK)
        h->type = (struct mime_type){0};
    return h;
}

static void end_child(struct harvest *h)
{
    if (h->child == NULL)
        return;
    finish(h->child);
    if (h->kind != HARVEST_SSE) /* "[DONE]" is no JSON, and no wonder */
        h->is_broken |= h->child->is_broken;
    harvest_free(&h->child);
}

static bool begins_like_json(struct str s)
{
    if (str_starts(s, "\xef\xbb\xbf"))
        s = str_sub(s, 3, s.n);
    s = str_trim(s);
    return s.n > 0 && (s.p[0] == '{' || s.p[0] == '[');
}

/* JSON inside a value; false when it is none or too deep. */
static bool read_value(struct harvest *h, struct str value)
{
    if (!begins_like_json(value) || h->depth >= CHILD_DEPTH_MAX)
        return false;
    struct harvest *child = harvest_make(h, HINT_VALUE, STR(""));
    feed(child, value);
    finish(child);
    harvest_free(&child);
    return true;
}

/* From here on nothing of the format is believed. */
static void feed_rest(struct harvest *h, struct str before, struct str rest)
{
    h->is_broken = true;
    h->is_in_rest = true;
    runs_feed(&h->runs, before);
    runs_feed(&h->runs, rest);
}

/* ---- JSON ---- */

static size_t count_digits(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] >= '0' && s.p[i] <= '9';
    return n;
}

/* 4.111111111111111e15 is a card number as well. */
static void put_number(struct harvest *h, struct str text)
{
    char copy[64], plain[64];
    put_aside(h, text);
    bool is_plain = str_find_char(text, '.') == text.n &&
                    str_find_char(text, 'e') == text.n &&
                    str_find_char(text, 'E') == text.n;
    if (is_plain || text.n >= sizeof copy)
        return;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    double value = strtod(copy, NULL);
    if (value > -1e20 && value < 1e20) {
        int n = snprintf(plain, sizeof plain, "%.0f", value);
        put_aside(h, str_make(plain, (size_t)n));
    }
}

static enum err on_number(struct harvest *h, const struct json_token *t)
{
    bool is_short = t->text.n < sizeof h->number;
    if (t->depth == 0) { /* no document of ours: text behind one */
        runs_feed(&h->runs, t->text);
        return ERR_PARSE;
    }
    if (count_digits(t->text) >= DIGITS_MIN || !is_short) {
        put_number(h, t->text);
        return OK;
    }
    memcpy(h->number, t->text.p, t->text.n);
    h->number_n = t->text.n;
    h->number_end = t->end;
    return OK;
}

static enum err on_json_token(void *arg, const struct json_token *t)
{
    struct harvest *h = arg;
    h->number_n = 0;
    switch (t->kind) {
    case JSON_STRING:
        put_word(h, t->text, h->is_id);
        if (memchr(t->text.n > 0 ? t->text.p : "", '\\', t->text.n) != NULL)
            read_value(h, t->text);
        return h->root->err;
    case JSON_KEY:
        h->is_id = names_id(t->text);
        if (count_digits(t->text) >= DIGITS_MIN)
            put_aside(h, t->text);
        return h->root->err;
    case JSON_NUMBER:
        return on_number(h, t);
    default:
        return OK;
    }
}

static void break_json(struct harvest *h, struct str rest)
{
    runs_feed(&h->runs, str_make(h->number, h->number_n));
    if (h->number_n > 0 && json_offset(h->json) > h->number_end)
        runs_feed(&h->runs, STR(" "));
    feed_rest(h, json_partial(h->json), rest);
}

static void feed_json(struct harvest *h, struct str bytes)
{
    uint64_t from = json_offset(h->json);
    if (json_feed(h->json, bytes) == OK)
        return;
    size_t taken = (size_t)(json_offset(h->json) - from);
    break_json(h, str_sub(bytes, taken, bytes.n));
}

/* ---- forms ---- */

static void on_field(void *arg, struct str name, struct str value)
{
    struct harvest *h = arg;
    put_aside(h, name);
    if (!read_value(h, value))
        put_word(h, value, names_id(name));
}

static void feed_form(struct harvest *h, struct str bytes)
{
    uint64_t from = form_offset(h->form);
    if (form_feed(h->form, bytes) == OK)
        return;
    size_t taken = (size_t)(form_offset(h->form) - from);
    feed_rest(h, form_partial(h->form), str_sub(bytes, taken, bytes.n));
}

/* ---- multipart ---- */

static void on_part(void *arg, const struct multipart_part *part)
{
    struct harvest *h = arg;
    struct str name = part->disposition.filename;
    runs_finish(&h->runs);
    put_aside(h, str_trim(part->headers));
    if (name.n > 0 && str_find(part->headers, name) == part->headers.n)
        put_aside(h, name); /* was escaped */
    h->child = harvest_make(h, HINT_TYPE, part->content_type);
}

static void on_part_data(void *arg, struct str data)
{
    struct harvest *h = arg;
    feed(h->child, data);
}

static void on_part_end(void *arg)
{
    struct harvest *h = arg;
    end_child(h);
    end_line(h);
}

static void on_other(void *arg, struct str bytes)
{
    struct harvest *h = arg;
    runs_feed(&h->runs, bytes);
}

static void feed_multipart(struct harvest *h, struct str bytes)
{
    uint64_t from = multipart_offset(h->multipart);
    if (multipart_feed(h->multipart, bytes) == OK)
        return;
    size_t taken = (size_t)(multipart_offset(h->multipart) - from);
    end_child(h);
    feed_rest(h, STR_NONE, str_sub(bytes, taken, bytes.n));
}

/* ---- lines and text ---- */

static void feed_lines(struct harvest *h, struct str bytes)
{
    while (bytes.n > 0) {
        size_t at = str_find_char(bytes, '\n');
        if (h->child == NULL)
            h->child = harvest_make(h, HINT_LINE, STR(""));
        feed(h->child, str_sub(bytes, 0, at));
        if (at < bytes.n)
            end_child(h);
        bytes = str_sub(bytes, at + 1, bytes.n);
    }
}

/* A zero byte is not text: perhaps UTF-16, whose first character was taken
 * for one of ours. */
static void feed_text(struct harvest *h, struct str bytes)
{
    size_t n = str_find_char(bytes, '\0');
    put(h, str_sub(bytes, 0, n));
    if (n > 0)
        h->last = bytes.p[n - 1];
    if (n == bytes.n)
        return;
    end_line(h);
    feed_rest(h, str_make(&h->last, h->last != 0 ? 1 : 0),
        str_sub(bytes, n, bytes.n));
}

/* ---- what is it ---- */

/* name=value in the characters that URL encoding leaves. */
static bool looks_like_form(struct str s)
{
    static const char others[] = "-_.~*+%=&[]!'(),;:@/?$";
    size_t equals = str_find_char(s, '=');
    if (equals == 0 || equals >= s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9');
        if (!is_alnum && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return true;
}

static bool looks_like_sse(struct str s)
{
    return str_starts(s, "data:") || str_starts(s, "event:") ||
           str_starts(s, "id:") || str_starts(s, "retry:");
}

static enum harvest_kind sniff(const struct harvest *h, struct str head)
{
    struct str type = h->type.type;
    bool may_be_form = type.n == 0 || str_is(type, "text/plain") ||
                       str_is(type, "application/octet-stream");
    struct str text = str_trim(head);
    if (begins_like_json(head) ||
        (mime_is_json(type) && str_starts(text, "\"")))
        return HARVEST_JSON;
    if (str_find_char(head, '\0') < head.n)
        return HARVEST_RUNS;
    if (looks_like_sse(text))
        return HARVEST_SSE;
    if (str_is(type, "application/x-www-form-urlencoded") ||
        (may_be_form && looks_like_form(text)))
        return HARVEST_FORM;
    bool is_text =
        mime_is_text(type) || mime_is_json(type) || utf8_is_text(head);
    return is_text ? HARVEST_TEXT : HARVEST_RUNS;
}

/* The JSON of "data: {…}", else the whole line. */
static struct str line_value(struct str line)
{
    struct str value = line;
    if (str_starts(line, "data:"))
        value = str_sub(line, 5, line.n);
    return begins_like_json(value) ? value : line;
}

static enum harvest_kind decide_kind(struct harvest *h, struct str head)
{
    static const struct multipart_events events = {.on_part = on_part,
        .on_data = on_part_data,
        .on_part_end = on_part_end,
        .on_other = on_other};
    struct str type = h->type.type;
    if (h->depth >= CHILD_DEPTH_MAX)
        return HARVEST_RUNS;
    if (h->hint != HINT_TYPE)
        return begins_like_json(head)               ? HARVEST_JSON
               : str_find_char(head, '\0') < head.n ? HARVEST_RUNS
                                                    : HARVEST_TEXT;
    if (str_starts(type, "multipart/") &&
        multipart_new(h->type.boundary, &events, h, &h->multipart) == OK)
        return HARVEST_MULTIPART;
    if (str_is(type, "text/event-stream") || mime_is_ndjson(type)) {
        h->is_lines = true;
        return mime_is_ndjson(type) ? HARVEST_JSON : HARVEST_SSE;
    }
    return sniff(h, head);
}

static void dispatch(struct harvest *h, struct str bytes)
{
    if (h->root->err != OK || bytes.n == 0)
        return;
    if (h->is_in_rest || h->kind == HARVEST_RUNS)
        runs_feed(&h->runs, bytes);
    else if (h->is_lines)
        feed_lines(h, bytes);
    else if (h->kind == HARVEST_JSON)
        feed_json(h, bytes);
    else if (h->kind == HARVEST_FORM)
        feed_form(h, bytes);
    else if (h->kind == HARVEST_MULTIPART)
        feed_multipart(h, bytes);
    else
        feed_text(h, bytes);
}

static void decide(struct harvest *h)
{
    struct str head = buf_str(&h->head);
    if (h->hint == HINT_LINE)
        head = line_value(head);
    h->kind = decide_kind(h, head);
    if (h->kind == HARVEST_SSE)
        h->is_lines = true;
    if (h->kind == HARVEST_JSON && !h->is_lines)
        h->json = json_reader_new(NULL, true, on_json_token, h);
    if (h->kind == HARVEST_FORM)
        h->form = form_new(0, on_field, h);
    dispatch(h, head);
    buf_free(&h->head);
}

/* Blanks before the first byte would push it out of the head. */
static struct str skip_blanks(const struct harvest *h, struct str s)
{
    bool is_at_start =
        h->head.n == 0 || str_is(buf_str(&h->head), "\xef\xbb\xbf");
    while (is_at_start && s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL &&
           s.p[0] != '\0')
        s = str_sub(s, 1, s.n);
    return s;
}

/* Decides on the same bytes however they are cut. */
static void feed(struct harvest *h, struct str bytes)
{
    if (h->kind == HARVEST_UNKNOWN && bytes.n > 0) {
        bytes = skip_blanks(h, bytes);
        while (h->head.n < 3 && bytes.n > 0) {
            buf_append_char(&h->head, bytes.p[0]);
            bytes = skip_blanks(h, str_sub(bytes, 1, bytes.n));
        }
        size_t n = HEAD_BYTES - h->head.n;
        buf_append_str(&h->head, str_sub(bytes, 0, n));
        bytes = str_sub(bytes, n, bytes.n);
        if (h->head.n == HEAD_BYTES)
            decide(h);
    }
    dispatch(h, bytes);
}

static void finish(struct harvest *h)
{
    if (h->kind == HARVEST_UNKNOWN && h->head.n > 0)
        decide(h);
    if (!h->is_in_rest && h->json != NULL && json_finish(h->json) != OK)
        break_json(h, STR_NONE);
    if (!h->is_in_rest && h->form != NULL && form_finish(h->form) != OK)
        feed_rest(h, form_partial(h->form), STR_NONE);
    if (!h->is_in_rest && h->multipart != NULL &&
        multipart_finish(h->multipart) != OK)
        h->is_broken = true;
    end_child(h);
    runs_finish(&h->runs);
    end_line(h);
}

/* ---- from outside ---- */

struct harvest *harvest_new(struct str content_type, size_t output_bytes)
{
    struct harvest *h = harvest_make(NULL, HINT_TYPE, content_type);
    h->out_max = output_bytes;
    return h;
}

void harvest_set_aside(struct harvest *h, struct buf *aside)
{
    h->aside = aside;
}

void harvest_free(struct harvest **harvest)
{
    struct harvest *h = *harvest;
    if (h == NULL)
        return;
    harvest_free(&h->child);
    json_reader_free(&h->json);
    form_free(&h->form);
    multipart_free(&h->multipart);
    buf_free(&h->head);
    arena_free(&h->arena);
    mem_free(h);
    *harvest = NULL;
}

enum err harvest_feed(struct harvest *h, struct str bytes, struct buf *text_out)
{
    h->out = text_out;
    feed(h, bytes);
    return h->err;
}

enum err harvest_finish(struct harvest *h, struct buf *text_out)
{
    h->out = text_out;
    if (h->err == OK)
        finish(h);
    return h->err;
}

enum harvest_kind harvest_kind(const struct harvest *h)
{
    return h->kind;
}

bool harvest_is_broken(const struct harvest *h)
{
    return h->is_broken;
}

enum err harvest_body(struct str content_type, struct str body,
    size_t output_bytes, struct buf *text_out)
{
    struct harvest *h = harvest_new(content_type, output_bytes);
    enum err err = harvest_feed(h, body, text_out);
    if (err == OK)
        err = harvest_finish(h, text_out);
    harvest_free(&h);
    return err;
}
