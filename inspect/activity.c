/*
 * Activities: made by inspect/exchange.c, written here as the JSON of the
 * contract.  Findings stay unfolded in memory, because the sample must have
 * every single span masked; they are folded (equal value in the same source)
 * only as they are written.
 */
#include "inspect/activity.h"

#include <string.h>

#include "base/digest.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/evidence.h"

enum {
    SAMPLE_BYTES = 120,     /* contract, `capture: sample` */
    FINDINGS_WRITTEN = 256, /* lines after folding; the rest is counted */
};

static const char MASK[] = "\xe2\x80\xa2"; /* U+2022 */

const char *level_name(enum level level)
{
    static const char *const names[] = {NULL, "low", "medium", "high"};
    return names[level];
}

const char *where_name(enum where where)
{
    static const char *const names[] = {
        "prompt", "answer", "hidden", "file", "file-name", "url", "draft"};
    return names[where];
}

const char *verdict_name(enum verdict_kind kind)
{
    static const char *const names[] = {
        "allow", "alert", "coach", "redact", "block"};
    return names[kind];
}

struct finding *findings_add(struct findings *f)
{
    if (f->count == FINDINGS_MAX) {
        f->is_capped = true;
        return NULL;
    }
    if (f->count == f->cap) {
        f->cap = f->cap == 0 ? 8 : f->cap * 2;
        f->items = mem_realloc(f->items, f->cap * sizeof *f->items);
    }
    struct finding *finding = &f->items[f->count++];
    f->floor = 0;
    *finding = (struct finding){0};
    return finding;
}

void findings_free(struct findings *f)
{
    mem_free(f->items);
    arena_free(&f->arena);
    *f = (struct findings){0};
}

struct activity *activity_new(void)
{
    struct activity *a = MEM_NEW(struct activity);
    clock_uuid7(a->id);
    a->time_ms = clock_wall_ms();
    a->request_bytes = -1;
    a->response_bytes = -1;
    return a;
}

void activity_free(struct activity **activity)
{
    struct activity *a = *activity;
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->file_count; i++)
        buf_wipe_free(&a->files[i].text);
    mem_free(a->files);
    activity_free_facts(a);
    buf_wipe_free(&a->content);
    buf_wipe_free(&a->hidden);
    findings_free(&a->findings);
    evidence_free(&a->evidence);
    buf_free(&a->sealed);
    arena_free(&a->arena);
    mem_free(a);
    *activity = NULL;
}

struct activity_file *activity_add_file(struct activity *a)
{
    a->files = mem_realloc(a->files, (a->file_count + 1) * sizeof *a->files);
    struct activity_file *file = &a->files[a->file_count++];
    *file = (struct activity_file){.bytes = -1};
    return file;
}

/* ---- categories ---------------------------------------------------- */

/* Contract, "category"; administrative ones by facts/openai-admin.md §7.1.
 * First match decides. */
static const struct {
    const char *glob, *category;
} CATEGORIES[] = {
    {"*_with_file.created", "Data Upload"},
    {"*_with_file.updated", "Data Upload"},
    {"file.uploaded", "Data Upload"},
    {"prompt*", "Service Usage"},
    {"*.downloaded", "Data Download"},
    {"*.exported", "Data Download"},
    {"response*", "Service Usage"},
    {"tool.*", "Service Usage"},
    {"audio.transcribed", "Service Usage"},
    {"feedback.sent", "Service Usage"},
    {"service.unclassified", "Service Usage"},
    {"conversation.shared", "Data Sharing"},
    {"conversation.deleted", "Data Delete"},
    {"conversation.viewed", "Data Access"},
    {"document.edited", "Data Updates"},
    {"memory.updated", "Data Updates"},
    {"instructions.updated", "Data Updates"},
    {"login.succeeded", "Login Success"},
    {"login.failed", "Login Failure"},
    {"user.added", "User Account Creation"},
    {"invite.accepted", "User Account Creation"},
    {"service_account.created", "User Account Creation"},
    {"user.deleted", "User Account Deletion"},
    {"service_account.deleted", "User Account Deletion"},
    {"*", "Administration"},
};

const char *activity_category(struct str name)
{
    size_t i = 0;
    while (!str_glob(str_of(CATEGORIES[i].glob), name, 0))
        i++;
    return CATEGORIES[i].category;
}

