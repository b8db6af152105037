/* store/incident.h, store/incident_rows.h and store/view.h */
#include "tests/unit/store_fixture.h"

#include "base/mem.h"
#include "store/audit.h"
#include "store/incident.h"
#include "store/incident_rows.h"
#include "store/query_parts.h"
#include "store/view.h"

#define DAY_MS INT64_C(86400000)
#define FOUND(severity)                                                        \
    ",\"findings\":[{\"type\":\"iban\",\"detector\":\"iban\",\"count\":2,"     \
    "\"severity\":\"" severity "\"}]"
#define BLOCKED ",\"verdict\":\"block\",\"rule\":\"no-iban\""
#define OF(user) ",\"actor\":{\"user\":\"" user "\",\"ip\":\"10.0.0.1\"}"
#define IN(conversation) ",\"conversation_id\":\"" conversation "\""

struct text {
    char p[4096];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(
    struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    t->n += (size_t)vsnprintf(t->p + t->n, sizeof t->p - t->n, format, list);
    va_end(list);
    assert_true(t->n < sizeof t->p);
}

/* ---- lists as text ---- */

static char last_id[UUID_TEXT_BYTES];
static int64_t last_seq;

static void on_incident(void *context, const struct incident *i)
{
    add(context, "%.*s/%.*s %.*s %.*s %d/%d", STR_ARG(i->rule),
        STR_ARG(i->conversation_id.n > 0 ? i->conversation_id : i->user),
        STR_ARG(i->severity), STR_ARG(i->status), (int)i->activities,
        (int)i->findings);
    if (i->owner.n > 0)
        add(context, " @%.*s", STR_ARG(i->owner));
    add(context, " %d-%d\n", (int)(i->first_ms / 1000),
        (int)(i->last_ms / 1000));
    memcpy(last_id, i->id.p, i->id.n);
    last_seq = i->seq;
}

static const char *list_page(const struct incident_filter *filter, size_t limit,
    struct query_cursor *cursor, bool *more_out)
{
    static struct text t;
    struct query *q = NULL;
    t = (struct text){.n = 0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(
        incident_list(q, filter, limit, cursor, on_incident, &t, more_out), OK);
    query_close(&q);
    return t.p;
}

static const char *list(const struct incident_filter *filter)
{
    struct query_cursor cursor = {0};
    bool more = true;
    const char *text = list_page(filter, 100, &cursor, &more);
    assert_false(more);
    return text;
}

static const char *list_all(void)
{
    return list(&(struct incident_filter){0});
}

static const char *list_by(enum incident_facet facet, const char *word)
{
    struct incident_filter f = {0};
    assert_int_equal(query_words_add(&f.words[facet], str_of(word)), OK);
    return list(&f);
}

static void on_change(void *context, const struct incident_change *c)
{
    add(context, "%d %.*s|%.*s|%.*s|%.*s|%.*s\n", (int)(c->time_ms / 1000),
        STR_ARG(c->user), STR_ARG(c->status), STR_ARG(c->owner),
        STR_ARG(c->comment), STR_ARG(str_sub(c->activity, 33, 36)));
}

/* Of the incident that was listed last. */
static const char *history(void)
{
    static struct text t;
    struct query *q = NULL;
    t = (struct text){.n = 0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(incident_history(q, last_seq, on_change, &t), OK);
    query_close(&q);
    return t.p;
}

/* An analyst changes the incident that was listed last. */
static void change(unsigned n, const char *what)
{
    char text[2048];
    snprintf(text, sizeof text,
        ",\"activity\":\"" INCIDENT_CHANGED "\",\"actor\":{\"user\":\"ines\"},"
        "\"details\":{\"incidents\":[\"%s\"],%s}",
        last_id, what);
    put(STORE_AUDIT, n, text);
}

/* ---- grouping ---- */

static void findings_of_a_conversation_are_one_incident(void **state)
{
    (void)state;
    put(STORE_DONE, 1, BLOCKED OF("ana") IN("c1") FOUND("low"));
    put(STORE_DONE, 2, BLOCKED OF("ana") IN("c1") FOUND("high"));
    put(STORE_DONE, 3, BLOCKED OF("ana") IN("c2") FOUND("medium"));
    put(STORE_DONE, 4, ",\"verdict\":\"allow\"" OF("ana") IN("c1"));
    put(STORE_DONE, 5, OF("ana") IN("c1") FOUND("high"));
    assert_string_equal(list_all(), "no-iban/c2 medium new 1/2 3-3\n"
                                    "no-iban/c1 high new 2/4 1-2\n");
}

static void without_a_conversation_person_and_day_group(void **state)
{
    (void)state;
    put(STORE_DONE, 1, BLOCKED OF("ana"));
    put(STORE_DONE, 2, BLOCKED OF("ana"));
    put(STORE_DONE, 3, BLOCKED OF("ben"));
    put_at(STORE_DONE, 4, DAY_MS + 1000, 1, BLOCKED OF("ana"));
    put(STORE_DONE, 5, BLOCKED ",\"actor\":{\"ip\":\"10.0.0.9\"}");
    put(STORE_DONE, 6, ",\"verdict\":\"alert\"" OF("ana"));
    assert_string_equal(list_all(), "no-iban/ana none new 1/0 86401-86401\n"
                                    "(default)/ana none new 1/0 6-6\n"
                                    "no-iban/10.0.0.9 none new 1/0 5-5\n"
                                    "no-iban/ben none new 1/0 3-3\n"
                                    "no-iban/ana none new 2/0 1-2\n");
}

static void alerts_are_incidents_of_their_rules(void **state)
{
    (void)state;
    put(STORE_DONE, 1,
        ",\"verdict\":\"alert\",\"rule\":\"broad-key\",\"severity\":\"high\","
        "\"alerts\":[{\"rule\":\"broad-key\",\"severity\":\"high\"},"
        "{\"rule\":\"new-owner\",\"severity\":\"low\"}]" OF("ana"));
    assert_string_equal(list_all(), "new-owner/ana low new 1/0 1-1\n"
                                    "broad-key/ana high new 1/0 1-1\n");
}

static void an_activity_counts_once_it_is_over(void **state)
{
    (void)state;
    put(STORE_OPEN, 1, BLOCKED OF("ana"));
    assert_string_equal(list_all(), "");
    put(STORE_DONE, 1, BLOCKED OF("ana") IN("c1"));
    assert_string_equal(list_all(), "no-iban/c1 none new 1/0 1-1\n");
    assert_int_equal(fixture_count("SELECT count(*) FROM incident"), 1);
    /* Its worker dies. */
    put_at(STORE_OPEN, 2, 0, 7, BLOCKED OF("ben"));
    put_at(STORE_GONE, 0, 0, 7, "");
    assert_string_equal(list_all(), "no-iban/ben none new 1/0 2-2\n"
                                    "no-iban/c1 none new 1/0 1-1\n");
    /* It is taken back. */
    put(STORE_OPEN, 3, BLOCKED OF("eve"));
    put(STORE_VOID, 3, "");
    assert_int_equal(fixture_count("SELECT count(*) FROM incident"), 2);
}

static void a_later_state_moves_it(void **state)
{
    (void)state;
    put(STORE_DONE, 1, BLOCKED OF("ana") IN("c1") FOUND("high"));
    put(STORE_DONE, 2, BLOCKED OF("ana") IN("c1") FOUND("low"));
    put(STORE_DONE, 1, ",\"attempts\":2" BLOCKED OF("ana") IN("c1"));
    assert_string_equal(list_all(), "no-iban/c1 low new 2/2 1-2\n");
    put(STORE_DONE, 1, ",\"attempts\":3,\"verdict\":\"allow\"" IN("c1"));
    assert_string_equal(list_all(), "no-iban/c1 low new 1/2 2-2\n");
}

/* ---- what analysts do ---- */

static void changes_are_kept_with_their_history(void **state)
{
    (void)state;
    put(STORE_DONE, 1, BLOCKED IN("c1"));
    list_all();
    change(2, "\"status\":\"opened\",\"owner\":\"ines\"");
    change(3, "\"comment\":\"<b>looks bad</b>\"");
    assert_string_equal(list_all(), "no-iban/c1 none opened 1/0 @ines 1-1\n");
    change(4, "\"owner\":\"\",\"status\":\"resolved\"");
    assert_string_equal(list_all(), "no-iban/c1 none resolved 1/0 1-1\n");
    assert_string_equal(history(), "2 ines|opened|ines||\n"
                                   "3 ines|||<b>looks bad</b>|\n"
                                   "4 ines|resolved|-||\n");
    /* Twice is once; what is no status changes none. */
    change(2, "\"status\":\"opened\",\"owner\":\"ines\"");
    change(5, "\"status\":\"gone\"");
    assert_string_equal(list_all(), "no-iban/c1 none resolved 1/0 1-1\n");
    assert_int_equal(fixture_count("SELECT comments FROM incident"), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM audit"), 4);
}

static void only_suppressed_ones_stay_closed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"resolved", "opened"},
        {"false-positive", "opened"}, {"suppressed", "suppressed"},
        {"opened", "opened"}, {"new", "new"}};
    for (unsigned i = 0; i < 5; i++) {
        char more[256], what[64];
        struct incident_filter f = {0};
        snprintf(more, sizeof more, BLOCKED IN("c%u"), i);
        put(STORE_DONE, 10 * i + 1, more);
        assert_int_equal(
            query_words_add(&f.words[INCIDENT_STATUS], STR("new")), OK);
        f.since_ms = (10 * i + 1) * 1000;
        list(&f);
        snprintf(what, sizeof what, "\"status\":\"%s\"", cases[i][0]);
        change(10 * i + 2, what);
        put(STORE_DONE, 10 * i + 1, more); /* sent again */
        f.words[INCIDENT_STATUS].items[0] = str_of(cases[i][0]);
        assert_int_not_equal(strlen(list(&f)), 0);
        put(STORE_DONE, 10 * i + 3, more);
        f.words[INCIDENT_STATUS].items[0] = str_of(cases[i][1]);
        assert_int_not_equal(strlen(list(&f)), 0);
        if (i < 2)
            assert_non_null(strstr(history(), "|opened|||0"));
    }
    assert_string_equal(history(), "42 ines|new|||\n");
}

/* ---- rebuilt, older, gone ---- */

static void fill(void)
{
    put(STORE_OPEN, 1, BLOCKED OF("ana") FOUND("low"));
    put(STORE_DONE, 1, BLOCKED OF("ana") IN("c1") FOUND("low"));
    put(STORE_DONE, 2, BLOCKED OF("ben") FOUND("high"));
    list_by(INCIDENT_USER, "ana");
    change(3, "\"status\":\"resolved\",\"comment\":\"done\"");
    put(STORE_DONE, 4, BLOCKED OF("ana") IN("c1") FOUND("medium"));
    put_at(STORE_OPEN, 5, 0, 9, BLOCKED OF("eve") IN("c2"));
    put_at(STORE_GONE, 0, 0, 9, "");
}

static char *dump(void)
{
    struct text *t = mem_zalloc(sizeof *t);
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_READ, 1000, &db), OK);
    struct db_statement *s = db_statement_new(db,
        "SELECT i.id || rule || coalesce(user, '') || status || activities ||"
        " findings || severity || first_ms || last_ms || comments ||"
        " coalesce((SELECT group_concat(c.id || c.time_ms) FROM"
        " incident_change c WHERE incident = i.seq), '') FROM incident i ORDER "
        "BY i.id");
    while (db_step(s) == OK)
        add(t, "%.*s\n", STR_ARG(db_text(s, 0)));
    db_statement_free(&s);
    db_close(&db);
    return t->p;
}

