/*
 * Writing the journal (store/journal.h): opening, repairing, appending,
 * rotating.  Reading is in journal_read.c.
 */
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/journal_file.h"

enum { LOCK_RETRY_MS = 20 };

struct journal {
    char *folder;
    int lock_fd;
    int fd;
    uint64_t size;      /* good bytes of the segment */
    bool has_rubbish;   /* bytes behind size that could not be cut off */
    bool must_rotate;   /* after a failed fdatasync nothing is certain */
    int64_t started_ms; /* monotonic, of the segment */
    uint64_t segment_bytes;
    file_write_fn *write;
    pthread_mutex_t mutex; /* of `end` only */
    struct journal_position end;
};

static void set_end(struct journal *j, uint64_t segment, uint64_t offset)
{
    pthread_mutex_lock(&j->mutex);
    j->end = (struct journal_position){segment, offset};
    pthread_mutex_unlock(&j->mutex);
}

struct journal_position journal_end(struct journal *j)
{
    pthread_mutex_lock(&j->mutex);
    struct journal_position end = j->end;
    pthread_mutex_unlock(&j->mutex);
    return end;
}

static void sync_folder(const struct journal *j)
{
    char path[JOURNAL_PATH_MAX];
    if (!journal_path(str_of(j->folder), NULL, path))
        return;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fsync(fd) != 0)
        log_event(LOG_WARN, "journal.folder-not-synced",
            LOG_CSTR("error", strerror(errno)));
    close(fd);
}

