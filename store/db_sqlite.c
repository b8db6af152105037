/*
 * SQLite behind our own few functions (store/db_sqlite.h); nothing else of
 * the project includes sqlite3.h.
 *
 * synchronous=NORMAL: a crash of processes loses nothing; a power cut may
 * lose the last commits, but then the journal position in the same file is as
 * old, and the journal is indexed again from there.
 */
#include "store/db_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <jansson.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { STEPS_A_LOOK = 20000 }; /* of SQLite's machine, between two looks */

struct hook {
    db_hook_fn *fn;
    void *context;
};

struct db {
    sqlite3 *handle;
    struct hook hooks[DB_HOOKS];
    uint64_t deadline_ms;
    struct db_statement *get_position, *set_position;
};

struct db_statement {
    sqlite3_stmt *handle;
};

/* Of the last db_open that failed: there is no connection to ask then. */
static _Thread_local char open_error[160];

static enum err map_error(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_AGAIN;
    case SQLITE_INTERRUPT:
        return ERR_TIMEOUT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_PARSE;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ERR_IO;
    default:
        return ERR_STATE;
    }
}

void db_prepare_process(void)
{
    char byte;
    /* Its allocations are counted under a lock of the whole process. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
    sqlite3_randomness(sizeof byte, &byte);
    json_object_seed(0);
}

static char *db_path(struct str folder, const char *suffix)
{
    struct buf path = {0};
    buf_printf(&path, "%.*s/store.db%s", STR_ARG(folder), suffix);
    char *text = mem_strdup(buf_cstr(&path));
    buf_free(&path);
    return text;
}

const char *db_error(const struct db *db)
{
    return db != NULL ? sqlite3_errmsg(db->handle) : open_error;
}

static int is_late(void *arg)
{
    return clock_mono_ms() > ((struct db *)arg)->deadline_ms;
}

void db_set_deadline(struct db *db, unsigned within_ms)
{
    db->deadline_ms = clock_mono_ms() + within_ms;
    sqlite3_progress_handler(
        db->handle, STEPS_A_LOOK, within_ms != 0 ? is_late : NULL, db);
}

enum err db_exec(struct db *db, const char *sql)
{
    return map_error(sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

/* ---- opening ---- */

static enum err raise_schema(struct db *db)
{
    int64_t version = 0;
    enum err err = db_begin(db);
    if (err != OK)
        return err;
    /* Another process may have been faster. */
    err = db_get_int(db, "PRAGMA user_version", &version);
    for (; err == OK && version < DB_SCHEMA_VERSION; version++)
        err = db_exec(db, db_schema_steps[version]);
    if (err == OK)
        err = db_commit(db);
    if (err != OK)
        db_rollback(db);
    return err;
}

static enum err add_hooks(struct db *db);

static enum err set_up(struct db *db, enum db_mode mode, unsigned busy_ms)
{
    int64_t version = 0;
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, (int)busy_ms);
    sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    enum err err = add_hooks(db);
    if (err == OK)
        err = db_exec(db, "PRAGMA temp_store = MEMORY");
    if (err == OK && mode == DB_WRITE)
        err = db_exec(db, "PRAGMA auto_vacuum = INCREMENTAL;"
                          "PRAGMA journal_mode = WAL;"
                          "PRAGMA synchronous = NORMAL;"
                          "PRAGMA journal_size_limit = 67108864;"
                          "PRAGMA secure_delete = ON;"
                          "PRAGMA cache_size = -16384");
    if (err == OK)
        err = db_get_int(db, "PRAGMA user_version", &version);
    if (err == OK && version == 0 && mode != DB_WRITE)
        err = ERR_NOT_FOUND;
    if (err == OK && version < DB_SCHEMA_VERSION && mode == DB_WRITE)
        err = raise_schema(db);
    if (err == OK && version > DB_SCHEMA_VERSION) {
        log_event(LOG_ERROR, "store.too-new", LOG_INT("schema", version),
            LOG_INT("supported", DB_SCHEMA_VERSION));
        err = ERR_UNSUPPORTED;
    }
    return err;
}

