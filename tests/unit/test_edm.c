/* Exact data match: tables to indexes, indexes over texts, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "inspect/edm_build.h"
#include "inspect/edm_match.h"

enum { COLUMNS = 5, NAME = 1, ACCOUNT = 2, EMAIL = 4, BIRTH = 8, TOWN = 16 };
#define FREQUENT 3

static const struct edm_column columns[COLUMNS] = {{"name", EDM_TYPE_NAME},
    {"account", EDM_TYPE_NUMBER}, {"email", EDM_TYPE_EMAIL},
    {"birth", EDM_TYPE_DATE}, {"town", EDM_TYPE_TEXT}};

static const char *const table[][COLUMNS] = {
    {"Müller-Lüdenscheidt, Anna", "12-345678-90", "anna@example.com",
        "1980-02-13", "Bad Kissingen"},
    {"Seán O'Brien", "DE89370400440532013000", "s.obrien84@mail.example.org",
        "13/7/1975", "Paris"},
    {"Paris Novák", "0099887766", "paris@example.net", "4.5.2001", "Paris"},
    {"山田太郎", "55501234", "yamada@example.jp", "", "大阪市"},
    {"Иван Петров", "55509999", "", "n/a", "Paris"},
    {"Smith", "77711122", "x", "", "Paris"},
    {"Smith", "77711133", "7", "", "Paris"},
    {"Smith", "77711144", "", "", "Paris"},
    {"Smith", "77711155", "", "", "Paris"},
    {"Smith", "77711155", "", "", "Paris"}, /* twice */
    {"", "", "", "", ""},
};

struct fixture {
    struct buf image;
    struct edm_index *index;
    struct edm_build_report report;
    uint32_t rows;
};

static void build(struct fixture *f)
{
    struct edm_build_options options = {columns, COLUMNS, FREQUENT};
    struct edm_build *b = edm_build_new(&options);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct str cells[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            cells[c] = str_of(table[i][c]);
        assert_int_equal(edm_build_add(b, cells), OK);
    }
    assert_int_equal(edm_build_finish(b, &f->image, &f->rows, &f->report), OK);
    edm_build_free(&b);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *why;
    build(f);
    assert_int_equal(edm_index_open(buf_str(&f->image), &f->index, &why), OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    edm_index_free(&f->index);
    buf_free(&f->image);
    free(f);
    return 0;
}

struct seen {
    struct buf text;
    struct str source;
};

static void on_match(void *owner, const struct edm_match *m)
{
    struct seen *seen = owner;
    buf_printf(&seen->text, "%u/%llu<%.*s>\n", m->row,
        (unsigned long long)m->columns,
        STR_ARG(str_sub(seen->source, m->start, m->end)));
}

static void walk(const struct fixture *f, struct str text,
    const struct edm_detector *d, size_t step, struct buf *out)
{
    struct seen seen = {.source = text};
    struct edm_walk *w = edm_walk_new(f->index, d, 1, 0, text, on_match, &seen);
    while (edm_walk_step(w, step))
        continue;
    edm_walk_free(&w);
    buf_take(out, &seen.text);
}

static void expect_with(const struct fixture *f, const char *text,
    struct edm_detector d, const char *expected)
{
    static const size_t steps[] = {1, 7, 64, 1 << 20};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf out = {0};
        struct str copy = {malloc(strlen(text) + 1), strlen(text)};
        memcpy((char *)(uintptr_t)copy.p, text, copy.n);
        walk(f, copy, &d, steps[i], &out);
        assert_string_equal(buf_cstr(&out), expected);
        buf_free(&out);
        free((char *)(uintptr_t)copy.p);
    }
}

static void expect(
    const struct fixture *f, const char *text, const char *expected)
{
    struct edm_detector d = {.columns = 31, .match = 2, .within = 300};
    expect_with(f, text, d, expected);
}

/* ---- */

