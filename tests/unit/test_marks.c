/* inspect/marks.h */
#include "inspect/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/norm.h"

/* What marks.h says of each kind; "\x80" stands for all above it. */
static const char digits[] = "0123456789";
static const char letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char *const others[MARK_KINDS] = {[MARK_DIGIT] = "",
    [MARK_WORD] = letters,
    [MARK_UPPER] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    [MARK_TOKEN] = "_-+/",
    [MARK_TURN] = "_-+/.=",
    [MARK_CODE] = "abcdefABCDEF ,:;-\n\thoxX\\'\"",
    [MARK_ESCAPE] = "%&\\=",
    [MARK_JOINT] = "\n\"'`<*|",
    [MARK_PIECE] = "_-./+=!@#$%^&",
    [MARK_GAP] = " -.",
    [MARK_HIGH] = ""};

static bool is_in(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_of(char c, enum mark kind)
{
    bool has_digits = kind != MARK_ESCAPE && kind != MARK_JOINT &&
                      kind != MARK_UPPER && kind != MARK_GAP;
    bool has_letters =
        kind == MARK_TOKEN || kind == MARK_TURN || kind == MARK_PIECE;
    if (kind == MARK_HIGH)
        return (unsigned char)c >= 0x80;
    return (has_digits && is_in(digits, c)) ||
           (has_letters && is_in(letters, c)) || is_in(others[kind], c);
}

static size_t slow_next(
    struct str text, enum mark kind, size_t at, size_t limit, size_t n)
{
    for (; at < limit; at++) {
        size_t run = 0;
        while (run < n && at + run < text.n && is_of(text.p[at + run], kind))
            run++;
        if (run == n)
            return at;
    }
    return limit;
}

static void every_byte_has_its_kinds_at_every_place(void **state)
{
    (void)state;
    char bytes[256 + 64];
    struct marks marks = {0};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t from = 0; from < 64; from++) {
        struct str text = str_make(bytes + from, 256);
        marks_make(&marks, text, 0, text.n);
        for (size_t i = 0; i < text.n; i++)
            for (unsigned k = 0; k <= MARK_HIGH; k++)
                assert_int_equal(
                    marks_next(&marks, (enum mark)k, i, i + 1) == i,
                    is_of(text.p[i], (enum mark)k));
    }
    assert_true(marks.has_high);
    marks_free(&marks);
}

static void places_and_runs_are_those_of_a_plain_search(void **state)
{
    (void)state;
    static const char alphabet[] = "0123abcxyz  _-.=%\n\"\xc3\xa9";
    static const unsigned lengths[] = {2, 3, 8, 12, 16, 23, 33, 63, 64};
    char bytes[1000];
    struct marks marks = {0};
    srand(7);
    for (int round = 0; round < 60; round++) {
        int spread = 1 + rand() % (int)(sizeof alphabet - 1);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = alphabet[rand() % spread];
        size_t n = (size_t)(rand() % 1000);
        struct str text = str_make(bytes, n);
        size_t at = n == 0 ? 0 : (size_t)rand() % n;
        size_t to = at + (size_t)rand() % (n - at + 1);
        marks_make(&marks, text, at, to);
        for (unsigned k = 0; k <= MARK_HIGH; k++) {
            enum mark kind = (enum mark)k;
            size_t count = 0;
            for (size_t i = at; i < to; i++)
                count += is_of(text.p[i], kind);
            assert_int_equal(marks_count(&marks, kind, at, to), count);
            assert_int_equal(marks_next(&marks, kind, at, to),
                slow_next(text, kind, at, to, 1));
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
                assert_int_equal(
                    marks_next_run(&marks, kind, at, to, lengths[i]),
                    slow_next(text, kind, at, to, lengths[i]));
        }
    }
    marks_free(&marks);
}

static void runs_come_one_after_the_other(void **state)
{
    (void)state;
    static const char alphabet[] = "0123 a";
    char bytes[400];
    struct marks marks = {0};
    srand(9);
    for (int round = 0; round < 2000; round++) {
        int spread = 2 + rand() % (int)(sizeof alphabet - 2);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = alphabet[rand() % 9 == 0 ? 4 : rand() % spread];
        struct str text = str_make(bytes, (size_t)(1 + rand() % 400));
        size_t from = (size_t)rand() % text.n, start = 0, end = 7;
        size_t to = from + (size_t)rand() % (text.n - from + 1);
        marks_make(&marks, text, from, to);
        struct mark_runs runs = marks_runs(&marks, MARK_DIGIT, from, to);
        for (size_t at = from; at < to; at = end) {
            at = slow_next(text, MARK_DIGIT, at, to, 1);
            if (at == to)
                break;
            assert_true(marks_next_of(&runs, &start, &end));
            assert_int_equal(start, at);
            while (at < text.n && is_of(text.p[at], MARK_DIGIT))
                at++;
            assert_int_equal(end, at);
        }
        size_t had = end;
        assert_false(marks_next_of(&runs, &start, &end));
        assert_int_equal(end, had);
    }
    marks_free(&marks);
}

