/*
 * Whether verdicts are acted on, per service, and switching that.
 *
 * The parent keeps the switch in a file and hands the configuration to all
 * roles anew; the answer comes when every one of them works by it.
 */
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "console/parts.h"
#include "inspect/policy.h"
#include "inspect/service.h"

enum { SWITCH_SECONDS = 30 }; /* roles load all rules anew, on a busy machine */

void modes_write(const struct console_running *now, struct jsonw *w)
{
    struct str name;
    jsonw_array(w);
    for (size_t i = 0; (name = service_set_name(now->services, i)).n > 0; i++) {
        jsonw_object(w);
        jsonw_key_str(w, "service", name);
        jsonw_key_cstr(w, "mode", mode_name(policy_mode(now->policy, name)));
        jsonw_key_bool(
            w, "is_own", policy_own_mode(now->policy, name) != MODE_DEFAULT);
        jsonw_close(w);
    }
    jsonw_close(w);
}

static void give_modes(struct call *call, struct running *running)
{
    struct jsonw w = {.out = &call->response->body};
    const struct console_running *now = running_get(running);
    jsonw_object(&w);
    jsonw_key(&w, "items");
    modes_write(now, &w);
    jsonw_key(&w, "next");
    jsonw_null(&w);
    jsonw_key_cstr(&w, "default", mode_name(policy_mode(now->policy, STR(""))));
    jsonw_close(&w);
    response_json(call->response);
}

void api_modes(struct call *call)
{
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    give_modes(call, running);
    running_unref(call->console, &running);
}

/* ---- switching ---- */

struct mode_change {
    struct str service;
    enum mode mode, before;
};

static bool read_change(const struct console_running *now, const json_t *body,
    struct mode_change *out)
{
    const json_t *service = json_object_get(body, "service");
    const char *mode = json_string_value(json_object_get(body, "mode"));
    struct str name;
    if (!json_is_string(service) || mode == NULL)
        return false;
    out->mode = MODE_DEFAULT;
    while (out->mode <= MODE_MONITOR && strcmp(mode, mode_name(out->mode)) != 0)
        out->mode++;
    for (size_t i = 0; (name = service_set_name(now->services, i)).n > 0; i++) {
        if (!str_is(name, json_string_value(service)))
            continue;
        out->service = name;
        out->before = policy_own_mode(now->policy, name);
        return out->mode <= MODE_MONITOR;
    }
    return false;
}

/* One at a time: the next one starts from what this one leaves. */
static bool begin_switch(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    bool is_free = !c->is_switching;
    c->is_switching = true;
    pthread_mutex_unlock(&c->lock);
    return is_free;
}

static void end_switch(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    c->is_switching = false;
    pthread_mutex_unlock(&c->lock);
}

static void switch_recorded(
    struct call *call, struct audit *audit, const struct mode_change *change)
{
    struct console *c = call->console;
    struct console_ticket *ticket = ticket_new();
    c->options.set_mode(
        c->options.owner, change->service, (unsigned)change->mode, ticket);
    if (ticket_wait(ticket, SWITCH_SECONDS) == OK) {
        api_modes(call); /* as it runs now */
        return;
    }
    audit->is_failure = true;
    audit_note(c, call->request, audit);
    response_error(call->response, 503, "mode",
        "Not every role has said that it works by the new mode. See Health.");
}

static void switch_mode(struct call *call, const struct mode_change *change)
{
    struct buf details = {0};
    struct jsonw w = {.out = &details};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "mode", mode_name(change->mode));
    jsonw_key_cstr(&w, "before", mode_name(change->before));
    jsonw_close(&w);
    struct audit audit = {.action = "console.mode.changed",
        .user = str_of(call->who.user),
        .target_type = "service",
        .target_id = change->service,
        .details = buf_str(&details)};
    if (!begin_switch(call->console)) {
        response_header(call->response, "Retry-After", STR("2"));
        response_error(call->response, 503, "busy",
            "Another mode is being switched. Try again in a moment.");
    } else {
        if (audit_before(call->console, call->request, &audit) == OK)
            switch_recorded(call, &audit, change);
        else
            call_unrecorded(call);
        end_switch(call->console);
    }
    buf_free(&details);
}

void api_modes_change(struct call *call)
{
    static const char *const members[] = {"service", "mode", NULL};
    struct mode_change change;
    json_t *body = call_body(call, members);
    if (body == NULL)
        return;
    struct running *running = call_running(call);
    if (running != NULL && read_change(running_get(running), body, &change))
        switch_mode(call, &change);
    else if (running != NULL)
        response_error(call->response, 400, "body",
            "A service of the maps and one of enforce, monitor, default are "
            "wanted.");
    running_unref(call->console, &running);
    json_decref(body);
}
