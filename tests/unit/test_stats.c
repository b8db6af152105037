/* base/stats.h */
#include "base/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

static void *mapping;

static int setup(void **state)
{
    (void)state;
    mapping = mem_zalloc(stats_mapping_bytes());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stats_attach(NULL, STATS_SLOTS);
    mem_free(mapping);
    return 0;
}

static void expect_line(const char *line, bool is_there)
{
    struct buf out = {0}, want = {0};
    stats_write_prometheus(mapping, &out);
    buf_printf(&want, "\n%s\n", line);
    if (str_has(buf_str(&out), buf_cstr(&want)) != is_there)
        fail_msg(
            "%s is %s in:\n%s", line, is_there ? "not" : "", buf_cstr(&out));
    buf_free(&out);
    buf_free(&want);
}

static void slots_are_added_up(void **state)
{
    (void)state;
    stats_attach(mapping, 0);
    stats_add(STAT_REQUESTS, 2);
    stats_attach(mapping, 63);
    stats_add(STAT_REQUESTS, 3);
    expect_line("promptgate_requests_total 5", true);
}

static void gauges_of_a_dead_role_start_anew(void **state)
{
    (void)state;
    stats_attach(mapping, 5);
    stats_set(STAT_HELD_BYTES, 100);
    stats_add(STAT_REQUESTS, 1);
    expect_line("promptgate_held_bytes 100", true);
    stats_reset_gauges(mapping, 5);
    expect_line("promptgate_held_bytes 0", true);
    expect_line("promptgate_requests_total 1", true);
}

static void before_attach_nothing_shared_is_touched(void **state)
{
    (void)state;
    stats_attach(mapping, STATS_SLOTS);
    stats_add(STAT_REQUESTS, 7);
    expect_line("promptgate_requests_total 0", true);
}

static void histogram_buckets_are_cumulative(void **state)
{
    (void)state;
    stats_attach(mapping, 1);
    stats_observe_us(HIST_SCAN_TIME, 0);
    stats_observe_us(HIST_SCAN_TIME, 10);
    stats_observe_us(HIST_SCAN_TIME, 11);
    stats_observe_us(HIST_SCAN_TIME, 3600u * 1000000u);
    expect_line("promptgate_scan_seconds_bucket{le=\"1e-05\"} 2", true);
    expect_line("promptgate_scan_seconds_bucket{le=\"2e-05\"} 3", true);
    expect_line("promptgate_scan_seconds_bucket{le=\"5.24288\"} 3", true);
    expect_line("promptgate_scan_seconds_bucket{le=\"+Inf\"} 4", true);
    expect_line("promptgate_scan_seconds_count 4", true);
    expect_line("promptgate_scan_seconds_sum 3600.00002", true);
}

static void a_summary_says_below_what_most_lay(void **state)
{
    (void)state;
    struct stats_summary s;
    stats_summarize(mapping, HIST_HOLD_TIME, &s);
    assert_int_equal(s.count, 0);
    stats_attach(mapping, 1);
    for (int i = 0; i < 94; i++)
        stats_observe_us(HIST_HOLD_TIME, 15);
    stats_attach(mapping, 2);
    for (int i = 0; i < 4; i++)
        stats_observe_us(HIST_HOLD_TIME, 1000);
    for (int i = 0; i < 2; i++)
        stats_observe_us(HIST_HOLD_TIME, 3600u * 1000000u);
    stats_summarize(mapping, HIST_HOLD_TIME, &s);
    assert_int_equal(s.count, 100);
    assert_int_equal(s.p50_us, 20);
    assert_int_equal(s.p95_us, 1280);
    assert_int_equal(s.p99_us, INT64_MAX);
}

static void a_family_has_one_head(void **state)
{
    (void)state;
    struct buf out = {0};
    stats_write_prometheus(mapping, &out);
    struct str all = buf_str(&out);
    struct str head = STR("# TYPE promptgate_verdicts_total counter\n");
    size_t first = str_find(all, head);
    assert_true(first < all.n);
    struct str rest = str_sub(all, first + head.n, all.n);
    assert_int_equal(str_find(rest, head), rest.n);
    assert_true(
        str_has(all, "\npromptgate_verdicts_total{verdict=\"block\"} 0\n"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slots_are_added_up, setup, teardown),
        cmocka_unit_test_setup_teardown(
            gauges_of_a_dead_role_start_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(
            before_attach_nothing_shared_is_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(
            histogram_buckets_are_cumulative, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_summary_says_below_what_most_lay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_family_has_one_head, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