static void the_same_entries_again_give_the_same(void **state)
{
    (void)state;
    fill();
    char *first = dump();
    assert_non_null(strstr(first, "opened24medium"));
    fill(); /* on top */
    char *second = dump();
    assert_string_equal(first, second);
    mem_free(second);
    remove_folder(state);
    make_folder(state);
    fill(); /* from nothing */
    second = dump();
    assert_string_equal(first, second);
    mem_free(first);
    mem_free(second);
}

static void a_store_from_before_is_filled(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct upsert *u = NULL;
    size_t count = 0, rounds = 0;
    fill();
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(
        db_exec(db, "DELETE FROM incident_activity; DELETE FROM incident;"
                    "UPDATE incident_todo SET"
                    " seq = (SELECT max(seq) FROM activity)"),
        OK);
    assert_int_equal(upsert_new(db, &u), OK);
    do {
        assert_int_equal(db_begin(db), OK);
        assert_int_equal(upsert_fill(u, &count), OK);
        assert_int_equal(upsert_flush(u), OK);
        assert_int_equal(db_commit(db), OK);
    } while (count > 0 && rounds++ < 10);
    upsert_free(&u);
    db_close(&db);
    assert_int_equal(rounds, 1);
    assert_string_equal(list_all(), "no-iban/c2 none new 1/0 5-5\n"
                                    "no-iban/c1 medium new 2/4 1-4\n"
                                    "no-iban/ben high new 1/2 2-2\n");
}

