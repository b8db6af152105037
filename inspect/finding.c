/*
 * What the scanner needs besides the list itself (activity.c): masking, and a
 * list that a flood of weak findings cannot fill against a strong one.
 */
#include "inspect/finding.h"

#include <string.h>

#include "base/utf8.h"

enum { MASK_MAX = 16 };

int finding_rank(const struct finding *f)
{
    return (int)f->confidence * 4 + (int)f->severity;
}

struct finding *findings_add_ranked(
    struct findings *f, enum level confidence, enum level severity)
{
    struct finding *added = findings_add(f);
    struct finding wanted = {.confidence = confidence, .severity = severity};
    if (added != NULL)
        return added;
    if (f->floor >= finding_rank(&wanted))
        return NULL; /* a flood of one kind is turned away at once */
    size_t weakest = 0;
    for (size_t i = 1; i < f->count; i++)
        if (finding_rank(&f->items[i]) < finding_rank(&f->items[weakest]))
            weakest = i;
    f->floor = finding_rank(&f->items[weakest]);
    if (f->floor >= finding_rank(&wanted))
        return NULL;
    f->items[weakest] = (struct finding){0};
    return &f->items[weakest];
}

/* Characters, not bytes, so that nothing is cut inside a sequence. */
static size_t skip_characters(struct str s, size_t count)
{
    size_t at = 0;
    for (; at < s.n && count > 0; count--) {
        size_t n = (unsigned char)s.p[at] < 0x80
                       ? 1
                       : utf8_length(str_sub(s, at, s.n));
        at += n == 0 ? 1 : n;
    }
    return at;
}

static size_t count_characters(struct str s)
{
    size_t at = 0, count = 0;
    for (; at < s.n; count++)
        at += (unsigned char)s.p[at] < 0x80
                  ? 1
                  : skip_characters(str_sub(s, at, s.n), 1);
    return count;
}

struct str finding_mask(struct arena *arena, struct str value, bool is_number)
{
    static const char bullet[] = "\xe2\x80\xa2";
    enum { BULLET = sizeof bullet - 1, SHOWN_MAX = 4 * 4 };
    char out[2 * SHOWN_MAX + MASK_MAX * BULLET];
    size_t length = count_characters(value);
    size_t head = is_number ? (length >= 13 ? 1 : 0) : length >= 12 ? 4 : 0;
    size_t tail = is_number && length >= 9 ? 4 : 0;
    size_t hidden = length - head - tail;
    size_t n = skip_characters(value, head);
    size_t behind = n + skip_characters(str_sub(value, n, value.n), hidden);
    if (value.n == 0)
        return value;
    memcpy(out, value.p, n);
    for (size_t i = 0; i < hidden && i < MASK_MAX; i++, n += BULLET)
        memcpy(out + n, bullet, BULLET);
    memcpy(out + n, value.p + behind, value.n - behind);
    return arena_copy(arena, str_make(out, n + value.n - behind));
}

void findings_add_unreadable(
    struct findings *f, const char *why, struct str where)
{
    struct finding *one = findings_add_ranked(f, LEVEL_HIGH, LEVEL_MEDIUM);
    struct buf sample = {0};
    if (one == NULL)
        return;
    buf_append_str(&sample, str_of(why));
    if (where.n > 0)
        buf_append_str(&sample, STR(": "));
    buf_append_str(&sample, where);
    one->detector = one->type = STR("unreadable-file");
    one->group = STR("document");
    one->confidence = LEVEL_HIGH;
    one->severity = LEVEL_MEDIUM;
    one->where = WHERE_FILE;
    one->count = 1;
    one->sample = arena_copy(&f->arena, buf_str(&sample));
    buf_free(&sample);
}

bool findings_have(
    const struct findings *f, size_t count, const struct finding *one)
{
    for (size_t i = 0; i < count; i++)
        if (f->items[i].value_hash == one->value_hash &&
            f->items[i].where == one->where &&
            str_eq(f->items[i].detector, one->detector))
            return true;
    return false;
}

void findings_join(struct findings *f, const struct findings *more)
{
    size_t before = f->count;
    f->is_incomplete = f->is_incomplete || more->is_incomplete;
    for (size_t i = 0; i < more->count; i++) {
        const struct finding *from = &more->items[i];
        if (findings_have(f, before, from))
            continue;
        struct finding *to =
            findings_add_ranked(f, from->confidence, from->severity);
        if (to == NULL)
            return;
        *to = *from;
        to->sample = arena_copy(&f->arena, from->sample);
        to->detector = arena_copy(&f->arena, from->detector);
        to->type = arena_copy(&f->arena, from->type);
        to->group = arena_copy(&f->arena, from->group);
    }
}

void findings_drop(struct findings *f, enum where where)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].where != where)
            f->items[kept++] = f->items[i];
    f->count = kept;
}
