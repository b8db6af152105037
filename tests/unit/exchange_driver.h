/*
 * Drives an exchange as the proxy does, in chosen cuts, and collects what it
 * says.  The maps, detectors and policy are the shipped ones.
 */
#ifndef TESTS_EXCHANGE_DRIVER_H
#define TESTS_EXCHANGE_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cuts.h"
#include "inspect/exchange.h"
#include "inspect/rules.h"

struct driver {
    /* Reads documents, if env.document_max_bytes asks for that. */
    void (*reader)(struct exchange *ex);
    struct bundle bundle;
    struct service_set *services;
    struct rules *rules;
    struct policy *policy;
    struct scanner *scanner;
    struct buf database;
    struct exchange_env env;
    struct keep *keep;
    size_t silences; /* so many questions are not answered in time */
};

/* What is sent and answered. */
struct turn {
    const char *method, *host, *path; /* POST, chatgpt.com, the prompt route */
    const char *type, *encoding, *accept, *authorization, *cookie;
    struct str body;
    int status; /* 0: 200 */
    const char *answer_type, *answer_encoding, *set_cookie;
    struct str answer;
    bool answer_breaks;
};

/* What came of it. */
struct result {
    struct buf open, done, taken_back; /* records, one a line; ids masked */
    enum verdict_kind verdict;
    enum gate gate;
    bool is_blocked;
    int reply_status;
    struct buf reply;
};

static inline void driver_add(
    struct driver *d, enum bundle_kind kind, const char *file)
{
    struct buf text = {0};
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(buf_reserve(&text, 4096), 1, 4096, f)) != 0;)
        buf_commit(&text, n);
    fclose(f);
    bundle_add(&d->bundle, kind, str_of(file), buf_str(&text));
    buf_free(&text);
}

static inline void driver_open(struct driver *d)
{
    struct diag diag = {0};
    *d = (struct driver){0};
    driver_add(d, BUNDLE_SERVICE, "conf/services/chatgpt.yaml");
    driver_add(d, BUNDLE_SERVICE, "conf/services/openai-api.yaml");
    driver_add(d, BUNDLE_SERVICE, "conf/services/openai-admin.yaml");
    driver_add(d, BUNDLE_DETECTORS, "conf/detectors/financial.yaml");
    driver_add(d, BUNDLE_DETECTORS, "conf/detectors/personal.yaml");
    driver_add(d, BUNDLE_DETECTORS, "conf/detectors/private-keys.yaml");
    driver_add(d, BUNDLE_DETECTORS, "conf/detectors/vendor-keys.yaml");
    driver_add(d, BUNDLE_POLICY, "conf/policy.yaml");
    d->services = service_set_load(&d->bundle, &diag);
    d->rules = rules_load(&d->bundle, &diag);
    d->policy = policy_load(&d->bundle, &diag);
    assert_int_equal(diag.count, 0);
    assert_int_equal(rules_compile(d->rules, &diag, &d->database), OK);
    assert_int_equal(
        scanner_new(d->rules, buf_str(&d->database), &d->scanner), OK);
    d->keep = keep_new(1 << 20);
    d->env = (struct exchange_env){.services = d->services,
        .policy = d->policy,
        .scanner = d->scanner,
        .node = STR("n"),
        .capture = CAPTURE_FULL,
        .failure_blocks = {true, true, true, true, true, true},
        .hold_max_bytes = 1 << 20,
        .oversize_streams = true};
    diag_free(&diag);
}

static inline void driver_close(struct driver *d)
{
    keep_free(&d->keep);
    scanner_free(&d->scanner);
    buf_free(&d->database);
    policy_free(&d->policy);
    rules_free(&d->rules);
    service_set_free(&d->services);
    bundle_free(&d->bundle);
}

static inline void driver_forget(struct driver *d)
{
    keep_free(&d->keep);
    d->keep = keep_new(1 << 20);
}

/* Ids of activities are new each time: "01…" becomes "id". */
static inline void mask_ids(struct str line, struct buf *out)
{
    for (size_t i = 0; i < line.n; i++) {
        bool is_id = i + 38 <= line.n && line.p[i] == '"' &&
                     line.p[i + 1] == '0' && line.p[i + 9] == '-' &&
                     line.p[i + 37] == '"';
        if (is_id) {
            buf_append_str(out, STR("\"id\""));
            i += 37;
        } else {
            buf_append_char(out, line.p[i]);
        }
    }
    buf_append_char(out, '\n');
}

static inline void driver_notes(struct driver *d, struct exchange *ex)
{
    struct buf data = {0}, none = {0};
    while (exchange_next_note(ex, &data) == OK) {
        if (d->keep != NULL)
            keep_handle(d->keep, buf_str(&data), 1000, &none);
        assert_int_equal(none.n, 0);
        buf_clear(&data);
    }
    buf_free(&data);
    buf_free(&none);
}

/* What the keeper says; empty: nothing. */
static inline void driver_ask(
    struct driver *d, const struct exchange *ex, struct buf *answer)
{
    if (d->silences != 0)
        d->silences--;
    else if (d->keep != NULL)
        keep_handle(d->keep, exchange_question(ex), 1000, answer);
}

