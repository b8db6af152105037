#include "proxy/data_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/datafile.h"
#include "proxy/chan.h"
#include "proxy/edm_files.h"

/* Indexes of tables go in as they are used, all else as it is. */
static enum err append_file(const struct rules *rules, int fd, struct str path,
    size_t left, struct diag *diag)
{
    struct str key = rules_edm_key(rules);
    enum err err = ERR_UNSUPPORTED;
    if (key.n > 0)
        err = edm_files_append(fd, path, key.p, left, diag);
    if (err != ERR_UNSUPPORTED)
        return err;
    err = datafile_append(fd, path.p, left);
    if (err != OK && err != ERR_NOT_FOUND)
        diag_add(diag, path.p, 1, "cannot be read: %s", strerror(errno));
    return err;
}

static enum err append_all(const struct rules *rules, int fd, struct diag *diag)
{
    bool is_good = true;
    for (size_t i = 0; i < rules_data_count(rules); i++) {
        struct stat st;
        struct str path = rules_data_file(rules, i);
        if (fstat(fd, &st) != 0)
            return ERR_IO;
        size_t left = (size_t)st.st_size < DATA_FILES_BYTES_MAX
                          ? DATA_FILES_BYTES_MAX - (size_t)st.st_size
                          : 0;
        enum err err = append_file(rules, fd, path, left, diag);
        is_good = is_good && (err == OK || err == ERR_NOT_FOUND);
    }
    return is_good ? OK : ERR_CONFIG;
}

enum err data_files_open(
    const struct rules *rules, struct diag *diag, int *fd_out)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    *fd_out = -1;
    if (rules_data_count(rules) == 0)
        return OK;
    int fd = memfd_create("data", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return ERR_IO;
    enum err err = append_all(rules, fd, diag);
    if (err == OK && fcntl(fd, F_ADD_SEALS, seals) != 0)
        err = ERR_IO;
    if (err != OK)
        close(fd);
    else
        *fd_out = fd;
    return err;
}

enum err data_files_map(
    const struct rules *rules, struct diag *diag, struct str *bytes_out)
{
    int fd = -1;
    *bytes_out = STR_NONE;
    enum err err = data_files_open(rules, diag, &fd);
    if (err == OK && fd >= 0)
        err = memfd_map(fd, 2 * (size_t)DATA_FILES_BYTES_MAX, bytes_out);
    if (fd >= 0)
        close(fd);
    return err;
}
