/* store/audit_record.h: one form, with what is known and without the rest. */
#include "store/audit_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check(const struct audit_record *record, const char *want)
{
    struct buf json = {0};
    audit_record_write(record, &json);
    buf_append(&json, "", 1);
    assert_string_equal(buf_bytes(&json), want);
    buf_free(&json);
}

static void what_is_known_stands_in_its_member(void **state)
{
    (void)state;
    const struct audit_record record = {
        .id = "0198",
        .time_ms = 1763900000123,
        .node = STR("gw-1"),
        .via = "console",
        .activity = "console.login.failed",
        .is_failure = true,
        .user = STR("a \"b\""),
        .ip = "::1",
        .target_type = "activity",
        .target_id = STR("0199"),
        .details = STR("{\"reason\":\"password\"}"),
    };
    check(&record,
        "{\"id\":\"0198\",\"time\":\"2025-11-23T12:13:20.123Z\","
        "\"node\":\"gw-1\",\"via\":\"console\",\"service\":\"promptgate\","
        "\"activity\":\"console.login.failed\",\"category\":\"Console\","
        "\"outcome\":\"failure\",\"actor\":{\"user\":\"a \\\"b\\\"\","
        "\"source\":\"console\",\"ip\":\"::1\"},\"target\":{\"type\":"
        "\"activity\",\"id\":\"0199\"},\"details\":{\"reason\":"
        "\"password\"}}");
}

static void what_is_not_known_has_no_member(void **state)
{
    (void)state;
    const struct audit_record record = {
        .id = "0198", .via = "command", .activity = "names.opened"};
    check(&record,
        "{\"id\":\"0198\",\"time\":\"1970-01-01T00:00:00.000Z\","
        "\"via\":\"command\",\"service\":\"promptgate\","
        "\"activity\":\"names.opened\",\"category\":\"Console\","
        "\"outcome\":\"success\",\"actor\":{\"source\":\"command\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_stands_in_its_member),
        cmocka_unit_test(what_is_not_known_has_no_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
