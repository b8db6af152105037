/* Looks at first bytes and, in a zip, at the names of the first members. */
#include "extract/format.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "extract/text.h"
#include "inspect/filetype.h"
#include "inspect/html.h"

enum {
    TEXT_LOOK_BYTES = 8192,
    HEAD_LOOK_BYTES = 1024,
    PDF_LOOK_BYTES = 1024, /* ISO 32000-1, Annex H, note 13 */
    ZIP_LOOK_MEMBERS = 4096,
    ZIP_HEAD_BYTES = 46,
    TAR_BLOCK = 512,
};

/* ---- zip ---- */

static size_t u16(const char *p)
{
    return (size_t)(unsigned char)p[0] | (size_t)(unsigned char)p[1] << 8;
}

static size_t u32(const char *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static const struct {
    const char *name;
    enum format type;
} office_members[] = {
    {"word/document.xml", FORMAT_OOXML_WORD},
    {"word/", FORMAT_OOXML_WORD},
    {"xl/", FORMAT_OOXML_SHEET},
    {"ppt/", FORMAT_OOXML_SLIDES},
    {"visio/", FORMAT_OOXML},
};

static enum format by_mimetype(struct str text)
{
    static const char odf[] = "application/vnd.oasis.opendocument.";
    if (str_starts(text, "application/epub+zip"))
        return FORMAT_EPUB;
    if (!str_starts(text, odf))
        return FORMAT_ZIP;
    struct str kind = str_sub(text, sizeof odf - 1, text.n);
    if (str_starts(kind, "text"))
        return FORMAT_ODT;
    if (str_starts(kind, "spreadsheet"))
        return FORMAT_ODS;
    if (str_starts(kind, "presentation"))
        return FORMAT_ODP;
    return FORMAT_ODF;
}

/* The first local header may hold `mimetype`, stored (ODF 1.2 part 3 §3.3,
 * EPUB OCF §4.3). */
static enum format by_first_member(struct str zip)
{
    enum { LOCAL_BYTES = 30 };
    if (zip.n < LOCAL_BYTES)
        return FORMAT_ZIP;
    size_t name_n = u16(zip.p + 26), extra_n = u16(zip.p + 28);
    struct str name = str_sub(zip, LOCAL_BYTES, LOCAL_BYTES + name_n);
    if (!str_is(name, "mimetype") || u16(zip.p + 8) != 0)
        return FORMAT_ZIP;
    size_t at = LOCAL_BYTES + name_n + extra_n;
    return by_mimetype(str_sub(zip, at, at + 100));
}

struct names {
    bool has_types, has_content, has_meta;
    enum format office;
};

static void look_at_name(struct names *names, struct str name)
{
    names->has_types |= str_is(name, "[Content_Types].xml");
    names->has_content |= str_is(name, "content.xml");
    names->has_meta |= str_is(name, "META-INF/manifest.xml") ||
                       str_is(name, "styles.xml") || str_is(name, "meta.xml");
    for (size_t i = 0; i < ARRAY_LEN(office_members); i++)
        if (names->office == FORMAT_ZIP &&
            str_starts(name, office_members[i].name))
            names->office = office_members[i].type;
}

enum { ZIP_END_BYTES = 22 };

/* The end record (APPNOTE 4.3.16); zip.n: there is none. */
static size_t find_end(struct str zip)
{
    enum { COMMENT_MAX = 65535 };
    if (zip.n < ZIP_END_BYTES)
        return zip.n;
    size_t last = zip.n - ZIP_END_BYTES;
    size_t lowest = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    for (size_t at = last + 1; at-- > lowest;)
        if (memcmp(zip.p + at, "PK\5\6", 4) == 0)
            return at;
    return zip.n;
}

/* The central directory (APPNOTE 4.3.12), found from the end.  With something
 * before the archive it may not be where it says, but right before its end. */
static size_t find_directory(struct str zip)
{
    size_t at = find_end(zip);
    if (at == zip.n)
        return zip.n;
    size_t size = u32(zip.p + at + 12), said = u32(zip.p + at + 16);
    bool is_before =
        size >= 4 && size <= at && memcmp(zip.p + at - size, "PK\1\2", 4) == 0;
    return is_before ? at - size : said;
}

bool format_zip_ends(struct str zip, size_t *first_out, struct str *comment_out)
{
    size_t end = find_end(zip), at = find_directory(zip), first = at;
    if (end == zip.n || at > end || end - at < ZIP_HEAD_BYTES)
        return false;
    size_t said = u32(zip.p + end + 16), moved = at > said ? at - said : 0;
    while (at <= end && end - at >= ZIP_HEAD_BYTES &&
           memcmp(zip.p + at, "PK\1\2", 4) == 0) {
        size_t member = u32(zip.p + at + 42) + moved;
        if (member < first)
            first = member;
        at += ZIP_HEAD_BYTES + u16(zip.p + at + 28) + u16(zip.p + at + 30) +
              u16(zip.p + at + 32);
    }
    *first_out = first;
    *comment_out = str_sub(
        zip, end + ZIP_END_BYTES, end + ZIP_END_BYTES + u16(zip.p + end + 20));
    return true;
}

static enum format by_members(struct str zip)
{
    struct names names = {.office = FORMAT_ZIP};
    size_t at = find_directory(zip);
    for (size_t i = 0; i < ZIP_LOOK_MEMBERS; i++) {
        if (at >= zip.n || zip.n - at < ZIP_HEAD_BYTES ||
            memcmp(zip.p + at, "PK\1\2", 4) != 0)
            break;
        size_t name_n = u16(zip.p + at + 28);
        look_at_name(&names,
            str_sub(zip, at + ZIP_HEAD_BYTES, at + ZIP_HEAD_BYTES + name_n));
        at += ZIP_HEAD_BYTES + name_n + u16(zip.p + at + 30) +
              u16(zip.p + at + 32);
    }
    if (names.office != FORMAT_ZIP)
        return names.office;
    if (names.has_types)
        return FORMAT_OOXML;
    return names.has_content ? FORMAT_ODF : FORMAT_ZIP;
}

static enum format zip_type(struct str zip)
{
    enum format type = by_first_member(zip);
    return type != FORMAT_ZIP ? type : by_members(zip);
}

/* ---- text ---- */

/* At the first word, behind blanks and a byte order mark. */
static bool begins_with_tag(struct str head, const char *tag)
{
    return str_starts_nocase(head, tag);
}

static bool is_html(struct str bytes)
{
    static const char *const tags[] = {"<!doctype html", "<html", "<head",
        "<body", "<script", "<table", "<div", "<!--", "<meta", "<title"};
    struct str head = str_sub(bytes, 0, HEAD_LOOK_BYTES);
    if (str_starts(head, "\xef\xbb\xbf"))
        head = str_sub(head, 3, head.n);
    while (head.n > 0 && html_is_blank(head.p[0]))
        head = str_sub(head, 1, head.n);
    if (str_starts(head, "<?xml")) /* XHTML says it after that */
        return str_has(head, "<!DOCTYPE html") ||
               str_has(head, "http://www.w3.org/1999/xhtml");
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (begins_with_tag(head, tags[i]))
            return i != 7 || str_has(head, "<html") || str_has(head, "<body");
    return false;
}

static bool is_utf16_text(struct str s)
{
    return str_starts(s, "\xff\xfe") || str_starts(s, "\xfe\xff");
}

/* Control characters that no text has, by and large. */
static size_t count_controls(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        count += c == 0x7f || (c < ' ' && c != '\t' && c != '\n' && c != '\r' &&
                                  c != '\f' && c != 0x1b);
    }
    return count;
}

