/*
 * Lines about a file, as they lie with the keeper: JSON that one exchange
 * writes and another one reads.  Both are this program's, but what comes from
 * the keeper is read like anything from outside.
 */
#include <stdio.h>

#include "base/base64.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/upload.h"

/* ---- writing ----------------------------------------------------------- */

static void write_finding(struct jsonw *w, const struct finding *f)
{
    char hash[24];
    snprintf(hash, sizeof hash, "%llu", (unsigned long long)f->value_hash);
    jsonw_object(w);
    jsonw_key_str(w, "detector", f->detector);
    jsonw_key_str(w, "type", f->type);
    jsonw_key_str(w, "group", f->group);
    jsonw_key_int(w, "confidence", (int64_t)f->confidence);
    jsonw_key_int(w, "severity", (int64_t)f->severity);
    jsonw_key_int(w, "count", (int64_t)f->count);
    jsonw_key_str(w, "sample", f->sample);
    jsonw_key_int(w, "start", (int64_t)f->start);
    jsonw_key_int(w, "end", (int64_t)f->end);
    jsonw_key_cstr(w, "hash", hash);
    jsonw_close(w);
}

/* Those of a name are found again with the name. */
static void write_findings(struct jsonw *w, const struct findings *f)
{
    size_t n = 0;
    jsonw_key(w, "findings");
    jsonw_array(w);
    for (size_t i = 0; i < f->count && n < UPLOAD_FINDINGS_MAX; i++) {
        if (f->items[i].where != WHERE_FILE)
            continue;
        write_finding(w, &f->items[i]);
        n++;
    }
    jsonw_close(w);
}

static void write_base64(struct jsonw *w, const char *key, struct buf *bytes)
{
    struct buf text = {0};
    base64_encode(buf_str(bytes), &text);
    jsonw_key_str(w, key, buf_str(&text));
    buf_wipe_free(&text);
}

static void write_sum(struct jsonw *w, struct upload *u)
{
    struct buf state = {0};
    digest_save(u->digest, u->sum.state);
    buf_append(&state, u->sum.state, sizeof u->sum.state);
    jsonw_key_cstr(w, "sum_after", u->before.piece);
    jsonw_key_int(w, "sum_from", u->before.at);
    jsonw_key_cstr(w, "sum_name", u->sum.piece);
    write_base64(w, "sum_state", &state);
    buf_wipe_free(&state);
}

static void write_piece(struct jsonw *w, struct upload *u)
{
    if (u->step != UPLOAD_PIECE || u->piece.n == 0)
        return;
    jsonw_key_str(w, "piece", u->piece);
    jsonw_key_bool(w, "whole", u->is_whole);
    if (u->is_last_range)
        jsonw_key_int(w, "end", u->end);
    if (u->digest != NULL)
        write_sum(w, u);
    write_base64(w, "data", &u->data);
    if (!u->is_whole)
        write_base64(w, "tail", &u->tail);
}

static void write_actor(struct jsonw *w, const struct actor *actor)
{
    jsonw_key_str_if(w, "user", actor->user);
    jsonw_key_str_if(w, "source", actor->source);
    jsonw_key_str_if(w, "account", actor->account);
    jsonw_key_str_if(w, "workspace", actor->workspace);
    jsonw_key_str_if(w, "device", actor->device);
}

static void write_file(
    struct jsonw *w, const struct activity_file *file, bool is_announced)
{
    jsonw_key_str_if(w, "id", file->id);
    jsonw_key_str_if(w, "name", file->name);
    jsonw_key_str_if(w, "declared_type", file->declared_type);
    jsonw_key_str_if(w, "type", file->type);
    jsonw_key_str_if(w, "sha256", file->sha256);
    if (file->bytes >= 0)
        jsonw_key_int(w, is_announced ? "size" : "bytes", file->bytes);
    if (file->text.n != 0 && file->text.n <= UPLOAD_SMALL_BYTES)
        jsonw_key_str(w, "text", buf_str(&file->text));
}

void upload_write_fact(const struct exchange *ex, struct buf *line)
{
    struct jsonw w = {.out = line};
    const struct activity *a = ex->activity;
    struct upload *u = ex->upload;
    jsonw_object(&w);
    write_actor(&w, &a->actor);
    jsonw_key_str_if(&w, "project_id", a->project_id);
    write_piece(&w, u);
    if (u->chunks.count != 0) {
        jsonw_key_cstr(&w, "kept", u->chunks.name);
        jsonw_key_int(&w, "chunks", (int64_t)u->chunks.count);
    }
    if (a->file_count != 0)
        write_file(&w, &a->files[0], u->step == UPLOAD_ANNOUNCE);
    else
        jsonw_key_str_if(&w, "id", u->id);
    if (u->other_id.n != 0)
        jsonw_key_str(&w, "other_id", u->other_id);
    if (ex->is_blocked) {
        jsonw_key_str(&w, "rule", a->rule);
        jsonw_key_str(&w, "reason", a->reason);
    }
    write_findings(&w, &a->findings);
    jsonw_close(&w);
}

/* ---- reading ----------------------------------------------------------- */

static struct str later(
    const struct json_node *line, const char *key, struct str earlier)
{
    struct str text = json_get_text(line, key);
    return text.n != 0 ? text : earlier;
}

static void read_int(
    const struct json_node *line, const char *key, int64_t *value)
{
    int64_t number;
    if (json_int(json_get(line, key), &number) == OK && number >= 0)
        *value = number;
}

