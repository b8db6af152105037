/*
 * Pictures: what is written in their metadata (PNG text, EXIF, XMP, IPTC,
 * comments), what stands behind their end, and what OCR reads in them.
 */
#include "extract/job.h"

#include <zlib.h>

#include "base/mem.h"
#include "extract/cfb.h"
#include "extract/format.h"
#include "extract/ocr.h"
#include "extract/program.h"
#include "extract/text.h"

enum { META_MAX = 4 << 20 };

static uint32_t be32(struct str s, size_t at)
{
    if (s.n < 4 || at > s.n - 4)
        return 0;
    return (uint32_t)(unsigned char)s.p[at] << 24 |
           (uint32_t)(unsigned char)s.p[at + 1] << 16 |
           (uint32_t)(unsigned char)s.p[at + 2] << 8 |
           (uint32_t)(unsigned char)s.p[at + 3];
}

static uint32_t be16(struct str s, size_t at)
{
    if (s.n < 2 || at > s.n - 2)
        return 0;
    return (uint32_t)(unsigned char)s.p[at] << 8 |
           (uint32_t)(unsigned char)s.p[at + 1];
}

static void put_line(struct job *job, struct str text)
{
    job_break(job);
    read_text(job, text, NULL);
    job_break(job);
}

/* ---- EXIF: the directories of a TIFF (EXIF 2.32 §4.6) ---- */

enum { TIFF_ASCII = 2, TIFF_BYTE = 1, TIFF_UNDEFINED = 7, IFDS_MAX = 16 };
enum {
    TAG_XMP = 0x02bc,
    TAG_IPTC = 0x83bb,
    TAG_EXIF_IFD = 0x8769,
    TAG_GPS_IFD = 0x8825,
    TAG_USER_COMMENT = 0x9286,
    TAG_XP_FIRST = 0x9c9b, /* title, comment, author, keywords, subject */
    TAG_XP_LAST = 0x9c9f,
};

struct tiff {
    struct job *job;
    struct str bytes;
    bool is_big;
    uint32_t ifds[IFDS_MAX];
    size_t count;
};

static uint32_t t16(const struct tiff *t, size_t at)
{
    return t->is_big ? be16(t->bytes, at) : le16(t->bytes, at);
}

static uint32_t t32(const struct tiff *t, size_t at)
{
    return t->is_big ? be32(t->bytes, at) : le32(t->bytes, at);
}

/* Each once: directories may point at each other. */
static void note_ifd(struct tiff *t, uint32_t at)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->ifds[i] == at)
            return;
    if (at != 0 && t->count < IFDS_MAX)
        t->ifds[t->count++] = at;
}

static void take_tag(struct tiff *t, size_t at)
{
    static const unsigned char widths[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8};
    uint32_t tag = t16(t, at), type = t16(t, at + 2), count = t32(t, at + 4);
    size_t width = type < sizeof widths ? widths[type] : 0;
    size_t bytes = width * count;
    size_t from = bytes <= 4 ? at + 8 : t32(t, at + 8);
    struct str value =
        str_sub(t->bytes, from, from + (bytes < META_MAX ? bytes : META_MAX));
    if (tag == TAG_EXIF_IFD || tag == TAG_GPS_IFD)
        note_ifd(t, t32(t, at + 8));
    else if (tag >= TAG_XP_FIRST && tag <= TAG_XP_LAST)
        text_utf16(t->job, value, false);
    else if (tag == TAG_USER_COMMENT && str_starts(value, "UNICODE"))
        text_utf16(t->job, str_sub(value, 8, value.n), t->is_big);
    else if (tag == TAG_USER_COMMENT)
        put_line(t->job, str_sub(value, 8, value.n));
    else if (type == TIFF_ASCII || tag == TAG_XMP)
        put_line(t->job, str_sub(value, 0, str_find_char(value, '\0')));
    else if (tag == TAG_IPTC)
        text_strings(t->job, value);
    job_break(t->job);
}

static void read_tiff(struct job *job, struct str bytes)
{
    struct tiff t = {.job = job, .bytes = bytes};
    t.is_big = bytes.n > 0 && bytes.p[0] == 'M';
    note_ifd(&t, t32(&t, 4));
    for (size_t i = 0; i < t.count; i++) {
        size_t at = t.ifds[i], entries = t16(&t, at);
        for (size_t k = 0; k < entries && k < 1024; k++)
            if (at + 2 + 12 * (k + 1) <= bytes.n)
                take_tag(&t, at + 2 + 12 * k);
        note_ifd(&t, t32(&t, at + 2 + 12 * entries));
    }
}

