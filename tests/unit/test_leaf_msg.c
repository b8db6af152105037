/* certs/leaf_msg.h: what a worker in an attacker's hands may send. */
#include "certs/leaf_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "certs/mint.h"

static char many[LEAF_MSG_CERT_MAX + 1];

static int fill(void **state)
{
    (void)state;
    memset(many, 'x', sizeof many);
    return 0;
}

static struct str request_of(size_t host_n, size_t key_n, struct buf *out)
{
    buf_clear(out);
    leaf_msg_write_request(&(struct leaf_request){.host = {many, host_n},
                               .key_der = {many, key_n}},
        out);
    return buf_str(out);
}

static struct str answer_of(
    enum err status, size_t host_n, size_t cert_n, struct buf *out)
{
    buf_clear(out);
    leaf_msg_write_answer(&(struct leaf_answer){.status = status,
                              .host = {many, host_n},
                              .cert_der = {many, cert_n}},
        out);
    return buf_str(out);
}

static void what_is_written_is_read(void **state)
{
    static const size_t sizes[][2] = {
        {0, 0}, {1, 1}, {11, 91}, {MINT_HOST_MAX, LEAF_MSG_KEY_MAX}};
    struct buf out = {0};
    struct leaf_request r;
    struct leaf_answer a;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str bytes = request_of(sizes[i][0], sizes[i][1], &out);
        assert_int_equal(leaf_msg_read_request(bytes, &r), OK);
        assert_int_equal(r.host.n, sizes[i][0]);
        assert_int_equal(r.key_der.n, sizes[i][1]);
    }
    struct str bytes = answer_of(OK, MINT_HOST_MAX, LEAF_MSG_CERT_MAX, &out);
    assert_int_equal(leaf_msg_read_answer(bytes, &a), OK);
    assert_int_equal(a.cert_der.n, LEAF_MSG_CERT_MAX);
    assert_ptr_equal(a.cert_der.p + a.cert_der.n, bytes.p + bytes.n);
    buf_free(&out);
}

static void what_is_cut_or_has_more_is_refused(void **state)
{
    struct buf out = {0};
    struct leaf_request r;
    struct leaf_answer a;
    (void)state;
    struct str bytes = request_of(11, 91, &out);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            leaf_msg_read_request(str_sub(bytes, 0, n), &r), ERR_PARSE);
    buf_append_char(&out, 'x');
    assert_int_equal(leaf_msg_read_request(buf_str(&out), &r), ERR_PARSE);
    bytes = answer_of(OK, 11, 300, &out);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            leaf_msg_read_answer(str_sub(bytes, 0, n), &a), ERR_PARSE);
    assert_int_equal(leaf_msg_read_request(bytes, &r), ERR_PARSE);
    buf_append_char(&out, 'x');
    assert_int_equal(leaf_msg_read_answer(buf_str(&out), &a), ERR_PARSE);
    buf_free(&out);
}

static void what_is_too_long_is_refused(void **state)
{
    struct buf out = {0};
    struct leaf_request r;
    struct leaf_answer a;
    (void)state;
    assert_int_equal(
        leaf_msg_read_request(request_of(MINT_HOST_MAX + 1, 91, &out), &r),
        ERR_PARSE);
    assert_int_equal(
        leaf_msg_read_request(request_of(11, LEAF_MSG_KEY_MAX + 1, &out), &r),
        ERR_PARSE);
    assert_int_equal(
        leaf_msg_read_answer(answer_of(OK, MINT_HOST_MAX + 1, 91, &out), &a),
        ERR_PARSE);
    assert_int_equal(leaf_msg_read_answer(
                         answer_of(OK, 11, LEAF_MSG_CERT_MAX + 1, &out), &a),
        ERR_PARSE);
    buf_free(&out);
}

static void only_a_good_answer_has_a_certificate(void **state)
{
    struct buf out = {0};
    struct leaf_answer a;
    (void)state;
    for (int status = 0; status < 256; status++)
        for (size_t cert_n = 0; cert_n < 2; cert_n++) {
            struct str bytes = answer_of((enum err)status, 11, cert_n, &out);
            bool is_good =
                status < (int)ERR_COUNT && (status == OK) == (cert_n == 1);
            assert_int_equal(
                leaf_msg_read_answer(bytes, &a), is_good ? OK : ERR_PARSE);
            if (is_good)
                assert_int_equal(a.status, status);
        }
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_cut_or_has_more_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(only_a_good_answer_has_a_certificate),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