/* ---- text ---------------------------------------------------------- */

static bool is_of(enum where where, bool is_file)
{
    if (is_file)
        return where == WHERE_FILE;
    return where == WHERE_PROMPT || where == WHERE_ANSWER ||
           where == WHERE_DRAFT || where == WHERE_URL;
}

static bool is_found(
    const struct findings *f, bool is_file, size_t from, size_t to)
{
    for (size_t i = 0; i < f->count; i++)
        if (is_of(f->items[i].where, is_file) && f->items[i].start < to &&
            f->items[i].end > from)
            return true;
    return false;
}

/* The first characters, each one that a finding touches as a bullet. */
static void write_sample(
    struct jsonw *w, const struct activity *a, struct str text, bool is_file)
{
    struct buf sample = {0};
    for (size_t i = 0; i < text.n;) {
        size_t length = utf8_length(str_sub(text, i, text.n));
        struct str piece = str_sub(text, i, i + length);
        if (length == 0) {
            length = 1;
            piece = STR("\xef\xbf\xbd");
        }
        if (is_found(&a->findings, is_file, i, i + length))
            piece = str_of(MASK);
        if (sample.n + piece.n > SAMPLE_BYTES)
            break;
        buf_append_str(&sample, piece);
        i += length;
    }
    jsonw_key_str(w, "sample", buf_str(&sample));
    buf_free(&sample);
}

static void write_words(struct jsonw *w, const struct activity *a,
    struct str text, bool is_file, enum capture capture)
{
    char hex[DIGEST_HEX_BYTES];
    digest_sha256_hex(text, hex);
    jsonw_key_cstr(w, "sha256", hex);
    /* With spans unknown nothing can be masked: no sample then.  Findings do
     * not say which one of several files they are in. */
    bool knows_spans = !a->findings.is_capped && !a->findings.is_incomplete &&
                       (!is_file || a->file_count == 1);
    if (capture != CAPTURE_NONE && knows_spans)
        write_sample(w, a, text, is_file);
    if (capture == CAPTURE_FULL)
        jsonw_key_str(w, "content", text);
}

static void write_text(
    struct jsonw *w, const struct activity *a, enum capture capture)
{
    if (a->content.n == 0 && (a->hidden.n == 0 || capture != CAPTURE_FULL))
        return;
    jsonw_key(w, "text");
    jsonw_object(w);
    jsonw_key_int(w, "bytes", (int64_t)a->content.n);
    if (a->content.n != 0)
        write_words(w, a, buf_str(&a->content), false, capture);
    if (capture == CAPTURE_FULL && a->hidden.n != 0)
        jsonw_key_str(w, "hidden", buf_str(&a->hidden));
    jsonw_close(w);
}

static void write_file_text(struct jsonw *w, const struct activity *a,
    const struct activity_file *file, enum capture capture)
{
    if (file->text.n == 0)
        return;
    jsonw_key(w, "text");
    jsonw_object(w);
    jsonw_key_int(w, "bytes", (int64_t)file->text.n);
    write_words(w, a, buf_str(&file->text), true, capture);
    jsonw_close(w);
}

static void write_files(
    struct jsonw *w, const struct activity *a, enum capture capture)
{
    if (a->file_count == 0)
        return;
    jsonw_key(w, "files");
    jsonw_array(w);
    for (size_t i = 0; i < a->file_count; i++) {
        const struct activity_file *file = &a->files[i];
        jsonw_object(w);
        jsonw_key_str_if(w, "id", file->id);
        jsonw_key_str_if(w, "name", file->name);
        if (file->bytes >= 0)
            jsonw_key_int(w, "bytes", file->bytes);
        jsonw_key_str_if(w, "type", file->type);
        jsonw_key_str_if(w, "declared_type", file->declared_type);
        jsonw_key_str_if(w, "sha256", file->sha256);
        write_file_text(w, a, file, capture);
        jsonw_close(w);
    }
    jsonw_close(w);
}

/* ---- findings ------------------------------------------------------ */

static bool is_same(const struct finding *a, const struct finding *b)
{
    return a->value_hash == b->value_hash && a->where == b->where &&
           str_eq(a->detector, b->detector);
}

