/*
 * PDF: its text by poppler's pdftotext, its properties by pdfinfo; what these
 * do not tell (annotations, form values, links, attached files) from the
 * objects themselves (pdf_objects.c).  Pages that are pictures go to OCR.
 *
 * poppler is under the GPL and so is run, not linked.
 */
#include "extract/job.h"

#include <stdio.h>

#include "extract/format.h"
#include "extract/ocr.h"
#include "extract/pdf_objects.h"
#include "extract/program.h"

/* Fewer characters a page than that: the page may be a picture.  A character
 * of ordinary size has at most so much ink where a page is drawn. */
enum {
    WORDS_A_PAGE = 16,
    INK_A_LETTER = 120,
    INFO_MAX = 256 * 1024,
    PAGE_MAX = 64 << 20
};

static bool says(struct program_run *run, const char *what)
{
    return str_has(buf_str(&run->err), what);
}

/* False: there is nothing to be had from poppler, maybe for want of a
 * password. */
static bool put_text(
    struct job *job, struct str bytes, struct buf *text_out, bool *is_locked)
{
    static const char *const argv[] = {
        PROGRAM_PDFTOTEXT, "-q", "-enc", "UTF-8", "-", "-", NULL};
    static const char *const aloud[] = {
        PROGRAM_PDFTOTEXT, "-enc", "UTF-8", "-l", "1", "-", "-", NULL};
    struct program_run run;
    job_flush(job);
    program_run(argv, bytes, job->limits->text_bytes, &run);
    bool is_good = run.status == 0 || run.is_cut;
    job_text(job, buf_str(&run.out));
    job_break(job);
    buf_append_str(text_out, buf_str(&run.out));
    program_free(&run);
    if (is_good)
        return true;
    program_run(aloud, bytes, INFO_MAX, &run); /* why not? */
    *is_locked = says(&run, "assword") || says(&run, "ncrypt");
    if (run.is_missing)
        job_trouble(job, EXTRACT_CRASHED);
    else
        job_trouble(job, *is_locked ? EXTRACT_ENCRYPTED : EXTRACT_DAMAGED);
    program_free(&run);
    return false;
}

/* "Pages:          3" */
static unsigned count_pages(struct str info)
{
    struct str line;
    uint64_t pages = 0;
    while (str_split(&info, '\n', &line))
        if (str_starts(line, "Pages:") &&
            str_to_u64(str_trim(str_sub(line, 6, line.n)), &pages) != OK)
            pages = 0;
    return pages < 100000 ? (unsigned)pages : 100000;
}

/* Poppler has read the trailer, and what it refers to: the word alone may
 * stand anywhere.  Its own line comes behind those that the document's title
 * and author can hold; without it the word must do. */
static bool says_locked(struct str info, struct str bytes)
{
    struct str line;
    bool is_locked = str_has(bytes, "/Encrypt");
    while (str_split(&info, '\n', &line))
        if (str_starts(line, "Encrypted:"))
            is_locked = str_starts(str_trim(str_sub(line, 10, line.n)), "yes");
    return is_locked;
}

/* What somebody wrote; not the sizes and versions. */
static void put_properties(struct job *job, struct str info)
{
    static const char *const dull[] = {
        "Pages:", "Encrypted:", "Page size:", "Page rot:", "File size:",
        "Optimized:", "PDF version:", "Tagged:", "Form:", "JavaScript:",
        "UserProperties:", "Suspects:", "Custom Metadata:", "Metadata Stream:",
        "CreationDate:", "ModDate:", "Producer:"};
    struct str line;
    while (str_split(&info, '\n', &line)) {
        bool is_dull = false;
        for (size_t i = 0; i < sizeof dull / sizeof dull[0]; i++)
            is_dull |= str_starts(line, dull[i]);
        if (!is_dull)
            job_line(job, line);
    }
}

static size_t count_letters(struct str page)
{
    size_t count = 0;
    for (size_t i = 0; i < page.n; i++)
        count += (unsigned char)page.p[i] > ' ';
    return count;
}

/* Black pixels of the PGM that pdftoppm writes. */
static size_t count_ink(struct str pgm)
{
    enum { HEAD_BYTES = 32, WHITISH = 192 };
    size_t count = 0;
    for (size_t i = HEAD_BYTES; i < pgm.n; i++)
        count += (unsigned char)pgm.p[i] < WHITISH;
    return count;
}

/* A page with few letters may be a picture of more, or nearly empty.  False:
 * it is a picture, and no more may be read. */
static bool read_scanned_page(
    struct job *job, struct str bytes, unsigned page, size_t letters)
{
    char number[16];
    const char *const argv[] = {PROGRAM_PDFTOPPM, "-q", "-f", number, "-l",
        number, "-r", "150", "-gray", "-", NULL};
    struct program_run run;
    snprintf(number, sizeof number, "%u", page);
    program_run(argv, bytes, PAGE_MAX, &run);
    bool is_drawn = run.out.n > 0 && !run.is_cut;
    bool may_read = job->pages < job->limits->pages;
    size_t ink = count_ink(buf_str(&run.out));
    if (is_drawn && may_read && ink > 0)
        ocr_read(job, buf_str(&run.out));
    program_free(&run);
    return may_read || (is_drawn && ink <= letters * INK_A_LETTER);
}

/* Pages of the text end in a form feed; a damaged file may have fewer of them
 * than it says. */
static void read_scans(
    struct job *job, struct str bytes, struct str text, unsigned pages)
{
    for (unsigned i = 1; i <= pages && !job_is_over(job); i++) {
        struct str page = STR_NONE;
        (void)str_split(&text, '\f', &page);
        size_t letters = count_letters(page);
        if (letters >= WORDS_A_PAGE)
            continue;
        if (job->limits->pages == 0)
            return;
        if (!read_scanned_page(job, bytes, i, letters)) {
            job_trouble(job, EXTRACT_LIMIT);
            return;
        }
    }
}

/* Behind the end of the last update. */
static void read_rest(struct job *job, struct str bytes)
{
    size_t at = 0, n;
    while ((n = str_find(str_sub(bytes, at, bytes.n), STR("%%EOF"))) <
           bytes.n - at)
        at += n + 5;
    struct str rest = str_sub(bytes, at, bytes.n);
    if (at > 0 && format_has_zip_behind(rest))
        job_behind(job, rest);
}

void read_pdf(struct job *job, struct str bytes)
{
    static const char *const argv[] = {
        PROGRAM_PDFINFO, "-enc", "UTF-8", "-", NULL};
    struct program_run info;
    struct buf text = {0};
    bool is_locked = false;
    if (!job->limits->has_programs)
        job_trouble(job, EXTRACT_CRASHED);
    if (!job->limits->has_programs ||
        !put_text(job, bytes, &text, &is_locked)) {
        pdf_objects_read(job, bytes, is_locked);
        read_rest(job, bytes);
        buf_free(&text);
        return;
    }
    program_run(argv, bytes, INFO_MAX, &info);
    put_properties(job, buf_str(&info.out));
    unsigned pages = count_pages(buf_str(&info.out));
    pdf_objects_read(job, bytes, says_locked(buf_str(&info.out), bytes));
    program_free(&info);
    read_rest(job, bytes);
    read_scans(job, bytes, buf_str(&text), pages);
    buf_free(&text);
}
