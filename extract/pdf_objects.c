#include "extract/pdf_objects.h"

#include <zlib.h>

#include "base/mem.h"
#include "extract/text.h"

enum { STREAM_MAX = 32 << 20, DICTIONARY_MAX = 64 * 1024 };

/* Keys whose strings somebody wrote (ISO 32000-1: 12.5, 12.7, 12.6, 7.11). */
static bool is_telling(struct str key)
{
    static const char *const keys[] = {"Contents", "V", "DV", "TU", "URI",
        "Title", "RC", "Subj", "T", "JS", "UF", "F", "Desc", "ActualText",
        "Alt", "E", "Opt", "RV", "CA"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_is(key, keys[i]))
            return true;
    return false;
}

/* Keys whose strings a program wrote, or that pdfinfo tells. */
static bool is_dull(struct str key)
{
    static const char *const keys[] = {"ID", "O", "U", "OE", "UE", "Perms",
        "CheckSum", "DA", "DS", "Lang", "CreationDate", "ModDate", "M", "NM",
        "D", "Dest", "Names", "Limits", "Nums", "Producer", "Creator", "Author",
        "Subject", "Keywords", "Registry", "Ordering", "Panose", "CharSet",
        "DeviceRGB", "DeviceGray", "DeviceCMYK", "PTEX.Fullbanner"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_is(key, keys[i]))
            return true;
    return false;
}

/* Of a key that nobody knows: what is written for people, not for programs. */
static bool is_words(struct str text)
{
    enum { LEAST_BYTES = 8 };
    if (text.n < LEAST_BYTES || str_starts(text, "\xfe\xff"))
        return text.n >= LEAST_BYTES;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x7f || text.p[i] < ' ')
            return false;
    return true;
}

static bool is_delimiter(char c)
{
    return c <= ' ' || strchr("()<>[]{}/%", c) != NULL;
}

/* ---- strings ---- */

/* Behind the closing parenthesis; what stands in it is unescaped. */
static size_t take_literal(struct str s, size_t at, struct buf *out)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    unsigned depth = 1;
    for (at++; at < s.n; at++) {
        char c = s.p[at];
        if (c == '\\' && at + 1 < s.n) {
            c = s.p[++at];
            const char *known = c != '\0' ? strchr(from, c) : NULL;
            if (known != NULL) {
                c = to[known - from];
            } else if (c >= '0' && c <= '7') {
                int value = c - '0';
                for (int i = 0; i < 2 && at + 1 < s.n && s.p[at + 1] >= '0' &&
                                s.p[at + 1] <= '7';
                     i++)
                    value = value * 8 + (s.p[++at] - '0');
                c = (char)value;
            }
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0) {
            return at + 1;
        }
        if (out->n < SIDE_MAX)
            buf_append_char(out, c);
    }
    return at;
}

static size_t take_hex(struct str s, size_t at, struct buf *out)
{
    int high = -1;
    for (at++; at < s.n && s.p[at] != '>'; at++) {
        int value = str_hex_value(s.p[at]);
        if (value < 0)
            continue;
        if (high >= 0 && out->n < SIDE_MAX)
            buf_append_char(out, (char)(high << 4 | value));
        high = high >= 0 ? -1 : value;
    }
    return at + 1;
}

/* ---- dictionaries ---- */

/* All strings behind telling keys, also in arrays. */
static void read_values(struct job *job, struct str s)
{
    struct str key = STR_NONE;
    for (size_t at = 0; at < s.n && !job_is_over(job);) {
        char c = s.p[at];
        struct buf text = {0};
        if (c == '/') {
            size_t begin = ++at;
            while (at < s.n && !is_delimiter(s.p[at]))
                at++;
            key = str_sub(s, begin, at);
        } else if (c == '(') {
            at = take_literal(s, at, &text);
        } else if (c == '<' && at + 1 < s.n && s.p[at + 1] != '<') {
            at = take_hex(s, at, &text);
        } else if (c == '<') {
            at += 2;
        } else {
            at++;
        }
        bool is_told = is_telling(key)
                           ? text.n > 1
                           : !is_dull(key) && is_words(buf_str(&text));
        if (is_told) {
            job_break(job);
            read_text(job, buf_str(&text), NULL);
            job_break(job);
        }
        buf_free(&text);
    }
}

/* ---- streams ---- */

