/* store/query.h and store/csv.h */
#include "tests/unit/store_fixture.h"

#include "store/csv.h"

/* Numbers at the end of the ids, "1 2 3". */
struct seen {
    char text[4096];
    size_t n;
    char json[4096];
};

static void on_row(void *context, const struct query_row *row)
{
    struct seen *seen = context;
    seen->n +=
        (size_t)snprintf(seen->text + seen->n, sizeof seen->text - seen->n,
            "%s%d", seen->n > 0 ? " " : "", atoi(row->id.p + 24));
    snprintf(seen->json, sizeof seen->json, "%.*s", STR_ARG(row->json));
}

static const char *list(const struct query_filter *filter)
{
    static struct seen seen;
    struct query *q = NULL;
    struct query_cursor cursor = {0};
    bool more = false;
    seen = (struct seen){0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(query_list(q, filter, QUERY_OLDEST_FIRST, 100, &cursor,
                         on_row, &seen, &more),
        OK);
    query_close(&q);
    return seen.text;
}

static void fill(void)
{
    put(STORE_DONE, 1,
        ",\"activity\":\"prompt.created\",\"verdict\":"
        "\"allow\",\"actor\":{\"user\":\"ana@example.com\"}");
    put(STORE_DONE, 2,
        ",\"activity\":\"prompt.updated\",\"verdict\":"
        "\"block\",\"actor\":{\"user\":\"bob@partner.example\"},"
        "\"findings\":[{\"type\":\"credit-card\",\"detector\":\"d\"}]");
    put(STORE_DONE, 3,
        ",\"activity\":\"response.generated\",\"verdict\":"
        "\"alert\",\"service\":\"chatgpt\",\"conversation_id\":\"c3\","
        "\"findings\":[{\"type\":\"iban\",\"detector\":\"d\"}]");
    put(STORE_OPEN, 4, ",\"activity\":\"prompt[x]\",\"model\":\"Gpt\"");
}

static void filters_select(void **state)
{
    (void)state;
    fill();
    struct query_filter f = {0};
    assert_string_equal(list(&f), "1 2 3 4");
    assert_int_equal(query_words_add(&f.activity, STR("prompt.*")), OK);
    assert_string_equal(list(&f), "1 2");
    assert_int_equal(query_words_add(&f.activity, STR("prompt[x*")), OK);
    assert_string_equal(list(&f), "1 2 4");
    assert_int_equal(query_words_add(&f.verdict, STR("block")), OK);
    assert_string_equal(list(&f), "2");
    f = (struct query_filter){.since_ms = 2000, .until_ms = 4000};
    assert_string_equal(list(&f), "2 3");
    f = (struct query_filter){.type = {{STR("iban"), STR("credit-*")}, 2}};
    assert_string_equal(list(&f), "2 3");
    f = (struct query_filter){.user = {{STR("*@partner.example")}, 1}};
    assert_string_equal(list(&f), "2");
    f = (struct query_filter){.user = {{STR("ana@example.com")}, 1}};
    assert_string_equal(list(&f), "1");
    f = (struct query_filter){.conversation = {{STR("c3")}, 1}};
    assert_string_equal(list(&f), "3");
    f = (struct query_filter){.service = {{STR("chatgpt")}, 1}};
    assert_string_equal(list(&f), "3");
    f = (struct query_filter){.text = STR("\"gPT\"")};
    assert_string_equal(list(&f), "4");
    f = (struct query_filter){.user = {{STR("' OR 1 --")}, 1}};
    assert_string_equal(list(&f), "");
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    struct query_words words = {0};
    for (int i = 0; i < QUERY_WORDS_MAX; i++)
        assert_int_equal(query_words_add(&words, STR("a")), OK);
    assert_int_equal(query_words_add(&words, STR("a")), ERR_LIMIT);
}

/* Pages of three over ten rows of which some have equal times. */
static void check_paging(enum query_order order, const char *expected)
{
    struct seen seen = {0};
    struct query *q = NULL;
    struct query_cursor cursor = {0};
    struct query_filter all = {0};
    char text[QUERY_CURSOR_BYTES];
    bool more = true;
    int pages = 0;
    assert_int_equal(query_open(str_of(folder), &q), OK);
    while (more) {
        assert_int_equal(
            query_list(q, &all, order, 3, &cursor, on_row, &seen, &more), OK);
        query_cursor_format(&cursor, text);
        assert_int_equal(query_cursor_parse(str_of(text), &cursor), OK);
        pages++;
    }
    query_close(&q);
    assert_int_equal(pages, 4);
    assert_string_equal(seen.text, expected);
}

static void pages_join_without_gap_or_overlap(void **state)
{
    (void)state;
    struct query_cursor cursor;
    for (unsigned i = 0; i < 10; i++)
        put_at(STORE_DONE, i, 1000 + i / 4, 1, "");
    check_paging(QUERY_OLDEST_FIRST, "0 1 2 3 4 5 6 7 8 9");
    check_paging(QUERY_NEWEST_FIRST, "9 8 7 6 5 4 3 2 1 0");
    assert_int_equal(query_cursor_parse(STR("1"), &cursor), ERR_PARSE);
    assert_int_equal(query_cursor_parse(STR("1-"), &cursor), ERR_PARSE);
    assert_int_equal(query_cursor_parse(STR("x-1"), &cursor), ERR_PARSE);
    assert_false(cursor.is_set);
}

static void one_activity_is_found_by_its_id(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    struct seen seen = {0};
    struct query *q = NULL;
    fill();
    assert_int_equal(query_open(str_of(folder), &q), OK);
    fixture_id(3, id);
    assert_int_equal(query_get(q, str_of(id), on_row, &seen), OK);
    assert_string_equal(seen.text, "3");
    fixture_id(9, id);
    assert_int_equal(query_get(q, str_of(id), on_row, &seen), ERR_NOT_FOUND);
    query_close(&q);
}

static void on_sealed(void *context, struct str sealed)
{
    buf_printf(context, "<%.*s>", STR_ARG(sealed));
}

static void check_evidence(unsigned n, const char *sealed, const char *json)
{
    char id[UUID_TEXT_BYTES];
    struct query *q = NULL;
    struct buf parts = {0};
    fixture_id(n, id);
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(query_evidence(q, str_of(id), on_sealed, &parts),
        sealed[0] != '\0' ? OK : ERR_NOT_FOUND);
    assert_string_equal(buf_cstr(&parts), sealed);
    query_close(&q);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM activity"
                      " WHERE json LIKE '%sealed%' OR json LIKE '%AAAA%'"),
        0);
    assert_int_equal(fixture_count(json), 1);
    buf_free(&parts);
}

