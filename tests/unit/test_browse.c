/* store/browse.h: lists and numbers by facets */
#include "tests/unit/store_fixture.h"

#include "base/mem.h"
#include "store/browse_parts.h"

struct seen {
    char text[512];
    size_t n;
};

static void on_row(void *context, const struct query_row *row)
{
    struct seen *seen = context;
    seen->n +=
        (size_t)snprintf(seen->text + seen->n, sizeof seen->text - seen->n,
            "%s%d", seen->n > 0 ? " " : "", atoi(row->id.p + 24));
}

/* Ends of the ids, newest first. */
static const char *list(const struct browse_filter *filter)
{
    static struct seen seen;
    struct query *q = NULL;
    struct browse *b = NULL;
    struct query_cursor cursor = {0};
    bool more = false;
    seen = (struct seen){0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, filter, &b), OK);
    assert_int_equal(browse_list(b, QUERY_NEWEST_FIRST, 100, false, &cursor,
                         on_row, &seen, &more),
        OK);
    assert_false(more);
    browse_free(&b);
    query_close(&q);
    return seen.text;
}

static const char *list_by(enum facet facet, const char *a, const char *b)
{
    struct browse_filter f = {0};
    assert_int_equal(query_words_add(&f.words[facet], str_of(a)), OK);
    if (b != NULL)
        assert_int_equal(query_words_add(&f.words[facet], str_of(b)), OK);
    return list(&f);
}

static const char *list_text(const char *text)
{
    return list(&(struct browse_filter){.text = str_of(text)});
}

#define CARD                                                                   \
    "\"findings\":[{\"type\":\"credit-card\",\"detector\":\"payment-card\","   \
    "\"severity\":\"high\"},{\"type\":\"iban\",\"detector\":\"iban\"}]"

static void fill(void)
{
    put(STORE_DONE, 1,
        ",\"service\":\"chatgpt\",\"activity\":\"prompt.created\","
        "\"verdict\":\"allow\",\"model\":\"a\",\"conversation_id\":\"c\","
        "\"actor\":{\"user\":\"ana\",\"ip\":\"10.1.2.3\",\"workspace\":\"w\"},"
        "\"text\":{\"sample\":\"The weather report\"}");
    put(STORE_DONE, 2,
        ",\"service\":\"chatgpt\",\"activity\":\"prompt.updated\","
        "\"verdict\":\"block\",\"conversation_id\":\"c\"," CARD
        ",\"actor\":{\"user\":\"bob\",\"ip\":\"192.168.0.1\"},"
        "\"files\":[{\"name\":\"q3-K\xc3\xa4se.xlsx\",\"type\":\"x/y\"}]");
    put(STORE_DONE, 3,
        ",\"service\":\"openai-api\",\"activity\":\"response.generated\","
        "\"verdict\":\"allow\",\"actor\":{\"user\":\"ana\",\"ip\":\"::1\"},"
        "\"text\":{\"content\":\"secret words\",\"sample\":\"masked\"}");
}

static const char *list_without(
    enum facet facet, const char *wanted, const char *a, const char *b)
{
    struct browse_filter f = {0};
    if (wanted != NULL)
        assert_int_equal(query_words_add(&f.words[facet], str_of(wanted)), OK);
    assert_int_equal(query_words_add(&f.excluded[facet], str_of(a)), OK);
    if (b != NULL)
        assert_int_equal(query_words_add(&f.excluded[facet], str_of(b)), OK);
    return list(&f);
}

static void what_is_left_out_is_not_there(void **state)
{
    (void)state;
    fill();
    assert_string_equal(list_without(FACET_USER, NULL, "ana", NULL), "2");
    assert_string_equal(
        list_without(FACET_USER, NULL, "nobody", NULL), "3 2 1");
    assert_string_equal(list_without(FACET_USER, NULL, "a*", "bob"), "");
    assert_string_equal(
        list_without(FACET_ACTIVITY, "prompt.*", "prompt.updated", NULL), "1");
    assert_string_equal(list_without(FACET_TYPE, NULL, "iban", NULL), "3 1");
    assert_string_equal(
        list_without(FACET_TYPE, "credit-card", "iban", NULL), "");
    assert_string_equal(list_without(FACET_TYPE, NULL, "-", NULL), "2");
    assert_string_equal(list_without(FACET_INSTANCE, NULL, "w", NULL), "3 2");
    assert_string_equal(
        list_without(FACET_NETWORK, NULL, "10.0.0.0/8", NULL), "3 2");
    assert_string_equal(list_text("weather -report"), "");
    assert_string_equal(list_text("-weather"), "3 2");
    assert_string_equal(list_text("weather OR secret "), "3 1");
    assert_string_equal(list_text("weather OR secret -words"), "1");
    assert_string_equal(list_text("NOT !! -nothing"), "3 2 1");
}

