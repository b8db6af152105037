/*
 * The spine of an extraction: text and marks to the report, limits counted in
 * one place, and the choice of the reader.
 *
 * The report is a run of records: a letter, four bytes of length (little
 * endian), and so many bytes.
 *
 *   P path      a part begins
 *   T text      of the part that began last
 *   S status    one byte and the path it happened to
 *   E           the end
 */
#include "extract/job.h"

#include <locale.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "extract/format.h"
#include "extract/text.h"

enum { RATIO_FREE_BYTES = 1024 * 1024, NAME_BYTES_MAX = 255, BOMBS_MAX = 64 };

static void put(struct job *job, char letter, struct str a, struct str b)
{
    size_t n = a.n + b.n;
    char head[5] = {
        letter, (char)n, (char)(n >> 8), (char)(n >> 16), (char)(n >> 24)};
    struct buf record = {0};
    buf_append(&record, head, sizeof head);
    buf_append_str(&record, a);
    buf_append_str(&record, b);
    /* Beyond the file size limit, or nobody reads: no use in going on. */
    if (file_write(job->fd, buf_str(&record)) != OK)
        job->is_over = true;
    buf_free(&record);
}

/* ---- text ---- */

void job_flush(struct job *job)
{
    if (job->pending_n > 0)
        put(job, 'T', str_make(job->pending, job->pending_n), STR_NONE);
    job->pending_n = 0;
}

void job_text(struct job *job, struct str text)
{
    size_t room = job->limits->text_bytes - job->text_bytes;
    if (text.n == 0 || job->is_over)
        return;
    if (text.n > room) {
        text = str_sub(text, 0, utf8_floor(text, room));
        job_trouble(job, EXTRACT_LIMIT);
    }
    job->text_bytes += text.n;
    if (text.n > 0)
        job->last = text.p[text.n - 1];
    while (text.n > 0) {
        size_t n = SINK_BYTES - job->pending_n;
        if (n > text.n)
            n = text.n;
        memcpy(job->pending + job->pending_n, text.p, n);
        job->pending_n += n;
        text = str_sub(text, n, text.n);
        if (job->pending_n == SINK_BYTES)
            job_flush(job);
    }
    if (job->text_bytes == job->limits->text_bytes)
        job->is_over = true;
}

void job_char(struct job *job, char c)
{
    job_text(job, str_make(&c, 1));
}

/* NUL is no text: it would end strings further on. */
void job_code_point(struct job *job, uint32_t c)
{
    char bytes[4];
    if (c != 0)
        job_text(job, str_make(bytes, utf8_encode(c, bytes)));
}

void job_break(struct job *job)
{
    if (job->last != '\n')
        job_char(job, '\n');
}

void job_line(struct job *job, struct str text)
{
    text = str_trim(text);
    if (text.n == 0)
        return;
    job_break(job);
    job_text(job, text);
    job_char(job, '\n');
}

/* ---- what happened ---- */

void job_trouble(struct job *job, enum extract_status status)
{
    char code = (char)status;
    job_flush(job);
    if (status > job->worst)
        job->worst = status;
    put(job, 'S', str_make(&code, 1), buf_str(&job->path));
}

bool job_is_over(const struct job *job)
{
    return job->is_over;
}

/* ---- members ---- */

bool job_may_unpack(
    struct job *job, size_t member, size_t unpacked, size_t packed)
{
    bool is_bomb = unpacked > RATIO_FREE_BYTES &&
                   unpacked / (packed + 1) > job->limits->ratio;
    size_t used = job->unpacked_bytes, most = job->limits->unpacked_bytes;
    if (!is_bomb && used <= most && member <= most - used)
        return true;
    job_trouble(job, EXTRACT_LIMIT);
    if (++job->bombs == BOMBS_MAX) /* more of the same, and time is short */
        job->is_over = true;
    return false;
}

static void say_path(struct job *job)
{
    struct str path = buf_str(&job->path);
    put(job, 'P', str_sub(path, 0, utf8_floor(path, EXTRACT_PATH_MAX)),
        STR_NONE);
    job->last = '\n';
}

bool job_part_begin(struct job *job, struct str name)
{
    if (job->is_over)
        return false;
    if (job->members == job->limits->members ||
        job->open_parts == JOB_DEPTH_MAX) {
        job_trouble(job, EXTRACT_LIMIT);
        job->is_over = true;
        return false;
    }
    job->members++;
    job_flush(job);
    job->marks[job->open_parts++] = job->path.n;
    name = str_sub(name, 0, utf8_floor(name, NAME_BYTES_MAX));
    if (job->path.n > 0)
        buf_append_char(&job->path, '/');
    for (size_t i = 0; i < name.n; i++) /* logs and tables show it */
        buf_append_char(
            &job->path, (unsigned char)name.p[i] < ' ' ? '?' : name.p[i]);
    say_path(job);
    return true;
}

