/* The writing side of store/facet.h; the reading one is browse.c. */
#include "store/facet.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { CACHE_MAX = 65536, VOLUMES = 2 /* files, bytes */ };

const char *const facet_names[FACET_COUNT] = {
    [FACET_SERVICE] = "service",
    [FACET_INSTANCE] = "instance",
    [FACET_ACTIVITY] = "activity",
    [FACET_CATEGORY] = "category",
    [FACET_USER] = "user",
    [FACET_VERDICT] = "verdict",
    [FACET_SEVERITY] = "severity",
    [FACET_OUTCOME] = "outcome",
    [FACET_RULE] = "rule",
    [FACET_MODEL] = "model",
    [FACET_VIA] = "via",
    [FACET_NETWORK] = "network",
    [FACET_HOST] = "host",
    [FACET_TYPE] = "type",
    [FACET_DETECTOR] = "detector",
    [FACET_FILE_TYPE] = "file_type",
    [FACET_NODE] = "node",
};

struct known {
    int64_t code;
    UT_hash_handle hh;
    size_t n;
    char key[]; /* facet, word */
};

/* A row's text to search in, as the transaction leaves it. */
struct pending {
    int64_t seq;
    struct str text; /* in `texts` */
    UT_hash_handle hh;
};

struct facets {
    struct db *db;
    struct db_statement *find_word, *add_word, *put, *list_todo, *set_todo;
    struct db_statement *put_node, *old_text, *drop_index, *drop_text,
        *add_text, *add_index;
    struct known *known;
    struct pending *pending; /* in the order of their coming */
    struct arena texts;
};

enum facet facet_of(struct str name)
{
    unsigned i = 0;
    while (i < FACET_COUNT && !str_is(name, facet_names[i]))
        i++;
    return (enum facet)i;
}

bool facet_is_set(enum facet facet)
{
    return facet == FACET_TYPE || facet == FACET_DETECTOR ||
           facet == FACET_FILE_TYPE;
}

struct str facet_cut(struct str word)
{
    if (word.n > FACET_WORD_MAX)
        word = str_sub(word, 0, utf8_floor(word, FACET_WORD_MAX));
    return word;
}

static char *put_sql(void)
{
    struct buf sql = {0};
    buf_append_str(&sql, STR("INSERT OR REPLACE INTO facet(time_ms, seq"));
    for (int i = 0; i < FACET_COUNT; i++)
        buf_printf(&sql, ", %s", facet_names[i]);
    buf_append_str(&sql, STR(", files, bytes) VALUES(?1, ?2"));
    for (int i = 0; i < FACET_COUNT + VOLUMES; i++)
        buf_printf(&sql, ", ?%d", i + 3);
    buf_append_char(&sql, ')');
    char *text = mem_strdup(buf_cstr(&sql));
    buf_free(&sql);
    return text;
}

enum err facets_new(struct db *db, struct facets **facets_out)
{
    struct facets *f = MEM_NEW(struct facets);
    char *put = put_sql();
    f->db = db;
    f->put = db_statement_new(db, put);
    mem_free(put);
    f->find_word = db_statement_new(
        db, "SELECT code FROM facet_word WHERE facet = ?1 AND word = ?2");
    f->add_word = db_statement_new(db,
        "INSERT INTO facet_word(facet, code, word)"
        " SELECT ?1, coalesce(max(code), 0) + 1,"
        " CASE WHEN coalesce(max(code), 0) < ?3 THEN ?2 ELSE ?4 END"
        " FROM facet_word WHERE facet = ?1"
        " ON CONFLICT(facet, word) DO UPDATE SET word = excluded.word"
        " RETURNING code");
    f->old_text = db_statement_new(db,
        "SELECT s.text FROM activity a LEFT JOIN search s ON s.seq = a.seq"
        " WHERE a.seq = ?1");
    f->drop_index = db_statement_new(db,
        "INSERT INTO search_index(search_index, rowid, text)"
        " VALUES('delete', ?1, ?2)");
    f->drop_text = db_statement_new(db, "DELETE FROM search WHERE seq = ?1");
    f->add_text =
        db_statement_new(db, "INSERT INTO search(seq, text) VALUES(?1, ?2)");
    f->add_index = db_statement_new(
        db, "INSERT INTO search_index(rowid, text) VALUES(?1, ?2)");
    f->put_node = db_statement_new(db,
        "INSERT INTO node(name, last_ms, seen_ms) SELECT ?1, ?2, nullif(?3, 0)"
        " WHERE EXISTS(SELECT 1 FROM node WHERE name = ?1)"
        " OR (SELECT count(*) FROM node) < ?4"
        " ON CONFLICT(name) DO UPDATE SET last_ms = excluded.last_ms,"
        " seen_ms = excluded.seen_ms WHERE excluded.last_ms > node.last_ms");
    f->list_todo =
        db_statement_new(db, "SELECT seq, time_ms, json FROM activity"
                             " WHERE seq <= (SELECT seq FROM facet_todo)"
                             " ORDER BY seq DESC LIMIT ?1");
    f->set_todo = db_statement_new(db, "UPDATE facet_todo SET seq = ?1");
    *facets_out = f;
    if (f->put != NULL && f->put_node != NULL && f->find_word != NULL &&
        f->add_word != NULL && f->list_todo != NULL && f->set_todo != NULL &&
        f->old_text != NULL && f->drop_index != NULL && f->drop_text != NULL &&
        f->add_text != NULL && f->add_index != NULL)
        return OK;
    facets_free(facets_out);
    return ERR_PARSE;
}

