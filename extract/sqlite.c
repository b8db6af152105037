/*
 * SQLite's file format 3 (sqlite.org/fileformat2.html): every page that holds
 * records, in the order of the file, whatever tree it is of; a row is a line,
 * its columns parted by tabs.  So what a damaged tree no longer leads to is
 * read as well, and no page leads anywhere but to the rest of a long row.
 */
#include "extract/job.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "extract/format.h"
#include "extract/text.h"

enum {
    HEAD_BYTES = 100,
    INDEX_INTERIOR = 0x02,
    INDEX_LEAF = 0x0a,
    TABLE_LEAF = 0x0d,
    UTF16_LITTLE = 2,
    UTF16_BIG = 3,
    RECORD_MAX = 16 << 20,
};

struct database {
    struct job *job;
    struct str bytes;
    size_t page_bytes, usable; /* of a page, without what is reserved */
    unsigned encoding;
    size_t left; /* bytes of chains to follow */
};

static uint64_t number_at(struct str s, size_t at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = at; i < at + n; i++)
        value = value << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    return value;
}

/* Big-endian, seven bits a byte, the ninth whole (§1.6). */
static uint64_t take_varint(struct str *s)
{
    uint64_t value = 0;
    size_t i = 0;
    while (i < s->n && i < 9) {
        unsigned char c = (unsigned char)s->p[i++];
        if (i == 9)
            value = value << 8 | c;
        else
            value = value << 7 | (c & 0x7f);
        if (c < 0x80)
            break;
    }
    *s = str_sub(*s, i, s->n);
    return value;
}

/* ---- a record (§2.1) ---- */

static void put_integer(struct database *db, struct str body)
{
    char text[24];
    uint64_t raw = number_at(body, 0, body.n);
    unsigned shift = 64 - 8 * (unsigned)body.n;
    int n = snprintf(text, sizeof text, "%lld",
        (long long)((int64_t)(raw << shift) >> shift));
    job_text(db->job, str_make(text, (size_t)n));
}

static void put_real(struct database *db, struct str body)
{
    char text[40];
    uint64_t raw = number_at(body, 0, 8);
    double value;
    memcpy(&value, &raw, sizeof value);
    int n = snprintf(text, sizeof text, "%.17g", value);
    job_text(db->job, str_make(text, (size_t)n));
}

static void put_string(struct database *db, struct str body)
{
    if (db->encoding == UTF16_LITTLE || db->encoding == UTF16_BIG)
        text_utf16(db->job, body, db->encoding == UTF16_BIG);
    else
        read_text(db->job, body, "utf-8");
}

static void put_blob(struct database *db, struct str body)
{
    enum format format = format_of(body);
    if (format_is_document(format))
        job_member(db->job, STR("blob"), body);
    else if (format == FORMAT_BINARY)
        text_strings(db->job, body);
    else
        read_text(db->job, body, NULL);
}

static uint64_t size_of(uint64_t type)
{
    static const unsigned char sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return type < sizeof sizes ? sizes[type] : (type - 12) / 2;
}

static void put_column(struct database *db, uint64_t type, struct str body)
{
    if (type >= 12 && (type & 1) != 0)
        put_string(db, body);
    else if (type >= 12)
        put_blob(db, body);
    else if (type == 7)
        put_real(db, body);
    else if (body.n > 0)
        put_integer(db, body);
    job_char(db->job, '\t');
}

static void put_record(struct database *db, struct str record)
{
    struct str types = record;
    uint64_t head = take_varint(&types);
    if (head > record.n || head < record.n - types.n)
        return;
    types = str_sub(types, 0, head - (record.n - types.n));
    struct str body = str_sub(record, head, record.n);
    job_break(db->job);
    while (types.n > 0 && !job_is_over(db->job)) {
        uint64_t type = take_varint(&types), n = size_of(type);
        if (n > body.n)
            n = body.n;
        put_column(db, type, str_sub(body, 0, n));
        body = str_sub(body, n, body.n);
    }
    job_break(db->job);
}

/* ---- pages (§1.6) ---- */

