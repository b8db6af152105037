/* Any bytes as a policy: mistakes, or a verdict for an activity. */
#include "inspect/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct policy *policy)
{
    struct activity *activity = activity_new();
    struct policy_subject subject = {
        .activity = activity, .groups = STR("staff admins")};
    struct verdict verdict;
    activity->name = STR("prompt.created");
    activity->service = STR("chatgpt");
    activity->actor.user = STR("ana@example.com");
    activity->actor.ip = STR("10.1.2.3");
    activity_add_file(activity)->type = STR("image/png");
    activity_add_target(activity, STR("tool"), STR("t1"), STR("shell"));
    activity_add_change(activity, STR("retention"));
    activity_add_detail(activity, "role", STR("owner"));
    activity_add_detail_item(activity, "scopes", STR("read"));
    for (int i = 0; i < 3; i++) { /* the first two are of one value */
        struct finding *found = findings_add(&activity->findings);
        found->type = STR("credit-card");
        found->group = STR("financial");
        found->detector = STR("payment-card");
        found->confidence = found->severity = LEVEL_HIGH;
        found->value_hash = (uint64_t)i / 2;
    }
    policy_judge(policy, &subject, &verdict);
    activity_free(&activity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char detectors[] =
        "detectors: [{id: payment-card, type: credit-card}]";
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("d.yaml"), str_of(detectors));
    bundle_add(&bundle, BUNDLE_POLICY, STR("fuzz.yaml"),
        str_make((const char *)data, size));
    struct policy *policy = policy_load(&bundle, &diag);
    if (policy != NULL)
        judge(policy);
    policy_free(&policy);
    diag_free(&diag);
    bundle_free(&bundle);
    return 0;
}
