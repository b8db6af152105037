/*
 * The storer's core (store/storer.h): datagrams in, one write, answers out.
 *
 * GONE entries are appended behind the records of their batch, and stay due
 * until an append succeeds.  A record of an origin that has already been
 * declared gone (it was still in the socket) has its GONE repeated behind it.
 */
#include "store/storer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "store/cursor.h"
#include "store/alert_rules.h"
#include "store/indexer.h"

enum {
    LOCK_WAIT_MS = 5000,    /* the storer before may still be ending */
    BATCH_BYTES = 16 << 20, /* written before more is taken in */
    GONE_REMEMBERED = 1024,
};

struct waiting { /* an answer that is due */
    unsigned peer;
    uint64_t token;
    enum err err;
    struct buf text;
};

struct storer {
    char *folder;
    struct journal *journal;
    struct indexer *indexer; /* from storer_begin on */
    struct retain_options retention;
    struct alert_rules *alerts;
    bool fsync_group;
    bool is_failing; /* the last append failed: said once */
    struct buf batch, gone;
    struct waiting *waiting;
    size_t waiting_count, waiting_cap;
    size_t undecided; /* waiting[undecided…] are in the batch */
    uint64_t gone_origins[GONE_REMEMBERED]; /* a ring */
    size_t gone_count;
};

static enum err check_database(struct str folder)
{
    struct buf path = {0};
    buf_printf(&path, "%.*s/store.db", STR_ARG(folder));
    enum err err = OK;
    if (access(buf_cstr(&path), W_OK) != 0 && errno != ENOENT) {
        log_event(LOG_ERROR, "store.cannot-write",
            LOG_STR("file", buf_str(&path)),
            LOG_CSTR("error", strerror(errno)));
        err = ERR_IO;
    }
    buf_free(&path);
    return err;
}

enum err storer_open(
    const struct storer_options *options, struct storer **storer_out)
{
    struct storer *s = MEM_NEW(struct storer);
    s->folder = mem_memdup0(options->folder.p, options->folder.n);
    storer_set_options(s, options);
    db_prepare_process();
    enum err err = check_database(options->folder);
    if (err == OK)
        err = journal_open(options->folder, LOCK_WAIT_MS, &s->journal);
    if (err != OK)
        storer_close(&s);
    *storer_out = s;
    return err;
}

void storer_set_options(struct storer *s, const struct storer_options *options)
{
    s->fsync_group = options->fsync_group;
    s->retention = (struct retain_options){
        options->retention_days, options->retention_bytes, options->wait_ms};
    struct alert_rules *before = s->alerts;
    s->alerts = alert_rules_ref(options->alerts);
    alert_rules_unref(&before);
    if (s->indexer == NULL)
        return;
    indexer_set_options(s->indexer, &s->retention);
    indexer_set_alerts(s->indexer, s->alerts);
}

/* ---- appending ---- */

static void note_result(
    struct storer *s, enum err err, size_t records, size_t bytes)
{
    if (err == OK) {
        stats_add(STAT_JOURNAL_RECORDS, (int64_t)records);
        stats_add(STAT_JOURNAL_BYTES, (int64_t)bytes);
    } else {
        stats_add(STAT_JOURNAL_FAILURES, 1);
    }
    if (err != OK && !s->is_failing)
        log_event(LOG_ERROR, "journal.append-failed",
            LOG_CSTR("error", strerror(errno)), LOG_INT("records", records),
            LOG_INT("bytes", bytes));
    if (err == OK && s->is_failing)
        log_event(LOG_WARN, "journal.usable-again");
    s->is_failing = err != OK;
}

static void flush(struct storer *s)
{
    size_t records = s->waiting_count - s->undecided;
    buf_append_str(&s->batch, buf_str(&s->gone));
    if (s->batch.n == 0)
        return;
    enum err err =
        journal_append(s->journal, buf_str(&s->batch), s->fsync_group);
    note_result(s, err, records, s->batch.n);
    for (; s->undecided < s->waiting_count; s->undecided++)
        s->waiting[s->undecided].err = err;
    buf_clear(&s->batch);
    if (err != OK)
        return;
    buf_clear(&s->gone);
    if (s->indexer != NULL)
        indexer_wake(s->indexer);
}

static void wait_for(struct storer *s, unsigned peer, uint64_t token)
{
    if (s->waiting_count == s->waiting_cap) {
        s->waiting_cap = s->waiting_cap != 0 ? s->waiting_cap * 2 : 64;
        s->waiting =
            mem_realloc(s->waiting, s->waiting_cap * sizeof *s->waiting);
    }
    s->waiting[s->waiting_count++] = (struct waiting){peer, token, OK, {0}};
}

/* An answer that the batch does not decide: flush what is before it. */
static void refuse(
    struct storer *s, unsigned peer, uint64_t token, enum err err)
{
    flush(s);
    wait_for(s, peer, token);
    s->waiting[s->waiting_count - 1].err = err;
    s->undecided = s->waiting_count;
}

static bool is_gone(const struct storer *s, uint64_t origin)
{
    size_t n =
        s->gone_count < GONE_REMEMBERED ? s->gone_count : GONE_REMEMBERED;
    for (size_t i = 0; i < n; i++)
        if (s->gone_origins[i] == origin)
            return true;
    return false;
}

