/* inspect/keep_links.h: links, the bytes that follow them, whose files. */
#include "inspect/keep_links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/keep.h"

static const int64_t NOW = 1000;

static struct keep_link make_link(const char *url, const char *id)
{
    struct keep_link link = {
        .service = STR("s"), .url = str_of(url), .time_ms = 7, .bytes = -1};
    snprintf(link.activity_id, sizeof link.activity_id, "%s", id);
    return link;
}

/* The answer's texts are in *buf. */
static struct keep_link_answer ask(struct keep *keep,
    const struct keep_link *link, bool is_fetch, int64_t now, struct buf *buf)
{
    struct buf question = {0};
    struct keep_link_answer said;
    if (is_fetch)
        keep_ask_fetch(link, &question);
    else
        keep_ask_link(link, &question);
    assert_true(question.n <= KEEP_DATAGRAM_MAX);
    buf_clear(buf);
    keep_handle(keep, buf_str(&question), now, buf);
    assert_int_equal(keep_read_link(buf_str(buf), &said), OK);
    buf_free(&question);
    return said;
}

static struct keep_part_answer pass(struct keep *keep, const char *url,
    int64_t from, int64_t to, int64_t total, const char *findings,
    struct buf *buf)
{
    struct keep_part part = {.service = STR("s"),
        .url = str_of(url),
        .from = from,
        .to = to,
        .total = total,
        .is_whole = from == 0 && to == total,
        .findings = str_of(findings)};
    struct buf question = {0};
    struct keep_part_answer said;
    keep_ask_part(&part, &question);
    buf_clear(buf);
    keep_handle(keep, buf_str(&question), NOW, buf);
    assert_int_equal(keep_read_part(buf_str(buf), &said), OK);
    buf_free(&question);
    return said;
}

static void note(struct keep *keep, const char *id, enum file_side side)
{
    struct buf question = {0}, answer = {0};
    struct str ids[] = {str_of(id)};
    keep_note_files(STR("s"), ids, 1, side, &question);
    keep_handle(keep, buf_str(&question), NOW, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&question);
}

static void a_fetch_knows_the_link_before_it(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link link = make_link("h/a", "link-1");
    struct keep_link fetch = make_link("h/a", "fetch-1");
    link.texts[LINK_NAME] = STR("a.csv");
    link.texts[LINK_CONVERSATION] = STR("c");
    link.bytes = 12;
    link.is_saved = true;
    struct keep_link_answer said = ask(keep, &link, false, NOW, &buf);
    assert_string_equal(said.activity_id, "link-1");
    said = ask(keep, &fetch, true, NOW, &buf);
    assert_true(said.is_handed_out);
    assert_true(said.is_saved);
    assert_false(said.is_shown);
    assert_string_equal(said.activity_id, "link-1");
    assert_int_equal(said.time_ms, 7);
    assert_int_equal(said.bytes, 12);
    assert_true(str_is(said.texts[LINK_NAME], "a.csv"));
    assert_true(str_is(said.texts[LINK_CONVERSATION], "c"));
    fetch.url = STR("h/b");
    said = ask(keep, &fetch, true, NOW, &buf);
    assert_false(said.is_handed_out);
    assert_string_equal(said.activity_id, "fetch-1");
    buf_free(&buf);
    keep_free(&keep);
}

static void a_link_is_the_same_until_its_bytes_have_passed(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link one = make_link("h/a", "one");
    struct keep_link two = make_link("h/a", "two");
    ask(keep, &one, false, NOW, &buf);
    assert_string_equal(ask(keep, &two, false, NOW, &buf).activity_id, "one");
    assert_true(pass(keep, "h/a", 0, 5, 5, "", &buf).is_complete);
    assert_true(ask(keep, &one, true, NOW, &buf).is_told);
    struct keep_link_answer said = ask(keep, &two, false, NOW, &buf);
    assert_string_equal(said.activity_id, "two");
    assert_false(said.is_told);
    int64_t late = NOW + KEEP_LINK_SECONDS * INT64_C(1000);
    struct keep_link three = make_link("h/a", "three");
    said = ask(keep, &three, true, late, &buf);
    assert_false(said.is_handed_out);
    assert_string_equal(said.activity_id, "three");
    buf_free(&buf);
    keep_free(&keep);
}

