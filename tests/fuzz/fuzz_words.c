/*
 * Any bytes as words to search for: what comes out is an expression that FTS5
 * takes, whatever was typed, unless the text is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "store/db_sqlite.h"
#include "store/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db *db;
static struct db_statement *ask;

static void begin(void)
{
    char folder[] = "/tmp/pg-fuzz-words-XXXXXX", path[64];
    if (mkdtemp(folder) == NULL ||
        db_open(str_of(folder), DB_WRITE, 1000, &db) != OK ||
        db_exec(db, "INSERT INTO search_index(rowid, text)"
                    " VALUES(1, 'a b c')") != OK)
        abort();
    ask = db_statement_new(
        db, "SELECT rowid FROM search_index WHERE search_index MATCH ?1");
    if (ask == NULL)
        abort();
    static const char *const files[] = {"store.db", "store.db-wal",
        "store.db-shm"}; /* gone when this process ends */
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct buf match = {0};
    bool is_rest;
    if (db == NULL)
        begin();
    if (size > 512 || !utf8_is_valid(text))
        return 0;
    if (words_write_match(text, &match, &is_rest) == OK && match.n > 0) {
        db_bind_text(ask, 1, buf_str(&match));
        enum err err = db_step(ask);
        if (err != OK && err != ERR_EOF)
            abort();
        db_finish(ask);
    }
    buf_free(&match);
    return 0;
}
