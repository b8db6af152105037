/*
 * Excel 5 to 2003 workbooks ([MS-XLS]): cells row by row, sheet names (hidden
 * ones too), comments, headers and footers.
 */
#include "extract/ole.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "extract/cfb.h"
#include "extract/text.h"

enum record {
    BIFF_FORMULA = 0x0006,
    BIFF_EOF = 0x000a,
    BIFF_HEADER = 0x0014,
    BIFF_FOOTER = 0x0015,
    BIFF_NAME = 0x0018,
    BIFF_NOTE = 0x001c,
    BIFF_FILEPASS = 0x002f,
    BIFF_CONTINUE = 0x003c,
    BIFF_BOUNDSHEET = 0x0085,
    BIFF_MULRK = 0x00bd,
    BIFF_RSTRING = 0x00d6,
    BIFF_SST = 0x00fc,
    BIFF_LABELSST = 0x00fd,
    BIFF_TXO = 0x01b6,
    BIFF_HLINK = 0x01b8,
    BIFF_NUMBER = 0x0203,
    BIFF_LABEL = 0x0204,
    BIFF_STRING = 0x0207,
    BIFF_RK = 0x027e,
    BIFF_BOF = 0x0809,
};

struct book {
    struct job *job;
    struct str rest;
    bool is_biff8;
    uint32_t row;
    bool is_in_row;
    struct buf strings; /* the table of strings, UTF-8, */
    size_t *ends;       /* and where each ends */
    size_t count, cap;
};

/* ---- records ---- */

static bool next_record(struct book *b, unsigned *type_out, struct str *out)
{
    if (b->rest.n < 4)
        return false;
    size_t n = le16(b->rest, 2);
    *type_out = le16(b->rest, 0);
    *out = str_sub(b->rest, 4, 4 + n);
    b->rest = str_sub(b->rest, 4 + n, b->rest.n);
    return true;
}

static unsigned peek(const struct book *b)
{
    return b->rest.n >= 4 ? le16(b->rest, 0) : 0;
}

/* ---- strings ---- */

/* Bytes of a record and of those that continue it. */
struct pieces {
    struct book *book;
    struct str now;
};

static bool go_on(struct pieces *p)
{
    unsigned type;
    if (p->now.n > 0)
        return true;
    if (peek(p->book) != BIFF_CONTINUE)
        return false;
    return next_record(p->book, &type, &p->now) && p->now.n > 0;
}

static uint32_t take_number(struct pieces *p, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes && go_on(p); i++) {
        value |= (uint32_t)(unsigned char)p->now.p[0] << (8 * i);
        p->now = str_sub(p->now, 1, p->now.n);
    }
    return value;
}

static void skip(struct pieces *p, size_t n)
{
    while (n > 0 && go_on(p)) {
        size_t most = n < p->now.n ? n : p->now.n;
        p->now = str_sub(p->now, most, p->now.n);
        n -= most;
    }
}

static void put_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    if (c != 0)
        buf_append(out, bytes, utf8_encode(c, bytes));
}

/* Where the characters are cut, the next piece says anew how wide they are
 * ([MS-XLS] §2.5.293). */
static void take_characters(
    struct pieces *p, size_t count, bool is_wide, struct buf *out)
{
    struct buf wide = {0};
    bool is_first = true;
    while (count > 0) {
        bool was_empty = p->now.n == 0;
        if (!go_on(p))
            break;
        if (was_empty && !is_first)
            is_wide = (take_number(p, 1) & 1) != 0;
        is_first = false;
        size_t width = is_wide ? 2 : 1, n = p->now.n / width;
        if (n > count)
            n = count;
        if (n == 0) { /* half a character */
            p->now = STR_NONE;
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            uint32_t c =
                is_wide ? le16(p->now, 2 * i) : (unsigned char)p->now.p[i];
            char unit[2] = {(char)c, (char)(c >> 8)};
            buf_append(&wide, unit, 2);
        }
        p->now = str_sub(p->now, n * width, p->now.n);
        count -= n;
    }
    struct str units = buf_str(&wide);
    for (size_t i = 0; i + 1 < units.n;) {
        uint32_t c;
        i += text_decode_utf16(units, i, false, &c);
        put_utf8(out, c);
    }
    buf_free(&wide);
}

static void take_rich(struct pieces *p, struct buf *out)
{
    size_t count = take_number(p, 2);
    uint32_t flags = take_number(p, 1);
    size_t runs = (flags & 8) != 0 ? take_number(p, 2) : 0;
    size_t extra = (flags & 4) != 0 ? take_number(p, 4) : 0;
    take_characters(p, count, (flags & 1) != 0, out);
    skip(p, 4 * runs);
    skip(p, extra);
}

static void read_table(struct book *b, struct str record)
{
    struct pieces p = {b, str_sub(record, 8, record.n)};
    size_t count = le32(record, 4);
    while (b->count < count && go_on(&p) && !job_is_over(b->job)) {
        take_rich(&p, &b->strings);
        if (b->count == b->cap) {
            b->cap = b->cap == 0 ? 256 : 2 * b->cap;
            b->ends = mem_realloc(b->ends, b->cap * sizeof *b->ends);
        }
        b->ends[b->count++] = b->strings.n;
    }
}

/* ---- cells ---- */

static void begin_cell(struct book *b, uint32_t row)
{
    if (b->is_in_row && row == b->row)
        job_char(b->job, '\t');
    else
        job_break(b->job);
    b->row = row;
    b->is_in_row = true;
}

static void write_number(struct book *b, double value)
{
    char text[64];
    bool is_whole = floor(value) == value && fabs(value) < 1e18;
    snprintf(text, sizeof text, is_whole ? "%.0f" : "%.15g", value);
    job_text(b->job, str_of(text));
}

