/* inspect/winnow.h */
#include "inspect/winnow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/winnow_parts.h"
#include "prose.h"

struct taken {
    uint32_t hash;
    uint64_t position;
    size_t start, end;
};

struct takes {
    struct taken *items;
    size_t count;
    uint64_t letters;
};

static struct winnow_key *key;

static int set_up(void **state)
{
    uint8_t bytes[WINNOW_KEY_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    key = winnow_key_new(bytes);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    winnow_key_free(&key);
    return 0;
}

static struct takes take(struct str text)
{
    struct takes takes = {0};
    const struct winnow_point *points;
    size_t count;
    struct winnow *w = winnow_new(key, text);
    while (winnow_round(w, &points, &count)) {
        takes.items = mem_realloc(
            takes.items, (takes.count + count + 1) * sizeof *takes.items);
        for (size_t i = 0; i < count; i++) {
            struct taken *t = &takes.items[takes.count++];
            t->hash = points[i].hash;
            t->position = winnow_position(w, points[i].place);
            winnow_source(w, points[i].place, &t->start, &t->end);
        }
    }
    takes.letters = winnow_letters(w);
    assert_int_equal(winnow_read(w), text.n);
    winnow_free(&w);
    return takes;
}

static void assert_same_points(const struct takes *a, const struct takes *b)
{
    assert_int_equal(a->letters, b->letters);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].hash, b->items[i].hash);
        assert_int_equal(a->items[i].position, b->items[i].position);
    }
}

static void case_blanks_and_lines_change_nothing(void **state)
{
    (void)state;
    uint32_t seed = 1;
    struct buf text = {0}, other = {0};
    prose_paragraphs(&seed, 60, &text);
    for (size_t i = 0; i < text.n; i++) {
        char c = buf_bytes(&text)[i];
        buf_append_char(&other, (char)toupper((unsigned char)c));
        if (c == ' ' && i % 3 == 0)
            buf_append_str(&other, STR("-\n   >> "));
    }
    struct takes a = take(buf_str(&text)), b = take(buf_str(&other));
    assert_true(a.count > a.letters / WINNOW_WINDOW);
    assert_same_points(&a, &b);
    mem_free(a.items);
    mem_free(b.items);
    buf_free(&text);
    buf_free(&other);
}

static void accents_and_compatibility_forms_change_nothing(void **state)
{
    (void)state;
    static const char plain[] =
        "Der Aerger uber die neue Efficiency der Firma war gross, aber "
        "niemand sagte etwas in der Sitzung am 12. Mai in Zurich.";
    static const char other[] =
        "Der Aerger \xc3\xbc"
        "ber die neue E\xef\xac\x83"
        "ciency der Firma war gro\xc3\x9f, aber "
        "niemand sagte \xef\xbd\x85\xef\xbd\x94was in der Sitzung am "
        "\xef\xbc\x91\xef\xbc\x92. Mai in Zu\xcc\x88rich.";
    struct takes a = take(STR(plain)), b = take(STR(other));
    assert_true(a.count > 2);
    assert_same_points(&a, &b);
    mem_free(a.items);
    mem_free(b.items);
}

static bool has_hash(const struct takes *t, uint32_t hash)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].hash == hash)
            return true;
    return false;
}

/* Letters only, so that lengths are letters. */
static void a_run_that_two_texts_share_has_a_point_in_both(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 300; round++) {
        struct buf run = {0}, a = {0}, b = {0};
        while (run.n < WINNOW_SURE)
            prose_word(&seed, &run);
        buf_truncate(&run, WINNOW_SURE);
        while (a.n < 200 + prose_random(&seed) % 300)
            prose_word(&seed, &a);
        while (b.n < 200 + prose_random(&seed) % 300)
            prose_word(&seed, &b);
        buf_append_str(&a, buf_str(&run));
        buf_append_str(&b, buf_str(&run));
        for (int i = 0; i < 20; i++) {
            prose_word(&seed, &a);
            prose_word(&seed, &b);
        }
        struct takes x = take(buf_str(&a)), y = take(buf_str(&b));
        bool is_shared = false;
        for (size_t i = 0; i < x.count; i++)
            is_shared = is_shared || has_hash(&y, x.items[i].hash);
        assert_true(is_shared);
        mem_free(x.items);
        mem_free(y.items);
        buf_free(&run);
        buf_free(&a);
        buf_free(&b);
    }
}

