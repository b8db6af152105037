/*
 * Path templates and their counts.  Notes of drift come through the keeper
 * (inspect/keep.c) as one line of text each.
 */
#include "inspect/drift.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum { SEGMENTS_MAX = 12, WORD_MAX = 32, CAPITALS_MAX = 2, PARTS = 4 };

struct line {
    char text[DRIFT_TEXT_MAX];
    size_t n;
    unsigned long count;
};

struct drift {
    struct line *lines;
    size_t count;
    unsigned long others; /* of lines that found no room */
};

/* "v1", "v12": a version, not an id. */
static bool is_version(struct str s)
{
    uint64_t number;
    return s.n >= 2 && s.n <= 3 && s.p[0] == 'v' &&
           str_to_u64(str_sub(s, 1, s.n), &number) == OK;
}

/* "org-acme": whose it is, though it is made of letters. */
static bool is_named_id(struct str s)
{
    return str_starts(s, "org-") || str_starts(s, "proj_") ||
           str_starts(s, "svc_acct_");
}

static bool is_word(struct str s)
{
    int capitals = 0;
    if (is_named_id(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_capital = c >= 'A' && c <= 'Z';
        capitals += is_capital;
        if (!is_capital && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
            return false;
    }
    return s.n <= WORD_MAX && capitals <= CAPITALS_MAX;
}

void drift_template(struct str path, struct buf *out)
{
    struct str segment;
    size_t count = 0;
    if (path.n != 0 && path.p[0] == '/')
        path = str_sub(path, 1, path.n);
    while (str_split(&path, '/', &segment)) {
        bool stays = is_word(segment) || is_version(segment);
        if (count++ == SEGMENTS_MAX) {
            buf_append_str(out, STR("/**"));
            return;
        }
        buf_append_char(out, '/');
        buf_append_str(out, stays ? segment : STR("{id}"));
    }
    if (count == 0)
        buf_append_char(out, '/');
}

struct drift *drift_new(void)
{
    struct drift *drift = MEM_NEW(struct drift);
    drift->lines = mem_zalloc(DRIFT_LINES_MAX * sizeof *drift->lines);
    return drift;
}

void drift_free(struct drift **drift)
{
    if (*drift == NULL)
        return;
    mem_free((*drift)->lines);
    mem_free(*drift);
    *drift = NULL;
}

static struct line *find(const struct drift *drift, struct str text)
{
    for (size_t i = 0; i < drift->count; i++)
        if (str_eq(str_make(drift->lines[i].text, drift->lines[i].n), text))
            return &drift->lines[i];
    return NULL;
}

static bool split(struct str line, struct str parts_out[PARTS])
{
    struct str rest = line;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] < 0x20 || line.p[i] > 0x7e)
            return false;
    for (size_t i = 0; i < PARTS; i++)
        if (!str_split(&rest, ' ', &parts_out[i]) || parts_out[i].n == 0)
            return false;
    return rest.n == 0;
}

void drift_count(struct drift *drift, struct str text)
{
    struct str parts[PARTS];
    if (text.n > DRIFT_TEXT_MAX || !split(text, parts))
        return;
    struct line *line = find(drift, text);
    if (line == NULL && drift->count == DRIFT_LINES_MAX) {
        drift->others++;
        return;
    }
    if (line == NULL) {
        line = &drift->lines[drift->count++];
        memcpy(line->text, text.p, text.n);
        line->n = text.n;
    }
    line->count++;
}

unsigned long drift_seen(const struct drift *drift, struct str text)
{
    const struct line *line = find(drift, text);
    return line != NULL ? line->count : 0;
}

void drift_log(struct drift *drift)
{
    for (size_t i = 0; i < drift->count; i++) {
        const struct line *line = &drift->lines[i];
        struct str part[PARTS];
        if (!split(str_make(line->text, line->n), part))
            continue;
        log_event(LOG_WARN, "map.drift", LOG_STR("service", part[0]),
            LOG_STR("method", part[1]), LOG_STR("path", part[2]),
            LOG_STR("cause", part[3]), LOG_INT("count", (int64_t)line->count));
    }
    if (drift->others != 0)
        log_event(LOG_WARN, "map.drift", LOG_CSTR("path", "other"),
            LOG_INT("count", (int64_t)drift->others));
    memset(drift->lines, 0, DRIFT_LINES_MAX * sizeof *drift->lines);
    drift->count = 0;
    drift->others = 0;
}