/* Digits, and gaps between two of them. */
static bool is_of_number(struct str text, size_t at)
{
    return is_of(text.p[at], MARK_DIGIT) ||
           (is_of(text.p[at], MARK_GAP) && at > 0 && at + 1 < text.n &&
               is_of(text.p[at - 1], MARK_DIGIT) &&
               is_of(text.p[at + 1], MARK_DIGIT));
}

static size_t slow_number(struct str text, size_t at, size_t limit, size_t n)
{
    for (; at < limit; at++) {
        size_t run = 0;
        while (run < n && at + run < text.n && is_of_number(text, at + run))
            run++;
        if (run == n)
            return at;
    }
    return limit;
}

static void numbers_and_long_runs_are_found_at_once(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789 -.aZ=";
    char bytes[600];
    struct marks marks = {0};
    srand(7);
    for (int round = 0; round < 3000; round++) {
        int spread = 1 + rand() % (int)(sizeof alphabet - 1);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = alphabet[rand() % spread];
        struct str text = str_make(bytes, (size_t)(1 + rand() % 600));
        size_t at = (size_t)rand() % text.n;
        size_t to = at + (size_t)rand() % (text.n - at + 1);
        marks_make(&marks, text, at, to);
        for (unsigned n = 4; n <= 10; n += 2)
            assert_int_equal(marks_next_digits(&marks, at, to, n),
                slow_next(text, MARK_DIGIT, at, to, n));
        assert_int_equal(
            marks_next_number(&marks, at, to, 9), slow_number(text, at, to, 9));
        assert_int_equal(marks_next(&marks, MARK_LONG, at, to),
            slow_next(text, MARK_TURN, at, to, MARK_RUN));
        for (unsigned n = MARK_RUN; n <= MARK_RUN + 16; n += 2) {
            assert_int_equal(marks_next_token(&marks, MARK_TOKEN, at, to, n),
                slow_next(text, MARK_TOKEN, at, to, n));
            assert_int_equal(marks_next_token(&marks, MARK_TURN, at, to, n),
                slow_next(text, MARK_TURN, at, to, n));
        }
        size_t end = at;
        while (end < text.n && is_of(text.p[end], MARK_TURN))
            end++;
        assert_int_equal(marks_end(&marks, MARK_TURN, at), end);
        marks_free(&marks);
    }
}

static void identifiers_are_marked_at_any_place(void **state)
{
    (void)state;
    static const char id[] = "294cd584-a7cd-4cdb-908f-cf0abc80efcf";
    char bytes[400];
    struct marks marks = {0};
    for (size_t at = 0; at + UUID_BYTES <= sizeof bytes; at++) {
        memset(bytes, ' ', sizeof bytes);
        memcpy(bytes + at, id, UUID_BYTES);
        marks_make(&marks, str_make(bytes, sizeof bytes), 0, sizeof bytes);
        assert_int_equal(
            marks_count(&marks, MARK_UUID, 0, sizeof bytes), UUID_BYTES);
        assert_true(marks_at_uuid(&marks, at));
        assert_false(marks_at_uuid(&marks, at + 1));
        bytes[at + 9] = 'g';
        marks_make(&marks, str_make(bytes, sizeof bytes), 0, sizeof bytes);
        assert_int_equal(marks_count(&marks, MARK_UUID, 0, sizeof bytes), 0);
    }
    marks_free(&marks);
}

static void characters_are_seen_from_both_sides(void **state)
{
    (void)state;
    static const char text[] = "ab1 CD-2xY.9";
    struct marks marks = {0};
    marks_make(&marks, str_of(text), 0, sizeof text - 1);
    for (size_t at = 0; at < sizeof text; at++) {
        struct char_bits bits = marks_char_bits(&marks, at);
        uint64_t before = marks_before(&marks, MARK_WORD, at);
        for (size_t i = at; i < sizeof text - 1; i++) {
            assert_int_equal(
                bits.word >> (i - at) & 1, is_of(text[i], MARK_WORD));
            assert_int_equal(
                bits.digit >> (i - at) & 1, is_of(text[i], MARK_DIGIT));
            assert_int_equal(
                bits.upper >> (i - at) & 1, is_of(text[i], MARK_UPPER));
        }
        for (size_t i = 0; i < at; i++)
            assert_int_equal(
                before >> (64 - at + i) & 1, is_of(text[i], MARK_WORD));
    }
    marks_free(&marks);
}

/* A finder of tokens whose last one reached over its share goes on there. */
static void from_behind_the_limit_nothing_goes_back(void **state)
{
    (void)state;
    struct marks m = {0};
    static const char text[] = "12345678 12345678 12345678";
    marks_make(&m, str_of(text), 0, sizeof text - 1);
    assert_int_equal(marks_next(&m, MARK_DIGIT, 17, 10), 17);
    assert_int_equal(marks_skip(&m, MARK_DIGIT, 17, 10), 17);
    assert_int_equal(marks_next_run(&m, MARK_DIGIT, 17, 10, 8), 17);
    marks_free(&m);
}

