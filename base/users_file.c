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

#include "base/file.h"
#include "base/mem.h"

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
        err = file_load(edit_out->path, USERS_FILE_MAX, &text);
    if (err == OK || err == ERR_NOT_FOUND) {
        edit_out->users = users_parse(edit_out->path, buf_str(&text), diag);
        err = edit_out->users != NULL ? OK : ERR_PARSE;
    }
    buf_wipe_free(&text);
    if (err != OK)
        edit_clear(edit_out);
    return err;
}

/* For the folder's owner, who is the parent of the roles. */
static enum err write_temporary(const struct users_edit *edit, int fd)
{
    struct buf text = {0};
    struct stat folder;
    users_write(edit->users, &text);
    enum err err = file_write(fd, buf_str(&text));
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
