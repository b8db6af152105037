/*
 * The policy: ordered rules, first match decides (contract).  Pure: an
 * activity with its findings in, a verdict out.
 */
#ifndef INSPECT_POLICY_H
#define INSPECT_POLICY_H

#include "base/bundle.h"
#include "inspect/activity.h"

struct policy;

/* Reports mistakes (unknown selector, verdict not available yet, type that no
 * detector has …) into diag; NULL when there were any. */
struct policy *policy_load(const struct bundle *bundle, struct diag *diag);
void policy_free(struct policy **policy);

enum direction { DIRECTION_UP, DIRECTION_DOWN };

/* What a policy may look at besides the activity itself. */
struct policy_subject {
    const struct activity *activity;
    enum direction direction;
    struct str groups; /* blank-separated groups of the proxy login */
};

struct verdict {
    enum verdict_kind kind; /* what happens */
    bool is_monitored;  /* mode: monitor; kind is what would have happened and
                           must not be acted on */
    struct str rule;    /* name, or empty: the default decided */
    struct str message; /* for the user; policy's own lifetime */
    enum level severity;
};
void policy_judge(const struct policy *policy,
    const struct policy_subject *subject, struct verdict *verdict_out);
/* Copied into the activity: what is recorded of it. */
void policy_put_verdict(struct activity *a, const struct verdict *verdict);

#endif