/* ---- PNG ---- */

static void inflate_text(struct job *job, struct str packed)
{
    struct buf out = {0};
    z_stream z = {0};
    z.next_in = (unsigned char *)(uintptr_t)packed.p;
    z.avail_in = (uInt)packed.n;
    if (packed.n > UINT32_MAX / 2 || inflateInit(&z) != Z_OK)
        return;
    int status = Z_OK;
    while (status == Z_OK && out.n < META_MAX) {
        enum { ROOM = 16 * 1024 };
        z.next_out = (unsigned char *)buf_reserve(&out, ROOM);
        z.avail_out = ROOM;
        status = inflate(&z, Z_NO_FLUSH);
        buf_commit(&out, ROOM - z.avail_out);
    }
    inflateEnd(&z);
    put_line(job, buf_str(&out));
    buf_free(&out);
}

static void take_chunk(struct job *job, const char *type, struct str body)
{
    size_t keyword = str_find_char(body, '\0');
    struct str rest = str_sub(body, keyword + 1, body.n);
    if (memcmp(type, "tEXt", 4) == 0) {
        put_line(job, str_sub(body, 0, keyword));
        put_line(job, rest);
    } else if (memcmp(type, "zTXt", 4) == 0) {
        put_line(job, str_sub(body, 0, keyword));
        inflate_text(job, str_sub(rest, 1, rest.n));
    } else if (memcmp(type, "iTXt", 4) == 0 && rest.n > 2) {
        bool is_packed = rest.p[0] != '\0';
        put_line(job, str_sub(body, 0, keyword));
        rest = str_sub(rest, 2, rest.n);
        rest = str_sub(rest, str_find_char(rest, '\0') + 1, rest.n);
        rest = str_sub(rest, str_find_char(rest, '\0') + 1, rest.n);
        if (is_packed)
            inflate_text(job, rest);
        else
            put_line(job, rest);
    } else if (memcmp(type, "eXIf", 4) == 0) {
        read_tiff(job, body);
    }
}

/* Returns where the picture ends. */
static size_t read_png(struct job *job, struct str s)
{
    size_t at = 8;
    while (at + 12 <= s.n) {
        size_t n = be32(s, at);
        const char *type = s.p + at + 4;
        take_chunk(job, type, str_sub(s, at + 8, at + 8 + n));
        at += 12 + n;
        if (memcmp(type, "IEND", 4) == 0)
            return at;
    }
    return s.n;
}

/* ---- JPEG ---- */

static void take_segment(struct job *job, unsigned marker, struct str body)
{
    if (marker == 0xfe) { /* COM */
        put_line(job, body);
    } else if (marker == 0xe1 && str_starts(body, "Exif")) {
        read_tiff(job, str_sub(body, 6, body.n));
    } else if (marker == 0xe1) { /* XMP */
        put_line(job, str_sub(body, str_find_char(body, '\0') + 1, body.n));
    } else if (marker == 0xed) { /* IPTC */
        text_strings(job, body);
    }
}

static size_t read_jpeg(struct job *job, struct str s)
{
    size_t at = 2;
    while (at + 4 <= s.n && (unsigned char)s.p[at] == 0xff) {
        unsigned marker = (unsigned char)s.p[at + 1];
        if (marker == 0xff) { /* filling */
            at++;
            continue;
        }
        if (marker == 0xda) /* the scan, up to the end mark */
            break;
        size_t n = be16(s, at + 2);
        take_segment(job, marker, str_sub(s, at + 4, at + 2 + n));
        at += 2 + n;
    }
    struct str rest = str_sub(s, at, s.n);
    size_t end = str_find(rest, STR("\xff\xd9"));
    /* A thumbnail has an end mark too, but stands before the scan. */
    return at + end + 2 < s.n ? at + end + 2 : s.n;
}

/* ---- GIF, WebP ---- */

static size_t skip_blocks(struct str s, size_t at, struct buf *text)
{
    while (at < s.n && s.p[at] != '\0') {
        size_t n = (unsigned char)s.p[at];
        if (text != NULL)
            buf_append_str(text, str_sub(s, at + 1, at + 1 + n));
        at += 1 + n;
    }
    return at + 1;
}