static void incidents_go_with_their_activities(void **state)
{
    (void)state;
    struct db *db = NULL;
    const struct retain_options options = {.days = 1};
    bool more = false;
    put(STORE_DONE, 1, BLOCKED IN("c1") FOUND("high"));
    put(STORE_DONE, 2, BLOCKED IN("c2"));
    list_by(INCIDENT_RULE, "no-iban");
    change(3, "\"status\":\"suppressed\"");
    put_at(STORE_DONE, 4, 3 * DAY_MS, 1, BLOCKED IN("c2") FOUND("low"));
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(
        retain_rows(db, str_of(folder), &options, 3 * DAY_MS, &more), OK);
    db_close(&db);
    assert_string_equal(list_all(), "no-iban/c2 low new 1/2 259200-259200\n");
    assert_int_equal(fixture_count("SELECT count(*) FROM incident"), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM incident_change"), 0);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM incident_activity"), 1);
}

/* ---- reading ---- */

static void fill_lists(void)
{
    put(STORE_DONE, 1, BLOCKED OF("ana") IN("c1") FOUND("high"));
    put(STORE_DONE, 2, BLOCKED OF("ben") IN("c2") FOUND("low"));
    put(STORE_DONE, 3,
        ",\"verdict\":\"alert\",\"rule\":\"no-keys\"" OF("ana") IN("c3"));
    list_by(INCIDENT_USER, "ben");
    change(4, "\"status\":\"opened\",\"owner\":\"ines\"");
}

