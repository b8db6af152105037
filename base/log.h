/*
 * Events on standard error, one line each: key=value text or JSON.  Where the
 * setting log.file names a file, the parent and each role have it in the place
 * of standard error (log_use); a new one goes to all of them at a reload.
 *
 *   log_event(LOG_WARN, "dial.failed", LOG_STR("host", host),
 *       LOG_INT("port", port));
 *
 * An error is logged once, where it is decided.  User text, tokens, cookies
 * and keys never come here, except as length and hash.  Values are escaped;
 * a line longer than LOG_LINE_MAX is cut.  Safe to call in every role: one
 * write(2) a line, EPIPE and EAGAIN are ignored.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };
enum { LOG_LINE_MAX = 4096 };

struct log_pair {
    const char *key;
    struct str text; /* used when is_int is false */
    int64_t number;
    int is_int;
};

#define LOG_STR(k, s) ((struct log_pair){(k), (s), 0, 0})
#define LOG_CSTR(k, s) ((struct log_pair){(k), str_of(s), 0, 0})
#define LOG_INT(k, i) ((struct log_pair){(k), STR_NONE, (int64_t)(i), 1})

/* role: "parent", "worker-0" …, shown on every line. */
void log_setup(enum log_format format, enum log_level level, const char *role);
int log_is_on(enum log_level level);
/* From the next line on; fd stays the caller's. */
void log_use(int fd);
void log_write(enum log_level level, const char *event,
    const struct log_pair *pairs, size_t count);

#define log_event(level, event, ...)                                           \
    do {                                                                       \
        if (log_is_on(level)) {                                                \
            const struct log_pair log_pairs_[] = {{0}, ##__VA_ARGS__};         \
            log_write(level, event, log_pairs_ + 1,                            \
                sizeof log_pairs_ / sizeof log_pairs_[0] - 1);                 \
        }                                                                      \
    } while (0)

#endif
