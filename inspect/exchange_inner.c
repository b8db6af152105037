/*
 * Exchanges inside a WebSocket: what inspect/channel.c makes of messages.  A
 * client's message is the body of a request; what the server tells is the
 * answer of one, or stands for itself.
 */
#include "base/mem.h"
#include "inspect/exchange_parts.h"

static void copy_actor(struct exchange *ex, const struct actor *from)
{
    struct actor *actor = &ex->actor;
    *actor = *from;
    struct str *const texts[] = {&actor->user, &actor->source, &actor->ip,
        &actor->account, &actor->workspace, &actor->device, &actor->user_id,
        &actor->plan};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = arena_copy(&ex->arena, *texts[i]);
}

struct exchange *exchange_inner(const struct exchange_env *env,
    const struct exchange *upgrade, int64_t time_ms)
{
    struct exchange *ex = MEM_NEW(struct exchange);
    ex->env = env;
    ex->failure = -1;
    ex->gate = GATE_FORWARD;
    ex->request = REQUEST_READY;
    ex->is_websocket = true;
    ex->time_ms = time_ms;
    ex->service = upgrade->service;
    ex->match.route = upgrade->match.route;
    ex->method = arena_copy(&ex->arena, upgrade->method);
    ex->host = arena_copy(&ex->arena, upgrade->host);
    ex->path = arena_copy(&ex->arena, upgrade->path);
    ex->project_header = arena_copy(&ex->arena, upgrade->project_header);
    ex->groups = arena_copy(&ex->arena, upgrade->groups);
    if (upgrade->http_version != NULL)
        ex->http_version = arena_strdup(&ex->arena, upgrade->http_version);
    ex->session = upgrade->session;
    ex->is_identified = upgrade->is_identified;
    ex->status = upgrade->status;
    copy_actor(ex, &upgrade->actor);
    return ex;
}

void exchange_inner_request(struct exchange *ex, const struct route *route,
    struct str content_type, struct str body)
{
    ex->match.route = route;
    ex->content_type = arena_copy(&ex->arena, content_type);
    exchange_start_request(ex);
    exchange_request_data(ex, body);
    if (ex->gate == GATE_REFUSE)
        exchange_request_cut(ex);
    else
        exchange_request_end(ex);
}

void exchange_inner_identity(
    struct exchange *upgrade, const struct exchange *inner)
{
    if (inner->is_identified && !upgrade->is_identified)
        copy_actor(upgrade, &inner->actor);
    upgrade->is_identified = upgrade->is_identified || inner->is_identified;
}

void exchange_inner_block(struct exchange *ex)
{
    if (ex->verdict.kind == VERDICT_BLOCK && !ex->verdict.is_monitored)
        return;
    ex->verdict.kind = VERDICT_BLOCK;
    ex->verdict.is_monitored = false;
    ex->is_blocked = true;
    if (ex->activity != NULL)
        policy_put_verdict(ex->activity, &ex->verdict);
}

void exchange_inner_refused(struct exchange *ex, int status)
{
    struct activity *a = ex->activity;
    if (a == NULL)
        return;
    a->http_status = status;
    a->outcome = OUTCOME_FAILURE;
    exchange_push_record(ex, RECORD_DONE, a);
}
