/* inspect/resume.h: wherever a stream breaks off, the one that goes on with it
 * ends in the answer of the whole one (fact sheet chatgpt-wire §4.6, §4.9). */
#include "inspect/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "inspect/answer_parts.h"

/* ---- streams ------------------------------------------------------------- */

#define ENCODING "event: delta_encoding\ndata: \"v1\"\n\n"
#define DELTA(json) "event: delta\ndata: " json "\n\n"
#define TYPED(json) "data: " json "\n\n"
#define END TYPED("{\"type\":\"message_stream_complete\"}") "data: [DONE]\n\n"
#define MESSAGE(id, role, more, parts)                                         \
    "{\"message\":{\"id\":\"" id "\",\"author\":{\"role\":\"" role             \
    "\"},\"content\":{\"content_type\":\"text\",\"parts\":[" parts             \
    "]},\"metadata\":{\"parent_id\":\"u\"}" more                               \
    "},\"conversation_id\":\"c\"}"
#define OPEN(id, parts, c)                                                     \
    DELTA("{\"p\":\"\",\"o\":\"add\",\"v\":" MESSAGE(                          \
        id, "assistant", "", parts) ",\"c\":" c "}")
#define APPEND(text)                                                           \
    DELTA("{\"p\":\"/message/content/parts/0\",\"o\":\"append\",\"v\":\"" text \
          "\"}")
#define MORE(text) DELTA("{\"v\":\"" text "\"}")

static const char *const streams[] = {
    /* words that come twice in a row are no repetition */
    ENCODING OPEN("m", "\"\"", "0") APPEND("ha") MORE("ha") MORE("ha")
        MORE("ha") MORE("ha") MORE(" 0") MORE("0") MORE("0") MORE("\xc3\xa9")
            MORE("\\u00fc\\n") END,
    /* what others say about it */
    ENCODING TYPED("{\"type\":\"server_ste_metadata\",\"metadata\":{"
                   "\"model_slug\":\"gpt-x\",\"plan_type\":\"team\","
                   "\"turn_exchange_id\":\"t\"},\"conversation_id\":\"c\"}")
        TYPED("{\"type\":\"stream-item-x\",\"text\":\"beside\"}")
            TYPED("{\"type\":\"news\",\"text\":\"nobody knows\"}")
                OPEN("m", "\"\"", "0") APPEND("a") MORE("b")
                    TYPED("{\"type\":\"news\",\"text\":\"more of it\"}")
                        TYPED("{\"type\":\"title_generation\",\"title\":\"T\"}")
                            MORE("c") END,
    /* text that is cut and replaced, patches that are inherited */
    ENCODING OPEN("m", "\"\"", "0") APPEND("The secret") MORE(" is out")
        DELTA("{\"p\":\"/message/content/parts/0\",\"o\":\"truncate\","
              "\"v\":4}") APPEND("weather")
            DELTA("{\"p\":\"/message/content/parts/0\",\"o\":\"replace\","
                  "\"v\":\"The\"}")
                DELTA("{\"p\":\"\",\"o\":\"patch\",\"v\":[{\"p\":\"/message/"
                      "content/parts/0\",\"o\":\"append\",\"v\":\" sun\"},"
                      "{\"p\":\"/message/status\",\"o\":\"replace\",\"v\":"
                      "\"finished_successfully\"}]}") MORE("shine") END,
    /* channels, one opened anew */
    ENCODING OPEN("m", "\"\"", "0") APPEND("one") DELTA(
        "{\"v\":" MESSAGE("n", "tool", "", "\"\"") ",\"c\":3}") APPEND("step")
        DELTA("{\"v\":\" again\"}") DELTA("{\"v\":\" and\",\"c\":0}")
            MORE(" two") OPEN("o", "\"three\"", "0") APPEND(" four")
                DELTA("{\"v\":\" step\",\"c\":3}") END,
    /* an answer's parts without ids */
    ENCODING DELTA("{\"p\":\"/message/content/parts/0\",\"o\":\"add\","
                   "\"v\":\"x\"}") APPEND("y")
        DELTA("{\"p\":\"/message/content/parts/1\",\"o\":\"add\","
              "\"v\":\"z\"}") DELTA("{\"v\":\"zz\",\"c\":1}") END,
    /* what makes no sense */
    ENCODING OPEN("m", "\"\"", "0") APPEND("a")
        DELTA("{\"o\":\"turn\",\"p\":\"/message\",\"v\":\"odd\"}") APPEND("b")
            DELTA("broken {") APPEND("c") END,
    ENCODING OPEN("m", "\"\"", "0") "data: {broken\n\n" APPEND("b") END,
    "event: delta_encoding\ndata: \"v9\"\n\ndata: {x\n\n" TYPED("{}") END,
    /* whole messages */
    TYPED(MESSAGE("m", "assistant", "", "\"Se\""))
        TYPED(MESSAGE("m", "assistant", "", "\"Secret\""))
            TYPED(MESSAGE("m", "assistant", "", "\"Sorry\""))
                TYPED(MESSAGE("n", "assistant", "", "\"Also\""))
                    TYPED(MESSAGE("m", "assistant", "", "\"Sorry!\"")) END,
    /* two answers */
    ENCODING OPEN("m", "\"\"", "0") APPEND("left") OPEN("n", "\"\"", "1")
        APPEND("right") DELTA("{\"v\":\" one\",\"c\":0}") END,
};