/* The old segment stays current until the new one is whole. */
static enum err start_segment(struct journal *j, uint64_t number)
{
    char path[JOURNAL_PATH_MAX], head[JOURNAL_HEAD_BYTES];
    if (!journal_segment_path(str_of(j->folder), number, path))
        return ERR_LIMIT;
    int fd = open(path,
        O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return ERR_IO;
    journal_head_encode(number, head);
    if (file_write_by(j->write, fd, str_make(head, sizeof head)) != OK) {
        int saved = errno;
        unlink(path);
        close(fd);
        errno = saved;
        return ERR_IO;
    }
    if (j->fd >= 0)
        close(j->fd);
    j->fd = fd;
    j->size = sizeof head;
    j->has_rubbish = j->must_rotate = false;
    j->started_ms = (int64_t)clock_mono_ms();
    set_end(j, number, j->size);
    sync_folder(j);
    return OK;
}

/* ---- opening ---- */

/* A kernel lock of the open file: gone when its holder dies, however. */
static bool try_lock(int fd, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static int open_lock(struct str folder)
{
    char path[JOURNAL_PATH_MAX];
    if (!journal_path(folder, "lock", path))
        return -1;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

bool journal_is_live(struct str folder, int *fd_out)
{
    *fd_out = open_lock(folder);
    if (*fd_out < 0)
        return false;
    if (try_lock(*fd_out, F_RDLCK))
        return false;
    bool is_held = errno == EAGAIN || errno == EACCES;
    close(*fd_out);
    *fd_out = -1;
    return is_held;
}

static enum err take_lock(struct journal *j, unsigned wait_ms)
{
    uint64_t until = clock_mono_ms() + wait_ms;
    j->lock_fd = open_lock(str_of(j->folder));
    if (j->lock_fd < 0)
        return ERR_IO;
    while (!try_lock(j->lock_fd, F_WRLCK)) {
        if (errno != EAGAIN && errno != EACCES)
            return ERR_IO;
        if (clock_mono_ms() >= until)
            return ERR_STATE;
        nanosleep(&(struct timespec){0, LOCK_RETRY_MS * 1000000L}, NULL);
    }
    return OK;
}

static enum err make_folder(struct str folder)
{
    char path[JOURNAL_PATH_MAX];
    if (!journal_path(folder, NULL, path))
        return ERR_LIMIT;
    return mkdir(path, 0750) == 0 || errno == EEXIST ? OK : ERR_IO;
}

/* Cuts the last segment behind its last good entry.  Damage with good entries
 * behind it is left for the reader to skip: cutting would lose those. */
static enum err repair_tail(
    const struct journal *j, uint64_t number, uint64_t bytes)
{
    struct journal_position at = {number, 0}, from = at;
    struct journal_entry entry;
    char path[JOURNAL_PATH_MAX];
    struct journal_reader *reader =
        journal_reader_new(str_of(j->folder), NULL, from);
    enum err err;
    do {
        err = journal_read(reader, &entry, &at);
    } while (err == OK);
    journal_reader_free(&reader);
    if (err != ERR_AGAIN || at.offset >= bytes)
        return err == ERR_AGAIN ? OK : err;
    log_event(LOG_WARN, "journal.tail-cut", LOG_INT("segment", number),
        LOG_INT("good_bytes", at.offset),
        LOG_INT("cut_bytes", bytes - at.offset));
    if (!journal_segment_path(str_of(j->folder), number, path))
        return ERR_LIMIT;
    return truncate(path, (off_t)at.offset) == 0 ? OK : ERR_IO;
}

static enum err open_segments(struct journal *j)
{
    struct journal_segments list;
    enum err err = journal_list(str_of(j->folder), &list);
    uint64_t next = 1;
    if (err == OK && list.count > 0) {
        const struct journal_segment *last = &list.items[list.count - 1];
        err = repair_tail(j, last->number, last->bytes);
        next = last->number + (last->bytes > JOURNAL_HEAD_BYTES);
    }
    mem_free(list.items);
    return err == OK ? start_segment(j, next) : err;
}

enum err journal_open(
    struct str folder, unsigned wait_ms, struct journal **journal_out)
{
    struct journal *j = MEM_NEW(struct journal);
    *j = (struct journal){
        .folder = mem_memdup0(folder.p, folder.n),
        .lock_fd = -1,
        .fd = -1,
        .segment_bytes = JOURNAL_SEGMENT_BYTES,
        .write = write,
    };
    pthread_mutex_init(&j->mutex, NULL);
    enum err err = make_folder(folder);
    if (err == OK)
        err = take_lock(j, wait_ms);
    if (err == OK)
        err = open_segments(j);
    if (err != OK) {
        log_event(LOG_ERROR, "journal.cannot-open", LOG_STR("folder", folder),
            LOG_CSTR("error", err == ERR_STATE ? "another gateway is using it"
                                               : strerror(errno)));
        journal_close(&j);
    }
    *journal_out = j;
    return err;
}

void journal_close(struct journal **journal)
{
    struct journal *j = *journal;
    if (j == NULL)
        return;
    if (j->fd >= 0)
        close(j->fd);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    pthread_mutex_destroy(&j->mutex);
    mem_free(j->folder);
    mem_free(j);
    *journal = NULL;
}

/* ---- appending ---- */

static bool is_segment_full(const struct journal *j, size_t batch_bytes)
{
    if (j->must_rotate)
        return true;
    if (j->size <= JOURNAL_HEAD_BYTES)
        return false;
    int64_t age_ms = (int64_t)clock_mono_ms() - j->started_ms;
    return j->size + batch_bytes > j->segment_bytes ||
           age_ms > JOURNAL_SEGMENT_HOURS * 3600 * INT64_C(1000);
}

static enum err cut_back(struct journal *j)
{
    j->has_rubbish = ftruncate(j->fd, (off_t)j->size) != 0;
    return j->has_rubbish ? ERR_IO : OK;
}

static enum err append(struct journal *j, struct str batch, bool sync)
{
    enum err err = OK;
    if (j->has_rubbish)
        err = cut_back(j);
    if (err == OK && is_segment_full(j, batch.n))
        err = start_segment(j, j->end.segment + 1);
    if (err == OK)
        err = file_write_by(j->write, j->fd, batch);
    else
        return err;
    if (err == OK && sync && fdatasync(j->fd) != 0) {
        j->must_rotate = true;
        err = ERR_IO;
    }
    if (err != OK) {
        int saved = errno;
        if (cut_back(j) != OK)
            log_event(LOG_ERROR, "journal.cannot-cut-back",
                LOG_CSTR("error", strerror(errno)));
        errno = saved;
        return err;
    }
    j->size += batch.n;
    set_end(j, j->end.segment, j->size);
    return OK;
}

enum err journal_append(struct journal *j, struct str batch, bool sync)
{
    return batch.n > 0 ? append(j, batch, sync) : OK;
}

void journal_set_write(struct journal *j, file_write_fn *write_fn)
{
    j->write = write_fn != NULL ? write_fn : write;
}

void journal_set_segment_bytes(struct journal *j, uint64_t bytes)
{
    j->segment_bytes = bytes;
}
