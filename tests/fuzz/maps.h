/*
 * The shipped service maps, one detector for the word "secret" and a policy
 * that blocks it: what the targets of the inspection share.
 */
#ifndef TESTS_FUZZ_MAPS_H
#define TESTS_FUZZ_MAPS_H

#include <stdio.h>

#include "inspect/exchange.h"
#include "inspect/keep_links.h"
#include "inspect/rules.h"
#include "tests/fuzz/same.h"

static const char DETECTOR[] = "detectors:\n  - id: word\n"
                               "    type: credit-card\n"
                               "    group: financial\n"
                               "    severity: high\n"
                               "    description: A word\n"
                               "    patterns:\n"
                               "      - anchor: 'secret'\n"
                               "        match: 'secret'\n"
                               "    confidence: {base: high}\n";

static const char POLICY[] = "mode: enforce\n"
                             "default: allow\n"
                             "rules:\n"
                             "  - name: no-words\n"
                             "    when: {type: [credit-card]}\n"
                             "    verdict: block\n"
                             "    severity: high\n"
                             "    message: Not this.\n";

static struct exchange_env env;
static struct scanner *scanner;
static struct policy *policy;

static void load_judges(struct bundle *bundle, struct diag *diag)
{
    static struct buf database; /* the scanner borrows it, and the rules */
    bundle_add(bundle, BUNDLE_DETECTORS, STR("word.yaml"), STR(DETECTOR));
    struct rules *rules = rules_load(bundle, diag);
    check(rules != NULL && rules_compile(rules, diag, &database) == OK &&
              scanner_new(rules, buf_str(&database), &scanner) == OK,
        "the detector compiles");
    bundle_add(bundle, BUNDLE_POLICY, STR("policy.yaml"), STR(POLICY));
    policy = policy_load(bundle, diag);
    check(policy != NULL, "the policy loads");
}

static void load_maps(void)
{
    static const char *const files[] = {"conf/services/chatgpt.yaml",
        "conf/services/openai-api.yaml", "conf/services/openai-admin.yaml"};
    struct bundle bundle = {0};
    struct diag diag = {0};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        static char text[64 * 1024];
        FILE *f = fopen(files[i], "r");
        check(f != NULL, "run from the project's folder");
        size_t n = fread(text, 1, sizeof text, f);
        fclose(f);
        bundle_add(
            &bundle, BUNDLE_SERVICE, str_of(files[i]), str_make(text, n));
    }
    env.services = service_set_load(&bundle, &diag);
    check(env.services != NULL, "the shipped maps load");
    load_judges(&bundle, &diag);
    bundle_free(&bundle);
}

/* Of a record what is the same each time and at any cut: ids that we make
 * stand before its text, and the ids of an answer are read as soon as it seems
 * whole, so that rubbish behind it counts or not. */
static inline void append_record(struct record *record, struct buf *out)
{
    struct str json = buf_str(&record->json);
    size_t from = str_find(json, STR("\"text\":"));
    if (from == json.n)
        from = str_find(json, STR("\"verdict\":"));
    buf_append_str(out, str_sub(json, from, json.n));
    buf_free(&record->json);
}

/* A note has no answer.  What a redirect says of a link is a question that
 * nobody waits for: its answer goes nowhere (proxy/role_keeper.c). */
static inline void check_unanswered(struct str answer)
{
    struct keep_link_answer said;
    check(answer.n == 0 || keep_read_link(answer, &said) == OK,
        "a note has no answer");
}

/* Until the exchange wants more; its records go to out. */
static inline void run_steps(
    struct exchange *ex, struct keep *keep, int64_t now_ms, struct buf *out)
{
    struct buf data = {0}, nothing = {0};
    struct record record;
    enum exchange_state state;
    while ((state = exchange_step(ex)) != EXCHANGE_READY) {
        if (state != EXCHANGE_ASK)
            continue;
        keep_handle(keep, exchange_question(ex), now_ms, &data);
        exchange_answer(ex, buf_str(&data));
        buf_clear(&data);
    }
    while (exchange_next_note(ex, &data) == OK) {
        keep_handle(keep, buf_str(&data), now_ms, &nothing);
        check_unanswered(buf_str(&nothing));
        buf_clear(&nothing);
        buf_clear(&data);
    }
    while (exchange_next_record(ex, &record) == OK)
        append_record(&record, out);
    buf_free(&data);
    buf_free(&nothing);
}

#endif
