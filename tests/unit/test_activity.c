/* inspect/activity.h: the contract's JSON. */
#include "inspect/activity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct buf line;

static const char *write(const struct activity *a, enum capture capture)
{
    buf_clear(&line);
    activity_write(a, capture, &line);
    return buf_cstr(&line);
}

static int clean(void **state)
{
    (void)state;
    buf_free(&line);
    return 0;
}

static struct activity *make(const char *text)
{
    struct activity *a = activity_new();
    a->name = STR("prompt.created");
    a->time_ms = 0;
    buf_append_str(&a->content, str_of(text));
    return a;
}

static void find_at(struct activity *a, size_t start, size_t end, uint64_t h)
{
    struct finding *f = findings_add(&a->findings);
    f->detector = STR("d");
    f->where = WHERE_PROMPT;
    f->count = 1;
    f->start = start;
    f->end = end;
    f->value_hash = h;
}

static void absent_is_absent(void **state)
{
    (void)state;
    struct activity *a = make("");
    char expected[300];
    snprintf(expected, sizeof expected,
        "{\"id\":\"%s\",\"time\":\"1970-01-01T00:00:00.000Z\",\"activity\":"
        "\"prompt.created\",\"category\":\"Service Usage\",\"actor\":{},"
        "\"verdict\":\"allow\"}",
        a->id);
    assert_string_equal(write(a, CAPTURE_FULL), expected);
    activity_free(&a);
}

static void samples_have_every_span_masked(void **state)
{
    (void)state;
    struct activity *a = make("a 1234 b 1234 \xc3\xa9");
    find_at(a, 2, 6, 7);
    find_at(a, 9, 13, 7);
    const char *json = write(a, CAPTURE_SAMPLE);
    assert_non_null(strstr(json,
        "\"sample\":\"a \xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2 b "
        "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2 \xc3\xa9\""));
    assert_null(strstr(json, "1234"));
    assert_non_null(strstr(json, "\"count\":2"));
    assert_non_null(strstr(json, "\"start\":2,\"end\":6"));
    activity_free(&a);
}

static void samples_end_at_a_character(void **state)
{
    (void)state;
    char text[301];
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 4);
    struct activity *a = make(text);
    a->content.n -= 1; /* the last one broken */
    const char *json = write(a, CAPTURE_SAMPLE);
    const char *sample = strstr(json, "\"sample\":\"") + 10;
    assert_int_equal(strchr(sample, '"') - sample, 120);
    activity_free(&a);
}

static void without_known_spans_there_is_no_sample(void **state)
{
    (void)state;
    struct activity *a = make("text");
    for (size_t i = 0; i < FINDINGS_MAX; i++)
        find_at(a, 0, 1, i);
    assert_null(findings_add(&a->findings));
    const char *json = write(a, CAPTURE_SAMPLE);
    assert_null(strstr(json, "text\":\"text"));
    assert_null(strstr(json, "\"sample\""));
    assert_non_null(strstr(json, "\"findings_capped\":true"));
    activity_free(&a);
}

static void capture_decides_what_of_the_text_is_kept(void **state)
{
    (void)state;
    struct activity *a = make("shown");
    buf_append_str(&a->hidden, STR("beside"));
    assert_non_null(strstr(write(a, CAPTURE_FULL), "\"content\":\"shown\""));
    assert_non_null(strstr(write(a, CAPTURE_FULL), "\"hidden\":\"beside\""));
    assert_null(strstr(write(a, CAPTURE_SAMPLE), "beside"));
    assert_null(strstr(write(a, CAPTURE_NONE), "shown"));
    assert_non_null(strstr(write(a, CAPTURE_NONE), "\"bytes\":5"));
    activity_free(&a);
}

static void categories_follow_the_contract(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"prompt.created", "Service Usage"},
        {"prompt_with_file.updated", "Data Upload"},
        {"file.uploaded", "Data Upload"},
        {"response_with_file.generated", "Service Usage"},
        {"response_with_file.downloaded", "Data Download"},
        {"conversation.exported", "Data Download"},
        {"conversation.shared", "Data Sharing"},
        {"conversation.deleted", "Data Delete"},
        {"memory.updated", "Data Updates"},
        {"document.edited", "Data Updates"},
        {"conversation.viewed", "Data Access"},
        {"login.failed", "Login Failure"},
        {"api_key.created", "Administration"},
        {"tool.invoked", "Service Usage"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_equal(
            activity_category(str_of(pairs[i][0])), pairs[i][1]);
}

