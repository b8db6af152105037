#include "proxy/edm_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/datafile.h"
#include "base/file.h"

enum { KEY_HEX = 2 * EDM_KEY_BYTES, KEY_FILE_MAX = 256 };

/* ---- the key ---- */

static bool parse_key(struct str text, unsigned char *key)
{
    text = str_trim(text);
    if (text.n != KEY_HEX)
        return false;
    for (size_t i = 0; i < EDM_KEY_BYTES; i++) {
        int high = str_hex_value(text.p[2 * i]);
        int low = str_hex_value(text.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* ERR_NOT_FOUND: there is none (not reported). */
static enum err read_key(
    const char *path, struct diag *diag, unsigned char key_out[EDM_KEY_BYTES])
{
    struct stat st;
    struct buf text = {0};
    enum err err = file_load(path, KEY_FILE_MAX, &text);
    if (err == ERR_NOT_FOUND)
        return err;
    if (err != OK)
        diag_add(diag, path, 1, "the key of the edm indexes cannot be read: %s",
            strerror(errno));
    else if (stat(path, &st) != 0 || (st.st_mode & 077) != 0)
        diag_add(diag, path, 1,
            "others may read the key of the edm indexes: chmod 600");
    else if (!parse_key(buf_str(&text), key_out))
        diag_add(diag, path, 1,
            "no key of edm indexes: it has %d hexadecimal digits", KEY_HEX);
    else {
        buf_wipe_free(&text);
        return OK;
    }
    buf_wipe_free(&text);
    return ERR_CONFIG;
}

static enum err make_folder_of(const char *path)
{
    struct buf folder = {0};
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return OK;
    buf_append(&folder, path, (size_t)(slash - path));
    enum err err = file_make_folder(buf_cstr(&folder), 0700);
    buf_free(&folder);
    return err;
}

enum err edm_key_make(
    const char *path, struct diag *diag, unsigned char key_out[EDM_KEY_BYTES])
{
    char text[KEY_HEX + 2];
    enum err err = read_key(path, diag, key_out);
    if (err != ERR_NOT_FOUND)
        return err;
    edm_key_new(key_out);
    for (size_t i = 0; i < EDM_KEY_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", key_out[i]);
    text[KEY_HEX] = '\n';
    err = make_folder_of(path);
    if (err == OK)
        err = file_create(path, str_make(text, KEY_HEX + 1), 0600);
    if (err != OK)
        diag_add(diag, path, 1, "the key cannot be made: %s", strerror(errno));
    explicit_bzero(text, sizeof text);
    return err == OK ? OK : ERR_CONFIG;
}

/* ---- an index ---- */

static enum err copy_open(int fd, int memfd, struct str path, struct str head,
    uint64_t image_bytes, const unsigned char *key)
{
    static const char zeros[EDM_HEAD_MAX];
    uint64_t bytes = EDM_HEAD_MAX + image_bytes;
    enum err err = datafile_begin(memfd, path, bytes);
    if (err == OK)
        err = file_write(memfd, head);
    if (err == OK)
        err = file_write(memfd, str_make(zeros, EDM_HEAD_MAX - head.n));
    if (err == OK && lseek(fd, 0, SEEK_SET) != 0)
        err = ERR_IO;
    if (err == OK)
        err = edm_file_open(fd, head, key, memfd);
    return err == OK ? datafile_end(memfd, bytes) : err;
}

static const char *explain(enum err err)
{
    switch (err) {
    case ERR_DENIED:
        return "was made with another key than the one of this gateway: "
               "build it again, or bring its key";
    case ERR_PARSE:
        return "is damaged or cut short: build it again";
    case ERR_STATE:
        return "changed while it was read";
    case ERR_LIMIT:
        return "is too large: all data files together may have 1 GiB";
    case ERR_NOT_FOUND:
        return "needs its key, which is not there";
    default:
        return strerror(errno);
    }
}

static enum err append_index(int fd, int memfd, struct str path,
    struct str start, const char *key_path, size_t max, struct diag *diag)
{
    struct edm_head head;
    size_t head_bytes = 0;
    unsigned char key[EDM_KEY_BYTES];
    if (edm_head_read(start, &head, &head_bytes) != OK)
        return ERR_UNSUPPORTED;
    enum err err = read_key(key_path, diag, key);
    if (err == ERR_CONFIG)
        return err;
    if (err == OK && head.image_bytes > max)
        err = ERR_LIMIT;
    if (err == OK)
        err = copy_open(fd, memfd, path, str_sub(start, 0, head_bytes),
            head.image_bytes, key);
    explicit_bzero(key, sizeof key);
    if (err == OK)
        return OK;
    if (err == ERR_NOT_FOUND)
        diag_add(diag, path.p, 1, "the index %s: %s", explain(err), key_path);
    else
        diag_add(diag, path.p, 1, "the index %s", explain(err));
    return ERR_CONFIG;
}

enum err edm_files_append(int memfd, struct str path, const char *key_path,
    size_t max, struct diag *diag)
{
    char start[EDM_HEAD_MAX];
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_UNSUPPORTED;
    ssize_t n = pread(fd, start, sizeof start, 0);
    enum err err = ERR_UNSUPPORTED;
    if (n > 0)
        err = append_index(
            fd, memfd, path, str_make(start, (size_t)n), key_path, max, diag);
    close(fd);
    return err;
}