static void characters_that_are_folded_are_noticed(void **state)
{
    (void)state;
    struct marks marks = {0};
    for (size_t at = 0; at < 150; at += 7) {
        for (int c = 0; c < 256; c++) {
            char bytes[150];
            memset(bytes, 'a', sizeof bytes);
            bytes[at] = (char)c;
            marks_make(&marks, str_make(bytes, sizeof bytes), 0, sizeof bytes);
            assert_int_equal(
                marks.has_odd, c >= 0x80 || norm_is_control((char)c));
            assert_int_equal(marks.has_high, c >= 0x80);
        }
    }
    marks_free(&marks);
}

static void an_identifier_stands_by_itself(void **state)
{
    (void)state;
    const char *id = "294cd584-a7cd-4cdb-908f-cf0abc80efcf";
    assert_true(marks_is_uuid(str_of(id), 0));
    assert_false(marks_is_uuid(str_sub(str_of(id), 0, 35), 0));
    assert_true(
        marks_is_uuid(str_of(" 294cd584-a7cd-4cdb-908f-cf0abc80efcf,"), 1));
    assert_false(
        marks_is_uuid(str_of("x294cd584-a7cd-4cdb-908f-cf0abc80efcf"), 1));
    assert_false(
        marks_is_uuid(str_of("294cd584-a7cd-4cdb-908f-cf0abc80efcfa"), 0));
    assert_false(
        marks_is_uuid(str_of("294cd584-a7cd-4cdb-908f-cf0abc80efcg"), 0));
    assert_false(
        marks_is_uuid(str_of("294cd584-a7cd-4cdb-908facf0abc80efcf"), 0));
}

static void kinds_that_are_nowhere_are_told(void **state)
{
    struct marks marks = {0};
    struct str text = STR("no more than words, and a line end\n");
    (void)state;
    marks_make(&marks, text, 0, text.n);
    assert_true(marks_have(&marks, MARK_WORD));
    assert_true(marks_have(&marks, MARK_JOINT));
    assert_false(marks_have(&marks, MARK_DIGIT));
    assert_false(marks_have(&marks, MARK_ESCAPE));
    assert_false(marks_have(&marks, MARK_LONG));
    assert_false(marks_have(&marks, MARK_HIGH));
    marks_free(&marks);
    text = STR("understanding 1234");
    marks_make(&marks, text, 0, text.n);
    assert_true(marks_have(&marks, MARK_LONG));
    assert_true(marks_have(&marks, MARK_FOUR));
    marks_free(&marks);
}

static void the_end_of_a_run_is_found(void **state)
{
    (void)state;
    char bytes[200];
    struct marks marks = {0};
    memset(bytes, 'a', sizeof bytes);
    bytes[150] = ' ';
    marks_make(&marks, str_make(bytes, sizeof bytes), 0, sizeof bytes);
    assert_int_equal(marks_skip(&marks, MARK_TOKEN, 3, 200), 150);
    assert_int_equal(marks_skip(&marks, MARK_TOKEN, 3, 100), 100);
    assert_int_equal(marks_skip(&marks, MARK_TOKEN, 150, 200), 150);
    assert_int_equal(marks_skip(&marks, MARK_TOKEN, 151, 200), 200);
    assert_true(marks_cover(&marks, str_make(bytes, 200), 64, 200));
    assert_false(marks_cover(&marks, str_make(bytes, 199), 0, 100));
    marks_free(&marks);
    assert_false(marks_cover(&marks, str_make(bytes, 200), 0, 0));
}

/* A run over many windows is walked once, not from each of them. */
static void a_long_run_ends_where_it_ends_from_every_window(void **state)
{
    (void)state;
    enum { BYTES = 200000, WINDOW = 512 };
    static char bytes[BYTES];
    struct marks m = {0};
    for (int round = 0; round < 2; round++) { /* the same place, other text */
        size_t end = round == 0 ? 150000 : 90001;
        memset(bytes, '7', sizeof bytes);
        bytes[end] = '.';
        for (size_t at = 0; at < BYTES; at += WINDOW) {
            size_t to = at + WINDOW < BYTES ? at + WINDOW : BYTES;
            marks_make(&m, str_make(bytes, sizeof bytes), at, to);
            for (size_t i = at; i < to; i += 37)
                assert_int_equal(marks_end(&m, MARK_DIGIT, i),
                    i <= end ? end : sizeof bytes);
        }
    }
    marks_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_its_kinds_at_every_place),
        cmocka_unit_test(places_and_runs_are_those_of_a_plain_search),
        cmocka_unit_test(runs_come_one_after_the_other),
        cmocka_unit_test(numbers_and_long_runs_are_found_at_once),
        cmocka_unit_test(identifiers_are_marked_at_any_place),
        cmocka_unit_test(characters_are_seen_from_both_sides),
        cmocka_unit_test(from_behind_the_limit_nothing_goes_back),
        cmocka_unit_test(characters_that_are_folded_are_noticed),
        cmocka_unit_test(an_identifier_stands_by_itself),
        cmocka_unit_test(kinds_that_are_nowhere_are_told),
        cmocka_unit_test(the_end_of_a_run_is_found),
        cmocka_unit_test(a_long_run_ends_where_it_ends_from_every_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