/* ---- what comes of them ---- */

static struct answer *begin(struct str text)
{
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    answer_feed(a, text);
    return a;
}

static void tell(struct answer *a, struct buf *out)
{
    struct activity *all[ANSWERS_MAX];
    struct buf rest = {0};
    struct answer_turn turn = answer_turn(a);
    answer_take_rest(a, &rest);
    buf_printf(out, "%.*s %.*s %.*s {%.*s}\n", STR_ARG(turn.id),
        STR_ARG(answer_plan(a)), STR_ARG(answer_conversation_id(a)),
        STR_ARG(buf_str(&rest)));
    size_t n = answer_take(a, all);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%.*s<%.*s %.*s [%.*s] (%.*s) %d %.*s\n",
            STR_ARG(all[i]->message_id), STR_ARG(all[i]->parent_message_id),
            STR_ARG(all[i]->model), STR_ARG(buf_str(&all[i]->content)),
            STR_ARG(buf_str(&all[i]->hidden)), all[i]->complete,
            STR_ARG(all[i]->failure));
        activity_free(&all[i]);
    }
    buf_free(&rest);
}

static void tell_whole(struct str text, struct buf *out)
{
    struct answer *a = begin(text);
    answer_finish(a, true);
    tell(a, out);
    answer_free(&a);
}

static void keep(struct str text, struct buf *kept)
{
    struct answer *a = begin(text);
    answer_finish(a, false);
    buf_clear(kept);
    resume_write(a, kept);
    answer_free(&a);
    assert_int_not_equal(kept->n, 0);
}

/* ---- where streams may break off ---- */

enum { EVENTS_MAX = 64 };

/* Where events begin; their number. */
static size_t find_events(struct str text, size_t at[EVENTS_MAX])
{
    size_t n = 0, from = 0;
    while (from < text.n) {
        assert_true(n < EVENTS_MAX - 1);
        at[n++] = from;
        from += str_find(str_sub(text, from, text.n), STR("\n\n")) + 2;
    }
    at[n] = text.n;
    return n;
}

static bool has_encoding(struct str text)
{
    return str_starts(text, "event: delta_encoding");
}

/* The rest from the event on, with the encoding's name before it or without. */
static void rest_from(
    struct str text, size_t from, bool says_encoding, struct buf *rest)
{
    buf_clear(rest);
    if (says_encoding && from != 0 && has_encoding(text))
        buf_append_str(rest, str_sub(text, 0, str_find(text, STR("\n\n")) + 2));
    buf_append_str(rest, str_sub(text, from, text.n));
}

