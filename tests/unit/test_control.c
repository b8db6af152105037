/* proxy/control.h */
#include "proxy/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct control round_trip(const struct control *control)
{
    struct buf bytes = {0};
    struct control back;
    control_encode(control, &bytes);
    assert_int_equal(control_decode(buf_str(&bytes), &back), OK);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            control_decode(str_make(buf_bytes(&bytes), n), &back), ERR_PARSE);
    assert_int_equal(control_decode(buf_str(&bytes), &back), OK);
    buf_append_char(&bytes, 0);
    struct control longer;
    assert_int_equal(control_decode(buf_str(&bytes), &longer), ERR_PARSE);
    buf_free(&bytes);
    return back;
}

static void every_message_comes_back(void **state)
{
    (void)state;
    for (int type = CONTROL_CONNECT; type < CONTROL_TYPES; type++) {
        struct control control = {.type = (enum control_type)type,
            .peer = ROLE_WORKER,
            .index = 7,
            .origin = UINT64_MAX - 1,
            .value = 1ULL << 40};
        struct control back = round_trip(&control);
        assert_int_equal(back.type, control.type);
        assert_int_equal(back.peer, control.peer);
        assert_int_equal(back.index, control.index);
        assert_true(back.origin == control.origin);
        assert_true(back.value == control.value);
    }
}

static void the_living_instances_come_along(void **state)
{
    (void)state;
    struct control control = {.type = CONTROL_ORIGINS, .origin_count = 3};
    for (size_t i = 0; i < 3; i++)
        control.origins[i] = 1000 + i;
    struct control back = round_trip(&control);
    assert_int_equal(back.origin_count, 3);
    assert_true(back.origins[2] == 1002);
}

static void what_no_role_says_is_refused(void **state)
{
    (void)state;
    struct control control = {.type = CONTROL_PING}, back;
    struct buf bytes = {0};
    control_encode(&control, &bytes);
    for (size_t i = 0; i < 4; i++) { /* the type, in either byte order */
        buf_bytes(&bytes)[i] = (char)0xff;
        assert_int_equal(control_decode(buf_str(&bytes), &back), ERR_PARSE);
    }
    buf_free(&bytes);
    assert_int_equal(control_decode(STR_NONE, &back), ERR_PARSE);
}

static void roles_are_found_by_their_names(void **state)
{
    (void)state;
    for (int kind = 0; kind < ROLE_KINDS; kind++)
        assert_int_equal(
            role_kind_of(str_of(role_kind_name((enum role_kind)kind))), kind);
    assert_int_equal(role_kind_of(STR("nobody")), ROLE_KINDS);
    assert_non_null(role_kind_name(ROLE_KINDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back),
        cmocka_unit_test(the_living_instances_come_along),
        cmocka_unit_test(what_no_role_says_is_refused),
        cmocka_unit_test(roles_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