void facets_free(struct facets **facets)
{
    struct facets *f = *facets;
    *facets = NULL;
    if (f == NULL)
        return;
    facets_forget(f);
    arena_free(&f->texts);
    db_statement_free(&f->put);
    db_statement_free(&f->put_node);
    db_statement_free(&f->find_word);
    db_statement_free(&f->add_word);
    db_statement_free(&f->old_text);
    db_statement_free(&f->drop_index);
    db_statement_free(&f->drop_text);
    db_statement_free(&f->add_text);
    db_statement_free(&f->add_index);
    db_statement_free(&f->list_todo);
    db_statement_free(&f->set_todo);
    mem_free(f);
}

static void forget_texts(struct facets *f)
{
    HASH_CLEAR(hh, f->pending); /* its items go with the arena */
    arena_reset(&f->texts);
}

static void forget_words(struct facets *f)
{
    struct known *k, *next;
    HASH_ITER(hh, f->known, k, next)
    {
        HASH_DEL(f->known, k);
        mem_free(k);
    }
}

void facets_forget(struct facets *f)
{
    forget_words(f);
    forget_texts(f);
}

/* ---- words to codes ---- */

static void remember(struct facets *f, const char *key, size_t n, int64_t code)
{
    if (HASH_COUNT(f->known) >= CACHE_MAX)
        forget_words(f);
    struct known *k = mem_zalloc(sizeof *k + n);
    k->code = code;
    k->n = n;
    memcpy(k->key, key, n);
    HASH_ADD(hh, f->known, key, n, k);
}

static enum err ask_code(
    struct facets *f, enum facet facet, struct str word, int64_t *code_out)
{
    db_bind_int(f->find_word, 1, facet);
    db_bind_text(f->find_word, 2, word);
    enum err err = db_step(f->find_word);
    if (err == OK)
        *code_out = db_int(f->find_word, 0);
    db_finish(f->find_word);
    if (err != ERR_EOF)
        return err;
    db_bind_int(f->add_word, 1, facet);
    db_bind_text(f->add_word, 2, word);
    db_bind_int(f->add_word, 3, FACET_WORDS_MAX);
    db_bind_text(f->add_word, 4, STR(FACET_MORE));
    err = db_step(f->add_word);
    if (err == OK)
        *code_out = db_int(f->add_word, 0);
    while (err == OK)
        err = db_step(f->add_word);
    db_finish(f->add_word);
    return err == ERR_EOF ? OK : err;
}

static enum err code_of(
    struct facets *f, enum facet facet, struct str word, int64_t *code_out)
{
    char key[1 + FACET_SET_MAX * (FACET_WORD_MAX + 1)];
    struct known *k = NULL;
    *code_out = 0;
    if (word.n == 0)
        return OK;
    key[0] = (char)facet;
    memcpy(key + 1, word.p, word.n);
    HASH_FIND(hh, f->known, key, word.n + 1, k);
    if (k != NULL) {
        *code_out = k->code;
        return OK;
    }
    enum err err = ask_code(f, facet, word, code_out);
    if (err == OK)
        remember(f, key, word.n + 1, *code_out);
    return err;
}

/* ---- what an activity has ---- */

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

