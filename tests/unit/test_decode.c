/* inspect/decode.h against the encoders of zlib, brotli and zstd. */
#include "inspect/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/cuts.h"

enum { GZIP = 31, ZLIB = 15, RAW = -15 };

static struct buf deflated(struct str text, int window)
{
    struct buf out = {0};
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window, 8, 0), Z_OK);
    size_t room = text.n + 1024;
    char *copy = mem_memdup0(text.p, text.n);
    z.next_in = (unsigned char *)copy;
    z.avail_in = (unsigned)text.n;
    z.next_out = (unsigned char *)buf_reserve(&out, room);
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(&out, room - z.avail_out);
    deflateEnd(&z);
    mem_free(copy);
    return out;
}

static struct buf brotlied(struct str text)
{
    struct buf out = {0};
    size_t n = BrotliEncoderMaxCompressedSize(text.n) + 16;
    assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.n,
        (const uint8_t *)text.p, &n, (uint8_t *)buf_reserve(&out, n)));
    buf_commit(&out, n);
    return out;
}

static struct buf zstded(struct str text)
{
    struct buf out = {0};
    size_t room = ZSTD_compressBound(text.n);
    size_t n = ZSTD_compress(buf_reserve(&out, room), room, text.p, text.n, 3);
    assert_false(ZSTD_isError(n));
    buf_commit(&out, n);
    return out;
}

static struct buf encoded(const char *encoding, struct str text)
{
    struct buf in = {0};
    struct str rest = str_of(encoding), name;
    buf_append_str(&in, text);
    while (str_split(&rest, ',', &name)) {
        name = str_trim(name);
        struct buf out = str_is(name, "br")     ? brotlied(buf_str(&in))
                         : str_is(name, "zstd") ? zstded(buf_str(&in))
                         : str_is(name, "raw")  ? deflated(buf_str(&in), RAW)
                         : str_is(name, "zlib") ? deflated(buf_str(&in), ZLIB)
                                                : deflated(buf_str(&in), GZIP);
        buf_free(&in);
        in = out;
    }
    return in;
}

static enum err decode_cut(const char *encoding, struct str wire, unsigned way,
    const struct decode_limits *limits, struct buf *out)
{
    struct decoder *d;
    enum err err = decoder_new(str_of(encoding), limits, &d);
    if (err != OK)
        return err;
    struct cuts cuts = cuts_begin(wire, way);
    struct str piece;
    while (err == OK && cuts_next(&cuts, &piece))
        err = decoder_feed(d, piece, out);
    cuts_end(&cuts);
    if (err == OK)
        err = decoder_finish(d, out);
    else
        assert_int_equal(decoder_feed(d, STR("more"), out), err);
    decoder_free(&d);
    assert_null(d);
    return err;
}

static void expect(
    const char *header, struct str wire, enum err want, struct str text)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        enum err err = decode_cut(header, wire, way, NULL, &out);
        if (err != want)
            fail_msg("%s, way %u: %s", header, way, err_name(err));
        if (want == OK)
            assert_true(str_eq(buf_str(&out), text));
        else /* what could be decoded is a prefix, at any cut */
            assert_true(str_eq(buf_str(&out), str_sub(text, 0, out.n)));
        buf_free(&out);
    }
}

static struct buf sample(size_t n)
{
    struct buf text = {0};
    uint32_t seed = 5;
    while (text.n < n)
        buf_printf(&text, "data: {\"v\":\"word %u caf\xc3\xa9\"}\n\n",
            cuts_random(&seed) % 1000);
    return text;
}

static const struct {
    const char *header, *encoder;
} pairs[] = {
    {"gzip", "gzip"},
    {"X-GZip", "gzip"},
    {"deflate", "zlib"},
    {"deflate", "raw"},
    {"br", "br"},
    {"zstd", "zstd"},
    {"gzip, br", "gzip,br"},
    {" zstd ,deflate", "zstd,zlib"},
    {"br,identity,gzip,zstd", "br,gzip,zstd"},
    {"deflate, deflate", "raw,raw"},
};

static void d3_every_encoding_and_stack_is_undone(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 40000};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            struct buf text = sample(sizes[k]);
            struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
            expect(pairs[i].header, buf_str(&wire), OK, buf_str(&text));
            buf_free(&text);
            buf_free(&wire);
        }
        struct buf wire = encoded(pairs[i].encoder, STR(""));
        expect(pairs[i].header, buf_str(&wire), OK, STR(""));
        buf_free(&wire);
        expect(pairs[i].header, STR(""), OK, STR(""));
    }
}

