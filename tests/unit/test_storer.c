/* store/storer.h, with the indexer behind it */
#include "store/storer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/db_sqlite.h"
#include "store/indexer.h"
#include "base/mem.h"
#include "tests/unit/folder.h"

static struct alert_rules *rules; /* of storers that are opened */

static struct storer *open_storer(bool fsync_group)
{
    struct storer *s = NULL;
    struct storer_options options = {
        str_of(folder), fsync_group, 30, 1 << 30, 0, rules};
    assert_int_equal(storer_open(&options, &s), OK);
    return s;
}

struct answers {
    size_t count, good;
    enum err last;
};

static void on_answer(void *context, unsigned peer, struct str bytes)
{
    struct answers *a = context;
    struct store_answer answer;
    assert_int_equal(peer, 7);
    assert_int_equal(store_answer_decode(bytes, &answer), OK);
    a->count++;
    a->good += answer.err == OK;
    a->last = answer.err;
}

static void send_record(struct storer *s, enum store_kind kind, uint64_t origin,
    const char *id, const char *more)
{
    struct buf json = {0}, datagram = {0};
    buf_printf(&json,
        "{\"id\":\"%s\",\"time\":\"2026-11-22T10:02:03.456Z\","
        "\"activity\":\"prompt.created\"%s}",
        id, more);
    struct store_request request = {
        .kind = kind, .token = 5, .origin = origin, .json = buf_str(&json)};
    memcpy(request.id, id, sizeof request.id);
    store_request_encode(&request, &datagram);
    storer_handle(s, 7, STORER_WORKER, buf_str(&datagram), -1);
    buf_free(&json);
    buf_free(&datagram);
}

static struct answers commit(struct storer *s)
{
    struct answers answers = {0};
    storer_commit(s, on_answer, &answers);
    return answers;
}

/* A column of one activity, from the database; "" when there is none. */
static const char *column(const char *name, const char *id)
{
    static char text[4096];
    char sql[256];
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_READ, 1000, &db), OK);
    snprintf(
        sql, sizeof sql, "SELECT %s FROM activity WHERE id = '%s'", name, id);
    struct db_statement *s = db_statement_new(db, sql);
    assert_non_null(s);
    text[0] = '\0';
    if (db_step(s) == OK)
        snprintf(text, sizeof text, "%.*s", STR_ARG(db_text(s, 0)));
    db_statement_free(&s);
    db_close(&db);
    return text;
}

static int64_t count_rows(void)
{
    int64_t n = -1;
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_READ, 1000, &db), OK);
    assert_int_equal(db_get_int(db, "SELECT count(*) FROM activity", &n), OK);
    db_close(&db);
    return n;
}

static void a_record_is_answered_only_by_commit_and_then_indexed(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    clock_uuid7(id);
    struct storer *s = open_storer(true);
    storer_begin(s, (uint64_t[]){1}, 1);
    send_record(s, STORE_OPEN, 1, id, "");
    struct answers answers = commit(s);
    assert_int_equal(answers.good, 1);
    storer_close(&s);
    assert_string_equal(column("state", id), "0");
    assert_string_equal(column("activity", id), "prompt.created");
}

static void what_a_kill_left_in_the_journal_is_indexed_later(void **state)
{
    (void)state;
    char ids[3][UUID_TEXT_BYTES];
    for (size_t i = 0; i < 3; i++)
        clock_uuid7(ids[i]);
    pid_t child = fork();
    if (child == 0) {
        /* No indexer: as if killed right after the acknowledgement. */
        struct storer *s = open_storer(false);
        for (size_t i = 0; i < 3; i++)
            send_record(s, STORE_OPEN, 9, ids[i], "");
        struct answers answers = commit(s);
        if (answers.good == 3)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(indexer_catch_up(str_of(folder), NULL, 1000), OK);
    assert_int_equal(count_rows(), 3);
    assert_string_equal(column("state", ids[2]), "0");
    /* and the next start closes them */
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){10}, 1);
    storer_close(&s);
    assert_int_equal(count_rows(), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(column("state", ids[i]), "1");
        assert_non_null(
            strstr(column("json", ids[i]), "\"outcome\":\"failure\""));
        assert_non_null(strstr(column("json", ids[i]), "\"complete\":false"));
    }
}