/* Two exchanges add to an activity, and its journal is read twice. */
static void evidence_is_kept_apart_from_its_activity(void **state)
{
    (void)state;
    const char *flagged = "SELECT count(*) FROM activity WHERE"
                          " json_extract(json, '$.evidence') = 1";
    put(STORE_DONE, 2, ",\"x\":1");
    for (int i = 0; i < 2; i++) {
        put(STORE_OPEN, 1, ",\"x\":1,\"sealed_evidence\":\"AAAA1\"");
        check_evidence(1, i == 0 ? "<AAAA1>" : "<AAAA1><AAAA2>", flagged);
        put(STORE_OPEN, 1, ",\"x\":2,\"sealed_evidence\":\"AAAA2\"");
        put(STORE_DONE, 1, ",\"x\":3");
        check_evidence(1, "<AAAA1><AAAA2>", flagged);
    }
    check_evidence(2, "", flagged);
}

static void a_store_of_the_first_schema_is_raised(void **state)
{
    (void)state;
    struct db *db = NULL;
    put(STORE_DONE, 1, ",\"service\":\"chatgpt\",\"verdict\":\"block\"");
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(
        db_exec(db, "DROP TABLE evidence; DROP TABLE audit;"
                    "DROP TRIGGER activity_gone; DROP TRIGGER activity_moved;"
                    "DROP TRIGGER activity_closed; DROP TABLE facet;"
                    "DROP TABLE facet_word; DROP TABLE facet_todo;"
                    "DROP TABLE search_index; DROP TABLE search;"
                    "DROP TRIGGER activity_left; DROP TABLE cursor;"
                    "DROP TABLE twin; DROP TABLE log_row;"
                    "DROP TRIGGER activity_of_incident_gone;"
                    "DROP TRIGGER activity_of_incident_closed;"
                    "DROP TABLE incident_activity; DROP TABLE incident;"
                    "DROP TABLE incident_change; DROP TABLE incident_todo;"
                    "DROP TABLE view; DROP TABLE node; DROP TABLE purge;"
                    "DROP TABLE name;"
                    "DROP TRIGGER purge_activity;"
                    "PRAGMA user_version = 1"),
        OK);
    db_close(&db);
    put(STORE_DONE, 2, ",\"sealed_evidence\":\"AAAA\"");
    assert_int_equal(fixture_count("SELECT count(*) FROM activity"), 2);
    assert_int_equal(fixture_count("SELECT count(*) FROM evidence"), 1);
    assert_int_equal(fixture_count("PRAGMA user_version"), DB_SCHEMA_VERSION);
    assert_int_equal(fixture_count("SELECT count(*) FROM facet"), 1);
    fill_facets();
    assert_int_equal(fixture_count("SELECT count(*) FROM facet"), 2);
    assert_int_equal(fixture_count("SELECT service FROM facet"), 1);
    assert_int_equal(fixture_count("SELECT count(*) FROM incident"), 1);
}

static void an_absent_store_is_said_to_be_absent(void **state)
{
    (void)state;
    struct query *q = NULL;
    assert_int_equal(query_open(str_of(folder), &q), ERR_NOT_FOUND);
    assert_null(q);
}