/* Some 8-bit or multibyte charset: of these KOI8, Shift-JIS or GBK have few
 * bytes below 0x80.  What is compressed has controls, if there is enough of
 * it. */
static bool is_latin_text(struct str s)
{
    enum { ENOUGH_BYTES = 128 };
    size_t high = 0;
    for (size_t i = 0; i < s.n; i++)
        high += (unsigned char)s.p[i] >= 0x80;
    return count_controls(s) == 0 &&
           (s.n >= ENOUGH_BYTES || high * 3 < s.n * 2 + 3);
}

static bool is_text(struct str bytes)
{
    struct str head = str_sub(bytes, 0, TEXT_LOOK_BYTES);
    bool is_big;
    return is_utf16_text(head) || utf8_is_text(head) ||
           text_looks_utf16(head, &is_big) || is_latin_text(head);
}

/* ---- all ---- */

static const struct {
    struct str magic;
    enum format type;
} magics[] = {
    {{"{\\rtf", 5}, FORMAT_RTF}, {{"7z\xbc\xaf\x27\x1c", 6}, FORMAT_7Z},
    {{"\x1f\x8b", 2}, FORMAT_GZIP}, {{"BZh", 3}, FORMAT_BZIP2},
    {{"\xfd"
      "7zXZ",
         5},
        FORMAT_XZ},
    {{"\x28\xb5\x2f\xfd", 4}, FORMAT_ZSTD},
    {{"\x04\x22\x4d\x18", 4}, FORMAT_LZ4},
    {{"\x1f\x9d", 2}, FORMAT_GZIP}, /* compress(1) */
    {{"LZIP\1", 5}, FORMAT_XZ}, {{"\x78\x9f\x3e\x22", 4}, FORMAT_TNEF},
    {{"SQLite format 3\0", 16}, FORMAT_SQLITE},
    {{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8}, FORMAT_OLE},
    {{"\x89PNG\r\n\x1a\n", 8}, FORMAT_PNG}, {{"\xff\xd8\xff", 3}, FORMAT_JPEG},
    {{"GIF87a", 6}, FORMAT_GIF}, {{"GIF89a", 6}, FORMAT_GIF},
    {{"II*\0", 4}, FORMAT_TIFF}, {{"MM\0*", 4}, FORMAT_TIFF},
    {{"Rar!\x1a\x07", 6}, FORMAT_ARCHIVE}, {{"!<arch>\n", 8}, FORMAT_ARCHIVE},
    {{"MSCF", 4}, FORMAT_ARCHIVE}, {{"070701", 6}, FORMAT_ARCHIVE},
    {{"070707", 6}, FORMAT_ARCHIVE},
    {{"\xed\xab\xee\xdb", 4}, FORMAT_ARCHIVE}, /* RPM */
};

