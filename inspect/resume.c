/*
 * Streams put together: the messages of the first one are made anew by the
 * decoder that read them, and the second one goes on there.
 */
#include "inspect/resume.h"

#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/answer_parts.h"

enum {
    HASHES_KEPT = 1024, /* the last ones */
    SURE_OVERLAP = 4,   /* so many equal events in a row are no chance */
    HEX_DIGITS = 8,
};

/* ---- events ------------------------------------------------------------ */

/* Eight bytes at a time: every event of every answer goes through here. */
static uint32_t hash_of(struct str data)
{
    uint64_t hash = 0x9e3779b97f4a7c15 ^ data.n;
    for (; data.n >= 8; data = str_sub(data, 8, data.n)) {
        uint64_t word;
        memcpy(&word, data.p, sizeof word);
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    for (size_t i = 0; i < data.n; i++)
        hash = (hash ^ (unsigned char)data.p[i]) * 0x100000001b3;
    return (uint32_t)(hash ^ hash >> 32);
}

void resume_note_event(struct answer *a, struct str data)
{
    if (a->event_count == RESUME_EVENTS_MAX) {
        a->has_more_events = true;
        return;
    }
    if (a->event_count == a->event_cap) {
        a->event_cap = a->event_cap == 0 ? 64 : a->event_cap * 2;
        a->events = mem_realloc(a->events, a->event_cap * sizeof *a->events);
    }
    a->events[a->event_count++] = hash_of(data);
}

/* ---- what is kept ------------------------------------------------------ */

static void write_hashes(const struct answer *a, struct buf *out)
{
    size_t from =
        a->event_count > HASHES_KEPT ? a->event_count - HASHES_KEPT : 0;
    buf_printf(out, "{\"events\":%lld,\"hashes\":\"",
        (long long)a->events_before + (long long)a->event_count);
    for (size_t i = from; i < a->event_count && !a->has_more_events; i++)
        buf_printf(out, "%08x", (unsigned)a->events[i]);
    buf_append_char(out, '"');
}

static void write_text(struct buf *out, const char *key, struct str text)
{
    buf_printf(out, ",\"%s\":", key);
    jsonw_append_quoted(out, text);
}

void resume_write(const struct answer *a, struct buf *out)
{
    if (a->codec != ANSWER_CHATGPT || a->sse == NULL ||
        a->delta.is_over_limit || a->delta.budget.used > RESUME_KEPT_MAX * 4)
        return;
    size_t start = out->n;
    write_hashes(a, out);
    write_text(out, "conversation", a->conversation_id);
    write_text(out, "model", a->model);
    write_text(out, "plan", a->plan);
    write_text(out, "turn", a->turn_id);
    write_text(out, "topic", a->topic_id);
    write_text(out, "title", a->title);
    write_text(out, "hidden", buf_str(&a->extra_hidden));
    buf_printf(
        out, ",\"is_delta\":%s,\"delta\":", a->is_delta ? "true" : "false");
    delta_write(&a->delta, out);
    buf_append_char(out, '}');
    if (out->n - start > RESUME_KEPT_MAX)
        buf_truncate(out, start);
}

static struct answer *restore(const struct json_node *root)
{
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    struct {
        const char *key;
        struct str *to;
    } const texts[] = {{"conversation", &a->conversation_id},
        {"model", &a->model}, {"plan", &a->plan}, {"turn", &a->turn_id},
        {"topic", &a->topic_id}, {"title", &a->title}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i].to =
            answer_keep(a, json_get_text(root, texts[i].key), *texts[i].to);
    buf_append_str(&a->extra_hidden, json_get_text(root, "hidden"));
    a->is_delta = json_is_true(json_get(root, "is_delta"));
    if (!delta_read(&a->delta, json_get(root, "delta")))
        answer_free(&a);
    return a;
}

/* ---- what came twice --------------------------------------------------- */

struct past {
    int64_t events;
    uint32_t hashes[HASHES_KEPT]; /* of the last ones */
    size_t count;
};

static bool read_hex(struct str digits, uint32_t *value_out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        const char *hex = "0123456789abcdef", *at = strchr(hex, digits.p[i]);
        if (at == NULL || digits.p[i] == '\0')
            return false;
        value = value << 4 | (uint32_t)(at - hex);
    }
    *value_out = value;
    return true;
}