static size_t colours(unsigned flags)
{
    return (flags & 0x80) != 0 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static size_t read_gif(struct job *job, struct str s)
{
    size_t at = s.n > 13 ? 13 + colours((unsigned char)s.p[10]) : s.n;
    while (at + 2 < s.n) {
        if (s.p[at] == 0x21) {
            struct buf text = {0};
            bool is_text = (unsigned char)s.p[at + 1] == 0xfe ||
                           s.p[at + 1] == 0x01 ||
                           (unsigned char)s.p[at + 1] == 0xff;
            at = skip_blocks(s, at + 2, is_text ? &text : NULL);
            text_strings(job, buf_str(&text));
            buf_free(&text);
        } else if (s.p[at] == 0x2c && at + 10 < s.n) {
            at = skip_blocks(
                s, at + 11 + colours((unsigned char)s.p[at + 9]), NULL);
        } else {
            return s.p[at] == 0x3b ? at + 1 : s.n;
        }
    }
    return s.n;
}

static size_t read_webp(struct job *job, struct str s)
{
    size_t at = 12, end = 8 + (size_t)le32(s, 4);
    while (at + 8 <= s.n && at < end) {
        size_t n = le32(s, at + 4);
        struct str body = str_sub(s, at + 8, at + 8 + n);
        if (memcmp(s.p + at, "EXIF", 4) == 0)
            read_tiff(job,
                str_starts(body, "Exif") ? str_sub(body, 6, body.n) : body);
        else if (memcmp(s.p + at, "XMP ", 4) == 0)
            put_line(job, body);
        at += 8 + n + (n & 1);
    }
    return end < s.n ? end : s.n;
}

/* ---- all ---- */

static uint64_t u16_at(struct str s, size_t at, bool is_big)
{
    unsigned a = (unsigned char)s.p[at], b = (unsigned char)s.p[at + 1];
    return is_big ? a << 8 | b : b << 8 | a;
}

/* A few bytes can stand for a picture of gigabytes: those do not come from a
 * screen or a scanner (A3 at 600 dots an inch has 70 million). */
static bool is_too_large(struct str s)
{
    enum { PIXELS_MAX = 150 * 1000 * 1000, HEAD_BYTES = 26 };
    uint64_t size[2] = {0, 0};
    if (s.n < HEAD_BYTES)
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (str_starts(s, "\x89PNG") && str_eq(str_sub(s, 12, 16), STR("IHDR")))
            size[i] =
                u16_at(s, 16 + 4 * i, true) << 16 | u16_at(s, 18 + 4 * i, true);
        else if (str_starts(s, "GIF8"))
            size[i] = u16_at(s, 6 + 2 * i, false);
        else if (str_starts(s, "BM"))
            size[i] = u16_at(s, 20 + 4 * i, false) << 16 |
                      u16_at(s, 18 + 4 * i, false);
    }
    return size[0] != 0 && size[1] > PIXELS_MAX / size[0];
}

void ocr_read(struct job *job, struct str image)
{
    /* --psm 1: turned pictures too. */
    const char *const argv[] = {PROGRAM_TESSERACT, "stdin", "stdout", "--psm",
        "1", "-l", job->limits->languages, NULL};
    struct program_run run;
    if (is_too_large(image)) {
        job_trouble(job, EXTRACT_LIMIT);
        return;
    }
    if (!job->limits->has_programs) {
        job_trouble(job, EXTRACT_CRASHED);
        return;
    }
    if (job->pages == job->limits->pages) {
        if (job->limits->pages > 0)
            job_trouble(job, EXTRACT_LIMIT);
        return;
    }
    job->pages++;
    job_flush(job); /* not lost, should this take too long */
    program_run(argv, image, job->limits->text_bytes, &run);
    if (run.is_missing)
        job_trouble(job, EXTRACT_CRASHED);
    else if (run.is_crashed)
        job_trouble(job, EXTRACT_DAMAGED);
    job_line(job, buf_str(&run.out));
    program_free(&run);
}

void read_image(struct job *job, struct str bytes)
{
    size_t end = bytes.n;
    switch (format_of(bytes)) {
    case FORMAT_PNG:
        end = read_png(job, bytes);
        break;
    case FORMAT_JPEG:
        end = read_jpeg(job, bytes);
        break;
    case FORMAT_GIF:
        end = read_gif(job, bytes);
        break;
    case FORMAT_WEBP:
        end = read_webp(job, bytes);
        break;
    case FORMAT_TIFF:
        read_tiff(job, bytes);
        break;
    default:
        break;
    }
    ocr_read(job, bytes);
    job_behind(job, str_sub(bytes, end, bytes.n));
}