static void filters_select(void **state)
{
    (void)state;
    fill();
    assert_string_equal(list(&(struct browse_filter){0}), "3 2 1");
    assert_string_equal(list_by(FACET_USER, "ana", NULL), "3 1");
    assert_string_equal(list_by(FACET_USER, "ana", "bob"), "3 2 1");
    assert_string_equal(list_by(FACET_USER, "nobody", NULL), "");
    assert_string_equal(list_by(FACET_ACTIVITY, "prompt.*", NULL), "2 1");
    assert_string_equal(list_by(FACET_TYPE, "iban", NULL), "2");
    assert_string_equal(list_by(FACET_TYPE, "cr*", NULL), "2");
    assert_string_equal(list_by(FACET_TYPE, "iba", NULL), "");
    assert_string_equal(list_by(FACET_TYPE, "-", NULL), "3 1");
    assert_string_equal(list_by(FACET_DETECTOR, "payment-card", NULL), "2");
    assert_string_equal(list_by(FACET_FILE_TYPE, "x/y", NULL), "2");
    assert_string_equal(list_by(FACET_SEVERITY, "high", NULL), "2");
    assert_string_equal(list_by(FACET_INSTANCE, "-", NULL), "3 2");
    assert_string_equal(list_by(FACET_NETWORK, "10.0.0.0/8", NULL), "1");
    assert_string_equal(list_by(FACET_NETWORK, "::1", "192.*"), "3 2");
    struct browse_filter f = {.since_ms = 2000, .until_ms = 3000};
    assert_string_equal(list(&f), "2");
    f = (struct browse_filter){.conversation = {{STR("c")}, 1}};
    assert_string_equal(list(&f), "2 1");
    f.since_ms = 2000;
    assert_string_equal(list(&f), "2");
}

static void text_is_found_by_words_and_phrases(void **state)
{
    (void)state;
    fill();
    assert_string_equal(list_text("weather"), "1");
    assert_string_equal(list_text("REPORT the"), "1");
    assert_string_equal(list_text("repo"), "1");
    assert_string_equal(list_text("repo weather"), "");
    assert_string_equal(list_text("\"weather report\""), "1");
    assert_string_equal(list_text("\"report weather\""), "");
    assert_string_equal(list_text("kase xlsx"), "2");
    assert_string_equal(list_text("secret"), "3");
    assert_string_equal(list_text("masked"), "");
    assert_string_equal(list_text("weather or secret"), "");
    assert_string_equal(list_text("*"), "");
    assert_string_equal(list_text("\"\" \" (( NEAR"), "");
}

static void what_changes_is_found_as_it_is(void **state)
{
    (void)state;
    put(STORE_OPEN, 1, ",\"text\":{\"sample\":\"before\"},\"model\":\"a\"");
    put_at(STORE_DONE, 1, 5000, 1,
        ",\"text\":{\"sample\":\"after\"},\"model\":\"b\"");
    assert_string_equal(list(&(struct browse_filter){0}), "1");
    assert_string_equal(list_text("before"), "");
    assert_string_equal(list_text("after"), "1");
    assert_string_equal(list_by(FACET_MODEL, "a", NULL), "");
    assert_string_equal(list_by(FACET_MODEL, "b", NULL), "1");
    put_at(STORE_OPEN, 2, 6000, 7, ",\"text\":{\"sample\":\"open\"}");
    put_at(STORE_GONE, 9, 6000, 7, "");
    assert_string_equal(list_by(FACET_OUTCOME, "failure", NULL), "2");
    put_at(STORE_OPEN, 3, 7000, 8, ",\"text\":{\"sample\":\"taken\"}");
    put_at(STORE_VOID, 3, 7000, 8, "");
    assert_string_equal(list_text("taken"), "");
    assert_int_equal(fixture_count("SELECT count(*) FROM facet"), 2);
    assert_int_equal(fixture_count("SELECT count(*) FROM search"), 2);
}

