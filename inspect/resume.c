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
    EVENTS_MAX = 1 << 30,
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
    if (a->event_count == RESUME_EVENTS_MAX) { /* the last ones count */
        size_t half = RESUME_EVENTS_MAX / 2;
        a->event_count -= half;
        a->events_before += (int64_t)half;
        memmove(a->events, a->events + half, half * sizeof *a->events);
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
    for (size_t i = from; i < a->event_count; i++)
        buf_printf(out, "%08x", (unsigned)a->events[i]);
    buf_append_char(out, '"');
}

static void write_text(struct buf *out, const char *key, struct str text)
{
    buf_printf(out, ",\"%s\":", key);
    jsonw_append_quoted(out, text);
}

static const char *word(bool is_true)
{
    return is_true ? "true" : "false";
}

void resume_write(const struct answer *a, struct buf *out)
{
    if (a->codec == ANSWER_OPENAI_RESPONSES) {
        openai_resume_write(a, out);
        return;
    }
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
    write_text(out, "rest", buf_str(&a->rest));
    buf_printf(out,
        ",\"is_delta\":%s,\"is_broken\":%s,\"has_unknown\":%s,"
        "\"is_over_limit\":%s,\"has_encoding\":%s,\"delta\":",
        word(a->is_delta), word(a->is_broken), word(a->has_unknown),
        word(a->is_over_limit), word(a->has_encoding));
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
    answer_join(a, &a->extra_hidden, json_get_text(root, "hidden"));
    answer_join(a, &a->rest, json_get_text(root, "rest"));
    a->is_delta = json_is_true(json_get(root, "is_delta"));
    a->is_broken = json_is_true(json_get(root, "is_broken"));
    a->has_unknown = json_is_true(json_get(root, "has_unknown"));
    a->has_encoding = json_is_true(json_get(root, "has_encoding"));
    if (json_is_true(json_get(root, "is_over_limit")))
        a->is_over_limit = true;
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
        past->events > EVENTS_MAX || hex.n > (size_t)HASHES_KEPT * HEX_DIGITS ||
        hex.n % HEX_DIGITS != 0)
        return false;
    past->count = hex.n / HEX_DIGITS;
    if (past->events < (int64_t)past->count)
        return false;
    for (size_t i = 0; i < past->count; i++)
        if (!read_hex(str_sub(hex, i * HEX_DIGITS, (i + 1) * HEX_DIGITS),
                &past->hashes[i]))
            return false;
    return true;
}

/* The first n of the new ones are the last n of the old ones, as far as those
 * are known. */
static bool is_overlap(
    const struct past *past, const struct answer *fresh, int64_t n)
{
    if (n <= 0 || n > past->events || (size_t)n > fresh->event_count)
        return false;
    size_t known = (size_t)n < past->count ? (size_t)n : past->count;
    return known != 0 && memcmp(past->hashes + past->count - known,
                             fresh->events + (size_t)n - known,
                             known * sizeof *fresh->events) == 0;
}

/* How many came twice; -1: nobody can tell.  expected: by the client's count,
 * or -1. */
static int64_t find_overlap(
    const struct past *past, const struct answer *fresh, int64_t expected)
{
    const int64_t near[] = {past->events, expected, expected + 1, expected - 1};
    for (size_t i = 0; i < (expected > 0 ? ARRAY_LEN(near) : 1); i++)
        if (is_overlap(past, fresh, near[i]))
            return near[i];
    if (expected == 0)
        return 0;
    for (int64_t n = past->events; n >= SURE_OVERLAP; n--)
        if (is_overlap(past, fresh, n))
            return n;
    return -1;
}

/* ---- joining ------------------------------------------------------------- */

struct answer *resume_decode(struct str raw, bool is_complete)
{
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    answer_feed(a, raw);
    answer_finish(a, is_complete);
    return a;
}

