/*
 * The platform's audit log (facts/openai-admin.md §5): one event, as the API
 * lists it, to activities.  An event's name is its activity's name, known or
 * not; of names whose payload nobody has published the event is kept as it
 * is, in details.raw.
 */
#ifndef INSPECT_AUDIT_LOG_H
#define INSPECT_AUDIT_LOG_H

#include "inspect/log_event.h"

/* ERR_PARSE: no event (an object with a type). */
enum err audit_log_read(const struct log_env *env,
    const struct json_node *event, struct log_activities *out) MUST_USE;

/* The event types that only a call with tenant_only=true gives, one after the
 * other; NULL past the end. */
const char *audit_log_tenant_type(size_t index);
/* The others. */
const char *audit_log_type(size_t index);

#endif
