/* base/diag.h */
#include "base/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void every_mistake_is_a_line_with_its_place(void **state)
{
    (void)state;
    struct diag d = {0};
    diag_add(&d, "a.yaml", 3, "\"%s\" is not known", "x");
    diag_add(&d, "b.yaml", 12, "too many");
    assert_int_equal(d.count, 2);
    assert_true(str_is(buf_str(&d.text),
        "a.yaml:3: \"x\" is not known\nb.yaml:12: too many\n"));
    diag_free(&d);
    assert_int_equal(d.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_a_line_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
