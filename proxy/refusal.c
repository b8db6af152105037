#include "proxy/session_parts.h"

/*
 * A connection or request for an in-scope host that was refused before an
 * exchange could be understood (bad upstream certificate, SNI that differs,
 * ambiguous framing) is an activity too: `connection.refused`.
 */

#include <stdio.h>

#include "base/stats.h"

void refusal_record(
    struct session *s, struct str host, const char *reason, struct str detail)
{
    struct activity *a = activity_new();
    const struct service *service = NULL;
    struct record record = {.kind = RECORD_DONE};
    (void)service_match_host(s->conf->services, host, &service);
    a->node = s->env.node;
    a->via = STR("inline");
    a->service = service != NULL ? service_name(service) : STR_NONE;
    a->name = STR("connection.refused");
    a->outcome = OUTCOME_FAILURE;
    a->verdict = VERDICT_BLOCK;
    a->actor.user = s->user.n != 0 ? s->user : str_of(s->client_ip);
    a->actor.source = s->user.n != 0 ? STR("proxy-auth") : STR("ip");
    a->actor.ip = str_of(s->client_ip);
    a->http_host = host;
    a->failure = str_of(reason);
    a->reason = str_of(arena_printf(&a->arena, "refused: %s%s%.*s", reason,
        detail.n != 0 ? ": " : "", STR_ARG(str_sub(detail, 0, 512))));
    snprintf(record.id, sizeof record.id, "%s", a->id);
    names_write(s->conf->names, a, s->env.capture, &record.json);
    stats_add(STAT_ACTIVITIES, 1);
    stats_add(STAT_VERDICT_BLOCK, 1);
    s->world->ops->record(s->world, s, 0, &record);
    buf_free(&record.json);
    activity_free(&a);
}
