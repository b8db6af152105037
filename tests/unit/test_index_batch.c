/* store/index_batch.h: what of a batch becomes no row, and the rows it makes.
 */
#include "tests/unit/store_fixture.h"

#include "base/mem.h"
#include "store/index_batch.h"
#include "store/index_step.h"

static void add(
    struct index_batch *b, enum store_kind kind, unsigned n, const char *json)
{
    struct journal_entry e = {.kind = kind, .origin = 1, .json = str_of(json)};
    if (kind != STORE_GONE)
        fixture_id(n, e.id);
    index_batch_add(b, &e);
}

static void opened_and_done_is_put_once(void **state)
{
    struct index_batch b = {.items = NULL};
    (void)state;
    add(&b, STORE_OPEN, 1, "{}");
    add(&b, STORE_OPEN, 2, "{}");
    add(&b, STORE_OPEN, 1, "{\"outcome\":\"success\"}");
    add(&b, STORE_DONE, 1, "{}");
    add(&b, STORE_DONE, 1, "{}");
    assert_int_equal(b.count, 5);
    assert_true(b.items[0].is_superseded);
    assert_false(b.items[1].is_superseded); /* still open */
    assert_true(b.items[2].is_superseded);
    assert_false(b.items[3].is_superseded); /* alerts are judged by each */
    assert_false(b.items[4].is_superseded);
    assert_int_equal(b.bytes, 8 + 21);
    index_batch_free(&b);
}

static void what_an_open_entry_brings_is_kept(void **state)
{
    static const char *const first[] = {"{\"sealed_evidence\":\"x\"}",
        "{\"sealed_names\":{}}", "{\"attempts\":2}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        struct index_batch b = {.items = NULL};
        add(&b, STORE_OPEN, 1, first[i]);
        add(&b, STORE_DONE, 1, "{}");
        assert_false(b.items[0].is_superseded);
        index_batch_free(&b);
    }
}

static void nothing_is_passed_over_for_what_may_lose_or_end_it(void **state)
{
    struct index_batch b = {.items = NULL};
    (void)state;
    add(&b, STORE_OPEN, 1, "{}");
    add(&b, STORE_DONE, 1, "{\"attempts\":2}");
    add(&b, STORE_OPEN, 2, "{}");
    add(&b, STORE_VOID, 2, "{}");
    add(&b, STORE_DONE, 2, "{}");
    add(&b, STORE_OPEN, 3, "{}");
    add(&b, STORE_GONE, 0, "");
    add(&b, STORE_DONE, 3, "{}");
    for (size_t i = 0; i < b.count; i++)
        assert_false(b.items[i].is_superseded);
    index_batch_free(&b);
}

static void append(
    struct journal *j, enum store_kind kind, unsigned n, const char *outcome)
{
    struct journal_entry e = {.kind = kind, .origin = 1};
    struct buf json = {0}, batch = {0};
    fixture_id(n, e.id);
    buf_printf(&json,
        "{\"id\":\"%s\",\"time\":\"2026-11-22T10:02:03.456Z\","
        "\"outcome\":\"%s\"}",
        e.id, outcome);
    e.json = buf_str(&json);
    journal_entry_encode(&e, &batch);
    assert_int_equal(journal_append(j, buf_str(&batch), false), OK);
    buf_free(&json);
    buf_free(&batch);
}

/* The second activity's row comes first: the open entry made none. */
static void rows_are_those_of_the_end(void **state)
{
    struct journal *j = NULL;
    size_t count = 0;
    (void)state;
    assert_int_equal(journal_open(str_of(folder), 0, &j), OK);
    append(j, STORE_OPEN, 1, "open");
    append(j, STORE_DONE, 2, "two");
    append(j, STORE_DONE, 1, "one");
    append(j, STORE_OPEN, 3, "three");
    struct index_step *step = index_step_new(str_of(folder), j);
    assert_int_equal(index_step_run(step, &count), OK);
    assert_int_equal(count, 4);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 3);
    assert_int_equal(
        fixture_count("SELECT outcome = 'two' FROM activity ORDER BY seq"), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity WHERE"
                                   " (outcome, state) IN (VALUES ('one', 2),"
                                   " ('two', 2), ('three', 0))"),
        3);
    append(j, STORE_DONE, 3, "later");
    assert_int_equal(index_step_run(step, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity WHERE"
                                   " outcome = 'later' AND state = 2"),
        1);
    index_step_free(&step);
    journal_close(&j);
}

/* The trigger stands for whatever SQLite does not take. */
static void one_that_is_refused_takes_no_other_with_it(void **state)
{
    struct journal *j = NULL;
    struct db *db = NULL;
    size_t count = 0;
    (void)state;
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(
        db_exec(db, "CREATE TRIGGER refuse BEFORE INSERT ON activity"
                    " WHEN new.outcome = 'bad' BEGIN"
                    " SELECT RAISE(ABORT, 'not this one'); END"),
        OK);
    db_close(&db);
    assert_int_equal(journal_open(str_of(folder), 0, &j), OK);
    append(j, STORE_OPEN, 1, "first");
    append(j, STORE_OPEN, 1, "second");
    append(j, STORE_DONE, 1, "bad");
    append(j, STORE_OPEN, 2, "open");
    append(j, STORE_OPEN, 2, "bad");
    append(j, STORE_DONE, 2, "bad");
    append(j, STORE_DONE, 3, "bad");
    append(j, STORE_DONE, 4, "good");
    struct index_step *step = index_step_new(str_of(folder), j);
    assert_int_equal(index_step_run(step, &count), OK);
    assert_int_equal(count, 8);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 3);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity WHERE"
                                   " (outcome, state) IN (VALUES"
                                   " ('second', 0), ('open', 0), ('good', 2))"),
        3);
    index_step_free(&step);
    journal_close(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened_and_done_is_put_once),
        cmocka_unit_test(what_an_open_entry_brings_is_kept),
        cmocka_unit_test(nothing_is_passed_over_for_what_may_lose_or_end_it),
        cmocka_unit_test_setup_teardown(
            rows_are_those_of_the_end, make_folder, remove_folder),
        TEST(one_that_is_refused_takes_no_other_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