static void filters_select(void **state)
{
    (void)state;
    fill_lists();
    assert_int_equal(
        strncmp(list_by(INCIDENT_USER, "ana"), "no-keys/c3", 10), 0);
    assert_string_equal(
        list_by(INCIDENT_SEVERITY, "high"), "no-iban/c1 high new 1/2 1-1\n");
    assert_string_equal(list_by(INCIDENT_OWNER, "ines"),
        "no-iban/c2 low opened 1/2 @ines 2-2\n");
    assert_string_equal(list_by(INCIDENT_STATUS, "opened"),
        "no-iban/c2 low opened 1/2 @ines 2-2\n");
    assert_string_equal(list_by(INCIDENT_OWNER, "-"),
        "no-keys/c3 none new 1/0 3-3\nno-iban/c1 high new 1/2 1-1\n");
    assert_string_equal(
        list_by(INCIDENT_RULE, "*keys"), "no-keys/c3 none new 1/0 3-3\n");
    assert_string_equal(list_by(INCIDENT_USER, "' OR 1=1"), "");
    struct incident_filter f = {.since_ms = 2000, .until_ms = 3000};
    assert_string_equal(list(&f), "no-iban/c2 low opened 1/2 @ines 2-2\n");
}

static void pages_follow_each_other(void **state)
{
    (void)state;
    const struct incident_filter all = {0};
    struct query_cursor cursor = {0};
    bool more = false;
    fill_lists();
    assert_non_null(strstr(list_page(&all, 2, &cursor, &more), "no-iban/c2"));
    assert_true(more);
    assert_string_equal(
        list_page(&all, 2, &cursor, &more), "no-iban/c1 high new 1/2 1-1\n");
    assert_false(more);
}

