/* certs/tickets.h: whose tickets open where, and for how long. */
#include "certs/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char keys[] = "0123456789abcdef0123456789abcdef";
#define TICKET_KEYS str_of(keys)

static const char session[] = "a session, as it is kept: 32 B.";

/* A ticket as OpenSSL makes it: cipher over the session, MAC over that. */
struct sealed {
    unsigned char name[16], iv[16], bytes[32], mac[32];
};

enum { NOW_MS = 1234567890 };

static struct sealed seal(struct tickets *t)
{
    struct sealed s;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac_ctx = EVP_MAC_CTX_new(mac);
    size_t mac_n;
    int n;
    assert_int_equal(
        tickets_handle(t, NOW_MS, s.name, s.iv, cipher, mac_ctx, 1), 1);
    EVP_CIPHER_CTX_set_padding(cipher, 0);
    assert_int_equal(EVP_EncryptUpdate(cipher, s.bytes, &n,
                         (const unsigned char *)session, sizeof s.bytes),
        1);
    assert_int_equal(n, sizeof s.bytes);
    assert_int_equal(EVP_MAC_init(mac_ctx, NULL, 0, NULL), 1);
    EVP_MAC_update(mac_ctx, s.bytes, sizeof s.bytes);
    assert_int_equal(EVP_MAC_final(mac_ctx, s.mac, &mac_n, sizeof s.mac), 1);
    EVP_MAC_CTX_free(mac_ctx);
    EVP_MAC_free(mac);
    EVP_CIPHER_CTX_free(cipher);
    return s;
}

/* What tickets_handle says; where it gives keys, they are the right ones. */
static int open_sealed(struct tickets *t, struct sealed *s)
{
    unsigned char plain[48], made[32];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac_ctx = EVP_MAC_CTX_new(mac);
    size_t mac_n;
    int n;
    int result = tickets_handle(t, NOW_MS, s->name, s->iv, cipher, mac_ctx, 0);
    if (result > 0) {
        EVP_CIPHER_CTX_set_padding(cipher, 0);
        assert_int_equal(
            EVP_DecryptUpdate(cipher, plain, &n, s->bytes, sizeof s->bytes), 1);
        assert_memory_equal(plain, session, sizeof s->bytes);
        assert_int_equal(EVP_MAC_init(mac_ctx, NULL, 0, NULL), 1);
        EVP_MAC_update(mac_ctx, s->bytes, sizeof s->bytes);
        assert_int_equal(EVP_MAC_final(mac_ctx, made, &mac_n, sizeof made), 1);
        assert_memory_equal(made, s->mac, sizeof made);
    }
    EVP_MAC_CTX_free(mac_ctx);
    EVP_MAC_free(mac);
    EVP_CIPHER_CTX_free(cipher);
    return result;
}

/* Whether a ticket made at one time opens at another: 0, 1, or 2 (renew). */
static int opens(struct tickets *maker, int64_t made_ms, struct tickets *reader,
    int64_t now_ms)
{
    unsigned char name[16], iv[16];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac_ctx = EVP_MAC_CTX_new(mac);
    assert_int_equal(
        tickets_handle(maker, made_ms, name, iv, cipher, mac_ctx, 1), 1);
    int result = tickets_handle(reader, now_ms, name, iv, cipher, mac_ctx, 0);
    EVP_MAC_CTX_free(mac_ctx);
    EVP_MAC_free(mac);
    EVP_CIPHER_CTX_free(cipher);
    return result;
}

static void c8_ticket_keys_rotate_and_end_within_a_day(void **state)
{
    (void)state;
    static const int64_t hour_ms = 3600 * 1000;
    struct tickets *a = tickets_new(TICKET_KEYS), *b = tickets_new(TICKET_KEYS);
    struct tickets *other = tickets_new(STR("something else entirely........"));
    int64_t start = 1000 * 24 * hour_ms;
    assert_int_equal(opens(a, start, b, start + 11 * hour_ms), 1);
    assert_int_equal(opens(a, start, b, start + 12 * hour_ms), 2);
    assert_int_equal(opens(a, start, b, start + 23 * hour_ms), 2);
    assert_int_equal(opens(a, start, b, start + 24 * hour_ms), 0);
    assert_int_equal(opens(a, start, other, start), 0);
    assert_int_equal(opens(a, start + 30 * hour_ms, a, start), 0);
    tickets_free(&a);
    tickets_free(&b);
    tickets_free(&other);
}

static void what_one_seals_the_other_opens(void **state)
{
    (void)state;
    struct tickets *a = tickets_new(TICKET_KEYS), *b = tickets_new(TICKET_KEYS);
    struct sealed one = seal(a), two = seal(a);
    assert_memory_not_equal(one.iv, two.iv, sizeof one.iv);
    assert_memory_not_equal(one.bytes, two.bytes, sizeof one.bytes);
    assert_int_equal(open_sealed(b, &one), 1);
    tickets_free(&a);
    tickets_free(&b);
}

static void c8_a_ticket_of_another_name_is_nobodys(void **state)
{
    (void)state;
    struct tickets *t = tickets_new(TICKET_KEYS);
    for (size_t i = 0; i < 16; i++) {
        struct sealed one = seal(t);
        one.name[i] ^= 1;
        assert_int_equal(open_sealed(t, &one), 0);
    }
    tickets_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c8_ticket_keys_rotate_and_end_within_a_day),
        cmocka_unit_test(what_one_seals_the_other_opens),
        cmocka_unit_test(c8_a_ticket_of_another_name_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