static void append_gone(struct storer *s, uint64_t origin)
{
    struct journal_entry entry = {.kind = STORE_GONE, .origin = origin};
    journal_entry_encode(&entry, &s->gone);
    if (!is_gone(s, origin))
        s->gone_origins[s->gone_count++ % GONE_REMEMBERED] = origin;
}

/* ---- datagrams ---- */

/* The worker wrote the memfd; without the seals it could shrink it under our
 * hands. */
static enum err map_payload(int fd, size_t bytes, struct str *out)
{
    struct stat st;
    int need = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & need) != need)
        return ERR_DENIED;
    if (fstat(fd, &st) != 0 || (uint64_t)st.st_size != bytes)
        return ERR_PARSE;
    void *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return ERR_IO;
    *out = str_make(p, bytes);
    return OK;
}

static void add_record(struct storer *s, unsigned peer,
    const struct store_request *request, struct str json)
{
    struct journal_entry entry = {
        .kind = request->kind, .origin = request->origin, .json = json};
    memcpy(entry.id, request->id, sizeof entry.id);
    journal_entry_encode(&entry, &s->batch);
    wait_for(s, peer, request->token);
    if (is_gone(s, request->origin))
        append_gone(s, request->origin);
}

static void answer_cursor(
    struct storer *s, unsigned peer, const struct store_request *request)
{
    refuse(s, peer, request->token, OK); /* no record: nothing decides it */
    struct buf *text = &s->waiting[s->waiting_count - 1].text;
    cursor_get(str_of(s->folder), request->json, text);
    buf_truncate(text, text->n <= STORE_INLINE_MAX ? text->n : 0);
}

static enum err take_request(struct storer *s, unsigned peer,
    const struct store_request *request, int memfd)
{
    struct str json = request->json;
    bool is_external = request->json.n == 0 && request->json_bytes > 0;
    if (is_external != (memfd >= 0))
        return ERR_PARSE;
    if (request->kind == STORE_GONE) {
        append_gone(s, request->origin);
        return OK;
    }
    if (request->kind == STORE_ASK_CURSOR) {
        if (is_external || request->json.n > CURSOR_NAME_BYTES_MAX)
            return ERR_PARSE;
        answer_cursor(s, peer, request);
        return OK;
    }
    enum err err = OK;
    if (is_external)
        err = map_payload(memfd, request->json_bytes, &json);
    if (err != OK)
        return err;
    add_record(s, peer, request, json);
    if (is_external)
        munmap((void *)(uintptr_t)json.p, json.n);
    return OK;
}

void storer_handle(struct storer *s, unsigned peer, enum storer_peer kind,
    struct str datagram, int memfd)
{
    struct store_request request;
    enum err err = store_request_decode(datagram, &request);
    bool is_audit = request.kind == STORE_AUDIT;
    if (err == OK && kind != STORER_COMMAND &&
        is_audit != (kind == STORER_CONSOLE))
        err = ERR_DENIED;
    if (err == OK)
        err = take_request(s, peer, &request, memfd);
    if (memfd >= 0)
        close(memfd);
    if (err != OK) {
        log_event(LOG_ERROR, "store.bad-request", LOG_INT("peer", peer),
            LOG_CSTR("reason", err_name(err)), LOG_INT("bytes", datagram.n));
        if (request.token != 0)
            refuse(s, peer, request.token, err);
    }
    if (s->batch.n >= BATCH_BYTES)
        flush(s);
}

void storer_commit(struct storer *s, storer_emit_fn *emit, void *context)
{
    struct buf answer = {0};
    flush(s);
    for (size_t i = 0; i < s->waiting_count; i++) {
        struct waiting *w = &s->waiting[i];
        struct store_answer a = {w->token, w->err, buf_str(&w->text)};
        buf_clear(&answer);
        store_answer_encode(&a, &answer);
        emit(context, w->peer, buf_str(&answer));
        buf_free(&w->text);
    }
    s->waiting_count = s->undecided = 0;
    buf_free(&answer);
}

/* ---- origins ---- */

void storer_begin(struct storer *s, const uint64_t *live, size_t count)
{
    struct buf json = {0};
    struct jsonw w = {.out = &json};
    char text[24];
    jsonw_array(&w);
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%" PRIu64, live[i]);
        jsonw_str(&w, str_of(text));
    }
    jsonw_close(&w);
    struct journal_entry entry = {.kind = STORE_GONE, .json = buf_str(&json)};
    journal_entry_encode(&entry, &s->gone);
    buf_free(&json);
    flush(s);
    if (s->indexer == NULL)
        s->indexer = indexer_start(
            str_of(s->folder), s->journal, &s->retention, s->alerts);
}

void storer_origin_gone(struct storer *s, uint64_t origin)
{
    append_gone(s, origin);
    flush(s);
}

void storer_close(struct storer **storer)
{
    struct storer *s = *storer;
    if (s == NULL)
        return;
    if (s->journal != NULL)
        flush(s);
    indexer_stop(&s->indexer);
    alert_rules_unref(&s->alerts);
    journal_close(&s->journal);
    buf_free(&s->batch);
    buf_free(&s->gone);
    mem_free(s->waiting);
    mem_free(s->folder);
    mem_free(s);
    *storer = NULL;
}