static void pages_join_without_gap_or_overlap(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct browse *b = NULL;
    struct query_cursor cursor = {0};
    struct seen seen = {0};
    bool more = true;
    for (unsigned i = 1; i <= 10; i++) /* three share a time */
        put_at(STORE_DONE, i, 1000 + i / 3 * 1000, 1, "");
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, &(struct browse_filter){0}, &b), OK);
    int pages = 0;
    for (; more; pages++)
        assert_int_equal(browse_list(b, QUERY_NEWEST_FIRST, 3, false, &cursor,
                             on_row, &seen, &more),
            OK);
    assert_int_equal(pages, 4);
    assert_string_equal(seen.text, "10 9 8 7 6 5 4 3 2 1");
    browse_free(&b);
    query_close(&q);
}

static int64_t value_of(
    const struct count *c, enum facet facet, const char *word)
{
    for (size_t i = 0; i < c->facets[facet].count; i++)
        if (str_is(c->facets[facet].items[i].word, word))
            return c->facets[facet].items[i].count;
    return 0;
}

static void a_facet_is_counted_under_the_filters_of_the_others(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct browse *b = NULL;
    struct browse_filter f = {0};
    struct count c;
    struct count_request all = {.top = 10, .buckets = 10, .by = FACET_VERDICT};
    fill();
    for (size_t i = 0; i < FACET_COUNT; i++)
        all.facets[i] = true;
    assert_int_equal(
        query_words_add(&f.words[FACET_VERDICT], STR("block")), OK);
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, &f, &b), OK);
    assert_int_equal(count_run(b, &all, 4000, &c), OK);
    assert_int_equal(c.total, 1);
    assert_int_equal(c.dlp, 1);
    assert_int_equal(value_of(&c, FACET_VERDICT, "allow"), 2);
    assert_int_equal(value_of(&c, FACET_VERDICT, "block"), 1);
    assert_int_equal(value_of(&c, FACET_USER, "ana"), 0);
    assert_int_equal(value_of(&c, FACET_USER, "bob"), 1);
    assert_int_equal(value_of(&c, FACET_TYPE, "iban"), 1);
    assert_int_equal(value_of(&c, FACET_MODEL, ""), 1);
    assert_int_equal(c.bucket_ms, 1000);
    assert_int_equal(c.since_ms, 1000);
    int64_t sum = 0;
    for (size_t i = 0; i < c.bucket_count; i++)
        sum += c.totals[i];
    assert_int_equal(sum, 1);
    count_free(&c);
    browse_free(&b);
    query_close(&q);
}

static void days_begin_where_the_viewer_is(void **state)
{
    (void)state;
    const int64_t minute = 60 * 1000, day = 1440 * minute;
    static const struct {
        size_t begins;
        int64_t first; /* bucket, in minutes of the first day */
    } cases[] = {{0, 0}, {420, 420}, {1320, -120}, {600, 600}};
    struct query *q = NULL;
    struct browse *b = NULL;
    struct browse_filter f = {.since_ms = 100 * day + 601 * minute,
        .until_ms = 104 * day + 601 * minute};
    fill();
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, &f, &b), OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct count c;
        struct count_request request = {
            .top = 1, .buckets = 6, .day_begins = cases[i].begins};
        assert_int_equal(count_run(b, &request, 4000, &c), OK);
        assert_int_equal(c.bucket_ms, day);
        assert_int_equal(c.since_ms, 100 * day + cases[i].first * minute);
        count_free(&c);
    }
    browse_free(&b);
    query_close(&q);
}

static void on_service(void *context, const struct count_service *row)
{
    struct seen *seen = context;
    seen->n += (size_t)snprintf(seen->text + seen->n,
        sizeof seen->text - seen->n, "%.*s/%.*s/%.*s %d %d\n",
        STR_ARG(row->service), STR_ARG(row->instance), STR_ARG(row->activity),
        (int)row->events, (int)row->dlp_events);
}

