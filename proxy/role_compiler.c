/*
 * Takes the cached database if it fits the rules (scanner_new checks library
 * version, CPU, rules and CRC), else compiles.  The parent offers the cache
 * file by descriptor and writes the new one: this role opens nothing.
 */
#include "proxy/role_compiler.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "proxy/chan.h"
#include "proxy/role_fds.h"
#include "proxy/tls.h"

enum { CACHE_MAX = 1 << 30, DATA_MAX = INT32_MAX };

static int refuse(struct diag *diag)
{
    struct str rest = buf_str(&diag->text), line;
    while (str_split(&rest, '\n', &line))
        if (line.n > 0)
            log_event(LOG_ERROR, "config.mistake", LOG_STR("text", line));
    diag_free(diag);
    return COMPILER_MISTAKES;
}

static struct str map_cache(void)
{
    struct stat st;
    if (fstat(ROLE_FD_KEY, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_size <= 0 || st.st_size > CACHE_MAX)
        return STR_NONE;
    void *p =
        mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, ROLE_FD_KEY, 0);
    if (p == MAP_FAILED)
        return STR_NONE;
    return (struct str){p, (size_t)st.st_size};
}

/* Empty when there is none that fits. */
static struct str fitting_cache(const struct conf *conf)
{
    struct str cached = map_cache();
    struct scanner *scanner = NULL;
    if (cached.n > 0 && scanner_new(conf->rules, cached, &scanner) == OK) {
        scanner_free(&scanner);
        return cached;
    }
    if (cached.n > 0)
        log_event(LOG_INFO, "cache.unfit", LOG_INT("bytes", cached.n));
    return STR_NONE;
}

/* As a worker will use it, with keys of its own making. */
static enum err prove(struct conf *conf, struct str database, struct diag *diag)
{
    struct str data = STR_NONE;
    static const char tickets[TLS_TICKET_KEY_BYTES];
    struct str keys = {tickets, sizeof tickets};
    if (rules_data_count(conf->rules) > 0 &&
        memfd_map(ROLE_FD_DATA, DATA_MAX, &data) != OK)
        return ERR_IO;
    enum err err = conf_arm(conf, database, data, keys, diag);
    conf->database = STR_NONE; /* not a mapping of the conf's own */
    return err;
}

int compiler_main(const struct role_start *start)
{
    struct diag diag = {0};
    struct buf made = {0};
    role_enter_sandbox(start);
    struct str database = fitting_cache(start->conf);
    bool is_cached = database.n > 0;
    if (!is_cached && rules_compile(start->conf->rules, &diag, &made) != OK)
        return refuse(&diag);
    if (!is_cached)
        database = buf_str(&made);
    if (prove(start->conf, database, &diag) != OK)
        return refuse(&diag);
    if (file_write(ROLE_FD_DATABASE, database) != OK) {
        log_event(LOG_ERROR, "compiler.write_failed",
            LOG_CSTR("errno", strerror(errno)));
        return COMPILER_MISTAKES;
    }
    return is_cached ? COMPILER_CACHED : COMPILER_COMPILED;
}
