/*
 * Steps, retries and alarms, the same for both kinds of feed.
 */
#include "proxy/feed_parts.h"

#include <string.h>
#define HASH_NONFATAL_OOM 0
#include <uthash.h>

#include "base/mem.h"

enum { SKEW_MS = 60000, ID_BYTES = 16 };

struct feed_id {
    uint8_t hash[ID_BYTES];
    unsigned mark;
    UT_hash_handle hh;
};

const char *feed_alarm_text(enum feed_alarm alarm)
{
    static const char *const texts[] = {"fine",
        "not one event was ever seen: is the log switched on there?",
        "the clocks differ by more than a minute",
        "some of it was refused, is gone or too large",
        "an answer could not be read, or its pages go in a circle",
        "does not answer, or not well", "the key is not accepted"};
    return texts[alarm];
}

struct feed *feed_new(const struct feed_options *options)
{
    struct feed *f = MEM_NEW(struct feed);
    f->options = options;
    return f;
}

static void forget_ids(struct feed *f)
{
    struct feed_id *id, *next;
    HASH_ITER(hh, f->seen, id, next)
    {
        HASH_DEL(f->seen, id);
        mem_free(id);
    }
    f->seen_count = 0;
}

void feed_free(struct feed **feed)
{
    struct feed *f = *feed;
    if (f == NULL)
        return;
    forget_ids(f);
    buf_free(&f->url);
    buf_free(&f->body);
    arena_free(&f->arena);
    buf_free(&f->audit.after);
    compliance_free(f);
    mem_free(f);
    *feed = NULL;
}

bool feed_has_id(const struct feed *f, struct str text)
{
    uint8_t digest[DIGEST_BYTES];
    struct feed_id *id;
    digest_sha256(text, digest);
    HASH_FIND(hh, f->seen, digest, ID_BYTES, id);
    return id != NULL;
}

bool feed_note_id(
    struct feed *f, struct str text, unsigned mark, bool *in_query_out)
{
    uint8_t digest[DIGEST_BYTES];
    struct feed_id *id;
    digest_sha256(text, digest);
    HASH_FIND(hh, f->seen, digest, ID_BYTES, id);
    *in_query_out = id != NULL && id->mark == mark;
    if (id != NULL) {
        id->mark = mark;
        return false;
    }
    if (f->seen_count >= FEED_SEEN_MAX) { /* the oldest leaves */
        struct feed_id *oldest = f->seen;
        HASH_DEL(f->seen, oldest);
        mem_free(oldest);
        f->seen_count--;
    }
    id = MEM_NEW(struct feed_id);
    memcpy(id->hash, digest, ID_BYTES);
    id->mark = mark;
    HASH_ADD(hh, f->seen, hash, ID_BYTES, id);
    f->seen_count++;
    return true;
}

/* ---- a run -------------------------------------------------------------- */

void feed_raise(struct feed *f, enum feed_alarm alarm)
{
    if (alarm > f->worst)
        f->worst = alarm;
}

void feed_get(struct feed *f)
{
    f->state = FEED_GET;
    f->tries = 0;
    f->is_retry = false;
}

void feed_put(struct feed *f)
{
    f->state = FEED_PUT;
    f->event_at = 0;
}

void feed_end_run(struct feed *f, bool is_good, int64_t now_ms)
{
    f->runs++;
    f->failed_runs += !is_good;
    if (is_good && !f->has_seen)
        feed_raise(f, FEED_NEVER_SEEN);
    if (!is_good) /* what was put is put again: it may not be durable */
        forget_ids(f);
    f->alarm = f->worst;
    f->state = FEED_REST;
    f->is_retry = false;
    f->wake_ms = now_ms + f->options->interval_ms;
    buf_free(&f->body);
}

void feed_retry(struct feed *f, enum feed_alarm alarm, int64_t retry_after_ms,
    int64_t now_ms)
{
    unsigned tries = f->options->tries != 0 ? f->options->tries : FEED_TRIES;
    int64_t wait = (int64_t)FEED_BACKOFF_MS << (f->tries < 10 ? f->tries : 10);
    if (retry_after_ms > FEED_RETRY_AFTER_MAX_MS)
        retry_after_ms = FEED_RETRY_AFTER_MAX_MS;
    if (++f->tries >= tries) {
        feed_raise(f, alarm); /* what a further try mends is none */
        /* One type that fails there is no reason to leave the others. */
        if (f->options->kind == FEED_COMPLIANCE &&
            (f->last_status >= 500 || f->last_status == 200)) {
            compliance_give_up(f, now_ms);
            return;
        }
        feed_end_run(f, false, now_ms);
        if (retry_after_ms > f->options->interval_ms)
            f->wake_ms = now_ms + retry_after_ms;
        return;
    }
    if (wait > FEED_BACKOFF_MAX_MS)
        wait = FEED_BACKOFF_MAX_MS;
    f->state = FEED_REST;
    f->is_retry = true;
    f->wake_ms = now_ms + (retry_after_ms >= 0 ? retry_after_ms : wait);
}