static void services_are_counted(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct browse *b = NULL;
    struct seen seen = {0};
    fill();
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, &(struct browse_filter){0}, &b), OK);
    assert_int_equal(count_services(b, on_service, &seen), OK);
    assert_string_equal(seen.text, "chatgpt//prompt.updated 1 1\n"
                                   "chatgpt/w/prompt.created 1 0\n"
                                   "openai-api//response.generated 1 0\n");
    browse_free(&b);
    query_close(&q);
}

static void on_user(void *context, const struct count_user *u)
{
    struct seen *seen = context;
    seen->n += (size_t)snprintf(seen->text + seen->n,
        sizeof seen->text - seen->n, "%.*s %d %d %d/%d %d/%d %d %d %d\n",
        STR_ARG(u->user), (int)u->events, (int)u->prompts, (int)u->files_up,
        (int)u->files_down, (int)u->bytes_up, (int)u->bytes_down,
        (int)u->dlp_events, (int)u->blocked, u->risk);
}

static const char *count_people(const struct count_users *request)
{
    static struct seen seen;
    struct query *q = NULL;
    struct browse *b = NULL;
    size_t total = 0;
    seen = (struct seen){0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_new(q, &(struct browse_filter){0}, &b), OK);
    assert_int_equal(count_users(b, request, on_user, &seen, &total), OK);
    assert_int_equal(total, 3);
    browse_free(&b);
    query_close(&q);
    return seen.text;
}

static void fill_people(void)
{
    fill();
    put(STORE_DONE, 4,
        ",\"activity\":\"file.uploaded\",\"verdict\":\"allow\","
        "\"actor\":{\"user\":\"ana\"},\"text\":{\"bytes\":9},"
        "\"files\":[{\"id\":\"f\",\"bytes\":1000}]");
    put(STORE_DONE, 5,
        ",\"activity\":\"prompt_with_file.created\",\"verdict\":\"alert\","
        "\"actor\":{\"user\":\"ana\"},\"text\":{\"bytes\":30},"
        "\"files\":[{\"id\":\"f\",\"bytes\":1000},{\"bytes\":7}]," CARD);
    put(STORE_DONE, 6,
        ",\"activity\":\"response_with_file.downloaded\","
        "\"files\":[{\"id\":\"g\",\"bytes\":50}]");
}

static void users_are_counted_in_any_order(void **state)
{
    (void)state;
    const char ana[] = "ana 4 2 2/0 1037/0 1 0 16\n";
    const char bob[] = "bob 1 1 1/0 0/0 1 1 28\n";
    const char nobody[] = " 1 0 0/1 0/50 0 0 0\n";
    char expected[200];
    fill_people();
    snprintf(expected, sizeof expected, "%s%s%s", bob, ana, nobody);
    assert_string_equal(
        count_people(&(struct count_users){.sort = USERS_BY_RISK, .limit = 9}),
        expected);
    snprintf(expected, sizeof expected, "%s%s%s", nobody, ana, bob);
    assert_string_equal(
        count_people(&(struct count_users){.sort = USERS_BY_NAME, .limit = 9}),
        expected);
    assert_string_equal(
        count_people(&(struct count_users){.sort = USERS_BY_BYTES, .limit = 1}),
        ana);
    assert_string_equal(
        count_people(&(struct count_users){
            .sort = USERS_BY_BYTES, .is_reversed = true, .limit = 1}),
        bob);
    assert_string_equal(count_people(&(struct count_users){
                            .sort = USERS_BY_BYTES, .skip = 1, .limit = 1}),
        nobody);
    assert_string_equal(count_people(&(struct count_users){
                            .sort = USERS_BY_EVENTS, .skip = 9, .limit = 1}),
        "");
}

static void orders_have_names(void **state)
{
    (void)state;
    assert_int_equal(count_users_sort_of(STR("risk")), USERS_BY_RISK);
    assert_int_equal(count_users_sort_of(STR("user")), USERS_BY_NAME);
    assert_int_equal(count_users_sort_of(STR("nothing")), USERS_SORTS);
    assert_int_equal(count_users_sort_of(STR("")), USERS_SORTS);
}

