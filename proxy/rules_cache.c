#include "proxy/rules_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

enum { KEPT_SECONDS = 30 * 86400 };

static bool find_path(
    const char *folder, const char *hash, const char *suffix, char *out)
{
    return (size_t)snprintf(
               out, PATH_MAX, "%s/%s.hsdb%s", folder, hash, suffix) < PATH_MAX;
}

static bool is_trusted(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_uid == geteuid() || st.st_uid == 0) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int rules_cache_open(const char *folder, const char *hash)
{
    char path[PATH_MAX];
    if (!find_path(folder, hash, "", path))
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || is_trusted(fd))
        return fd;
    close(fd);
    return -1;
}

static void prune(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (strstr(e->d_name, ".hsdb") == NULL ||
            fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (time(NULL) - st.st_mtime > KEPT_SECONDS)
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
}

void rules_cache_write(
    const char *folder, const char *hash, struct str database)
{
    char path[PATH_MAX], aside[PATH_MAX], suffix[32];
    snprintf(suffix, sizeof suffix, ".%ld", (long)getpid());
    if (!find_path(folder, hash, "", path) ||
        !find_path(folder, hash, suffix, aside))
        return;
    if (file_make_folder(folder, 0700) == OK) {
        unlink(aside);
        if (file_create(aside, database, 0600) == OK &&
            rename(aside, path) == 0) {
            prune(folder);
            return;
        }
    }
    log_event(LOG_WARN, "cache.unwritten", LOG_CSTR("file", path),
        LOG_CSTR("why", strerror(errno)));
}