/* Whose it is, only who announced it can tell: calls to a cloud's storage say
 * nothing about that. */
static void read_actor(const struct json_node *line, struct actor *actor)
{
    if (actor->account.n == 0) {
        actor->user = later(line, "user", actor->user);
        actor->source = later(line, "source", actor->source);
    }
    actor->account = later(line, "account", actor->account);
    actor->workspace = later(line, "workspace", actor->workspace);
    actor->device = later(line, "device", actor->device);
}

static void read_line(const struct json_node *line, struct upload_known *known)
{
    bool is_piece = json_get(line, "piece") != NULL;
    known->has_pieces = known->has_pieces || is_piece;
    if (!is_piece || known->name.n == 0)
        known->name = later(line, "name", known->name);
    if (!is_piece || known->declared_type.n == 0)
        known->declared_type =
            later(line, "declared_type", known->declared_type);
    known->id = later(line, "id", known->id);
    known->project_id = later(line, "project_id", known->project_id);
    known->rule = later(line, "rule", known->rule);
    known->reason = later(line, "reason", known->reason);
    read_int(line, "size", &known->size);
    read_int(line, "end", &known->end);
    read_actor(line, &known->actor);
    const struct json_node *findings = json_get(line, "findings");
    if (findings != NULL && findings->first != NULL &&
        known->finding_lines < UPLOAD_FINDINGS_MAX)
        known->findings[known->finding_lines++] = findings;
    if (is_piece)
        return;
    known->type = later(line, "type", known->type);
    known->sha256 = later(line, "sha256", known->sha256);
    known->text = later(line, "text", known->text);
    known->kept_name = later(line, "kept", known->kept_name);
    read_int(line, "bytes", &known->bytes);
}

void upload_read_facts(
    struct str lines, struct arena *arena, struct upload_known *known)
{
    struct str text;
    known->size = known->bytes = known->end = -1;
    while (str_split(&lines, '\n', &text)) {
        struct json_node *line;
        if (json_parse(text, arena, NULL, &line) == OK)
            read_line(line, known);
    }
}

static struct str decoded(
    struct arena *arena, const struct json_node *line, const char *key)
{
    struct buf bytes = {0};
    struct str copy = STR_NONE;
    if (base64_decode(json_get_text(line, key), &bytes) == OK)
        copy = arena_copy(arena, buf_str(&bytes));
    buf_wipe_free(&bytes);
    return copy;
}

static struct upload_piece read_piece(
    struct arena *arena, const struct json_node *line)
{
    int64_t chunks = 0;
    read_int(line, "chunks", &chunks);
    struct upload_piece piece = {.id = json_get_text(line, "piece"),
        .type = json_get_text(line, "type"),
        .sha256 = json_get_text(line, "sha256"),
        .bytes = -1,
        .is_whole = json_is_true(json_get(line, "whole")),
        .data = decoded(arena, line, "data"),
        .tail = decoded(arena, line, "tail"),
        .kept_name = json_get_text(line, "kept"),
        .chunk_count = (size_t)chunks,
        .sum_after = json_get_text(line, "sum_after"),
        .sum_name = json_get_text(line, "sum_name"),
        .sum_state = decoded(arena, line, "sum_state"),
        .sum_from = -1,
        .findings = json_get(line, "findings")};
    read_int(line, "bytes", &piece.bytes);
    read_int(line, "sum_from", &piece.sum_from);
    return piece;
}

size_t upload_read_pieces(
    struct str lines, struct arena *arena, struct upload_piece *pieces)
{
    struct str text;
    size_t n = 0;
    while (str_split(&lines, '\n', &text)) {
        struct json_node *line;
        if (json_parse(text, arena, NULL, &line) != OK ||
            json_get_text(line, "piece").n == 0)
            continue;
        struct upload_piece piece = read_piece(arena, line);
        size_t i = 0;
        while (i < n && !str_eq(pieces[i].id, piece.id))
            i++;
        if (i == UPLOAD_PIECES_MAX)
            break;
        pieces[i] = piece; /* sent again: the later one is the piece */
        n += i == n;
    }
    return n;
}

static enum level read_level(const struct json_node *node, const char *key)
{
    int64_t level = 0;
    read_int(node, key, &level);
    return level <= LEVEL_HIGH ? (enum level)level : LEVEL_NONE;
}

void upload_adopt_findings(
    struct activity *a, const struct json_node *list, size_t shift)
{
    struct arena *arena = &a->findings.arena;
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next) {
        struct finding *f = findings_add(&a->findings);
        int64_t start = 0, end = 0, count = 1;
        if (f == NULL)
            return;
        read_int(c, "start", &start);
        read_int(c, "end", &end);
        read_int(c, "count", &count);
        *f = (struct finding){
            .detector = arena_copy(arena, json_get_text(c, "detector")),
            .type = arena_copy(arena, json_get_text(c, "type")),
            .group = arena_copy(arena, json_get_text(c, "group")),
            .confidence = read_level(c, "confidence"),
            .severity = read_level(c, "severity"),
            .where = WHERE_FILE,
            .count = (size_t)count,
            .sample = arena_copy(arena, json_get_text(c, "sample")),
            .start = (size_t)start + shift,
            .end = (size_t)end + shift,
        };
        (void)!str_to_u64(json_get_text(c, "hash"), &f->value_hash);
    }
}
