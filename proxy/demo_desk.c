/*
 * What analysts of the demonstration do in the console: they come in, look,
 * take incidents over and settle some of them, as audit records.
 */
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "proxy/demo_parts.h"
#include "store/audit_record.h"
#include "store/incident_rows.h"
#include "store/view.h"

static const int64_t DAY_MS = 86400000, MINUTE_MS = 60000;

struct demo_incident {
    char id[UUID_TEXT_BYTES];
    int64_t first_ms, last_ms;
};

struct demo_desk {
    struct demo_incident *items;
    size_t count, cap;
};

void demo_desk_note(struct demo *d, const struct activity *a)
{
    struct demo_desk *desk = d->desk;
    const struct incident_group group = {
        a->rule.n > 0 ? a->rule : STR(INCIDENT_RULE_NONE), a->conversation_id,
        a->actor.user, a->time_ms};
    char id[UUID_TEXT_BYTES];
    if (a->verdict == VERDICT_ALLOW)
        return;
    incident_id(&group, id);
    for (size_t i = 0; i < desk->count; i++) {
        struct demo_incident *known = &desk->items[i];
        if (strcmp(known->id, id) != 0)
            continue;
        if (a->time_ms > known->last_ms)
            known->last_ms = a->time_ms;
        return;
    }
    if (desk->count == desk->cap) {
        desk->cap = desk->cap == 0 ? 64 : desk->cap * 2;
        desk->items = mem_realloc(desk->items, desk->cap * sizeof *desk->items);
    }
    struct demo_incident *added = &desk->items[desk->count++];
    *added =
        (struct demo_incident){.first_ms = a->time_ms, .last_ms = a->time_ms};
    memcpy(added->id, id, sizeof id);
}

/* ---- records ---- */

struct deed {
    int64_t time_ms;
    const char *user, *action;
    const char *target_type, *target_id; /* or NULL */
    struct str details;
};

/* False: it would be later than now. */
static bool do_deed(struct demo *d, const struct deed *deed)
{
    if (deed->time_ms >= d->options->until_ms)
        return false;
    struct demo_record *r = demo_add(d, STORE_AUDIT, deed->time_ms);
    bool has_target = deed->target_id != NULL;
    struct audit_record record = {
        .id = r->id,
        .time_ms = deed->time_ms,
        .node = STR(DEMO_NODE "gw-1"),
        .via = "console",
        .activity = deed->action,
        .user = str_of(deed->user),
        .ip = "10.20.8.4",
        .target_type = has_target ? deed->target_type : NULL,
        .target_id = has_target ? str_of(deed->target_id) : STR_NONE,
        .details = deed->details,
    };
    audit_record_write(&record, &r->json);
    return true;
}

static bool change(struct demo *d, const struct demo_incident *incident,
    int64_t time_ms, const char *user, const char *status, const char *comment)
{
    struct buf details = {0};
    struct jsonw w = {.out = &details};
    jsonw_object(&w);
    jsonw_key(&w, "incidents");
    jsonw_array(&w);
    jsonw_str(&w, str_of(incident->id));
    jsonw_close(&w);
    jsonw_key_cstr(&w, "status", status);
    jsonw_key_cstr(&w, "owner", user);
    if (comment != NULL)
        jsonw_key_cstr(&w, "comment", comment);
    jsonw_close(&w);
    bool is_done = do_deed(d, &(struct deed){.time_ms = time_ms,
                                  .user = user,
                                  .action = INCIDENT_CHANGED,
                                  .details = buf_str(&details)});
    buf_free(&details);
    return is_done;
}

static void settle(struct demo *d, const struct demo_incident *incident)
{
    struct demo_chance *c = &d->chance;
    const char *user = demo_one_of(c, demo_analysts);
    unsigned kind = demo_below(c, 100);
    /* Some are settled before more comes: that opens them again. */
    int64_t at = demo_is(c, 15) ? incident->first_ms : incident->last_ms;
    at += (5 + demo_below(c, 700)) * MINUTE_MS;
    if (kind < 27 || !change(d, incident, at, user, "opened", NULL) ||
        kind < 44)
        return;
    if (demo_is(c, 30))
        (void)do_deed(d, &(struct deed){.time_ms = at + 2 * MINUTE_MS,
                             .user = user,
                             .action = "console.content.viewed",
                             .target_type = "incident",
                             .target_id = incident->id});
    at += (4 + demo_below(c, 240)) * MINUTE_MS;
    if (kind < 72)
        (void)change(d, incident, at, user, "resolved",
            demo_one_of(c, demo_comments_good));
    else if (kind < 88)
        (void)change(d, incident, at, user, "false-positive",
            demo_one_of(c, demo_comments_false));
    else
        (void)change(d, incident, at, user, "suppressed",
            "Known: the address list of the newsletter.");
}

/* Each analyst's day: in the morning, an export now and then. */
static void attend(struct demo *d)
{
    int64_t begin = d->options->until_ms - DEMO_DAYS * DAY_MS;
    for (int64_t day = begin / DAY_MS + 1; day * DAY_MS < d->options->until_ms;
         day++) {
        if ((day + 4) % 7 == 0 || (day + 4) % 7 == 6)
            continue;
        for (size_t i = 0; demo_analysts[i] != NULL; i++) {
            int64_t at = day * DAY_MS +
                         (7 * 60 + demo_below(&d->chance, 90)) * MINUTE_MS;
            (void)do_deed(d, &(struct deed){.time_ms = at,
                                 .user = demo_analysts[i],
                                 .action = "console.login.succeeded"});
            if (demo_is(&d->chance, 30))
                (void)do_deed(d, &(struct deed){.time_ms = at + 40 * MINUTE_MS,
                                     .user = demo_analysts[i],
                                     .action = "console.activities.exported",
                                     .details = STR("{\"format\":\"csv\","
                                                    "\"filter\":\"verdict="
                                                    "block\"}")});
        }
    }
}

static void save_views(struct demo *d)
{
    static const char *const views[] = {
        "{\"page\":\"/activities\",\"name\":\"Blocked this week\","
        "\"query\":\"since=7d&verdict=block\",\"shared\":true}",
        "{\"page\":\"/activities\",\"name\":\"Files going up\","
        "\"query\":\"since=7d&activity=file.uploaded\",\"shared\":true}",
        "{\"page\":\"/activities\",\"name\":\"Keys and invitations\","
        "\"query\":\"since=7d&category=Administration\",\"shared\":true}",
    };
    int64_t at = d->options->until_ms - DEMO_DAYS * DAY_MS;
    for (size_t i = 0; i < ARRAY_LEN(views); i++)
        (void)do_deed(d, &(struct deed){.time_ms = at,
                             .user = demo_analysts[0],
                             .action = VIEW_SAVED,
                             .details = str_of(views[i])});
}

void demo_desk_finish(struct demo *d)
{
    for (size_t i = 0; i < d->desk->count; i++)
        settle(d, &d->desk->items[i]);
    attend(d);
    save_views(d);
    mem_free(d->desk->items);
    mem_free(d->desk);
    d->desk = NULL;
}

void demo_desk_open(struct demo *d)
{
    d->desk = MEM_NEW(struct demo_desk);
}
