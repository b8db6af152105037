/* base/bundle.h */
#include "base/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void make(struct buf *out)
{
    struct bundle b = {0};
    bundle_add(&b, BUNDLE_SETTINGS, STR("promptgate.yaml"), STR("a: 1\n"));
    bundle_add(&b, BUNDLE_SERVICE, STR("one.yaml"), STR("x"));
    bundle_add(&b, BUNDLE_SERVICE, STR("two.yaml"), STR_NONE);
    bundle_encode(&b, out);
    bundle_free(&b);
}

static void files_come_back_as_they_were(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct bundle b;
    make(&bytes);
    assert_int_equal(bundle_decode(buf_str(&bytes), &b), OK);
    assert_int_equal(b.count, 3);
    const struct bundle_file *file = bundle_first(&b, BUNDLE_SERVICE);
    assert_string_equal(file->name.p, "one.yaml");
    assert_true(str_is(file->text, "x"));
    assert_null(bundle_first(&b, BUNDLE_POLICY));
    assert_int_equal(b.files[2].text.n, 0);
    bundle_free(&b);
    buf_free(&bytes);
}

static void damage_is_refused(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct bundle b;
    make(&bytes);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            bundle_decode(str_make(buf_bytes(&bytes), n), &b), ERR_PARSE);
    buf_append_char(&bytes, 'x');
    assert_int_equal(bundle_decode(buf_str(&bytes), &b), ERR_PARSE);
    assert_int_equal(b.count, 0);
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_back_as_they_were),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