static void numbers_are_those_under_the_other_filters(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct query *q = NULL;
    struct incident_filter f = {0};
    struct incident_counts *c = MEM_NEW(struct incident_counts);
    fill_lists();
    c->arena = &arena;
    assert_int_equal(query_words_add(&f.words[INCIDENT_USER], STR("an*")), OK);
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(incident_count(q, &f, c), OK);
    assert_int_equal(c->total, 2);
    assert_int_equal(c->facets[INCIDENT_USER].count, 2);
    assert_true(str_is(c->facets[INCIDENT_USER].items[0].value, "ana"));
    assert_int_equal(c->facets[INCIDENT_USER].items[0].count, 2);
    assert_int_equal(c->facets[INCIDENT_RULE].count, 2);
    assert_int_equal(c->facets[INCIDENT_OWNER].count, 1);
    assert_int_equal(c->facets[INCIDENT_OWNER].items[0].value.n, 0);
    assert_int_equal(c->facets[INCIDENT_STATUS].count, 1);
    query_close(&q);
    arena_free(&arena);
    mem_free(c);
}

static void on_activity(void *context, const struct query_row *row)
{
    assert_null(strstr(row->json.p, "secret words"));
    add(context, "%d ", atoi(row->id.p + 24));
}

static void an_incident_has_its_activities_in_order(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct query_cursor cursor = {0};
    struct text t = {.n = 0};
    bool more = false;
    put(STORE_DONE, 5, BLOCKED IN("c1"));
    put(STORE_DONE, 1,
        BLOCKED IN("c1") ",\"text\":{\"content\":\"secret "
                         "words\"}");
    put(STORE_DONE, 3, BLOCKED IN("c1"));
    put(STORE_OPEN, 4, BLOCKED IN("c1"));
    list_all();
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(
        incident_activities(q, last_seq, 2, &cursor, on_activity, &t, &more),
        OK);
    assert_true(more);
    assert_int_equal(
        incident_activities(q, last_seq, 2, &cursor, on_activity, &t, &more),
        OK);
    assert_false(more);
    assert_string_equal(t.p, "1 3 5 ");
    t = (struct text){.n = 0};
    assert_int_equal(incident_get(q, str_of(last_id), on_incident, &t), OK);
    assert_string_equal(t.p, "no-iban/c1 none new 3/0 1-5\n");
    assert_int_equal(
        incident_get(q, STR("nothing"), on_incident, &t), ERR_NOT_FOUND);
    query_close(&q);
}

/* Whether the plan of a query walks an index, without sorting. */
static void expect_plan(const char *sql, const char *index)
{
    struct db *db = NULL;
    struct text t = {.n = 0};
    char text[512];
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(db_open(str_of(folder), DB_READ, 1000, &db), OK);
    struct db_statement *s = db_statement_new(db, text);
    while (db_step(s) == OK)
        add(&t, "%.*s\n", STR_ARG(db_text(s, 3)));
    db_statement_free(&s);
    db_close(&db);
    if (strstr(t.p, index) == NULL || strstr(t.p, "TEMP B-TREE") != NULL)
        fail_msg("%s:\n%s", sql, t.p);
}

