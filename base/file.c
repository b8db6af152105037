#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { PIECE = 65536 };

/* close(2) that keeps the errno of what failed before it. */
static void close_quietly(int fd)
{
    int reason = errno;
    close(fd);
    errno = reason;
}

enum err file_read(int fd, size_t max, struct buf *out)
{
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, buf_reserve(out, PIECE), PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return OK;
        buf_commit(out, (size_t)n);
        total += (size_t)n;
        if (total > max) {
            errno = EFBIG;
            return ERR_LIMIT;
        }
    }
}

enum err file_load(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    enum err err = file_read(fd, max, out);
    close_quietly(fd);
    return err;
}

enum err file_write_by(file_write_fn *write_fn, int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write_fn(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return ERR_IO;
        bytes = str_sub(bytes, (size_t)n, bytes.n);
    }
    return OK;
}

enum err file_write(int fd, struct str bytes)
{
    return file_write_by(write, fd, bytes);
}

enum err file_create(const char *path, struct str bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return ERR_IO;
    bool is_good =
        file_write(fd, bytes) == OK && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    close_quietly(fd);
    if (is_good)
        return OK;
    int reason = errno;
    unlink(path);
    errno = reason;
    return ERR_IO;
}

/* The name is on disk, too. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL && slash > path
                       ? mem_memdup0(path, (size_t)(slash - path))
                       : mem_strdup(slash != NULL ? "/" : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close_quietly(fd);
    mem_free(folder);
    return is_good;
}

enum err file_replace(const char *path, struct str bytes, mode_t mode)
{
    struct buf next = {0};
    buf_printf(&next, "%s.new", path);
    (void)unlink(buf_cstr(&next)); /* of one who died over it */
    enum err err = file_create(buf_cstr(&next), bytes, mode);
    if (err == OK && rename(buf_cstr(&next), path) != 0)
        err = ERR_IO;
    if (err == OK && !sync_folder(path))
        err = ERR_IO;
    buf_free(&next);
    return err;
}

static bool make(const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 || errno == EEXIST;
}

enum err file_make_folder(const char *path, mode_t mode)
{
    char *part = mem_strdup(path);
    bool is_good = true;
    for (char *slash = part; is_good && *slash != '\0' &&
                             (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        is_good = make(part, 0755);
        *slash = '/';
    }
    is_good = is_good && make(path, mode);
    int reason = errno;
    mem_free(part);
    errno = reason;
    return is_good ? OK : ERR_IO;
}
