#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonw.h"

static struct {
    enum log_format format;
    enum log_level level;
    char role[24];
} setup = {LOG_TEXT, LOG_INFO, "promptgate"};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_setup(enum log_format format, enum log_level level, const char *role)
{
    setup.format = format;
    setup.level = level;
    snprintf(setup.role, sizeof setup.role, "%s", role);
}

void log_use(int fd)
{
    (void)dup3(fd, STDERR_FILENO, 0);
}

int log_is_on(enum log_level level)
{
    return level <= setup.level;
}

/* Plain values stay plain; anything else is quoted and escaped as JSON. */
static int is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
            return 0;
    }
    return s.n > 0;
}

static void append_text(struct buf *line, const struct log_pair *pair)
{
    buf_printf(line, " %s=", pair->key);
    if (pair->is_int)
        buf_printf(line, "%" PRId64, pair->number);
    else if (is_plain(pair->text))
        buf_append_str(line, pair->text);
    else
        jsonw_append_quoted(line, pair->text);
}

static void append_json(struct buf *line, const struct log_pair *pair)
{
    buf_printf(line, ",\"%s\":", pair->key);
    if (pair->is_int)
        buf_printf(line, "%" PRId64, pair->number);
    else
        jsonw_append_quoted(line, pair->text);
}

void log_write(enum log_level level, const char *event,
    const struct log_pair *pairs, size_t count)
{
    struct buf line = {0};
    char time[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_ms(), time);
    const char *shape =
        setup.format == LOG_JSON
            ? "{\"time\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"event\":"
              "\"%s\""
            : "%s %s role=%s event=%s";
    buf_printf(&line, shape, time, level_names[level], setup.role, event);
    for (size_t i = 0; i < count; i++) {
        struct log_pair pair = pairs[i];
        pair.text = str_sub(pair.text, 0, LOG_LINE_MAX / 4);
        if (line.n < LOG_LINE_MAX) {
            if (setup.format == LOG_JSON)
                append_json(&line, &pair);
            else
                append_text(&line, &pair);
        }
    }
    buf_append_str(&line, setup.format == LOG_JSON ? STR("}\n") : STR("\n"));
    ssize_t ignored = write(STDERR_FILENO, buf_bytes(&line), line.n);
    (void)ignored;
    buf_free(&line);
}
