/* certs/sessions.h: sessions with origins, and their limits. */
#include "certs/sessions.h"

#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static SSL_SESSION *session_of(int version)
{
    SSL_SESSION *session = SSL_SESSION_new();
    SSL_SESSION_set_protocol_version(session, version);
    return session;
}

static void u12_sessions_end_with_the_verdict_behind_them(void **state)
{
    (void)state;
    struct sessions *sessions = sessions_new();
    int64_t until = 0;
    SSL_SESSION *session = session_of(TLS1_3_VERSION);
    sessions_put(sessions, STR("a.test"), session, 1000);
    assert_null(sessions_take(sessions, STR("b.test"), 10, &until));
    SSL_SESSION *got = sessions_take(sessions, STR("a.test"), 999, &until);
    assert_ptr_equal(got, session);
    assert_int_equal(until, 1000);
    assert_null(sessions_take(sessions, STR("a.test"), 999, &until));
    sessions_put(sessions, STR("a.test"), got, 1000);
    assert_null(sessions_take(sessions, STR("a.test"), 1000, &until));
    session = session_of(TLS1_2_VERSION); /* may be used again */
    sessions_put(sessions, STR("a.test"), session, 1000);
    for (int i = 0; i < 3; i++) {
        got = sessions_take(sessions, STR("a.test"), 500, &until);
        assert_ptr_equal(got, session);
        SSL_SESSION_free(got);
    }
    sessions_free(&sessions);
}

static void the_table_of_sessions_is_bounded(void **state)
{
    (void)state;
    struct sessions *sessions = sessions_new();
    int64_t until;
    char name[32];
    for (int i = 0; i < SESSIONS_HOSTS + 10; i++) {
        snprintf(name, sizeof name, "h%d.test", i);
        for (int j = 0; j < SESSIONS_PER_HOST + 2; j++)
            sessions_put(
                sessions, str_of(name), session_of(TLS1_3_VERSION), 1000);
    }
    assert_null(sessions_take(sessions, STR("h9.test"), 1, &until));
    int left = 0;
    SSL_SESSION *got;
    while ((got = sessions_take(sessions, STR("h10.test"), 1, &until))) {
        SSL_SESSION_free(got);
        left++;
    }
    assert_int_equal(left, SESSIONS_PER_HOST);
    sessions_free(&sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u12_sessions_end_with_the_verdict_behind_them),
        cmocka_unit_test(the_table_of_sessions_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