static int compare_words(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The members of list[].key, sorted, each once, each behind a FACET_JOIN. */
static void join_set(
    const json_t *list, const char *key, const char *other, struct buf *out)
{
    struct str words[FACET_SET_MAX];
    size_t count = 0, i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct str word = text_of(item, key);
        if (word.n == 0 && other != NULL)
            word = text_of(item, other);
        word = facet_cut(word);
        if (word.n > 0 && count < FACET_SET_MAX &&
            str_find_char(word, FACET_JOIN) == word.n)
            words[count++] = word;
    }
    if (count > 1)
        qsort(words, count, sizeof words[0], compare_words);
    for (i = 0; i < count; i++) {
        if (i > 0 && str_eq(words[i], words[i - 1]))
            continue;
        buf_append_char(out, FACET_JOIN);
        buf_append_str(out, words[i]);
    }
}

static enum err bind_set(struct facets *f, enum facet facet, const json_t *list,
    const char *key, const char *other)
{
    struct buf set = {0};
    int64_t code;
    join_set(list, key, other, &set);
    enum err err = code_of(f, facet, buf_str(&set), &code);
    buf_free(&set);
    db_bind_int(f->put, (int)facet + 3, code);
    return err;
}

static enum err bind_words(
    struct facets *f, struct str severity, const json_t *a)
{
    const json_t *actor = json_object_get(a, "actor");
    const json_t *http = json_object_get(a, "http");
    const struct {
        enum facet facet;
        struct str word;
    } words[] = {
        {FACET_SERVICE, text_of(a, "service")},
        {FACET_INSTANCE, text_of(actor, "workspace")},
        {FACET_ACTIVITY, text_of(a, "activity")},
        {FACET_CATEGORY, text_of(a, "category")},
        {FACET_USER, text_of(actor, "user")},
        {FACET_VERDICT, text_of(a, "verdict")},
        {FACET_SEVERITY, severity},
        {FACET_OUTCOME, text_of(a, "outcome")},
        {FACET_RULE, text_of(a, "rule")},
        {FACET_MODEL, text_of(a, "model")},
        {FACET_VIA, text_of(a, "via")},
        {FACET_NETWORK, text_of(actor, "ip")},
        {FACET_HOST, text_of(http, "host")},
        {FACET_NODE, text_of(a, "node")},
    };
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_LEN(words) && err == OK; i++) {
        int64_t code;
        err = code_of(f, words[i].facet, facet_cut(words[i].word), &code);
        db_bind_int(f->put, (int)words[i].facet + 3, code);
    }
    return err;
}

static int64_t bytes_of(const json_t *object)
{
    json_int_t n = json_integer_value(json_object_get(object, "bytes"));
    return n > 0 ? (int64_t)n : 0;
}

static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static void bind_volume(struct facets *f, const json_t *a)
{
    struct str name = text_of(a, "activity");
    bool is_prompt = str_starts(name, "prompt");
    bool is_file =
        str_is(name, "file.uploaded") || str_ends(name, ".downloaded");
    int64_t files = 0,
            bytes = is_file ? 0 : bytes_of(json_object_get(a, "text"));
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(a, "files"), i, file)
    {
        if (!is_file && !(is_prompt && text_of(file, "id").n == 0))
            continue;
        files++;
        bytes = sum(bytes, bytes_of(file));
    }
    db_bind_int(f->put, FACET_COUNT + 3, files);
    db_bind_int(f->put, FACET_COUNT + 4, bytes);
}

/* ---- text to search in ---- */

static void add_text(struct buf *out, struct str text)
{
    if (text.n == 0 || out->n >= FACET_TEXT_MAX)
        return;
    if (out->n > 0)
        buf_append_char(out, '\n');
    buf_append_str(
        out, str_sub(text, 0, utf8_floor(text, FACET_TEXT_MAX - out->n)));
}

static void collect_text(const json_t *a, struct buf *out)
{
    const json_t *text = json_object_get(a, "text");
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(a, "files"), i, item)
        add_text(out, text_of(item, "name"));
    add_text(out, text_of(json_object_get(a, "target"), "name"));
    json_array_foreach(json_object_get(a, "targets"), i, item)
        add_text(out, text_of(item, "name"));
    struct str content = text_of(text, "content");
    add_text(out, content.n > 0 ? content : text_of(text, "sample"));
}

static enum err run_with(struct db_statement *s, int64_t seq, struct str text)
{
    db_bind_int(s, 1, seq);
    if (text.n > 0)
        db_bind_text(s, 2, text);
    return db_run(s);
}

/* Most activities are put twice, with the same text.  And the index writes
 * what it has gathered out with every savepoint, which other statements make:
 * so texts wait for the end of the transaction. */
