/* inspect/runs.h */
#include "inspect/runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

static void on_text(void *arg, struct str text)
{
    buf_append_str(arg, text);
}

static void assert_runs(struct str bytes, const char *expected)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        struct runs r = {.on_text = on_text, .arg = &out};
        struct cuts cuts = cuts_begin(bytes, way);
        struct str piece;
        while (cuts_next(&cuts, &piece))
            runs_feed(&r, piece);
        runs_finish(&r);
        assert_string_equal(buf_cstr(&out), expected);
        buf_free(&out);
    }
}

static void four_characters_are_a_run(void **state)
{
    (void)state;
    assert_runs(STR("\1abc\2abcd\3"), "abcd\n");
    assert_runs(STR("abcd"), "abcd\n");
    assert_runs(STR("a\tb "), "a\tb \n");
    assert_runs(STR("abc"), "");
    assert_runs(STR(""), "");
    assert_runs(STR("one two\0three\xff four"), "one two\nthree\n four\n");
}

static void characters_count_not_bytes(void **state)
{
    (void)state;
    assert_runs(STR("äöü\1"), "");
    assert_runs(STR("äöüß\1"), "äöüß\n");
    assert_runs(STR("身份证号"), "身份证号\n");
}

static void a_broken_sequence_ends_a_run(void **state)
{
    (void)state;
    assert_runs(STR("abcd\xc3zefgh"), "abcd\nzefgh\n");
    assert_runs(STR("abcd\xe4\xbd"), "abcd\n");
    assert_runs(STR("abcd\xc2\x80"
                    "efgh"),
        "abcd\nefgh\n"); /* a control */
    assert_runs(STR("\xed\xa0\x80"
                    "abcd"),
        "abcd\n"); /* a surrogate */
}

static void ascii_in_utf_16_is_read_in_either_order(void **state)
{
    (void)state;
    assert_runs(STR("\xff\xfe"
                    "p\0a\0s\0s\0"
                    "\1\1"),
        "pass\n");
    assert_runs(STR("\xfe\xff\0p\0a\0s\0s"), "pass\n");
    assert_runs(STR("p\0a\0s\0"), "");
    assert_runs(STR("w\0i\0d\0e\0then plain"), "wide\nthen plain\n");
}

static void after_its_end_it_may_be_fed_again(void **state)
{
    (void)state;
    struct buf out = {0};
    struct runs r = {.on_text = on_text, .arg = &out};
    runs_feed(&r, STR("abc"));
    runs_finish(&r);
    runs_feed(&r, STR("defg"));
    runs_finish(&r);
    assert_string_equal(buf_cstr(&out), "defg\n");
    buf_free(&out);
}

/* Bytes as of something compressed, each line of `words` far behind the last.
 */
static void put_noise(struct buf *out, const char *words)
{
    uint32_t state = 1;
    for (int i = 0; i < 2000; i++) {
        state = state * 1664525 + 1013904223;
        unsigned char c = (unsigned char)(state >> 24);
        char high = (char)(c | 0x80), any = (char)c;
        buf_append(out, c < 24 || i % 2 == 0 ? &high : &any, 1);
        if (i % 500 == 499)
            buf_append(out, words, strlen(words));
    }
}

static void short_runs_in_what_is_compressed_are_chance(void **state)
{
    (void)state;
    struct buf in = {0};
    put_noise(&in, "\x80pw: hunter2\x80");
    assert_runs(buf_str(&in), "");
    buf_clear(&in);
    put_noise(&in, "\x80"
                   "4111111111111111\x80");
    assert_runs(buf_str(&in),
        "4111111111111111\n4111111111111111\n4111111111111111\n"
        "4111111111111111\n");
    buf_free(&in);
}