static bool read_past(const struct json_node *root, struct past *past)
{
    struct str hex = json_get_text(root, "hashes");
    if (json_int(json_get(root, "events"), &past->events) != OK ||
        hex.n > (size_t)HASHES_KEPT * HEX_DIGITS || hex.n % HEX_DIGITS != 0)
        return false;
    past->count = hex.n / HEX_DIGITS;
    for (size_t i = 0; i < past->count; i++)
        if (!read_hex(str_sub(hex, i * HEX_DIGITS, (i + 1) * HEX_DIGITS),
                &past->hashes[i]))
            return false;
    return true;
}

/* The first n of the new ones are the last n of the old ones. */
static bool is_overlap(
    const struct past *past, const struct answer *fresh, size_t n)
{
    return n <= past->count && n <= fresh->event_count &&
           memcmp(past->hashes + past->count - n, fresh->events,
               n * sizeof *fresh->events) == 0;
}

/* Whether an event of the client's count is one of ours is not known for the
 * first one, the name of the encoding: one more or less. */
static bool says_so(const struct past *past, int64_t offset, size_t n)
{
    int64_t expected = past->events - offset;
    return offset >= 0 && (int64_t)n >= expected - 1 &&
           (int64_t)n <= expected + 1;
}

static size_t find_overlap(
    const struct past *past, const struct answer *fresh, int64_t offset)
{
    for (size_t n = past->count; n > 0; n--)
        if ((n >= SURE_OVERLAP || says_so(past, offset, n) ||
                (int64_t)n == past->events) &&
            is_overlap(past, fresh, n))
            return n;
    return 0;
}

/* ---- joining ------------------------------------------------------------- */

static struct answer *decode(struct str raw)
{
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    answer_feed(a, raw);
    answer_finish(a, true);
    return a;
}

static size_t count_shared(const struct answer *fresh, const struct answer *old)
{
    size_t n = 0;
    for (size_t i = 0; i < old->delta.count; i++)
        n += delta_has_message(&fresh->delta, &old->delta.messages[i]);
    return n;
}

static void go_on(struct answer *joined, const struct past *past,
    const struct answer *fresh, int64_t offset)
{
    /* Those that are left out count: the state may be kept once more. */
    joined->events = mem_calloc(past->count + 1, sizeof *joined->events);
    memcpy(joined->events, past->hashes, past->count * sizeof *past->hashes);
    joined->event_count = joined->event_cap = past->count;
    joined->events_before = past->events - (int64_t)past->count;
    joined->skip_events = find_overlap(past, fresh, offset);
}

struct answer *resume_join(struct str kept, struct str raw, int64_t offset,
    bool is_complete, bool *is_same_out)
{
    struct arena scratch = {0};
    struct json_node *root;
    struct past *past = MEM_NEW(struct past);
    struct answer *joined = NULL, *fresh = decode(raw);
    if (json_parse(kept, &scratch, NULL, &root) == OK && read_past(root, past))
        joined = restore(root);
    size_t shared = joined != NULL ? count_shared(fresh, joined) : 0;
    *is_same_out = shared != 0;
    if (joined != NULL && (offset == 0 || shared == joined->delta.count))
        answer_free(&joined); /* from the beginning, once more */
    if (joined != NULL) {
        *is_same_out = true;
        go_on(joined, past, fresh, offset);
        answer_feed(joined, raw);
        answer_finish(joined, is_complete);
    }
    answer_free(&fresh);
    arena_free(&scratch);
    mem_free(past);
    return joined;
}
