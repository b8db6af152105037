/* inspect/multipart.h at any cuts. */
#include "inspect/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

/* Data and preamble come in pieces: they are joined here. */
struct trace {
    struct buf text, data, other;
};

static void write_part(void *arg, const struct multipart_part *p)
{
    struct trace *t = arg;
    buf_printf(&t->text, "<%.*s|%.*s|%.*s>", STR_ARG(p->disposition.name),
        STR_ARG(p->disposition.filename), STR_ARG(p->type));
}

static void write_data(void *arg, struct str data)
{
    struct trace *t = arg;
    buf_append_str(&t->data, data);
}

static void write_end(void *arg)
{
    struct trace *t = arg;
    buf_append_str(&t->text, buf_str(&t->data));
    buf_append_str(&t->text, STR("</>"));
    buf_clear(&t->data);
}

static void write_other(void *arg, struct str bytes)
{
    struct trace *t = arg;
    buf_append_str(&t->other, bytes);
}

static enum err read_cut(
    const char *boundary, struct str text, unsigned way, struct buf *out)
{
    static const struct multipart_events events = {.on_part = write_part,
        .on_data = write_data,
        .on_part_end = write_end,
        .on_other = write_other};
    struct trace t = {0};
    struct multipart *m;
    assert_int_equal(multipart_new(str_of(boundary), &events, &t, &m), OK);
    struct cuts cuts = cuts_begin(text, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = multipart_feed(m, piece);
    cuts_end(&cuts);
    err = multipart_finish(m);
    multipart_free(&m);
    assert_int_equal(t.data.n, 0);
    buf_append_str(out, buf_str(&t.text));
    buf_append_char(out, '#');
    buf_append_str(out, buf_str(&t.other));
    buf_free(&t.text);
    buf_free(&t.data);
    buf_free(&t.other);
    return err;
}

static void expect(struct str text, enum err want, const char *parts)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        enum err err = read_cut("XX", text, way, &out);
        if (err != want || !str_is(buf_str(&out), parts))
            fail_msg("way %u: %s %s", way, err_name(err), buf_cstr(&out));
        buf_free(&out);
    }
}

#define CD "Content-Disposition: form-data; "

static void parts_have_names_types_and_data(void **state)
{
    (void)state;
    expect(STR("--XX\r\n" CD "name=\"a\"\r\n\r\nhello\r\n"
               "--XX\r\ncontent-disposition: FORM-DATA; name=f; "
               "filename=\"x.txt\"\r\nCONTENT-TYPE: Text/Plain; "
               "charset=x\r\n\r\nline 1\r\nline 2\r\n\r\n--XX--\r\n"),
        OK, "<a||>hello</><f|x.txt|text/plain>line 1\r\nline 2\r\n</>#\r\n");
}

static void names_may_be_raw_utf8_or_extended(void **state)
{
    (void)state;
    expect(STR("--XX\r\n" CD "name=\"\xc3\xa9\"; filename=\"b\"; "
               "filename*=UTF-8''c%20d\r\n\r\n\r\n--XX--"),
        OK, "<\xc3\xa9|c d|></>#");
}

static void headers_may_be_folded_or_missing(void **state)
{
    (void)state;
    expect(STR("--XX\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n"
               "--XX\r\n\r\ny\r\n--XX--"),
        OK, "<a||>x</><||>y</>#");
}

static void an_empty_part_may_lack_its_line_end(void **state)
{
    (void)state;
    expect(
        STR("--XX\r\n" CD "name=a\r\n\r\n--XX\r\n" CD "name=b\r\n\r\n--XX--"),
        OK, "<a||></><b||></>#");
}

static void bare_line_feeds_and_padding_are_known(void **state)
{
    (void)state;
    expect(STR("--XX \t\n" CD "name=a\n\nx\n--XX  \r\n\r\ny\n--XX--"), OK,
        "<a||>x</><||>y</>#");
}

static void what_only_looks_like_a_boundary_is_data(void **state)
{
    (void)state;
    expect(STR("--XX\r\n\r\na--XX\r\n--X\r\n--XXY\r\n-- XX\r\r\n\r\n--XX-a"
               "\r\n--XX \r \n\r\r\n--XX--"),
        OK,
        "<||>a--XX\r\n--X\r\n--XXY\r\n-- XX\r\r\n\r\n--XX-a\r\n--XX \r "
        "\n\r</>#");
}