static void check_join(struct str whole, struct buf *kept, struct buf *rest,
    int64_t offset, size_t cut)
{
    struct buf expected = {0}, got = {0};
    bool is_same = false;
    tell_whole(whole, &expected);
    struct answer *joined =
        resume_join(buf_str(kept), buf_str(rest), offset, true, &is_same);
    assert_non_null(joined);
    assert_true(is_same);
    tell(joined, &got);
    if (!str_eq(buf_str(&got), buf_str(&expected)))
        print_message("cut at %zu, offset %lld:\n%.*s\n", cut,
            (long long)offset, STR_ARG(whole));
    assert_string_equal(buf_cstr(&got), buf_cstr(&expected));
    answer_free(&joined);
    buf_free(&expected);
    buf_free(&got);
}

/* Broken off after `cut` bytes, resumed from the event that the client has
 * not whole; `more` events earlier the server may begin. */
static void check_cut(struct str whole, size_t cut, size_t more)
{
    size_t at[EVENTS_MAX], n = find_events(whole, at), had = 0;
    struct buf kept = {0}, rest = {0};
    while (had + 1 < n && at[had + 1] <= cut)
        had++;
    size_t named = has_encoding(whole);
    if (had <= named + more || had >= n - 1)
        return;
    had -= more;
    keep(str_sub(whole, 0, cut), &kept);
    rest_from(whole, at[had], true, &rest);
    check_join(whole, &kept, &rest, (int64_t)(had - named), cut);
    rest_from(whole, at[had], false, &rest);
    check_join(whole, &kept, &rest, (int64_t)had, cut);
    buf_free(&kept);
    buf_free(&rest);
}

static void a_stream_goes_on_wherever_it_broke_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        for (size_t cut = 1; cut < strlen(streams[i]); cut++)
            check_cut(str_of(streams[i]), cut, 0);
}

static void what_the_client_lost_on_its_way_comes_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        for (size_t more = 1; more < 4; more++)
            for (size_t cut = 1; cut < strlen(streams[i]); cut++)
                check_cut(str_of(streams[i]), cut, more);
}

static void a_stream_breaks_off_as_often_as_it_likes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct str whole = str_of(streams[i]);
        size_t at[EVENTS_MAX], n = find_events(whole, at);
        size_t named = has_encoding(whole);
        struct buf kept = {0}, rest = {0};
        bool is_same;
        keep(str_sub(whole, 0, at[named + 1]), &kept);
        for (size_t had = named + 1; had + 2 < n; had++) {
            rest_from(str_sub(whole, 0, at[had + 1]), at[had], true, &rest);
            struct answer *joined = resume_join(buf_str(&kept), buf_str(&rest),
                (int64_t)(had - named), false, &is_same);
            assert_non_null(joined);
            buf_clear(&kept);
            resume_write(joined, &kept);
            answer_free(&joined);
        }
        rest_from(whole, at[n - 2], true, &rest);
        check_join(whole, &kept, &rest, (int64_t)(n - 2 - named), at[n - 2]);
        buf_free(&kept);
        buf_free(&rest);
    }
}

/* ---- long ones ---- */

static void make_long(size_t events, struct buf *out)
{
    buf_append_str(out, STR(ENCODING OPEN("m", "\"\"", "0") APPEND("a")));
    for (size_t i = 2; i < events; i++)
        buf_printf(out, "event: delta\ndata: {\"v\":\"%zx \"}\n\n", i % 4096);
}

static size_t end_of_event(struct str text, size_t n)
{
    size_t at = 0;
    while (n-- > 0)
        at += str_find(str_sub(text, at, text.n), STR("\n\n")) + 2;
    return at;
}

