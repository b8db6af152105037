/* inspect/answer.h: streams into answers, in all cuts. */
#include "inspect/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "cuts.h"

/* The answers as lines, ids left out. */
static void read_through(
    struct answer *a, struct str text, unsigned way, struct buf *out)
{
    struct activity *all[ANSWERS_MAX];
    struct str piece;
    for (struct cuts c = cuts_begin(text, way); cuts_next(&c, &piece);)
        answer_feed(a, piece);
    answer_finish(a, true);
    size_t n = answer_take(a, all);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%.*s %.*s<%.*s %.*s [%.*s] (%.*s) %d",
            STR_ARG(all[i]->name), STR_ARG(all[i]->message_id),
            STR_ARG(all[i]->parent_message_id), STR_ARG(all[i]->model),
            STR_ARG(buf_str(&all[i]->content)),
            STR_ARG(buf_str(&all[i]->hidden)), all[i]->complete);
        for (size_t j = 0; j < all[i]->file_count; j++)
            buf_printf(out, " %.*s:%.*s", STR_ARG(all[i]->files[j].id),
                STR_ARG(all[i]->files[j].name));
        if (all[i]->failure.n != 0)
            buf_printf(out, " !%.*s", STR_ARG(all[i]->failure));
        buf_append_char(out, ';');
        activity_free(&all[i]);
    }
    answer_free(&a);
}

static void read_answers(enum answer_codec codec, bool is_sse, struct str text,
    unsigned way, struct buf *out)
{
    read_through(answer_new(codec, is_sse), text, way, out);
}

static void check(enum answer_codec codec, bool is_sse, const char *text,
    const char *expected)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        read_answers(codec, is_sse, str_of(text), way, &out);
        assert_string_equal(buf_cstr(&out), expected);
        buf_free(&out);
    }
}

#define MESSAGE(id, role, more, content)                                       \
    "data: {\"message\":{\"id\":\"" id "\",\"author\":{\"role\":\"" role       \
    "\"}" more ",\"content\":" content "},\"conversation_id\":\"c\"}\n\n"
#define TEXT(text) "{\"content_type\":\"text\",\"parts\":[\"" text "\"]}"
#define DONE "data: [DONE]\n\n"

static void legacy_takes_the_last_whole_text(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        MESSAGE("m", "assistant", "", TEXT("Bon"))
            MESSAGE("m", "assistant", "", TEXT("Bonjour")) DONE,
        "response.generated m<  [Bonjour] () 1;");
}

static void what_was_replaced_is_hidden(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        MESSAGE("m", "assistant", "", TEXT("Secret"))
            MESSAGE("m", "assistant", "", TEXT("Sorry")) DONE,
        "response.generated m<  [Sorry] (Secret) 1;");
}

static void only_what_is_shown_is_content(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        MESSAGE("u", "user", "", TEXT("the prompt"))
            MESSAGE("t", "assistant", "",
                "{\"content_type\":\"thoughts\",\"thoughts\":[{\"summary\":"
                "\"S\",\"content\":\"C\"}]}")
                MESSAGE("x", "assistant", ",\"recipient\":\"python\"",
                    "{\"content_type\":\"code\",\"text\":\"1+1\"}")
                    MESSAGE("y", "tool", "",
                        "{\"content_type\":\"execution_output\",\"text\":"
                        "\"2\"}") MESSAGE("z", "assistant",
                        ",\"channel\":\"commentary\"", TEXT("hm"))
                        MESSAGE("m", "assistant",
                            ",\"recipient\":\"all\",\"channel\":\"final\","
                            "\"metadata\":{\"parent_id\":\"y\","
                            "\"model_slug\":\"g\",\"search_model_queries\":"
                            "{\"queries\":[\"q1\"]}}",
                            TEXT("Two")) DONE,
        "response.generated m<y g [Two] (S\nC\n1+1\n2\nhm\nq1) 1;");
}

static void variants_are_answers_of_their_own(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        MESSAGE("m", "assistant", ",\"metadata\":{\"parent_id\":\"u\"}",
            TEXT("A")) MESSAGE("n", "assistant",
            ",\"metadata\":{\"parent_id\":\"u\"}", TEXT("B")) DONE,
        "response.generated m<u  [A] () 1;response.generated n<u  [B] () 1;");
}

static void files_that_are_offered_are_named(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        MESSAGE("i", "tool", "",
            "{\"content_type\":\"multimodal_text\",\"parts\":[{"
            "\"content_type\":\"image_asset_pointer\",\"asset_pointer\":"
            "\"sediment://file_1?x\",\"metadata\":{\"dalle\":{\"prompt\":"
            "\"a cat\"}}}]}") MESSAGE("m", "assistant", "",
            TEXT("[x](sandbox:/mnt/data/a%20b.csv)")) DONE,
        "response_with_file.generated m<  [[x](sandbox:/mnt/data/a%20b.csv)] "
        "(a cat) 1 file_1: :a b.csv;");
}

