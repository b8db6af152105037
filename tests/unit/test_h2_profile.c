/* proxy/h2_profile.h: introductions, whole and in pieces, and rubbish. */
#include "proxy/h2_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* As Chromium: four settings, one id of nobody, a window, a request. */
#define SETTINGS                                                               \
    "\0\0\x1e\x04\0\0\0\0\0"                                                   \
    "\0\x01\0\x01\0\0\0\x02\0\0\0\0\0\x04\0\x60\0\0\0\x06\0\x04\0\0\xda\xda"   \
    "\x12\x34\x56\x78"
#define WINDOW "\0\0\x04\x08\0\0\0\0\0\0\xef\0\x01"
#define REQUEST "\0\0\x01\x01\x05\0\0\0\x01\x82"

static const struct h2_setting expected[] = {
    {1, 65536}, {2, 0}, {4, 6291456}, {6, 262144}, {0xdada, 0x12345678}};

static void assert_introduction(const struct h2_profile *p)
{
    assert_int_equal(p->count, ARRAY_LEN(expected));
    for (size_t i = 0; i < p->count; i++) {
        assert_int_equal(p->settings[i].id, expected[i].id);
        assert_int_equal(p->settings[i].value, expected[i].value);
    }
    assert_int_equal(p->window_increment, 15663105);
    assert_true(p->is_whole);
    assert_int_equal(h2_profile_find(p, 4)->value, 6291456);
    assert_null(h2_profile_find(p, 8));
}

static void an_introduction_is_read_in_any_pieces(void **state)
{
    (void)state;
    struct str all = STR(PREFACE SETTINGS WINDOW REQUEST);
    for (size_t piece = 1; piece <= all.n; piece++) {
        struct h2_profile p = {.has_preface = true};
        for (size_t at = 0; at < all.n; at += piece)
            h2_profile_feed(&p, str_sub(all, at, at + piece));
        assert_introduction(&p);
        h2_profile_free(&p);
    }
}

static void a_server_has_no_preface(void **state)
{
    (void)state;
    struct h2_profile p = {0};
    h2_profile_feed(&p, STR("\0\0\x06\x04\0\0\0\0\0\0\x08\0\0\0\x01"));
    assert_int_equal(h2_profile_find(&p, 8)->value, 1);
    assert_false(p.is_whole);
    h2_profile_free(&p);
}

static void requests_end_it(void **state)
{
    (void)state;
    struct h2_profile p = {.has_preface = true};
    h2_profile_feed(&p, STR(PREFACE SETTINGS REQUEST WINDOW));
    assert_int_equal(p.count, ARRAY_LEN(expected));
    assert_int_equal(p.window_increment, 0);
    assert_true(p.is_whole);
    h2_profile_free(&p);
}

static void no_more_is_kept_than_said(void **state)
{
    (void)state;
    struct h2_profile p = {.has_preface = true};
    struct buf many = {0};
    buf_append_str(&many, STR(PREFACE "\0\x02\x58\x04\0\0\0\0\0"));
    for (int i = 0; i < 100; i++)
        buf_append_str(&many, STR("\0\x07\0\0\0\x09"));
    h2_profile_feed(&p, buf_str(&many));
    assert_int_equal(p.count, H2_PROFILE_SETTINGS_MAX);
    for (int i = 0; i < 100; i++) {
        h2_profile_feed(&p, buf_str(&many));
        assert_true(p.bytes.n <= H2_PROFILE_BYTES_MAX);
    }
    assert_true(p.is_whole);
    buf_free(&many);
    h2_profile_free(&p);
}

static void rubbish_is_survived(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 2000; round++) {
        struct h2_profile p = {.has_preface = round % 2 == 0};
        for (int i = 0; i < 40; i++) {
            char piece[64];
            for (size_t j = 0; j < sizeof piece; j++)
                piece[j] = (char)(rand() % (round % 3 == 0 ? 9 : 256));
            h2_profile_feed(&p, str_make(piece, (size_t)rand() % 64));
        }
        assert_true(p.count <= H2_PROFILE_SETTINGS_MAX);
        h2_profile_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_introduction_is_read_in_any_pieces),
        cmocka_unit_test(a_server_has_no_preface),
        cmocka_unit_test(requests_end_it),
        cmocka_unit_test(no_more_is_kept_than_said),
        cmocka_unit_test(rubbish_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