static void one_target_is_target_and_several_are_targets(void **state)
{
    (void)state;
    struct activity *a = make("");
    activity_add_target(a, STR("api_key"), STR_NONE, STR_NONE);
    assert_null(strstr(write(a, CAPTURE_NONE), "target"));
    activity_add_target(a, STR("api_key"), STR("key_1"), STR("ci"));
    assert_non_null(strstr(write(a, CAPTURE_NONE),
        "\"target\":{\"type\":\"api_key\",\"id\":\"key_1\",\"name\":\"ci\"}"));
    activity_add_target(a, STR_NONE, STR("key_2"), STR_NONE);
    assert_non_null(strstr(write(a, CAPTURE_NONE),
        "\"targets\":[{\"type\":\"api_key\",\"id\":\"key_1\",\"name\":\"ci\"},"
        "{\"id\":\"key_2\"}]"));
    activity_free(&a);
}

static void changes_are_told_once_and_in_order(void **state)
{
    (void)state;
    struct activity *a = make("");
    activity_add_change(a, STR("scopes"));
    activity_add_change(a, STR(""));
    activity_add_change(a, STR("name"));
    activity_add_change(a, STR("scopes"));
    assert_non_null(strstr(write(a, CAPTURE_NONE),
        "\"changes\":[\"scopes\",\"name\"],\"verdict\""));
    activity_free(&a);
}

static void details_are_of_four_kinds(void **state)
{
    (void)state;
    struct activity *a = make("");
    struct str scopes[] = {STR("read"), STR("write")};
    activity_add_detail(a, "role", STR("reader"));
    activity_add_detail(a, "absent", STR_NONE);
    activity_add_detail_number(a, "threshold", -5);
    activity_add_detail_bool(a, "enabled", true);
    activity_add_detail_list(a, "scopes", scopes, 2);
    activity_add_detail_item(a, "scopes", STR("admin"));
    activity_add_detail(a, "role", STR("owner"));
    assert_non_null(strstr(write(a, CAPTURE_NONE),
        "\"details\":{\"role\":\"owner\",\"threshold\":-5,\"enabled\":true,"
        "\"scopes\":[\"read\",\"write\",\"admin\"]}"));
    activity_add_detail(a, "scopes", STR("none")); /* of another kind now */
    assert_non_null(strstr(write(a, CAPTURE_NONE), "\"scopes\":\"none\"}"));
    assert_int_equal(activity_detail(a, "threshold")->number, -5);
    assert_null(activity_detail(a, "absent"));
    a->is_opaque = true;
    assert_non_null(strstr(write(a, CAPTURE_NONE),
        "\"details\":{\"inspectable\":false,\"role\":\"owner\""));
    activity_free(&a);
}

static void facts_from_outside_are_bounded(void **state)
{
    (void)state;
    struct activity *a = make("");
    char text[ACTIVITY_FACT_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    memcpy(text + ACTIVITY_FACT_BYTES_MAX - 1, "\xc3\xa9", 2);
    activity_add_detail(a, "long", str_make(text, sizeof text));
    struct str kept = activity_detail(a, "long")->text;
    assert_int_equal(kept.n, ACTIVITY_FACT_BYTES_MAX - 1 + 3);
    assert_memory_equal(kept.p + kept.n - 4, "x\xe2\x80\xa6", 4);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        activity_add_target(a, STR("t"), str_of(name), STR_NONE);
        activity_add_change(a, str_of(name));
        activity_add_detail_number(a, name, i);
        activity_add_detail_item(a, "n1", str_of(name));
    }
    assert_int_equal(a->target_count, ACTIVITY_TARGETS_MAX);
    assert_int_equal(a->change_count, ACTIVITY_CHANGES_MAX);
    assert_int_equal(a->detail_count, ACTIVITY_DETAILS_MAX);
    assert_int_equal(activity_detail(a, "n1")->item_count, ACTIVITY_ITEMS_MAX);
    activity_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(absent_is_absent, clean),
        cmocka_unit_test_teardown(samples_have_every_span_masked, clean),
        cmocka_unit_test_teardown(samples_end_at_a_character, clean),
        cmocka_unit_test_teardown(
            without_known_spans_there_is_no_sample, clean),
        cmocka_unit_test_teardown(
            capture_decides_what_of_the_text_is_kept, clean),
        cmocka_unit_test_teardown(
            one_target_is_target_and_several_are_targets, clean),
        cmocka_unit_test_teardown(changes_are_told_once_and_in_order, clean),
        cmocka_unit_test_teardown(details_are_of_four_kinds, clean),
        cmocka_unit_test_teardown(facts_from_outside_are_bounded, clean),
        cmocka_unit_test(categories_follow_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
