/*
 * See proxy/collect_keys.h.
 */
#include "proxy/collect_keys.h"

#include "proxy/key_source.h"

const char *collect_source_name(enum collect_source source)
{
    return source == COLLECT_AUDIT ? "audit-log" : "compliance-log";
}

static enum err read_key(const struct setting_log *log, struct str beside,
    enum collect_source which, struct buf *out)
{
    struct key_source source = {log->key_file, log->key_env, beside,
        collect_source_name(which), "collect.no-key", "collect.key-readable"};
    return key_source_read(&source, out);
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
