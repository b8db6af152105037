/*
 * <data_dir>/users.yaml on disk: read under a lock, replaced atomically, so
 * that a role that re-reads it sees the old or the new one, never a part.
 *
 * The lock is taken on the folder itself: the file is replaced, so a lock on
 * it would hold nothing.
 */
#include "base/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { USERS_FILE_MAX = 16 << 20 };

static enum err read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? OK : ERR_IO;
    ssize_t n;
    enum err err = OK;
    do {
        n = read(fd, buf_reserve(out, 65536), 65536);
        if (n > 0)
            buf_commit(out, (size_t)n);
        if (n < 0 && errno != EINTR)
            err = ERR_IO;
        if (out->n > USERS_FILE_MAX)
            err = ERR_LIMIT;
    } while (err == OK && n != 0);
    close(fd);
    return err;
}

static void edit_clear(struct users_edit *edit)
{
    int saved = errno;
    users_free(&edit->users);
    mem_free(edit->path);
    if (edit->lock_fd >= 0)
        close(edit->lock_fd);
    *edit = (struct users_edit){.lock_fd = -1};
    errno = saved;
}

enum err users_edit_begin(
    const char *data_dir, struct users_edit *edit_out, struct diag *diag)
{
    struct buf text = {0}, path = {0};
    buf_printf(&path, "%s/users.yaml", data_dir);
    *edit_out = (struct users_edit){
        .lock_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .path = mem_strdup(buf_cstr(&path)),
    };
    buf_free(&path);
    enum err err = OK;
    if (edit_out->lock_fd < 0 || flock(edit_out->lock_fd, LOCK_EX) != 0)
        err = ERR_IO;
    if (err == OK)
        err = read_file(edit_out->path, &text);
    if (err == OK) {
        edit_out->users = users_parse(edit_out->path, buf_str(&text), diag);
        err = edit_out->users != NULL ? OK : ERR_PARSE;
    }
    buf_wipe_free(&text);
    if (err != OK)
        edit_clear(edit_out);
    return err;
}

static enum err write_all(int fd, struct str text)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        text = str_sub(text, (size_t)n, text.n);
    }
    return OK;
}

/* For the folder's owner, who is the parent of the roles. */
static enum err write_temporary(const struct users_edit *edit, int fd)
{
    struct buf text = {0};
    struct stat folder;
    users_write(edit->users, &text);
    enum err err = write_all(fd, buf_str(&text));
    buf_wipe_free(&text);
    if (err == OK &&
        (fstat(edit->lock_fd, &folder) != 0 ||
            (geteuid() == 0 && fchown(fd, folder.st_uid, folder.st_gid) != 0) ||
            fchmod(fd, 0600) != 0 || fsync(fd) != 0))
        err = ERR_IO;
    return err;
}

static enum err replace(const struct users_edit *edit)
{
    struct buf name = {0};
    buf_printf(&name, "%s.XXXXXX", edit->path);
    buf_cstr(&name);
    int fd = mkostemp(buf_bytes(&name), O_CLOEXEC);
    enum err err = fd >= 0 ? write_temporary(edit, fd) : ERR_IO;
    if (fd >= 0 && close(fd) != 0 && err == OK)
        err = ERR_IO;
    if (err == OK && rename(buf_bytes(&name), edit->path) != 0)
        err = ERR_IO;
    if (err == OK && fsync(edit->lock_fd) != 0)
        err = ERR_IO;
    if (err != OK && fd >= 0) {
        int saved = errno;
        unlink(buf_bytes(&name));
        errno = saved;
    }
    buf_free(&name);
    return err;
}

enum err users_edit_end(struct users_edit *edit, bool save)
{
    enum err err = save ? replace(edit) : OK;
    edit_clear(edit);
    return err;
}
