/*
 * One event of a service's own log as activities: what the readers of the
 * platform's audit log (inspect/audit_log.h) and of the workspace's compliance
 * log (inspect/compliance_log.h) have in common.
 *
 * An event says what has happened: nothing can be stopped any more.  The
 * policy judges it all the same; a block is then what would have happened
 * (`mode: monitor`).  The same event gives the same activities under the same
 * ids, however often it comes.
 *
 * Never in an activity: what a log calls secret, token, password or value, and
 * texts that look like keys, whatever they are called.
 */
#ifndef INSPECT_LOG_EVENT_H
#define INSPECT_LOG_EVENT_H

#include "inspect/activity.h"
#include "inspect/evidence.h"
#include "inspect/json.h"
#include "inspect/policy.h"
#include "inspect/scan.h"
#include "inspect/service.h"

enum {
    LOG_ACTIVITIES_MAX = 256, /* of one event */
    LOG_NAME_BYTES_MAX = 128, /* of a type, action or key */
};

/* Borrowed; one configuration generation. */
struct log_env {
    const struct service_set *services;      /* with the map of actions */
    const struct policy *policy;             /* NULL: everything is allowed */
    struct scanner *scanner;                 /* NULL: texts are not scanned */
    const struct evidence_options *evidence; /* NULL: none is kept */
    struct str node;
};

struct log_activities {
    struct activity *items[LOG_ACTIVITIES_MAX]; /* owned */
    size_t count;
};
void log_activities_free(struct log_activities *list);

/* For the two readers. */
struct activity *log_event_add(
    struct log_activities *list, const struct log_env *env); /* NULL: full */
/* RFC 3339, or seconds since 1970; ERR_PARSE. */
enum err log_event_time(
    const struct json_node *node, int64_t *wall_ms_out) MUST_USE;
/* The member's text; empty where it holds a key or token. */
struct str log_event_text(const struct json_node *object, const char *key);
/* False: not one to be shown as the name of an activity. */
bool log_event_name_is_good(struct str name);
/* Members become details, but those named in skip (NULL at its end; or
 * NULL), and those that are secret.  Lists and objects in lists are written as
 * JSON. */
void log_event_details(struct activity *a, const struct json_node *object,
    const char *const *skip);
/* The keys of an object become changes. */
void log_event_changes(struct activity *a, const struct json_node *object);
/* The whole event without its secrets, as details.raw. */
void log_event_keep_raw(struct activity *a, const struct json_node *event);
/* Address, browser and place, as far as they are there. */
void log_event_client(struct activity *a, struct str ip, struct str user_agent,
    struct str ja3, struct str ja4, const struct json_node *place);
/* Ids from the log's event id (empty: from the event's text), texts scanned,
 * policy asked. */
void log_event_finish(struct log_activities *list, const struct log_env *env,
    struct str event_id, const struct json_node *event);

#endif
