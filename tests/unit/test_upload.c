/* inspect/upload*.c: files going up in several exchanges, whole and in cuts. */
#include "exchange_driver.h"

static struct driver d;

static const char URL[] = "https://files.oaiusercontent.com/file-1?sig=x";
static const char PUT_PATH[] = "/file-1?sig=x";

static void send_turn(const struct turn *t, unsigned way, struct result *r)
{
    driver_run(&d, t, way, r);
}

static struct turn announce(void)
{
    static struct buf answer;
    buf_clear(&answer);
    buf_printf(&answer,
        "{\"status\":\"success\",\"file_id\":\"file-1\",\"upload_url\":\"%s\"}",
        URL);
    return (struct turn){.path = "/backend-api/files",
        .body = STR("{\"file_name\":\"a.txt\",\"file_size\":5,"
                    "\"mime_type\":\"text/plain\"}"),
        .answer_type = "application/json",
        .answer = buf_str(&answer)};
}

static struct turn put_turn(const char *path, struct str body)
{
    return (struct turn){.method = "PUT",
        .host = "files.oaiusercontent.com",
        .path = path,
        .type = "text/plain",
        .body = body,
        .status = 201};
}

static bool says(const struct buf *line, const char *what)
{
    return str_has(buf_str(line), what);
}

static void name_and_bytes_are_one_activity_in_any_cuts(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 6; way++) {
        struct result r;
        struct turn t = announce();
        driver_forget(&d);
        send_turn(&t, way, &r);
        assert_int_equal(r.done.n, 0);
        assert_true(says(&r.open, "\"complete\":false"));
        result_free(&r);
        t = put_turn(PUT_PATH, STR("hello"));
        send_turn(&t, way, &r);
        assert_true(says(&r.done, "\"id\":\"file-1\",\"name\":\"a.txt\","
                                  "\"bytes\":5,\"type\":\"text/plain\""));
        assert_true(says(&r.done, "\"content\":\"hello\""));
        result_free(&r);
        t = (struct turn){.path = "/backend-api/files/file-1/uploaded",
            .body = STR("{}"),
            .answer_type = "application/json",
            .answer = STR("{\"file_name\":\"a.txt\"}")};
        send_turn(&t, way, &r);
        assert_int_equal(r.open.n + r.done.n, 0);
        result_free(&r);
    }
}

static void put_block(
    const char *path, struct str body, unsigned way, bool is_blocked)
{
    struct result r;
    struct turn t = put_turn(path, body);
    send_turn(&t, way, &r);
    assert_int_equal(r.is_blocked, is_blocked);
    result_free(&r);
}

static void blocks_of_any_size_are_one_file(void **state)
{
    (void)state;
    static char large[100000], huge[1500000];
    memset(large, 'a', sizeof large);
    memset(huge, 'b', sizeof huge); /* over the driver's bound: streamed */
    memcpy(large + sizeof large - 11, " 4111 1111 ", 11);
    memcpy(huge, "1111 1111 and ", 14);
    for (unsigned way = 0; way < 2; way++) {
        struct result r;
        struct turn t = announce();
        driver_forget(&d);
        send_turn(&t, 0, &r);
        result_free(&r);
        put_block("/file-1?sig=x&comp=block&blockid=Mg%3D%3D",
            str_make(huge, sizeof huge), 0, false);
        put_block("/file-1?sig=x&comp=block&blockid=MQ%3D%3D",
            str_make(large, sizeof large), 0, false);
        t = put_turn("/file-1?comp=blocklist",
            STR("<BlockList><Latest>MQ==</Latest>"
                "<Uncommitted> Mg== </Uncommitted></BlockList>"));
        send_turn(&t, way, &r);
        assert_true(r.is_blocked);
        assert_true(says(&r.done, "\"bytes\":1600000"));
        assert_true(says(&r.done, "\"start\":99990"));
        result_free(&r);
    }
}

/* The keeper has no room for their bytes. */
static void put_and_list(
    const char *list, struct str all, bool fails_once, struct result *r)
{
    const size_t ends[] = {0, 20000, 1600000, 1600100};
    struct turn t = announce();
    driver_forget(&d);
    keep_release_handles(d.keep, NULL, 1);
    send_turn(&t, 0, r);
    result_free(r);
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "/file-1?comp=block&blockid=%c%%3D%%3D",
            (char)('1' + i));
        t = put_turn(path, str_sub(all, ends[i], ends[i + 1]));
        for (int tries = fails_once ? 0 : 1; tries < 2; tries++) {
            t.status = tries == 0 ? 503 : 201;
            send_turn(&t, 2 * (unsigned)tries, r);
            result_free(r);
        }
    }
    t = put_turn("/file-1?comp=blocklist", str_of(list));
    send_turn(&t, 0, r);
}