static void no_two_points_are_farther_apart_than_the_window(void **state)
{
    (void)state;
    uint32_t seed = 3;
    struct buf text = {0};
    prose_paragraphs(&seed, 400, &text);
    struct takes t = take(buf_str(&text));
    assert_true(t.items[0].position < WINNOW_WINDOW);
    for (size_t i = 1; i < t.count; i++) {
        assert_true(t.items[i].position > t.items[i - 1].position);
        assert_true(
            t.items[i].position - t.items[i - 1].position <= WINNOW_WINDOW);
    }
    /* About as many as the threshold says. */
    assert_in_range(
        t.letters / t.count, WINNOW_EVERY * 3 / 4, WINNOW_EVERY * 4 / 3);
    mem_free(t.items);
    buf_free(&text);
}

static void processors_without_ssse3_find_the_same(void **state)
{
    (void)state;
    uint32_t seed = 5;
    struct buf text = {0};
    while (text.n < 50000) {
        prose_word(&seed, &text);
        buf_append_char(&text, (char)(prose_random(&seed) % 256));
    }
    bool was_fast = key->is_fast;
    struct takes a = take(buf_str(&text));
    key->is_fast = false;
    struct takes b = take(buf_str(&text));
    key->is_fast = was_fast;
    assert_same_points(&a, &b);
    mem_free(a.items);
    mem_free(b.items);
    buf_free(&text);
}

static size_t count_letters(struct str s)
{
    size_t letters = 0, n;
    char out[FOLD_MAX];
    for (size_t at = 0; at < s.n;) {
        uint32_t c;
        size_t length = utf8_decode(str_sub(s, at, s.n), &c);
        if (length == 0) {
            at++;
            continue;
        }
        fold_character(c, out, &n);
        letters += n;
        at += length;
    }
    return letters;
}

static void the_source_of_a_point_holds_its_letters(void **state)
{
    (void)state;
    static const char *const others[] = {" \xe2\x80\x94 ",
        "\xe6\xa9\x9f\xe5\xaf\x86\xe6\x96\x87\xe6\x9b\xb8",
        "\xd0\x94\xd0\xbe\xd0\xb3\xd0\xbe\xd0\xb2\xd0\xbe\xd1\x80", "\xff\xfe",
        "\xc3\xa9", "\xed\x95\x9c\xea\xb5\xad", ".....,,,,,;;;;;     "};
    uint32_t seed = 11;
    struct buf text = {0};
    while (text.n < 100000) {
        prose_word(&seed, &text);
        buf_append_str(&text, str_of(others[prose_random(&seed) % 7]));
        if (prose_random(&seed) % 200 == 0) /* chunks without a letter */
            for (int i = 0; i < 5000; i++)
                buf_append_char(&text, '-');
    }
    struct takes t = take(buf_str(&text));
    assert_true(t.count > 1000);
    for (size_t i = 0; i < t.count; i++) {
        struct str s =
            str_sub(buf_str(&text), t.items[i].start, t.items[i].end);
        size_t letters = count_letters(s);
        assert_in_range(letters, WINNOW_GRAM, WINNOW_GRAM + 4);
        assert_in_range(t.items[i].position,
            count_letters(str_sub(buf_str(&text), 0, t.items[i].start)),
            count_letters(str_sub(buf_str(&text), 0, t.items[i].start)) + 3);
    }
    mem_free(t.items);
    buf_free(&text);
}

static void a_run_of_one_letter_is_few_points(void **state)
{
    (void)state;
    struct buf text = {0};
    for (char c = 'a'; c <= 'z'; c++)
        for (int i = 0; i < 10000; i++)
            buf_append_char(&text, c);
    struct takes t = take(buf_str(&text));
    assert_true(t.count <= text.n / WINNOW_WINDOW + 26 * WINNOW_GRAM);
    mem_free(t.items);
    buf_free(&text);
}

static void short_and_empty_texts_have_no_points(void **state)
{
    (void)state;
    struct takes t = take(STR(""));
    assert_int_equal(t.count, 0);
    mem_free(t.items);
    t = take(STR("nineteen letters and"));
    assert_int_equal(t.letters, 18);
    assert_int_equal(t.count, 0);
    mem_free(t.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_blanks_and_lines_change_nothing),
        cmocka_unit_test(accents_and_compatibility_forms_change_nothing),
        cmocka_unit_test(a_run_that_two_texts_share_has_a_point_in_both),
        cmocka_unit_test(no_two_points_are_farther_apart_than_the_window),
        cmocka_unit_test(processors_without_ssse3_find_the_same),
        cmocka_unit_test(the_source_of_a_point_holds_its_letters),
        cmocka_unit_test(a_run_of_one_letter_is_few_points),
        cmocka_unit_test(short_and_empty_texts_have_no_points),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