static void identity_passes_through(void **state)
{
    (void)state;
    struct decoder *d;
    expect("", STR("abc"), OK, STR("abc"));
    expect("identity", STR("abc"), OK, STR("abc"));
    assert_int_equal(decoder_new(STR(" , identity"), NULL, &d), OK);
    assert_true(decoder_is_identity(d));
    decoder_free(&d);
    assert_int_equal(decoder_new(STR("gzip"), NULL, &d), OK);
    assert_false(decoder_is_identity(d));
    decoder_free(&d);
}

static void unknown_encodings_are_named_so(void **state)
{
    (void)state;
    static const char *const names[] = {"dcb", "dcz", "compress", "gzip;q=1",
        "gzip, aes128gcm", "gzip,gzip,gzip,gzip", "gzip br"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct decoder *d;
        assert_int_equal(
            decoder_new(str_of(names[i]), NULL, &d), ERR_UNSUPPORTED);
        assert_null(d);
    }
}

static void a_body_broken_off_anywhere_is_found(void **state)
{
    (void)state;
    struct buf text = sample(300);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
        for (size_t n = 1; n < wire.n; n++)
            expect(pairs[i].header, str_sub(buf_str(&wire), 0, n), ERR_PARSE,
                buf_str(&text));
        buf_free(&wire);
    }
    buf_free(&text);
}

static void bytes_behind_the_end_are_refused(void **state)
{
    (void)state;
    struct buf text = sample(300);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
        buf_append_str(&wire, STR("xyz"));
        expect(pairs[i].header, buf_str(&wire), ERR_PARSE, buf_str(&text));
        buf_free(&wire);
    }
    buf_free(&text);
}

static void members_and_frames_in_a_row_are_one_body(void **state)
{
    (void)state;
    static const char *const names[] = {"gzip", "zstd"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf a = encoded(names[i], STR("hello "));
        struct buf b = encoded(names[i], STR("world"));
        buf_append_str(&a, buf_str(&b));
        expect(names[i], buf_str(&a), OK, STR("hello world"));
        expect(names[i], str_sub(buf_str(&a), 0, a.n - 1), ERR_PARSE,
            STR("hello world"));
        buf_free(&a);
        buf_free(&b);
    }
    struct buf frame = encoded("zstd", STR("x")), wire = {0};
    buf_append_str(&wire, STR("\x50\x2a\x4d\x18\x03\0\0\0abc"));
    buf_append_str(&wire, buf_str(&frame));
    expect("zstd", buf_str(&wire), OK, STR("x"));
    buf_free(&frame);
    buf_free(&wire);
}

static void damage_is_found(void **state)
{
    (void)state;
    struct buf text = sample(2000);
    struct buf wire = encoded("gzip", buf_str(&text));
    buf_bytes(&wire)[wire.n - 6] ^= 1; /* the checksum */
    expect("gzip", buf_str(&wire), ERR_PARSE, buf_str(&text));
    buf_free(&wire);
    expect("gzip", STR("plain text"), ERR_PARSE, STR(""));
    expect("zstd", STR("plain text"), ERR_PARSE, STR(""));
    expect("deflate", STR("\x78\x9c\xff\xff\xff"), ERR_PARSE, STR(""));
    expect("deflate", STR("\x78\x20 needs a dictionary"), ERR_UNSUPPORTED,
        STR(""));
    buf_free(&text);
}

/* Declares 218 bytes and holds none; found by fuzz_decode. */
static void a_zstd_frame_reads_the_same_at_any_cut(void **state)
{
    (void)state;
    expect("zstd", STR("\x28\xb5\x2f\xfd\x24\xda\x01\0\0\x99\xe9\xd8\x51"), OK,
        STR(""));
}

static void random_damage_does_no_harm(void **state)
{
    (void)state;
    struct buf text = sample(2000);
    uint32_t seed = 3;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        for (unsigned k = 0; k < 60; k++) {
            struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
            struct buf whole = {0}, cut = {0};
            buf_bytes(&wire)[cuts_random(&seed) % wire.n] =
                (char)cuts_random(&seed);
            enum err err =
                decode_cut(pairs[i].header, buf_str(&wire), 0, NULL, &whole);
            enum err other =
                decode_cut(pairs[i].header, buf_str(&wire), 8, NULL, &cut);
            assert_int_equal(err == OK, other == OK);
            if (err == OK)
                assert_true(str_eq(buf_str(&whole), buf_str(&cut)));
            buf_free(&wire);
            buf_free(&whole);
            buf_free(&cut);
        }
    }
    buf_free(&text);
}

