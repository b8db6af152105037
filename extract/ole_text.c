/*
 * Word 97 to 2003 ([MS-DOC]), PowerPoint 97 to 2003 ([MS-PPT]), property sets
 * ([MS-OLEPS]) and Outlook's compressed RTF ([MS-OXRTFCP]).
 */
#include "extract/ole.h"

#include "base/mem.h"
#include "extract/cfb.h"
#include "extract/text.h"

/* ---- Word ---- */

enum {
    FIB_FLAGS = 0x0a,
    FIB_ENCRYPTED = 0x0100,
    FIB_TABLE_1 = 0x0200,
    FIB_CLX = 0x01a2,
    PIECES_MAX = 1 << 20,
};

bool word_has_table_1(struct str document)
{
    return (le16(document, FIB_FLAGS) & FIB_TABLE_1) != 0;
}

bool word_is_encrypted(struct str document)
{
    return (le16(document, FIB_FLAGS) & FIB_ENCRYPTED) != 0;
}

/* Marks of fields, cells and paragraphs ([MS-DOC] §2.4.1). */
static uint32_t word_character(uint32_t c)
{
    switch (c) {
    case 0x0d:
    case 0x0b:
    case 0x0c:
    case 0x0e:
        return '\n';
    case 0x07:
        return '\t';
    case 0x13: /* field: its code, */
    case 0x14: /* and what it shows */
    case 0x15:
        return ' ';
    case 0x1e:
        return '-';
    case 0x1f:
        return 0;
    default:
        return c < ' ' && c != '\t' ? 0 : c;
    }
}

static void put_piece(
    struct job *job, struct str document, uint32_t fc, size_t count)
{
    bool is_narrow = (fc & 0x40000000) != 0;
    size_t at = fc & 0x3fffffff;
    if (is_narrow)
        at /= 2;
    size_t bytes = is_narrow ? count : 2 * count;
    struct str s = str_sub(document, at, at + bytes);
    for (size_t i = 0; i + (is_narrow ? 0 : 1) < s.n && !job_is_over(job);) {
        uint32_t c;
        if (is_narrow)
            c = text_cp1252((unsigned char)s.p[i++]);
        else
            i += text_decode_utf16(s, i, false, &c);
        c = word_character(c);
        if (c != 0)
            job_code_point(job, c);
    }
}

/* Behind the property modifiers: the piece table. */
static struct str find_pieces(struct str clx)
{
    while (clx.n > 3 && clx.p[0] == 1)
        clx = str_sub(clx, 3 + le16(clx, 1), clx.n);
    if (clx.n < 5 || clx.p[0] != 2)
        return STR_NONE;
    return str_sub(clx, 5, 5 + (size_t)le32(clx, 1));
}

/* The text's pieces in order: body, footnotes, headers, comments, endnotes,
 * text boxes. Deleted text is among them. */
void read_word(struct job *job, struct str document, struct str table)
{
    size_t at = le32(document, FIB_CLX), n = le32(document, FIB_CLX + 4);
    struct str pieces = find_pieces(str_sub(table, at, at + n));
    size_t count = pieces.n >= 16 ? (pieces.n - 4) / 12 : 0;
    if (count == 0 || count > PIECES_MAX) {
        job_trouble(job, EXTRACT_DAMAGED);
        text_strings(job, document);
        return;
    }
    for (size_t i = 0; i < count && !job_is_over(job); i++) {
        uint32_t begin = le32(pieces, 4 * i), end = le32(pieces, 4 * i + 4);
        size_t descriptor = 4 * (count + 1) + 8 * i;
        if (end > begin)
            put_piece(job, document, le32(pieces, descriptor + 2), end - begin);
    }
    job_break(job);
}

/* ---- PowerPoint ---- */

enum {
    PPT_TEXT_WIDE = 4000,
    PPT_TEXT_NARROW = 4008,
    PPT_STRING = 4026,
    PPT_CRYPT = 12052,
};

void read_slides(struct job *job, struct str s)
{
    size_t at = 0;
    while (at + 8 <= s.n && !job_is_over(job)) {
        unsigned version = le16(s, at) & 0xf, type = le16(s, at + 2);
        size_t n = le32(s, at + 4);
        struct str body = str_sub(s, at + 8, at + 8 + n);
        if (type == PPT_CRYPT) {
            job_trouble(job, EXTRACT_ENCRYPTED);
            return;
        }
        job_break(job);
        if (type == PPT_TEXT_WIDE || type == PPT_STRING)
            text_utf16(job, body, false);
        else if (type == PPT_TEXT_NARROW)
            text_latin(job, body);
        /* Into a container, past everything else. */
        at += 8 + (version == 0xf ? 0 : n);
    }
    job_break(job);
}

