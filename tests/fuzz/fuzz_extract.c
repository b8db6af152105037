/*
 * Documents: the first byte chooses the reader, or the whole dispatch by
 * content; what comes out is read back as a report, which holds what it
 * promises.  Programs are not run.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "extract/job.h"
#include "extract/ole.h"
#include "extract/pdf_objects.h"
#include "extract/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct extract_limits limits = {.text_bytes = 1 << 16,
    .unpacked_bytes = 4 << 20,
    .members = 200,
    .depth = 4,
    .ratio = 100};

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

static void read_archive_of_many(struct job *job, struct str bytes)
{
    read_archive(job, bytes, false);
}

static void read_compressed(struct job *job, struct str bytes)
{
    read_archive(job, bytes, true);
}

/* The two streams of a document, one behind the other. */
static void read_word_streams(struct job *job, struct str bytes)
{
    read_word(job, bytes, str_sub(bytes, 0x0600, bytes.n));
}

static void read_packed_rtf(struct job *job, struct str bytes)
{
    struct buf out = {0};
    if (rtf_decompress(bytes, &out))
        read_rtf(job, buf_str(&out));
    buf_free(&out);
}

static void read_plain(struct job *job, struct str bytes)
{
    read_text(job, bytes, NULL);
}

static void read_pdf_objects(struct job *job, struct str bytes)
{
    pdf_objects_read(job, bytes, false);
}

static void (*const readers[])(struct job *job, struct str bytes) = {job_read,
    read_rtf, read_ole, read_office, read_mail, read_html, read_image,
    read_pdf_objects, read_biff, read_slides, read_properties, read_packed_rtf,
    read_word_streams, read_archive_of_many, read_compressed, read_plain,
    read_strings};

static void check_report(struct str bytes)
{
    struct extract_report report;
    extract_report_read(bytes, limits.text_bytes, &report);
    check(report.text.n <= limits.text_bytes);
    check(report.part_count > 0 && report.parts[0].start == 0);
    for (size_t i = 0; i < report.part_count; i++) {
        const struct extract_part *part = &report.parts[i];
        bool is_last = i + 1 == report.part_count;
        check(part->start <= part->end);
        check(part->end == (is_last ? report.text.n : part[1].start));
        check(part->start == part->end ||
              extract_part_at(&report, part->start) == part);
    }
    check(report.status < EXTRACT_STATUSES);
    extract_report_free(&report);
}

static void run(int fd, size_t choice, struct str bytes)
{
    struct job *job = MEM_NEW(struct job);
    job->limits = &limits;
    job->last = '\n';
    job->fd = fd;
    readers[choice](job, bytes);
    job_flush(job);
    check(job->open_parts == 0 && job->depth == 0 && job->path.n == 0);
    buf_free(&job->path);
    mem_free(job);
}

static void read_back(int fd)
{
    struct buf report = {0};
    check(lseek(fd, 0, SEEK_SET) == 0);
    check(file_read(fd, 64 << 20, &report) == OK);
    check_report(buf_str(&report));
    buf_free(&report);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    extract_prepare();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    size_t choice = data[0];
    bytes = str_sub(bytes, 1, size);
    if (choice == 0xff) {
        check_report(bytes);
        return 0;
    }
    int fd = memfd_create("report", MFD_CLOEXEC);
    check(fd >= 0);
    if (choice == 0xfe)
        extract_run(bytes, &limits, fd);
    else
        run(fd, choice % ARRAY_LEN(readers), bytes);
    read_back(fd);
    close(fd);
    return 0;
}
