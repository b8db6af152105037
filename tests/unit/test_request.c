/* console/request.h */
#include "console/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void the_first_of_a_name_counts(void **state)
{
    (void)state;
    struct request *r = MEM_NEW(struct request);
    r->args[0] = (struct request_arg){STR("limit"), STR("5")};
    r->args[1] = (struct request_arg){STR("q"), STR("a")};
    r->args[2] = (struct request_arg){STR("limit"), STR("9")};
    r->args[3] = (struct request_arg){STR("hidden"), STR("1")};
    r->arg_count = 3;
    assert_true(str_is(request_arg(r, "limit"), "5"));
    assert_true(str_is(request_arg(r, "q"), "a"));
    assert_int_equal(request_arg(r, "lim").n, 0);
    assert_int_equal(request_arg(r, "hidden").n, 0); /* behind the last */
    mem_free(r);
}

static void an_error_replaces_what_was_written(void **state)
{
    (void)state;
    struct response r = {.status = 200, .type = "text/html"};
    buf_append_str(&r.body, STR("{\"items\":["));
    response_error(&r, 503, "busy", "say \"please\"");
    assert_int_equal(r.status, 503);
    assert_string_equal(r.type, "application/json");
    assert_string_equal(buf_cstr(&r.body),
        "{\"error\":\"busy\",\"message\":\"say \\\"please\\\"\"}");
    response_free(&r);
}

static void headers_are_bounded_and_own_their_values(void **state)
{
    (void)state;
    struct response r = {0};
    char value[] = "v0";
    for (char i = 0; i < REPLY_HEADERS_MAX + 2; i++) {
        value[1] = (char)('0' + i);
        response_header(&r, "X", str_of(value));
    }
    assert_int_equal(r.header_count, REPLY_HEADERS_MAX);
    assert_string_equal(r.headers[0].value, "v0");
    assert_string_equal(r.headers[REPLY_HEADERS_MAX - 1].value, "v7");
    response_free(&r);
    assert_int_equal(r.header_count, 0);
}

static unsigned freed;

static void free_source(struct source *source)
{
    (void)source;
    freed++;
}

static void a_source_goes_with_its_response(void **state)
{
    (void)state;
    struct source source = {.free = free_source};
    struct response r = {.source = &source};
    response_free(&r);
    response_free(&r);
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_a_name_counts),
        cmocka_unit_test(an_error_replaces_what_was_written),
        cmocka_unit_test(headers_are_bounded_and_own_their_values),
        cmocka_unit_test(a_source_goes_with_its_response),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
