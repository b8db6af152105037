/* inspect/form.h at any cuts. */
#include "inspect/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

static void write_field(void *arg, struct str name, struct str value)
{
    buf_append_str(arg, name);
    buf_append_char(arg, '>');
    buf_append_str(arg, value);
    buf_append_char(arg, '|');
}

static enum err read_cut(
    struct str text, unsigned way, size_t limit, struct buf *out)
{
    struct form *f = form_new(limit, write_field, out);
    struct cuts cuts = cuts_begin(text, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = form_feed(f, piece);
    cuts_end(&cuts);
    if (err == OK)
        err = form_finish(f);
    assert_int_equal(form_feed(f, STR("")), err);
    if (err != OK) {
        buf_append_str(out, STR("partial="));
        buf_append_str(out, form_partial(f));
        buf_printf(out, "@%u", (unsigned)form_offset(f));
    }
    form_free(&f);
    assert_null(f);
    return err;
}

static void expect_limit(
    struct str text, size_t limit, enum err want, struct str fields)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        assert_int_equal(read_cut(text, way, limit, &out), want);
        if (!str_eq(buf_str(&out), fields))
            fail_msg("way %u: %s", way, buf_cstr(&out));
        buf_free(&out);
    }
}

static void expect(struct str text, struct str fields)
{
    expect_limit(text, 0, OK, fields);
}

static void names_and_values_are_decoded(void **state)
{
    (void)state;
    expect(STR("a=1&b=x+y%20z&c=caf%C3%A9"), STR("a>1|b>x y z|c>caf\xc3\xa9|"));
    expect(STR("n%3d=a=b"), STR("n=>a=b|"));
    expect(STR("a=%00b"), STR("a>\0b|"));
    expect(STR("%e2%82%AC=%0a"), STR("\xe2\x82\xac>\n|"));
}

static void repeated_and_empty_names_come_as_they_are(void **state)
{
    (void)state;
    expect(STR("a=1&a=2&a"), STR("a>1|a>2|a>|"));
    expect(STR("&&=x&=&y=&"), STR(">x|>|y>|"));
    expect(STR(""), STR(""));
    expect(STR("&"), STR(""));
    expect(STR("just text"), STR("just text>|"));
}

static void bad_escapes_stay_as_they_are(void **state)
{
    (void)state;
    expect(STR("a=100%&b=%zz%4&c=%4g%%41%"), STR("a>100%|b>%zz%4|c>%4g%A%|"));
    expect(STR("%"), STR("%>|"));
    expect(STR("%4"), STR("%4>|"));
    expect(STR("a=%+b"), STR("a>% b|"));
}

static void a_field_is_bounded(void **state)
{
    (void)state;
    expect_limit(STR("ab=cd&abc=def"), 6, OK, STR("ab>cd|abc>def|"));
    expect_limit(STR("ab=cd&abc=defgh&x=y"), 6, ERR_LIMIT,
        STR("ab>cd|partial=abc=def@13"));
    expect_limit(STR("abcdefgh"), 6, ERR_LIMIT, STR("partial=abcdef@6"));
}

static void fields_are_counted(void **state)
{
    (void)state;
    struct buf text = {0}, out = {0};
    for (unsigned i = 0; i < FORM_FIELDS_MAX; i++)
        buf_append_str(&text, STR("a&"));
    assert_int_equal(read_cut(buf_str(&text), CUTS_WHOLE, 0, &out), OK);
    buf_append_str(&text, STR("b"));
    assert_int_equal(read_cut(buf_str(&text), CUTS_WHOLE, 0, &out), ERR_LIMIT);
    buf_free(&text);
    buf_free(&out);
}

static void a_bad_escape_of_a_piece_stays(void **state)
{
    static const struct {
        const char *text, *plain, *plus;
    } cases[] = {{"a%20b+c", "a b+c", "a b c"}, {"%4", "%4", "%4"},
        {"% 4", "% 4", "% 4"}, {"%+4%-1", "%+4%-1", "% 4%-1"},
        {"%zz%41", "%zzA", "%zzA"}, {"%", "%", "%"}, {"", "", ""}};
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str text = str_of(cases[i].text);
        assert_true(str_is(form_decode(&arena, text, false), cases[i].plain));
        assert_true(str_is(form_decode(&arena, text, true), cases[i].plus));
    }
    arena_free(&arena);
}

static void pairs_of_a_query_come_decoded(void **state)
{
    struct arena arena = {0};
    struct str rest = STR("a=1&%62+c=d%3Dx+y&&alone&=v&e=f=g"), name, value;
    static const char *const want[][2] = {{"a", "1"}, {"b c", "d=x y"},
        {"", ""}, {"alone", ""}, {"", "v"}, {"e", "f=g"}};
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_true(form_next_pair(&arena, &rest, &name, &value));
        assert_true(str_is(name, want[i][0]));
        assert_true(str_is(value, want[i][1]));
    }
    assert_false(form_next_pair(&arena, &rest, &name, &value));
    rest = STR_NONE;
    assert_false(form_next_pair(&arena, &rest, &name, &value));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_escape_of_a_piece_stays),
        cmocka_unit_test(names_and_values_are_decoded),
        cmocka_unit_test(repeated_and_empty_names_come_as_they_are),
        cmocka_unit_test(bad_escapes_stay_as_they_are),
        cmocka_unit_test(a_field_is_bounded),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(pairs_of_a_query_come_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