static void two_cells_of_a_row_are_a_match(void **state)
{
    expect(*state, "See Anna Müller-Lüdenscheidt (account 12-345678-90).",
        "0/3<Anna Müller-Lüdenscheidt (account 12-345678-90>\n");
    expect(*state, "anna@example.com, 12-345678-90",
        "0/6<anna@example.com, 12-345678-90>\n");
}

static void one_cell_or_cells_of_two_rows_are_none(void **state)
{
    expect(*state, "See Anna Müller-Lüdenscheidt about it.", "");
    expect(*state, "Anna Müller-Lüdenscheidt has not 0099887766.", "");
    expect(*state, "", "");
}

static void spelling_does_not_matter(void **state)
{
    expect(*state, "MUELLER LUEDENSCHEIDT ANNA 1234567890",
        "0/3<MUELLER LUEDENSCHEIDT ANNA 1234567890>\n");
    expect(*state, "ANNA MUELLER LUEDENSCHEIDT 1234567890",
        "0/3<ANNA MUELLER LUEDENSCHEIDT 1234567890>\n");
    expect(*state, "anna\tmuller\nludenscheidt; 12 34 56 78 90",
        "0/3<anna\tmuller\nludenscheidt; 12 34 56 78 90>\n");
    expect(*state, "OBrien, Sean: DE89 3704 0044 0532 0130 00",
        "1/3<OBrien, Sean: DE89 3704 0044 0532 0130 00>\n");
    expect(*state, "ＳＥＡＮ Ｏ’ＢＲＩＥＮ de 89370400440532013000",
        "1/3<ＳＥＡＮ Ｏ’ＢＲＩＥＮ de 89370400440532013000>\n");
    expect(
        *state, "99887766 and novak paris", "2/3<99887766 and novak paris>\n");
    expect(*state, "ИВАН ПЕТРОВ 5550-9999", "4/3<ИВАН ПЕТРОВ 5550-9999>\n");
    expect(*state, "これは山田太郎です。番号55501234",
        "3/3<山田太郎です。番号55501234>\n");
}

static void dates_are_found_as_people_write_them(void **state)
{
    static const char *const dates[] = {"1980-02-13", "13.02.1980", "13.2.1980",
        "02/13/1980", "13 February 1980", "Feb 13, 1980", "13. Februar 1980",
        "19800213", "13.02.80"};
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        char text[100], expected[120];
        snprintf(text, sizeof text, "anna@example.com %s", dates[i]);
        snprintf(expected, sizeof expected, "0/12<%s>\n", text);
        expect(*state, text, expected);
    }
    expect(*state, "anna@example.com 1980-02-14", "");
}

static void frequent_values_only_add_to_a_row(void **state)
{
    const struct fixture *f = *state;
    expect(f, "Smith of Paris", "");
    expect(f, "Smith of Paris, 77711122", "5/19<Smith of Paris, 77711122>\n");
    expect(f, "Smith, 77711133", "6/3<Smith, 77711133>\n");
    assert_int_equal(f->report.columns[0].frequent, 1);
    assert_int_equal(f->report.columns[4].frequent, 1);
    assert_int_equal(f->report.columns[4].frequent_cells, 7);
}

static void the_same_bytes_are_not_two_cells(void **state)
{
    struct edm_detector d = {.columns = NAME | TOWN, .match = 2, .within = 300};
    expect_with(*state, "Paris Novák", d, "");
    expect_with(
        *state, "Paris Novák from Paris", d, "2/17<Paris Novák from Paris>\n");
    expect_with(
        *state, "from Paris: Paris Novák", d, "2/17<Paris: Paris Novák>\n");
}