static double double_at(struct str s, size_t at)
{
    uint64_t bits = (uint64_t)le32(s, at) | (uint64_t)le32(s, at + 4) << 32;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* [MS-XLS] §2.5.217 */
static double rk_value(uint32_t rk)
{
    double value;
    if ((rk & 2) != 0) {
        value = (double)((int32_t)rk >> 2);
    } else {
        uint64_t bits = (uint64_t)(rk & 0xfffffffc) << 32;
        memcpy(&value, &bits, sizeof value);
    }
    return (rk & 1) != 0 ? value / 100 : value;
}

static void put_label(struct book *b, struct str s, bool is_rich)
{
    struct buf text = {0};
    struct pieces p = {b, s};
    if (b->is_biff8) {
        size_t count = take_number(&p, 2);
        uint32_t flags = take_number(&p, 1);
        (void)is_rich;
        take_characters(&p, count, (flags & 1) != 0, &text);
        job_text(b->job, buf_str(&text));
    } else {
        size_t count = take_number(&p, 2);
        text_latin(b->job, str_sub(p.now, 0, count));
    }
    buf_free(&text);
}

static void put_shared(struct book *b, uint32_t index)
{
    if (index >= b->count)
        return;
    size_t begin = index == 0 ? 0 : b->ends[index - 1];
    job_text(b->job, str_sub(buf_str(&b->strings), begin, b->ends[index]));
}

static void put_many(struct book *b, struct str s)
{
    for (size_t at = 4; at + 6 < s.n; at += 6) {
        begin_cell(b, le16(s, 0));
        write_number(b, rk_value(le32(s, at + 2)));
    }
}

/* A formula's string result comes in a record of its own. */
static void put_formula(struct book *b, struct str s)
{
    begin_cell(b, le16(s, 0));
    if (le16(s, 12) != 0xffff)
        write_number(b, double_at(s, 6));
}

/* ---- other text ---- */

static void put_short(struct book *b, struct str s, size_t at)
{
    struct buf text = {0};
    size_t count = at < s.n ? (unsigned char)s.p[at] : 0;
    job_break(b->job);
    if (b->is_biff8) {
        struct pieces p = {b, str_sub(s, at + 2, s.n)};
        take_characters(
            &p, count, at + 1 < s.n && (s.p[at + 1] & 1) != 0, &text);
        job_text(b->job, buf_str(&text));
    } else {
        text_latin(b->job, str_sub(s, at + 1, at + 1 + count));
    }
    job_break(b->job);
    buf_free(&text);
}

/* The text stands in the records that follow ([MS-XLS] §2.4.329). */
static void put_drawing_text(struct book *b, struct str s)
{
    struct pieces p = {b, STR_NONE};
    struct buf text = {0};
    size_t count = le16(s, 10);
    if (count == 0 || !b->is_biff8)
        return;
    if (!go_on(&p))
        return;
    bool is_wide = (take_number(&p, 1) & 1) != 0;
    take_characters(&p, count, is_wide, &text);
    job_line(b->job, buf_str(&text));
    buf_free(&text);
}

static void put_line_of_label(struct book *b, struct str s)
{
    job_break(b->job);
    if (s.n > 0)
        put_label(b, s, false);
    job_break(b->job);
}

static bool take_cell(struct book *b, unsigned type, struct str s)
{
    switch (type) {
    case BIFF_LABELSST:
        begin_cell(b, le16(s, 0));
        put_shared(b, le32(s, 6));
        return true;
    case BIFF_LABEL:
    case BIFF_RSTRING:
        begin_cell(b, le16(s, 0));
        put_label(b, str_sub(s, 6, s.n), type == BIFF_RSTRING);
        return true;
    case BIFF_NUMBER:
        begin_cell(b, le16(s, 0));
        write_number(b, double_at(s, 6));
        return true;
    case BIFF_RK:
        begin_cell(b, le16(s, 0));
        write_number(b, rk_value(le32(s, 6)));
        return true;
    case BIFF_MULRK:
        put_many(b, s);
        return true;
    case BIFF_FORMULA:
        put_formula(b, s);
        return true;
    case BIFF_STRING:
        put_label(b, s, false);
        return true;
    default:
        return false;
    }
}

/* False: nothing more can be read. */
static bool take_other(struct book *b, unsigned type, struct str s)
{
    switch (type) {
    case BIFF_BOF:
        b->is_biff8 = le16(s, 0) >= 0x0600;
        b->is_in_row = false;
        break;
    case BIFF_FILEPASS:
        job_trouble(b->job, EXTRACT_ENCRYPTED);
        return false;
    case BIFF_SST:
        read_table(b, s);
        break;
    case BIFF_BOUNDSHEET:
        put_short(b, s, 6);
        break;
    case BIFF_HEADER:
    case BIFF_FOOTER:
        put_line_of_label(b, s);
        break;
    case BIFF_TXO:
        put_drawing_text(b, s);
        break;
    case BIFF_NOTE:
        if (b->is_biff8)
            put_line_of_label(b, str_sub(s, 8, s.n));
        else
            text_latin(b->job, str_sub(s, 6, s.n));
        break;
    case BIFF_NAME:
    case BIFF_HLINK:
        text_strings(b->job, s);
        break;
    default:
        break;
    }
    return true;
}

void read_biff(struct job *job, struct str bytes)
{
    struct book b = {.job = job, .rest = bytes, .is_biff8 = true};
    unsigned type;
    struct str record;
    bool goes_on = true;
    while (goes_on && !job_is_over(job) && next_record(&b, &type, &record))
        if (!take_cell(&b, type, record))
            goes_on = take_other(&b, type, record);
    job_break(job);
    buf_free(&b.strings);
    mem_free(b.ends);
}
