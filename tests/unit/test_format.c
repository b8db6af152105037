/* extract/format.h: a zip's last words, as hostile files write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "extract/format.h"

enum { HEAD_BYTES = 46, END_BYTES = 22 };

/* A directory of one member, whose name is said to have name_n bytes and has
 * none, and the end record behind it. */
static void write_zip(struct buf *out, unsigned name_n)
{
    char head[HEAD_BYTES] = "PK\1\2", end[END_BYTES] = "PK\5\6";
    head[28] = (char)(name_n & 0xff);
    head[29] = (char)(name_n >> 8);
    end[12] = HEAD_BYTES;
    end[20] = 2; /* of the comment */
    buf_append(out, head, sizeof head);
    buf_append(out, end, sizeof end);
    buf_append(out, "ok", 2);
}

/* In memory of its own length, so that a byte behind it is noticed. */
static void assert_ends(unsigned name_n)
{
    struct buf made = {0};
    struct str comment;
    size_t first = 1;
    write_zip(&made, name_n);
    char *copy = mem_alloc(made.n);
    memcpy(copy, buf_bytes(&made), made.n);
    assert_true(format_zip_ends(str_make(copy, made.n), &first, &comment));
    assert_int_equal(first, 0);
    assert_true(str_is(comment, "ok"));
    mem_free(copy);
    buf_free(&made);
}

static void a_member_that_ends_behind_the_file_is_the_last(void **state)
{
    (void)state;
    assert_ends(0);
    assert_ends(1);
    assert_ends(END_BYTES + 2);
    assert_ends(0xffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_that_ends_behind_the_file_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
