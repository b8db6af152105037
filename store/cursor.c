#include "store/cursor.h"

#include <stdlib.h>
#include <jansson.h>

#include "base/log.h"

enum { BUSY_MS = 100 };

enum err cursor_put(struct db *db, const struct journal_entry *entry)
{
    json_t *root = json_loadb(entry->json.p, entry->json.n, 0, NULL);
    const char *name = json_string_value(json_object_get(root, "name"));
    char *text = json_dumps(json_object_get(root, "cursor"), JSON_COMPACT);
    enum err err = OK;
    if (name == NULL || text == NULL) {
        log_event(
            LOG_ERROR, "store.unreadable-record", LOG_CSTR("kind", "cursor"));
    } else {
        struct db_statement *s = db_statement_new(
            db, "INSERT OR REPLACE INTO cursor(name, json) VALUES(?1, ?2)");
        if (s != NULL) {
            db_bind_text(s, 1, str_of(name));
            db_bind_text(s, 2, str_of(text));
        }
        err = s != NULL ? db_run(s) : ERR_STATE;
        db_statement_free(&s);
    }
    free(text);
    json_decref(root);
    return err;
}

static void read_cursor(struct db *db, struct str name, struct buf *out)
{
    struct db_statement *s =
        db_statement_new(db, "SELECT json FROM cursor WHERE name = ?1");
    if (s == NULL)
        return;
    db_bind_text(s, 1, name);
    if (db_step(s) == OK)
        buf_append_str(out, db_text(s, 0));
    db_finish(s);
    db_statement_free(&s);
}

void cursor_get(struct str folder, struct str name, struct buf *out)
{
    struct db *db = NULL;
    if (db_open(folder, DB_READ, BUSY_MS, &db) == OK)
        read_cursor(db, name, out);
    db_close(&db);
}