static size_t count_shared(const struct answer *fresh, const struct answer *old)
{
    size_t n = 0;
    for (size_t i = 0; i < old->delta.count; i++)
        n += delta_has_message(&fresh->delta, &old->delta.messages[i]);
    return n;
}

/* The name of the encoding counts where it is not said again. */
static int64_t expect(const struct past *past, const struct answer *joined,
    const struct answer *fresh, int64_t offset)
{
    bool is_counted = joined->has_encoding && !fresh->has_encoding;
    int64_t expected = past->events - offset + is_counted;
    if (offset < 0)
        return -1;
    return expected > 0 ? expected : 0; /* some of it nobody saw */
}

static struct str parent_of(const struct message *m)
{
    return doc_get_text(
        doc_get(doc_get(m->doc, "message"), "metadata"), "parent_id");
}

/* The parent of the first message that says one. */
static struct str root_of(const struct answer *a)
{
    struct str root = STR_NONE;
    for (size_t i = 0; i < a->delta.count && root.n == 0; i++)
        root = parent_of(&a->delta.messages[i]);
    return root;
}

/* It begins under a message that was none of the kept ones, nor theirs: the
 * answer to another prompt.  Or both say their turns. */
static bool is_other_turn(
    const struct answer *joined, const struct answer *fresh, size_t shared)
{
    struct str old = root_of(joined), new = root_of(fresh);
    if (shared != 0)
        return false;
    if (joined->turn_id.n != 0 && fresh->turn_id.n != 0 &&
        !str_eq(joined->turn_id, fresh->turn_id))
        return true;
    return old.n != 0 && new.n != 0 && !str_eq(old, new) &&
           !delta_has_id(&joined->delta, new) &&
           !delta_has_id(&fresh->delta, new);
}

/* It is whole by itself: what was kept is not needed. */
static bool is_anew(const struct past *past, const struct answer *joined,
    size_t shared, int64_t offset, int64_t overlap)
{
    if (offset == 0)
        return past->events != 0;
    return offset < 0 && overlap < 0 && shared != 0 &&
           shared == joined->delta.count;
}

static void go_on(
    struct answer *joined, const struct past *past, int64_t overlap)
{
    /* Those that are left out count: the state may be kept once more. */
    joined->events = mem_calloc(past->count + 1, sizeof *joined->events);
    memcpy(joined->events, past->hashes, past->count * sizeof *past->hashes);
    joined->event_count = joined->event_cap = past->count;
    joined->events_before = past->events - (int64_t)past->count;
    joined->delta.is_again = overlap < 0 && joined->delta.count != 0;
    joined->skip_events = overlap > 0 ? (size_t)overlap : 0;
}

struct answer *resume_join(struct str kept, struct str raw, int64_t offset,
    bool is_complete, bool *is_same_out)
{
    struct arena scratch = {0};
    struct json_node *root;
    struct past *past = MEM_NEW(struct past);
    struct answer *joined = NULL, *fresh = NULL;
    *is_same_out = false;
    if (json_parse(kept, &scratch, NULL, &root) != OK)
        goto out;
    if (json_get(root, "parts") != NULL) {
        joined = openai_resume_join(root, raw, is_complete, is_same_out);
        goto out;
    }
    if (read_past(root, past))
        joined = restore(root);
    if (joined == NULL)
        goto out;
    fresh = resume_decode(raw, true);
    size_t shared = count_shared(fresh, joined);
    int64_t overlap =
        find_overlap(past, fresh, expect(past, joined, fresh, offset));
    *is_same_out = overlap > 0 || !is_other_turn(joined, fresh, shared);
    if (!*is_same_out) {
        answer_free(&joined);
        goto out;
    }
    if (is_anew(past, joined, shared, offset, overlap)) {
        *is_same_out = shared != 0 || overlap > 0;
        answer_free(&joined);
        goto out;
    }
    go_on(joined, past, overlap);
    answer_feed(joined, raw);
    answer_finish(joined, is_complete);
out:
    answer_free(&fresh);
    arena_free(&scratch);
    mem_free(past);
    return joined;
}