static void two_people_are_two_activities(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link ana = make_link("h/a", "ana");
    struct keep_link bo = make_link("h/a", "bo");
    struct keep_link nobody = make_link("h/a", "nobody");
    ana.user = STR("ana");
    bo.user = STR("bo");
    ask(keep, &ana, false, NOW, &buf);
    assert_string_equal(ask(keep, &nobody, true, NOW, &buf).activity_id, "ana");
    assert_string_equal(ask(keep, &bo, true, NOW, &buf).activity_id, "bo");
    buf_free(&buf);
    keep_free(&keep);
}

static void parts_add_up_whatever_their_order(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link link = make_link("h/a", "x");
    ask(keep, &link, false, NOW, &buf);
    struct keep_part_answer said = pass(keep, "h/a", 50, 80, 100, "one", &buf);
    assert_int_equal(said.bytes, 30);
    assert_int_equal(said.findings.n, 0);
    said = pass(keep, "h/a", 0, 10, 100, "", &buf);
    assert_int_equal(said.bytes, 40);
    assert_true(str_is(said.findings, "one"));
    said = pass(keep, "h/a", 5, 60, 100, "two", &buf);
    assert_int_equal(said.bytes, 80);
    assert_false(said.is_complete);
    said = pass(keep, "h/a", 70, 100, 100, "", &buf);
    assert_int_equal(said.bytes, 100);
    assert_true(said.is_complete);
    assert_false(said.is_told);
    assert_true(str_is(said.findings, "onetwo"));
    said = pass(keep, "h/a", 0, 100, 100, "all", &buf); /* whole, at last */
    assert_false(said.is_told);
    assert_int_equal(said.findings.n, 0);
    assert_true(pass(keep, "h/a", 0, 10, 100, "", &buf).is_told);
    buf_free(&buf);
    keep_free(&keep);
}

static void many_gaps_lose_no_byte_that_was_counted(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link link = make_link("h/a", "x");
    ask(keep, &link, false, NOW, &buf);
    for (int64_t i = 0; i < 2 * KEEP_LINK_SPANS_MAX; i++)
        pass(keep, "h/a", i * 10, i * 10 + 5, 1 << 20, "", &buf);
    struct keep_part_answer said =
        pass(keep, "h/a", 0, 1 << 19, 1 << 20, "", &buf);
    assert_int_equal(said.bytes, 1 << 19);
    said = pass(keep, "h/a", -1, -1, -1, "", &buf); /* no place in the file */
    assert_int_equal(said.bytes, 1 << 19);
    buf_free(&buf);
    keep_free(&keep);
}

static void the_first_side_of_a_file_stays(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link fetch = make_link("h/a", "x");
    fetch.texts[LINK_FILE_ID] = STR("file_1");
    assert_int_equal(
        ask(keep, &fetch, true, NOW, &buf).side, FILE_SIDE_UNKNOWN);
    note(keep, "file_1", FILE_SIDE_ANSWER);
    note(keep, "file_1", FILE_SIDE_USER);
    note(keep, "file_2", FILE_SIDE_USER);
    assert_int_equal(ask(keep, &fetch, true, NOW, &buf).side, FILE_SIDE_ANSWER);
    fetch.texts[LINK_FILE_ID] = STR("file_2");
    assert_int_equal(ask(keep, &fetch, true, NOW, &buf).side, FILE_SIDE_USER);
    buf_free(&buf);
    keep_free(&keep);
}

static void texts_too_long_are_left_out_and_the_table_is_bounded(void **state)
{
    (void)state;
    char url[32], text[KEEP_LINK_TEXT_MAX + 1];
    struct keep *keep = keep_new(8 * 64 * 1024);
    struct links *links = links_new(64 * 1024);
    struct buf buf = {0}, question = {0};
    memset(text, 'x', sizeof text);
    struct keep_link link = make_link("h/a", "x");
    link.texts[LINK_NAME] = str_make(text, sizeof text);
    link.texts[LINK_TYPE] = str_make(text, sizeof text - 1);
    struct keep_link_answer said = ask(keep, &link, false, NOW, &buf);
    assert_int_equal(said.texts[LINK_NAME].n, 0);
    assert_int_equal(said.texts[LINK_TYPE].n, KEEP_LINK_TEXT_MAX);
    for (size_t i = 0; i < 1000; i++) {
        snprintf(url, sizeof url, "h/%zu", i);
        link.url = str_of(url);
        buf_clear(&question);
        keep_ask_link(&link, &question);
        buf_clear(&buf);
        links_handle(links, buf_str(&question), NOW, &buf);
    }
    assert_in_range(links_count(links), 10, 100);
    links_free(&links);
    buf_free(&buf);
    buf_free(&question);
    keep_free(&keep);
}