static void d3_bombs_are_stopped_early(void **state)
{
    (void)state;
    struct buf zeros = {0};
    size_t n = 32 * 1024 * 1024;
    memset(buf_reserve(&zeros, n), 0, n);
    buf_commit(&zeros, n);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct buf wire = encoded(pairs[i].encoder, buf_str(&zeros));
        struct buf out = {0};
        assert_int_equal(
            decode_cut(pairs[i].header, buf_str(&wire), CUTS_WHOLE, NULL, &out),
            ERR_LIMIT);
        assert_true(out.n <= 200 * wire.n + DECODE_RATIO_FREE_BYTES);
        buf_free(&out);
        buf_free(&wire);
    }
    buf_free(&zeros);
}

static void d3_the_output_is_bounded_by_bytes_too(void **state)
{
    (void)state;
    struct buf text = sample(50000), out = {0};
    struct buf wire = encoded("br", buf_str(&text));
    struct decode_limits limits = {.output_bytes = text.n};
    assert_int_equal(decode_cut("br", buf_str(&wire), 9, &limits, &out), OK);
    buf_clear(&out);
    limits.output_bytes--;
    assert_int_equal(
        decode_cut("br", buf_str(&wire), 9, &limits, &out), ERR_LIMIT);
    assert_true(out.n < text.n);
    buf_clear(&out);
    assert_int_equal(
        decode_cut("", buf_str(&text), 9, &limits, &out), ERR_LIMIT);
    buf_free(&text);
    buf_free(&wire);
    buf_free(&out);
}

/* Formats of before 2016 are told by a magic of their own, which the library
 * also looks for behind a head that it cannot read. */
static void zstd_of_other_formats_is_damage_at_any_cut(void **state)
{
    (void)state;
    static const char *const wires[] = {"27b52ffd060000000000000000000000",
        "2827b52ffd0600000000000000", "28b52ffd0827b52ffd06000000000000",
        "25b52ffd000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        char bytes[16];
        size_t n = strlen(wires[i]) / 2;
        for (size_t j = 0; j < n; j++)
            bytes[j] = (char)(str_hex_value(wires[i][2 * j]) << 4 |
                              str_hex_value(wires[i][2 * j + 1]));
        expect("zstd", str_make(bytes, n), ERR_PARSE, STR(""));
    }
}

static void a_zstd_window_over_eight_mebibytes_is_refused(void **state)
{
    (void)state;
    struct buf text = sample(100000), wire = {0}, out = {0};
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 25);
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    size_t room = ZSTD_compressBound(text.n);
    ZSTD_inBuffer in = {buf_bytes(&text), text.n, 0};
    ZSTD_outBuffer to = {buf_reserve(&wire, room), room, 0};
    /* Not in one call: the window is then not cut down to the content. */
    ZSTD_compressStream2(c, &to, &in, ZSTD_e_flush);
    ZSTD_compressStream2(c, &to, &in, ZSTD_e_end);
    buf_commit(&wire, to.pos);
    assert_int_equal(
        decode_cut("zstd", buf_str(&wire), 0, NULL, &out), ERR_LIMIT);
    ZSTD_freeCCtx(c);
    buf_free(&text);
    buf_free(&wire);
    buf_free(&out);
}

/* ---- streams: what was flushed comes out at once ---- */

static struct str first = STR("data: one\n\n"), second = STR("data: two\n\n");

static void expect_flushed(const char *encoding, struct str a, struct str b)
{
    struct decoder *d;
    struct buf out = {0};
    assert_int_equal(decoder_new(str_of(encoding), NULL, &d), OK);
    assert_int_equal(decoder_feed(d, a, &out), OK);
    assert_true(str_eq(buf_str(&out), first));
    buf_clear(&out);
    assert_int_equal(decoder_feed(d, b, &out), OK);
    assert_true(str_eq(buf_str(&out), second));
    assert_int_equal(decoder_finish(d, &out), ERR_PARSE);
    decoder_free(&d);
    buf_free(&out);
}

static void flushed_gzip_comes_out_at_once(void **state)
{
    (void)state;
    static char in[2][16], wire[2][200];
    size_t n[2];
    z_stream z = {0};
    deflateInit2(&z, 6, Z_DEFLATED, GZIP, 8, 0);
    for (int i = 0; i < 2; i++) {
        struct str text = i == 0 ? first : second;
        memcpy(in[i], text.p, text.n);
        z.next_in = (unsigned char *)in[i];
        z.avail_in = (unsigned)text.n;
        z.next_out = (unsigned char *)wire[i];
        z.avail_out = sizeof wire[i];
        deflate(&z, Z_SYNC_FLUSH);
        n[i] = sizeof wire[i] - z.avail_out;
    }
    deflateEnd(&z);
    expect_flushed("gzip", str_make(wire[0], n[0]), str_make(wire[1], n[1]));
}

