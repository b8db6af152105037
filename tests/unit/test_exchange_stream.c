/* inspect/exchange_stream.c: rows of a table at the seams of the slices in
 * which a file that passes is scanned. */
#include "exchange_driver.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/datafile.h"
#include "base/file.h"
#include "inspect/edm_build.h"

enum { COLUMNS = 3, FREQUENT = 50 };

static const struct edm_column columns[COLUMNS] = {{"name", EDM_TYPE_NAME},
    {"account", EDM_TYPE_NUMBER}, {"email", EDM_TYPE_EMAIL}};
static const char *const table[][COLUMNS] = {
    {"Zoe Quarkmann", "4400112233", "zoe@quark.example"},
    {"Ivo Barolini", "7755330011", "ivo@barolini.example"},
};

struct fixture {
    struct driver driver;
    struct scanner *scanner;
    struct rules *rules;
    struct buf database, data;
};

static void make_data(struct buf *out)
{
    static const unsigned char key[EDM_KEY_BYTES];
    static const char zeros[EDM_HEAD_MAX];
    struct edm_build_options options = {columns, COLUMNS, FREQUENT};
    struct edm_build *b = edm_build_new(&options);
    struct edm_build_report report;
    struct edm_head head = {.column_count = COLUMNS}, again;
    struct buf image = {0}, file = {0};
    size_t head_bytes;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct str cells[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            cells[c] = str_of(table[i][c]);
        assert_int_equal(edm_build_add(b, cells), OK);
    }
    assert_int_equal(edm_build_finish(b, &image, &head.rows, &report), OK);
    edm_build_free(&b);
    memcpy(head.columns, columns, sizeof columns);
    head.image_bytes = image.n;
    int fd = memfd_create("index", MFD_CLOEXEC);
    int all = memfd_create("data", MFD_CLOEXEC);
    assert_int_equal(edm_file_write(fd, &head, buf_str(&image), key), OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read(fd, 1 << 24, &file), OK);
    assert_int_equal(edm_head_read(buf_str(&file), &again, &head_bytes), OK);
    uint64_t bytes = EDM_HEAD_MAX + image.n;
    assert_int_equal(datafile_begin(all, STR("/t.edm"), bytes), OK);
    assert_int_equal(
        file_write(all, str_make(buf_bytes(&file), head_bytes)), OK);
    assert_int_equal(
        file_write(all, str_make(zeros, EDM_HEAD_MAX - head_bytes)), OK);
    assert_int_equal(file_write(all, buf_str(&image)), OK);
    assert_int_equal(datafile_end(all, bytes), OK);
    assert_int_equal(lseek(all, 0, SEEK_SET), 0);
    assert_int_equal(file_read(all, 1 << 24, out), OK);
    close(fd);
    close(all);
    buf_free(&image);
    buf_free(&file);
}

static int set_up(void **state)
{
    static struct fixture f;
    struct bundle bundle = {0};
    struct diag diag = {0};
    f = (struct fixture){0};
    driver_open(&f.driver);
    make_data(&f.data);
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("t.yaml"),
        STR("detectors:\n  - id: row\n    kind: edm\n    description: A row\n"
            "    index: /t.edm\n    columns: [name, account, email]\n"
            "    match: 2\n    severity: high\n"));
    f.rules = rules_load(&bundle, &diag);
    assert_non_null(f.rules);
    assert_int_equal(rules_compile(f.rules, &diag, &f.database), OK);
    assert_int_equal(
        scanner_new(f.rules, buf_str(&f.database), &f.scanner), OK);
    assert_int_equal(scanner_attach(f.scanner, buf_str(&f.data), &diag), OK);
    f.driver.env.scanner = f.scanner;
    diag_free(&diag);
    bundle_free(&bundle);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    scanner_free(&f->scanner);
    rules_free(&f->rules);
    buf_free(&f->database);
    buf_free(&f->data);
    driver_close(&f->driver);
    return 0;
}

/* ---- */

static void fill(struct buf *text, size_t to)
{
    while (text->n < to)
        buf_append_str(text, STR("."));
}

/* The findings of a file with that text are those, as "COUNTxSTART-END "; a
 * row that is there again counts at its first place. */
static void expect(struct fixture *f, struct buf *text, const char *expected)
{
    static const unsigned ways[] = {8, 9};
    static unsigned files; /* the same file again would tell nothing */
    char path[32];
    fill(text, 5 * SCAN_STEP_BYTES); /* more than is held */
    struct turn turn = {.body = buf_str(text),
        .type = "text/plain",
        .method = "PUT",
        .host = "files.oaiusercontent.com",
        .path = path};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct result r;
        snprintf(path, sizeof path, "/file-%u?sig=x", ++files);
        struct buf found = {0};
        driver_run(&f->driver, &turn, ways[i], &r);
        assert_int_equal(r.gate, GATE_STREAM);
        for (const char *p = buf_cstr(&r.done);
             (p = strstr(p, "\"count\":")) != NULL; p++) {
            unsigned count;
            size_t start, end;
            const char *place = strstr(p, "\"start\":");
            assert_int_equal(sscanf(p, "\"count\":%u", &count), 1);
            assert_non_null(place);
            assert_int_equal(
                sscanf(place, "\"start\":%zu,\"end\":%zu", &start, &end), 2);
            buf_printf(&found, "%ux%zu-%zu ", count, start, end);
        }
        assert_string_equal(buf_cstr(&found), expected);
        buf_free(&found);
        result_free(&r);
    }
}

static void a_row_that_two_slices_have_whole_is_told_once(void **state)
{
    struct buf text = {0};
    char expected[64];
    size_t at = SCAN_STEP_BYTES - 1000;
    fill(&text, at);
    buf_append_str(&text, STR("Zoe Quarkmann, 4400112233 "));
    snprintf(expected, sizeof expected, "1x%zu-%zu ", at, text.n - 1);
    expect(*state, &text, expected);
    buf_free(&text);
}

static void a_row_across_the_seam_is_one_with_all_its_cells(void **state)
{
    for (size_t before = 28; before < 60; before += 4) {
        struct buf text = {0};
        char expected[64];
        size_t at = SCAN_STEP_BYTES - before;
        fill(&text, at);
        buf_append_str(
            &text, STR("Zoe Quarkmann, 4400112233, mail: zoe@quark.example "));
        snprintf(expected, sizeof expected, "1x%zu-%zu ", at, text.n - 1);
        expect(*state, &text, expected);
        buf_free(&text);
    }
}

static void other_rows_and_the_same_far_away_are_told_by_themselves(
    void **state)
{
    struct buf text = {0};
    char expected[128];
    const size_t first = SCAN_STEP_BYTES - 60, second = SCAN_STEP_BYTES - 10;
    fill(&text, first);
    buf_append_str(&text, STR("Zoe Quarkmann, 4400112233 "));
    size_t first_end = text.n - 1;
    fill(&text, second);
    buf_append_str(&text, STR("Ivo Barolini, 7755330011 "));
    snprintf(expected, sizeof expected, "2x%zu-%zu 1x%zu-%zu ", first,
        first_end, second, text.n - 1);
    fill(&text, 2 * SCAN_STEP_BYTES - 100);
    buf_append_str(&text, STR("Zoe Quarkmann, 4400112233 "));
    expect(*state, &text, expected);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_two_slices_have_whole_is_told_once),
        cmocka_unit_test(a_row_across_the_seam_is_one_with_all_its_cells),
        cmocka_unit_test(
            other_rows_and_the_same_far_away_are_told_by_themselves),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
