/* store/retain.h */
#include "tests/unit/store_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/name_rows.h"
#include "store/retain.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* Many rows with text, a second apart. */
static void fill(struct db *db, unsigned count, unsigned text_bytes)
{
    char sql[400];
    snprintf(sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
        " i < %u) INSERT INTO activity(id, time_ms, state, origin, attempts,"
        " json) SELECT printf('%%036d', i), i * 1000, 2, 1, 1,"
        " hex(randomblob(%u)) FROM n",
        count, text_bytes / 2);
    assert_int_equal(db_exec(db, sql), OK);
    assert_int_equal(db_exec(db, "INSERT INTO evidence SELECT seq, 'm', 's'"
                                 " FROM activity"),
        OK);
    assert_int_equal(db_exec(db, "INSERT INTO finding SELECT seq, 't', 'd',"
                                 " 'g', 1 FROM activity"),
        OK);
}

static unsigned run(
    struct db *db, const struct retain_options *options, int64_t now_ms)
{
    unsigned steps = 0;
    bool more = true;
    while (more) {
        assert_int_equal(
            retain_rows(db, str_of(folder), options, now_ms, &more), OK);
        steps++;
        assert_true(steps < 1000);
    }
    return steps;
}

static void l3_old_rows_go_in_small_steps_with_their_findings(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct retain_options options = {.days = 2};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    fill(db, 2100, 10);
    unsigned steps = run(db, &options, 2 * DAY_MS + 2000 * 1000);
    assert_true(steps >= 4);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 101);
    assert_int_equal(fixture_count("SELECT count(*) FROM finding"), 101);
    assert_int_equal(fixture_count("SELECT count(*) FROM evidence"), 101);
    assert_int_equal(
        fixture_count("SELECT min(time_ms) FROM activity"), 2000 * 1000);
    db_close(&db);
}

static void l3_sealed_names_go_with_their_last_activity(void **state)
{
    (void)state;
    static const int64_t HOUR_MS = 3600 * 1000;
    struct db *db = NULL;
    struct name_rows *names;
    struct retain_options options = {.days = 2};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(name_rows_new(db, &names), OK);
    json_t *both = json_pack("{s:s, s:s}", "a", "tag.x", "b", "tag.y"),
           *one = json_pack("{s:s, s:i}", "a", "new.z", "c", 1);
    assert_int_equal(name_rows_put(names, both, 0), OK);
    assert_int_equal(name_rows_put(names, one, 0), OK); /* of another key */
    json_object_del(both, "b");
    assert_int_equal(name_rows_put(names, both, 4 * HOUR_MS), OK);
    assert_int_equal(name_rows_put(names, NULL, 0), OK);
    assert_int_equal(fixture_count("SELECT count(*) FROM name"), 3);
    fill(db, 3 * 3600, 10); /* three hours, a second apart */
    run(db, &options, 2 * DAY_MS + HOUR_MS);
    assert_int_equal(fixture_count("SELECT count(*) FROM name"), 3);
    run(db, &options, 2 * DAY_MS + HOUR_MS + 2000);
    assert_int_equal(fixture_count("SELECT count(*) FROM name"), 1);
    run(db, &options, 2 * DAY_MS + 5 * HOUR_MS); /* nothing is left at all */
    assert_int_equal(fixture_count("SELECT count(*) FROM name"), 0);
    json_decref(both);
    json_decref(one);
    name_rows_free(&names);
    db_close(&db);
}

static void the_oldest_rows_go_when_the_store_is_too_large(void **state)
{
    (void)state;
    struct db *db = NULL;
    char path[128];
    struct stat st;
    struct retain_options options = {.bytes = 4 << 20};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    fill(db, 5000, 2000);
    run(db, &options, 0);
    assert_int_equal(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)"), OK);
    db_close(&db);
    snprintf(path, sizeof path, "%s/store.db", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= 4 << 20); /* given back to the file system */
    assert_true(st.st_size > 2 << 20);  /* and not more than needed */
    assert_int_equal(
        fixture_count("SELECT max(time_ms) FROM activity"), 5000 * 1000);
    assert_true(fixture_count("SELECT min(time_ms) FROM activity") > 1000);
}

