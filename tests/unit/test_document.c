/* inspect/document.c: files whose text somebody else takes out, here a reader
 * that says what it is told to. */
#include "exchange_driver.h"

static struct driver d;
static struct document_reading reading;
static bool skips;
static size_t reads;
static char seen[256]; /* the last document */

#define PDF "%PDF-1.7\n\x01\x02 nobody's words"
#define CARD "4111 1111 1111 1111"

static void read_document(struct exchange *ex)
{
    snprintf(seen, sizeof seen, "%.*s", STR_ARG(exchange_document(ex)));
    reads++;
    if (skips)
        exchange_skip_document(ex);
    else
        exchange_take_document(ex, &reading);
}

static int setup(void **state)
{
    (void)state;
    if (d.services == NULL)
        driver_open(&d);
    d.reader = read_document;
    d.env.document_max_bytes = 64 * 1024;
    d.env.failure_blocks[FAIL_EXTRACT] = true;
    reading = (struct document_reading){.text = STR("the words of it")};
    skips = false;
    reads = 0;
    driver_forget(&d);
    return 0;
}

static int close_driver(void **state)
{
    (void)state;
    driver_close(&d);
    return 0;
}

static struct turn put(struct str body)
{
    return (struct turn){.method = "PUT",
        .host = "files.oaiusercontent.com",
        .path = "/file-1?sig=x",
        .type = "application/pdf",
        .body = body,
        .status = 201};
}

static void its_text_is_the_files_in_any_cuts(void **state)
{
    struct turn t = put(STR(PDF));
    (void)state;
    for (unsigned way = CUTS_WHOLE; way < CUTS_WAYS; way++) {
        struct result r;
        reads = 0;
        driver_forget(&d);
        driver_run(&d, &t, way, &r);
        assert_int_equal(reads, 1);
        assert_string_equal(seen, PDF);
        assert_false(r.is_blocked);
        assert_has(&r.open, "\"content\":\"the words of it\"");
        result_free(&r);
    }
}

static void what_is_found_in_it_stops_it(void **state)
{
    struct turn t = put(STR(PDF));
    struct result r;
    (void)state;
    reading.text = STR("pay " CARD);
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_true(r.is_blocked);
    assert_has(&r.open, "\"type\":\"credit-card\"");
    assert_has(&r.open, "\"where\":\"file\"");
    assert_has(&r.open, "\"start\":4,\"end\":23");
    result_free(&r);
}

static void what_cannot_be_read_is_told_and_decided_by_on_failure(void **state)
{
    struct turn t = put(STR(PDF));
    struct result r;
    (void)state;
    reading = (struct document_reading){
        .trouble = "encrypted", .where = STR("a.zip/b.docx")};
    for (int blocks = 0; blocks < 2; blocks++) {
        d.env.failure_blocks[FAIL_EXTRACT] = blocks;
        driver_forget(&d);
        driver_run(&d, &t, CUTS_WHOLE, &r);
        assert_int_equal(r.is_blocked, blocks);
        assert_has(&r.open, "\"type\":\"unreadable-file\"");
        assert_has(&r.open, "\"sample\":\"encrypted: a.zip/b.docx\"");
        assert_has(&r.open, "\"failure\":\"extract\"");
        result_free(&r);
    }
}

static void bytes_of_what_was_not_read_whole_are_looked_at_too(void **state)
{
    struct turn t = put(STR("%PDF-1.7\n\x01 pay " CARD " today"));
    struct result r;
    (void)state;
    d.env.failure_blocks[FAIL_EXTRACT] = false;
    reading = (struct document_reading){.trouble = "damaged"};
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_has(&r.open, "\"type\":\"credit-card\"");
    result_free(&r);
    skips = true;
    driver_forget(&d);
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_has(&r.open, "\"type\":\"credit-card\"");
    assert_has_not(&r.open, "unreadable-file");
    result_free(&r);
}

static void a_document_that_is_too_large_is_not_read(void **state)
{
    struct turn t = put(STR(PDF));
    struct result r;
    (void)state;
    d.env.document_max_bytes = 10;
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_int_equal(reads, 0);
    assert_true(r.is_blocked);
    assert_has(&r.open, "\"sample\":\"limit\"");
    result_free(&r);
}

static void a_streamed_document_is_read_before_its_end_goes_on(void **state)
{
    struct buf body = {0};
    struct result r;
    (void)state;
    buf_append_str(&body, STR(PDF));
    while (body.n < (2 << 20))
        buf_append_str(&body, STR("\x01\x02\x03\x04"));
    struct turn t = put(buf_str(&body));
    d.env.document_max_bytes = 4 << 20;
    reading.text = STR("pay " CARD);
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_int_equal(r.gate, GATE_STREAM);
    assert_int_equal(reads, 1);
    assert_true(r.is_blocked);
    result_free(&r);
    d.env.document_max_bytes = 1 << 20;
    driver_forget(&d);
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_int_equal(reads, 1);
    assert_true(r.is_blocked); /* the limit, by on_failure */
    result_free(&r);
    buf_free(&body);
}

static void text_is_nobodys_to_read(void **state)
{
    struct turn t = put(STR("plain words"));
    struct result r;
    (void)state;
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_int_equal(reads, 0);
    assert_has(&r.open, "\"content\":\"plain words\"");
    result_free(&r);
}

static void documents_inside_a_prompt_are_read_one_by_one(void **state)
{
    struct turn t = {.host = "api.openai.com",
        .path = "/v1/chat/completions",
        .body = STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                    "\"content\":[{\"type\":\"text\",\"text\":\"what?\"},"
                    "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\","
                    "\"file_data\":\"data:application/pdf;base64,"
                    "JVBERi0xAQID\"}},{\"type\":\"file\",\"file\":{"
                    "\"filename\":\"b.pdf\",\"file_data\":\"data:application/"
                    "pdf;base64,JVBERi0yAQID\"}}]}]}")};
    struct result r;
    (void)state;
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_int_equal(reads, 2);
    assert_string_equal(seen, "%PDF-2\1\2\3");
    assert_has(&r.open, "\"name\":\"b.pdf\"");
    result_free(&r);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(its_text_is_the_files_in_any_cuts),
        TEST(what_is_found_in_it_stops_it),
        TEST(what_cannot_be_read_is_told_and_decided_by_on_failure),
        TEST(bytes_of_what_was_not_read_whole_are_looked_at_too),
        TEST(a_document_that_is_too_large_is_not_read),
        TEST(a_streamed_document_is_read_before_its_end_goes_on),
        TEST(text_is_nobodys_to_read),
        TEST(documents_inside_a_prompt_are_read_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, close_driver);
}