static void flushed_brotli_comes_out_at_once(void **state)
{
    (void)state;
    static uint8_t wire[2][200];
    size_t n[2];
    BrotliEncoderState *e = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        struct str text = i == 0 ? first : second;
        const uint8_t *in = (const uint8_t *)text.p;
        size_t in_n = text.n, room = sizeof wire[i];
        uint8_t *out = wire[i];
        BrotliEncoderCompressStream(
            e, BROTLI_OPERATION_FLUSH, &in_n, &in, &room, &out, NULL);
        n[i] = sizeof wire[i] - room;
    }
    BrotliEncoderDestroyInstance(e);
    expect_flushed(
        "br", str_make((char *)wire[0], n[0]), str_make((char *)wire[1], n[1]));
}

static void flushed_zstd_comes_out_at_once(void **state)
{
    (void)state;
    static char wire[2][200];
    size_t n[2];
    ZSTD_CCtx *c = ZSTD_createCCtx();
    for (int i = 0; i < 2; i++) {
        struct str text = i == 0 ? first : second;
        ZSTD_inBuffer in = {text.p, text.n, 0};
        ZSTD_outBuffer out = {wire[i], sizeof wire[i], 0};
        ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush);
        n[i] = out.pos;
    }
    ZSTD_freeCCtx(c);
    expect_flushed("zstd", str_make(wire[0], n[0]), str_make(wire[1], n[1]));
}

static void bodies_decoded_already_are_told_apart(void **state)
{
    (void)state;
    struct str json = STR("{\"action\":\"next\"}");
    struct buf text = sample(500);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct str header = str_of(pairs[i].header);
        struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
        assert_true(decode_looks_encoded(header, buf_str(&wire)));
        assert_false(decode_looks_encoded(header, json));
        assert_false(decode_looks_encoded(header, buf_str(&text)));
        assert_true(decode_looks_encoded(header, STR("")));
        buf_free(&wire);
    }
    assert_false(decode_looks_encoded(STR("identity"), json));
    assert_true(decode_looks_encoded(STR("dcb"), json));
    assert_true(
        decode_looks_encoded(STR("zstd"), STR("\x5f\x2a\x4d\x18\0\0\0\0")));
    assert_false(decode_looks_encoded(STR("gzip"), STR("x")));
    buf_free(&text);
}

static void a_body_that_its_encoding_cannot_have_made_is_decoded(void **state)
{
    (void)state;
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
    static const char zip[] = "PK\3\4\x14\0\0\0\x08\0\x8f\x9a\x0b\x5b";
    static const char other[] = "\xff\xfe\xfd\xff\xff\xff\xff\0\1\2";
    static const char *const quiet[] = {"br", "deflate", "gzip, br"};
    struct buf text = sample(5000);
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
        struct str header = str_of(quiet[i]);
        assert_false(decode_is_encoded(header, str_make(png, sizeof png)));
        assert_false(decode_is_encoded(header, str_make(zip, sizeof zip)));
        assert_false(decode_is_encoded(header, str_make(other, sizeof other)));
    }
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct str header = str_of(pairs[i].header);
        struct buf wire = encoded(pairs[i].encoder, buf_str(&text));
        struct str half = str_sub(buf_str(&wire), 0, wire.n / 2);
        assert_true(decode_is_encoded(header, buf_str(&wire)));
        assert_true(decode_is_encoded(header, half));
        assert_true(decode_is_encoded(header, STR("")));
        assert_false(decode_is_encoded(header, buf_str(&text)));
        buf_free(&wire);
    }
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d3_every_encoding_and_stack_is_undone),
        cmocka_unit_test(identity_passes_through),
        cmocka_unit_test(unknown_encodings_are_named_so),
        cmocka_unit_test(a_body_broken_off_anywhere_is_found),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(members_and_frames_in_a_row_are_one_body),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(a_zstd_frame_reads_the_same_at_any_cut),
        cmocka_unit_test(zstd_of_other_formats_is_damage_at_any_cut),
        cmocka_unit_test(random_damage_does_no_harm),
        cmocka_unit_test(d3_bombs_are_stopped_early),
        cmocka_unit_test(d3_the_output_is_bounded_by_bytes_too),
        cmocka_unit_test(a_zstd_window_over_eight_mebibytes_is_refused),
        cmocka_unit_test(flushed_gzip_comes_out_at_once),
        cmocka_unit_test(flushed_brotli_comes_out_at_once),
        cmocka_unit_test(flushed_zstd_comes_out_at_once),
        cmocka_unit_test(bodies_decoded_already_are_told_apart),
        cmocka_unit_test(a_body_that_its_encoding_cannot_have_made_is_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
