/*
 * A scanner for the commands that run without a gateway: scan and replay.
 */
#include "proxy/scan_engine.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/settings.h"
#include "proxy/chan.h"
#include "proxy/data_files.h"
#include "proxy/rules_cache.h"

enum { DATABASE_MAX = 256 << 20 };

static bool open_cached(struct engine *e, const char *folder, const char *hash)
{
    int fd = rules_cache_open(folder, hash);
    if (fd < 0)
        return false;
    bool is_good =
        file_read(fd, DATABASE_MAX, &e->database) == OK &&
        scanner_new(e->rules, buf_str(&e->database), &e->scanner) == OK;
    close(fd);
    if (!is_good)
        buf_clear(&e->database);
    return is_good;
}

/* The gateway's where we may write, else the user's; empty: none. */
static void find_cache(const struct bundle *bundle, struct buf *folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct diag ignored = {0};
    struct settings settings;
    settings_load(bundle, &ignored, &settings);
    if (settings.data_dir.n > 0 &&
        access(settings.data_dir.p, W_OK | X_OK) == 0)
        buf_append_str(folder, settings.cache_dir);
    else if (cache != NULL && cache[0] == '/')
        buf_printf(folder, "%s/promptgate", cache);
    else if (home != NULL && home[0] == '/')
        buf_printf(folder, "%s/.cache/promptgate", home);
    settings_free(&settings);
    diag_free(&ignored);
}

bool engine_open(struct engine *e, const struct rules *rules,
    const struct bundle *bundle, struct diag *diag)
{
    char hash[RULES_HASH_BYTES];
    struct buf folder = {0};
    *e = (struct engine){.rules = rules};
    find_cache(bundle, &folder);
    rules_hash(e->rules, hash);
    bool is_made = folder.n > 0 && open_cached(e, buf_cstr(&folder), hash);
    if (!is_made && rules_compile(e->rules, diag, &e->database) == OK) {
        if (folder.n > 0)
            rules_cache_write(buf_cstr(&folder), hash, buf_str(&e->database));
        is_made =
            scanner_new(e->rules, buf_str(&e->database), &e->scanner) == OK;
    }
    buf_free(&folder);
    return is_made && data_files_map(rules, diag, &e->data) == OK &&
           scanner_attach(e->scanner, e->data, diag) == OK;
}

void engine_close(struct engine *e)
{
    scanner_free(&e->scanner);
    buf_free(&e->database);
    memfd_unmap(e->data);
    e->data = STR_NONE;
}
