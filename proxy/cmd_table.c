/*
 * See proxy/cmd_table.h.  Everything shown may come from the network: file
 * names, user names and samples must not reach the terminal as commands.
 */
#include "proxy/cmd_table.h"

#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/utf8.h"

enum {
    TIME_CELLS = 19,
    VERDICT_CELLS = 8,
    USER_CELLS = 24,
    ACTIVITY_CELLS = 26,
    WIDTH_MIN = 60,
    NARROW = 110
};

void table_begin(struct table *table)
{
    struct winsize size = {0};
    *table = (struct table){
        .user_cells = USER_CELLS, .activity_cells = ACTIVITY_CELLS};
    setlocale(LC_CTYPE, "C.UTF-8");
    if (!isatty(STDOUT_FILENO))
        return;
    table->width = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        table->width = size.ws_col;
    if (table->width < WIDTH_MIN)
        table->width = WIDTH_MIN;
    if (table->width < NARROW) {
        table->user_cells = table->width / 7;
        table->activity_cells = table->width / 5;
    }
}

/* Cells a code point takes; unsafe ones are replaced by the caller. */
static unsigned cells_of(uint32_t code_point)
{
    int n = wcwidth((wchar_t)code_point);
    return n > 0 ? (unsigned)n : 0;
}

/* Control characters, and those that turn the direction of text. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/* One code point as it is shown. */
static struct str take_shown(struct str *rest, unsigned *cells_out)
{
    uint32_t c = 0;
    size_t n = utf8_decode(*rest, &c);
    struct str shown = str_sub(*rest, 0, n);
    if (n == 0 || is_unsafe(c)) {
        shown = c == '\n' || c == '\t' ? STR(" ") : STR("?");
        c = '?';
    }
    *rest = str_sub(*rest, n > 0 ? n : 1, rest->n);
    *cells_out = cells_of(c);
    return shown;
}

static unsigned measure(struct str text)
{
    unsigned sum = 0, cells = 0;
    while (text.n > 0) {
        take_shown(&text, &cells);
        sum += cells;
    }
    return sum;
}

void table_write_cell(struct buf *out, struct str text, unsigned cells)
{
    unsigned used = 0, n = 0;
    bool is_cut = cells > 0 && measure(text) > cells;
    unsigned room = is_cut ? cells - 1 : cells;
    while (text.n > 0) {
        struct str shown = take_shown(&text, &n);
        if (cells > 0 && used + n > room)
            break;
        buf_append_str(out, shown);
        used += n;
    }
    if (is_cut) {
        buf_append_str(out, STR("…"));
        used++;
    }
    for (; used < cells; used++)
        buf_append_char(out, ' ');
}

static void write_line(
    const struct table *t, struct buf *out, const struct str cells[5])
{
    unsigned fixed = TIME_CELLS + 2 + VERDICT_CELLS + 2 + t->user_cells + 2 +
                     t->activity_cells + 2;
    unsigned widths[5] = {
        TIME_CELLS, VERDICT_CELLS, t->user_cells, t->activity_cells, 0};
    struct buf last = {0};
    for (size_t i = 0; i < 4; i++) {
        table_write_cell(out, cells[i], widths[i]);
        buf_append_str(out, STR("  "));
    }
    unsigned room = t->width > fixed ? t->width - fixed : 0;
    bool fits = t->width == 0 || measure(cells[4]) <= room;
    table_write_cell(&last, cells[4], fits ? 0 : room);
    buf_append_str(out, str_trim(buf_str(&last)));
    buf_append_char(out, '\n');
    buf_free(&last);
}

void table_write_head(const struct table *table, struct buf *out)
{
    const struct str names[5] = {STR("TIME"), STR("VERDICT"), STR("USER"),
        STR("ACTIVITY"), STR("FOUND, CONVERSATION, TEXT")};
    write_line(table, out, names);
}

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

/* "credit-card×2 aws-key", then conversation and sample. */
static void describe(const json_t *activity, struct buf *out)
{
    const json_t *findings = json_object_get(activity, "findings");
    struct str conversation = text_of(activity, "conversation_id");
    struct str sample = text_of(json_object_get(activity, "text"), "sample");
    for (size_t i = 0; i < json_array_size(findings) && i < 8; i++) {
        const json_t *f = json_array_get(findings, i);
        long long n = json_integer_value(json_object_get(f, "count"));
        buf_append_str(out, text_of(f, "type"));
        if (n > 1)
            buf_printf(out, "×%lld", n);
        buf_append_char(out, ' ');
    }
    if (conversation.n > 0)
        buf_printf(out, "[%.*s] ", STR_ARG(str_sub(conversation, 0, 8)));
    if (json_is_false(json_object_get(activity, "complete")))
        buf_append_str(out, STR("(incomplete) "));
    buf_append_str(out, sample);
}

void table_write_row(
    const struct table *table, struct str json, struct buf *out)
{
    struct buf rest = {0};
    json_t *activity = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL);
    const json_t *actor = json_object_get(activity, "actor");
    struct str user = text_of(actor, "user"), time = text_of(activity, "time");
    describe(activity, &rest);
    const struct str cells[5] = {
        str_sub(time, 0, TIME_CELLS),
        text_of(activity, "verdict"),
        user.n > 0 ? user : text_of(actor, "ip"),
        text_of(activity, "activity"),
        buf_str(&rest),
    };
    write_line(table, out, cells);
    buf_free(&rest);
    json_decref(activity);
}