static void code_and_zeros_around_a_run_do_not_matter(void **state)
{
    (void)state;
    struct buf in = {0}, out = {0};
    for (int i = 0; i < 50; i++) {
        buf_append_str(&in, STR("\x48\x89\xe5\xc7\x45\xfc\0\0\0\0"));
        buf_append_str(&in, STR("word\0\0\x01\x02\xff\xfe"));
        buf_append_str(&out, STR("word\n"));
    }
    assert_runs(buf_str(&in), buf_cstr(&out));
    buf_free(&in);
    buf_free(&out);
}

/* Pieces of text in all codings, broken and whole, with bytes of all kinds
 * and long stretches of one kind between. */
static void put_mixture(struct buf *out, uint32_t *seed)
{
    static const struct {
        const char *p;
        size_t n;
    } pieces[] = {{"pass", 4}, {"\xc3\xa4\xc3\xb6", 4},
        {"abcdefghijklmnopq", 17}, {"\xe8\xba\xab\xe4\xbb\xbd", 6},
        {"p\0a\0s\0s\0w\0", 10},
        {"w\0i\0d\0e\0-\0w\0i\0d\0e\0-\0w\0i\0d\0e\0-\0w\0i\0d\0e\0-\0", 40},
        {"\0p\0a\0s\0s", 8}, {"\0\0\0\0\0\0\0\0\0", 9}, {"\r\n", 2},
        {"\xc3", 1}, {"\xe4\xbd", 2}, {"\xf0\x9f\x98\x80", 4},
        {"\xf0\x9f\x98", 3}, {"\xc2\x80", 2}, {"\xed\xa0\x80", 3}, {"\xff", 1},
        {"\x80", 1}, {"\t", 1}, {"a", 1}, {"a\0", 2}, {"\x7f", 1}};
    for (unsigned i = 0; i < 60; i++) {
        size_t which = cuts_random(seed) % (ARRAY_LEN(pieces) + 4);
        size_t many = cuts_random(seed) % 90;
        if (which < ARRAY_LEN(pieces))
            buf_append(out, pieces[which].p, pieces[which].n);
        for (size_t k = 0; which >= ARRAY_LEN(pieces) && k < many; k++)
            buf_append_char(out, (char)(cuts_random(seed) >> which % 8));
    }
}

/* Fed one by one, bytes are read so; in larger pieces most are passed over. */
static void what_is_passed_over_is_in_no_run(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (unsigned round = 0; round < 600; round++) {
        struct buf in = {0}, out[3] = {{0}};
        struct runs r[3];
        put_mixture(&in, &seed);
        for (unsigned i = 0; i < 3; i++) {
            static const unsigned ways[] = {
                CUTS_BYTES, CUTS_WHOLE, CUTS_WAYS - 1};
            struct str all = buf_str(&in), piece;
            r[i] = (struct runs){.on_text = on_text, .arg = &out[i]};
            struct cuts cuts =
                cuts_begin(str_sub(all, round % 16, all.n), ways[i]);
            while (cuts_next(&cuts, &piece))
                runs_feed(&r[i], piece);
            assert_int_equal(r[i].odd, r[0].odd);
            assert_int_equal(r[i].zeros, r[0].zeros);
            assert_int_equal(r[i].is_dense, r[0].is_dense);
            runs_finish(&r[i]);
            assert_true(str_eq(buf_str(&out[i]), buf_str(&out[0])));
        }
        for (unsigned i = 0; i < 3; i++)
            buf_free(&out[i]);
        buf_free(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_characters_are_a_run),
        cmocka_unit_test(characters_count_not_bytes),
        cmocka_unit_test(a_broken_sequence_ends_a_run),
        cmocka_unit_test(ascii_in_utf_16_is_read_in_either_order),
        cmocka_unit_test(short_runs_in_what_is_compressed_are_chance),
        cmocka_unit_test(code_and_zeros_around_a_run_do_not_matter),
        cmocka_unit_test(what_is_passed_over_is_in_no_run),
        cmocka_unit_test(after_its_end_it_may_be_fed_again),
    };
    return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