static void pieces_in_order_have_a_hash_though_nobody_keeps_them(void **state)
{
    (void)state;
    static char bytes[1600100];
    static const char in_order[] = "<BlockList><Latest>1==</Latest><Latest>"
                                   "2==</Latest><Latest>3==</Latest>";
    static const char turned[] = "<BlockList><Latest>2==</Latest><Latest>"
                                 "1==</Latest><Latest>3==</Latest>";
    char hex[DIGEST_HEX_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)('a' + i % 23);
    struct str all = str_make(bytes, sizeof bytes);
    digest_sha256_hex(all, hex);
    for (int fails = 0; fails < 2; fails++) {
        struct result r;
        put_and_list(in_order, all, fails != 0, &r);
        assert_true(says(&r.done, "\"bytes\":1600100"));
        assert_true(says(&r.done, hex));
        result_free(&r);
        put_and_list(turned, all, fails != 0, &r);
        assert_true(says(&r.done, "\"bytes\":1600100"));
        assert_false(says(&r.done, "\"sha256\""));
        result_free(&r);
    }
}

/* "file" of a multipart body over the driver's bound. */
static void stream_form(struct str file, const char *type, struct result *r)
{
    struct buf body = {0};
    buf_printf(&body,
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
        "user_data\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"z.txt\"\r\nContent-Type: %s\r\n\r\n",
        type);
    buf_append_str(&body, file);
    buf_append_str(&body, STR("\r\n--b--\r\n"));
    struct turn t = {.host = "api.openai.com",
        .path = "/v1/files",
        .type = "multipart/form-data; boundary=b",
        .body = buf_str(&body),
        .answer_type = "application/json",
        .answer = STR("{\"id\":\"file-9\"}")};
    driver_forget(&d);
    send_turn(&t, 0, r);
    assert_int_equal(r->gate, GATE_STREAM);
    buf_free(&body);
}

static void multipart_is_hashed_while_it_streams(void **state)
{
    (void)state;
    struct buf file = {0};
    struct result r;
    for (size_t i = 0; i < 300000; i++)
        buf_append_str(&file, STR("words\n"));
    stream_form(buf_str(&file), "text/plain", &r);
    assert_true(says(&r.done, "\"id\":\"file-9\",\"name\":\"z.txt\","
                              "\"bytes\":1800000,\"type\":\"text/plain\""));
    result_free(&r);
    buf_free(&file);
}

static void check_place(
    struct str before, const char *what, const char *type, const char *place)
{
    struct buf file = {0};
    struct result r;
    buf_append_str(&file, before);
    while (file.n < 1500000)
        buf_append_str(&file, STR(" words, "));
    buf_truncate(&file, 1500000);
    buf_append_str(&file, str_of(what));
    stream_form(buf_str(&file), type, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, place);
    result_free(&r);
    buf_free(&file);
}

static void places_of_findings_are_those_in_the_streamed_file(void **state)
{
    (void)state;
    static const char card[] = " 4111 1111 1111 1111 ";
    check_place(STR("  \n"), card, "text/plain", "\"start\":1500001,");
    check_place(STR("\xef\xbb\xbfwords"), card, "text/csv",
        "\"start\":1499998,"); /* its text begins behind the mark */
    check_place(
        STR("{\"a\": 1}\n"), card, "application/json", "\"start\":1500001,");
}

static void what_escapes_hide_is_found_in_a_streamed_file(void **state)
{
    (void)state;
    check_place(STR("[\""), " \\u0034111-1111-1111-1111\"]", "application/json",
        "credit-card");
    static const char wide[] = "4\0001\0001\0001\0001\0001\0001\0001\0001"
                               "\0001\0001\0001\0001\0001\0001\0001\0";
    struct buf file = {0};
    struct result r;
    while (file.n < 1500000)
        buf_append_str(&file, STR(" words, "));
    buf_append(&file, wide, sizeof wide);
    stream_form(buf_str(&file), "text/plain", &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "credit-card");
    result_free(&r);
    buf_free(&file);
}

/* One line of a record of that id, of what was masked. */
static size_t lines_of(const struct buf *records)
{
    size_t n = 0;
    for (size_t i = 0; i < records->n; i++)
        n += buf_str(records).p[i] == '\n';
    return n;
}