/* More events come twice than hashes are kept of. */
static void an_overlap_may_be_longer_than_what_is_kept(void **state)
{
    (void)state;
    struct buf text = {0}, kept = {0}, rest = {0};
    make_long(3000, &text);
    buf_append_str(&text, STR(END));
    struct str whole = buf_str(&text);
    static const size_t offsets[] = {1500, 500, 2499};
    keep(str_sub(whole, 0, end_of_event(whole, 1 + 2500)), &kept);
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
        rest_from(whole, end_of_event(whole, 1 + offsets[i]), true, &rest);
        check_join(whole, &kept, &rest, (int64_t)offsets[i], 2500);
        check_join(whole, &kept, &rest, -1 + (int64_t)offsets[i], 2500);
        if (offsets[i] != 2499) /* one event is no proof */
            check_join(whole, &kept, &rest, -1, 2500);
    }
    buf_free(&text);
    buf_free(&kept);
    buf_free(&rest);
}

static void events_are_counted_past_those_told_apart(void **state)
{
    (void)state;
    struct answer *a = answer_new(ANSWER_CHATGPT, true);
    for (size_t i = 0; i < RESUME_EVENTS_MAX + 10; i++)
        resume_note_event(a, STR("x"));
    assert_int_equal(
        a->events_before + (int64_t)a->event_count, RESUME_EVENTS_MAX + 10);
    assert_true(a->event_cap <= RESUME_EVENTS_MAX);
    answer_free(&a);
}

static void what_is_too_long_is_not_kept(void **state)
{
    (void)state;
    struct buf text = {0}, kept = {0};
    buf_append_str(
        &text, STR(ENCODING OPEN("m", "\"\"",
                   "0") "event: delta\ndata: "
                        "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
                        "\"v\":\""));
    for (size_t i = 0; i < RESUME_KEPT_MAX; i++)
        buf_append_char(&text, 'x');
    buf_append_str(&text, STR("\"}\n\n"));
    struct answer *a = begin(buf_str(&text));
    buf_append_str(&kept, STR("before"));
    resume_write(a, &kept);
    assert_string_equal(buf_cstr(&kept), "before");
    answer_free(&a);
    buf_free(&text);
    buf_free(&kept);
}

static void only_streams_go_on(void **state)
{
    (void)state;
    struct answer *body = answer_new(ANSWER_CHATGPT, false),
                  *chat = answer_new(ANSWER_OPENAI_CHAT, true);
    struct buf kept = {0};
    resume_write(body, &kept);
    resume_write(chat, &kept);
    assert_int_equal(kept.n, 0);
    answer_free(&body);
    answer_free(&chat);
}

/* ---- streams of their own ---- */

static void check_alone(
    const char *first, const char *second, int64_t offset, bool is_same_answer)
{
    struct buf kept = {0};
    bool is_same = !is_same_answer;
    keep(str_of(first), &kept);
    assert_null(
        resume_join(buf_str(&kept), str_of(second), offset, true, &is_same));
    assert_int_equal(is_same, is_same_answer);
    buf_free(&kept);
}

static void a_stream_from_the_beginning_needs_nothing(void **state)
{
    (void)state;
    static const char first[] =
        ENCODING OPEN("m", "\"\"", "0") APPEND("a") MORE("b");
    check_alone(
        first, ENCODING OPEN("m", "\"\"", "0") APPEND("abc") END, 0, true);
    check_alone(
        first, ENCODING OPEN("m", "\"\"", "0") APPEND("abc") END, -1, true);
    check_alone(
        first, ENCODING OPEN("n", "\"\"", "0") APPEND("abc") END, 0, false);
}

/* ---- hostile states ---- */

