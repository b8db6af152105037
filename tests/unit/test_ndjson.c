/* inspect/ndjson.h at any cuts. */
#include "inspect/ndjson.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

static void write_line(void *arg, struct str line, bool is_complete)
{
    buf_append_str(arg, line);
    buf_append_char(arg, is_complete ? '|' : '?');
}

static void expect(
    struct str text, size_t limit, enum err want, const char *lines)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        struct ndjson *n = ndjson_new(limit, write_line, &out);
        struct cuts cuts = cuts_begin(text, way);
        struct str piece;
        enum err err = OK;
        while (err == OK && cuts_next(&cuts, &piece))
            err = ndjson_feed(n, piece);
        cuts_end(&cuts);
        assert_int_equal(ndjson_finish(n), want);
        assert_string_equal(buf_cstr(&out), lines);
        ndjson_free(&n);
        buf_free(&out);
    }
}

static void lines_come_without_their_ends(void **state)
{
    (void)state;
    expect(STR("{\"a\":1}\n{\"b\":2}\r\n"), 0, OK, "{\"a\":1}|{\"b\":2}|");
    expect(STR("a\n\n \r\n\nb"), 0, OK, "a|b?");
    expect(STR("a\rb\n"), 0, OK, "a\rb|");
    expect(STR(""), 0, OK, "");
    expect(STR("x\r"), 0, OK, "x?");
}

static void lines_are_bounded(void **state)
{
    (void)state;
    expect(STR("1234\n1234\n"), 4, OK, "1234|1234|");
    expect(STR("1234\n12345\n1\n"), 4, ERR_LIMIT, "1234|");
    expect(STR("12345"), 4, ERR_LIMIT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_without_their_ends),
        cmocka_unit_test(lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