static void check_estuary(bool is_address_first)
{
    struct buf body = {0}, file = {0};
    struct result r;
    struct turn t = announce();
    driver_forget(&d);
    send_turn(&t, 0, &r);
    result_free(&r);
    static const char address[] =
        "--b\r\nContent-Disposition: form-data; name=\"upload_url\"\r\n\r\n"
        "https://files.oaiusercontent.com/file-1?sig=x\r\n";
    while (file.n < 1500000)
        buf_append_str(&file, STR("words, "));
    buf_append_str(&body, is_address_first ? str_of(address) : STR_NONE);
    buf_append_str(
        &body, STR("--b\r\nContent-Disposition: form-data; name=\"file\"; "
                   "filename=\"blob\"\r\nContent-Type: text/plain\r\n\r\n"));
    buf_append_str(&body, buf_str(&file));
    buf_append_str(&body, STR("\r\n"));
    buf_append_str(&body, is_address_first ? STR_NONE : str_of(address));
    buf_append_str(&body, STR("--b--\r\n"));
    t = (struct turn){.path = "/backend-api/estuary/upload_content_bytes",
        .type = "multipart/form-data; boundary=b",
        .body = buf_str(&body),
        .answer_type = "application/json",
        .answer = STR("{}")};
    for (unsigned way = 0; way < 6; way += 5) {
        struct turn again = announce();
        driver_forget(&d);
        send_turn(&again, 0, &r);
        result_free(&r);
        send_turn(&t, way, &r);
        assert_int_equal(r.gate, GATE_STREAM);
        assert_has(&r.done, "\"id\":\"file-1\",\"name\":\"a.txt\","
                            "\"bytes\":1500002");
        assert_int_equal(lines_of(&r.done), 1);
        bool is_late = !is_address_first && way != CUTS_WHOLE;
        assert_int_equal(lines_of(&r.taken_back), is_late);
        result_free(&r);
    }
    buf_free(&body);
    buf_free(&file);
}

static void a_streamed_form_joins_the_file_that_its_field_names(void **state)
{
    (void)state;
    check_estuary(true);
    check_estuary(false);
}

/* The keeper, held up when the bytes began, is asked again at their end. */
static void bytes_find_their_name_though_the_keeper_was_late(void **state)
{
    (void)state;
    static char bytes[1500000]; /* over the driver's bound: streamed */
    memset(bytes, 'w', sizeof bytes);
    for (size_t n = 5; n <= sizeof bytes; n += sizeof bytes - 5) {
        struct result r;
        struct turn t = announce();
        driver_forget(&d);
        send_turn(&t, 0, &r);
        result_free(&r);
        t = put_turn(PUT_PATH, str_make(bytes, n));
        d.silences = 1;
        send_turn(&t, 0, &r);
        assert_int_equal(d.silences, 0);
        assert_has(&r.done, "\"id\":\"file-1\",\"name\":\"a.txt\"");
        /* It began under an id of its own, which another replaces. */
        assert_int_equal(lines_of(&r.taken_back), n != 5);
        result_free(&r);
    }
}

static void lists_of_pieces_never_seen_are_refused(void **state)
{
    (void)state;
    static const char *const lists[] = {"", "<", "<Latest>", "<Latest></Latest",
        "<BlockList><Latest>x<Latest>y</BlockList>", "no xml", "<Latest>\n"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct result r;
        struct turn t = put_turn("/file-7?comp=blocklist", str_of(lists[i]));
        send_turn(&t, 0, &r);
        assert_true(r.is_blocked);
        assert_has(&r.done, "\"failure\":\"parse\"");
        result_free(&r);
        t = announce();
        t.answer = str_of(lists[i]);
        send_turn(&t, 0, &r);
        assert_true(says(&r.done, "a.txt"));
        result_free(&r);
    }
}

static int open_driver(void **state)
{
    (void)state;
    driver_open(&d);
    return 0;
}

static int close_driver(void **state)
{
    (void)state;
    driver_close(&d);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_and_bytes_are_one_activity_in_any_cuts),
        cmocka_unit_test(blocks_of_any_size_are_one_file),
        cmocka_unit_test(pieces_in_order_have_a_hash_though_nobody_keeps_them),
        cmocka_unit_test(multipart_is_hashed_while_it_streams),
        cmocka_unit_test(places_of_findings_are_those_in_the_streamed_file),
        cmocka_unit_test(what_escapes_hide_is_found_in_a_streamed_file),
        cmocka_unit_test(a_streamed_form_joins_the_file_that_its_field_names),
        cmocka_unit_test(bytes_find_their_name_though_the_keeper_was_late),
        cmocka_unit_test(lists_of_pieces_never_seen_are_refused),
    };
    return cmocka_run_group_tests(tests, open_driver, close_driver);
}
