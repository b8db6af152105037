/* base/file.h */
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/folder.h"

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void what_was_created_is_loaded(void **state)
{
    struct buf out = {0};
    struct stat st;
    (void)state;
    buf_append_str(&out, STR("before "));
    assert_int_equal(file_create(in_folder("a"), STR("text"), 0640), OK);
    assert_int_equal(file_load(in_folder("a"), 4, &out), OK);
    assert_true(str_is(buf_str(&out), "before text"));
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    buf_free(&out);
}

static void a_file_that_is_there_is_not_replaced(void **state)
{
    struct buf out = {0};
    (void)state;
    assert_int_equal(file_create(in_folder("b"), STR("first"), 0600), OK);
    assert_int_equal(file_create(in_folder("b"), STR("second"), 0600), ERR_IO);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(file_load(in_folder("b"), 100, &out), OK);
    assert_true(str_is(buf_str(&out), "first"));
    buf_free(&out);
}

static void more_than_the_bound_is_refused(void **state)
{
    struct buf out = {0};
    (void)state;
    assert_int_equal(file_create(in_folder("c"), STR("12345"), 0600), OK);
    assert_int_equal(file_load(in_folder("c"), 4, &out), ERR_LIMIT);
    assert_int_equal(errno, EFBIG);
    buf_free(&out);
}

static void what_is_not_there_is_told_from_what_fails(void **state)
{
    struct buf out = {0};
    (void)state;
    assert_int_equal(file_load(in_folder("none"), 4, &out), ERR_NOT_FOUND);
    assert_int_equal(file_load(folder, 4, &out), ERR_IO);
    assert_int_equal(errno, EISDIR);
    int full = open("/dev/full", O_WRONLY);
    assert_int_equal(file_write(full, STR("x")), ERR_IO);
    assert_int_equal(errno, ENOSPC);
    close(full);
    buf_free(&out);
}

static void folders_are_made_down_to_the_last(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(file_make_folder(in_folder("d/e/f"), 0700), OK);
    assert_int_equal(file_make_folder(in_folder("d/e/f"), 0700), OK);
    assert_int_equal(stat(in_folder("d/e/f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(file_make_folder("/proc/none/x", 0700), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_created_is_loaded),
        cmocka_unit_test(a_file_that_is_there_is_not_replaced),
        cmocka_unit_test(more_than_the_bound_is_refused),
        cmocka_unit_test(what_is_not_there_is_told_from_what_fails),
        cmocka_unit_test(folders_are_made_down_to_the_last),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
