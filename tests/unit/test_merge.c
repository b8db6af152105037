/* store/merge.h: one event seen inline and in a log is one activity. */
#include "tests/unit/store_fixture.h"

#include "store/query.h"

static const char INVITE[] =
    ",\"activity\":\"invite.sent\",\"via\":\"%s\",\"actor\":{\"account\":\"%s\""
    "%s},\"target\":{\"type\":\"invite\",\"id\":\"%s\",\"name\":\"n@x."
    "example\"}"
    "%s";

struct side {
    const char *via, *account, *ip, *target, *more;
};

static void put_side(unsigned n, int64_t second, const struct side *side)
{
    char more[1024];
    snprintf(more, sizeof more, INVITE, side->via,
        side->account != NULL ? side->account : "Ana@corp.example",
        side->ip != NULL ? side->ip : "",
        side->target != NULL ? side->target : "invite-1",
        side->more != NULL ? side->more : "");
    put_at(STORE_DONE, n, (1000000 + second) * 1000, 1, more);
}

static const struct side INLINE = {.via = "inline"};
static const struct side LOG = {.via = "audit-log",
    .account = "ana@corp.example",
    .ip = ",\"ip\":\"192.0.2.7\"",
    .more = ",\"details\":{\"event_id\":\"audit_log-1\"},\"changes\":[\"x\"]"};

static void take_json(void *context, const struct query_row *row)
{
    buf_append_str(context, row->json);
}

static void assert_merged(unsigned n)
{
    struct query *q = NULL;
    struct buf json = {0};
    char id[UUID_TEXT_BYTES];
    fixture_id(n, id);
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(query_get(q, str_of(id), take_json, &json), OK);
    const char *text = buf_cstr(&json);
    assert_non_null(strstr(text, "\"sources\":[\"inline\",\"audit-log\"]"));
    assert_non_null(strstr(text, "\"via\":\"inline\""));
    assert_non_null(strstr(text, "\"event_id\":\"audit_log-1\""));
    assert_non_null(strstr(text, "\"log_ip\":\"192.0.2.7\""));
    assert_non_null(strstr(text, "\"changes\":[\"x\"]"));
    buf_free(&json);
    query_close(&q);
}

static int64_t count(void)
{
    return fixture_count("SELECT count(*) FROM activity");
}

static void either_order_gives_one_activity(void **state)
{
    (void)state;
    put_side(1, 0, &INLINE);
    put_side(2, 100, &LOG);
    assert_int_equal(count(), 1);
    assert_merged(1);
}

static void the_log_may_be_first(void **state)
{
    (void)state;
    put_side(2, 100, &LOG);
    assert_int_equal(count(), 1);
    put_side(1, 0, &INLINE);
    assert_int_equal(count(), 1);
    assert_merged(1);
    assert_int_equal(fixture_count("SELECT count(*) FROM log_row"), 0);
}

static void what_comes_again_undoes_nothing(void **state)
{
    (void)state;
    put_side(1, 0, &INLINE);
    put_side(2, 100, &LOG);
    put_side(2, 100, &LOG);
    put_side(1, 0, &INLINE); /* completed, or sent again */
    put_side(2, 100, &LOG);
    assert_int_equal(count(), 1);
    assert_merged(1);
}

static void two_equal_acts_stay_two(void **state)
{
    (void)state;
    put_side(1, 0, &INLINE);
    put_side(2, 10, &INLINE);
    put_side(3, 11, &LOG);
    assert_int_equal(count(), 2);
    assert_merged(2); /* the nearer one */
    put_side(4, 12, &LOG);
    assert_int_equal(count(), 2);
    assert_int_equal(fixture_count("SELECT count(*) FROM twin"), 2);
    put_side(5, 13, &LOG); /* a third one in the log is its own */
    assert_int_equal(count(), 3);
}

static void what_differs_stays_apart(void **state)
{
    (void)state;
    static const struct side others[] = {
        {.via = "audit-log", .target = "invite-2"},
        {.via = "audit-log", .account = "bob@corp.example"},
    };
    put_side(1, 0, &INLINE);
    put_side(2, 1, &others[0]);
    put_side(3, 2, &others[1]);
    put_side(4, 121, &LOG); /* too late */
    put_side(5, -121, &LOG);
    assert_int_equal(count(), 5);
}

static void an_inline_record_may_be_open_still(void **state)
{
    (void)state;
    char more[512];
    snprintf(more, sizeof more, INVITE, "inline", "ana@corp.example", "",
        "invite-1", "");
    put_at(STORE_OPEN, 1, 1000000000, 1, more);
    put_side(2, 5, &LOG);
    put_side(1, 0, &INLINE);
    assert_int_equal(count(), 1);
    assert_merged(1);
}

static void a_sign_in_needs_a_known_actor(void **state)
{
    (void)state;
    static const char login[] =
        ",\"activity\":\"login.succeeded\",\"via\":\"%s\",\"actor\":{%s}";
    static const char ana[] = "\"account\":\"ana@corp.example\"";
    char more[256];
    snprintf(more, sizeof more, login, "inline", "");
    put_at(STORE_DONE, 1, 1000000, 1, more);
    snprintf(more, sizeof more, login, "audit-log", ana);
    put_at(STORE_DONE, 2, 1000000, 1, more);
    assert_int_equal(count(), 2);
    snprintf(more, sizeof more, login, "inline", ana);
    put_at(STORE_DONE, 3, 1001000, 1, more);
    assert_int_equal(count(), 2);
}

static void messages_are_one_by_their_id(void **state)
{
    (void)state;
    static const char prompt[] =
        ",\"activity\":\"prompt.created\",\"service\":\"chatgpt\",\"via\":"
        "\"%s\",\"conversation_id\":\"c\",\"message_id\":\"%s\",\"actor\":{}";
    char more[256];
    snprintf(more, sizeof more, prompt, "inline", "m1");
    put_at(STORE_DONE, 1, 1000000, 1, more);
    snprintf(more, sizeof more, prompt, "compliance-log", "m2");
    put_at(STORE_DONE, 2, 1000000, 1, more);
    snprintf(more, sizeof more, prompt, "compliance-log", "m1");
    put_at(STORE_DONE, 3, 1000000, 1, more);
    assert_int_equal(count(), 2);
    assert_int_equal(fixture_count("SELECT count(*) FROM twin"), 1);
}

static void a_pair_goes_with_its_record(void **state)
{
    (void)state;
    put_side(1, 0, &INLINE);
    put_side(2, 1, &LOG);
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(db_exec(db, "DELETE FROM activity"), OK);
    db_close(&db);
    assert_int_equal(fixture_count("SELECT count(*) FROM twin"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(either_order_gives_one_activity),
        TEST(the_log_may_be_first),
        TEST(what_comes_again_undoes_nothing),
        TEST(two_equal_acts_stay_two),
        TEST(what_differs_stays_apart),
        TEST(an_inline_record_may_be_open_still),
        TEST(a_sign_in_needs_a_known_actor),
        TEST(messages_are_one_by_their_id),
        TEST(a_pair_goes_with_its_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