/* ---- properties ---- */

enum {
    VT_LPSTR = 0x1e,
    VT_LPWSTR = 0x1f,
    VT_VECTOR = 0x1000,
    VT_VARIANT = 0x0c,
    VALUES_MAX = 4096,
};

/* One string; the bytes it takes with its length and padding. */
static size_t put_string(struct job *job, struct str s, unsigned type)
{
    size_t n = le32(s, 0), bytes = type == VT_LPWSTR ? 2 * n : n;
    struct str text = str_sub(s, 4, 4 + bytes);
    job_break(job);
    if (type == VT_LPWSTR)
        text_utf16(job, text, false);
    else
        read_text(job, str_sub(text, 0, str_find_char(text, '\0')), NULL);
    job_break(job);
    return 4 + ((bytes + 3) & ~(size_t)3);
}

static void put_value(struct job *job, struct str s)
{
    unsigned type = le16(s, 0), item = type & 0xff;
    size_t at = 4, count = 1;
    if ((type & VT_VECTOR) != 0) {
        count = le32(s, 4);
        at = 8;
    }
    for (size_t i = 0; i < count && i < VALUES_MAX && at < s.n; i++) {
        unsigned one = item;
        if (item == VT_VARIANT) {
            one = le16(s, at);
            at += 4;
        }
        if (one != VT_LPSTR && one != VT_LPWSTR)
            return;
        at += put_string(job, str_sub(s, at, s.n), one);
    }
}

void read_properties(struct job *job, struct str bytes)
{
    size_t sets = le32(bytes, 24);
    for (size_t k = 0; k < sets && k < 2; k++) {
        size_t at = le32(bytes, 28 + 20 * k + 16);
        struct str set = str_sub(bytes, at, bytes.n);
        size_t count = le32(set, 4);
        for (size_t i = 0; i < count && i < VALUES_MAX; i++) {
            size_t value = le32(set, 8 + 8 * i + 4);
            if (value >= 8 && value < set.n)
                put_value(job, str_sub(set, value, set.n));
        }
    }
}

/* ---- compressed RTF ---- */

static const char rtf_dictionary[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman "
    "\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New "
    "RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

enum { RTF_WINDOW = 4096, RTF_MAX = 64 << 20 };

struct rtf_window {
    char bytes[RTF_WINDOW];
    size_t at;
    struct buf *out;
};

static void put_byte(struct rtf_window *w, char c)
{
    buf_append_char(w->out, c);
    w->bytes[w->at] = c;
    w->at = (w->at + 1) % RTF_WINDOW;
}

/* False: the end. */
static bool put_run(struct rtf_window *w, unsigned token)
{
    size_t from = token >> 4, n = (token & 0xf) + 2;
    if (from == w->at)
        return false;
    for (size_t i = 0; i < n; i++)
        put_byte(w, w->bytes[(from + i) % RTF_WINDOW]);
    return true;
}

bool rtf_decompress(struct str s, struct buf *out)
{
    if (str_sub(s, 8, 12).n != 4)
        return false;
    if (memcmp(s.p + 8, "MELA", 4) == 0) {
        buf_append_str(out, str_sub(s, 16, s.n));
        return true;
    }
    if (memcmp(s.p + 8, "LZFu", 4) != 0)
        return false;
    struct rtf_window *w = MEM_NEW(struct rtf_window);
    w->out = out;
    w->at = sizeof rtf_dictionary - 1;
    memcpy(w->bytes, rtf_dictionary, w->at);
    size_t at = 16;
    bool goes_on = true;
    while (goes_on && at < s.n && out->n < RTF_MAX) {
        unsigned flags = (unsigned char)s.p[at++];
        for (unsigned bit = 0; goes_on && bit < 8 && at < s.n; bit++) {
            if ((flags >> bit & 1) == 0) {
                put_byte(w, s.p[at++]);
                continue;
            }
            if (at + 2 > s.n)
                break;
            unsigned token = (unsigned)(unsigned char)s.p[at] << 8 |
                             (unsigned char)s.p[at + 1];
            at += 2;
            goes_on = put_run(w, token);
        }
    }
    mem_free(w);
    return true;
}
