/* certs/sessions.h */
#include "certs/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static SSL_SESSION *make(int version)
{
    SSL_SESSION *session = SSL_SESSION_new();
    assert_int_equal(SSL_SESSION_set_protocol_version(session, version), 1);
    return session;
}

static bool has(struct sessions *s, const char *host, int64_t now_ms)
{
    int64_t until_ms = 0;
    SSL_SESSION *session = sessions_take(s, str_of(host), now_ms, &until_ms);
    SSL_SESSION_free(session);
    return session != NULL;
}

static void a_session_belongs_to_its_host(void **state)
{
    (void)state;
    struct sessions *s = sessions_new();
    int64_t until_ms = 0;
    sessions_put(s, STR("a.test"), make(TLS1_3_VERSION), 5000);
    assert_false(has(s, "b.test", 1000));
    SSL_SESSION *session = sessions_take(s, STR("a.test"), 1000, &until_ms);
    assert_non_null(session);
    assert_true(until_ms == 5000);
    SSL_SESSION_free(session);
    sessions_free(&s);
}

static void one_of_tls_1_3_comes_out_once(void **state)
{
    (void)state;
    struct sessions *s = sessions_new();
    sessions_put(s, STR("a.test"), make(TLS1_3_VERSION), 5000);
    assert_true(has(s, "a.test", 1000));
    assert_false(has(s, "a.test", 1000));
    sessions_free(&s);
}

static void it_ends_with_the_verdict_behind_it(void **state)
{
    (void)state;
    struct sessions *s = sessions_new();
    sessions_put(s, STR("a.test"), make(TLS1_3_VERSION), 5000);
    assert_false(has(s, "a.test", 5001));
    sessions_free(&s);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    struct sessions *s = sessions_new();
    char host[32];
    for (int i = 0; i < SESSIONS_HOSTS + 10; i++) {
        snprintf(host, sizeof host, "h%d.test", i);
        sessions_put(s, str_of(host), make(TLS1_3_VERSION), 5000);
    }
    assert_false(has(s, "h0.test", 1000)); /* the oldest had to go */
    assert_true(has(s, host, 1000));
    for (int i = 0; i < SESSIONS_PER_HOST + 3; i++)
        sessions_put(s, STR("a.test"), make(TLS1_3_VERSION), 5000);
    int count = 0;
    while (has(s, "a.test", 1000))
        count++;
    assert_int_equal(count, SESSIONS_PER_HOST);
    sessions_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_belongs_to_its_host),
        cmocka_unit_test(one_of_tls_1_3_comes_out_once),
        cmocka_unit_test(it_ends_with_the_verdict_behind_it),
        cmocka_unit_test(the_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
