/* inspect/audit_log_types.c: the lists of event types that the collector
 * and the console go by. */
#include "inspect/audit_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

typedef const char *list_fn(size_t index);

static size_t count(list_fn *list)
{
    size_t n = 0;
    while (list(n) != NULL)
        n++;
    return n;
}

static bool has(list_fn *list, const char *type)
{
    for (size_t i = 0; list(i) != NULL; i++)
        if (str_is(str_of(list(i)), type))
            return true;
    return false;
}

static void lists_end_and_stay_at_their_end(void **state)
{
    (void)state;
    assert_true(count(audit_log_type) > 0);
    assert_null(audit_log_type(count(audit_log_type) + 1));
    assert_null(audit_log_type(SIZE_MAX));
    assert_true(count(audit_log_tenant_type) > 0);
    assert_null(audit_log_tenant_type(count(audit_log_tenant_type) + 1));
    assert_null(audit_log_tenant_type(SIZE_MAX));
}

/* contract.md, administrative activities. */
static void whatever_the_contract_names_is_there(void **state)
{
    static const char *const names[] = {"organization.updated",
        "login.succeeded", "login.failed", "logout.succeeded", "logout.failed",
        "api_key.created", "api_key.updated", "api_key.deleted",
        "project.created", "project.updated", "project.archived", "invite.sent",
        "invite.accepted", "invite.deleted", "service_account.created",
        "service_account.updated", "service_account.deleted", "user.added",
        "user.updated", "user.deleted", "rate_limit.updated",
        "rate_limit.deleted", "certificate.created", "certificate.updated",
        "certificate.deleted", "certificates.activated",
        "certificates.deactivated", "checkpoint.permission.created",
        "checkpoint.permission.deleted"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!has(audit_log_type, names[i]))
            fail_msg("%s", names[i]);
}

static void check_names(list_fn *list)
{
    for (size_t i = 0; list(i) != NULL; i++) {
        struct str name = str_of(list(i));
        assert_true(str_find_char(name, '.') < name.n - 1);
        for (size_t j = 0; j < name.n; j++)
            assert_true((name.p[j] >= 'a' && name.p[j] <= 'z') ||
                        name.p[j] == '.' || name.p[j] == '_');
    }
}

static void types_are_written_like_types(void **state)
{
    (void)state;
    check_names(audit_log_type);
    check_names(audit_log_tenant_type);
}

static void no_type_is_there_twice(void **state)
{
    (void)state;
    for (size_t i = 0; audit_log_type(i) != NULL; i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(audit_log_type(i), audit_log_type(j));
        assert_false(has(audit_log_tenant_type, audit_log_type(i)));
    }
    for (size_t i = 0; audit_log_tenant_type(i) != NULL; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(
                audit_log_tenant_type(i), audit_log_tenant_type(j));
}

/* What they begin with is how one call is told from the other. */
static void those_of_tenants_say_so(void **state)
{
    (void)state;
    for (size_t i = 0; audit_log_tenant_type(i) != NULL; i++)
        assert_true(str_starts(str_of(audit_log_tenant_type(i)), "tenant."));
    for (size_t i = 0; audit_log_type(i) != NULL; i++)
        assert_false(str_starts(str_of(audit_log_type(i)), "tenant."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_end_and_stay_at_their_end),
        cmocka_unit_test(whatever_the_contract_names_is_there),
        cmocka_unit_test(types_are_written_like_types),
        cmocka_unit_test(no_type_is_there_twice),
        cmocka_unit_test(those_of_tenants_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