static bool is_taken(struct str kept)
{
    bool is_same;
    struct answer *joined =
        resume_join(kept, STR(MORE("x")), 3, true, &is_same);
    bool was = joined != NULL;
    assert_int_equal(is_same, was);
    answer_free(&joined);
    return was;
}

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct buf kept = {0};
        size_t at[EVENTS_MAX], n = find_events(str_of(streams[i]), at);
        keep(str_sub(str_of(streams[i]), 0, at[n - 2]), &kept);
        assert_true(is_taken(buf_str(&kept)));
        for (size_t cut = 0; cut < kept.n; cut++)
            assert_false(is_taken(str_sub(buf_str(&kept), 0, cut)));
        buf_free(&kept);
    }
}

#define STATE(events, hashes, delta)                                           \
    "{\"events\":" events ",\"hashes\":\"" hashes "\",\"delta\":" delta "}"
#define MESSAGES(list) "{\"channel\":0,\"messages\":[" list "]}"

static void what_nobody_wrote_is_refused(void **state)
{
    (void)state;
    static const char *const states[] = {"", "[]", "null", "{}",
        STATE("1", "0000000", MESSAGES("")),
        STATE("1", "0000000g", MESSAGES("")),
        STATE("1", "0000000\\u0000", MESSAGES("")),
        STATE("1", "0000000000000000", MESSAGES("")),
        STATE("-1", "", MESSAGES("")),
        STATE("9223372036854775807", "", MESSAGES("")),
        STATE("\"1\"", "", MESSAGES("")), STATE("1", "", "[]"),
        STATE("1", "", "null"), STATE("1", "", "{\"channel\":0}"),
        STATE("1", "", "{\"channel\":-1,\"messages\":[]}"),
        STATE("1", "", "{\"channel\":0,\"messages\":{}}"),
        STATE("1", "", MESSAGES("7")), STATE("1", "", MESSAGES("{}")),
        STATE("1", "", MESSAGES("{\"c\":-2,\"v\":{}}")),
        STATE("1", "", MESSAGES("{\"c\":0.5,\"v\":{}}")),
        STATE("1", "", MESSAGES("{\"c\":0,\"v\":[]}")),
        STATE("1", "", MESSAGES("{\"c\":0,\"v\":\"text\"}")),
        STATE("1", "", MESSAGES("{\"c\":0,\"v\":{}},null"))};
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        assert_false(is_taken(str_of(states[i])));
    assert_true(is_taken(
        STR(STATE("3", "00000000ffffffff", MESSAGES("{\"c\":0,\"v\":{}}")))));
}

static void too_many_messages_are_refused(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buf kept = {0};
        buf_append_str(&kept, STR("{\"events\":1,\"hashes\":\"\",\"delta\":"
                                  "{\"channel\":0,\"messages\":["));
        for (size_t i = 0; i < DELTA_MESSAGES_MAX + more; i++)
            buf_printf(&kept, "%s{\"c\":%zu,\"v\":{}}", i == 0 ? "" : ",", i);
        buf_append_str(&kept, STR("]}}"));
        assert_int_equal(is_taken(buf_str(&kept)), more == 0);
        buf_free(&kept);
    }
}

/* ---- responses of the public API ---- */

#define CREATED                                                                \
    "data: {\"type\":\"response.created\",\"sequence_number\":0,"              \
    "\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5.1\"}}\n\n"
#define PIECE(number, text)                                                    \
    "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":"      \
    "" number ",\"item_id\":\"m\",\"content_index\":0,\"delta\":\"" text       \
    "\"}\n\n"
#define COMPLETED                                                              \
    "data: {\"type\":\"response.completed\",\"sequence_number\":4,"            \
    "\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}}\n\n"

static const char *const RESPONSE[] = {CREATED, PIECE("1", "One, "),
    PIECE("2", "\\\"two\\\", "), PIECE("3", "three"), COMPLETED};

static void feed_events(struct answer *a, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        answer_feed(a, str_of(RESPONSE[i]));
    answer_finish(a, true);
}