static void a_hand_off_is_no_answer(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        "event: delta_encoding\ndata: \"v1\"\n\ndata: {\"type\":"
        "\"stream_handoff\",\"conversation_id\":\"c\"}\n\n" DONE,
        "");
    check(ANSWER_CHATGPT, false, "{\"wss_url\":\"wss://x\"}", "");
}

static void an_unknown_encoding_is_kept_raw_and_marked(void **state)
{
    (void)state;
    check(ANSWER_CHATGPT, true,
        "event: delta_encoding\ndata: \"v7\"\n\n" MESSAGE(
            "m", "assistant", "", TEXT("A")) "data: {broken\n\n" DONE,
        "response.generated m<  [A] ({broken) 1 !parse;");
}

static void chat_choices_are_answers_of_their_own(void **state)
{
    (void)state;
    check(ANSWER_OPENAI_CHAT, true,
        "data: {\"id\":\"x\",\"model\":\"g\",\"choices\":[{\"index\":0,"
        "\"delta\":{\"content\":\"A\"}},{\"index\":1,\"delta\":{\"content\":"
        "\"B\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":"
        "\"a\",\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
        "\"{}\"}}]}}]}\n\n",
        "response.generated x< g [Aa] ({}) 0;"
        "response.generated x< g [B] () 0;");
    check(ANSWER_OPENAI_CHAT, false,
        "{\"id\":\"x\",\"choices\":[{\"message\":{\"content\":\"A\"}}]}",
        "response.generated x<  [A] () 1;");
    check(ANSWER_OPENAI_CHAT, false, "{\"error\":{}}", "");
}

static void responses_say_their_text_once(void **state)
{
    (void)state;
    check(ANSWER_OPENAI_RESPONSES, true,
        "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\","
        "\"content_index\":0,\"delta\":\"He\"}\n\n"
        "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\","
        "\"content_index\":0,\"delta\":\"llo\"}\n\n"
        "data: {\"type\":\"response.output_text.done\",\"item_id\":\"i\","
        "\"content_index\":0,\"text\":\"Hello\"}\n\n"
        "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":"
        "\"message\",\"id\":\"i\",\"content\":[{\"text\":\"Hello\"}]}}\n\n"
        "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\","
        "\"model\":\"g\",\"output\":[{\"type\":\"message\",\"id\":\"i\","
        "\"content\":[{\"text\":\"Hello\"}]}]}}\n\n",
        "response.generated r< g [Hello] () 1;");
    check(ANSWER_OPENAI_RESPONSES, true,
        "data: {\"type\":\"response.function_call_arguments.delta\","
        "\"item_id\":\"f\",\"delta\":\"{}\"}\n\n",
        "response.generated <  [] ({}) 0;");
}

static void responses_to_come_are_no_answers(void **state)
{
    (void)state;
    check(ANSWER_OPENAI_RESPONSES, false,
        "{\"id\":\"r\",\"status\":\"queued\",\"output\":[]}", "");
    check(ANSWER_OPENAI_RESPONSES, false,
        "{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}", "");
    struct answer *a = answer_new(ANSWER_OPENAI_RESPONSES, false);
    answer_feed(a, STR("{\"id\":\"r\",\"status\":\"queued\",\"output\":[]}"));
    answer_finish(a, true);
    assert_true(str_is(answer_queued_id(a), "r"));
    answer_free(&a);
}

#define ITEM(members)                                                          \
    "{\"id\":\"r\",\"status\":\"completed\",\"output\":[{\"id\":"              \
    "\"i\"," members "}]}"

static void items_of_a_response_keep_their_words(void **state)
{
    (void)state;
    check(ANSWER_OPENAI_RESPONSES, false,
        ITEM("\"type\":\"reasoning\",\"summary\":[{\"text\":\"s\"}],"
             "\"content\":[{\"text\":\"c\"}],\"encrypted_content\":\"x\""),
        "response.generated r<  [] (s\nc) 1;");
    check(ANSWER_OPENAI_RESPONSES, false,
        ITEM("\"type\":\"shell_call\",\"action\":{\"type\":\"exec\","
             "\"commands\":[\"ls\",\"pwd\"]}"),
        "response.generated r<  [] (ls\npwd) 1;");
    check(ANSWER_OPENAI_RESPONSES, false,
        ITEM("\"type\":\"web_search_call\",\"action\":{\"query\":\"q\","
             "\"sources\":[{\"url\":\"https://x\"}]}"),
        "response.generated r<  [] (q) 1;");
}

