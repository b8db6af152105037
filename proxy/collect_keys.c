/*
 * See proxy/collect_keys.h.
 */
#include "proxy/collect_keys.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"

enum { KEY_BYTES_MAX = 4096 };

const char *collect_source_name(enum collect_source source)
{
    return source == COLLECT_AUDIT ? "audit-log" : "compliance-log";
}

/* Others than its owner may read it, which is no reason to stop reading. */
static void warn_of_readers(const char *path, enum collect_source which)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        log_event(LOG_WARN, "collect.key-readable",
            LOG_CSTR("source", collect_source_name(which)),
            LOG_CSTR("file", path), LOG_CSTR("advice", "chmod 600"));
}

/* The first line of a file, whose name is relative to the settings. */
static enum err load_key(struct str name, struct str beside,
    enum collect_source which, struct buf *out)
{
    struct buf path = {0};
    size_t n = beside.n;
    while (n > 0 && beside.p[n - 1] != '/')
        n--;
    if (name.p[0] != '/')
        buf_append_str(&path, str_sub(beside, 0, n));
    buf_append_str(&path, name);
    enum err err = file_load(buf_cstr(&path), KEY_BYTES_MAX, out);
    warn_of_readers(buf_cstr(&path), which);
    struct str text = str_trim(buf_str(out));
    text.n = str_find_char(text, '\n');
    struct buf line = {0};
    buf_append_str(&line, str_trim(text));
    buf_wipe_free(out);
    buf_take(out, &line);
    buf_free(&path);
    return err;
}

static enum err read_key(const struct setting_log *log, struct str beside,
    enum collect_source which, struct buf *out)
{
    enum err err = OK;
    if (log->key_env.n != 0) {
        const char *value = getenv(log->key_env.p);
        buf_append_str(out, str_trim(str_of(value != NULL ? value : "")));
    } else if (log->key_file.n != 0) {
        err = load_key(log->key_file, beside, which, out);
    } else {
        return OK;
    }
    if (err != OK || out->n == 0) {
        log_event(LOG_ERROR, "collect.no-key",
            LOG_CSTR("source", collect_source_name(which)),
            LOG_STR("file", log->key_file), LOG_STR("env", log->key_env),
            LOG_CSTR("why", err != OK ? err_name(err) : "empty"));
        err = ERR_CONFIG;
    }
    return err;
}

enum err collect_keys_read(const struct settings *settings,
    struct str settings_file, struct collect_keys *keys_out)
{
    *keys_out = (struct collect_keys){0};
    enum err first = read_key(&settings->audit_log, settings_file,
        COLLECT_AUDIT, &keys_out->keys[COLLECT_AUDIT]);
    enum err second = read_key(&settings->compliance_log, settings_file,
        COLLECT_COMPLIANCE, &keys_out->keys[COLLECT_COMPLIANCE]);
    return first != OK ? first : second;
}

void collect_keys_free(struct collect_keys *keys)
{
    for (size_t i = 0; i < COLLECT_SOURCES; i++)
        buf_wipe_free(&keys->keys[i]);
}

void collect_keys_encode(const struct collect_keys *keys, struct buf *out)
{
    for (size_t i = 0; i < COLLECT_SOURCES; i++) {
        buf_append_str(out, buf_str(&keys->keys[i]));
        buf_append_char(out, '\n');
    }
}

void collect_keys_decode(struct str bytes, struct collect_keys *keys_out)
{
    struct str line;
    *keys_out = (struct collect_keys){0};
    for (size_t i = 0; i < COLLECT_SOURCES; i++)
        if (str_split(&bytes, '\n', &line))
            buf_append_str(&keys_out->keys[i], line);
}
