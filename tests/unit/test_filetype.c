/* inspect/filetype.h: files by their first bytes. */
#include "inspect/filetype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

#define BYTES(s) str_make(s, sizeof(s) - 1)

static void assert_type(struct str head, const char *type)
{
    struct str found = filetype_find(head);
    if (!str_is(found, type))
        fail_msg("%.*s, not %s", STR_ARG(found), type);
}

static void signatures_tell_the_type(void **state)
{
    (void)state;
    assert_type(BYTES("%PDF-1.7\n%\xe2\xe3"), "application/pdf");
    assert_type(BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png");
    assert_type(BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), "image/jpeg");
    assert_type(BYTES("RIFF\x24\0\0\0WEBPVP8 "), "image/webp");
    assert_type(BYTES("RIFF\x24\0\0\0WAVEfmt "), "audio/x-wav");
    assert_type(BYTES("\0\0\0\x1c"
                      "ftypisom\0\0"),
        "video/mp4");
    assert_type(BYTES("\x1f\x8b\x08\0\0\0\0\0"), "application/gzip");
    assert_type(BYTES("ID3\3\0\0"), "audio/mpeg");
    assert_type(BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"),
        "application/x-ole-storage");
}

static void words_that_begin_like_a_signature_are_text(void **state)
{
    (void)state;
    assert_type(BYTES("BMW, Mercedes, Audi\n"), "text/plain");
    assert_type(BYTES("MZ is a pair of letters\n"), "text/plain");
    assert_type(BYTES("xxxxxxxxWEBP is an image format"), "text/plain");
}

static void add_member(struct buf *zip, const char *name, const char *bytes)
{
    static const char header[26] = {'P', 'K', 3, 4, 20};
    buf_append(zip, header, sizeof header);
    buf_append_char(zip, (char)str_of(name).n);
    buf_append(zip, "\0\0\0", 3);
    buf_append_str(zip, str_of(name));
    buf_append_str(zip, str_of(bytes));
}

static void members_tell_what_an_archive_is(void **state)
{
    (void)state;
    struct buf zip = {0};
    add_member(&zip, "[Content_Types].xml", "xxxx");
    add_member(&zip, "a.txt", "xxxx");
    assert_type(buf_str(&zip), "application/zip");
    add_member(&zip, "xl/workbook.xml", "xxxx");
    assert_type(buf_str(&zip),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    buf_clear(&zip);
    add_member(&zip, "mimetype", "application/vnd.oasis.opendocument.text");
    add_member(&zip, "content.xml", "x");
    assert_type(buf_str(&zip), "application/vnd.oasis.opendocument.text");
    for (size_t n = 1; n < zip.n; n++) /* no cut reads past its end */
        assert_true(filetype_find(str_sub(buf_str(&zip), 0, n)).n != 0);
    buf_free(&zip);
}

static void text_is_what_reads_as_text(void **state)
{
    (void)state;
    assert_type(BYTES("a,b\n1,2\n"), "text/plain");
    assert_type(BYTES("Gr\xc3\xbc\xc3\x9f"
                      "e \xc3"),
        "text/plain"); /* cut in a character */
    assert_type(BYTES("\xff\xfeG\0r\0"), "text/plain");
    assert_type(BYTES("  <!DOCTYPE html><p>"), "text/html");
    assert_type(BYTES("<?xml version='1.0'?><a/>"), "text/xml");
    assert_type(BYTES("<svg xmlns='x'>"), "image/svg+xml");
    assert_type(BYTES("{\"a\": 1}"), "text/plain");
    assert_type(BYTES("ab\0cd"), "application/octet-stream");
    assert_type(BYTES("\x80\x81\x82\x83\x84"), "application/octet-stream");
    assert_int_equal(filetype_find(STR("")).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_tell_the_type),
        cmocka_unit_test(words_that_begin_like_a_signature_are_text),
        cmocka_unit_test(members_tell_what_an_archive_is),
        cmocka_unit_test(text_is_what_reads_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
