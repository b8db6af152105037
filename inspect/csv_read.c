/*
 * One small machine over bytes.  The first line is held back until it is
 * whole: it says which separator the file has.
 */
#include "inspect/csv_read.h"

#include "base/mem.h"
#include "base/utf8.h"

enum state {
    CSV_FIRST,  /* the first line, not looked at yet */
    CSV_START,  /* of a cell */
    CSV_PLAIN,  /* in one without quotes */
    CSV_QUOTED, /* in one with quotes */
    CSV_QUOTE,  /* behind a quote inside it: its end, or one of two */
    CSV_SKIP,   /* a bad line, up to its end */
    CSV_OVER,
};

struct csv_reader {
    struct csv_events events;
    void *owner;
    enum state state;
    char separator;
    bool was_cr; /* a LF that follows belongs to it */
    size_t line, row_line;
    struct buf first, row;
    size_t ends[CSV_CELLS_MAX]; /* of cells, in row */
    size_t count;
};

struct csv_reader *csv_reader_new(
    char separator, const struct csv_events *events, void *owner)
{
    struct csv_reader *r = MEM_NEW(struct csv_reader);
    r->events = *events;
    r->owner = owner;
    r->separator = separator;
    r->line = r->row_line = 1;
    return r;
}

void csv_reader_free(struct csv_reader **reader)
{
    struct csv_reader *r = *reader;
    if (r == NULL)
        return;
    buf_wipe_free(&r->first);
    buf_wipe_free(&r->row);
    mem_free(r);
    *reader = NULL;
}

/* ---- rows ---- */

static void begin_row(struct csv_reader *r)
{
    buf_clear(&r->row);
    r->count = 0;
    r->row_line = r->line;
    r->state = CSV_START;
}

static void skip_row(struct csv_reader *r, const char *what)
{
    r->events.on_bad(r->owner, r->row_line, what);
    r->state = CSV_SKIP;
}

static void end_row(struct csv_reader *r)
{
    struct str cells[CSV_CELLS_MAX];
    struct str row = buf_str(&r->row);
    for (size_t i = 0; i < r->count; i++)
        cells[i] = str_sub(row, i > 0 ? r->ends[i - 1] : 0, r->ends[i]);
    if (r->count == 1 && row.n == 0)
        return; /* a blank line */
    if (!utf8_is_valid(row))
        r->events.on_bad(r->owner, r->row_line, "not UTF-8");
    else if (str_find_char(row, 0) != row.n)
        r->events.on_bad(r->owner, r->row_line, "has a zero byte");
    else if (!r->events.on_row(r->owner, r->row_line, cells, r->count))
        r->state = CSV_OVER;
}

static bool end_cell(struct csv_reader *r)
{
    if (r->count == CSV_CELLS_MAX) {
        skip_row(r, "more than 1024 cells");
        return false;
    }
    r->ends[r->count++] = r->row.n;
    r->state = CSV_START;
    return true;
}

static void add_byte(struct csv_reader *r, char c)
{
    if (r->row.n == CSV_ROW_MAX)
        skip_row(r, "longer than 1 MiB; a quote may be left open in it");
    else
        buf_append_char(&r->row, c);
}

/* ---- bytes ---- */

static void in_cell(struct csv_reader *r, char c)
{
    switch (r->state) {
    case CSV_QUOTED:
        if (c == '"')
            r->state = CSV_QUOTE;
        else
            add_byte(r, c);
        return;
    case CSV_QUOTE:
        if (c == '"') {
            r->state = CSV_QUOTED;
            add_byte(r, c);
        } else if (c == r->separator)
            (void)end_cell(r);
        else
            skip_row(r, "text behind a closing quote");
        return;
    case CSV_START:
        r->state = c == '"' ? CSV_QUOTED : CSV_PLAIN;
        if (c == '"')
            return;
        /* fall through */
    case CSV_PLAIN:
        if (c == r->separator)
            (void)end_cell(r);
        else if (c == '"')
            skip_row(r, "a quote inside a cell that does not begin with one");
        else
            add_byte(r, c);
        return;
    default:
        return;
    }
}

static void end_line(struct csv_reader *r)
{
    r->line++;
    if (r->state != CSV_SKIP && r->state != CSV_OVER && end_cell(r))
        end_row(r);
    if (r->state != CSV_OVER)
        begin_row(r);
}

static void take_byte(struct csv_reader *r, char c)
{
    bool is_end = c == '\n' || c == '\r';
    bool is_new = is_end && !(c == '\n' && r->was_cr);
    r->was_cr = c == '\r';
    if (r->state == CSV_QUOTED || !is_end) {
        r->line += is_new;
        in_cell(r, c);
    } else if (is_new) {
        end_line(r);
    }
}

static void take_bytes(struct csv_reader *r, struct str bytes)
{
    for (size_t i = 0; i < bytes.n && r->state != CSV_OVER; i++)
        take_byte(r, bytes.p[i]);
}

/* ---- the first line ---- */

static char guess_separator(struct str line)
{
    static const char separators[] = {',', ';', '\t', '|'};
    size_t counts[sizeof separators] = {0}, best = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < line.n; i++) {
        is_quoted = is_quoted != (line.p[i] == '"');
        for (size_t k = 0; k < sizeof separators; k++)
            counts[k] += !is_quoted && line.p[i] == separators[k];
    }
    for (size_t k = 1; k < sizeof separators; k++)
        if (counts[k] > counts[best])
            best = k;
    return separators[best];
}

static void read_first(struct csv_reader *r)
{
    struct str bytes = buf_str(&r->first);
    size_t end = str_find_char(bytes, '\n'), cr = str_find_char(bytes, '\r');
    if (str_starts(bytes, "\xef\xbb\xbf"))
        bytes = str_sub(bytes, 3, bytes.n);
    if (r->separator == 0)
        r->separator = guess_separator(str_sub(bytes, 0, end < cr ? end : cr));
    r->state = CSV_START;
    take_bytes(r, bytes);
    buf_wipe_free(&r->first);
}

bool csv_reader_feed(struct csv_reader *r, struct str bytes)
{
    if (r->state != CSV_FIRST) {
        take_bytes(r, bytes);
        return r->state != CSV_OVER;
    }
    buf_append_str(&r->first, bytes);
    if (str_find_char(bytes, '\n') < bytes.n ||
        str_find_char(bytes, '\r') < bytes.n || r->first.n > CSV_ROW_MAX)
        read_first(r);
    return r->state != CSV_OVER;
}

void csv_reader_finish(struct csv_reader *r)
{
    if (r->state == CSV_FIRST)
        read_first(r);
    if (r->state == CSV_QUOTED)
        skip_row(r, "a quote is left open");
    else if (r->state != CSV_START || r->count > 0)
        end_line(r);
    r->state = CSV_OVER;
}