/* Volumes came with a later version of the tables, nodes with the next. */
static void a_store_from_before_gets_its_volumes(void **state)
{
    (void)state;
    fill_people();
    put(STORE_DONE, 4711, ",\"node\":\"gw-7\"");
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(db_exec(db, "ALTER TABLE facet DROP COLUMN files;"
                                 "ALTER TABLE facet DROP COLUMN bytes;"
                                 "ALTER TABLE facet DROP COLUMN node;"
                                 "DROP TABLE node; DROP TABLE purge;"
                                 "DROP TABLE name;"
                                 "DROP TRIGGER purge_activity;"
                                 "DROP TRIGGER purge_text;"
                                 "PRAGMA user_version = 6"),
        OK);
    db_close(&db);
    fill_facets();
    assert_int_equal(fixture_count("SELECT sum(bytes) FROM facet"), 1087);
    assert_int_equal(fixture_count("SELECT sum(files) FROM facet"), 4);
    assert_string_equal(list_by(FACET_NODE, "gw-?", NULL), "4711");
    assert_int_equal(/* when it came is not known any more */
        fixture_count("SELECT last_ms FROM node WHERE name = 'gw-7'"
                      " AND seen_ms IS NULL"),
        4711000);
}

static void on_node(void *context, const struct browse_node *node)
{
    struct buf *seen = context;
    buf_printf(seen, "%.*s %s %s;", STR_ARG(node->name),
        node->last_ms == 9000 ? "9000" : "?",
        node->delay_ms < 0 ? "?" : "known");
}

static void a_node_is_known_by_its_latest_record(void **state)
{
    (void)state;
    struct query *q = NULL;
    struct buf seen = {0};
    put_at(STORE_OPEN, 1, 5000, 1, ",\"node\":\"b\"");
    put_at(STORE_DONE, 2, 9000, 1, ",\"node\":\"b\"");
    put_at(STORE_DONE, 3, 9000, 1, ",\"node\":\"a\"");
    put_at(STORE_DONE, 4, 9500, 1, "");
    int64_t seen_ms =
        fixture_count("SELECT seen_ms FROM node WHERE name = 'b'");
    put_at(STORE_DONE, 1, 5000, 1, ",\"node\":\"b\""); /* late */
    assert_int_equal(
        fixture_count("SELECT seen_ms FROM node WHERE name = 'b'"), seen_ms);
    assert_int_equal(query_open(str_of(folder), &q), OK);
    assert_int_equal(browse_nodes(q, on_node, &seen), OK);
    assert_string_equal(buf_cstr(&seen), "a 9000 known;b 9000 known;");
    query_close(&q);
    buf_free(&seen);
}

/* The plan of a statement: one line for each step. */
static void expect_plan(const char *sql, const char *has, const char *lacks)
{
    struct query *q = NULL;
    struct buf text = {0}, plan = {0};
    assert_int_equal(query_open(str_of(folder), &q), OK);
    buf_printf(&text, "EXPLAIN QUERY PLAN %s", sql);
    struct db_statement *s = db_statement_new(q->db, buf_cstr(&text));
    assert_non_null(s);
    while (db_step(s) == OK)
        buf_printf(&plan, "%.*s\n", STR_ARG(db_text(s, 3)));
    db_statement_free(&s);
    if (!str_has(buf_str(&plan), has) || str_has(buf_str(&plan), lacks))
        fail_msg("%s:\n%s", sql, buf_cstr(&plan));
    buf_free(&text);
    buf_free(&plan);
    query_close(&q);
}

static bool no_row(void *context, const struct browse_row *row)
{
    (void)context;
    (void)row;
    return false;
}

/* The plan of a walk over all facets, as lists, pages and numbers do it. */
static void expect_walk(
    const struct browse_filter *filter, const char *has, const char *lacks)
{
    for (unsigned kind = 0; kind < 8; kind++) {
        struct query *q = NULL;
        struct browse *b = NULL;
        struct buf plan = {0};
        struct query_cursor cursor = {(kind & 1) != 0, 2000, 2};
        struct browse_walk walk = {
            .order = (kind & 2) != 0 ? QUERY_OLDEST_FIRST : QUERY_NEWEST_FIRST,
            .needs_near = (kind & 4) != 0,
            .cursor = &cursor,
            .wants_volume = true,
            .on_row = no_row};
        for (size_t i = 0; i < FACET_COUNT; i++)
            walk.wanted[i] = true;
        assert_int_equal(query_open(str_of(folder), &q), OK);
        assert_int_equal(browse_new(q, filter, &b), OK);
        assert_int_equal(browse_explain(b, &walk, &plan), OK);
        if (!str_has(buf_str(&plan), has) || str_has(buf_str(&plan), lacks))
            fail_msg("walk %u:\n%s", kind, buf_cstr(&plan));
        buf_free(&plan);
        browse_free(&b);
        query_close(&q);
    }
}

