/*
 * The keys of the logs that are polled, from files or the environment.  They
 * are in the collector's memory alone and in no log.
 */
#ifndef PROXY_COLLECT_KEYS_H
#define PROXY_COLLECT_KEYS_H

#include "base/settings.h"

enum collect_source { COLLECT_AUDIT, COLLECT_COMPLIANCE, COLLECT_SOURCES };
const char *collect_source_name(enum collect_source source);

struct collect_keys {
    struct buf keys[COLLECT_SOURCES]; /* empty: not polled */
};
/* From files and the environment; settings_file: what names are relative to.
 * ERR_CONFIG: logged, and the others are read. */
enum err collect_keys_read(const struct settings *settings,
    struct str settings_file, struct collect_keys *keys_out) MUST_USE;
void collect_keys_free(struct collect_keys *keys);
/* One line each, and back. */
void collect_keys_encode(const struct collect_keys *keys, struct buf *out);
void collect_keys_decode(struct str bytes, struct collect_keys *keys_out);

#endif
