/*
 * A text or a file tried against the policy as it runs.
 *
 * What is tried goes nowhere: it is scanned in memory that is zeroed when it
 * is given back, and neither stored nor logged.  A document is not read here:
 * the role hands it to the extractor, as a worker does, and gets its text.  A
 * detector may know rows of tables (exact data match), so whoever may try
 * could ask for them one by one: it takes the right to content, and that it was
 * tried is recorded.
 */
#include "console/parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "console/trial.h"
#include "inspect/filetype.h"
#include "inspect/finding.h"
#include "inspect/policy.h"
#include "inspect/scan.h"

enum {
    TRIES_MAX = 2,      /* at once: each has a scratch of its own */
    READ_SECONDS = 600, /* the role answers by itself; never that late */
};

/* What the text would be an activity of. */
static struct activity *make_activity(const struct trial *t)
{
    struct activity *a = activity_new();
    bool is_file = t->file.n > 0;
    a->name = t->activity.n > 0 ? t->activity
              : is_file         ? STR("file.uploaded")
                                : STR("prompt.created");
    a->service = t->service.n > 0 ? t->service : STR("chatgpt");
    a->actor.user = t->user;
    a->actor.ip = t->ip;
    if (is_file) {
        struct activity_file *file = activity_add_file(a);
        file->name = t->file;
        file->bytes = (int64_t)t->bytes;
        file->type = t->type.n > 0 ? t->type : STR("text/plain");
    }
    return a;
}

static void write_verdict(struct call *call, const struct trial *t,
    const struct activity *a, const struct verdict *verdict)
{
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "verdict", verdict_name(verdict->kind));
    jsonw_key_cstr(&w, "mode", verdict->is_monitored ? "monitor" : "enforce");
    jsonw_key_str_if(&w, "rule", verdict->rule);
    if (verdict->severity != LEVEL_NONE)
        jsonw_key_cstr(&w, "severity", level_name(verdict->severity));
    jsonw_key_str_if(&w, "message", verdict->message);
    jsonw_key_str(&w, "activity", a->name);
    jsonw_key_str(&w, "service", a->service);
    jsonw_key_int(&w, "bytes", (int64_t)t->bytes);
    jsonw_key_str_if(&w, "type", t->type);
    if (t->is_read)
        jsonw_key_int(&w, "text_bytes", (int64_t)t->text.n);
    if (t->trouble != NULL) {
        jsonw_key_cstr(&w, "trouble", t->trouble);
        jsonw_key_str_if(&w, "where", t->where);
    }
    activity_write_findings(&a->findings, &w);
    if (a->findings.is_incomplete)
        jsonw_key_bool(&w, "incomplete", true);
    jsonw_close(&w);
    response_json(call->response);
}

/* What on_failure.extract says, where no rule stops it anyway. */
static void judge(const struct console_running *running, const struct trial *t,
    const struct activity *a, struct verdict *verdict)
{
    policy_judge(running->policy,
        &(struct policy_subject){
            a, t->is_down ? DIRECTION_DOWN : DIRECTION_UP, STR_NONE},
        verdict);
    if (t->trouble != NULL && running->stops_unreadable && !t->is_down &&
        verdict->kind != VERDICT_BLOCK)
        *verdict = (struct verdict){.kind = VERDICT_BLOCK,
            .is_monitored = verdict->is_monitored,
            .message = STR("The file could not be read (on_failure.extract).")};
}

static enum err try_text(struct call *call,
    const struct console_running *running, const struct trial *t)
{
    struct scanner *scanner = NULL;
    struct diag diag = {0};
    struct verdict verdict;
    enum err err = scanner_new(running->rules, running->database, &scanner);
    if (err == OK)
        err = scanner_attach(scanner, running->data, &diag);
    if (err == OK) {
        struct activity *a = make_activity(t);
        bool is_file = t->file.n > 0;
        if (is_file)
            scan_text(scanner, t->file, WHERE_FILE_NAME, &a->findings);
        scan_text(scanner, t->text,
            is_file      ? WHERE_FILE
            : t->is_down ? WHERE_ANSWER
                         : WHERE_PROMPT,
            &a->findings);
        if (t->trouble != NULL)
            findings_add_unreadable(&a->findings, t->trouble, t->where);
        judge(running, t, a, &verdict);
        write_verdict(call, t, a, &verdict);
        activity_free(&a);
    }
    scanner_free(&scanner);
    diag_free(&diag);
    return err;
}

