/*
 * Forms and query strings, field by field.  Runs without anything special are
 * appended at once; an escape may be cut anywhere.
 */
#include "inspect/form.h"

#include "base/buf.h"
#include "base/mem.h"

struct form {
    void (*on_field)(void *arg, struct str name, struct str value);
    void *arg;
    size_t field_max, field_count;
    enum err err;
    uint64_t offset;

    struct buf field; /* name, and then "=" and value */
    size_t name_n;    /* where the "=" is */
    bool is_in_value;
    char escape[3]; /* an escape that is not whole: % and a digit */
    unsigned escape_n;
};

struct form *form_new(size_t field_bytes,
    void (*on_field)(void *arg, struct str name, struct str value), void *arg)
{
    struct form *f = MEM_NEW(struct form);
    f->on_field = on_field;
    f->arg = arg;
    f->field_max = field_bytes != 0 ? field_bytes : FORM_FIELD_BYTES_DEFAULT;
    return f;
}

void form_free(struct form **form)
{
    if (*form == NULL)
        return;
    buf_free(&(*form)->field);
    mem_free(*form);
    *form = NULL;
}

/* *n: how much of it there was room for. */
static enum err keep(struct form *f, const char *p, size_t *n)
{
    size_t used = f->field.n - (f->is_in_value ? 1 : 0);
    size_t room = f->field_max > used ? f->field_max - used : 0;
    bool is_too_long = *n > room;
    if (is_too_long)
        *n = room;
    buf_append(&f->field, p, *n);
    return is_too_long ? ERR_LIMIT : OK;
}

static enum err keep_escape(struct form *f)
{
    size_t n = f->escape_n;
    f->escape_n = 0;
    return keep(f, f->escape, &n);
}

/* Takes one byte behind a "%", or none when it does not belong there. */
static enum err read_escape(struct form *f, char c, size_t *taken)
{
    int digit = str_hex_value(c);
    *taken = 0;
    if (digit < 0)
        return keep_escape(f);
    *taken = 1;
    f->escape[f->escape_n++] = c;
    if (f->escape_n < 3)
        return OK;
    char value = (char)(str_hex_value(f->escape[1]) << 4 | digit);
    size_t n = 1;
    f->escape_n = 0;
    return keep(f, &value, &n);
}

static enum err end_field(struct form *f)
{
    if (f->field.n == 0)
        return OK;
    if (f->field_count == FORM_FIELDS_MAX)
        return ERR_LIMIT;
    f->field_count++;
    struct str all = buf_str(&f->field);
    size_t name_n = f->is_in_value ? f->name_n : all.n;
    f->on_field(
        f->arg, str_sub(all, 0, name_n), str_sub(all, name_n + 1, all.n));
    buf_clear(&f->field);
    f->is_in_value = false;
    return OK;
}

static enum err read_special(struct form *f, char c)
{
    size_t n = 1;
    switch (c) {
    case '&':
        return end_field(f);
    case '=':
        f->is_in_value = true;
        f->name_n = f->field.n;
        buf_append_char(&f->field, '=');
        return OK;
    case '+':
        return keep(f, " ", &n);
    default:
        f->escape[0] = '%';
        f->escape_n = 1;
        return OK;
    }
}

static bool is_special(const struct form *f, char c)
{
    return c == '&' || c == '%' || c == '+' || (c == '=' && !f->is_in_value);
}

static enum err read_some(struct form *f, struct str s, size_t *taken)
{
    if (f->escape_n != 0)
        return read_escape(f, s.p[0], taken);
    size_t n = 0;
    while (n < s.n && !is_special(f, s.p[n]))
        n++;
    *taken = n;
    if (n > 0)
        return keep(f, s.p, taken);
    enum err err = read_special(f, s.p[0]);
    *taken = err == OK ? 1 : 0;
    return err;
}

enum err form_feed(struct form *f, struct str bytes)
{
    while (f->err == OK && bytes.n > 0) {
        size_t taken;
        f->err = read_some(f, bytes, &taken);
        f->offset += taken;
        bytes = str_sub(bytes, taken, bytes.n);
    }
    return f->err;
}

enum err form_finish(struct form *f)
{
    if (f->err == OK && f->escape_n != 0)
        f->err = keep_escape(f);
    if (f->err == OK)
        f->err = end_field(f);
    return f->err;
}

struct str form_partial(const struct form *f)
{
    return buf_str(&f->field);
}

uint64_t form_offset(const struct form *f)
{
    return f->offset;
}

struct str form_decode(struct arena *arena, struct str s, bool plus)
{
    char *out = arena_alloc(arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '+' && plus ? ' ' : s.p[i];
        int high = c == '%' && i + 2 < s.n ? str_hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? str_hex_value(s.p[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[n++] = c;
    }
    return str_make(out, n);
}

bool form_next_pair(struct arena *arena, struct str *rest, struct str *name_out,
    struct str *value_out)
{
    struct str pair;
    if (!str_split(rest, '&', &pair))
        return false;
    size_t equals = str_find_char(pair, '=');
    *name_out = form_decode(arena, str_sub(pair, 0, equals), true);
    *value_out = form_decode(arena, str_sub(pair, equals + 1, pair.n), true);
    return true;
}