static const char *poll_follow(
    struct follow *f, int64_t now_ms, struct seen *seen)
{
    struct query *q = NULL;
    *seen = (struct seen){0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(follow_poll(f, q, now_ms, on_row, seen), OK);
    query_close(&q);
    return seen->text;
}

static void following_gives_each_activity_once(void **state)
{
    (void)state;
    struct seen seen;
    struct query_filter filter = {0};
    struct follow *f = follow_new(&filter);
    put(STORE_DONE, 1, "");
    put(STORE_OPEN, 2, "");
    put(STORE_OPEN, 3, "");
    assert_string_equal(poll_follow(f, 10000, &seen), "1");
    assert_string_equal(poll_follow(f, 10000, &seen), "");
    put(STORE_DONE, 3, "");
    put(STORE_DONE, 4, "");
    assert_string_equal(poll_follow(f, 11000, &seen), "3 4");
    assert_string_equal(poll_follow(f, 31999, &seen), "");
    assert_string_equal(poll_follow(f, 32000, &seen), "2");
    assert_non_null(strstr(seen.json, "\"complete\":false"));
    put(STORE_DONE, 2, "");
    assert_string_equal(poll_follow(f, 33000, &seen), "");
    follow_free(&f);
}

static void following_filters_by_the_final_state(void **state)
{
    (void)state;
    struct seen seen;
    struct query_filter filter = {
        .since_ms = 1500, .verdict = {{STR("block")}, 1}};
    struct follow *f = follow_new(&filter);
    put(STORE_DONE, 1, ",\"verdict\":\"block\""); /* too early */
    put(STORE_OPEN, 2, ",\"verdict\":\"allow\"");
    put(STORE_OPEN, 3, ",\"verdict\":\"allow\"");
    assert_string_equal(poll_follow(f, 3000, &seen), "");
    put(STORE_DONE, 2, ",\"verdict\":\"block\"");
    put(STORE_DONE, 3, ",\"verdict\":\"allow\"");
    assert_string_equal(poll_follow(f, 3000, &seen), "2");
    follow_free(&f);
}

static void following_survives_many_rows_and_retention(void **state)
{
    (void)state;
    struct seen seen;
    struct query_filter filter = {0};
    struct follow *f = follow_new(&filter);
    struct db *db = NULL;
    put(STORE_OPEN, 1, "");
    assert_string_equal(poll_follow(f, 2000, &seen), "");
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(db_exec(db, "DELETE FROM activity"), OK);
    db_close(&db);
    put(STORE_DONE, 2, "");
    assert_string_equal(poll_follow(f, 3000, &seen), "2");
    follow_free(&f);
}

static const char *cell(const char *text)
{
    static struct buf out;
    buf_clear(&out);
    csv_write_cell(&out, str_of(text));
    return buf_cstr(&out);
}

static void csv_cells_are_quoted_and_no_formula(void **state)
{
    (void)state;
    assert_string_equal(cell("plain"), "plain");
    assert_string_equal(cell(""), "");
    assert_string_equal(cell("a,b"), "\"a,b\"");
    assert_string_equal(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
    assert_string_equal(cell("two\r\nlines"), "\"two\r\nlines\"");
    assert_string_equal(cell("=1+1"), "'=1+1");
    assert_string_equal(cell("+1"), "'+1");
    assert_string_equal(cell("-1"), "'-1");
    assert_string_equal(cell("@SUM(A1)"), "'@SUM(A1)");
    assert_string_equal(cell("=HYPERLINK(\"x\",\"y\")"),
        "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    assert_string_equal(cell("\tx"), "\"'\tx\"");
}

static size_t count_commas(struct str line)
{
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == ',';
    return n;
}

static void csv_lines_have_the_columns_of_the_head(void **state)
{
    (void)state;
    struct buf head = {0}, line = {0};
    csv_write_head(&head);
    assert_int_equal(
        csv_write_activity(STR("{\"id\":\"i\",\"actor\":{\"user\":\"u\"},"
                               "\"complete\":false,\"http\":{\"status\":200},"
                               "\"findings\":[{\"type\":\"a\",\"count\":1},"
                               "{\"type\":\"b\",\"count\":2}]}"),
            &line),
        OK);
    assert_int_equal(
        count_commas(buf_str(&head)), count_commas(buf_str(&line)));
    assert_true(str_ends(buf_str(&line), "\r\n"));
    assert_true(str_has(buf_str(&line), "\"a; b\",\"1; 2\""));
    assert_true(str_has(buf_str(&line), ",false,"));
    assert_true(str_has(buf_str(&line), ",200,"));
    buf_clear(&line);
    assert_int_equal(csv_write_activity(STR("[1]"), &line), ERR_PARSE);
    assert_int_equal(csv_write_activity(STR("{"), &line), ERR_PARSE);
    assert_int_equal(line.n, 0);
    buf_free(&head);
    buf_free(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(filters_select),
        TEST(too_many_words_are_refused),
        TEST(pages_join_without_gap_or_overlap),
        TEST(one_activity_is_found_by_its_id),
        TEST(evidence_is_kept_apart_from_its_activity),
        TEST(a_store_of_the_first_schema_is_raised),
        TEST(an_absent_store_is_said_to_be_absent),
        TEST(following_gives_each_activity_once),
        TEST(following_filters_by_the_final_state),
        TEST(following_survives_many_rows_and_retention),
        TEST(csv_cells_are_quoted_and_no_formula),
        TEST(csv_lines_have_the_columns_of_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