/* ---- one after another ---- */

static bool take_turn(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    bool is_free = c->trying < TRIES_MAX;
    c->trying += is_free;
    pthread_mutex_unlock(&c->lock);
    return is_free;
}

static void end_turn(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    c->trying--;
    pthread_mutex_unlock(&c->lock);
}

static void run_trial(struct call *call, struct trial *trial,
    enum err (*run)(struct call *call, const struct console_running *running,
        struct trial *trial))
{
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (!take_turn(call->console)) {
        response_header(call->response, "Retry-After", STR("1"));
        response_error(call->response, 503, "busy",
            "Others are trying texts now. Try again in a moment.");
    } else {
        if (run(call, running_get(running), trial) != OK)
            response_error(call->response, 503, "engine",
                "The detection engine is not ready.");
        end_turn(call->console);
    }
    running_unref(call->console, &running);
}

static enum err run_text(struct call *call,
    const struct console_running *running, struct trial *trial)
{
    trial->bytes = trial->text.n;
    return try_text(call, running, trial);
}

/* How much was tried, not what. */
static enum err note_trial(struct call *call, const char *action, size_t bytes)
{
    struct buf details = {0};
    struct jsonw w = {.out = &details};
    jsonw_object(&w);
    jsonw_key_int(&w, "bytes", (int64_t)bytes);
    jsonw_close(&w);
    enum err err = audit_before(call->console, call->request,
        &(struct audit){.action = action,
            .user = str_of(call->who.user),
            .details = buf_str(&details)});
    buf_free(&details);
    if (err != OK)
        call_unrecorded(call);
    return err;
}

void api_policy_try(struct call *call)
{
    struct arena arena = {0};
    struct trial trial;
    mem_wipe_begin();
    if (trial_read(buf_str(&call->request->body), &arena, &trial) != OK)
        response_error(call->response, 400, "body",
            "A JSON object with the member text is wanted, and short words.");
    else if (note_trial(call, "console.text.tried", trial.text.n) == OK)
        run_trial(call, &trial, run_text);
    arena_free(&arena);
    mem_wipe_end();
}

/* ---- files ---- */

bool try_may_be_large(const struct request *r)
{
    return r->method == METHOD_POST && str_is(r->path, TRY_FILE_PATH);
}

/* The text of a document, by the extractor.  ERR_CLOSED, ERR_LIMIT: there is
 * none that answers. */
static enum err read_document(
    struct call *call, struct trial *t, struct console_document *document)
{
    const struct console_options *o = &call->console->options;
    struct console_ticket *ticket = ticket_new();
    struct buf bytes = {0};
    buf_append_str(&bytes, t->text);
    o->read(o->owner, &bytes, ticket);
    enum err err = ticket_wait_document(ticket, READ_SECONDS, document);
    if (err != OK || document->is_nobodys)
        return err;
    t->text = buf_str(&document->text);
    t->trouble = document->trouble;
    t->where = buf_str(&document->where);
    t->is_read = true;
    return OK;
}

static enum err run_file(
    struct call *call, const struct console_running *running, struct trial *t)
{
    struct console_document document = {0};
    struct str head = str_sub(t->text, 0, FILETYPE_HEAD_BYTES);
    enum err err = OK;
    t->type = filetype_find(head);
    t->bytes = t->text.n;
    if (filetype_is_document(t->type))
        err = read_document(call, t, &document);
    if (err == OK)
        err = try_text(call, running, t);
    buf_wipe_free(&document.text);
    buf_free(&document.where);
    return err;
}

void api_policy_try_file(struct call *call)
{
    struct trial trial;
    if (trial_of_file(call->request, &trial) != OK) {
        response_error(call->response, 400, "file",
            "The body is the file; file, its name, and the other words are "
            "short.");
        return;
    }
    if (note_trial(call, "console.file.tried", trial.text.n) != OK)
        return;
    mem_wipe_begin();
    run_trial(call, &trial, run_file);
    mem_wipe_end();
}
