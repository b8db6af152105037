/*
 * What was done in the console, as records for the storer: they look like
 * activities of the service `promptgate`, but are kept apart from those
 * (docs/console.md, Audit).
 */
#include "console/parts.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/audit_record.h"

enum { WAIT_SECONDS = 8, TEXT_MAX = 256 };

/* Held by the one who waits and by the role: whoever is last frees it. */
struct console_ticket {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done, is_left;
    enum err err;
    struct console_document document; /* where one was asked for */
    struct oidc_answer answer;        /* the same */
    struct buf hint;                  /* of the answer */
};

struct console_ticket *ticket_new(void)
{
    struct console_ticket *t = MEM_NEW(struct console_ticket);
    pthread_condattr_t attributes;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&t->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return t;
}

static void ticket_free(struct console_ticket *t)
{
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    buf_wipe_free(&t->document.text);
    buf_free(&t->document.where);
    buf_wipe_free(&t->hint);
    mem_free(t);
}

void console_recorded(struct console_ticket *t, enum err err)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    bool is_left = t->is_left;
    t->is_done = true;
    t->err = err;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    if (is_left)
        ticket_free(t);
}

void console_document_read(
    struct console_ticket *t, struct console_document *document)
{
    /* Nobody looks at it before it is told. */
    t->document = *document;
    *document = (struct console_document){0};
    console_recorded(t, OK);
}

void console_signed_in(
    struct console_ticket *t, const struct oidc_answer *answer)
{
    t->answer = *answer;
    buf_append_str(&t->hint, answer->hint);
    t->answer.hint = STR_NONE;
    console_recorded(t, OK);
}

bool ticket_is_done(struct console_ticket *t)
{
    pthread_mutex_lock(&t->lock);
    bool is_done = t->is_done;
    pthread_mutex_unlock(&t->lock);
    return is_done;
}

enum err ticket_take_answer(
    struct console_ticket *t, struct oidc_answer *out, struct buf *hint_out)
{
    enum err err = ERR_TIMEOUT;
    pthread_mutex_lock(&t->lock);
    bool is_done = t->is_done;
    if (is_done)
        err = t->err;
    if (err == OK) {
        *out = t->answer;
        buf_take(hint_out, &t->hint);
    }
    t->is_left = true;
    pthread_mutex_unlock(&t->lock);
    if (is_done)
        ticket_free(t);
    return err;
}

enum err ticket_wait(struct console_ticket *t, unsigned seconds)
{
    struct console_document none;
    return ticket_wait_document(t, seconds, &none);
}

enum err ticket_wait_document(
    struct console_ticket *t, unsigned seconds, struct console_document *out)
{
    *out = (struct console_document){0};
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    int code = 0;
    pthread_mutex_lock(&t->lock);
    while (!t->is_done && code == 0)
        code = pthread_cond_timedwait(&t->changed, &t->lock, &until);
    bool is_done = t->is_done;
    enum err err = is_done ? t->err : ERR_TIMEOUT;
    if (err == OK) {
        *out = t->document;
        t->document = (struct console_document){0};
    }
    t->is_left = true;
    pthread_mutex_unlock(&t->lock);
    if (is_done)
        ticket_free(t);
    return err;
}

/* ---- records ---- */

static struct str bounded(struct str text)
{
    return str_sub(text, 0, TEXT_MAX);
}

static void write_record(struct console *c, const struct request *r,
    const struct audit *audit, const char *id, struct buf *out)
{
    struct audit_record record = {
        .id = id,
        .time_ms = clock_wall_ms(),
        .node = c->options.node,
        .via = "console",
        .activity = audit->action,
        .is_failure = audit->is_failure,
        .user = bounded(audit->user),
        .ip = r->peer_text,
        .target_type = audit->target_type,
        .target_id = bounded(audit->target_id),
        .details = audit->details,
    };
    audit_record_write(&record, out);
}

void audit_new_id(char id_out[UUID_TEXT_BYTES])
{
    static pthread_mutex_t ids = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&ids); /* ids of a process grow: it keeps the last */
    clock_uuid7(id_out);
    pthread_mutex_unlock(&ids);
}

static void put(struct console *c, const struct request *r,
    const struct audit *audit, const char id[UUID_TEXT_BYTES],
    struct console_ticket *ticket)
{
    struct buf json = {0};
    write_record(c, r, audit, id, &json);
    log_event(audit->is_failure ? LOG_WARN : LOG_INFO, audit->action,
        LOG_STR("user", bounded(audit->user)), LOG_CSTR("ip", r->peer_text));
    c->options.record(c->options.owner, id, &json, ticket);
    buf_free(&json);
}

void audit_note(
    struct console *c, const struct request *r, const struct audit *audit)
{
    char id[UUID_TEXT_BYTES];
    audit_new_id(id);
    put(c, r, audit, id, NULL);
}

enum err audit_before(
    struct console *c, const struct request *r, const struct audit *audit)
{
    char id[UUID_TEXT_BYTES];
    audit_new_id(id);
    return audit_before_as(c, r, audit, id);
}

enum err audit_before_as(struct console *c, const struct request *r,
    const struct audit *audit, const char id[UUID_TEXT_BYTES])
{
    struct console_ticket *ticket = ticket_new();
    put(c, r, audit, id, ticket);
    return ticket_wait(ticket, WAIT_SECONDS);
}
