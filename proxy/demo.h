/*
 * A week that never was, for evaluation: people of several departments at
 * their hours, what they ask and get, files, slips, administration, and what
 * analysts did about it.  Texts are scanned and judged by the configured
 * detectors and policy, as the gateway does with real ones.
 *
 * The same options and the same configuration give the same week.
 */
#ifndef PROXY_DEMO_H
#define PROXY_DEMO_H

#include "inspect/policy.h"
#include "inspect/scan.h"
#include "store/record.h"

enum { DEMO_DAYS = 7, DEMO_DEFAULT = 7000, DEMO_MIN = 100, DEMO_MAX = 50000 };

/* What every name of a node begins with. */
#define DEMO_NODE "demo-"

struct demo_options {
    uint64_t seed;
    int64_t until_ms;  /* when the week ends */
    size_t activities; /* about as many */
    const struct policy *policy;
    struct scanner *scanner;
};

struct demo_record {
    int64_t time_ms;
    size_t order;         /* among those of one millisecond */
    enum store_kind kind; /* STORE_DONE, STORE_AUDIT */
    char id[UUID_TEXT_BYTES];
    struct buf json;
};

struct demo_week {
    struct demo_record *records; /* by time */
    size_t count, cap, activities;
};

void demo_week_make(
    const struct demo_options *options, struct demo_week *week_out);
void demo_week_free(struct demo_week *week);

#endif
