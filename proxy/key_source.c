/* See proxy/key_source.h. */
#include "proxy/key_source.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"

enum { KEY_BYTES_MAX = 4096 };

/* Where a file of that name lies. */
static void append_path(
    struct str name, struct str settings_file, struct buf *out)
{
    size_t n = settings_file.n;
    while (n > 0 && settings_file.p[n - 1] != '/')
        n--;
    if (name.n == 0 || name.p[0] != '/')
        buf_append_str(out, str_sub(settings_file, 0, n));
    buf_append_str(out, name);
}

/* Others than its owner may read it, which is no reason to stop reading. */
static void warn_of_readers(const struct key_source *source, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        log_event(LOG_WARN, source->readable, LOG_CSTR("source", source->name),
            LOG_CSTR("file", path), LOG_CSTR("advice", "chmod 600"));
}

static enum err load_line(const struct key_source *source, struct buf *out)
{
    struct buf path = {0}, text = {0};
    append_path(source->file, source->settings_file, &path);
    enum err err = file_load(buf_cstr(&path), KEY_BYTES_MAX, &text);
    warn_of_readers(source, buf_cstr(&path));
    struct str line = str_trim(buf_str(&text));
    line.n = str_find_char(line, '\n');
    if (err == OK)
        buf_append_str(out, str_trim(line));
    buf_wipe_free(&text);
    buf_free(&path);
    return err;
}

enum err key_source_read(const struct key_source *source, struct buf *out)
{
    enum err err = OK;
    if (source->env.n != 0) {
        const char *value = getenv(source->env.p);
        buf_append_str(out, str_trim(str_of(value != NULL ? value : "")));
    } else if (source->file.n != 0) {
        err = load_line(source, out);
    } else {
        return OK;
    }
    if (err == OK && out->n > 0)
        return OK;
    log_event(LOG_ERROR, source->missing, LOG_CSTR("source", source->name),
        LOG_STR("file", source->file), LOG_STR("env", source->env),
        LOG_CSTR("why", err != OK ? err_name(err) : "empty"));
    return ERR_CONFIG;
}
