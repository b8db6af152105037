/* proxy/fields.h */
#include "proxy/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void a_name_is_a_token(void **state)
{
    (void)state;
    assert_true(field_name_is_valid(STR("x-a_b!#$%&'*+.^`|~9")));
    static const char wrong[] = " \t:;,()<>@\\\"/[]?={}\x7f\x80";
    for (size_t i = 0; i < sizeof wrong; i++)
        assert_false(field_name_is_valid(str_make(wrong + i, 1)));
    assert_false(field_name_is_valid(STR_NONE));
}

static void a_value_has_no_control_byte_but_the_tab(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char text[3] = {'a', (char)c, 'b'};
        bool is_fine = c == '\t' || (c >= 0x20 && c != 0x7f);
        assert_int_equal(field_value_is_valid(str_make(text, 3)), is_fine);
    }
    assert_true(field_value_is_valid(STR_NONE));
}

static void framing_cannot_come_in_trailers(void **state)
{
    (void)state;
    static const char *const names[] = {"content-length", "transfer-encoding",
        "host", "authorization", "content-encoding"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_true(field_is_forbidden_in_trailers(str_of(names[i])));
    assert_true(field_is_forbidden_in_trailers(STR("content_length")));
    assert_false(field_is_forbidden_in_trailers(STR("x-sum")));
}

static void h1_what_a_cgi_takes_for_framing_imitates_it(void **state)
{
    (void)state;
    static const char *const imitations[] = {"content_length",
        "transfer_encoding", "content-length.", "transfer-encoding.",
        "content_length."};
    static const char *const others[] = {"content-length", "transfer-encoding",
        "content-lengths", "x-content-length", "content-encoding", "te", ".",
        "content.length"};
    for (size_t i = 0; i < ARRAY_LEN(imitations); i++)
        assert_true(field_name_imitates_framing(str_of(imitations[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(field_name_imitates_framing(str_of(others[i])));
    assert_false(field_name_imitates_framing(STR_NONE));
}

static void a_path_is_printable_and_has_no_fragment(void **state)
{
    (void)state;
    assert_null(path_refusal(STR("/")));
    assert_null(path_refusal(STR("/a%20b?c=\\d")));
    assert_null(path_refusal(STR("*")));
    static const char *const wrong[] = {
        "", "a", "/a b", "/a#b", "/a\\b", "/\x80", "/\x7f", "/a\tb"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_non_null(path_refusal(str_of(wrong[i])));
}

static void authorities_agree_with_their_default_port(void **state)
{
    (void)state;
    assert_true(authorities_agree(STR("A.test"), STR("a.TEST:443"), 443));
    assert_false(authorities_agree(STR("a.test"), STR("a.test:80"), 443));
    assert_false(authorities_agree(STR("a.test"), STR("b.test"), 443));
    assert_true(authorities_agree(STR("[::1]:80"), STR("[::1]"), 80));
    assert_int_equal(scheme_port(STR("https")), 443);
    assert_int_equal(scheme_port(STR("http")), 80);
}

static void a_length_is_digits_and_fits(void **state)
{
    (void)state;
    int64_t length = -1;
    assert_true(length_is_valid(STR("0"), &length) && length == 0);
    assert_true(length_is_valid(STR("999999999999999999"), &length));
    static const char *const wrong[] = {
        "", "+1", "-1", " 1", "1 ", "0x1", "1,1", "9999999999999999999", "1a"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(length_is_valid(str_of(wrong[i]), &length));
}

static void what_connection_names_ends_here(void **state)
{
    (void)state;
    struct head *head = head_new();
    head_add(head, STR("connection"), STR("close, X-Hop"));
    head_add(head, STR("x-hop"), STR("1"));
    head_add(head, STR("keep-alive"), STR("1"));
    head_add(head, STR("te"), STR("trailers"));
    head_add(head, STR("x-stays"), STR("1"));
    assert_true(head_strip_hop_by_hop(head));
    assert_int_equal(head->count, 1);
    assert_true(head_get(head, "x-stays").p != NULL);
    head_free(&head);
}

static void connection_may_not_name_without_end(void **state)
{
    (void)state;
    struct head *head = head_new();
    for (int i = 0; i <= CONNECTION_TOKENS_MAX; i++)
        head_add(head, STR("connection"), STR("x"));
    assert_false(head_strip_hop_by_hop(head));
    head_free(&head);
}

static void crumbs_become_one_cookie_in_order(void **state)
{
    (void)state;
    struct head *head = head_new();
    head_add(head, STR("cookie"), STR("a=1"));
    head_add(head, STR("x"), STR("y"));
    head_add(head, STR("cookie"), STR("b=2"));
    head_add(head, STR("cookie"), STR_NONE);
    head_join(head, "cookie", "; ");
    assert_int_equal(head->count, 2);
    assert_true(str_is(head_get(head, "cookie"), "a=1; b=2; "));
    head_free(&head);
}

static void a_status_has_its_phrase(void **state)
{
    (void)state;
    assert_string_equal(status_reason(404), "Not Found");
    assert_string_equal(status_reason(599), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_a_token),
        cmocka_unit_test(a_value_has_no_control_byte_but_the_tab),
        cmocka_unit_test(framing_cannot_come_in_trailers),
        cmocka_unit_test(h1_what_a_cgi_takes_for_framing_imitates_it),
        cmocka_unit_test(a_path_is_printable_and_has_no_fragment),
        cmocka_unit_test(authorities_agree_with_their_default_port),
        cmocka_unit_test(a_length_is_digits_and_fits),
        cmocka_unit_test(what_connection_names_ends_here),
        cmocka_unit_test(connection_may_not_name_without_end),
        cmocka_unit_test(crumbs_become_one_cookie_in_order),
        cmocka_unit_test(a_status_has_its_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
