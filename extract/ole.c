/*
 * OLE files: Word, Excel, PowerPoint before 2007, Outlook's messages.  Every
 * stream is looked at: what has a reader is read, embedded files become
 * members, and of the rest printable runs are taken, so that no stream is a
 * place to hide in.
 */
#include "extract/ole.h"

#include "base/mem.h"
#include "extract/cfb.h"
#include "extract/format.h"
#include "extract/text.h"

enum { STREAM_MAX = 256 << 20 };

struct ole {
    struct job *job;
    struct cfb *cfb;
};

static void load(struct ole *o, const struct cfb_entry *entry, struct buf *out)
{
    if (entry == NULL)
        return;
    if (!cfb_read(o->cfb, entry, out))
        job_trouble(o->job, EXTRACT_DAMAGED);
}

static void take_word(
    struct ole *o, const struct cfb_entry *entry, struct str document)
{
    struct buf table = {0};
    if (word_is_encrypted(document)) {
        job_trouble(o->job, EXTRACT_ENCRYPTED);
        return;
    }
    load(o,
        cfb_find(o->cfb, entry->parent,
            word_has_table_1(document) ? "1Table" : "0Table"),
        &table);
    read_word(o->job, document, buf_str(&table));
    buf_free(&table);
}

/* ---- Outlook ([MS-OXMSG] §2.1.3) ---- */

enum { TYPE_8BIT = 0x001e, TYPE_WIDE = 0x001f, TYPE_BINARY = 0x0102 };
enum {
    TAG_HEADERS = 0x007d,
    TAG_RTF = 0x1009,
    TAG_HTML = 0x1013,
    TAG_ATTACHED = 0x3701,
};

static bool read_tag(struct str name, unsigned *tag_out, unsigned *type_out)
{
    static const char start[] = "__substg1.0_";
    unsigned digits[8];
    if (!str_starts(name, start) || name.n < sizeof start - 1 + 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        int value = str_hex_value(name.p[sizeof start - 1 + i]);
        if (value < 0)
            return false;
        digits[i] = (unsigned)value;
    }
    *tag_out = digits[0] << 12 | digits[1] << 8 | digits[2] << 4 | digits[3];
    *type_out = digits[4] << 12 | digits[5] << 8 | digits[6] << 4 | digits[7];
    return true;
}

static void attachment_name(
    struct ole *o, const struct cfb_entry *entry, struct buf *name)
{
    static const char *const wide[] = {
        "__substg1.0_3707001F", "__substg1.0_3704001F"};
    static const char *const narrow[] = {
        "__substg1.0_3707001E", "__substg1.0_3704001E"};
    struct buf raw = {0};
    for (size_t i = 0; i < 2 && name->n == 0; i++) {
        const struct cfb_entry *e = cfb_find(o->cfb, entry->parent, wide[i]);
        buf_clear(&raw);
        load(o, e, &raw);
        if (e != NULL) {
            if (!text_convert(buf_str(&raw), "UTF-16LE", name))
                buf_clear(name);
            continue;
        }
        load(o, cfb_find(o->cfb, entry->parent, narrow[i]), name);
    }
    if (name->n == 0)
        buf_append_str(name, STR("attachment"));
    buf_free(&raw);
}

static void take_binary(struct ole *o, const struct cfb_entry *entry,
    unsigned tag, struct str bytes)
{
    struct buf other = {0};
    if (tag == TAG_HTML) {
        read_html(o->job, bytes);
    } else if (tag == TAG_RTF) {
        if (rtf_decompress(bytes, &other))
            read_rtf(o->job, buf_str(&other));
    } else if (tag == TAG_ATTACHED) {
        attachment_name(o, entry, &other);
        job_member(o->job, buf_str(&other), bytes);
    }
    buf_free(&other);
}