static bool unpack(
    struct job *job, struct str packed, size_t max, struct buf *out)
{
    z_stream z = {0};
    if (inflateInit(&z) != Z_OK)
        return false;
    z.next_in = (unsigned char *)(uintptr_t)packed.p;
    z.avail_in = (uInt)(packed.n < UINT32_MAX ? packed.n : UINT32_MAX);
    int status = Z_OK;
    while (status == Z_OK && out->n < max) {
        enum { ROOM = 64 * 1024 };
        size_t room = max - out->n < ROOM ? max - out->n : ROOM;
        if (!job_may_unpack(job, out->n + room, 0, 1))
            break;
        z.next_out = (unsigned char *)buf_reserve(out, room);
        z.avail_out = (uInt)room;
        status = inflate(&z, Z_NO_FLUSH);
        buf_commit(out, room - z.avail_out);
    }
    inflateEnd(&z);
    return out->n > 0;
}

static bool has_name(struct str dictionary, const char *name)
{
    struct str s = dictionary, what = str_of(name);
    while (s.n > 0) {
        size_t at = str_find(s, what);
        if (at == s.n)
            return false;
        s = str_sub(s, at + what.n, s.n);
        if (s.n == 0 || is_delimiter(s.p[0]))
            return true;
    }
    return false;
}

static bool is_packed(struct str dictionary)
{
    return has_name(dictionary, "/FlateDecode") || has_name(dictionary, "/Fl");
}

/* Properties (XMP), forms (XFA) and rich text are XML of any name; a page, a
 * font or a picture does not begin like that. */
static bool begins_as_xml(
    struct job *job, struct str dictionary, struct str raw)
{
    enum { LOOK_BYTES = 64 };
    struct buf out = {0};
    if (has_name(dictionary, "/Image"))
        return false;
    if (is_packed(dictionary) && unpack(job, raw, LOOK_BYTES, &out))
        raw = buf_str(&out);
    if (str_starts(raw, "\xef\xbb\xbf"))
        raw = str_sub(raw, 3, raw.n);
    raw = str_trim(str_sub(raw, 0, LOOK_BYTES));
    char c = raw.n > 1 && raw.p[0] == '<' ? raw.p[1] : '\0';
    buf_free(&out);
    return c == '?' || (c >= 'a' && c <= 'z');
}

static void take_stream(struct job *job, struct str dictionary, struct str raw)
{
    bool is_objects = has_name(dictionary, "/ObjStm");
    bool is_file = has_name(dictionary, "/EmbeddedFile");
    struct buf out = {0};
    if (!is_objects && !is_file && !begins_as_xml(job, dictionary, raw))
        return;
    struct str content = raw;
    if (is_packed(dictionary))
        content = unpack(job, raw, STREAM_MAX, &out) ? buf_str(&out) : STR_NONE;
    if (is_file)
        job_member(job, STR("attachment"), content);
    else if (is_objects)
        read_values(job, content);
    else
        read_html(job, content);
    buf_free(&out);
}

/* What poppler does not tell of a file that opens without a password, but is
 * encrypted all the same. */
static void note_locked(struct job *job, struct str bytes)
{
    if (has_name(bytes, "/EmbeddedFile"))
        job_trouble(job, EXTRACT_ENCRYPTED);
}

/* The dictionary that ends before the stream: from the last "obj". */
static struct str before(struct str bytes, size_t begin, size_t at)
{
    if (at - begin > DICTIONARY_MAX)
        begin = at - DICTIONARY_MAX;
    struct str s = str_sub(bytes, begin, at);
    for (size_t i = s.n; i-- > 3;)
        if (memcmp(s.p + i - 3, "obj", 3) == 0)
            return str_sub(s, i, s.n);
    return s;
}

void pdf_objects_read(struct job *job, struct str bytes, bool is_locked)
{
    size_t begin = 0;
    if (is_locked) {
        note_locked(job, bytes);
        return;
    }
    while (begin < bytes.n && !job_is_over(job)) {
        struct str rest = str_sub(bytes, begin, bytes.n);
        size_t at = begin + str_find(rest, STR("stream"));
        read_values(job, str_sub(bytes, begin, at));
        if (at >= bytes.n)
            break;
        size_t data = at + 6;
        data += data < bytes.n && bytes.p[data] == '\r';
        data += data < bytes.n && bytes.p[data] == '\n';
        struct str behind = str_sub(bytes, data, bytes.n);
        size_t end = data + str_find(behind, STR("endstream"));
        take_stream(job, before(bytes, begin, at), str_sub(bytes, data, end));
        begin = end + 9;
    }
}