/* SQLite would make it readable for everyone; -wal and -shm take its mode. */
static enum err create_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return ERR_IO;
    close(fd);
    return OK;
}

/* A URI is the only way to ask for a read-only index of the log. */
static enum err open_handle(
    const char *path, enum db_mode mode, sqlite3 **handle_out)
{
    struct buf uri = {0};
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                (mode != DB_WRITE ? SQLITE_OPEN_READONLY
                                  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (mode != DB_READ_CONFINED)
        return map_error(sqlite3_open_v2(path, handle_out, flags, NULL));
    buf_append_str(&uri, STR("file:"));
    for (const char *p = path; *p != '\0'; p++)
        buf_printf(&uri, strchr("%?#", *p) != NULL ? "%%%02x" : "%c", *p);
    buf_append_str(&uri, STR("?mode=ro&readonly_shm=1"));
    int code = sqlite3_open_v2(
        buf_cstr(&uri), handle_out, flags | SQLITE_OPEN_URI, NULL);
    buf_free(&uri);
    return map_error(code);
}

enum err db_open(
    struct str folder, enum db_mode mode, unsigned busy_ms, struct db **db_out)
{
    char *path = db_path(folder, "");
    struct db *db = MEM_NEW(struct db);
    enum err err = OK;
    if (mode != DB_WRITE && access(path, F_OK) != 0)
        err = ERR_NOT_FOUND;
    if (mode == DB_WRITE && access(path, F_OK) != 0)
        err = create_file(path);
    if (err == OK)
        err = open_handle(path, mode, &db->handle);
    if (err == OK)
        err = set_up(db, mode, busy_ms);
    mem_free(path);
    snprintf(open_error, sizeof open_error, "%s",
        db->handle != NULL ? sqlite3_errmsg(db->handle) : strerror(errno));
    if (err != OK)
        db_close(&db);
    *db_out = db;
    return err;
}

void db_close(struct db **db)
{
    if (*db == NULL)
        return;
    db_statement_free(&(*db)->get_position);
    db_statement_free(&(*db)->set_position);
    sqlite3_close_v2((*db)->handle);
    mem_free(*db);
    *db = NULL;
}

enum err db_quarantine(struct str folder)
{
    char suffix[64];
    char *path = db_path(folder, "");
    snprintf(
        suffix, sizeof suffix, ".damaged-%lld", (long long)clock_wall_ms());
    char *aside = db_path(folder, suffix);
    char *wal = db_path(folder, "-wal"), *shm = db_path(folder, "-shm");
    enum err err = rename(path, aside) == 0 || errno == ENOENT ? OK : ERR_IO;
    if (err == OK) {
        log_event(LOG_ERROR, "store.quarantined", LOG_CSTR("file", aside));
        unlink(wal);
        unlink(shm);
    }
    mem_free(path);
    mem_free(aside);
    mem_free(wal);
    mem_free(shm);
    return err;
}

/* ---- statements ---- */

struct db_statement *db_statement_new(struct db *db, const char *sql)
{
    sqlite3_stmt *handle = NULL;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
            &handle, NULL) != SQLITE_OK)
        return NULL;
    struct db_statement *s = MEM_NEW(struct db_statement);
    s->handle = handle;
    return s;
}

void db_statement_free(struct db_statement **statement)
{
    if (*statement == NULL)
        return;
    sqlite3_finalize((*statement)->handle);
    mem_free(*statement);
    *statement = NULL;
}