void job_part_end(struct job *job)
{
    job_break(job);
    job_flush(job);
    buf_truncate(&job->path, job->marks[--job->open_parts]);
    say_path(job);
}

void job_member(struct job *job, struct str name, struct str bytes)
{
    if (job->depth == job->limits->depth) {
        job_trouble(job, EXTRACT_LIMIT);
        return;
    }
    if (!job_part_begin(job, name))
        return;
    job->unpacked_bytes += bytes.n;
    job->depth++;
    job_read(job, bytes);
    job->depth--;
    job_part_end(job);
}

void job_behind(struct job *job, struct str rest)
{
    enum { PADDING = 32 };
    if (rest.n <= PADDING)
        return;
    if (format_of(rest) != FORMAT_BINARY)
        job_member(job, STR("behind"), rest);
    else
        text_strings(job, rest);
}

/* Members that its directory does not name are read by some programs, and
 * sent by all. */
static void read_zip_ends(struct job *job, struct str zip)
{
    size_t first;
    struct str comment;
    if (!format_zip_ends(zip, &first, &comment))
        return;
    if (comment.n > 0)
        read_text(job, comment, NULL);
    job_break(job);
    if (first < zip.n && str_starts(zip, "PK\3\4"))
        job_behind(job, str_sub(zip, 0, first));
}

/* ---- the choice ---- */

static void read_plain(struct job *job, struct str bytes)
{
    read_text(job, bytes, NULL);
}

static void read_members(struct job *job, struct str bytes)
{
    read_archive(job, bytes, false);
}

static void read_compressed(struct job *job, struct str bytes)
{
    read_archive(job, bytes, true);
}

static void read_zip(struct job *job, struct str bytes)
{
    read_members(job, bytes);
    read_zip_ends(job, bytes);
}

static void read_zipped_office(struct job *job, struct str bytes)
{
    read_office(job, bytes);
    read_zip_ends(job, bytes);
}

/* Every format has one: the call of none would end this process, and count as
 * a document that could not be read. */
static void (*const readers[])(struct job *, struct str) = {
    [FORMAT_EMPTY] = read_plain,
    [FORMAT_TEXT] = read_plain,
    [FORMAT_HTML] = read_html,
    [FORMAT_RTF] = read_rtf,
    [FORMAT_MAIL] = read_mail,
    [FORMAT_OOXML_WORD] = read_zipped_office,
    [FORMAT_OOXML_SHEET] = read_zipped_office,
    [FORMAT_OOXML_SLIDES] = read_zipped_office,
    [FORMAT_OOXML] = read_zipped_office,
    [FORMAT_ODT] = read_zipped_office,
    [FORMAT_ODS] = read_zipped_office,
    [FORMAT_ODP] = read_zipped_office,
    [FORMAT_ODF] = read_zipped_office,
    [FORMAT_EPUB] = read_zipped_office,
    [FORMAT_ZIP] = read_zip,
    [FORMAT_TAR] = read_members,
    [FORMAT_7Z] = read_members,
    [FORMAT_ARCHIVE] = read_members,
    [FORMAT_GZIP] = read_compressed,
    [FORMAT_BZIP2] = read_compressed,
    [FORMAT_XZ] = read_compressed,
    [FORMAT_ZSTD] = read_compressed,
    [FORMAT_LZ4] = read_compressed,
    [FORMAT_PDF] = read_pdf,
    [FORMAT_TNEF] = read_tnef,
    [FORMAT_SQLITE] = read_sqlite,
    [FORMAT_OLE] = read_ole,
    [FORMAT_PNG] = read_image,
    [FORMAT_JPEG] = read_image,
    [FORMAT_GIF] = read_image,
    [FORMAT_WEBP] = read_image,
    [FORMAT_TIFF] = read_image,
    [FORMAT_BMP] = read_image,
    [FORMAT_BINARY] = read_strings,
};

void job_read(struct job *job, struct str bytes)
{
    readers[format_of(bytes)](job, bytes);
}

/* Names in archives are converted by the locale's charset. */
void extract_prepare(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
}

void extract_run(struct str bytes, const struct extract_limits *limits, int fd)
{
    struct job *job = MEM_NEW(struct job);
    job->limits = limits;
    job->fd = fd;
    job->last = '\n';
    job_read(job, bytes);
    job_flush(job);
    put(job, 'E', STR_NONE, STR_NONE);
    buf_free(&job->path);
    mem_free(job);
}
