#include "base/jsonw.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

static void separate(struct jsonw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    if (w->has_member[w->depth - 1])
        buf_append_char(w->out, ',');
    w->has_member[w->depth - 1] = true;
}

static void open_level(struct jsonw *w, bool is_array)
{
    separate(w);
    buf_append_char(w->out, is_array ? '[' : '{');
    if (w->depth < JSONW_DEPTH_MAX) {
        w->has_member[w->depth] = false;
        w->is_array[w->depth] = is_array;
        w->depth++;
    }
}

void jsonw_object(struct jsonw *w)
{
    open_level(w, false);
}

void jsonw_array(struct jsonw *w)
{
    open_level(w, true);
}

void jsonw_close(struct jsonw *w)
{
    if (w->depth == 0)
        return;
    w->depth--;
    buf_append_char(w->out, w->is_array[w->depth] ? ']' : '}');
}

void jsonw_key(struct jsonw *w, const char *key)
{
    separate(w);
    jsonw_append_quoted(w->out, str_of(key));
    buf_append_char(w->out, ':');
    w->after_key = true;
}

void jsonw_str(struct jsonw *w, struct str s)
{
    separate(w);
    jsonw_append_quoted(w->out, s);
}

void jsonw_int(struct jsonw *w, int64_t i)
{
    separate(w);
    buf_printf(w->out, "%" PRId64, i);
}

void jsonw_bool(struct jsonw *w, bool b)
{
    separate(w);
    buf_append_str(w->out, b ? STR("true") : STR("false"));
}

void jsonw_null(struct jsonw *w)
{
    separate(w);
    buf_append_str(w->out, STR("null"));
}

void jsonw_raw(struct jsonw *w, struct str json)
{
    separate(w);
    buf_append_str(w->out, json);
}

void jsonw_key_str(struct jsonw *w, const char *key, struct str s)
{
    jsonw_key(w, key);
    jsonw_str(w, s);
}

void jsonw_key_cstr(struct jsonw *w, const char *key, const char *s)
{
    jsonw_key_str(w, key, str_of(s));
}

void jsonw_key_int(struct jsonw *w, const char *key, int64_t i)
{
    jsonw_key(w, key);
    jsonw_int(w, i);
}

void jsonw_key_bool(struct jsonw *w, const char *key, bool b)
{
    jsonw_key(w, key);
    jsonw_bool(w, b);
}

void jsonw_key_str_if(struct jsonw *w, const char *key, struct str s)
{
    if (s.n != 0)
        jsonw_key_str(w, key, s);
}

static void append_escape(struct buf *out, unsigned char c)
{
    static const char shorts[] = "btn\0fr"; /* from 0x08 */
    if (c == '"' || c == '\\')
        buf_printf(out, "\\%c", c);
    else if (c >= 0x08 && c <= 0x0d && shorts[c - 0x08] != '\0')
        buf_printf(out, "\\%c", shorts[c - 0x08]);
    else
        buf_printf(out, "\\u%04x", c);
}

void jsonw_append_quoted(struct buf *out, struct str s)
{
    buf_append_char(out, '"');
    size_t plain = 0; /* start of the run not yet copied */
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t length = c >= 0x80 ? utf8_length(str_sub(s, i, s.n)) : 0;
        if (length != 0) {
            i += length;
            continue;
        }
        buf_append(out, s.p + plain, i - plain);
        if (c >= 0x80)
            buf_append_str(out, STR("\xef\xbf\xbd"));
        else
            append_escape(out, c);
        plain = ++i;
    }
    if (plain < s.n) /* an empty one may have no address */
        buf_append(out, s.p + plain, s.n - plain);
    buf_append_char(out, '"');
}