static void records_of_living_origins_stay_open(void **state)
{
    (void)state;
    char mine[UUID_TEXT_BYTES], dead[UUID_TEXT_BYTES];
    clock_uuid7(mine);
    clock_uuid7(dead);
    struct storer *s = open_storer(false);
    send_record(s, STORE_OPEN, UINT64_MAX, mine, "");
    send_record(s, STORE_OPEN, 4, dead, "");
    commit(s);
    storer_begin(s, (uint64_t[]){3, UINT64_MAX}, 2);
    storer_close(&s);
    assert_string_equal(column("state", mine), "0");
    assert_string_equal(column("state", dead), "1");
    assert_string_equal(column("outcome", dead), "failure");
}

static void what_waited_for_more_keeps_its_outcome(void **state)
{
    (void)state;
    char link[UUID_TEXT_BYTES];
    clock_uuid7(link);
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    send_record(
        s, STORE_OPEN, 1, link, ",\"outcome\":\"success\",\"complete\":false");
    commit(s);
    storer_origin_gone(s, 1);
    storer_close(&s);
    assert_string_equal(column("state", link), "1");
    assert_string_equal(column("outcome", link), "success");
    assert_non_null(strstr(column("json", link), "\"outcome\":\"success\""));
    assert_non_null(strstr(column("json", link), "\"complete\":false"));
}

static void a_late_done_wins_over_gone_and_a_late_open_is_closed(void **state)
{
    (void)state;
    char done[UUID_TEXT_BYTES], late[UUID_TEXT_BYTES];
    clock_uuid7(done);
    clock_uuid7(late);
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1, 2}, 2);
    send_record(s, STORE_OPEN, 1, done, "");
    commit(s);
    storer_origin_gone(s, 1);
    send_record(s, STORE_DONE, 1, done, ",\"outcome\":\"success\"");
    send_record(s, STORE_OPEN, 1, late, "");
    assert_int_equal(commit(s).good, 2);
    storer_close(&s);
    assert_string_equal(column("state", done), "2");
    assert_string_equal(column("outcome", done), "success");
    assert_string_equal(column("state", late), "1");
}

static void resent_records_count_once_and_open_never_beats_done(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    clock_uuid7(id);
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    for (int i = 0; i < 3; i++)
        send_record(s, STORE_OPEN, 1, id, "");
    send_record(s, STORE_DONE, 1, id, ",\"verdict\":\"allow\"");
    send_record(s, STORE_OPEN, 1, id, "");
    assert_int_equal(commit(s).good, 5);
    storer_close(&s);
    assert_int_equal(count_rows(), 1);
    assert_string_equal(column("state", id), "2");
    /* a retry of the client opens it again */
    s = open_storer(false);
    send_record(s, STORE_OPEN, 1, id, ",\"attempts\":2");
    send_record(s, STORE_DONE, 1, id, "");
    commit(s);
    storer_begin(s, (uint64_t[]){1}, 1);
    storer_close(&s);
    assert_int_equal(count_rows(), 1);
    assert_string_equal(column("state", id), "0");
    assert_string_equal(column("attempts", id), "2");
}

static int seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static void large_payloads_come_in_a_sealed_memfd_only(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    struct buf json = {0}, datagram = {0};
    clock_uuid7(id);
    buf_printf(&json, "{\"id\":\"%s\",\"text\":{\"content\":\"", id);
    for (size_t i = 0; i < 300000; i++)
        buf_append_char(&json, 'x');
    buf_append_str(&json, STR("\"}}"));
    struct store_request request = {.kind = STORE_DONE,
        .token = 1,
        .origin = 1,
        .json_bytes = (uint32_t)json.n};
    memcpy(request.id, id, sizeof request.id);
    store_request_encode(&request, &datagram);
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    struct stat before, after;
    for (int is_sealed = 0; is_sealed < 2; is_sealed++) {
        int fd = memfd_create("json", MFD_ALLOW_SEALING | MFD_CLOEXEC);
        assert_int_equal(write(fd, buf_bytes(&json), json.n), json.n);
        if (is_sealed)
            assert_int_equal(seal(fd), 0);
        assert_int_equal(fstat(fd, &before), 0);
        storer_handle(s, 7, STORER_WORKER, buf_str(&datagram), fd);
        assert_int_equal(commit(s).good, is_sealed);
        /* closed: the number is free or is another file's by now */
        assert_true(fstat(fd, &after) != 0 || after.st_ino != before.st_ino);
    }
    storer_close(&s);
    assert_string_equal(column("length(json) > 300000", id), "1");
    buf_free(&json);
    buf_free(&datagram);
}