static void a_detector_asks_for_its_columns_only(void **state)
{
    struct edm_detector d = {
        .columns = ACCOUNT | BIRTH, .match = 2, .within = 300};
    expect_with(*state, "Anna Müller-Lüdenscheidt 1234567890", d, "");
    expect_with(
        *state, "1234567890 1980-02-13", d, "0/10<1234567890 1980-02-13>\n");
    d.columns = 31;
    d.always = ACCOUNT;
    expect_with(*state, "anna@example.com 1980-02-13", d, "");
    d.match = 3;
    d.always = 0;
    expect_with(*state, "anna@example.com 1980-02-13", d, "");
    expect_with(*state, "anna@example.com 1980-02-13 Bad Kissingen", d,
        "0/28<anna@example.com 1980-02-13 Bad Kissingen>\n");
    d.match = 1;
    expect_with(*state, "anna@example.com", d, "0/4<anna@example.com>\n");
    expect_with(*state, "Smith", d, "");
}

static void all_cells_must_be_near(void **state)
{
    struct edm_detector d = {.columns = 31, .match = 2, .within = 40};
    struct buf text = {0}, expected = {0};
    buf_append_str(&text, STR("anna@example.com"));
    for (int i = 0; i < 14; i++)
        buf_append_str(&text, STR(" ä")); /* characters count, not bytes */
    buf_append_str(&text, STR("1980-02-13"));
    expect_with(*state, buf_cstr(&text), d, "");
    buf_clear(&text);
    buf_append_str(&text, STR("anna@example.com"));
    for (int i = 0; i < 6; i++)
        buf_append_str(&text, STR(" ä"));
    buf_append_str(&text, STR(" 1980-02-13"));
    buf_printf(&expected, "0/12<%s>\n", buf_cstr(&text));
    expect_with(*state, buf_cstr(&text), d, buf_cstr(&expected));
    buf_free(&text);
    buf_free(&expected);
}

static void rows_pasted_as_a_table_are_told_one_by_one(void **state)
{
    expect(*state,
        "name,account,email\n"
        "\"Seán O'Brien\",DE89370400440532013000,s.obrien84@mail.example.org\n"
        "Paris Novák,0099887766,paris@example.net\n",
        "1/23<Seán O'Brien\",DE89370400440532013000,"
        "s.obrien84@mail.example.org\nParis>\n"
        "2/7<Paris Novák,0099887766,paris@example.net>\n");
}

static void words_at_the_edges_of_blocks_are_whole(void **state)
{
    const struct fixture *f = *state;
    for (size_t lead = 0; lead < 140; lead++) {
        struct buf text = {0}, expected = {0};
        for (size_t i = 0; i < lead; i++)
            buf_append_char(&text, i % 9 == 8 ? ' ' : 'q');
        buf_append_str(&text, STR(" anna@example.com 1234567890"));
        buf_append_str(&expected, STR("0/6<anna@example.com 1234567890>\n"));
        expect(f, buf_cstr(&text), buf_cstr(&expected));
        buf_free(&text);
        buf_free(&expected);
    }
}

static void long_runs_hide_nothing_behind_them(void **state)
{
    struct buf text = {0};
    for (int i = 0; i < 1000; i++)
        buf_append_char(&text, 'a');
    buf_append_str(&text, STR(" anna@example.com 1234567890"));
    expect(*state, buf_cstr(&text), "0/6<anna@example.com 1234567890>\n");
    buf_free(&text);
}

static void the_report_tells_what_is_not_looked_for(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(f->rows, 9);
    assert_int_equal(f->report.rows, ARRAY_LEN(table));
    assert_int_equal(f->report.duplicates, 1);
    assert_int_equal(f->report.blank, 1);
    assert_int_equal(f->report.columns[2].cells[EDM_CELL_SHORT], 2);
    assert_int_equal(f->report.columns[3].cells[EDM_CELL_EMPTY], 8);
}