static void damaged_datagrams_have_no_answer(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf question = {0}, answer = {0};
    struct keep_link link = make_link("h/a", "x");
    struct keep_link_answer said;
    struct keep_part_answer part;
    link.texts[LINK_NAME] = STR("a.csv");
    keep_ask_link(&link, &question);
    for (size_t n = 0; n < question.n; n++) {
        keep_handle(keep, str_sub(buf_str(&question), 0, n), NOW, &answer);
        assert_int_equal(answer.n, 0);
    }
    keep_handle(keep, buf_str(&question), NOW, &answer);
    for (size_t n = 0; n < answer.n; n++)
        assert_int_not_equal(
            keep_read_link(str_sub(buf_str(&answer), 0, n), &said), OK);
    assert_int_not_equal(keep_read_part(buf_str(&answer), &part), OK);
    buf_free(&question);
    buf_free(&answer);
    keep_free(&keep);
}

/* Bytes [from, to) of 30, with the sum that came to `to`. */
static struct keep_part summed(int64_t from, int64_t to, uint64_t version)
{
    struct keep_part part = {.service = STR("s"),
        .url = STR("h/a"),
        .from = from,
        .to = to,
        .total = 30,
        .version = version,
        .has_sum = true,
        .sum = {.from = from, .at = to, .type = "text/plain"}};
    part.sum.state[0] = (uint8_t)to;
    return part;
}

static struct keep_link_answer pass_and_fetch(
    struct keep *keep, const struct keep_part *part, struct buf *buf)
{
    struct keep_link fetch = make_link("h/a", "fetch");
    struct buf question = {0};
    keep_ask_part(part, &question);
    buf_clear(buf);
    keep_handle(keep, buf_str(&question), NOW, buf);
    buf_free(&question);
    return ask(keep, &fetch, true, NOW, buf);
}

static void a_sum_goes_on_where_it_ended_and_nowhere_else(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link link = make_link("h/a", "link");
    assert_false(ask(keep, &link, false, NOW, &buf).has_sum);
    struct keep_part late = summed(10, 20, 0), first = summed(0, 10, 0),
                     gap = summed(12, 25, 0), next = summed(10, 20, 0);
    assert_false(pass_and_fetch(keep, &late, &buf).has_sum);
    struct keep_link_answer said = pass_and_fetch(keep, &first, &buf);
    assert_true(said.has_sum);
    assert_int_equal(said.sum.at, 10);
    assert_int_equal(said.total, 30);
    assert_string_equal(said.sum.type, "text/plain");
    assert_int_equal(pass_and_fetch(keep, &gap, &buf).sum.at, 10);
    said = pass_and_fetch(keep, &next, &buf);
    assert_int_equal(said.sum.at, 20);
    assert_int_equal(said.sum.state[0], 20);
    assert_int_equal(pass_and_fetch(keep, &first, &buf).sum.at, 20);
    buf_free(&buf);
    keep_free(&keep);
}

static void parts_of_another_version_are_forgotten(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link link = make_link("h/a", "link");
    ask(keep, &link, false, NOW, &buf);
    struct keep_part one = summed(0, 10, 1), two = summed(10, 20, 2),
                     unknown = summed(20, 22, 0), longer = summed(0, 5, 2);
    assert_true(pass_and_fetch(keep, &one, &buf).has_sum);
    assert_false(pass_and_fetch(keep, &two, &buf).has_sum);
    assert_int_equal(pass_and_fetch(keep, &unknown, &buf).version, 2);
    assert_int_equal(
        pass(keep, "h/a", 22, 23, 30, "", &buf).bytes, 13); /* from 10 on */
    longer.total = 31;
    struct keep_link_answer said = pass_and_fetch(keep, &longer, &buf);
    assert_int_equal(said.sum.at, 5);
    assert_int_equal(said.total, 31);
    buf_free(&buf);
    keep_free(&keep);
}

/* A fetch of `from` was sent on to `to`. */
static struct keep_link_answer move(struct keep *keep, const char *from,
    const char *to, const char *name, int64_t now, struct buf *buf)
{
    struct keep_link link = make_link(from, "moved");
    struct buf question = {0};
    struct keep_link_answer said;
    link.texts[LINK_NAME] = str_of(name);
    keep_ask_moved(&link, str_of(to), &question);
    buf_clear(buf);
    keep_handle(keep, buf_str(&question), now, buf);
    assert_int_equal(keep_read_link(buf_str(buf), &said), OK);
    buf_free(&question);
    return said;
}

