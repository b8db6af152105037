/*
 * Plain text in whatever charset: UTF-8 as it is, UTF-16 and -32 by their
 * marks or by their look, a named charset by iconv, and what is none of them
 * as Windows-1252, in which no byte is an error.
 */
#include "extract/text.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>

#include "base/utf8.h"
#include "extract/job.h"

/* ---- UTF-16 ---- */

static uint32_t unit_at(struct str s, size_t i, bool is_big)
{
    unsigned a = (unsigned char)s.p[i], b = (unsigned char)s.p[i + 1];
    return is_big ? a << 8 | b : b << 8 | a;
}

size_t text_decode_utf16(
    struct str s, size_t at, bool is_big, uint32_t *code_point_out)
{
    uint32_t c = unit_at(s, at, is_big);
    if ((c & 0xfc00) == 0xd800 && s.n - at >= 4) {
        uint32_t low = unit_at(s, at + 2, is_big);
        if ((low & 0xfc00) == 0xdc00) {
            *code_point_out = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
            return 4;
        }
    }
    *code_point_out = c;
    return 2;
}

static void put(struct buf *out, uint32_t c)
{
    char bytes[4];
    if (c != 0) /* NUL is no text: it would end strings further on */
        buf_append(out, bytes, utf8_encode(c, bytes));
}

static void utf16_to_utf8(struct str s, bool is_big, struct buf *out)
{
    uint32_t c;
    for (size_t i = 0; i + 1 < s.n;) {
        i += text_decode_utf16(s, i, is_big, &c);
        put(out, c);
    }
}

void text_utf16(struct job *job, struct str s, bool is_big)
{
    struct buf out = {0};
    utf16_to_utf8(s, is_big, &out);
    job_text(job, buf_str(&out));
    buf_free(&out);
}

static void utf32_to_utf8(struct str s, bool is_big, struct buf *out)
{
    for (size_t i = 0; i + 3 < s.n; i += 4) {
        uint32_t high = unit_at(s, is_big ? i : i + 2, is_big);
        put(out, high << 16 | unit_at(s, is_big ? i + 2 : i, is_big));
    }
}

/* ---- 8-bit ---- */

/* Windows-1252, 0x80 to 0x9f (WHATWG Encoding, index windows-1252). */
uint32_t text_cp1252(unsigned char c)
{
    static const uint16_t table[32] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e,
        0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
        0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
        0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178};
    return c >= 0x80 && c < 0xa0 ? table[c - 0x80] : c;
}

void text_latin_to_utf8(struct str s, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++)
        put(out, text_cp1252((unsigned char)s.p[i]));
}

void text_latin(struct job *job, struct str s)
{
    struct buf out = {0};
    text_latin_to_utf8(s, &out);
    job_text(job, buf_str(&out));
    buf_free(&out);
}

/* ---- by name ---- */

/* iconv_open opens tables: a strange name is not handed to it. */
static bool is_charset_name(const char *name)
{
    size_t n = 0;
    for (; name[n] != '\0'; n++) {
        char c = name[n];
        bool is_good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
                       c == ':' || c == '.';
        if (!is_good || n > 40)
            return false;
    }
    return n > 0;
}

static void convert(iconv_t cd, struct str s, struct buf *out)
{
    char *in = (char *)(uintptr_t)s.p;
    size_t left = s.n;
    while (left > 0) {
        enum { ROOM = 4096 };
        char *to = buf_reserve(out, ROOM), *at = to;
        size_t room = ROOM;
        size_t done = iconv(cd, &in, &left, &at, &room);
        buf_commit(out, (size_t)(at - to));
        if (done == (size_t)-1 && errno != E2BIG) {
            buf_append(out, "\xef\xbf\xbd", 3);
            in++;
            left--;
        }
    }
}

bool text_convert(struct str s, const char *charset, struct buf *out)
{
    if (!is_charset_name(charset))
        return false;
    iconv_t cd = iconv_open("UTF-8", charset);
    if (cd == (iconv_t)-1)
        return false;
    convert(cd, s, out);
    iconv_close(cd);
    return true;
}

/* ---- all ---- */

bool text_looks_utf16(struct str s, bool *is_big_out)
{
    enum { LOOK_BYTES = 512, LEAST_BYTES = 16 };
    size_t zeros[2] = {0, 0},
           n = s.n < LOOK_BYTES ? s.n & ~(size_t)1 : LOOK_BYTES;
    for (size_t i = 0; i < n; i++)
        zeros[i & 1] += s.p[i] == '\0';
    *is_big_out = zeros[0] > zeros[1];
    size_t more = zeros[*is_big_out ? 0 : 1], less = zeros[*is_big_out ? 1 : 0];
    return n >= LEAST_BYTES && less * 16 <= n && more > n * 3 / 8;
}

