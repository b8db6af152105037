/*
 * Signatures in the order in which they are tried, then containers, then text.
 */
#include "inspect/filetype.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* ---- signatures ------------------------------------------------------- */

struct signature {
    size_t at;
    const char *bytes;
    size_t n;
    const char *type;
};
#define SIGN(at, bytes, type)                                                  \
    {                                                                          \
        at, bytes, sizeof(bytes) - 1, type                                     \
    }

static const struct signature SIGNATURES[] = {
    SIGN(0, "%PDF-", "application/pdf"),
    SIGN(0, "\x89PNG\r\n\x1a\n", "image/png"),
    SIGN(0, "\xff\xd8\xff", "image/jpeg"),
    SIGN(0, "GIF87a", "image/gif"),
    SIGN(0, "GIF89a", "image/gif"),
    SIGN(8, "WEBP", "image/webp"), /* behind RIFF, see is_fit */
    SIGN(8, "WAVE", "audio/x-wav"),
    SIGN(8, "AVI ", "video/x-msvideo"),
    SIGN(0, "BM", "image/bmp"), /* see is_fit */
    SIGN(0, "II*\0", "image/tiff"),
    SIGN(0, "MM\0*", "image/tiff"),
    SIGN(0, "\0\0\1\0", "image/vnd.microsoft.icon"),
    SIGN(0, "8BPS", "image/vnd.adobe.photoshop"),
    SIGN(4, "ftypavif", "image/avif"),
    SIGN(4, "ftypheic", "image/heic"),
    SIGN(4, "ftypheix", "image/heic"),
    SIGN(4, "ftypmif1", "image/heif"),
    SIGN(4, "ftypqt  ", "video/quicktime"),
    SIGN(4, "ftypM4A ", "audio/mp4"),
    SIGN(4, "ftyp", "video/mp4"),
    SIGN(0, "\x1a\x45\xdf\xa3", "video/webm"),
    SIGN(0, "OggS", "audio/ogg"),
    SIGN(0, "fLaC", "audio/flac"),
    SIGN(0, "ID3", "audio/mpeg"),
    SIGN(0, "\xff\xfb", "audio/mpeg"),
    SIGN(0, "\xff\xf3", "audio/mpeg"),
    SIGN(0, "\xff\xf2", "audio/mpeg"),
    SIGN(0, "\xff\xf1", "audio/aac"),
    SIGN(0, "\xff\xf9", "audio/aac"),
    SIGN(0, "\x1f\x8b", "application/gzip"),
    SIGN(0, "BZh", "application/x-bzip2"),
    SIGN(0,
        "\xfd"
        "7zXZ\0",
        "application/x-xz"),
    SIGN(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    SIGN(0, "Rar!\x1a\x07", "application/x-rar"),
    SIGN(0, "\x28\xb5\x2f\xfd", "application/zstd"),
    SIGN(257, "ustar", "application/x-tar"),
    SIGN(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    SIGN(0, "{\\rtf", "text/rtf"),
    SIGN(0, "%!PS", "application/postscript"),
    SIGN(0, "SQLite format 3\0", "application/vnd.sqlite3"),
    SIGN(0, "PAR1", "application/vnd.apache.parquet"),
    SIGN(0,
        "\x7f"
        "ELF",
        "application/x-executable"),
    SIGN(0, "MZ", "application/vnd.microsoft.portable-executable"),
    SIGN(0, "wOFF", "font/woff"),
    SIGN(0, "wOF2", "font/woff2"),
    SIGN(0, "OTTO", "font/otf"),
};

static bool has_at(struct str head, size_t at, const char *bytes, size_t n)
{
    return head.n >= at + n && memcmp(head.p + at, bytes, n) == 0;
}

/* Signatures that are also the beginning of words, or need company. */
static bool is_fit(const struct signature *s, struct str head)
{
    static const char reserved[4];
    if (s->at == 8)
        return has_at(head, 0, "RIFF", 4);
    if (strcmp(s->bytes, "BM") == 0)
        return has_at(head, 6, reserved, sizeof reserved);
    if (strcmp(s->bytes, "MZ") == 0)
        return memchr(head.p, '\0', head.n) != NULL;
    return true;
}

static const char *find_signature(struct str head)
{
    for (size_t i = 0; i < ARRAY_LEN(SIGNATURES); i++) {
        const struct signature *s = &SIGNATURES[i];
        if (has_at(head, s->at, s->bytes, s->n) && is_fit(s, head))
            return s->type;
    }
    return NULL;
}

/* ---- archives ----------------------------------------------------------- */

#define OOXML "application/vnd.openxmlformats-officedocument."

static const struct {
    const char *member, *type;
} MEMBERS[] = {
    {"word/", OOXML "wordprocessingml.document"},
    {"xl/", OOXML "spreadsheetml.sheet"},
    {"ppt/", OOXML "presentationml.presentation"},
    {"META-INF/MANIFEST.MF", "application/java-archive"},
};

/* OpenDocument and EPUB: the first member is stored and is the type. */
static const char *const STORED_TYPES[] = {
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
    "application/epub+zip",
};

enum { ZIP_HEADER_BYTES = 30, ZIP_NAME_LENGTH_AT = 26 };

static const char *stored_type(struct str head)
{
    static const char name[] = "mimetype";
    if (!has_at(head, ZIP_HEADER_BYTES, name, sizeof name - 1))
        return NULL;
    struct str type = str_sub(head, ZIP_HEADER_BYTES + sizeof name - 1, head.n);
    for (size_t i = 0; i < ARRAY_LEN(STORED_TYPES); i++) {
        size_t n = strlen(STORED_TYPES[i]);
        if (str_starts(type, STORED_TYPES[i]) &&
            !has_at(type, n, "-", 1)) /* not opendocument.text-template */
            return STORED_TYPES[i];
    }
    return NULL;
}

static const char *zip_type(struct str head)
{
    static const struct str local = {"PK\3\4", 4};
    const char *stored = stored_type(head);
    struct str rest = head;
    for (; stored == NULL && rest.n > ZIP_HEADER_BYTES;) {
        struct str name = str_sub(rest, ZIP_HEADER_BYTES, rest.n);
        for (size_t i = 0; i < ARRAY_LEN(MEMBERS); i++)
            if (str_starts(name, MEMBERS[i].member))
                return MEMBERS[i].type;
        size_t next = str_find(str_sub(rest, local.n, rest.n), local);
        rest = str_sub(rest, next + local.n, rest.n);
    }
    return stored != NULL ? stored : "application/zip";
}

/* ---- text --------------------------------------------------------------- */

static bool is_control(unsigned char c)
{
    return c == 127 || (c < 32 && c != '\t' && c != '\n' && c != '\r' &&
                           c != '\f' && c != '\b' && c != 27);
}

/* A character that the end of the head cut is none against it. */
static bool is_utf8_text(struct str s)
{
    enum { CUT_MAX = 3 };
    for (size_t i = 0; i < s.n;) {
        size_t n = utf8_length(str_sub(s, i, s.n));
        if (n == 0)
            return s.n - i <= CUT_MAX && ((unsigned char)s.p[i] & 0xc0) == 0xc0;
        if (n == 1 && is_control((unsigned char)s.p[i]))
            return false;
        i += n;
    }
    return true;
}

static bool is_utf16_text(struct str s)
{
    size_t high = has_at(s, 0, "\xff\xfe", 2) ? 1 : 0;
    if (high == 0 && !has_at(s, 0, "\xfe\xff", 2))
        return false;
    for (size_t i = 2; i + 1 < s.n; i += 2)
        if (s.p[i + high] == 0 && is_control((unsigned char)s.p[i + 1 - high]))
            return false;
    return true;
}

static bool begins(struct str text, const char *tag)
{
    struct str next = str_sub(text, strlen(tag), strlen(tag) + 1);
    return str_starts_nocase(text, tag) &&
           (next.n == 0 || strchr(" \t\r\n>[", next.p[0]) != NULL);
}

static const char *text_type(struct str head)
{
    struct str text = str_trim(
        has_at(head, 0, "\xef\xbb\xbf", 3) ? str_sub(head, 3, head.n) : head);
    if (begins(text, "<!doctype html") || begins(text, "<html"))
        return "text/html";
    if (begins(text, "<svg") ||
        (begins(text, "<?xml") && str_has(text, "<svg")))
        return "image/svg+xml";
    if (begins(text, "<?xml"))
        return "text/xml";
    return filetype_is_mail(text) ? "message/rfc822" : "text/plain";
}

/* ---- mail ---- */

static bool is_field_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return false;
    return name.n > 0;
}

/* RFC 5322 §3.6 */
bool filetype_is_mail(struct str head)
{
    static const char *const fields[] = {"received", "return-path",
        "message-id", "mime-version", "from", "to", "subject", "date",
        "delivered-to", "dkim-signature", "x-mailer", "reply-to",
        "content-type", "content-transfer-encoding"};
    struct str rest = head, line;
    unsigned known = 0;
    bool is_mbox = str_starts(rest, "From ");
    if (is_mbox)
        (void)str_split(&rest, '\n', &line);
    while (str_split(&rest, '\n', &line)) {
        if (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
            continue;
        size_t colon = str_find_char(line, ':');
        struct str name = str_sub(line, 0, colon);
        if (colon == line.n || !is_field_name(name))
            break;
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            known += str_is_nocase(name, fields[i]);
    }
    return known >= 3;
}

/* ---- documents ---- */

bool filetype_is_document(struct str type)
{
    static const char *const types[] = {"application/pdf", "application/zip",
        "application/epub+zip", "application/java-archive", "text/rtf",
        "application/x-ole-storage", "application/gzip", "application/x-bzip2",
        "application/x-xz", "application/x-7z-compressed", "application/x-rar",
        "application/zstd", "application/x-tar", "message/rfc822", "image/png",
        "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_is(type, types[i]))
            return true;
    return str_starts(type, OOXML) ||
           str_starts(type, "application/vnd.oasis.opendocument.");
}

struct str filetype_find(struct str head)
{
    head = str_sub(head, 0, FILETYPE_HEAD_BYTES);
    if (head.n == 0)
        return STR_NONE;
    if (has_at(head, 0, "PK\3\4", 4))
        return str_of(zip_type(head));
    const char *type = find_signature(head);
    if (type == NULL && is_utf8_text(head))
        type = text_type(head);
    if (type == NULL && is_utf16_text(head))
        type = "text/plain";
    return str_of(type != NULL ? type : "application/octet-stream");
}