static void an_inner_multipart_is_plain_data(void **state)
{
    (void)state;
    expect(STR("--XX\r\nContent-Type: multipart/mixed; boundary=YY\r\n\r\n"
               "--YY\r\n\r\nin\r\n--YY--\r\n--XX--"),
        OK, "<||multipart/mixed>--YY\r\n\r\nin\r\n--YY--</>#");
}

static void preamble_and_epilogue_are_given_out(void **state)
{
    (void)state;
    expect(STR("before\r\n--XX\r\n\r\nx\r\n--XX--after\r\n--XX\r\n"), OK,
        "<||>x</>#beforeafter\r\n--XX\r\n");
}

static void a_missing_end_is_found_and_nothing_lost(void **state)
{
    (void)state;
    expect(STR("--XX\r\n\r\nabc\r\n--X"), ERR_PARSE, "<||>abc\r\n--X</>#");
    expect(STR("--XX\r\n\r\nabc\r\n--XX\r\n"), ERR_PARSE, "<||>abc</>#");
    expect(STR("--XX\r\n\r\nabc\r"), ERR_PARSE, "<||>abc\r</>#");
    expect(STR("--XX\r\nA: b\r\n"), ERR_PARSE, "#A: b\r\n");
    expect(STR("no boundary at all"), ERR_PARSE, "#no boundary at all");
    expect(STR("--X"), ERR_PARSE, "#--X");
    expect(STR(""), ERR_PARSE, "#");
}

static void boundaries_are_checked(void **state)
{
    (void)state;
    struct multipart *m;
    static const struct multipart_events none = {0};
    char big[MULTIPART_BOUNDARY_BYTES_MAX + 1];
    memset(big, 'x', sizeof big);
    assert_int_equal(multipart_new(STR(""), &none, NULL, &m), ERR_PARSE);
    assert_int_equal(multipart_new(STR("a\nb"), &none, NULL, &m), ERR_PARSE);
    assert_int_equal(
        multipart_new(str_make(big, sizeof big), &none, NULL, &m), ERR_PARSE);
    assert_int_equal(
        multipart_new(str_make(big, sizeof big - 1), &none, NULL, &m), OK);
    assert_int_equal(multipart_feed(m, STR("x\r\n--")), OK);
    multipart_free(&m);
}

static void headers_and_parts_are_bounded(void **state)
{
    (void)state;
    struct buf text = {0}, out = {0};
    buf_append_str(&text, STR("--XX\r\nA: "));
    for (unsigned i = 0; i < MULTIPART_HEADER_BYTES_MAX; i++)
        buf_append_char(&text, 'h');
    buf_append_str(&text, STR("\r\n\r\n"));
    assert_int_equal(read_cut("XX", buf_str(&text), 8, &out), ERR_LIMIT);
    assert_int_equal(out.n, MULTIPART_HEADER_BYTES_MAX + 1);
    buf_clear(&text);
    for (unsigned i = 0; i < MULTIPART_PARTS_MAX; i++)
        buf_append_str(&text, STR("--XX\r\n\r\n\r\n"));
    size_t full = text.n;
    buf_append_str(&text, STR("--XX--"));
    assert_int_equal(read_cut("XX", buf_str(&text), 0, &out), OK);
    buf_truncate(&text, full);
    buf_append_str(&text, STR("--XX\r\n\r\n\r\n--XX--"));
    assert_int_equal(read_cut("XX", buf_str(&text), 0, &out), ERR_LIMIT);
    buf_free(&text);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_names_types_and_data),
        cmocka_unit_test(names_may_be_raw_utf8_or_extended),
        cmocka_unit_test(headers_may_be_folded_or_missing),
        cmocka_unit_test(an_empty_part_may_lack_its_line_end),
        cmocka_unit_test(bare_line_feeds_and_padding_are_known),
        cmocka_unit_test(what_only_looks_like_a_boundary_is_data),
        cmocka_unit_test(an_inner_multipart_is_plain_data),
        cmocka_unit_test(preamble_and_epilogue_are_given_out),
        cmocka_unit_test(a_missing_end_is_found_and_nothing_lost),
        cmocka_unit_test(boundaries_are_checked),
        cmocka_unit_test(headers_and_parts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