static void what_waits_for_too_long_is_closed(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct retain_options options = {.wait_ms = 5000};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    fill(db, 10, 10); /* at 1000, 2000 … */
    assert_int_equal(db_exec(db, "UPDATE activity SET state = 0;"
                                 "UPDATE activity SET outcome = 'success'"
                                 " WHERE seq % 2 = 0"),
        OK);
    assert_int_equal(retain_waiting(db, &options, 10999), OK);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM activity WHERE state = 1"), 2);
    assert_int_equal(
        fixture_count("SELECT max(seq) FROM activity WHERE state = 1"), 4);
    assert_int_equal(retain_waiting(db, &options, 1000000), OK);
    assert_int_equal(/* the others do not wait: they are under way */
        fixture_count("SELECT count(*) FROM activity WHERE state = 0"), 5);
    options.wait_ms = 0;
    assert_int_equal(retain_waiting(db, &options, 1000000), OK);
    db_close(&db);
}

static void without_bounds_nothing_goes(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct retain_options options = {0};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    fill(db, 100, 10);
    assert_int_equal(run(db, &options, INT64_MAX / 2), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 100);
    db_close(&db);
}

/* Segments 1 to 5 of about `bytes` each. */
static struct journal *make_segments(unsigned bytes)
{
    struct journal *j = NULL;
    struct buf batch = {0};
    char *text = mem_alloc(bytes);
    memset(text, ' ', bytes);
    assert_int_equal(journal_open(str_of(folder), 0, &j), OK);
    journal_set_segment_bytes(j, bytes);
    struct journal_entry entry = {
        .kind = STORE_GONE, .origin = 1, .json = str_make(text, bytes)};
    journal_entry_encode(&entry, &batch);
    for (int i = 0; i < 5; i++)
        assert_int_equal(journal_append(j, buf_str(&batch), false), OK);
    assert_true(journal_end(j).segment == 5);
    buf_free(&batch);
    mem_free(text);
    return j;
}

static unsigned oldest_segment(void)
{
    struct journal_segments list;
    assert_int_equal(journal_list(str_of(folder), &list), OK);
    unsigned number = list.count > 0 ? (unsigned)list.items[0].number : 0;
    mem_free(list.items);
    return number;
}

static void check_journal(unsigned indexed_segment, int64_t days, int64_t bytes,
    int64_t now_ms, unsigned expected_oldest)
{
    struct retain_options options = {.days = days, .bytes = bytes};
    struct journal *j = make_segments(100000);
    assert_int_equal(retain_journal(str_of(folder),
                         (struct journal_position){indexed_segment, 50}, 5,
                         &options, now_ms),
        OK);
    assert_int_equal(oldest_segment(), expected_oldest);
    journal_close(&j);
}

static void indexed_segments_stay_while_they_may_help_to_rebuild(void **state)
{
    (void)state;
    check_journal(5, 30, 0, clock_wall_ms(), 1);
}

static void indexed_segments_go_when_space_is_short(void **state)
{
    (void)state;
    /* an eighth of 2 MB: two and a half segments */
    check_journal(5, 30, 2000000, clock_wall_ms(), 4);
}

static void indexed_segments_go_when_they_are_old(void **state)
{
    (void)state;
    check_journal(5, 2, 0, clock_wall_ms() + 3 * DAY_MS, 5);
}

static void unindexed_segments_stay(void **state)
{
    (void)state;
    check_journal(3, 2, 2000000, clock_wall_ms() + 3 * DAY_MS, 3);
}

static void unindexed_segments_go_only_when_the_disk_would_fill(void **state)
{
    (void)state;
    check_journal(0, 2, 350000, clock_wall_ms(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(l3_old_rows_go_in_small_steps_with_their_findings),
        TEST(l3_sealed_names_go_with_their_last_activity),
        TEST(the_oldest_rows_go_when_the_store_is_too_large),
        TEST(what_waits_for_too_long_is_closed),
        TEST(without_bounds_nothing_goes),
        TEST(indexed_segments_stay_while_they_may_help_to_rebuild),
        TEST(indexed_segments_go_when_space_is_short),
        TEST(indexed_segments_go_when_they_are_old),
        TEST(unindexed_segments_stay),
        TEST(unindexed_segments_go_only_when_the_disk_would_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
