/*
 * The policy as it runs, with what its rules hit, and a text tried against it.
 *
 * What is tried goes nowhere: it is scanned in memory that is zeroed when it
 * is given back, and neither stored nor logged.  A detector may know rows of
 * tables (exact data match), so whoever may try texts could ask for them one
 * by one: it takes the right to content.
 */
#include "console/parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "console/trial.h"
#include "inspect/policy.h"
#include "inspect/rules.h"
#include "inspect/scan.h"

enum {
    TRIES_MAX = 2, /* at once: each has a scratch of its own */
};

/* ---- the rules ---- */

static void write_hits(struct jsonw *w, const struct count *count)
{
    jsonw_key(w, "hits");
    jsonw_object(w);
    for (size_t i = 0; i < count->facets[FACET_RULE].count; i++) {
        const struct count_item *item = &count->facets[FACET_RULE].items[i];
        if (item->word.n == 0)
            continue;
        jsonw_key(w, item->word.p);
        jsonw_int(w, item->count);
    }
    jsonw_close(w);
    jsonw_key_int(w, "total", count->total);
}

static void write_rules(
    struct call *call, struct running *running, const struct count *count)
{
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key(&w, "policy");
    policy_write(running_get(running)->policy, &w);
    write_hits(&w, count);
    jsonw_close(&w);
    response_json(call->response);
}

static enum err count_facet(
    struct call *call, enum facet facet, struct count *out)
{
    struct count_request request = {.top = BROWSE_TOP_MAX};
    struct browse *browse;
    request.facets[facet] = true;
    enum err err = call_browse(call, &browse);
    if (err != OK)
        return err;
    err = count_run(browse, &request, clock_wall_ms(), out);
    browse_free(&browse);
    if (err != OK)
        call_failed(call, err);
    return err;
}

void api_policy(struct call *call)
{
    struct count count;
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (count_facet(call, FACET_RULE, &count) == OK) {
        write_rules(call, running, &count);
        count_free(&count);
    }
    running_unref(call->console, &running);
}

/* ---- detectors ---- */

static int64_t hits_of(const struct count *count, struct str id)
{
    for (size_t i = 0; i < count->facets[FACET_DETECTOR].count; i++)
        if (str_eq(count->facets[FACET_DETECTOR].items[i].word, id))
            return count->facets[FACET_DETECTOR].items[i].count;
    return 0;
}

static void write_detectors(
    struct call *call, const struct rules *rules, const struct count *count)
{
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    for (size_t i = 0; i < rules_count(rules); i++) {
        jsonw_object(&w);
        rules_write(rules, i, &w);
        jsonw_key_int(&w, "hits", hits_of(count, rules_id(rules, i)));
        jsonw_close(&w);
    }
    jsonw_close(&w);
    jsonw_key(&w, "next");
    jsonw_null(&w);
    jsonw_key(&w, "quality");
    jsonw_raw(&w, str_trim(asset_quality()));
    jsonw_close(&w);
    response_json(call->response);
}

void api_detectors(struct call *call)
{
    struct count count;
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (count_facet(call, FACET_DETECTOR, &count) == OK) {
        write_detectors(call, running_get(running)->rules, &count);
        count_free(&count);
    }
    running_unref(call->console, &running);
}

/* ---- trying a text ---- */

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
        file->bytes = (int64_t)t->text.n;
        file->type = STR("text/plain");
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
    jsonw_key_int(&w, "bytes", (int64_t)t->text.n);
    activity_write_findings(&a->findings, &w);
    if (a->findings.is_incomplete)
        jsonw_key_bool(&w, "incomplete", true);
    jsonw_close(&w);
    response_json(call->response);
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
        policy_judge(running->policy,
            &(struct policy_subject){
                a, t->is_down ? DIRECTION_DOWN : DIRECTION_UP, STR_NONE},
            &verdict);
        write_verdict(call, t, a, &verdict);
        activity_free(&a);
    }
    scanner_free(&scanner);
    diag_free(&diag);
    return err;
}

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

static void run_trial(struct call *call, const struct trial *trial)
{
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (!take_turn(call->console)) {
        response_header(call->response, "Retry-After", STR("1"));
        response_error(call->response, 503, "busy",
            "Others are trying texts now. Try again in a moment.");
    } else {
        if (try_text(call, running_get(running), trial) != OK)
            response_error(call->response, 503, "engine",
                "The detection engine is not ready.");
        end_turn(call->console);
    }
    running_unref(call->console, &running);
}

void api_policy_try(struct call *call)
{
    struct arena arena = {0};
    struct trial trial;
    mem_wipe_begin();
    if (trial_read(buf_str(&call->request->body), &arena, &trial) == OK)
        run_trial(call, &trial);
    else
        response_error(call->response, 400, "body",
            "A JSON object with the member text is wanted, and short words.");
    arena_free(&arena);
    mem_wipe_end();
}