static void begin_run(struct feed *f, int64_t now_ms)
{
    f->worst = FEED_FINE;
    if (f->options->kind == FEED_AUDIT)
        audit_begin(f, now_ms);
    else
        compliance_begin(f, now_ms);
}

void feed_start(struct feed *f, struct str cursor, int64_t now_ms)
{
    struct arena arena = {0};
    struct json_node *root = NULL;
    if (cursor.n != 0 && json_parse(cursor, &arena, NULL, &root) != OK)
        root = NULL;
    f->has_seen = json_is_true(json_get(root, "seen"));
    if (f->options->kind == FEED_AUDIT)
        audit_load(f, root, now_ms);
    else
        compliance_load(f, root, now_ms);
    f->is_fresh = root == NULL;
    arena_free(&arena);
    f->state = FEED_REST;
    f->is_retry = false;
    f->wake_ms = now_ms;
}

enum feed_state feed_step(struct feed *f, int64_t now_ms)
{
    if (f->state != FEED_REST || now_ms < f->wake_ms)
        return f->state;
    if (f->is_retry)
        f->state = FEED_GET;
    else if (f->is_fresh)
        f->state = FEED_SAVE;
    else
        begin_run(f, now_ms);
    return f->state;
}

int64_t feed_wake_ms(const struct feed *f)
{
    return f->wake_ms;
}

void feed_request(const struct feed *f, struct feed_request *out)
{
    *out = (struct feed_request){buf_str(&f->url), f->has_key, f->bytes_max};
}

/* ---- what comes back ---- */

static bool skips(struct feed *f, int status, int64_t now_ms)
{
    return f->options->kind == FEED_AUDIT
               ? (status == 400 || status == 404 || status == 422) &&
                     audit_skips(f, now_ms)
               : compliance_skips(f, status, now_ms);
}

static void on_refusal(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    bool is_denied = reply->status == 401 || reply->status == 403;
    bool is_passing = reply->status == 0 || reply->status == 408 ||
                      reply->status == 409 || reply->status == 429 ||
                      reply->status >= 500;
    if (reply->should_retry >= 0)
        is_passing = reply->should_retry != 0;
    if (is_denied && f->has_key && reply->should_retry <= 0) {
        feed_raise(f, FEED_DENIED);
        feed_end_run(f, false, now_ms);
    } else if (is_passing) {
        feed_retry(f, FEED_UNREACHABLE, reply->retry_after_ms, now_ms);
    } else if (!skips(f, reply->status, now_ms)) {
        feed_raise(f, FEED_BROKEN);
        feed_end_run(f, false, now_ms);
    }
}

void feed_on_reply(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    if (f->state != FEED_GET)
        return;
    int64_t skew = reply->date_ms - now_ms;
    f->last_status = reply->status;
    if (reply->date_ms != 0 && (skew > SKEW_MS || skew < -SKEW_MS))
        feed_raise(f, FEED_SKEW);
    bool is_redirect = reply->status >= 301 && reply->status <= 308 &&
                       f->options->kind == FEED_COMPLIANCE;
    if (reply->status != 200 && !is_redirect) {
        on_refusal(f, reply, now_ms);
        return;
    }
    if (f->options->kind == FEED_COMPLIANCE) {
        compliance_on_reply(f, reply, now_ms);
        return;
    }
    buf_clear(&f->body);
    buf_append_str(&f->body, reply->body);
    audit_on_page(f, now_ms);
}

enum err feed_next_event(struct feed *f, struct str *json_out)
{
    if (f->state != FEED_PUT || f->event_at == f->event_count)
        return ERR_EOF;
    *json_out = f->events[f->event_at++];
    return OK;
}

void feed_on_put(struct feed *f, bool is_good, int64_t now_ms)
{
    if (f->state != FEED_PUT)
        return;
    if (!is_good)
        feed_end_run(f, false, now_ms);
    else if (f->options->kind == FEED_AUDIT)
        audit_after_put(f, now_ms);
    else
        compliance_after_put(f, now_ms);
}

void feed_cursor(const struct feed *f, struct buf *out)
{
    if (f->options->kind == FEED_AUDIT)
        audit_save(f, out);
    else
        compliance_save(f, out);
}

void feed_on_saved(struct feed *f, bool is_good, int64_t now_ms)
{
    if (f->state != FEED_SAVE)
        return;
    if (is_good && f->is_fresh) {
        f->is_fresh = false;
        begin_run(f, now_ms);
        return;
    }
    if (!is_good || f->options->kind == FEED_AUDIT)
        feed_end_run(f, is_good, now_ms);
    else
        compliance_after_save(f, now_ms);
}

enum feed_alarm feed_alarm(const struct feed *f)
{
    return f->alarm;
}

unsigned feed_runs(const struct feed *f)
{
    return f->runs;
}

unsigned feed_failed_runs(const struct feed *f)
{
    return f->failed_runs;
}

int feed_last_status(const struct feed *f)
{
    return f->last_status;
}
