/* base/buf.h */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void bytes_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct buf b = {0};
    size_t taken = 0;
    for (unsigned i = 0; i < 5000; i++) {
        buf_append_char(&b, (char)(i % 251));
        if (i % 3 != 0)
            continue;
        assert_int_equal(buf_bytes(&b)[0], (char)(taken % 251));
        buf_consume(&b, 2);
        taken += i == 0 ? 1 : 2;
    }
    assert_int_equal(b.n, 5000 - taken);
    assert_int_equal(buf_bytes(&b)[0], (char)(taken % 251));
    buf_free(&b);
}

static void consuming_more_than_there_is_empties_it(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_append_str(&b, STR("abc"));
    buf_consume(&b, 99);
    assert_int_equal(b.n, 0);
    buf_append_str(&b, STR("d"));
    assert_true(str_is(buf_str(&b), "d"));
    buf_free(&b);
}

static void a_piece_of_itself_can_be_appended(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_append_str(&b, STR("0123456789"));
    struct str copy = STR("0123456789");
    for (int i = 0; i < 6; i++) {
        buf_printf(&b, "%.*s", STR_ARG(copy));
        assert_int_equal(b.n, (size_t)(20 + i * 10));
    }
    buf_free(&b);
}

static void reserved_room_counts_when_committed(void **state)
{
    (void)state;
    struct buf b = {0};
    char *room = buf_reserve(&b, 1000);
    memcpy(room, "hello", 5);
    assert_int_equal(b.n, 0);
    buf_commit(&b, 5);
    assert_true(str_is(buf_str(&b), "hello"));
    buf_truncate(&b, 4);
    assert_string_equal(buf_cstr(&b), "hell");
    assert_int_equal(b.n, 4);
    buf_free(&b);
}

static void printing_grows_as_needed(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_printf(&b, "%0500d-%s", 7, "x");
    assert_int_equal(b.n, 502);
    assert_true(str_ends(buf_str(&b), "7-x"));
    buf_free(&b);
}

static void taking_leaves_nothing_behind(void **state)
{
    (void)state;
    struct buf from = {0}, to = {0};
    buf_append_str(&from, STR("abc"));
    buf_take(&to, &from);
    assert_null(from.base);
    assert_int_equal(from.n, 0);
    assert_true(str_is(buf_str(&to), "abc"));
    buf_wipe_free(&to);
    assert_null(to.base);
}

static void an_empty_one_has_no_bytes_and_ends(void **state)
{
    (void)state;
    struct buf b = {0};
    assert_int_equal(buf_str(&b).n, 0);
    assert_string_equal(buf_cstr(&b), "");
    buf_clear(&b);
    buf_free(&b);
    buf_free(&b);
}

/* The bytes of the allocation that are not live. */
static bool has_remains(const struct buf *b)
{
    for (size_t i = 0; i < b->cap; i++)
        if ((i < b->start || i >= b->start + b->n) && b->base[i] != '\0')
            return true;
    return false;
}

static void what_leaves_a_wiping_buf_is_zero(void **state)
{
    (void)state;
    struct buf b = {.wipes = true}, other = {0};
    memset(buf_reserve(&b, 256), 0, 256);
    for (int i = 0; i < 20; i++)
        buf_append_str(&b, STR("secret"));
    buf_consume(&b, 50);
    assert_false(has_remains(&b));
    buf_truncate(&b, 30);
    assert_false(has_remains(&b));
    buf_append_str(&b, STR("more"));
    buf_take(&other, &b);
    assert_true(b.wipes && other.wipes);
    assert_int_equal(other.n, 34);
    buf_clear(&other);
    assert_false(has_remains(&other));
    buf_free(&other);
    assert_true(other.wipes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_in_the_order_they_went_in),
        cmocka_unit_test(consuming_more_than_there_is_empties_it),
        cmocka_unit_test(a_piece_of_itself_can_be_appended),
        cmocka_unit_test(reserved_room_counts_when_committed),
        cmocka_unit_test(printing_grows_as_needed),
        cmocka_unit_test(taking_leaves_nothing_behind),
        cmocka_unit_test(an_empty_one_has_no_bytes_and_ends),
        cmocka_unit_test(what_leaves_a_wiping_buf_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