void db_bind_text(struct db_statement *s, int index, struct str text)
{
    if (text.n == 0)
        sqlite3_bind_null(s->handle, index);
    else
        sqlite3_bind_text64(
            s->handle, index, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_int(struct db_statement *s, int index, int64_t value)
{
    sqlite3_bind_int64(s->handle, index, value);
}

enum err db_step(struct db_statement *s)
{
    int code = sqlite3_step(s->handle);
    if (code == SQLITE_ROW)
        return OK;
    if (code == SQLITE_DONE)
        return ERR_EOF;
    return map_error(code);
}

struct str db_text(struct db_statement *s, int column)
{
    const unsigned char *p = sqlite3_column_text(s->handle, column);
    int n = sqlite3_column_bytes(s->handle, column);
    return p != NULL ? str_make((const char *)p, (size_t)n) : STR_NONE;
}

int64_t db_int(struct db_statement *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

void db_finish(struct db_statement *s)
{
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
}

enum err db_run(struct db_statement *s)
{
    enum err err;
    do {
        err = db_step(s);
    } while (err == OK);
    db_finish(s);
    return err == ERR_EOF ? OK : err;
}

enum err db_get_int(struct db *db, const char *sql, int64_t *value_out)
{
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL);
    if (code != SQLITE_OK)
        return map_error(code);
    code = sqlite3_step(handle);
    if (code == SQLITE_ROW)
        *value_out = sqlite3_column_int64(handle, 0);
    sqlite3_finalize(handle);
    if (code == SQLITE_DONE)
        return ERR_NOT_FOUND;
    return code == SQLITE_ROW ? OK : map_error(code);
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_total_changes(const struct db *db)
{
    return sqlite3_total_changes64(db->handle);
}

/* ---- hooks ---- */

static void call_hook(sqlite3_context *call, int count, sqlite3_value **given)
{
    const struct hook *hook = sqlite3_user_data(call);
    int64_t values[DB_HOOK_VALUES_MAX];
    if (count < 1 || count > DB_HOOK_VALUES_MAX || hook->fn == NULL) {
        sqlite3_result_error(call, "a hook that is not set", -1);
        return;
    }
    for (int i = 0; i < count; i++)
        values[i] = sqlite3_value_int64(given[i]);
    sqlite3_result_int(call, hook->fn(hook->context, values));
}

static enum err add_hooks(struct db *db)
{
    static const char *const names[DB_HOOKS] = {"hook_pass", "hook_take"};
    int code = SQLITE_OK;
    for (size_t i = 0; i < DB_HOOKS && code == SQLITE_OK; i++)
        code = sqlite3_create_function_v2(db->handle, names[i], -1,
            SQLITE_UTF8 | SQLITE_DIRECTONLY, &db->hooks[i], call_hook, NULL,
            NULL, NULL);
    return map_error(code);
}

void db_set_hook(
    struct db *db, enum db_hook hook, db_hook_fn *fn, void *context)
{
    db->hooks[hook] = (struct hook){fn, context};
}

/* ---- transactions ---- */

enum err db_begin(struct db *db)
{
    return db_exec(db, "BEGIN IMMEDIATE");
}

enum err db_commit(struct db *db)
{
    return db_exec(db, "COMMIT");
}

void db_rollback(struct db *db)
{
    /* Fails when an error has rolled back already: the same result. */
    if (sqlite3_get_autocommit(db->handle) == 0)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static enum err prepare_once(
    struct db *db, struct db_statement **slot, const char *sql)
{
    if (*slot == NULL)
        *slot = db_statement_new(db, sql);
    return *slot != NULL ? OK : map_error(sqlite3_errcode(db->handle));
}

enum err db_get_position(struct db *db, struct journal_position *out)
{
    *out = (struct journal_position){0};
    enum err err = prepare_once(
        db, &db->get_position, "SELECT segment, offset FROM journal_position");
    if (err != OK)
        return err;
    err = db_step(db->get_position);
    if (err == OK) {
        out->segment = (uint64_t)db_int(db->get_position, 0);
        out->offset = (uint64_t)db_int(db->get_position, 1);
    }
    db_finish(db->get_position);
    return err == ERR_EOF ? ERR_PARSE : err;
}

enum err db_set_position(struct db *db, struct journal_position position)
{
    enum err err = prepare_once(db, &db->set_position,
        "UPDATE journal_position SET segment = ?, offset = ?");
    if (err != OK)
        return err;
    db_bind_int(db->set_position, 1, (int64_t)position.segment);
    db_bind_int(db->set_position, 2, (int64_t)position.offset);
    return db_run(db->set_position);
}
