/* inspect/resume.h, inspect/delta_keep.c.  The first byte chooses: a kept
 * state and the stream that goes on with it, parted by a zero byte, whatever
 * they are; or a stream, which is cut between two events and told again. */
#include "inspect/resume.h"

#include "base/utf8.h"
#include "inspect/answer_parts.h"
#include "tests/fuzz/same.h"

static struct answer *decode(struct str text)
{
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    answer_feed(a, text);
    answer_finish(a, true);
    return a;
}

/* False: some of it was not understood, and is told in another order. */
static bool describe(struct answer *a, struct buf *out)
{
    bool is_understood = true;
    struct activity *all[ANSWERS_MAX];
    struct buf rest = {0};
    answer_take_rest(a, &rest);
    buf_printf(out, "%.*s {%.*s}\n", STR_ARG(answer_conversation_id(a)),
        STR_ARG(buf_str(&rest)));
    size_t n = answer_take(a, all);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%.*s<%.*s %.*s %d %.*s [", STR_ARG(all[i]->message_id),
            STR_ARG(all[i]->parent_message_id), STR_ARG(all[i]->model),
            all[i]->complete, STR_ARG(all[i]->failure));
        buf_append_str(out, buf_str(&all[i]->content));
        buf_append_str(out, STR("] ("));
        buf_append_str(out, buf_str(&all[i]->hidden));
        buf_append_str(out, STR(")\n"));
        is_understood = is_understood && all[i]->failure.n == 0;
        activity_free(&all[i]);
    }
    is_understood = is_understood && rest.n == 0;
    buf_free(&rest);
    return is_understood;
}

/* Whatever is kept: what comes of it can be kept again, and goes on. */
static void join_anything(struct str input, int64_t offset)
{
    struct buf kept = {0};
    bool is_same;
    size_t at = str_find_char(input, '\0');
    struct answer *joined = resume_join(str_sub(input, 0, at),
        str_sub(input, at + 1, input.n), offset, true, &is_same);
    if (joined != NULL) {
        check(is_same, "what was joined is the same answer");
        resume_write(joined, &kept);
        check(kept.n <= RESUME_KEPT_MAX, "what is kept is bounded");
        answer_free(&joined);
    }
    buf_free(&kept);
}

/* The nth event's end, up to the end of the stream. */
static size_t end_of_event(struct str text, size_t n)
{
    size_t at = 0;
    while (n-- > 0 && at < text.n) {
        at += str_find(str_sub(text, at, text.n), STR("\n\n")) + 2;
        at = at < text.n ? at : text.n;
    }
    return at;
}

/* An event that comes again may be one that was sent twice. */
static bool repeats(const struct answer *first, struct str rest)
{
    struct answer *fresh = decode(rest);
    bool found = false;
    for (size_t i = 0; i < first->event_count && !found; i++)
        for (size_t k = 0; k < fresh->event_count && !found; k++)
            found = first->events[i] == fresh->events[k];
    answer_free(&fresh);
    return found;
}

/* Nor can a cut answer tell what bytes were that are no text (they are kept
 * as U+FFFD); the encoding's name and hand-offs are counted by nobody here. */
static bool is_plain(struct str begin, struct str rest)
{
    return utf8_is_valid(begin) && utf8_is_valid(rest) &&
           str_find(rest, STR("delta_encoding")) == rest.n &&
           str_find(begin, STR("stream_handoff")) == begin.n &&
           str_find(rest, STR("stream_handoff")) == rest.n;
}

/* The client says how many events it has; the same answer comes of it. */
static void join_halves(struct str text, size_t events)
{
    struct buf kept = {0}, whole = {0}, got = {0};
    bool is_same;
    struct str begin = str_sub(text, 0, end_of_event(text, events));
    struct str rest = str_sub(text, begin.n, text.n);
    struct answer *first = decode(begin), *all = decode(text);
    resume_write(first, &kept);
    int64_t had = first->events_before + (int64_t)first->event_count;
    struct answer *joined =
        had == 0 || kept.n == 0 || !is_plain(begin, rest) ||
                repeats(first, rest)
            ? NULL
            : resume_join(buf_str(&kept), rest, had + first->has_encoding, true,
                  &is_same);
    if (joined != NULL) {
        joined->saw_end = joined->saw_end || first->saw_end;
        if (describe(all, &whole) && describe(joined, &got))
            check_same(&whole, &got, "the same answer in two streams");
    }
    answer_free(&joined);
    answer_free(&first);
    answer_free(&all);
    buf_free(&kept);
    buf_free(&whole);
    buf_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str input = str_make((const char *)data + 1, n - 1);
    if (data[0] % 2 == 0)
        join_anything(input, (int64_t)(data[0] / 2) - 1);
    else
        join_halves(input, data[0] / 2);
    return 0;
}
