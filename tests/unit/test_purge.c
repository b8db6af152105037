/* store/purge.h: what is left in the files of what was deleted */
#include "tests/unit/store_fixture.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/browse.h"
#include "store/purge.h"
#include "store/retain.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* A word of which no part is in another: the index of text leaves out what a
 * word begins with as the one before it. */
static void make_word(unsigned n, char out[21])
{
    uint64_t x = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < 20; i++) {
        x ^= x >> 27;
        x *= UINT64_C(0x94d049bb133111eb);
        out[i] = (char)('a' + (x >> 40) % 26);
    }
    out[20] = '\0';
}

/* Twice each, as most are: open, then done; half a day old, or an hour. */
static void put_words(unsigned from, unsigned to, int64_t age_ms)
{
    char word[21], more[600];
    for (unsigned i = from; i < to; i++) {
        make_word(i, word);
        snprintf(more, sizeof more,
            ",\"node\":\"n%s\",\"service\":\"chatgpt\",\"conversation_id\":"
            "\"c%s\",\"actor\":{\"user\":\"u%s\"},\"files\":[{\"name\":"
            "\"f%s\"}],\"text\":{\"sample\":\"often %s often\"}",
            i % 7 == 0 ? word : "ode", word, word, word, word);
        put_at(STORE_OPEN, i, clock_wall_ms() - age_ms, 1, more);
        put_at(STORE_DONE, i, clock_wall_ms() - age_ms, 1, more);
    }
}

/* Of the words from..to, those that a file of the store has a piece of. */
static unsigned count_left(unsigned from, unsigned to)
{
    static const char *const names[] = {"store.db", "store.db-wal"};
    unsigned left = 0;
    struct buf files = {0};
    char word[21];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[256];
        struct buf one = {0};
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        enum err err = file_load(path, 1 << 30, &one);
        assert_true(err == OK || err == ERR_NOT_FOUND);
        buf_append_str(&files, buf_str(&one));
        buf_free(&one);
    }
    for (unsigned i = from; i < to; i++) {
        make_word(i, word);
        left += memmem(files.base, files.n, word + 8, 12) != NULL;
    }
    buf_free(&files);
    return left;
}

static unsigned purge(struct db *db, int64_t now_ms, bool *words_out)
{
    unsigned steps = 0;
    bool more = true, words = false;
    *words_out = false;
    while (more) {
        more = false;
        assert_int_equal(purge_step(db, now_ms, &more, &words), OK);
        *words_out |= words;
        assert_true(++steps < 1000);
    }
    return steps;
}

static void retain(struct db *db, int64_t now_ms)
{
    const struct retain_options options = {.days = 1};
    bool more = true;
    while (more)
        assert_int_equal(
            retain_rows(db, str_of(folder), &options, now_ms, &more), OK);
}

static void nothing_is_left_of_what_retention_deleted(void **state)
{
    (void)state;
    struct db *db = NULL;
    bool words = false;
    int64_t now = clock_wall_ms();
    put_words(0, 150, 23 * 3600 * 1000);
    put_words(150, 300, 3600 * 1000);
    assert_int_equal(count_left(0, 300), 300);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    retain(db, now + DAY_MS / 2);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 150);
    /* Not yet due: what is to be proven would otherwise be nothing. */
    assert_int_equal(purge(db, now + DAY_MS / 2, &words), 1);
    assert_true(count_left(0, 150) > 0);
    assert_true(purge(db, now + 2 * DAY_MS, &words) > FACET_COUNT);
    assert_true(words);
    assert_int_equal(count_left(0, 150), 0);
    assert_int_equal(count_left(150, 300), 150);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM search_index WHERE search_index"
                      " MATCH 'often'"),
        150);
    assert_int_equal(db_exec(db, "INSERT INTO search_index(search_index, rank)"
                                 " VALUES('integrity-check', 1)"),
        OK);
    /* Once is enough, until something else is deleted. */
    assert_int_equal(purge(db, now + 9 * DAY_MS, &words), 1);
    db_close(&db);
}

static void a_word_that_was_replaced_goes_as_well(void **state)
{
    (void)state;
    struct db *db = NULL;
    char word[21], more[200];
    bool words = false;
    make_word(1, word);
    snprintf(more, sizeof more, ",\"text\":{\"sample\":\"said %s\"}", word);
    put(STORE_OPEN, 1, more);
    put(STORE_DONE, 1, ",\"text\":{\"sample\":\"said nothing\"}");
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(count_left(1, 2), 1);
    purge(db, clock_wall_ms() + 2 * DAY_MS, &words);
    assert_int_equal(count_left(1, 2), 0);
    db_close(&db);
}

static void a_reader_holds_up_only_the_last_step(void **state)
{
    (void)state;
    struct db *db = NULL, *reader = NULL;
    int64_t now = clock_wall_ms();
    bool more = true, words = false;
    put_words(0, 20, 23 * 3600 * 1000);
    assert_int_equal(db_open(str_of(folder), DB_READ, 0, &reader), OK);
    struct db_statement *s =
        db_statement_new(reader, "SELECT seq FROM activity");
    assert_int_equal(db_step(s), OK);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    retain(db, now + DAY_MS / 2);
    for (int i = 0; i < 100; i++) {
        more = false;
        enum err err = purge_step(db, now + 2 * DAY_MS, &more, &words);
        assert_true(err == OK || err == ERR_AGAIN);
    }
    assert_true(more);
    assert_true(count_left(0, 20) > 0);
    db_statement_free(&s);
    purge(db, now + 2 * DAY_MS, &words);
    assert_int_equal(count_left(0, 20), 0);
    db_close(&reader);
    db_close(&db);
}

static void codes_of_words_that_went_are_not_given_again(void **state)
{
    (void)state;
    struct db *db = NULL;
    bool words = false;
    int64_t now = clock_wall_ms();
    put_words(0, 10, 23 * 3600 * 1000);
    int64_t last = fixture_count("SELECT max(code) FROM facet_word"
                                 " WHERE facet = 4");
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    retain(db, now + DAY_MS / 2);
    purge(db, now + 2 * DAY_MS, &words);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM facet_word WHERE facet = 4"), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM node"), 0);
    db_close(&db);
    put_words(10, 11, 0);
    assert_int_equal(
        fixture_count("SELECT max(code) FROM facet_word WHERE facet = 4"),
        last + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_left_of_what_retention_deleted),
        TEST(a_word_that_was_replaced_goes_as_well),
        TEST(a_reader_holds_up_only_the_last_step),
        TEST(codes_of_words_that_went_are_not_given_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
