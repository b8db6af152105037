/*
 * Any bytes as a detector file: mistakes or a rule set, and then a text over
 * it.  Compiling stops at a handful of rules, for speed.
 */
#include "inspect/rules.h"

#include <stdlib.h>

#include "inspect/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct buf database = {0};
    struct scanner *scanner = NULL;
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("fuzz.yaml"),
        str_make((const char *)data, size));
    bundle_add(&bundle, BUNDLE_WORDS, STR("words.txt"),
        str_make((const char *)data, size));
    struct rules *rules = rules_load(&bundle, &diag);
    if (rules != NULL && rules_count(rules) < 5 &&
        rules_compile(rules, &diag, &database) == OK &&
        scanner_new(rules, buf_str(&database), &scanner) == OK) {
        struct findings found = {0};
        scan_text(
            scanner, str_make((const char *)data, size), WHERE_FILE, &found);
        findings_free(&found);
        rules_check_examples(rules, buf_str(&database), &diag);
        rules_check_examples(rules, STR("another version's"), &diag);
    }
    for (size_t i = 0; rules != NULL && i < rules_count(rules); i++)
        if (rules_id(rules, i).n == 0 || rules_description(rules, i).n > size)
            abort();
    scanner_free(&scanner);
    rules_free(&rules);
    buf_free(&database);
    diag_free(&diag);
    bundle_free(&bundle);
    return 0;
}
