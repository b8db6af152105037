/*
 * A scanner for the commands that run without a gateway: scan and replay.
 */
#include "proxy/scan_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"

enum { DATABASE_MAX = 256 << 20 };

enum err engine_read_all(int fd, size_t max, struct buf *out)
{
    for (;;) {
        ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return OK;
        buf_commit(out, (size_t)n);
        if (out->n > max)
            return ERR_LIMIT;
    }
}

/* Nobody else may have put a database there: it is data that Hyperscan
 * trusts. */
static bool is_trusted(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_uid == geteuid() || st.st_uid == 0) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool open_cached(struct engine *e, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool is_good =
        is_trusted(fd) &&
        engine_read_all(fd, DATABASE_MAX, &e->database) == OK &&
        scanner_new(e->rules, buf_str(&e->database), &e->scanner) == OK;
    close(fd);
    if (!is_good)
        buf_clear(&e->database);
    return is_good;
}

/* Written aside and renamed; that it fails is no mistake. */
static void write_cache(const struct buf *database, const char *path)
{
    struct buf name = {0};
    buf_printf(&name, "%s.%ld", path, (long)getpid());
    int fd =
        open(buf_cstr(&name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ssize_t n = write(fd, buf_bytes(database), database->n);
        close(fd);
        if (n != (ssize_t)database->n || rename(buf_cstr(&name), path) != 0)
            unlink(buf_cstr(&name));
    }
    buf_free(&name);
}

/* The data folder where we may write, else the user's cache. */
static void find_cache(const struct bundle *bundle, struct buf *path)
{
    struct diag ignored = {0};
    struct settings settings;
    settings_load(bundle, &ignored, &settings);
    buf_append_str(path, settings.data_dir);
    settings_free(&settings);
    diag_free(&ignored);
    if (path->n > 0 && access(buf_cstr(path), W_OK | X_OK) == 0)
        return;
    buf_clear(path);
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/')
        buf_printf(path, "%s", cache);
    else if (home != NULL && home[0] == '/')
        buf_printf(path, "%s/.cache", home);
    else
        return;
    mkdir(buf_cstr(path), 0700);
    buf_append_str(path, STR("/promptgate"));
    mkdir(buf_cstr(path), 0700);
}

bool engine_open(struct engine *e, const struct rules *rules,
    const struct bundle *bundle, struct diag *diag)
{
    char hash[RULES_HASH_BYTES];
    struct buf path = {0};
    *e = (struct engine){.rules = rules};
    find_cache(bundle, &path);
    bool has_cache = path.n > 0;
    rules_hash(e->rules, hash);
    buf_printf(&path, "/detectors-%.32s.db", hash);
    bool is_made = has_cache && open_cached(e, buf_cstr(&path));
    if (!is_made && rules_compile(e->rules, diag, &e->database) == OK) {
        if (has_cache)
            write_cache(&e->database, buf_cstr(&path));
        is_made =
            scanner_new(e->rules, buf_str(&e->database), &e->scanner) == OK;
    }
    buf_free(&path);
    return is_made;
}

void engine_close(struct engine *e)
{
    scanner_free(&e->scanner);
    buf_free(&e->database);
}
