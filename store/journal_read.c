/*
 * Reading the journal entry by entry, across segments, also while it grows.
 *
 * Damage inside a segment (a bad disk, not a crash: that only tears the tail)
 * is skipped up to the next entry whose checksum holds, with a log line: one
 * bad byte must not hide what comes after it.
 */
#include "store/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { READ_BYTES = 256 * 1024 };

struct journal_reader {
    char *folder;
    struct journal *journal;    /* borrowed; or NULL */
    int fd;                     /* of `at.segment`; -1: not open yet */
    struct journal_position at; /* start of `data` */
    struct buf data;
    size_t given; /* of data, behind the entry given last */
};

struct journal_reader *journal_reader_new(
    struct str folder, struct journal *journal, struct journal_position from)
{
    struct journal_reader *r = MEM_NEW(struct journal_reader);
    *r = (struct journal_reader){
        .folder = mem_memdup0(folder.p, folder.n),
        .journal = journal,
        .fd = -1,
        .at = from,
    };
    return r;
}

void journal_reader_free(struct journal_reader **reader)
{
    struct journal_reader *r = *reader;
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    buf_free(&r->data);
    mem_free(r->folder);
    mem_free(r);
    *reader = NULL;
}

/* The smallest segment of at least `number`; 0: none. */
static enum err find_segment(
    const struct journal_reader *r, uint64_t number, uint64_t *found_out)
{
    struct journal_segments list;
    *found_out = 0;
    enum err err = journal_list(str_of(r->folder), &list);
    for (size_t i = list.count; i-- > 0 && list.items[i].number >= number;)
        *found_out = list.items[i].number;
    mem_free(list.items);
    return err;
}

static enum err open_segment(struct journal_reader *r, uint64_t number)
{
    char path[JOURNAL_PATH_MAX];
    if (!journal_segment_path(str_of(r->folder), number, path))
        return ERR_LIMIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ERR_IO;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    buf_clear(&r->data);
    if (r->at.segment != number || r->at.offset < JOURNAL_HEAD_BYTES)
        r->at = (struct journal_position){number, JOURNAL_HEAD_BYTES};
    return OK;
}

/* Opens the segment to read, or its successor: retention may have deleted
 * it. ERR_AGAIN: there is none. */
static enum err ensure_open(struct journal_reader *r)
{
    uint64_t number = 0;
    if (r->fd >= 0)
        return OK;
    enum err err = find_segment(r, r->at.segment, &number);
    if (err != OK)
        return err;
    return number != 0 ? open_segment(r, number) : ERR_AGAIN;
}

/* How far the open segment may be read, and whether it will grow. */
static enum err find_limit(
    const struct journal_reader *r, uint64_t *limit_out, bool *is_last_out)
{
    struct stat st;
    if (fstat(r->fd, &st) != 0)
        return ERR_IO;
    *limit_out = (uint64_t)st.st_size;
    if (r->journal != NULL) {
        struct journal_position end = journal_end(r->journal);
        *is_last_out = r->at.segment >= end.segment;
        if (*is_last_out)
            *limit_out = r->at.segment == end.segment ? end.offset : 0;
        return OK;
    }
    uint64_t next = 0;
    enum err err = find_segment(r, r->at.segment + 1, &next);
    *is_last_out = next == 0;
    return err;
}

/* Reads until data has `want` bytes or the limit is reached. */
static enum err fill(struct journal_reader *r, size_t want, uint64_t limit)
{
    while (r->data.n < want && r->at.offset + r->data.n < limit) {
        uint64_t from = r->at.offset + r->data.n;
        uint64_t n = limit - from < READ_BYTES ? limit - from : READ_BYTES;
        ssize_t got = pread(
            r->fd, buf_reserve(&r->data, (size_t)n), (size_t)n, (off_t)from);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        buf_commit(&r->data, (size_t)got);
    }
    return OK;
}

static void advance(struct journal_reader *r, size_t n)
{
    buf_consume(&r->data, n);
    r->at.offset += n;
}

