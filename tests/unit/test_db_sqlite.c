/* store/db_sqlite.h and store/upsert.h */
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <unistd.h>

static void reading_an_absent_store_creates_nothing(void **state)
{
    (void)state;
    char path[128];
    struct db *db = NULL;
    snprintf(path, sizeof path, "%s/store.db", folder);
    assert_int_equal(db_open(str_of(folder), DB_READ, 0, &db), ERR_NOT_FOUND);
    assert_null(db);
    assert_int_equal(access(path, F_OK), -1);
}

static void the_position_goes_with_its_transaction(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct journal_position at, here = {3, 777};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(db_get_position(db, &at), OK);
    assert_true(at.segment == 0 && at.offset == 0);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_set_position(db, here), OK);
    db_rollback(db);
    assert_int_equal(db_get_position(db, &at), OK);
    assert_true(at.segment == 0);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_set_position(db, here), OK);
    assert_int_equal(db_commit(db), OK);
    db_close(&db);
    assert_int_equal(db_open(str_of(folder), DB_READ, 0, &db), OK);
    assert_int_equal(db_get_position(db, &at), OK);
    assert_int_equal(journal_position_compare(at, here), 0);
    db_close(&db);
}

static void a_second_writer_is_told_to_come_again(void **state)
{
    (void)state;
    struct db *one = NULL, *two = NULL;
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &one), OK);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &two), OK);
    assert_int_equal(db_begin(one), OK);
    assert_int_equal(db_begin(two), ERR_AGAIN);
    db_rollback(one);
    assert_int_equal(db_begin(two), OK);
    db_close(&one);
    db_close(&two);
}

static void rubbish_is_recognised_and_set_aside(void **state)
{
    (void)state;
    char path[128];
    struct db *db = NULL;
    snprintf(path, sizeof path, "%s/store.db", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    for (int i = 0; i < 500; i++)
        assert_int_equal(write(fd, "rubbish rubbish", 15), 15);
    close(fd);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), ERR_PARSE);
    assert_int_equal(db_quarantine(str_of(folder)), OK);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    db_close(&db);
}

static void columns_come_from_the_activity(void **state)
{
    (void)state;
    put(STORE_DONE, 5,
        ",\"service\":\"chatgpt\",\"activity\":\"prompt.created\","
        "\"category\":\"Service Usage\",\"outcome\":\"success\","
        "\"actor\":{\"user\":\"ana\"},\"conversation_id\":\"c\","
        "\"verdict\":\"block\",\"rule\":\"r\",\"attempts\":3,"
        "\"findings\":[{\"detector\":\"d\",\"type\":\"iban\",\"count\":2,"
        "\"severity\":\"low\"},{\"detector\":\"d\",\"type\":\"iban\","
        "\"count\":1,\"severity\":\"high\"}],\"http\":{\"host\":\"h\"}");
    assert_int_equal(
        fixture_count(
            "SELECT count(*) FROM activity WHERE time_ms = 5000 AND state = 2"
            " AND service = 'chatgpt' AND activity = 'prompt.created' AND"
            " category = 'Service Usage' AND outcome = 'success' AND"
            " user = 'ana' AND conversation_id = 'c' AND verdict = 'block'"
            " AND rule = 'r' AND attempts = 3 AND severity = 'high' AND"
            " host = 'h'"),
        1);
    assert_int_equal(fixture_count("SELECT count FROM finding"), 3);
}

static void an_update_replaces_the_findings(void **state)
{
    (void)state;
    put(STORE_OPEN, 1, ",\"findings\":[{\"type\":\"iban\",\"count\":1}]");
    put(STORE_DONE, 1, ",\"findings\":[{\"type\":\"us-ssn\",\"count\":1}]");
    assert_int_equal(fixture_count("SELECT count(*) FROM finding"), 1);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM finding WHERE type = 'us-ssn'"), 1);
    put(STORE_OPEN, 1, ",\"findings\":[]"); /* late: changes nothing */
    assert_int_equal(fixture_count("SELECT count(*) FROM finding"), 1);
}

static void an_older_attempt_never_beats_a_newer_one(void **state)
{
    (void)state;
    put(STORE_OPEN, 1, ",\"attempts\":2,\"model\":\"new\"");
    put(STORE_DONE, 1, ",\"attempts\":1,\"model\":\"old\"");
    assert_int_equal(fixture_count("SELECT state FROM activity"), STATE_OPEN);
    put(STORE_DONE, 1, ",\"attempts\":2,\"model\":\"new\"");
    assert_int_equal(fixture_count("SELECT state FROM activity"), STATE_DONE);
}

static void what_is_taken_back_is_gone_while_it_is_open(void **state)
{
    (void)state;
    static const char found[] =
        ",\"findings\":[{\"type\":\"iban\",\"detector\":\"iban\"}]";
    put(STORE_OPEN, 1, found);
    put_at(STORE_VOID, 1, 1000, 2, ""); /* by whichever worker */
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 0);
    assert_int_equal(fixture_count("SELECT count(*) FROM finding"), 0);
    put(STORE_OPEN, 1, found);
    put(STORE_VOID, 1, "");
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 0);
    put(STORE_DONE, 1, "");
    put(STORE_VOID, 1, "");
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 1);
}

static void unreadable_json_is_noted_and_hurts_nobody(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct upsert *u = NULL;
    static const char *const bad[] = {"{", "[]", "{\"a\":\"\xff\"}", "\n", ""};
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(upsert_new(db, &u), OK);
    for (unsigned i = 0; i < 5; i++) {
        struct journal_entry entry = {
            .kind = STORE_OPEN, .origin = 1, .json = str_of(bad[i])};
        fixture_id(i, entry.id);
        assert_int_equal(upsert_entry(u, &entry), OK);
    }
    struct journal_entry gone = {.kind = STORE_GONE, .json = STR("[]")};
    assert_int_equal(upsert_entry(u, &gone), OK);
    upsert_free(&u);
    db_close(&db);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity WHERE"
                                   " json_valid(json) AND state = 1 AND"
                                   " json ->> 'failure' = 'store'"),
        5);
}

static void json_with_line_breaks_becomes_one_line(void **state)
{
    (void)state;
    put(STORE_DONE, 1, ",\n\"model\":\n\"m\"");
    assert_int_equal(
        fixture_count("SELECT instr(json, char(10)) FROM activity"), 0);
    assert_int_equal(fixture_count("SELECT count(*) FROM activity WHERE"
                                   " json ->> 'model' = 'm'"),
        1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reading_an_absent_store_creates_nothing),
        TEST(the_position_goes_with_its_transaction),
        TEST(a_second_writer_is_told_to_come_again),
        TEST(rubbish_is_recognised_and_set_aside),
        TEST(columns_come_from_the_activity),
        TEST(an_update_replaces_the_findings),
        TEST(an_older_attempt_never_beats_a_newer_one),
        TEST(what_is_taken_back_is_gone_while_it_is_open),
        TEST(unreadable_json_is_noted_and_hurts_nobody),
        TEST(json_with_line_breaks_becomes_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