static void damaged_datagrams_change_nothing(void **state)
{
    (void)state;
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    storer_handle(s, 7, STORER_WORKER, STR("garbage"), -1);
    storer_handle(s, 7, STORER_WORKER, STR(""), open("/dev/null", O_RDONLY));
    assert_int_equal(commit(s).count, 0);
    storer_close(&s);
    assert_int_equal(count_rows(), 0);
}

static void a_full_disk_is_answered_and_recovers_without_restart(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    struct rlimit before, tiny;
    struct buf filler = {0};
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < 20000; i++)
        buf_append_char(&filler, 'x');
    char *more = mem_alloc(filler.n + 32);
    sprintf(more, ",\"model\":\"%s\"", buf_cstr(&filler));
    struct storer *s = open_storer(false);
    getrlimit(RLIMIT_FSIZE, &before);
    tiny = before;
    tiny.rlim_cur = 50000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    size_t good = 0, bad = 0;
    for (int i = 0; i < 6; i++) {
        clock_uuid7(id);
        send_record(s, STORE_OPEN, 1, id, more);
        struct answers answers = commit(s);
        good += answers.good;
        bad += answers.count - answers.good;
    }
    assert_int_equal(good, 2);
    assert_int_equal(bad, 4);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    clock_uuid7(id);
    send_record(s, STORE_OPEN, 1, id, more);
    assert_int_equal(commit(s).good, 1);
    storer_begin(s, (uint64_t[]){1}, 1);
    storer_close(&s);
    assert_int_equal(count_rows(), 3);
    assert_string_equal(column("state", id), "0");
    mem_free(more);
    buf_free(&filler);
}

/* In a child, forked while there is only one thread. */
static void hold_lock(unsigned ms, int go_fd, int ready_fd)
{
    struct db *db = NULL;
    char byte;
    if (read(go_fd, &byte, 1) != 1)
        _exit(1);
    if (db_open(str_of(folder), DB_WRITE, 1000, &db) != OK ||
        db_exec(db, "BEGIN EXCLUSIVE") != OK)
        _exit(1);
    if (write(ready_fd, "x", 1) != 1)
        _exit(1);
    nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000L}, NULL);
    _exit(db_exec(db, "COMMIT") == OK ? 0 : 1);
}

static void a_locked_database_delays_no_acknowledgement(void **state)
{
    (void)state;
    int go[2], ready[2], status = 0;
    char byte, id[UUID_TEXT_BYTES];
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0)
        hold_lock(1000, go[0], ready[1]);
    close(ready[1]); /* a child that fails is the end of the file */
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    uint64_t started = clock_mono_ms(), worst_us = 0;
    size_t sent = 0;
    while (clock_mono_ms() - started < 900) {
        clock_uuid7(id);
        uint64_t from = clock_mono_us();
        send_record(s, STORE_OPEN, 1, id, "");
        assert_int_equal(commit(s).good, 1);
        uint64_t took = clock_mono_us() - from;
        worst_us = took > worst_us ? took : worst_us;
        sent++;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    print_message("worst acknowledgement under a locked database: %u us\n",
        (unsigned)worst_us);
    /* a busy machine may stop us for a while, a lock wait would be 1 s */
    assert_true(worst_us < 400000);
    storer_close(&s);
    assert_int_equal(count_rows(), sent);
    close(go[0]);
    close(go[1]);
    close(ready[0]);
}

