/* base/seal.h */
#include "base/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static void what_is_sealed_opens_with_its_key_only(void **state)
{
    (void)state;
    struct seal_key public_key, secret, other_public, other;
    struct buf sealed = {0}, clear = {0};
    seal_new_keys(&public_key, &secret);
    seal_new_keys(&other_public, &other);
    assert_int_equal(seal_close(&public_key, STR("a value"), &sealed), OK);
    assert_int_equal(sealed.n, 7 + SEAL_EXTRA_BYTES);
    assert_int_equal(str_find(buf_str(&sealed), STR("value")), sealed.n);
    assert_int_equal(seal_open(&other, buf_str(&sealed), &clear), ERR_DENIED);
    assert_int_equal(seal_open(&secret, buf_str(&sealed), &clear), OK);
    assert_true(str_is(buf_str(&clear), "a value"));
    buf_free(&sealed);
    buf_free(&clear);
}

static void what_was_changed_or_cut_does_not_open(void **state)
{
    (void)state;
    struct seal_key public_key, secret;
    struct buf sealed = {0}, clear = {0};
    seal_new_keys(&public_key, &secret);
    assert_int_equal(seal_close(&public_key, STR(""), &sealed), OK);
    for (size_t n = 0; n < sealed.n; n++) {
        assert_int_equal(
            seal_open(&secret, str_sub(buf_str(&sealed), 0, n), &clear),
            ERR_DENIED);
        buf_bytes(&sealed)[n] ^= 1;
        assert_int_equal(
            seal_open(&secret, buf_str(&sealed), &clear), ERR_DENIED);
        buf_bytes(&sealed)[n] ^= 1;
    }
    assert_int_equal(seal_open(&secret, buf_str(&sealed), &clear), OK);
    assert_int_equal(clear.n, 0);
    buf_free(&sealed);
    buf_free(&clear);
}

static void keys_come_back_from_their_text(void **state)
{
    (void)state;
    struct seal_key public_key, secret, read;
    struct buf text = {0};
    seal_new_keys(&public_key, &secret);
    buf_append_str(&text, STR("# a comment\n\n"));
    seal_write_key(SEAL_SECRET, &secret, &text);
    assert_int_equal(seal_read_key(buf_str(&text), SEAL_SECRET, &read), OK);
    assert_memory_equal(&read, &secret, sizeof read);
    seal_public_of(&read, &read);
    assert_memory_equal(&read, &public_key, sizeof read);
    buf_free(&text);
}

static void a_key_of_the_other_kind_is_told_apart(void **state)
{
    (void)state;
    struct seal_key public_key, secret, read;
    struct buf text = {0};
    seal_new_keys(&public_key, &secret);
    seal_write_key(SEAL_PUBLIC, &public_key, &text);
    assert_int_equal(
        seal_read_key(buf_str(&text), SEAL_SECRET, &read), ERR_DENIED);
    seal_write_key(SEAL_PUBLIC, &public_key, &text);
    assert_int_equal(
        seal_read_key(buf_str(&text), SEAL_PUBLIC, &read), ERR_PARSE);
    buf_clear(&text);
    seal_write_key(SEAL_SECRET, &secret, &text);
    assert_int_equal(
        seal_read_key(buf_str(&text), SEAL_PUBLIC, &read), ERR_DENIED);
    buf_free(&text);
}

static void rubbish_is_no_key(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "#", "public-key", "public-key ",
        "public-key AAAA", "public-key !", "x AAAA", "AAAA"};
    struct seal_key read;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(
            seal_read_key(str_of(texts[i]), SEAL_PUBLIC, &read), ERR_PARSE);
    assert_int_equal(seal_read_base64(STR("AAAA"), &read), ERR_PARSE);
}

/* X25519 has points that give everybody the same secret. */
static void a_point_of_low_order_is_refused(void **state)
{
    (void)state;
    struct seal_key zero = {{0}};
    struct buf out = {0};
    assert_int_equal(seal_close(&zero, STR("x"), &out), ERR_PARSE);
    buf_free(&out);
}

static void what_is_locked_opens_with_the_same_key(void **state)
{
    (void)state;
    struct seal_key key = {{1}}, other = {{2}};
    struct buf locked = {0}, clear = {0};
    seal_lock(&key, STR("a value"), &locked);
    assert_int_equal(locked.n, 7 + SEAL_LOCK_BYTES);
    assert_int_equal(str_find(buf_str(&locked), STR("value")), locked.n);
    assert_int_equal(seal_unlock(&other, buf_str(&locked), &clear), ERR_DENIED);
    for (size_t n = 0; n < locked.n; n++)
        assert_int_equal(
            seal_unlock(&key, str_sub(buf_str(&locked), 0, n), &clear),
            ERR_DENIED);
    assert_int_equal(seal_unlock(&key, buf_str(&locked), &clear), OK);
    assert_true(str_is(buf_str(&clear), "a value"));
    buf_free(&locked);
    buf_free(&clear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_with_its_key_only),
        cmocka_unit_test(what_was_changed_or_cut_does_not_open),
        cmocka_unit_test(keys_come_back_from_their_text),
        cmocka_unit_test(a_key_of_the_other_kind_is_told_apart),
        cmocka_unit_test(rubbish_is_no_key),
        cmocka_unit_test(a_point_of_low_order_is_refused),
        cmocka_unit_test(what_is_locked_opens_with_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
