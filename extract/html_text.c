/*
 * HTML as text: what it shows, line by line, and then what it does not show:
 * values of attributes, comments, scripts.  No tree: a tag is what stands
 * between < and >, and broken markup loses its markup, never its words.
 */
#include "extract/job.h"

#include "base/mem.h"
#include "extract/text.h"
#include "inspect/html.h"

enum { LONG_VALUE = 8 };

struct page {
    struct job *job;
    struct str rest;
    struct buf side;
    bool is_pre;
};

static bool is_name(struct str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (str_is_nocase(name, *names))
            return true;
    return false;
}

static bool is_inline(struct str name)
{
    static const char *const names[] = {"a", "abbr", "b", "bdi", "bdo", "cite",
        "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
        "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u",
        "var", "wbr", "nobr", "o:p", NULL};
    return is_name(name, names);
}

/* An attribute of any name may hold a value; these hold the page's looks. */
static bool is_looks(struct str name)
{
    static const char *const names[] = {"class", "style", "id", "for", "d",
        "points", "transform", "viewbox", "srcset", "sizes", "media", "rel",
        "integrity", "nonce", "crossorigin", "type", "lang", "role", "target",
        "align", "valign", "width", "height", "http-equiv", "charset", "face",
        "color", "bgcolor", "fill", "stroke", "headers", NULL};
    return is_name(name, names) || str_starts_nocase(name, "xmlns") ||
           str_starts_nocase(name, "mso-") || str_starts_nocase(name, "aria-");
}

static bool is_telling(struct str name)
{
    static const char *const names[] = {"href", "src", "alt", "title", "value",
        "content", "placeholder", "action", "aria-label", "cite", "data",
        "label", "summary", "srcdoc", NULL};
    return is_name(name, names) || str_starts_nocase(name, "data-") ||
           str_starts_nocase(name, "on");
}

static void keep(struct page *p, struct str text)
{
    text = str_trim(text);
    if (text.n == 0 || text.n > SIDE_MAX - p->side.n)
        return;
    buf_append_str(&p->side, text);
    buf_append_char(&p->side, '\n');
}

static void decode(struct str raw, struct buf *out)
{
    for (size_t i = 0; i < raw.n; i++) {
        char text[4];
        size_t n = 0, end = 0;
        if (raw.p[i] == '&') {
            struct str rest = str_sub(raw, i, i + HTML_ENTITY_BYTES_MAX - 1);
            end = str_find_char(rest, ';');
            if (end < rest.n)
                n = html_decode_entity(rest.p, end + 1, text);
        }
        buf_append(out, n > 0 ? text : raw.p + i, n > 0 ? n : 1);
        i += n > 0 ? end : 0;
    }
}

/* ---- shown text ---- */

static void write_text(struct page *p, struct str raw)
{
    struct buf text = {0};
    decode(raw, &text);
    struct str s = buf_str(&text);
    for (size_t i = 0; i < s.n; i++) {
        bool is_blank = html_is_blank(s.p[i]) && !p->is_pre;
        if (!is_blank)
            job_char(p->job, s.p[i]);
        else if (p->job->last != ' ' && p->job->last != '\n' &&
                 p->job->last != '\t')
            job_char(p->job, ' ');
    }
    buf_free(&text);
}

/* ---- tags ---- */

/* One attribute off the front of a tag's text; its name is empty at the
 * end. */
static struct str take_attribute(struct str *rest, struct str *value_out)
{
    size_t i = 0;
    *value_out = STR_NONE;
    while (i < rest->n && (html_is_blank(rest->p[i]) || rest->p[i] == '/'))
        i++;
    size_t begin = i;
    while (i < rest->n && !html_is_blank(rest->p[i]) && rest->p[i] != '=')
        i++;
    struct str name = str_sub(*rest, begin, i);
    while (i < rest->n && html_is_blank(rest->p[i]))
        i++;
    if (i < rest->n && rest->p[i] == '=') {
        i++;
        while (i < rest->n && html_is_blank(rest->p[i]))
            i++;
        struct str from = str_sub(*rest, i, rest->n);
        bool is_quoted = from.n > 0 && (from.p[0] == '"' || from.p[0] == '\'');
        size_t n = 0;
        if (is_quoted)
            n = str_find_char(str_sub(from, 1, from.n), from.p[0]);
        else
            while (n < from.n && !html_is_blank(from.p[n]))
                n++;
        *value_out = is_quoted ? str_sub(from, 1, n + 1) : str_sub(from, 0, n);
        i += is_quoted ? n + 2 : n;
        if (name.n == 0) /* "=" without a name: not the end */
            name = STR("=");
    }
    *rest = str_sub(*rest, i, rest->n);
    return name;
}