/* With the same word, past everything that would make more of them. */
static void put_many(int count)
{
    char sql[1000];
    struct db *db = NULL;
    snprintf(sql, sizeof sql,
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
        " SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n;"
        "INSERT INTO activity(seq, id, time_ms, state, origin, attempts, json)"
        " SELECT i, i, i * 1000, 2, 1, 1, '{}' FROM n;"
        "INSERT INTO facet(time_ms, seq) SELECT i * 1000, i FROM n;"
        "INSERT INTO search SELECT i, 'often' FROM n;"
        "INSERT INTO search_index(rowid, text) SELECT i, 'often' FROM n",
        count);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(db_exec(db, sql), OK);
    db_close(&db);
}

static void walks_use_indexes(void **state)
{
    (void)state;
    const char *by_time = "SEARCH f USING PRIMARY KEY (time_ms>? AND time_ms<?"
                          ")";
    put_many(FOUND_FEW + 1);
    put(STORE_DONE, FOUND_FEW + 2,
        ",\"conversation_id\":\"c\",\"text\":{\"sample\":\"rare\"}");
    struct browse_filter f = {0};
    expect_walk(&f, by_time, "TEMP B-TREE");
    f = (struct browse_filter){.text = STR("often")};
    expect_walk(&f, by_time, "TEMP B-TREE");
    f.since_ms = 1;
    f.until_ms = 5000000;
    for (enum facet i = 0; i < FACET_COUNT; i++)
        assert_int_equal(query_words_add(&f.words[i], STR("a*")), OK);
    expect_walk(&f, by_time, "TEMP B-TREE");
    f = (struct browse_filter){.text = STR("rare")};
    expect_walk(&f, "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)", "SCAN a");
    expect_walk(
        &f, "SEARCH f USING PRIMARY KEY (time_ms=? AND seq=?)", "SCAN a");
    f = (struct browse_filter){.conversation = {{STR("c"), STR("d")}, 2}};
    expect_walk(&f, "activity_conversation (conversation_id=?", "SCAN a");
    expect_walk(
        &f, "SEARCH f USING PRIMARY KEY (time_ms=? AND seq=?)", "SCAN a");
}

static void questions_use_indexes(void **state)
{
    (void)state;
    put(STORE_DONE, 1, "");
    expect_plan(QUERY_SELECT_MASKED " AND seq = 1", "rowid=?", "SCAN");
    expect_plan("SELECT code FROM facet_word WHERE facet = 1 AND word = 'a'",
        "facet_word_word (facet=? AND word=?)", "SCAN");
    expect_plan("SELECT min(seq), max(seq) FROM facet"
                " WHERE time_ms >= 1 AND time_ms < 2",
        "PRIMARY KEY (time_ms>? AND time_ms<?)", "SCAN");
    /* 0: its own index, '>' and '<': bounds of the row. */
    expect_plan("SELECT rowid FROM search_index WHERE search_index MATCH 'a'"
                " AND rowid BETWEEN 1 AND 2",
        "VIRTUAL TABLE INDEX 0:M1><", "TEMP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(filters_select),
        TEST(what_is_left_out_is_not_there),
        TEST(text_is_found_by_words_and_phrases),
        TEST(what_changes_is_found_as_it_is),
        TEST(pages_join_without_gap_or_overlap),
        TEST(a_facet_is_counted_under_the_filters_of_the_others),
        TEST(days_begin_where_the_viewer_is),
        TEST(services_are_counted),
        TEST(users_are_counted_in_any_order),
        TEST(orders_have_names),
        TEST(a_store_from_before_gets_its_volumes),
        TEST(a_node_is_known_by_its_latest_record),
        TEST(walks_use_indexes),
        TEST(questions_use_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
