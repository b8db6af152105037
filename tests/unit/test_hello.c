/* proxy/hello.h: hellos as OpenSSL makes them, hand-made ones, every cut. */
#include "proxy/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/openssl.h"

/* ---- making hellos ----------------------------------------------------- */

static void openssl_hello(const char *name, const char *alpn, struct buf *out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *wire = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, wire);
    if (name != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
    if (alpn != NULL)
        assert_int_equal(SSL_set_alpn_protos(ssl, (const uint8_t *)alpn,
                             (unsigned)strlen(alpn)),
            0);
    assert_int_equal(SSL_connect(ssl), -1);
    char *bytes;
    long n = BIO_get_mem_data(wire, &bytes);
    buf_append(out, bytes, (size_t)n);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void put16(struct buf *out, size_t n)
{
    buf_append_char(out, (char)(n >> 8));
    buf_append_char(out, (char)n);
}

static void put_extension(struct buf *out, unsigned type, struct str body)
{
    put16(out, type);
    put16(out, body.n);
    buf_append_str(out, body);
}

static void put_name(struct buf *out, struct str name)
{
    struct buf body = {0};
    put16(&body, name.n + 3);
    buf_append_char(&body, 0);
    put16(&body, name.n);
    buf_append_str(&body, name);
    put_extension(out, 0, buf_str(&body));
    buf_free(&body);
}

/* A handshake message around the extensions. */
static void put_message(struct buf *out, struct str extensions)
{
    struct buf m = {0};
    buf_append(&m, "\x03\x03", 2);
    for (int i = 0; i < 32; i++)
        buf_append_char(&m, (char)i);
    buf_append(&m, "\x00\x00\x02\x13\x01\x01\x00", 7);
    put16(&m, extensions.n);
    buf_append_str(&m, extensions);
    buf_append_char(out, 1);
    buf_append_char(out, (char)(m.n >> 16));
    put16(out, m.n & 0xffff);
    buf_append_str(out, buf_str(&m));
    buf_free(&m);
}

static void put_records(struct buf *out, struct str message, size_t size)
{
    for (size_t at = 0; at < message.n; at += size) {
        struct str part = str_sub(message, at, at + size);
        buf_append(out, "\x16\x03\x01", 3);
        put16(out, part.n);
        buf_append_str(out, part);
    }
}

static void hello_of(struct str extensions, size_t record, struct buf *out)
{
    struct buf message = {0};
    put_message(&message, extensions);
    put_records(out, buf_str(&message), record);
    buf_free(&message);
}

/* ---- checking ---------------------------------------------------------- */

static enum err parse(struct str bytes, struct hello *hello, char name[256])
{
    struct arena arena = {0};
    /* An exact copy, so that the sanitizer sees any read past the end. */
    char *copy = mem_alloc(bytes.n + 1);
    if (bytes.n > 0)
        memcpy(copy, bytes.p, bytes.n);
    copy = mem_realloc(copy, bytes.n > 0 ? bytes.n : 1);
    enum err err = hello_parse(str_make(copy, bytes.n), &arena, hello);
    snprintf(name, 256, "%.*s", STR_ARG(hello->server_name));
    mem_free(copy);
    arena_free(&arena);
    return err;
}

static enum err parse_name(const char *bytes, size_t n, char name[256])
{
    struct buf extensions = {0}, wire = {0};
    struct hello hello;
    put_name(&extensions, str_make(bytes, n));
    hello_of(buf_str(&extensions), 16384, &wire);
    enum err err = parse(buf_str(&wire), &hello, name);
    buf_free(&extensions);
    buf_free(&wire);
    return err;
}

static void every_cut_wants_more_and_the_whole_is_read(
    struct buf *wire, const char *name, bool h2, bool h1, bool has_alpn)
{
    struct hello hello;
    char text[256];
    for (size_t n = 0; n < wire->n; n++)
        assert_int_equal(
            parse(str_sub(buf_str(wire), 0, n), &hello, text), ERR_AGAIN);
    assert_int_equal(parse(buf_str(wire), &hello, text), OK);
    assert_string_equal(text, name);
    assert_int_equal(hello.offers_h2, h2);
    assert_int_equal(hello.offers_h1, h1);
    assert_int_equal(hello.has_alpn, has_alpn);
    buf_append(wire, "\x17\x03\x03later bytes", 14);
    assert_int_equal(parse(buf_str(wire), &hello, text), OK);
    assert_string_equal(text, name);
}

static void a_real_hello_is_read_at_every_cut(void **state)
{
    (void)state;
    struct buf wire = {0};
    openssl_hello("ChatGPT.com", "\x02h2\x08http/1.1", &wire);
    every_cut_wants_more_and_the_whole_is_read(
        &wire, "chatgpt.com", true, true, true);
    buf_free(&wire);
    openssl_hello("chatgpt.com", "\x08http/1.1", &wire);
    every_cut_wants_more_and_the_whole_is_read(
        &wire, "chatgpt.com", false, true, true);
    buf_free(&wire);
    openssl_hello(NULL, NULL, &wire);
    every_cut_wants_more_and_the_whole_is_read(&wire, "", false, false, false);
    buf_free(&wire);
}

static void c6_a_hello_in_records_of_any_size_is_read(void **state)
{
    (void)state;
    struct buf real = {0};
    openssl_hello("api.openai.com", "\x02h2", &real);
    struct str message = str_sub(buf_str(&real), 5, real.n);
    for (size_t size = 1; size < 64; size++) {
        struct buf wire = {0};
        put_records(&wire, message, size);
        every_cut_wants_more_and_the_whole_is_read(
            &wire, "api.openai.com", true, false, true);
        buf_free(&wire);
    }
    buf_free(&real);
}

static void c6_large_hellos_are_read_up_to_the_limit(void **state)
{
    (void)state;
    struct buf extensions = {0}, wire = {0}, body = {0};
    struct hello hello;
    char text[256];
    /* 500 extensions that nobody knows, GREASE, a key share of ML-KEM's
     * size and then the name. */
    for (unsigned i = 0; i < 500; i++)
        put_extension(&extensions, 0x8000 + i, STR("x"));
    put_extension(&extensions, 0x2a2a, STR_NONE);
    for (int i = 0; i < 1216; i++)
        buf_append_char(&body, 'k');
    put_extension(&extensions, 51, buf_str(&body));
    put_extension(&extensions, 0xfe0d, STR("ech"));
    put_name(&extensions, STR("chatgpt.com"));
    hello_of(buf_str(&extensions), 100, &wire);
    assert_int_equal(parse(buf_str(&wire), &hello, text), OK);
    assert_string_equal(text, "chatgpt.com");
    assert_true(hello.has_ech);
    buf_free(&wire);
    buf_clear(&body);
    for (int i = 0; i < 65000; i++)
        buf_append_char(&body, 'k');
    buf_clear(&extensions);
    put_extension(&extensions, 21, buf_str(&body));
    hello_of(buf_str(&extensions), 16384, &wire);
    assert_int_equal(parse(buf_str(&wire), &hello, text), OK);
    buf_free(&wire);
    buf_free(&body);
    buf_free(&extensions);
}

static void c6_a_hello_beyond_the_limit_is_refused_early(void **state)
{
    (void)state;
    struct hello hello;
    char text[256];
    /* The announced length alone is enough. */
    assert_int_equal(
        parse(STR("\x16\x03\x01\x40\x00\x01\x01\x00\x00"), &hello, text),
        ERR_LIMIT);
    /* So is a dribble of tiny records that leads nowhere. */
    struct buf wire = {0}, message = {0};
    buf_append(&message, "\x01\x00\xff\x00", 4);
    for (int i = 0; i < 20000; i++)
        buf_append_char(&message, 'x');
    put_records(&wire, buf_str(&message), 1);
    assert_int_equal(parse(buf_str(&wire), &hello, text), ERR_LIMIT);
    buf_free(&wire);
    buf_free(&message);
}

static void c10_names_are_lowered_and_checked(void **state)
{
    (void)state;
    char name[256], long_name[260], many[300];
    assert_int_equal(parse_name("CHATGPT.Com.", 12, name), OK);
    assert_string_equal(name, "chatgpt.com");
    assert_int_equal(parse_name("xn--bcher-kva.example", 21, name), OK);
    assert_int_equal(parse_name("a_b-c.example", 13, name), OK);
    memset(many, 'a', sizeof many);
    for (size_t i = 63; i < 253; i += 64)
        many[i] = '.';
    snprintf(long_name, sizeof long_name, "%.253s", many);
    assert_int_equal(parse_name(long_name, 253, name), OK);
    assert_string_equal(name, long_name);
    long_name[253] = '.'; /* the same with its dot */
    assert_int_equal(parse_name(long_name, 254, name), OK);
    static const struct {
        const char *name;
        size_t n;
    } bad[] = {{"", 0}, {".", 1}, {"a..b", 4}, {".a", 2}, {"a.b..", 5},
        {"a b", 3}, {"a\0b", 3},
        {"b\xc3\xbc"
         "cher.de",
            9},
        {"127.0.0.1", 9}, {"127.1", 5}, {"1", 1}, {"::1", 3}, {"[::1]", 5},
        {"a:443", 5}, {"0x7f.0x1", 8}, {"*.a.test", 8}, {"a/b", 3}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_name(bad[i].name, bad[i].n, name), ERR_PARSE);
    many[63] = 'a'; /* a label of 64 and more */
    assert_int_equal(parse_name(many, 100, name), ERR_PARSE);
    many[63] = '.';
    many[253] = 'a';
    assert_int_equal(parse_name(many, 254, name), ERR_PARSE);
}

static enum err parse_extensions(struct buf *extensions)
{
    struct buf wire = {0};
    struct hello hello;
    char text[256];
    hello_of(buf_str(extensions), 16384, &wire);
    enum err err = parse(buf_str(&wire), &hello, text);
    buf_free(&wire);
    buf_free(extensions);
    return err;
}

static void doubled_and_damaged_extensions_are_refused(void **state)
{
    (void)state;
    struct buf e = {0};
    put_name(&e, STR("a.test"));
    put_name(&e, STR("b.test"));
    assert_int_equal(parse_extensions(&e), ERR_PARSE);
    put_extension(&e, 0x1a1a, STR_NONE);
    put_extension(&e, 0x1a1a, STR_NONE);
    assert_int_equal(parse_extensions(&e), ERR_PARSE);
    /* two names in one list */
    put_extension(&e, 0,
        STR("\x00\x0c\x00\x00\x03"
            "a.b\x00\x00\x03"
            "c.d"));
    assert_int_equal(parse_extensions(&e), ERR_PARSE);
    static const struct {
        unsigned type;
        struct str body;
    } bad[] = {{0, {"", 0}}, {0, {"\x00\x00", 2}},
        {0, {"\x00\x04\x00\x00\x03"
             "a.b",
                8}},
        {0, {"\x00\x06\x00\x00\x04"
             "a.b",
                8}},
        {0, {"\x00\x06\x01\x00\x03"
             "a.b",
                8}},
        {16, {"", 0}}, {16, {"\x00\x00", 2}}, {16, {"\x00\x01\x00", 3}},
        {16, {"\x00\x03\x03h2", 5}}, {16, {"\x00\x03\x02h2x", 6}}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        put_extension(&e, bad[i].type, bad[i].body);
        assert_int_equal(parse_extensions(&e), ERR_PARSE);
    }
    buf_append(&e, "\x00\x10\x00\x05\x00", 5); /* body cut short */
    assert_int_equal(parse_extensions(&e), ERR_PARSE);
}

static void what_is_not_tls_is_said_to_be_so(void **state)
{
    (void)state;
    struct hello hello;
    char text[256];
    assert_int_equal(
        parse(STR("GET / HTTP/1.1\r\n"), &hello, text), ERR_UNSUPPORTED);
    assert_int_equal(
        parse(STR("\x80\x2e\x01\x00\x02"), &hello, text), ERR_UNSUPPORTED);
    assert_int_equal(parse(STR("\x16\x01"), &hello, text), ERR_UNSUPPORTED);
    assert_int_equal(parse(STR_NONE, &hello, text), ERR_AGAIN);
    /* TLS, but broken */
    assert_int_equal(
        parse(STR("\x16\x03\x01\x00\x00"), &hello, text), ERR_PARSE);
    assert_int_equal(
        parse(STR("\x16\x03\x01\xff\xff"), &hello, text), ERR_PARSE);
    assert_int_equal(
        parse(STR("\x16\x03\x01\x00\x01\x02"), &hello, text), ERR_PARSE);
    assert_int_equal(parse(STR("\x16\x03\x01\x00\x01\x01\x15\x03\x01\x00\x02"),
                         &hello, text),
        ERR_PARSE);
    assert_int_equal(
        parse(STR("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"), &hello, text),
        ERR_PARSE);
}

static void any_changed_byte_is_answered_without_harm(void **state)
{
    (void)state;
    struct buf wire = {0};
    struct hello hello;
    char text[256];
    unsigned refused = 0;
    openssl_hello("chatgpt.com", "\x02h2\x08http/1.1", &wire);
    for (size_t i = 0; i < wire.n; i++) {
        char *at = buf_bytes(&wire) + i, was = *at;
        for (unsigned bit = 0; bit < 8; bit++) {
            *at = (char)(was ^ (char)(1u << bit));
            refused += parse(buf_str(&wire), &hello, text) != OK;
        }
        *at = was;
    }
    assert_true(refused > 100);
    buf_free(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_hello_is_read_at_every_cut),
        cmocka_unit_test(c6_a_hello_in_records_of_any_size_is_read),
        cmocka_unit_test(c6_large_hellos_are_read_up_to_the_limit),
        cmocka_unit_test(c6_a_hello_beyond_the_limit_is_refused_early),
        cmocka_unit_test(c10_names_are_lowered_and_checked),
        cmocka_unit_test(doubled_and_damaged_extensions_are_refused),
        cmocka_unit_test(what_is_not_tls_is_said_to_be_so),
        cmocka_unit_test(any_changed_byte_is_answered_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