/* The entry at the start of data. ERR_AGAIN: the segment ends within it. */
static enum err decode_here(struct journal_reader *r, uint64_t limit,
    struct journal_entry *entry_out, size_t *length_out)
{
    enum err err = fill(r, JOURNAL_ENTRY_HEAD, limit);
    if (err == OK)
        err = journal_entry_decode(buf_str(&r->data), entry_out, length_out);
    if (err == ERR_AGAIN && *length_out > 0) {
        err = fill(r, *length_out, limit);
        if (err == OK)
            err =
                journal_entry_decode(buf_str(&r->data), entry_out, length_out);
    }
    return err;
}

/* Looks behind the damage for an entry that holds. *skip_out: bytes up to
 * it. ERR_NOT_FOUND: none in this segment. */
static enum err find_next_good(
    const struct journal_reader *r, uint64_t limit, uint64_t *skip_out)
{
    struct journal_reader probe = {.fd = r->fd, .at = r->at};
    struct journal_entry entry;
    size_t length = 0;
    enum err err = ERR_NOT_FOUND;
    probe.at.offset++;
    while (fill(&probe, 4, limit) == OK && probe.data.n >= 4) {
        size_t skip = str_find(buf_str(&probe.data), STR("PGJe"));
        if (skip == probe.data.n) {
            /* the magic may be cut by the end of what was read */
            advance(&probe, skip - 3);
            continue;
        }
        advance(&probe, skip);
        if (decode_here(&probe, limit, &entry, &length) == OK) {
            *skip_out = probe.at.offset - r->at.offset;
            err = OK;
            break;
        }
        advance(&probe, 1);
    }
    buf_free(&probe.data);
    return err;
}

/* At a place where no entry can be read: skip the damage, go on to the next
 * segment, or wait. OK: try again. */
static enum err pass_obstacle(
    struct journal_reader *r, uint64_t limit, bool is_last)
{
    uint64_t skip = 0, next = 0;
    bool is_clean_end = r->at.offset + r->data.n >= limit && r->data.n == 0;
    if (!is_clean_end && find_next_good(r, limit, &skip) == OK) {
        log_event(LOG_ERROR, "journal.damage-skipped",
            LOG_INT("segment", r->at.segment), LOG_INT("offset", r->at.offset),
            LOG_INT("bytes", skip));
        buf_clear(&r->data);
        r->at.offset += skip;
        return OK;
    }
    if (is_last)
        return ERR_AGAIN;
    if (!is_clean_end)
        log_event(LOG_ERROR, "journal.damaged-end-skipped",
            LOG_INT("segment", r->at.segment), LOG_INT("offset", r->at.offset),
            LOG_INT("bytes", limit > r->at.offset ? limit - r->at.offset : 0));
    enum err err = find_segment(r, r->at.segment + 1, &next);
    if (err != OK)
        return err;
    return next != 0 ? open_segment(r, next) : ERR_AGAIN;
}

enum err journal_read(struct journal_reader *r, struct journal_entry *entry_out,
    struct journal_position *position_out)
{
    uint64_t limit = 0;
    size_t length = 0;
    bool is_last = false;
    advance(r, r->given);
    r->given = 0;
    /* What was read before lies before a limit: no look at the file. */
    if (r->data.n > 0 &&
        journal_entry_decode(buf_str(&r->data), entry_out, &length) == OK) {
        r->given = length;
        *position_out =
            (struct journal_position){r->at.segment, r->at.offset + length};
        return OK;
    }
    enum err err = ensure_open(r);
    while (err == OK) {
        err = find_limit(r, &limit, &is_last);
        if (err == OK)
            err = decode_here(r, limit, entry_out, &length);
        if (err == OK) {
            r->given = length;
            break;
        }
        if (err == ERR_AGAIN || err == ERR_PARSE)
            err = pass_obstacle(r, limit, is_last);
    }
    *position_out = r->at;
    position_out->offset += r->given;
    return err;
}