static void keep_attributes(struct page *p, struct str text)
{
    struct str value, name;
    while ((name = take_attribute(&text, &value)).n > 0) {
        struct buf decoded = {0};
        bool may_tell = value.n >= LONG_VALUE && !is_looks(name);
        if ((is_telling(name) && value.n > 1) || may_tell) {
            decode(value, &decoded);
            keep(p, buf_str(&decoded));
        }
        buf_free(&decoded);
    }
}

/* Behind the ">" of a tag, whose quoted values may hold one. */
static size_t tag_end(struct str s)
{
    char quote = '\0';
    bool is_value = false;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '>') {
            return i + 1;
        } else if (is_value && (c == '"' || c == '\'')) {
            quote = c;
        }
        is_value = c == '=' || (is_value && html_is_blank(c));
    }
    size_t plain = str_find_char(s, '>'); /* a quote that never ends */
    return plain < s.n ? plain + 1 : s.n;
}

/* What a script or style holds, up to its end tag, is not shown. */
static void skip_raw(struct page *p, struct str name)
{
    struct str rest = p->rest;
    size_t i = 0;
    for (; i < rest.n; i++)
        if (rest.p[i] == '<' && i + 1 < rest.n && rest.p[i + 1] == '/' &&
            str_eq_nocase(str_sub(rest, i + 2, i + 2 + name.n), name))
            break;
    keep(p, str_sub(rest, 0, i));
    p->rest = str_sub(rest, i, rest.n);
}

static void end_line_or_cell(struct page *p, struct str name)
{
    static const char *const cells[] = {"td", "th", NULL};
    if (is_name(name, cells)) {
        if (p->job->last != '\n' && p->job->last != '\t')
            job_char(p->job, '\t');
    } else if (!is_inline(name)) {
        job_break(p->job);
    }
}

static void take_tag(struct page *p, struct str tag)
{
    bool is_end = tag.n > 1 && tag.p[1] == '/';
    struct str text = str_sub(tag, is_end ? 2 : 1, tag.n - 1);
    size_t n = 0;
    while (n < text.n && !html_is_blank(text.p[n]) && text.p[n] != '/')
        n++;
    struct str name = str_sub(text, 0, n);
    end_line_or_cell(p, name);
    if (str_is_nocase(name, "pre") || str_is_nocase(name, "textarea"))
        p->is_pre = !is_end;
    if (is_end)
        return;
    keep_attributes(p, str_sub(text, n, text.n));
    if (str_is_nocase(name, "script") || str_is_nocase(name, "style"))
        skip_raw(p, name);
}

static bool begins_tag(struct str s)
{
    if (s.n < 3)
        return false;
    char c = s.p[1] == '/' ? s.p[2] : s.p[1];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || s.p[1] == '!' ||
           s.p[1] == '?';
}

static void take_markup(struct page *p)
{
    struct str s = p->rest;
    if (str_starts(s, "<!--")) {
        size_t n = str_find(s, STR("-->"));
        keep(p, str_sub(s, 4, n));
        p->rest = str_sub(s, n + 3, s.n);
    } else if (begins_tag(s)) {
        size_t n = tag_end(s);
        p->rest = str_sub(s, n, s.n);
        take_tag(p, str_sub(s, 0, n));
    } else {
        write_text(p, str_sub(s, 0, 1));
        p->rest = str_sub(s, 1, s.n);
    }
}

static void read_page(struct job *job, struct str html)
{
    struct page p = {.job = job, .rest = html};
    while (p.rest.n > 0 && !job_is_over(job)) {
        size_t n = str_find_char(p.rest, '<');
        write_text(&p, str_sub(p.rest, 0, n));
        p.rest = str_sub(p.rest, n, p.rest.n);
        if (p.rest.n > 0)
            take_markup(&p);
    }
    job_line(job, buf_str(&p.side));
    buf_free(&p.side);
}

void read_html(struct job *job, struct str bytes)
{
    struct buf text = {0};
    if (text_to_utf8(bytes, &text))
        bytes = buf_str(&text);
    read_page(job, bytes);
    buf_free(&text);
}