static void check_response(struct answer *a)
{
    struct activity *out[ANSWERS_MAX];
    assert_int_equal(answer_take(a, out), 1);
    assert_string_equal(buf_cstr(&out[0]->content), "One, \"two\", three");
    assert_true(str_is(out[0]->message_id, "resp_1"));
    assert_true(str_is(out[0]->model, "gpt-5.1"));
    assert_true(out[0]->complete);
    activity_free(&out[0]);
}

/* Whatever it broke off behind, and whichever event it goes on with. */
static void a_response_goes_on_by_its_numbers(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < ARRAY_LEN(RESPONSE); cut++)
        for (size_t from = 0; from <= cut; from++) {
            struct buf kept = {0}, rest = {0};
            bool is_same = false;
            struct answer *a = answer_new(ANSWER_OPENAI_RESPONSES, true);
            feed_events(a, 0, cut);
            resume_write(a, &kept);
            for (size_t i = from; i < ARRAY_LEN(RESPONSE); i++)
                buf_append_str(&rest, str_of(RESPONSE[i]));
            struct answer *joined =
                resume_join(buf_str(&kept), buf_str(&rest), -1, true, &is_same);
            assert_non_null(joined);
            assert_true(is_same);
            check_response(joined);
            answer_free(&joined);
            answer_free(&a);
            buf_free(&kept);
            buf_free(&rest);
        }
}

#define KEPT_RESPONSE                                                          \
    "{\"message\":\"resp_1\",\"next\":2,\"parts\":[{\"key\":\"m 0 "            \
    "text\",\"hidden\":false,\"text\":\"One\"}]}"

static void check_response_alone(const char *raw, bool is_same_response)
{
    bool is_same = !is_same_response;
    assert_null(
        resume_join(STR(KEPT_RESPONSE), str_of(raw), -1, true, &is_same));
    assert_int_equal(is_same, is_same_response);
}

static void a_response_that_comes_whole_needs_nothing(void **state)
{
    (void)state;
    check_response_alone("{\"id\":\"resp_1\",\"status\":\"in_progress\","
                         "\"output\":[]}",
        false);
    check_response_alone("{\"id\":\"resp_1\",\"status\":\"completed\","
                         "\"output\":[]}",
        true);
    check_response_alone(
        "{\"id\":\"resp_2\",\"status\":\"completed\",\"output\":[]}", false);
    check_response_alone("data: {\"type\":\"response.created\","
                         "\"response\":{\"id\":\"resp_1\"}}\n\n",
        true); /* from the first event, without numbers */
}

static void kept_responses_that_nobody_wrote_do_no_harm(void **state)
{
    (void)state;
    static const char *const states[] = {"{\"parts\":7}", "{\"parts\":null}",
        "{\"parts\":[7,null,{}]}", "{\"parts\":[],\"next\":-1}",
        "{\"parts\":[{\"key\":1,\"text\":[]}],\"next\":\"1\"}"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        bool is_same;
        struct answer *joined = resume_join(
            str_of(states[i]), STR(PIECE("3", "three")), -1, true, &is_same);
        answer_free(&joined);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_goes_on_wherever_it_broke_off),
        cmocka_unit_test(what_the_client_lost_on_its_way_comes_twice),
        cmocka_unit_test(a_stream_breaks_off_as_often_as_it_likes),
        cmocka_unit_test(an_overlap_may_be_longer_than_what_is_kept),
        cmocka_unit_test(events_are_counted_past_those_told_apart),
        cmocka_unit_test(what_is_too_long_is_not_kept),
        cmocka_unit_test(only_streams_go_on),
        cmocka_unit_test(a_stream_from_the_beginning_needs_nothing),
        cmocka_unit_test(what_is_not_whole_is_refused),
        cmocka_unit_test(what_nobody_wrote_is_refused),
        cmocka_unit_test(too_many_messages_are_refused),
        cmocka_unit_test(a_response_goes_on_by_its_numbers),
        cmocka_unit_test(a_response_that_comes_whole_needs_nothing),
        cmocka_unit_test(kept_responses_that_nobody_wrote_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
