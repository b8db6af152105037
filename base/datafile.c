/*
 * One head, name and bytes after the other, each padded with zeros.
 */
#include "base/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 65536 };

struct head {
    char magic[8];
    uint64_t bytes;
    uint32_t name_bytes, reserved;
    char padding[DATAFILE_ALIGN - 24];
};
_Static_assert(sizeof(struct head) == DATAFILE_ALIGN, "head is one unit");

static const char magic[8] = "PGDATA1";

static size_t padded(size_t n)
{
    return (n + DATAFILE_ALIGN - 1) / DATAFILE_ALIGN * DATAFILE_ALIGN;
}

static enum err pad(int fd, size_t n)
{
    static const char zeros[DATAFILE_ALIGN];
    return file_write(fd, str_make(zeros, padded(n) - n));
}

/* A file that changes its size while it is copied is not one of ours: those
 * are replaced whole. */
static enum err copy(int from, int to, uint64_t bytes)
{
    char piece[PIECE];
    while (bytes > 0) {
        size_t wanted = bytes < PIECE ? (size_t)bytes : PIECE;
        ssize_t n = read(from, piece, wanted);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return ERR_IO;
        enum err err = file_write(to, str_make(piece, (size_t)n));
        if (err != OK)
            return err;
        bytes -= (uint64_t)n;
    }
    return OK;
}

enum err datafile_begin(int memfd, struct str name, uint64_t bytes)
{
    struct head head = {.bytes = bytes, .name_bytes = (uint32_t)name.n};
    memcpy(head.magic, magic, sizeof magic);
    enum err err = file_write(memfd, str_make((char *)&head, sizeof head));
    if (err == OK)
        err = file_write(memfd, name);
    return err == OK ? pad(memfd, name.n) : err;
}

enum err datafile_end(int memfd, uint64_t bytes)
{
    return pad(memfd, (size_t)bytes);
}

static enum err append(int memfd, int fd, struct str name, uint64_t bytes)
{
    enum err err = datafile_begin(memfd, name, bytes);
    if (err == OK)
        err = copy(fd, memfd, bytes);
    return err == OK ? datafile_end(memfd, bytes) : err;
}

enum err datafile_append(int memfd, const char *path, size_t max)
{
    struct stat st;
    struct str name = str_of(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    enum err err = OK;
    if (fstat(fd, &st) != 0)
        err = ERR_IO;
    else if (!S_ISREG(st.st_mode) || name.n > DATAFILE_NAME_MAX) {
        errno = EINVAL;
        err = ERR_IO;
    } else if ((uint64_t)st.st_size > max) {
        errno = EFBIG;
        err = ERR_LIMIT;
    } else {
        err = append(memfd, fd, name, (uint64_t)st.st_size);
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return err;
}

enum err datafile_find(struct str all, struct str name, struct str *bytes_out)
{
    struct head head;
    *bytes_out = STR_NONE;
    while (all.n > 0) {
        if (all.n < sizeof head)
            return ERR_PARSE;
        memcpy(&head, all.p, sizeof head);
        size_t start = sizeof head + padded(head.name_bytes);
        if (memcmp(head.magic, magic, sizeof magic) != 0 ||
            head.name_bytes > DATAFILE_NAME_MAX || start > all.n ||
            head.bytes > all.n - start ||
            padded((size_t)head.bytes) > all.n - start)
            return ERR_PARSE;
        if (str_eq(name,
                str_sub(all, sizeof head, sizeof head + head.name_bytes))) {
            *bytes_out = str_sub(all, start, start + (size_t)head.bytes);
            return OK;
        }
        all = str_sub(all, start + padded((size_t)head.bytes), all.n);
    }
    return ERR_NOT_FOUND;
}