/* How much of a payload stands in its page; the rest is in a chain. */
static uint64_t local_size(
    const struct database *db, uint64_t payload, bool is_table)
{
    uint64_t u = db->usable;
    uint64_t most = is_table ? u - 35 : (u - 12) * 64 / 255 - 23;
    uint64_t least = (u - 12) * 32 / 255 - 23;
    if (payload <= most)
        return payload;
    uint64_t local = least + (payload - least) % (u - 4);
    return local <= most ? local : least;
}

static struct str page_at(const struct database *db, uint64_t number)
{
    uint64_t pages = db->bytes.n / db->page_bytes;
    if (number == 0 || number > pages)
        return STR_NONE;
    size_t at = (size_t)(number - 1) * db->page_bytes;
    return str_sub(db->bytes, at, at + db->page_bytes);
}

static void follow_chain(
    struct database *db, uint64_t number, uint64_t n, struct buf *out)
{
    while (n > 0) {
        struct str page = page_at(db, number);
        if (page.n == 0)
            return;
        if (db->left < page.n) {
            job_trouble(db->job, EXTRACT_DAMAGED);
            return;
        }
        db->left -= page.n;
        size_t here = db->usable - 4 < n ? db->usable - 4 : (size_t)n;
        buf_append_str(out, str_sub(page, 4, 4 + here));
        n -= here;
        number = number_at(page, 0, 4);
    }
}

static void read_cell(struct database *db, struct str cell, unsigned kind)
{
    if (kind == INDEX_INTERIOR)
        cell = str_sub(cell, 4, cell.n);
    uint64_t payload = take_varint(&cell);
    if (kind == TABLE_LEAF)
        (void)take_varint(&cell); /* the row's number */
    if (payload > RECORD_MAX || payload > db->bytes.n)
        return;
    uint64_t local = local_size(db, payload, kind == TABLE_LEAF);
    if (local == payload) {
        put_record(db, str_sub(cell, 0, (size_t)local));
        return;
    }
    struct buf whole = {0};
    buf_append_str(&whole, str_sub(cell, 0, (size_t)local));
    follow_chain(
        db, number_at(cell, (size_t)local, 4), payload - local, &whole);
    put_record(db, buf_str(&whole));
    buf_free(&whole);
}

static void read_page(struct database *db, uint64_t number)
{
    struct str page = page_at(db, number);
    size_t at = number == 1 ? HEAD_BYTES : 0;
    unsigned kind = (unsigned)number_at(page, at, 1);
    if (kind != TABLE_LEAF && kind != INDEX_LEAF && kind != INDEX_INTERIOR)
        return;
    size_t cells = (size_t)number_at(page, at + 3, 2);
    size_t list = at + (kind == INDEX_INTERIOR ? 12 : 8);
    for (size_t i = 0; i < cells && !job_is_over(db->job); i++) {
        size_t cell = (size_t)number_at(page, list + 2 * i, 2);
        if (list + 2 * i + 2 > page.n || cell >= page.n)
            return;
        read_cell(db, str_sub(page, cell, page.n), kind);
    }
}

void read_sqlite(struct job *job, struct str bytes)
{
    /* A page is in the chain of one cell, and of one in a page that is free
     * now; more go in circles. */
    struct database db = {.job = job, .bytes = bytes, .left = 2 * bytes.n};
    db.page_bytes = (size_t)number_at(bytes, 16, 2);
    if (db.page_bytes == 1)
        db.page_bytes = 65536;
    size_t reserved = (size_t)number_at(bytes, 20, 1);
    db.encoding = (unsigned)number_at(bytes, 56, 4);
    if (db.page_bytes < 512 || (db.page_bytes & (db.page_bytes - 1)) != 0 ||
        bytes.n < db.page_bytes || db.page_bytes - reserved < 480) {
        job_trouble(job, EXTRACT_DAMAGED);
        text_strings(job, bytes);
        return;
    }
    db.usable = db.page_bytes - reserved;
    uint64_t pages = bytes.n / db.page_bytes;
    for (uint64_t i = 1; i <= pages && !job_is_over(job); i++)
        read_page(&db, i);
}