/* Equal values in one source become one line at the first one's place. */
static size_t fold(const struct findings *f, struct finding *folded)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *finding = &f->items[i];
        size_t count = finding->count != 0 ? finding->count : 1;
        size_t j = 0;
        while (j < n && !is_same(&folded[j], finding))
            j++;
        if (j < n) {
            folded[j].count += count;
            if (folded[j].similarity < finding->similarity)
                folded[j].similarity = finding->similarity;
        } else if (n < FINDINGS_WRITTEN) {
            folded[n] = *finding;
            folded[n++].count = count;
        }
    }
    return n;
}

static void write_finding(struct jsonw *w, const struct finding *f)
{
    jsonw_object(w);
    jsonw_key_str(w, "detector", f->detector);
    jsonw_key_str_if(w, "type", f->type);
    jsonw_key_str_if(w, "group", f->group);
    jsonw_key_int(w, "count", (int64_t)f->count);
    if (f->confidence != LEVEL_NONE)
        jsonw_key_cstr(w, "confidence", level_name(f->confidence));
    if (f->severity != LEVEL_NONE)
        jsonw_key_cstr(w, "severity", level_name(f->severity));
    jsonw_key_cstr(w, "where", where_name(f->where));
    jsonw_key_str_if(w, "sample", f->sample);
    jsonw_key_int(w, "start", (int64_t)f->start);
    jsonw_key_int(w, "end", (int64_t)f->end);
    if (f->document.n > 0) {
        jsonw_key_str(w, "document", f->document);
        jsonw_key_int(w, "similarity", f->similarity);
    }
    jsonw_close(w);
}

void activity_write_findings(const struct findings *findings, struct jsonw *w)
{
    if (findings->count == 0)
        return;
    struct finding *folded =
        mem_calloc(FINDINGS_WRITTEN, sizeof(struct finding));
    size_t n = fold(findings, folded);
    jsonw_key(w, "findings");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        write_finding(w, &folded[i]);
    jsonw_close(w);
    if (findings->is_capped || n == FINDINGS_WRITTEN)
        jsonw_key_bool(w, "findings_capped", true);
    mem_free(folded);
}

/* ---- the rest ------------------------------------------------------ */

static void write_actor(struct jsonw *w, const struct actor *actor)
{
    jsonw_key(w, "actor");
    jsonw_object(w);
    jsonw_key_str_if(w, "user", actor->user);
    jsonw_key_str_if(w, "source", actor->source);
    jsonw_key_str_if(w, "ip", actor->ip);
    jsonw_key_str_if(w, "account", actor->account);
    jsonw_key_str_if(w, "workspace", actor->workspace);
    jsonw_key_str_if(w, "device", actor->device);
    jsonw_key_str_if(w, "user_id", actor->user_id);
    jsonw_key_str_if(w, "plan", actor->plan);
    jsonw_close(w);
}

/* What a log tells came by no exchange that was seen. */
static void write_http(struct jsonw *w, const struct activity *a)
{
    if (a->http_method.n + a->http_host.n + a->http_path.n == 0)
        return;
    jsonw_key(w, "http");
    jsonw_object(w);
    jsonw_key_str_if(w, "method", a->http_method);
    jsonw_key_str_if(w, "host", a->http_host);
    jsonw_key_str_if(w, "path", a->http_path);
    if (a->http_status != 0)
        jsonw_key_int(w, "status", a->http_status);
    if (a->http_version != NULL)
        jsonw_key_cstr(w, "version", a->http_version);
    if (a->request_bytes >= 0)
        jsonw_key_int(w, "request_bytes", a->request_bytes);
    if (a->response_bytes >= 0)
        jsonw_key_int(w, "response_bytes", a->response_bytes);
    jsonw_close(w);
}

static void write_head(struct jsonw *w, const struct activity *a)
{
    char time[CLOCK_TEXT_BYTES];
    clock_format(a->time_ms, time);
    jsonw_key_cstr(w, "id", a->id);
    jsonw_key_cstr(w, "time", time);
    jsonw_key_str_if(w, "node", a->node);
    jsonw_key_str_if(w, "via", a->via);
    jsonw_key_str_if(w, "service", a->service);
    jsonw_key_str(w, "activity", a->name);
    jsonw_key_cstr(w, "category", activity_category(a->name));
    if (a->outcome != OUTCOME_UNKNOWN)
        jsonw_key_cstr(w, "outcome",
            a->outcome == OUTCOME_SUCCESS ? "success" : "failure");
    write_actor(w, &a->actor);
}