static void lists_walk_an_index(void **state)
{
    (void)state;
#define ORDER " ORDER BY last_ms DESC, seq DESC LIMIT 100"
    static const char *const columns[] = {
        "status", "severity", "rule", "user", "owner"};
    fill_lists();
    expect_plan("SELECT * FROM incident WHERE last_ms >= 1" ORDER,
        "USING INDEX incident_last");
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        char sql[256], index[64];
        snprintf(sql, sizeof sql,
            "SELECT * FROM incident WHERE last_ms >= 1 AND (%s = 'x')" ORDER,
            columns[i]);
        snprintf(index, sizeof index, "USING INDEX incident_%s", columns[i]);
        expect_plan(sql, index);
    }
    expect_plan("SELECT * FROM incident_activity m CROSS JOIN activity a"
                " ON a.seq = m.seq WHERE m.incident = 1 AND m.is_counted = 1"
                " ORDER BY m.time_ms, m.seq LIMIT 10",
        "incident_activity_time");
#undef ORDER
}

/* ---- views ---- */

#define SAVED(user, name, query, shared)                                       \
    ",\"activity\":\"" VIEW_SAVED "\",\"actor\":{\"user\":\"" user             \
    "\"},\"details\":{\"page\":\"/activities\",\"name\":\"" name               \
    "\",\"query\":\"" query "\",\"shared\":" shared "}"

static void on_view(void *context, const struct view *v)
{
    add(context, "%.*s %.*s %.*s%s\n", STR_ARG(v->user), STR_ARG(v->name),
        STR_ARG(v->query), v->is_shared ? " shared" : "");
}

static const char *views_of(const char *user)
{
    static struct text t;
    struct query *q = NULL;
    t = (struct text){.n = 0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(view_list(q, str_of(user), on_view, &t), OK);
    query_close(&q);
    return t.p;
}

static void views_are_ones_own_and_the_shared_ones(void **state)
{
    (void)state;
    char gone[128];
    put(STORE_AUDIT, 1, SAVED("ana", "mine", "a=1", "false"));
    put(STORE_AUDIT, 2, SAVED("ana", "ours", "b=2", "true"));
    put(STORE_AUDIT, 3, SAVED("ben", "mine", "c=3", "false"));
    assert_string_equal(views_of("ana"), "ana mine a=1\nana ours b=2 shared\n");
    assert_string_equal(views_of("ben"), "ben mine c=3\nana ours b=2 shared\n");
    put(STORE_AUDIT, 4, SAVED("ana", "mine", "d=4", "true"));
    assert_string_equal(
        views_of("eve"), "ana mine d=4 shared\nana ours b=2 shared\n");
    snprintf(gone, sizeof gone,
        ",\"activity\":\"" VIEW_DELETED
        "\",\"target\":{\"id\":\"01934567-89ab-7def-8123-%012u\"}",
        1);
    put(STORE_AUDIT, 5, gone);
    assert_string_equal(views_of("eve"), "ana ours b=2 shared\n");
}

static void a_login_has_so_many_views(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= VIEWS_MAX; i++) {
        char text[256];
        snprintf(text, sizeof text, SAVED("ana", "v%u", "", "false"), i);
        put(STORE_AUDIT, i + 1, text);
    }
    assert_int_equal(fixture_count("SELECT count(*) FROM view"), VIEWS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(findings_of_a_conversation_are_one_incident),
        TEST(without_a_conversation_person_and_day_group),
        TEST(alerts_are_incidents_of_their_rules),
        TEST(an_activity_counts_once_it_is_over),
        TEST(a_later_state_moves_it),
        TEST(changes_are_kept_with_their_history),
        TEST(only_suppressed_ones_stay_closed),
        TEST(the_same_entries_again_give_the_same),
        TEST(a_store_from_before_is_filled),
        TEST(incidents_go_with_their_activities),
        TEST(filters_select),
        TEST(pages_follow_each_other),
        TEST(numbers_are_those_under_the_other_filters),
        TEST(an_incident_has_its_activities_in_order),
        TEST(lists_walk_an_index),
        TEST(views_are_ones_own_and_the_shared_ones),
        TEST(a_login_has_so_many_views),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