static void types_of_columns_are_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *cells[4];
        enum edm_type type;
    } cases[] = {
        {{"Anna Berg", "Smith, John", "Ó Briain", ""}, EDM_TYPE_NAME},
        {{"12 34", "0170/1234", "DE12 3456 7890", "77"}, EDM_TYPE_NUMBER},
        {{"a@b.example", "c.d@e.example", "", "x1@y.example"}, EDM_TYPE_EMAIL},
        {{"2001-02-03", "1.2.2003", "12/31/1999", "n/a"}, EDM_TYPE_DATE},
        {{"12 Main Street", "a@b.example", "Anna", "99"}, EDM_TYPE_TEXT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct edm_guess guess = {0};
        for (size_t c = 0; c < 4; c++)
            edm_guess_add(&guess, str_of(cases[i].cells[c]));
        assert_int_equal(edm_guess_type(&guess), cases[i].type);
    }
}

static void no_cell_stands_in_the_image(void **state)
{
    const struct fixture *f = *state;
    static const char *const values[] = {"anna", "1234567890", "smith",
        "example", "19800213", "paris", "\xe5\xb1\xb1"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_null(memmem(
            buf_bytes(&f->image), f->image.n, values[i], strlen(values[i])));
}

/* ---- damage ---- */

static void a_damaged_image_is_refused_or_harmless(void **state)
{
    struct fixture *f = *state;
    struct edm_detector d = {.columns = 31, .match = 1, .within = 300};
    struct str text =
        STR("Smith Paris 77711122 anna@example.com 12-345678-90 山田太郎");
    const char *why;
    for (size_t n = 0; n < f->image.n; n += n < 600 ? 1 : 997) {
        char *part = malloc(n + 1); /* for the sanitizer */
        struct edm_index *index = NULL;
        memcpy(part, buf_bytes(&f->image), n);
        assert_int_not_equal(
            edm_index_open(str_make(part, n), &index, &why), OK);
        free(part);
    }
    char *copy = malloc(f->image.n);
    srand(1);
    for (int i = 0; i < 4000; i++) {
        struct fixture other = {0};
        struct buf out = {0};
        memcpy(copy, buf_bytes(&f->image), f->image.n);
        for (int k = 0; k < 1 + i % 50; k++)
            copy[(size_t)rand() % (i % 2 ? f->image.n : 400)] = (char)rand();
        if (edm_index_open(str_make(copy, f->image.n), &other.index, &why) ==
            OK) {
            walk(&other, text, &d, 1 << 20, &out);
            edm_index_free(&other.index);
        }
        buf_free(&out);
    }
    free(copy);
}

/* ---- files ---- */

static const unsigned char key[EDM_KEY_BYTES] =
    "0123456789abcdef0123456789abcde";

static int write_file(const struct fixture *f, struct buf *bytes)
{
    struct edm_head head = {.column_count = COLUMNS, .rows = f->rows};
    int fd = memfd_create("index", MFD_CLOEXEC);
    memcpy(head.columns, columns, sizeof columns);
    assert_int_equal(edm_file_write(fd, &head, buf_str(&f->image), key), OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read(fd, 1 << 24, bytes), OK);
    return fd;
}

static enum err open_bytes(struct str bytes, struct str head,
    const unsigned char *with, struct buf *image)
{
    int from = memfd_create("from", MFD_CLOEXEC);
    int to = memfd_create("to", MFD_CLOEXEC);
    assert_int_equal(file_write(from, bytes), OK);
    assert_int_equal(lseek(from, 0, SEEK_SET), 0);
    enum err err = edm_file_open(from, head, with, to);
    if (image != NULL) {
        assert_int_equal(lseek(to, 0, SEEK_SET), 0);
        assert_int_equal(file_read(to, 1 << 24, image), OK);
    }
    close(from);
    close(to);
    return err;
}

static void a_file_gives_back_its_image(void **state)
{
    const struct fixture *f = *state;
    struct buf bytes = {0}, image = {0};
    struct edm_head head;
    size_t n;
    close(write_file(f, &bytes));
    assert_int_equal(edm_head_read(buf_str(&bytes), &head, &n), OK);
    assert_int_equal(head.column_count, COLUMNS);
    assert_string_equal(head.columns[3].name, "birth");
    assert_int_equal(head.columns[3].type, EDM_TYPE_DATE);
    assert_int_equal(open_bytes(buf_str(&bytes), str_sub(buf_str(&bytes), 0, n),
                         key, &image),
        OK);
    assert_true(str_eq(buf_str(&image), buf_str(&f->image)));
    /* Not even what is the same shows. */
    assert_null(memmem(buf_bytes(&bytes), bytes.n, EDM_IMAGE_MAGIC, 7));
    buf_free(&bytes);
    buf_free(&image);
}

static void a_file_that_was_changed_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct buf bytes = {0};
    struct edm_head head;
    size_t n;
    unsigned char other[EDM_KEY_BYTES] = {1};
    close(write_file(f, &bytes));
    assert_int_equal(edm_head_read(buf_str(&bytes), &head, &n), OK);
    struct str all = buf_str(&bytes), start = str_sub(all, 0, n);
    assert_int_equal(open_bytes(all, start, other, NULL), ERR_DENIED);
    for (size_t cut = n; cut < all.n; cut += 499)
        assert_int_equal(
            open_bytes(str_sub(all, 0, cut), start, key, NULL), ERR_PARSE);
    for (size_t at = n; at < all.n; at += 997) {
        buf_bytes(&bytes)[at] ^= 4;
        assert_int_equal(open_bytes(all, start, key, NULL), ERR_PARSE);
        buf_bytes(&bytes)[at] ^= 4;
    }
    char *later = malloc(n);
    memcpy(later, start.p, n);
    later[n - 1] ^= 1; /* a column by another name */
    assert_int_equal(open_bytes(all, str_make(later, n), key, NULL), ERR_STATE);
    memcpy(buf_bytes(&bytes), later, n);
    assert_int_equal(open_bytes(all, str_make(later, n), key, NULL), ERR_PARSE);
    free(later);
    buf_free(&bytes);
}

