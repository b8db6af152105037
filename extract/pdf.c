/*
 * PDF: its text by poppler's pdftotext, its properties by pdfinfo; what these
 * do not tell (annotations, form values, links, attached files) from the
 * objects themselves (pdf_objects.c).  Pages that are pictures go to OCR.
 *
 * poppler is under the GPL and so is run, not linked.
 */
#include "extract/job.h"

#include <stdio.h>

#include "extract/ocr.h"
#include "extract/pdf_objects.h"
#include "extract/program.h"

/* Fewer characters a page than that: the page is a picture. */
enum { WORDS_A_PAGE = 16, INFO_MAX = 256 * 1024, PAGE_MAX = 64 << 20 };

static bool says(struct program_run *run, const char *what)
{
    return str_has(buf_str(&run->err), what);
}

/* False: there is nothing to be had from poppler. */
static bool put_text(struct job *job, struct str bytes, size_t *blackness_out)
{
    static const char *const argv[] = {
        PROGRAM_PDFTOTEXT, "-q", "-enc", "UTF-8", "-", "-", NULL};
    static const char *const aloud[] = {
        PROGRAM_PDFTOTEXT, "-enc", "UTF-8", "-l", "1", "-", "-", NULL};
    struct program_run run;
    job_flush(job);
    program_run(argv, bytes, job->limits->text_bytes, &run);
    bool is_good = run.status == 0 || run.is_cut;
    struct str text = buf_str(&run.out);
    *blackness_out = 0;
    for (size_t i = 0; i < text.n; i++)
        *blackness_out += (unsigned char)text.p[i] > ' ';
    job_text(job, text);
    job_break(job);
    program_free(&run);
    if (is_good)
        return true;
    program_run(aloud, bytes, INFO_MAX, &run); /* why not? */
    if (run.is_missing)
        job_trouble(job, EXTRACT_CRASHED);
    else
        job_trouble(job, says(&run, "assword") || says(&run, "ncrypt")
                             ? EXTRACT_ENCRYPTED
                             : EXTRACT_DAMAGED);
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

static void read_scanned_page(struct job *job, struct str bytes, unsigned page)
{
    char number[16];
    const char *const argv[] = {PROGRAM_PDFTOPPM, "-q", "-f", number, "-l",
        number, "-r", "150", "-gray", "-", NULL};
    struct program_run run;
    snprintf(number, sizeof number, "%u", page);
    program_run(argv, bytes, PAGE_MAX, &run);
    if (run.out.n > 0 && !run.is_cut)
        ocr_read(job, buf_str(&run.out));
    program_free(&run);
}

void read_pdf(struct job *job, struct str bytes)
{
    static const char *const argv[] = {
        PROGRAM_PDFINFO, "-enc", "UTF-8", "-", NULL};
    struct program_run info;
    size_t blackness;
    if (!job->limits->has_programs)
        job_trouble(job, EXTRACT_CRASHED);
    if (!job->limits->has_programs || !put_text(job, bytes, &blackness)) {
        pdf_objects_read(job, bytes);
        return;
    }
    program_run(argv, bytes, INFO_MAX, &info);
    put_properties(job, buf_str(&info.out));
    unsigned pages = count_pages(buf_str(&info.out));
    program_free(&info);
    pdf_objects_read(job, bytes);
    if (blackness >= (size_t)WORDS_A_PAGE * pages)
        return;
    for (unsigned i = 1; i <= pages && !job_is_over(job); i++) {
        if (job->pages == job->limits->pages) {
            if (job->limits->pages > 0)
                job_trouble(job, EXTRACT_LIMIT);
            break;
        }
        read_scanned_page(job, bytes, i);
    }
}