static void what_a_fetch_was_sent_on_to_is_its_activity(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link fetch = make_link("h/a", "fetch");
    struct keep_link at_end = make_link("h/c", "other");
    ask(keep, &fetch, true, NOW, &buf);
    assert_true(move(keep, "h/a", "h/b", "a.csv", NOW, &buf).is_moved);
    move(keep, "h/b", "h/c", "b.csv", NOW, &buf);
    move(keep, "h/c", "h/a", "c.csv", NOW, &buf); /* round and round */
    struct keep_link_answer said = ask(keep, &at_end, true, NOW, &buf);
    assert_string_equal(said.activity_id, "fetch");
    assert_true(said.is_moved);
    assert_false(said.is_handed_out);
    assert_true(str_is(said.texts[LINK_NAME], "c.csv"));
    assert_true(pass(keep, "h/c", 0, 5, 5, "", &buf).is_complete);
    assert_true(ask(keep, &fetch, true, NOW, &buf).is_told);
    assert_true(move(keep, "h/a", "h/b", "a.csv", NOW, &buf).is_told);
    buf_free(&buf);
    keep_free(&keep);
}

static void a_new_link_begins_anew_where_the_last_one_was_sent_on(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    struct keep_link one = make_link("h/a", "one");
    struct keep_link two = make_link("h/a", "two");
    struct keep_link fetch = make_link("h/b", "fetch");
    ask(keep, &fetch, true, NOW, &buf); /* of another time */
    ask(keep, &one, false, NOW, &buf);
    move(keep, "h/a", "h/b", "", NOW, &buf);
    pass(keep, "h/b", 0, 5, 5, "", &buf);
    assert_string_equal(ask(keep, &fetch, true, NOW, &buf).activity_id, "one");
    assert_true(ask(keep, &one, false, NOW, &buf).is_told); /* once more */
    assert_false(ask(keep, &two, false, NOW, &buf).is_told);
    move(keep, "h/a", "h/b", "", NOW, &buf);
    struct keep_link_answer said = ask(keep, &fetch, true, NOW, &buf);
    assert_string_equal(said.activity_id, "two");
    assert_false(said.is_told);
    buf_free(&buf);
    keep_free(&keep);
}

static void an_alias_whose_link_is_gone_leads_nowhere(void **state)
{
    (void)state;
    char url[32], next[32];
    struct keep *keep = keep_new(1 << 20);
    struct buf buf = {0};
    int64_t half = KEEP_LINK_SECONDS * INT64_C(1000) / 2 + NOW;
    for (int i = 0; i < 20; i++) { /* longer than anybody would go */
        snprintf(url, sizeof url, "h/%d", i + 1);
        snprintf(next, sizeof next, "h/%d", i);
        move(keep, url, next, "", NOW, &buf);
    }
    struct keep_link first = make_link("h/20", "first");
    struct keep_link last = make_link("h/0", "last");
    assert_string_equal(ask(keep, &last, true, half, &buf).activity_id, "last");
    assert_string_equal(
        ask(keep, &first, true, half, &buf).activity_id, "moved");
    struct keep_link late = make_link("h/19", "late");
    assert_string_equal(
        ask(keep, &late, true, 4 * half, &buf).activity_id, "late");
    assert_string_equal(
        ask(keep, &last, true, 4 * half, &buf).activity_id, "last");
    buf_free(&buf);
    keep_free(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fetch_knows_the_link_before_it),
        cmocka_unit_test(a_link_is_the_same_until_its_bytes_have_passed),
        cmocka_unit_test(two_people_are_two_activities),
        cmocka_unit_test(parts_add_up_whatever_their_order),
        cmocka_unit_test(many_gaps_lose_no_byte_that_was_counted),
        cmocka_unit_test(the_first_side_of_a_file_stays),
        cmocka_unit_test(texts_too_long_are_left_out_and_the_table_is_bounded),
        cmocka_unit_test(damaged_datagrams_have_no_answer),
        cmocka_unit_test(a_sum_goes_on_where_it_ended_and_nowhere_else),
        cmocka_unit_test(parts_of_another_version_are_forgotten),
        cmocka_unit_test(what_a_fetch_was_sent_on_to_is_its_activity),
        cmocka_unit_test(a_new_link_begins_anew_where_the_last_one_was_sent_on),
        cmocka_unit_test(an_alias_whose_link_is_gone_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