static void put_text(struct facets *f, int64_t seq, struct str text)
{
    struct pending *p = NULL;
    HASH_FIND(hh, f->pending, &seq, sizeof seq, p);
    if (p == NULL) {
        p = ARENA_NEW(&f->texts, struct pending);
        p->seq = seq;
        HASH_ADD(hh, f->pending, seq, sizeof p->seq, p);
    } else if (str_eq(p->text, text)) {
        return;
    }
    p->text = arena_copy(&f->texts, text);
}

static enum err replace_text(
    struct facets *f, int64_t seq, struct str old, struct str text)
{
    enum err err = OK;
    if (old.n > 0)
        err = run_with(f->drop_index, seq, old);
    if (err == OK && old.n > 0)
        err = run_with(f->drop_text, seq, STR_NONE);
    if (err == OK && text.n > 0)
        err = run_with(f->add_text, seq, text);
    if (err == OK && text.n > 0)
        err = run_with(f->add_index, seq, text);
    return err;
}

/* One whose activity was taken back meanwhile is left out. */
static enum err write_text(
    struct facets *f, const struct pending *p, struct buf *old)
{
    db_bind_int(f->old_text, 1, p->seq);
    enum err err = db_step(f->old_text);
    bool is_there = err == OK;
    buf_clear(old);
    if (is_there)
        buf_append_str(old, db_text(f->old_text, 0));
    db_finish(f->old_text);
    if (!is_there)
        return err == ERR_EOF ? OK : err;
    return str_eq(buf_str(old), p->text)
               ? OK
               : replace_text(f, p->seq, buf_str(old), p->text);
}

enum err facets_flush(struct facets *f)
{
    struct buf old = {0};
    enum err err = OK;
    for (const struct pending *p = f->pending; p != NULL && err == OK;
         p = p->hh.next)
        err = write_text(f, p, &old);
    buf_free(&old);
    forget_texts(f);
    return err;
}

/* The latest of a node moves only forward: what comes for it once more, or
 * late, tells nothing of how long its records take. */
static enum err put_node(
    struct facets *f, struct str name, int64_t time_ms, int64_t seen_ms)
{
    if (name.n == 0)
        return OK;
    db_bind_text(f->put_node, 1, name);
    db_bind_int(f->put_node, 2, time_ms);
    db_bind_int(f->put_node, 3, seen_ms);
    db_bind_int(f->put_node, 4, FACET_NODES_MAX);
    return db_run(f->put_node);
}

enum err facets_put(struct facets *f, int64_t seq, int64_t time_ms,
    struct str severity, const json_t *a, int64_t seen_ms)
{
    const json_t *findings = json_object_get(a, "findings");
    db_bind_int(f->put, 1, time_ms);
    db_bind_int(f->put, 2, seq);
    bind_volume(f, a);
    enum err err = bind_words(f, severity, a);
    if (err == OK)
        err = bind_set(f, FACET_TYPE, findings, "type", NULL);
    if (err == OK)
        err = bind_set(f, FACET_DETECTOR, findings, "detector", "type");
    if (err == OK)
        err = bind_set(f, FACET_FILE_TYPE, json_object_get(a, "files"), "type",
            "declared_type");
    if (err == OK)
        err = db_run(f->put);
    else
        db_finish(f->put);
    if (err == OK)
        err = put_node(f, facet_cut(text_of(a, "node")), time_ms, seen_ms);
    struct buf text = {0};
    collect_text(a, &text);
    if (err == OK)
        put_text(f, seq, buf_str(&text));
    buf_free(&text);
    return err;
}

/* ---- stores from before ---- */

static enum err fill_one(struct facets *f, int64_t *seq_out)
{
    *seq_out = db_int(f->list_todo, 0);
    struct str json = db_text(f->list_todo, 2);
    json_t *a = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL);
    enum err err = OK;
    if (a != NULL)
        err = facets_put(
            f, *seq_out, db_int(f->list_todo, 1), upsert_severity(a), a, 0);
    json_decref(a);
    return err;
}

enum err facets_fill(struct facets *f, size_t *count_out)
{
    int64_t todo = 0, seq = 0;
    *count_out = 0;
    enum err err = db_get_int(f->db, "SELECT seq FROM facet_todo", &todo);
    if (err != OK || todo <= 0)
        return err == ERR_NOT_FOUND ? OK : err;
    db_bind_int(f->list_todo, 1, FACET_FILL_ROWS);
    while (err == OK && (err = db_step(f->list_todo)) == OK) {
        err = fill_one(f, &seq);
        ++*count_out;
    }
    db_finish(f->list_todo);
    if (err != ERR_EOF)
        return err;
    db_bind_int(f->set_todo, 1, *count_out > 0 ? seq - 1 : 0);
    return db_run(f->set_todo);
}