static bool starts_with(struct str s, struct str start)
{
    return s.n >= start.n && memcmp(s.p, start.p, start.n) == 0;
}

/* The sum of the header's bytes, its own field as blanks (POSIX ustar); old
 * tars have no magic. */
static bool is_tar(struct str bytes)
{
    enum { SUM_AT = 148, SUM_BYTES = 8 };
    if (bytes.n < TAR_BLOCK || bytes.p[0] == '\0')
        return false;
    unsigned long sum = 0, said = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_BYTES
                   ? ' '
                   : (unsigned char)bytes.p[i];
    size_t i = SUM_AT;
    while (i < SUM_AT + SUM_BYTES && bytes.p[i] == ' ')
        i++;
    for (; i < SUM_AT + SUM_BYTES; i++) {
        if (bytes.p[i] < '0' || bytes.p[i] > '7')
            break;
        said = said * 8 + (unsigned long)(bytes.p[i] - '0');
    }
    return said != 0 && sum == said;
}

static bool is_iso(struct str bytes)
{
    enum { VOLUME_AT = 32769 };
    return starts_with(str_sub(bytes, VOLUME_AT, bytes.n), STR("CD001"));
}

/* LZMA before xz has no magic: properties as everybody writes them, a power
 * of two for the dictionary, and the size, if it is told, below 2^40. */
static bool is_lzma(struct str s)
{
    enum { HEAD_BYTES = 13 };
    if (s.n <= HEAD_BYTES || s.p[0] != 0x5d)
        return false;
    size_t dictionary = u32(s.p + 1), low = u32(s.p + 5), high = u32(s.p + 9);
    bool is_streamed = low == UINT32_MAX && high == UINT32_MAX;
    return dictionary >= 4096 && (dictionary & (dictionary - 1)) == 0 &&
           (is_streamed || high < 256) && s.p[HEAD_BYTES] == '\0';
}

static enum format by_magic(struct str s)
{
    for (size_t i = 0; i < ARRAY_LEN(magics); i++)
        if (starts_with(s, magics[i].magic))
            return magics[i].type;
    if (starts_with(s, STR("PK\3\4")) || starts_with(s, STR("PK\5\6")) ||
        starts_with(s, STR("PK00PK\3\4")))
        return zip_type(s);
    if (starts_with(s, STR("RIFF")) &&
        starts_with(str_sub(s, 8, 12), STR("WEBP")))
        return FORMAT_WEBP;
    if (starts_with(s, STR("BM")) && s.n > 26 && u32(s.p + 6) == 0 &&
        u32(s.p + 14) <= 124)
        return FORMAT_BMP;
    struct str head = str_sub(s, 0, PDF_LOOK_BYTES);
    if (str_has(head, "%PDF-"))
        return FORMAT_PDF;
    if (is_tar(s))
        return FORMAT_TAR;
    if (is_lzma(s))
        return FORMAT_XZ;
    return is_iso(s) ? FORMAT_ARCHIVE : FORMAT_BINARY;
}

bool format_has_zip_behind(struct str bytes)
{
    size_t at = find_directory(bytes);
    return at < bytes.n &&
           starts_with(str_sub(bytes, at, bytes.n), STR("PK\1\2"));
}

enum format format_of(struct str bytes)
{
    if (bytes.n == 0)
        return FORMAT_EMPTY;
    enum format type = by_magic(bytes);
    if (type != FORMAT_BINARY)
        return type;
    if (is_text(bytes)) {
        if (is_html(bytes))
            return FORMAT_HTML;
        return filetype_is_mail(bytes) ? FORMAT_MAIL : FORMAT_TEXT;
    }
    return format_has_zip_behind(bytes) ? FORMAT_ZIP : FORMAT_BINARY;
}

/* A text may have a stray control character, or NULs between its lines. */
bool format_is_noise(struct str bytes)
{
    enum { ONE_IN = 50 };
    struct str head = str_sub(bytes, 0, TEXT_LOOK_BYTES);
    bool is_big;
    if (count_controls(head) * ONE_IN <= head.n || is_utf16_text(head) ||
        text_looks_utf16(head, &is_big))
        return false;
    while (head.n > 0) {
        struct str piece;
        (void)str_split(&head, '\0', &piece);
        if (!utf8_is_text(piece))
            return true;
    }
    return false;
}

bool format_is_document(enum format type)
{
    return type != FORMAT_EMPTY && type != FORMAT_TEXT && type != FORMAT_HTML &&
           type != FORMAT_BINARY;
}