static void a_damaged_database_is_set_aside_and_rebuilt(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES], path[128];
    struct storer *s = open_storer(false);
    storer_begin(s, (uint64_t[]){1}, 1);
    for (int i = 0; i < 50; i++) {
        clock_uuid7(id);
        send_record(s, STORE_DONE, 1, id, "");
    }
    commit(s);
    storer_close(&s);
    assert_int_equal(count_rows(), 50);
    snprintf(path, sizeof path, "%s/store.db", folder);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "this is no database", 19, 0), 19);
    close(fd);
    s = open_storer(false);
    clock_uuid7(id);
    send_record(s, STORE_DONE, 1, id, "");
    assert_int_equal(commit(s).good, 1);
    storer_begin(s, (uint64_t[]){1}, 1);
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    storer_close(&s);
    assert_int_equal(count_rows(), 51);
    char command[160];
    snprintf(
        command, sizeof command, "ls %s/store.db.damaged-* >/dev/null", folder);
    assert_int_equal(system(command), 0);
}

static void a_second_gateway_on_the_same_folder_is_refused(void **state)
{
    (void)state;
    struct journal *journal = NULL;
    struct storer *s = open_storer(false);
    assert_int_equal(journal_open(str_of(folder), 50, &journal), ERR_STATE);
    assert_null(journal);
    storer_close(&s);
    assert_int_equal(journal_open(str_of(folder), 50, &journal), OK);
    journal_close(&journal);
}

static void a_store_that_cannot_be_written_refuses_to_open(void **state)
{
    (void)state;
    struct storer *s = NULL;
    struct storer_options options = {
        STR("/nonexistent"), false, 30, 0, 0, NULL};
    assert_int_equal(storer_open(&options, &s), ERR_IO);
    assert_null(s);
}

static void a_hundred_thousand_records_are_indexed_fast(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    enum { RECORDS = 100000 };
    struct storer *s = open_storer(false);
    uint64_t from = clock_mono_ms();
    for (int i = 0; i < RECORDS; i++) {
        clock_uuid7(id);
        send_record(s, STORE_DONE, 1, id,
            ",\"category\":\"Service Usage\",\"actor\":{\"user\":\"ana@"
            "example.com\",\"ip\":\"10.1.2.3\"},\"verdict\":\"alert\","
            "\"conversation_id\":\"c1\",\"findings\":[{\"detector\":"
            "\"payment-card\",\"type\":\"credit-card\",\"count\":2,"
            "\"severity\":\"high\"}],\"http\":{\"host\":\"chatgpt.com\"}");
        if (i % 32 == 31)
            assert_int_equal(commit(s).good, 32);
    }
    uint64_t appended = clock_mono_ms();
    storer_close(&s);
    assert_int_equal(indexer_catch_up(str_of(folder), NULL, 60000), OK);
    uint64_t indexed = clock_mono_ms();
    print_message("%d records: appended in %u ms, indexed in %u ms\n", RECORDS,
        (unsigned)(appended - from), (unsigned)(indexed - appended));
    assert_int_equal(count_rows(), RECORDS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_answered_only_by_commit_and_then_indexed),
        TEST(what_a_kill_left_in_the_journal_is_indexed_later),
        TEST(records_of_living_origins_stay_open),
        TEST(what_waited_for_more_keeps_its_outcome),
        TEST(a_late_done_wins_over_gone_and_a_late_open_is_closed),
        TEST(resent_records_count_once_and_open_never_beats_done),
        TEST(large_payloads_come_in_a_sealed_memfd_only),
        TEST(damaged_datagrams_change_nothing),
        TEST(a_full_disk_is_answered_and_recovers_without_restart),
        TEST(a_locked_database_delays_no_acknowledgement),
        TEST(a_damaged_database_is_set_aside_and_rebuilt),
        TEST(a_second_gateway_on_the_same_folder_is_refused),
        TEST(a_store_that_cannot_be_written_refuses_to_open),
        TEST(a_hundred_thousand_records_are_indexed_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
