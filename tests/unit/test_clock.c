/* base/clock.h */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

static int64_t parse(const char *text, int64_t now_ms)
{
    int64_t at = -1;
    return clock_parse(str_of(text), now_ms, &at) == OK ? at : -1;
}

static void a_time_is_written_and_read_again(void **state)
{
    (void)state;
    static const int64_t times[] = {
        0, 1, 951782399999, 1700000000456, 4102444800000};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[CLOCK_TEXT_BYTES];
        clock_format(times[i], text);
        assert_int_equal(strlen(text), 24);
        assert_int_equal(parse(text, 0), times[i]);
    }
}

static void offsets_are_taken_off(void **state)
{
    (void)state;
    int64_t utc = parse("2026-11-22T10:00:00Z", 0);
    assert_true(utc > 0);
    assert_int_equal(parse("2026-11-22T12:00:00+02:00", 0), utc);
    assert_int_equal(parse("2026-11-22T04:30:00-05:30", 0), utc);
    assert_int_equal(parse("2026-11-22T10:00:00.25Z", 0), utc + 250);
    assert_int_equal(parse("2026-11-22T10:00:00", 0), utc); /* none: UTC */
    assert_int_equal(parse("2026-11-22", 0), utc - 10LL * 3600 * 1000);
}

static void spans_count_back_from_now(void **state)
{
    (void)state;
    const int64_t now = 1700000000000;
    assert_int_equal(parse("30s", now), now - 30 * 1000);
    assert_int_equal(parse("15m", now), now - 15 * 60 * 1000);
    assert_int_equal(parse("24h", now), now - 24LL * 3600 * 1000);
    assert_int_equal(parse("7d", now), now - 7LL * 24 * 3600 * 1000);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "x", "15", "m", "-15m", "15y",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-11-22T10:00:00+02:00x", "2026-11-22T25:00:00Z",
        "2026-11-22T10:00:00X", "99999999999999999999d"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(parse(wrong[i], 1700000000000), -1);
}

static void identifiers_grow_and_never_repeat(void **state)
{
    (void)state;
    char before[UUID_TEXT_BYTES] = "", id[UUID_TEXT_BYTES];
    for (int i = 0; i < 5000; i++) {
        clock_uuid7(id);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(id[14], '7');
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof id);
    }
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t before = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_mono_ms() >= before / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_written_and_read_again),
        cmocka_unit_test(offsets_are_taken_off),
        cmocka_unit_test(spans_count_back_from_now),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(identifiers_grow_and_never_repeat),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