static bool take_message_stream(
    struct ole *o, const struct cfb_entry *entry, struct str bytes)
{
    unsigned tag, type;
    if (!read_tag(entry->name, &tag, &type))
        return str_starts(entry->name, "__properties_version1.0");
    job_break(o->job);
    if (type == TYPE_WIDE)
        text_utf16(o->job, bytes, false);
    else if (type == TYPE_8BIT)
        read_text(o->job, bytes, NULL);
    else if (type == TYPE_BINARY)
        take_binary(o, entry, tag, bytes);
    job_break(o->job);
    return true;
}

/* ---- all ---- */

/* An embedded file has a head with its names before it ([MS-OLEDS] §2.3.6):
 * all strings, then the size of what follows. */
static void take_package(struct ole *o, struct str bytes)
{
    size_t at = 6, size = 0;
    struct str name = STR_NONE;
    for (size_t i = 0; i < 2 && at < bytes.n; i++) {
        struct str rest = str_sub(bytes, at, bytes.n);
        size_t n = str_find_char(rest, '\0');
        if (i == 0)
            name = str_sub(rest, 0, n);
        at += n + 1;
    }
    at += 4;
    at += 4 + (size_t)le32(bytes, at); /* where it was, in its length */
    size = le32(bytes, at);
    struct str content = str_sub(bytes, at + 4, at + 4 + size);
    job_line(o->job, name);
    if (content.n > 0)
        job_member(o->job, name.n > 0 ? name : STR("object"), content);
    else
        text_strings(o->job, bytes);
}

/* Control characters at the begin of a name are part of it. */
static bool is_named(const struct cfb_entry *e, const char *name)
{
    return str_is_nocase(e->name, name);
}

static bool has_no_words(const struct cfb_entry *e)
{
    return is_named(e, "0Table") || is_named(e, "1Table") ||
           is_named(e, "\001CompObj") || is_named(e, "\001Ole") ||
           is_named(e, "Current User") || is_named(e, "\003ObjInfo");
}

static void take_stream(
    struct ole *o, const struct cfb_entry *e, struct str bytes)
{
    if (is_named(e, "WordDocument"))
        take_word(o, e, bytes);
    else if (is_named(e, "Workbook") || is_named(e, "Book"))
        read_biff(o->job, bytes);
    else if (is_named(e, "PowerPoint Document"))
        read_slides(o->job, bytes);
    else if (is_named(e, "EncryptedPackage") || is_named(e, "EncryptedSummary"))
        job_trouble(o->job, EXTRACT_ENCRYPTED);
    else if (is_named(e, "\005SummaryInformation") ||
             is_named(e, "\005DocumentSummaryInformation"))
        read_properties(o->job, bytes);
    else if (is_named(e, "\001Ole10Native"))
        take_package(o, bytes);
    else if (format_is_document(format_of(bytes)))
        job_member(o->job, e->name, bytes);
    else if (!has_no_words(e) && !take_message_stream(o, e, bytes))
        text_strings(o->job, bytes);
}

void read_ole(struct job *job, struct str bytes)
{
    struct ole o = {job, cfb_open(bytes)};
    if (o.cfb == NULL || cfb_count(o.cfb) == 0) {
        job_trouble(job, EXTRACT_DAMAGED);
        text_strings(job, bytes);
        cfb_close(&o.cfb);
        return;
    }
    size_t left = bytes.n; /* streams that share sectors are a trick */
    for (size_t i = 0; i < cfb_count(o.cfb) && !job_is_over(job); i++) {
        const struct cfb_entry *e = cfb_entry(o.cfb, i);
        struct buf stream = {0};
        if (!e->is_stream || e->size == 0)
            continue;
        if (e->size > left + STREAM_MAX / 256) {
            job_trouble(job, EXTRACT_DAMAGED);
            continue;
        }
        load(&o, e, &stream);
        left -= stream.n < left ? stream.n : left;
        job_break(job);
        take_stream(&o, e, buf_str(&stream));
        buf_free(&stream);
    }
    cfb_close(&o.cfb);
}