static inline void driver_steps(
    struct driver *d, struct exchange *ex, struct result *r)
{
    struct buf data = {0};
    struct record record;
    enum exchange_state state;
    while ((state = exchange_step(ex)) != EXCHANGE_READY) {
        if (state == EXCHANGE_READ && d->reader != NULL)
            d->reader(ex);
        if (state != EXCHANGE_ASK)
            continue;
        driver_notes(d, ex);
        driver_ask(d, ex, &data);
        exchange_answer(ex, buf_str(&data));
        buf_clear(&data);
    }
    driver_notes(d, ex);
    while (exchange_next_record(ex, &record) == OK) {
        mask_ids(buf_str(&record.json), record.kind == RECORD_OPEN ? &r->open
                                        : record.kind == RECORD_DONE
                                            ? &r->done
                                            : &r->taken_back);
        buf_free(&record.json);
    }
    buf_free(&data);
}

static inline struct field driver_field(const char *name, const char *value)
{
    return (struct field){str_of(name), str_of(value)};
}

static inline struct exchange *driver_new(
    struct driver *d, const struct turn *t)
{
    struct field fields[] = {
        driver_field(
            "content-type", t->type != NULL ? t->type : "application/json"),
        driver_field(
            "accept", t->accept != NULL ? t->accept : "text/event-stream"),
        driver_field("content-encoding", t->encoding),
        driver_field("authorization", t->authorization),
        driver_field("cookie", t->cookie),
    };
    struct exchange_request request = {
        .method = str_of(t->method != NULL ? t->method : "POST"),
        .host = str_of(t->host != NULL ? t->host : "chatgpt.com"),
        .path =
            str_of(t->path != NULL ? t->path : "/backend-api/f/conversation"),
        .version = "2",
        .fields = fields,
        .field_count = ARRAY_LEN(fields),
        .has_body = t->body.n != 0,
        .client_ip = STR("10.1.2.3"),
        .time_ms = 1795000000000,
    };
    return exchange_new(&d->env, &request);
}

static inline void driver_answer(
    struct exchange *ex, const struct turn *t, unsigned way)
{
    struct field fields[] = {
        driver_field("set-cookie", t->set_cookie),
        driver_field("content-type",
            t->answer_type != NULL ? t->answer_type : "text/event-stream"),
        driver_field("content-encoding", t->answer_encoding),
    };
    struct str piece;
    exchange_response_head(
        ex, t->status != 0 ? t->status : 200, fields, 3, t->answer.n != 0);
    for (struct cuts c = cuts_begin(t->answer, way); cuts_next(&c, &piece);)
        exchange_response_data(ex, piece);
    exchange_response_end(ex, !t->answer_breaks);
}

static inline void driver_ask_early(struct driver *d, struct exchange *ex)
{
    struct buf answer = {0};
    if (!exchange_asks_early(ex))
        return;
    driver_ask(d, ex, &answer);
    exchange_answer(ex, buf_str(&answer));
    buf_free(&answer);
}

static inline void driver_run(
    struct driver *d, const struct turn *t, unsigned way, struct result *r)
{
    struct str piece;
    struct exchange_reply reply = {0};
    *r = (struct result){0};
    struct exchange *ex = driver_new(d, t);
    driver_ask_early(d, ex);
    for (struct cuts c = cuts_begin(t->body, way); cuts_next(&c, &piece);) {
        exchange_request_data(ex, piece);
        driver_ask_early(d, ex);
    }
    r->gate = exchange_gate(ex);
    if (r->gate == GATE_REFUSE)
        exchange_request_cut(ex);
    else
        exchange_request_end(ex);
    driver_steps(d, ex, r);
    const struct verdict *verdict = exchange_verdict(ex);
    r->verdict = verdict->kind;
    r->is_blocked = verdict->kind == VERDICT_BLOCK && !verdict->is_monitored;
    if (r->is_blocked) {
        exchange_block_reply(ex, &reply);
        r->reply_status = reply.status;
        buf_take(&r->reply, &reply.body);
        exchange_no_response(ex, reply.status);
    } else {
        driver_answer(ex, t, way);
    }
    driver_steps(d, ex, r);
    exchange_free(&ex);
}

static inline void result_free(struct result *r)
{
    buf_free(&r->open);
    buf_free(&r->done);
    buf_free(&r->taken_back);
    buf_free(&r->reply);
}

static inline void assert_has(const struct buf *text, const char *what)
{
    if (!str_has(buf_str(text), what))
        fail_msg("no %s in %.*s", what, STR_ARG(buf_str(text)));
}

static inline void assert_has_not(const struct buf *text, const char *what)
{
    if (str_has(buf_str(text), what))
        fail_msg("%s in %.*s", what, STR_ARG(buf_str(text)));
}

/* Once whole, then in all other cuts, with the same outcome each time. */
static inline void driver_run_all(
    struct driver *d, const struct turn *t, struct result *whole)
{
    driver_forget(d);
    driver_run(d, t, CUTS_WHOLE, whole);
    for (unsigned way = CUTS_BYTES; way < CUTS_WAYS; way++) {
        struct result r;
        driver_forget(d);
        driver_run(d, t, way, &r);
        assert_string_equal(buf_cstr(&r.done), buf_cstr(&whole->done));
        assert_string_equal(buf_cstr(&r.open), buf_cstr(&whole->open));
        result_free(&r);
    }
}

#endif