static void write_ids(struct jsonw *w, const struct activity *a)
{
    jsonw_key_str_if(w, "conversation_id", a->conversation_id);
    jsonw_key_str_if(w, "message_id", a->message_id);
    jsonw_key_str_if(w, "parent_message_id", a->parent_message_id);
    jsonw_key_str_if(w, "model", a->model);
    jsonw_key_str_if(w, "project_id", a->project_id);
    jsonw_key_str_if(w, "update", a->update);
    jsonw_key_str_if(w, "reply_to", a->reply_to);
    if (a->attempts > 1)
        jsonw_key_int(w, "attempts", a->attempts);
    if (a->has_complete)
        jsonw_key_bool(w, "complete", a->complete);
}

static void write_target(struct jsonw *w, const struct activity_target *target)
{
    jsonw_object(w);
    jsonw_key_str_if(w, "type", target->type);
    jsonw_key_str_if(w, "id", target->id);
    jsonw_key_str_if(w, "name", target->name);
    jsonw_close(w);
}

/* `target` for one, `targets` for several. */
static void write_targets(struct jsonw *w, const struct activity *a)
{
    if (a->target_count == 0)
        return;
    if (a->target_count == 1) {
        jsonw_key(w, "target");
        write_target(w, &a->targets[0]);
        return;
    }
    jsonw_key(w, "targets");
    jsonw_array(w);
    for (size_t i = 0; i < a->target_count; i++)
        write_target(w, &a->targets[i]);
    jsonw_close(w);
}

static void write_list(
    struct jsonw *w, const char *key, const struct str *items, size_t count)
{
    jsonw_key(w, key);
    jsonw_array(w);
    for (size_t i = 0; i < count; i++)
        jsonw_str(w, items[i]);
    jsonw_close(w);
}

static void write_detail(struct jsonw *w, const struct activity_detail *detail)
{
    switch (detail->kind) {
    case DETAIL_TEXT:
        jsonw_key_str(w, detail->key, detail->text);
        return;
    case DETAIL_NUMBER:
        jsonw_key_int(w, detail->key, detail->number);
        return;
    case DETAIL_BOOL:
        jsonw_key_bool(w, detail->key, detail->number != 0);
        return;
    case DETAIL_LIST:
        write_list(w, detail->key, detail->items, detail->item_count);
        return;
    }
}

static void write_facts(struct jsonw *w, const struct activity *a)
{
    write_targets(w, a);
    if (a->change_count != 0)
        write_list(w, "changes", a->changes, a->change_count);
    if (a->detail_count == 0 && !a->is_opaque)
        return;
    jsonw_key(w, "details");
    jsonw_object(w);
    if (a->is_opaque)
        jsonw_key_bool(w, "inspectable", false);
    for (size_t i = 0; i < a->detail_count; i++)
        write_detail(w, &a->details[i]);
    jsonw_close(w);
}

static void write_verdict(struct jsonw *w, const struct activity *a)
{
    jsonw_key_cstr(w, "verdict", verdict_name(a->verdict));
    if (a->is_monitored)
        jsonw_key_cstr(w, "mode", "monitor");
    jsonw_key_str_if(w, "rule", a->rule);
    jsonw_key_str_if(w, "reason", a->reason);
    if (a->severity != LEVEL_NONE)
        jsonw_key_cstr(w, "severity", level_name(a->severity));
    jsonw_key_str_if(w, "failure", a->failure);
}

void activity_write(
    const struct activity *a, enum capture capture, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    write_head(&w, a);
    write_ids(&w, a);
    write_text(&w, a, capture);
    write_files(&w, a, capture);
    write_facts(&w, a);
    activity_write_findings(&a->findings, &w);
    write_verdict(&w, a);
    write_http(&w, a);
    /* The storer puts these apart (store/upsert.c). */
    jsonw_key_str_if(&w, "sealed_evidence", buf_str(&a->sealed));
    if (a->sealed_names.n != 0) {
        jsonw_key(&w, "sealed_names");
        jsonw_raw(&w, a->sealed_names);
    }
    jsonw_close(&w);
}
