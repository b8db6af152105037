/* A policy as it lies in memory: for policy.c and policy_write.c. */
#ifndef INSPECT_POLICY_PARTS_H
#define INSPECT_POLICY_PARTS_H

#include "base/net.h"
#include "inspect/policy.h"

struct texts {
    struct str *items;
    size_t count;
};

struct networks {
    struct net_range *items;
    size_t count;
    struct texts texts; /* as they were written */
};

/* What `when` or `unless` asks for; an absent selector holds always. */
struct condition {
    bool is_present;
    struct texts service, activity, type, group_of_type, detector, user, group,
        workspace, file_type, model, target, plan, role, scope, change, failure;
    struct networks network;
    enum level min_confidence, min_severity;
    int64_t min_count, min_unique, min_file_bytes; /* -1: absent */
    int signed_in;                                 /* -1: absent */
    int direction;                                 /* -1: absent */
};

struct policy_rule {
    struct str name, message;
    struct condition when, unless;
    enum verdict_kind verdict;
    enum level severity;
};

struct policy_group {
    struct str name;
    struct texts members;
};

struct policy_own {
    struct str service;
    enum mode mode;
};

struct policy {
    struct arena arena;
    struct policy_own *modes;
    size_t mode_count;
    bool is_monitor;
    enum verdict_kind otherwise;
    struct policy_group *groups;
    size_t group_count;
    struct policy_rule *rules;
    size_t rule_count;
};

/* policy_modes.c: out of BUNDLE_MODES, if there is one. */
void policy_read_modes(
    struct policy *policy, const struct bundle *bundle, struct diag *diag);

#endif
