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

/* Whether verdicts are acted on: the policy's `mode`, or one of its own for a
 * service, which the file <data_dir>/modes.yaml (BUNDLE_MODES) has:
 *     modes: {chatgpt: monitor}
 */
enum mode { MODE_DEFAULT, MODE_ENFORCE, MODE_MONITOR };
const char *mode_name(
    enum mode mode); /* "enforce" …; MODE_DEFAULT: "default" */
enum { POLICY_MODES_MAX = 64, POLICY_MODES_BYTES_MAX = 16 * 1024 };
/* Never MODE_DEFAULT. */
enum mode policy_mode(const struct policy *policy, struct str service);
/* Its own, or MODE_DEFAULT. */
enum mode policy_own_mode(const struct policy *policy, struct str service);
/* The text of modes.yaml with that service's mode changed; MODE_DEFAULT: it
 * has none of its own any more.  ERR_LIMIT. */
enum err policy_write_modes(const struct policy *policy, struct str service,
    enum mode mode, struct buf *out) MUST_USE;

enum direction { DIRECTION_UP, DIRECTION_DOWN };

/* What a policy may look at besides the activity itself. */
struct policy_subject {
    const struct activity *activity;
    enum direction direction;
    struct str groups; /* blank-separated groups of the proxy login */
};

struct verdict {
    enum verdict_kind kind; /* what happens */
    bool is_monitored; /* mode: monitor; kind is what would have happened and
                          must not be acted on */
    bool
        is_for_failure; /* the rule asks for one: it stands before on_failure */
    struct str rule;    /* name, or empty: the default decided */
    struct str message; /* for the user; policy's own lifetime */
    enum level severity;
};
void policy_judge(const struct policy *policy,
    const struct policy_subject *subject, struct verdict *verdict_out);
/* As it runs: mode, default, rules in their order with the conditions they
 * have, as an object (console/openapi.yaml, policy).  policy_write.c */
struct jsonw;
void policy_write(const struct policy *policy, struct jsonw *w);
/* Copied into the activity: what is recorded of it. */
void policy_put_verdict(struct activity *a, const struct verdict *verdict);

#endif
