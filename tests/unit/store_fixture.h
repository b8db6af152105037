/*
 * A store in a folder of its own, filled through journal entries: shared by
 * the tests of db_sqlite, query and retain.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/indexer.h"
#include "store/query.h"
#include "store/upsert.h"
#include "tests/unit/folder.h"

static void fixture_id(unsigned n, char out[UUID_TEXT_BYTES])
{
    snprintf(out, UUID_TEXT_BYTES, "01934567-89ab-7def-8123-%012u", n);
}

/* One entry into the database, past the journal. time_ms 0: n seconds after
 * 1970. */
static void put_at(enum store_kind kind, unsigned n, int64_t time_ms,
    uint64_t origin, const char *more)
{
    struct db *db = NULL;
    struct upsert *u = NULL;
    struct buf json = {0};
    char time[CLOCK_TEXT_BYTES];
    struct journal_entry entry = {.kind = kind, .origin = origin};
    fixture_id(n, entry.id);
    clock_format(time_ms != 0 ? time_ms : (int64_t)n * 1000, time);
    buf_printf(
        &json, "{\"id\":\"%s\",\"time\":\"%s\"%s}", entry.id, time, more);
    entry.json = buf_str(&json);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(upsert_new(db, &u), OK);
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(upsert_entry(u, &entry), OK);
    assert_int_equal(upsert_flush(u), OK);
    assert_int_equal(db_commit(db), OK);
    upsert_free(&u);
    db_close(&db);
    buf_free(&json);
}

static inline void put(enum store_kind kind, unsigned n, const char *more)
{
    put_at(kind, n, 0, 1, more);
}

static inline int64_t fixture_count(const char *sql)
{
    int64_t n = -1;
    struct db *db = NULL;
    assert_int_equal(db_open(str_of(folder), DB_READ, 1000, &db), OK);
    assert_int_equal(db_get_int(db, sql, &n), OK);
    db_close(&db);
    return n;
}

static inline void fill_facets(void)
{
    struct db *db = NULL;
    struct upsert *u = NULL;
    size_t count = 1;
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 0, &db), OK);
    assert_int_equal(upsert_new(db, &u), OK);
    while (count > 0) {
        assert_int_equal(db_begin(db), OK);
        assert_int_equal(upsert_fill(u, &count), OK);
        assert_int_equal(upsert_flush(u), OK);
        assert_int_equal(db_commit(db), OK);
    }
    upsert_free(&u);
    db_close(&db);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

#endif