#define LINE(members) "{\"version\":1," members "}\n"
#define PIECE(id, revision, mode, status, text)                                \
    LINE("\"type\":\"content\",\"messageId\":\"" id                            \
         "\",\"revision\":" revision ",\"mode\":\"" mode                       \
         "\",\"status\":\"" status "\",\"markdown\":\"" text                   \
         "\",\"dil\":{\"fallbackMarkdown\":\"" text "\"}")

static void lines_of_the_light_app_set_and_extend(void **state)
{
    (void)state;
    check(ANSWER_MWEB, false,
        PIECE("m", "1", "replace", "streaming", "A") PIECE("n", "1", "replace",
            "complete", "N") PIECE("m", "2", "append", "streaming", "b")
            PIECE("m", "2", "append", "streaming", "b"),
        "response.generated m<  [Ab] () 0;response.generated n<  [N] () 1;");
    check(ANSWER_MWEB, true,
        PIECE("m", "1", "replace", "streaming", "A")
            PIECE("m", "2", "replace", "complete", "C")
                LINE("\"type\":\"control\",\"detail\":{\"kind\":\"failed\"}")
                    LINE("\"type\":\"end\""),
        "response.generated m<  [C] (A) 0;");
    check(ANSWER_MWEB, false,
        "{broken\n" PIECE("m", "1", "replace", "complete", "A"),
        "response.generated m<  [A] () 1 !parse;");
    check(ANSWER_MWEB, false, LINE("\"type\":\"end\""), "");
}

#define REGION(name, mode, inner)                                              \
    "<template data-web-mobile-dpu-frame=\"1\"><template "                     \
    "for=\"assistant-x-" name "\" data-web-mobile-dpu-apply=\"" mode           \
    "\">" inner "</template></template>"
#define BLOCK(index, text)                                                     \
    "<p data-assistant-stream-block=\"\" "                                     \
    "data-assistant-stream-block-index=\"" index "\">" text "</p>"

static void templates_of_the_light_app_count_committed_text_once(void **state)
{
    (void)state;
    check(ANSWER_MWEB, false,
        REGION("pending", "replace", BLOCK("0", "A &amp; <?m x?>b")) REGION(
            "pending-tail", "append", "c")
            REGION("committed-tail", "append", BLOCK("0", "A &amp; bc")) REGION(
                "committed-block-0", "replace", BLOCK("0", "A &amp; bcd"))
                REGION("pending", "replace", BLOCK("1", "&#x45;"))
                    REGION("reasoning", "replace", "Thinking"),
        "response.generated <  [A & bcd\nE] () 0;");
    check(ANSWER_MWEB, false,
        REGION("committed-tail", "append",
            BLOCK("1", "2 < 3<br>x") BLOCK("0", "<b>one</b>")) REGION("strange",
            "append", "beside") "<span data-conversation-control='complete' "
                                "data-message-id=m></span><!-- <p>no</p> -->"
                                "<script>if (a<b) '</p>'</script>",
        "response.generated m<  [one\n2 < 3\nx] (beside) 1;");
    check(ANSWER_MWEB, false, "<p>a page</p>", "");
}

#define NODE(id, parent, role, text)                                           \
    "\"" id "\":{\"parent\":\"" parent                                         \
    "\",\"message\":{\"author\":{\"role\":\"" role                             \
    "\"},\"content\":{\"content_type\":\"text\",\"parts\":[\"" text            \
    "\"]},\"metadata\":{\"attachments\":[{\"id\":\"f" id "\"}]}}}"

static void a_conversation_is_read_along_the_branch_that_is_shown(void **state)
{
    (void)state;
    check(ANSWER_TREE, false,
        "{\"current_node\":\"c\",\"mapping\":{" NODE("c", "b", "assistant",
            "C") "," NODE("a", "r", "user", "A") "," NODE("b", "a", "tool",
            "B") "," NODE("x", "a", "assistant", "X") "}}",
        "conversation.viewed <  [A\nC] (B) 0 fa: fb: fc:;");
    check(ANSWER_TREE, false, "{\"mapping\":{" NODE("a", "a", "user", "A") "}}",
        "conversation.viewed <  [A] () 0 fa:;");
    check(ANSWER_TREE, false,
        "{\"current_node\":\"a\",\"mapping\":{" NODE(
            "a", "a", "user", "A") "}}",
        "conversation.viewed <  [A] () 0 fa: !limit;");
    check(ANSWER_TREE, false, "{\"mapping\":{},\"current_node\":7}",
        "conversation.viewed <  [] () 0;");
    check(ANSWER_TREE, false,
        "{\"mapping\":", "conversation.viewed <  [] () 0 !parse;");
    check(ANSWER_TREE, false, "{\"detail\":\"no\"}", "");
}

static void an_error_of_the_light_app_is_no_answer(void **state)
{
    (void)state;
    check(ANSWER_MWEB, false, "[1]", "");
    check(ANSWER_MWEB, false, "", "");
}

