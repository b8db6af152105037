/*
 * Outlook's winmail.dat ([MS-OXTNEF]): attributes, each with its length and a
 * sum; some hold MAPI properties, which are those of a .msg in another dress.
 */
#include "extract/job.h"

#include "base/mem.h"
#include "extract/cfb.h"
#include "extract/ole.h"
#include "extract/text.h"

enum {
    HEAD_BYTES = 6,
    ATTRIBUTE_HEAD = 9,
    ATT_BODY = 0x800c,
    ATT_SUBJECT = 0x8004,
    ATT_SENDER = 0x8000,
    ATT_FILE_NAME = 0x8010,
    ATT_FILE = 0x800f,
    ATT_PROPERTIES = 0x9003,
    ATT_FILE_PROPERTIES = 0x9005,
};

enum { TYPE_OBJECT = 0x0d, TYPE_8BIT = 0x1e, TYPE_WIDE = 0x1f };
enum { TYPE_BINARY = 0x102, TYPE_MANY = 0x1000 };
enum { TAG_RTF = 0x1009, TAG_HTML = 0x1013, TAG_ATTACHED = 0x3701 };
enum { PROPERTIES_MAX = 65536, INTERFACE_BYTES = 16 };

/* ---- MAPI properties (§2.1.3.4) ---- */

static void put_value(
    struct job *job, unsigned type, unsigned tag, struct str s)
{
    struct buf other = {0};
    job_break(job);
    if (type == TYPE_WIDE)
        text_utf16(job, s, false);
    else if (type == TYPE_8BIT)
        read_text(job, str_sub(s, 0, str_find_char(s, '\0')), NULL);
    else if (type == TYPE_OBJECT && s.n > INTERFACE_BYTES)
        job_member(job, STR("object"), str_sub(s, INTERFACE_BYTES, s.n));
    else if (type == TYPE_BINARY && tag == TAG_HTML)
        read_html(job, s);
    else if (type == TYPE_BINARY && tag == TAG_ATTACHED)
        job_member(job, STR("attachment"), s);
    else if (type == TYPE_BINARY && tag == TAG_RTF && rtf_decompress(s, &other))
        read_rtf(job, buf_str(&other));
    job_break(job);
    buf_free(&other);
}

/* The bytes of a value of fixed size, padded; 0: one with a length. */
static size_t fixed_size(unsigned type)
{
    switch (type) {
    case 0x05: /* double, currency, two kinds of time, 64 bits */
    case 0x06:
    case 0x07:
    case 0x14:
    case 0x40:
        return 8;
    case 0x48: /* a GUID */
        return 16;
    case TYPE_OBJECT:
    case TYPE_8BIT:
    case TYPE_WIDE:
    case TYPE_BINARY:
        return 0;
    default:
        return 4;
    }
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Behind a property's tag: a GUID, and a number or a name. */
static void skip_name(struct str *s)
{
    size_t n = 24;
    if (le32(*s, 16) != 0)
        n += padded(le32(*s, 20));
    *s = str_sub(*s, n, s->n);
}

static void read_mapi(struct job *job, struct str s)
{
    size_t count = le32(s, 0);
    s = str_sub(s, 4, s.n);
    for (size_t i = 0; i < count && i < PROPERTIES_MAX && s.n >= 4; i++) {
        unsigned type = le16(s, 0), tag = le16(s, 2);
        bool is_many = (type & TYPE_MANY) != 0;
        size_t values = 1, fixed;
        type &= ~(unsigned)TYPE_MANY;
        fixed = fixed_size(type);
        s = str_sub(s, 4, s.n);
        if (tag >= 0x8000)
            skip_name(&s);
        if (is_many || fixed == 0) {
            values = le32(s, 0);
            s = str_sub(s, 4, s.n);
        }
        for (size_t k = 0; k < values && s.n > 0 && !job_is_over(job); k++) {
            size_t n = fixed > 0 ? fixed : le32(s, 0), head = fixed > 0 ? 0 : 4;
            if (fixed == 0)
                put_value(job, type, tag, str_sub(s, head, head + n));
            s = str_sub(s, head + padded(n), s.n);
        }
    }
}

/* ---- attributes (§2.1.3.1) ---- */

static void take_attribute(
    struct job *job, unsigned id, struct str value, struct str *file_name)
{
    struct str text = str_sub(value, 0, str_find_char(value, '\0'));
    switch (id) {
    case ATT_SENDER:
    case ATT_SUBJECT:
    case ATT_BODY:
        job_break(job);
        read_text(job, text, NULL);
        job_break(job);
        return;
    case ATT_FILE_NAME:
        *file_name = text;
        job_line(job, text);
        return;
    case ATT_FILE:
        job_member(
            job, file_name->n > 0 ? *file_name : STR("attachment"), value);
        return;
    case ATT_PROPERTIES:
    case ATT_FILE_PROPERTIES:
        read_mapi(job, value);
        return;
    default:
        return;
    }
}

void read_tnef(struct job *job, struct str bytes)
{
    struct str s = str_sub(bytes, HEAD_BYTES, bytes.n), name = STR_NONE;
    while (s.n >= ATTRIBUTE_HEAD && !job_is_over(job)) {
        unsigned id = le16(s, 1);
        size_t n = le32(s, 5);
        struct str value = str_sub(s, ATTRIBUTE_HEAD, ATTRIBUTE_HEAD + n);
        if (value.n < n) {
            job_trouble(job, EXTRACT_DAMAGED);
            text_strings(job, s);
            return;
        }
        take_attribute(job, id, value, &name);
        if (id == ATT_FILE)
            name = STR_NONE;
        s = str_sub(s, ATTRIBUTE_HEAD + n + 2, s.n);
    }
}
