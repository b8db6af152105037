/*
 * The workspace's compliance log (facts/openai-admin.md §6.3): one event of
 * its JSON Lines files to activities.  Sign-ins and administrative actions get
 * their names from the service map (inspect/log_map.h); messages become the
 * prompts and answers they are, with their text and files, and are scanned
 * like live ones.
 */
#ifndef INSPECT_COMPLIANCE_LOG_H
#define INSPECT_COMPLIANCE_LOG_H

#include "inspect/log_event.h"

/* ERR_PARSE: no event (an object with a type or an action). */
enum err compliance_log_read(const struct log_env *env,
    const struct json_node *event, struct log_activities *out) MUST_USE;

#endif
