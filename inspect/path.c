/*
 * A path is brought into one plain spelling, once with its dot segments taken
 * as steps and once as names: servers do either.
 */
#include "inspect/path.h"

#include "base/buf.h"

enum { DECODINGS_MAX = 3 };

/* In place; false: there was nothing to undo. */
static bool undo_percent(struct buf *path)
{
    if (path->n == 0)
        return false; /* it may have no memory to point into */
    struct str from = buf_str(path);
    char *to = buf_bytes(path);
    size_t n = 0;
    for (size_t i = 0; i < from.n; i++) {
        bool is_coded = from.p[i] == '%' && i + 2 < from.n &&
                        str_hex_value(from.p[i + 1]) >= 0 &&
                        str_hex_value(from.p[i + 2]) >= 0;
        to[n++] = !is_coded ? from.p[i]
                            : (char)(str_hex_value(from.p[i + 1]) * 16 +
                                     str_hex_value(from.p[i + 2]));
        if (is_coded)
            i += 2;
    }
    bool did = n != from.n;
    buf_truncate(path, n);
    return did;
}

static void drop_last(struct buf *path)
{
    size_t n = path->n;
    while (n > 0 && buf_str(path).p[n - 1] != '/')
        n--;
    buf_truncate(path, n > 0 ? n - 1 : 0);
}

/* "/a/./b;x//c\d" -> "/a/b/c/d". */
static void write_plain(struct str path, bool steps, struct buf *out)
{
    for (size_t at = 0; at < path.n;) {
        size_t end = at;
        while (end < path.n && path.p[end] != '/' && path.p[end] != '\\')
            end++;
        struct str segment = str_sub(path, at, end);
        segment = str_sub(segment, 0, str_find_char(segment, ';'));
        at = end + 1;
        if (segment.n == 0 || str_is(segment, "."))
            continue;
        if (steps && str_is(segment, "..")) {
            drop_last(out);
            continue;
        }
        buf_append_char(out, '/');
        buf_append_str(out, segment);
    }
}

static bool starts_with(struct str path, struct str prefix)
{
    return str_eq_nocase(str_sub(path, 0, prefix.n), prefix) &&
           (path.n == prefix.n || path.p[prefix.n] == '/');
}

bool path_is_below(struct str path, struct str prefix)
{
    struct buf decoded = {0}, plain = {0};
    bool is_below = false;
    buf_append_str(&decoded, path);
    for (int i = 0; i < DECODINGS_MAX && undo_percent(&decoded); i++)
        ;
    for (int steps = 0; steps < 2 && !is_below; steps++) {
        buf_clear(&plain);
        write_plain(buf_str(&decoded), steps != 0, &plain);
        is_below = starts_with(buf_str(&plain), prefix);
    }
    buf_free(&decoded);
    buf_free(&plain);
    return is_below;
}

/* ".", "%2e": 1; "..", ".%2E": 2; anything else: 0. */
static size_t count_dots(struct str segment)
{
    size_t dots = 0;
    while (segment.n != 0) {
        bool is_coded = str_starts_nocase(segment, "%2e");
        if (!is_coded && segment.p[0] != '.')
            return 0;
        segment = str_sub(segment, is_coded ? 3 : 1, segment.n);
        dots++;
    }
    return dots <= 2 ? dots : 0;
}

struct str path_walk(struct arena *arena, struct str path)
{
    struct buf out = {0};
    struct str segment;
    path = str_sub(path, str_starts(path, "/"), path.n);
    while (str_split(&path, '/', &segment)) {
        size_t dots = count_dots(segment);
        if (dots == 2)
            drop_last(&out);
        if (dots == 0) {
            buf_append_char(&out, '/');
            buf_append_str(&out, segment);
        }
    }
    struct str walked = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return walked.n != 0 ? walked : STR("/");
}