/* NULs in other text are of no use to anybody. */
static void without_nuls(struct str s, struct buf *out)
{
    struct str piece;
    while (str_split(&s, '\0', &piece))
        buf_append_str(out, piece);
}

bool text_to_utf8(struct str s, struct buf *out)
{
    bool is_big;
    if (s.n >= 4 && memcmp(s.p, "\xff\xfe\0\0", 4) == 0)
        utf32_to_utf8(str_sub(s, 4, s.n), false, out);
    else if (s.n >= 4 && memcmp(s.p, "\0\0\xfe\xff", 4) == 0)
        utf32_to_utf8(str_sub(s, 4, s.n), true, out);
    else if (str_starts(s, "\xff\xfe"))
        utf16_to_utf8(str_sub(s, 2, s.n), false, out);
    else if (str_starts(s, "\xfe\xff"))
        utf16_to_utf8(str_sub(s, 2, s.n), true, out);
    else if (text_looks_utf16(s, &is_big))
        utf16_to_utf8(s, is_big, out);
    else if (!utf8_is_valid(s))
        text_latin_to_utf8(s, out);
    else if (str_find_char(s, '\0') < s.n)
        without_nuls(s, out);
    else
        return false;
    return true;
}

void read_text(struct job *job, struct str s, const char *charset)
{
    struct buf out = {0};
    bool is_named = charset != NULL && !str_is_nocase(str_of(charset), "utf-8");
    bool is_converted =
        (is_named && text_convert(s, charset, &out)) || text_to_utf8(s, &out);
    if (!is_converted && str_starts(s, "\xef\xbb\xbf"))
        s = str_sub(s, 3, s.n);
    job_text(job, is_converted ? buf_str(&out) : s);
    buf_free(&out);
}

/* ---- strings ---- */

enum { RUN_MIN = 6, RUN_MIN_DENSE = 16 };

/* Compressed or encrypted: half of the bytes are high, and hardly one is 0.
 * Short runs in it are chance, and would be found to be all sorts of things. */
static bool is_dense(struct str s)
{
    enum { LOOK_BYTES = 16 * 1024, LEAST_BYTES = 256 };
    size_t high = 0, zero = 0, n = s.n < LOOK_BYTES ? s.n : LOOK_BYTES;
    for (size_t i = 0; i < n; i++) {
        high += (unsigned char)s.p[i] >= 0x80;
        zero += s.p[i] == '\0';
    }
    return n >= LEAST_BYTES && high * 5 > n * 2 && zero * 50 < n;
}

static bool is_printable(unsigned c)
{
    return (c >= ' ' && c < 0x7f) || c == '\t';
}

/* Runs of printable ASCII, as strings(1) does. */
static void strings_ascii(struct job *job, struct str s, size_t least)
{
    size_t begin = 0;
    for (size_t i = 0; i <= s.n && !job_is_over(job); i++) {
        if (i < s.n && is_printable((unsigned char)s.p[i]))
            continue;
        if (i - begin >= least)
            job_line(job, str_sub(s, begin, i));
        begin = i + 1;
    }
}

/* Runs of printable Latin in UTF-16LE, at even and odd offsets. */
static void strings_utf16(struct job *job, struct str s)
{
    for (size_t i = 0; i + 2 * RUN_MIN <= s.n && !job_is_over(job);) {
        size_t n = 0;
        while (i + n + 1 < s.n && is_printable(unit_at(s, i + n, false) < 256
                                                   ? (unsigned char)s.p[i + n]
                                                   : 0))
            n += 2;
        if (n >= (size_t)2 * RUN_MIN) {
            job_break(job);
            text_utf16(job, str_sub(s, i, i + n), false);
            job_char(job, '\n');
            i += n;
        } else {
            i += n > 0 ? n - 1 : 1;
        }
    }
}

void text_strings(struct job *job, struct str s)
{
    bool dense = is_dense(s);
    strings_ascii(job, s, dense ? RUN_MIN_DENSE : RUN_MIN);
    if (!dense)
        strings_utf16(job, s);
}

void read_strings(struct job *job, struct str s)
{
    job_trouble(job, EXTRACT_UNKNOWN);
    text_strings(job, s);
}
