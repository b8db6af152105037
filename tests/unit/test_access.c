/* console/access.h */
#include "console/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/jsonw.h"

static void assert_rights(enum user_role role, const char *expected)
{
    struct buf out = {0};
    struct jsonw w = {.out = &out};
    jsonw_array(&w);
    access_write(access_of(role), &w);
    jsonw_close(&w);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

/* Written out once more: a role that gains a right by a slip fails here. */
static void each_role_has_its_rights_and_no_others(void **state)
{
    (void)state;
    assert_rights(USER_ANALYST, "[\"view\",\"triage\"]");
    assert_rights(
        USER_INVESTIGATOR, "[\"view\",\"content\",\"evidence\",\"triage\"]");
    assert_rights(USER_ADMINISTRATOR,
        "[\"view\",\"content\",\"evidence\",\"audit\",\"triage\",\"modes\"]");
    assert_rights(USER_AUDITOR, "[\"view\",\"audit\"]");
    assert_rights(USER_PROXY, "[]");
}

static void what_is_no_role_has_no_right(void **state)
{
    (void)state;
    assert_int_equal(access_of(USER_ROLES), 0);
    assert_int_equal(access_of((enum user_role)1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_has_its_rights_and_no_others),
        cmocka_unit_test(what_is_no_role_has_no_right),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