/* ---- answers that a map describes ---- */

static void check_mapped(
    const char *answer, bool is_sse, const char *text, const char *expected)
{
    struct buf yaml = {0};
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct route_match match;
    buf_printf(&yaml,
        "service: s\nhosts: [s.test]\nroutes:\n  - path: /a\n"
        "    activity: prompt.created\n    answer: %s\n",
        answer);
    bundle_add(&bundle, BUNDLE_SERVICE, STR("m.yaml"), buf_str(&yaml));
    struct service_set *set = service_set_load(&bundle, &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    struct route_query query = {
        .host = STR("s.test"), .method = STR("POST"), .path = STR("/a")};
    service_find_route(set, &query, &match);
    assert_int_equal(match.route->answer, ANSWER_MAP);
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        read_through(answer_new_mapped(&match.route->answer_map, is_sse),
            str_of(text), way, &out);
        assert_string_equal(buf_cstr(&out), expected);
        buf_free(&out);
    }
    service_set_free(&set);
    diag_free(&diag);
    bundle_free(&bundle);
    buf_free(&yaml);
}

static void a_map_tells_where_pieces_and_parts_are(void **state)
{
    (void)state;
    static const char map[] =
        "{text: [d.t], hidden: [d.h], part: i, ids: {message_id: id, model: m},"
        " end: {when: type, is: stop}}";
    check_mapped(map, true,
        "data: {\"id\":\"x\",\"m\":\"mo\"}\n\n"
        "data: {\"i\":0,\"d\":{\"t\":\"a\"}}\n\n"
        "data: {\"i\":0,\"d\":{\"h\":\"s\"}}\n\n"
        "data: {\"i\":1,\"d\":{\"t\":\"c\"}}\n\n"
        "data: {\"i\":0,\"d\":{\"t\":\"b\"}}\n\n"
        "data: {\"type\":\"stop\"}\n\n",
        "response.generated x< mo [ab\nc] (s) 1;");
    check_mapped(map, true, "data: {\"d\":{\"t\":\"a\"}}\n\n",
        "response.generated <  [a] () 0;");
    check_mapped(map, true, "data: {\"error\":\"no\"}\n\n", "");
    check_mapped(map, true, "data: {\"d\":{\"t\":\"a\"}}\n\ndata: {\"d\n\n",
        "response.generated <  [a] () 0 !parse;");
}

static void a_map_may_say_that_events_repeat_the_text(void **state)
{
    (void)state;
    check_mapped("{text: t, pieces: replace}", true,
        "data: {\"t\":\"a\"}\n\ndata: {\"t\":\"ab\"}\n\n",
        "response.generated <  [ab] () 1;");
}

static void a_map_reads_one_body_and_json_lines(void **state)
{
    (void)state;
    check_mapped("{text: 'c[].t'}", false,
        "{\"c\":[{\"t\":\"a\"},{\"x\":1},{\"t\":\"b\"}]}",
        "response.generated <  [a\nb] () 1;");
    check_mapped("{text: 'c[-1].t'}", false,
        "{\"c\":[{\"t\":\"a\"},{\"t\":\"b\"}]}",
        "response.generated <  [b] () 1;");
    check_mapped("{text: m.content, end: {when: done, is: 'true'}}", false,
        "{\"m\":{\"content\":\"a\"},\"done\":false}\n"
        "{\"m\":{\"content\":\"b\"},\"done\":true}\n",
        "response.generated <  [ab] () 1;");
    check_mapped("{text: t}", false, "<html>", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_takes_the_last_whole_text),
        cmocka_unit_test(what_was_replaced_is_hidden),
        cmocka_unit_test(only_what_is_shown_is_content),
        cmocka_unit_test(variants_are_answers_of_their_own),
        cmocka_unit_test(files_that_are_offered_are_named),
        cmocka_unit_test(a_hand_off_is_no_answer),
        cmocka_unit_test(an_unknown_encoding_is_kept_raw_and_marked),
        cmocka_unit_test(chat_choices_are_answers_of_their_own),
        cmocka_unit_test(responses_say_their_text_once),
        cmocka_unit_test(responses_to_come_are_no_answers),
        cmocka_unit_test(items_of_a_response_keep_their_words),
        cmocka_unit_test(lines_of_the_light_app_set_and_extend),
        cmocka_unit_test(templates_of_the_light_app_count_committed_text_once),
        cmocka_unit_test(a_conversation_is_read_along_the_branch_that_is_shown),
        cmocka_unit_test(an_error_of_the_light_app_is_no_answer),
        cmocka_unit_test(a_map_tells_where_pieces_and_parts_are),
        cmocka_unit_test(a_map_may_say_that_events_repeat_the_text),
        cmocka_unit_test(a_map_reads_one_body_and_json_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
