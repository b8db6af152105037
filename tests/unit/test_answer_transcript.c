/* inspect/answer_transcript.c: what was said in a recording, out of each shape
 * that a transcription is answered in. */
#include "inspect/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "cuts.h"

static void read_through(
    enum answer_codec codec, struct str body, unsigned way, struct buf *out)
{
    struct answer *a = answer_new(codec, false);
    struct str piece;
    for (struct cuts c = cuts_begin(body, way); cuts_next(&c, &piece);)
        answer_feed(a, piece);
    answer_finish(a, true);
    answer_transcript(a, out);
    answer_free(&a);
}

static void check(const char *body, const char *expected)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        read_through(ANSWER_TRANSCRIPT, str_of(body), way, &out);
        assert_string_equal(buf_cstr(&out), expected);
        buf_free(&out);
    }
}

static void json_has_it_as_text(void **state)
{
    (void)state;
    check("{\"text\": \"Gr\\u00fc\\u00dfe aus Lyon\"}", "Grüße aus Lyon");
    check("  {\"task\":\"translate\",\"text\":\"Hello\",\"segments\":"
          "[{\"id\":0,\"text\":\"Hel\"}]}\n",
        "Hello");
}

static void json_without_a_text_says_nothing(void **state)
{
    (void)state;
    check("{\"error\":{\"message\":\"No sound\"}}", "");
    check("{\"text\":null}", "");
    check("{}", "");
}

static void words_are_themselves(void **state)
{
    (void)state;
    check("Hello from Lyon\n", "Hello from Lyon");
    check("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
        "WEBVTT\n\n00:00.000 --> 00:01.000\nHello");
    check("", "");
    check("[laughs] hello", "[laughs] hello"); /* no JSON */
}

#define DELTA(text)                                                            \
    "data: {\"type\":\"transcript.text.delta\",\"delta\":\"" text "\"}\n\n"
#define WHOLE(text)                                                            \
    "data: {\"type\":\"transcript.text.done\",\"text\":\"" text "\"}\n\n"

static void whole_at_the_end_of_a_stream_counts(void **state)
{
    (void)state;
    check(DELTA("Good ") DELTA("mornin") WHOLE("Good morning"), "Good morning");
    check("event: transcript.text.done\n" WHOLE("Hi"), "Hi");
    check(": warm\n\n" WHOLE("Hi"), "Hi");
}

static void stream_that_broke_off_leaves_its_pieces(void **state)
{
    (void)state;
    check(DELTA("Good ") DELTA("morn"), "Good morn");
    check(DELTA("Good ") "data: {\"type\":\"transcript.te", "Good ");
}

static void two_recordings_of_one_stream_are_lines(void **state)
{
    (void)state;
    check(WHOLE("One") WHOLE("Two"), "One\nTwo");
}

static void damaged_events_are_left_out(void **state)
{
    (void)state;
    check("data: {not json}\n\n" DELTA("Yes") "data: [DONE]\n\n", "Yes");
    check("data: 7\n\ndata: {\"type\":\"other\",\"delta\":\"No\"}\n\n", "");
}

static void other_answers_have_none(void **state)
{
    struct buf out = {0};
    (void)state;
    read_through(ANSWER_OPENAI_CHAT, STR("{\"text\":\"Hello\"}"), 0, &out);
    assert_int_equal(out.n, 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_it_as_text),
        cmocka_unit_test(json_without_a_text_says_nothing),
        cmocka_unit_test(words_are_themselves),
        cmocka_unit_test(whole_at_the_end_of_a_stream_counts),
        cmocka_unit_test(stream_that_broke_off_leaves_its_pieces),
        cmocka_unit_test(two_recordings_of_one_stream_are_lines),
        cmocka_unit_test(damaged_events_are_left_out),
        cmocka_unit_test(other_answers_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
