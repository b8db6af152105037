/* inspect/sse.h at any cuts. */
#include "inspect/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

static void write_event(void *arg, const struct sse_event *e)
{
    buf_printf(arg, "%s%.*s|%.*s|", e->is_complete ? "" : "cut ",
        STR_ARG(e->name), STR_ARG(e->id));
    buf_append_str(arg, e->data);
    buf_printf(arg, "|%u-%u;", (unsigned)e->start, (unsigned)e->end);
}

static enum err read_cut(
    struct str text, unsigned way, size_t limit, struct buf *out)
{
    struct sse *s = sse_new(limit, write_event, out);
    struct cuts cuts = cuts_begin(text, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = sse_feed(s, piece);
    cuts_end(&cuts);
    assert_int_equal(sse_finish(s), err == OK ? sse_finish(s) : err);
    err = sse_finish(s);
    sse_free(&s);
    assert_null(s);
    return err;
}

static void expect_limit(
    struct str text, size_t limit, enum err want, const char *events)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        assert_int_equal(read_cut(text, way, limit, &out), want);
        assert_string_equal(buf_cstr(&out), events);
        buf_free(&out);
    }
}

static void expect(struct str text, const char *events)
{
    expect_limit(text, 0, OK, events);
}

static void an_event_ends_at_the_blank_line(void **state)
{
    (void)state;
    expect(STR("data: a\n\ndata:b\n\n"), "||a|0-9;||b|9-17;");
    expect(STR("event: delta\ndata: {}\nid: 7\n\n"), "delta|7|{}|0-29;");
    expect(STR("data: a\n\n\n\ndata: b\n\n"), "||a|0-9;||b|11-20;");
}

static void every_line_end_is_known(void **state)
{
    (void)state;
    expect(STR("data: a\r\n\r\ndata: b\r\n\r\n"), "||a|0-10;||b|11-21;");
    expect(STR("data: a\r\rdata: b\r\r"), "||a|0-9;||b|9-18;");
    expect(STR("data: a\ndata: b\r\ndata: c\r\n\ndata: d\n\n"),
        "||a\nb\nc|0-27;||d|27-36;");
    expect(STR("data: a\r\n\rdata: b\r\r\n"), "||a|0-10;||b|10-19;");
}

static void data_lines_are_joined(void **state)
{
    (void)state;
    expect(STR("data: a\ndata\ndata:\ndata:  b\n\n"), "||a\n\n\n b|0-29;");
    expect(STR("data\n\n"), "|||0-6;");
    expect(STR("data: {\"a\":1}    \n\n"), "||{\"a\":1}    |0-19;");
}

static void comments_and_unknown_fields_say_nothing(void **state)
{
    (void)state;
    expect(STR(": ping\n\nretry: 5\nfoo: bar\nDATA: x\n\n"), "");
    expect(STR(":x\ndata: a\n:data: b\n\n"), "||a|0-21;");
    expect(STR("event: a\n\ndata: b\n\n"), "||b|10-19;");
}

/* What the one before began with is remembered, not what it meant. */
static void events_that_begin_nearly_alike_are_told_apart(void **state)
{
    (void)state;
    expect(STR("\nevent: d\ndata: a\n\nevent: d\ndata: b\n\n"
               "event: d\ndata:  c\n\nevent: d\ndata:e\n\n"
               "event: dd\ndata: f\n\ndata: g\n\nevent: d\ndata: \n\n"
               "event: d\ndata: h\ndata: i\n\ndata: j\n\n"),
        "d||a|1-19;d||b|19-37;d|| c|37-56;d||e|56-73;dd||f|73-92;"
        "||g|92-101;d|||101-118;d||h\ni|118-144;||j|144-153;");
    expect(STR("data:a\n\ndata: b\n\ndata:c\n\ndata: \n\n"),
        "||a|0-8;||b|8-17;||c|17-25;|||25-33;");
}

static void the_id_stays_the_name_does_not(void **state)
{
    (void)state;
    expect(STR("id: 1\nevent: n\ndata: a\n\ndata: b\n\nid:\ndata: c\n\n"),
        "n|1|a|0-24;|1|b|24-33;||c|33-46;");
    expect(STR("id: a\0b\ndata: c\n\n"), "||c|0-17;");
}

static void a_last_event_without_its_end_is_marked(void **state)
{
    (void)state;
    expect(STR("data: a\n\ndata: b"), "||a|0-9;cut ||b|9-16;");
    expect(STR("data: a\n"), "cut ||a|0-8;");
    expect(STR("data: a\r\n"), "cut ||a|0-9;");
    expect(STR("event: x\n"), "");
    expect(
        STR("data: caf\xc3\xa9 \xe2\x82"), "cut ||caf\xc3\xa9 \xe2\x82|0-14;");
    expect(STR(""), "");
}

static void a_byte_order_mark_is_skipped_once(void **state)
{
    (void)state;
    expect(STR("\xef\xbb\xbf"
               "data: a\n\n\xef\xbb\xbf"
               "data: b\n\n"),
        "||a|0-12;");
}

static void events_are_bounded_at_any_cut(void **state)
{
    (void)state;
    expect_limit(
        STR("data: 1\n\ndata: 234567\n\n"), 16, OK, "||1|0-9;||234567|9-23;");
    expect_limit(
        STR("data: 1\n\ndata: 2345678901\n\n"), 16, ERR_LIMIT, "||1|0-9;");
    expect_limit(STR("data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\ndata: "
                     "6\n\n"),
        16, ERR_LIMIT, "");
    expect_limit(STR("data: 1\n\n0123456789012345"), 16, ERR_LIMIT, "||1|0-9;");
}

static void four_mebibytes_in_one_event_are_read(void **state)
{
    (void)state;
    size_t n = 4 * 1024 * 1024;
    struct buf text = {0}, out = {0};
    buf_append_str(&text, STR("data: "));
    memset(buf_reserve(&text, n), 'x', n);
    buf_commit(&text, n);
    buf_append_str(&text, STR("\n\n"));
    assert_int_equal(read_cut(buf_str(&text), CUTS_WAYS - 1, 0, &out), OK);
    assert_true(out.n > n);
    buf_free(&text);
    buf_free(&out);
}

static void many_short_lines_take_linear_time(void **state)
{
    (void)state;
    size_t n = 4 * 1024 * 1024;
    struct buf text = {0}, out = {0};
    memset(buf_reserve(&text, n), '\r', n);
    buf_commit(&text, n);
    assert_int_equal(read_cut(buf_str(&text), CUTS_WHOLE, 0, &out), OK);
    assert_int_equal(out.n, 0);
    buf_free(&text);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_ends_at_the_blank_line),
        cmocka_unit_test(every_line_end_is_known),
        cmocka_unit_test(data_lines_are_joined),
        cmocka_unit_test(comments_and_unknown_fields_say_nothing),
        cmocka_unit_test(events_that_begin_nearly_alike_are_told_apart),
        cmocka_unit_test(the_id_stays_the_name_does_not),
        cmocka_unit_test(a_last_event_without_its_end_is_marked),
        cmocka_unit_test(a_byte_order_mark_is_skipped_once),
        cmocka_unit_test(events_are_bounded_at_any_cut),
        cmocka_unit_test(four_mebibytes_in_one_event_are_read),
        cmocka_unit_test(many_short_lines_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
