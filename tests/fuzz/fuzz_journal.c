/*
 * The input is a journal segment: the reader finds every entry that a plain
 * walk finds, ends, and an opening of the damaged journal takes appends.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/fuzz_journal.XXXXXX";
static char path[64];

static void clean_up(void)
{
    char command[80];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        perror(folder);
}

static void set_up(void)
{
    log_setup(LOG_TEXT, LOG_ERROR, "fuzz");
    if (mkdtemp(folder) == NULL)
        abort();
    atexit(clean_up);
    snprintf(path, sizeof path, "%s/journal", folder);
    if (mkdir(path, 0700) != 0)
        abort();
    snprintf(path, sizeof path, "%s/journal/00000001.j", folder);
}

static void write_segment(const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

static size_t read_all(struct journal *journal)
{
    struct journal_position at = {0};
    struct journal_entry entry;
    size_t count = 0;
    struct journal_reader *reader =
        journal_reader_new(str_of(folder), journal, at);
    while (journal_read(reader, &entry, &at) == OK)
        count++;
    journal_reader_free(&reader);
    return count;
}

/* Entries up to the first damage. */
static size_t walk(struct str bytes)
{
    struct journal_entry entry;
    size_t count = 0, length = 0;
    bytes = str_sub(bytes, JOURNAL_HEAD_BYTES, bytes.n);
    while (journal_entry_decode(bytes, &entry, &length) == OK) {
        bytes = str_sub(bytes, length, bytes.n);
        count++;
    }
    return count;
}

static void append_one(struct journal *journal)
{
    struct buf batch = {0};
    struct journal_entry entry = {
        .kind = STORE_GONE, .origin = 0, .json = STR("[\"1\"]")};
    journal_entry_encode(&entry, &batch);
    if (journal_append(journal, buf_str(&batch), false) != OK)
        abort();
    buf_free(&batch);
}

/* The end is behind everything. */
static void check_positions(struct journal_position end)
{
    struct journal_segments segments;
    struct journal_position start = {0};
    if (journal_list(str_of(folder), &segments) != OK)
        abort();
    if (journal_bytes_after(&segments, end) != 0 ||
        journal_bytes_after(&segments, start) == 0 ||
        journal_position_compare(end, start) <= 0 ||
        journal_position_compare(start, end) >= 0 ||
        journal_position_compare(end, end) != 0)
        abort();
    mem_free(segments.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    struct journal *journal = NULL;
    if (!is_ready)
        set_up();
    is_ready = true;
    write_segment(data, size);
    size_t count = read_all(NULL);
    if (count < walk(str_make((const char *)data, size)))
        abort();
    if (journal_open(str_of(folder), 0, &journal) != OK ||
        read_all(journal) != count)
        abort();
    append_one(journal);
    if (read_all(journal) != count + 1)
        abort();
    check_positions(journal_end(journal));
    uint64_t last = journal_end(journal).segment;
    journal_close(&journal);
    if (last > 1 && journal_delete(str_of(folder), last) != OK)
        abort();
    return 0;
}
