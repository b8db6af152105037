/*
 * Alerts (docs/alerts.md): activities in, one after the other; the one that
 * completes a rule is told so in its own JSON.  No database and no clock: time
 * is that of the activities, which may come in any order.
 *
 * Memory: of each rule ALERT_KEYS_MAX keys, the least recently used leaves; of
 * each key twice as many activities as the rule counts, 32 bytes each.
 */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include "store/alert_rules.h"

enum { ALERT_KEYS_MAX = 4096 };

struct alerts;

/* Takes a reference to the rules; NULL: none. */
struct alerts *alerts_new(struct alert_rules *rules);
void alerts_free(struct alerts **alerts);
/* As new. */
void alerts_forget(struct alerts *alerts);
const struct alert_rules *alerts_rules(const struct alerts *alerts);

/* Some rule looks at it. */
bool alerts_concern(const struct alerts *alerts, const struct json_t *activity);
/* True: it completes a rule, and now says so: `alerts`, and where the policy
 * allowed it `verdict`, `rule`, `reason`, `severity`.  An activity seen before
 * (by id, or as the log's event that it was merged with) counts once. */
bool alerts_judge(struct alerts *alerts, struct json_t *activity);
/* Was judged once: it counts, and so do the alerts it has, but it gets none.
 * Also how a new state learns what came before. */
void alerts_note(struct alerts *alerts, const struct json_t *activity);
/* Alerts that an earlier state of the same activity had, or the log's row
 * that it was merged with. */
void alerts_carry(struct json_t *activity, struct json_t *list);

/* The same of JSON as text.  False: no rule looks at it. */
bool alerts_concern_line(
    const struct alerts *alerts, struct str line, int64_t *time_ms_out);
/* True: line_out (empty before) is what it says now. */
bool alerts_judge_line(
    struct alerts *alerts, struct str line, struct buf *line_out);

#endif