static void a_head_that_is_none_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct buf bytes = {0};
    struct edm_head head;
    size_t n, ignored;
    close(write_file(f, &bytes));
    assert_int_equal(edm_head_read(buf_str(&bytes), &head, &n), OK);
    for (size_t cut = 0; cut < n; cut++) {
        char *part = malloc(cut + 1);
        memcpy(part, buf_bytes(&bytes), cut);
        assert_int_equal(
            edm_head_read(str_make(part, cut), &head, &ignored), ERR_PARSE);
        free(part);
    }
    static const size_t places[] = {0, 8, 12, 22, 36, 64, 65, 66};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char *byte = buf_bytes(&bytes) + places[i], was = *byte;
        *byte = places[i] == 66 ? 0 : (char)0xff;
        assert_int_equal(
            edm_head_read(buf_str(&bytes), &head, &ignored), ERR_PARSE);
        *byte = was;
    }
    buf_free(&bytes);
}

#define WITH_TABLE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(two_cells_of_a_row_are_a_match),
        WITH_TABLE(one_cell_or_cells_of_two_rows_are_none),
        WITH_TABLE(spelling_does_not_matter),
        WITH_TABLE(dates_are_found_as_people_write_them),
        WITH_TABLE(frequent_values_only_add_to_a_row),
        WITH_TABLE(the_same_bytes_are_not_two_cells),
        WITH_TABLE(a_detector_asks_for_its_columns_only),
        WITH_TABLE(all_cells_must_be_near),
        WITH_TABLE(rows_pasted_as_a_table_are_told_one_by_one),
        WITH_TABLE(words_at_the_edges_of_blocks_are_whole),
        WITH_TABLE(long_runs_hide_nothing_behind_them),
        WITH_TABLE(the_report_tells_what_is_not_looked_for),
        cmocka_unit_test(types_of_columns_are_guessed),
        WITH_TABLE(no_cell_stands_in_the_image),
        WITH_TABLE(a_damaged_image_is_refused_or_harmless),
        WITH_TABLE(a_file_gives_back_its_image),
        WITH_TABLE(a_file_that_was_changed_is_refused),
        WITH_TABLE(a_head_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
