/* inspect/rules.h */
#include "inspect/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/scan.h"
#include "tests/unit/detectors.h"

static struct rules *load(const char *text, struct diag *diag)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("d.yaml"), str_of(text));
    struct rules *rules = rules_load(&bundle, diag);
    bundle_free(&bundle);
    return rules;
}

static void assert_mistake(const char *rule, const char *expected)
{
    struct diag diag = {0};
    struct buf text = {0};
    buf_printf(&text, "detectors:\n  - %s\n", rule);
    struct rules *rules = load(buf_cstr(&text), &diag);
    assert_null(rules);
    if (!str_has(buf_str(&diag.text), expected))
        fail_msg("no \"%s\" in: %s", expected, buf_cstr(&diag.text));
    if (!str_starts(buf_str(&diag.text), "d.yaml:2: "))
        fail_msg("no file and line in: %s", buf_cstr(&diag.text));
    buf_free(&text);
    diag_free(&diag);
}

static void mistakes_say_where_and_what_is_allowed(void **state)
{
    (void)state;
    assert_mistake("{id: A b, type: t, patterns: [{anchor: a, match: a}]}",
        "id must be 1 to 64 lower-case letters");
    assert_mistake("{id: a, type: t}", "a rule has 1 to 64 patterns");
    assert_mistake("{id: a, type: t, patterns: [{match: a}]}",
        "a pattern needs an anchor");
    assert_mistake(
        "{id: a, type: t, patterns: [{anchor: a}]}", "a pattern needs match");
    assert_mistake("{id: a, type: t, patterns: [{anchor: a, match: '('}]}",
        "not a regular expression: ");
    assert_mistake("{id: a, type: t, patterns: [{anchor: '(', match: a}]}",
        "anchor \"(\": ");
    assert_mistake("{id: a, type: t, patterns: [{anchor: 'a+', match: a}]}",
        "must match 1 to 1024 bytes");
    assert_mistake("{id: a, type: t, patterns: [{anchor: 'aa?', match: a}]}",
        "the pattern needs \"before\"");
    assert_mistake("{id: a, type: t, validator: x, patterns: [{anchor: a, "
                   "match: a}]}",
        "is not one of: card, iban");
    assert_mistake("{id: a, type: t, entropy: 9, patterns: [{anchor: a, "
                   "match: a}]}",
        "entropy is a number from 0 to 8");
    assert_mistake("{id: a, type: t, confidence: {base: none}, patterns: "
                   "[{anchor: a, match: a}]}",
        "would never report anything");
    assert_mistake("{id: a, type: t, severity: none, patterns: [{anchor: a, "
                   "match: a}]}",
        "severity must be low, medium or high");
    assert_mistake("{id: a, type: t, group: things, patterns: [{anchor: a, "
                   "match: a}]}",
        "secret, financial, personal");
    assert_mistake("{id: a, type: t, patterns: [{digits: {lengths: [3, 4]}}]}",
        "digits needs lengths");
    assert_mistake("{id: a, type: t, patterns: [{digits: {groups: [\"3-x\"]}}]"
                   "}",
        "groups are numbers of digits");
    assert_mistake("{id: a, type: t, patterns: [{digits: {groups: "
                   "[\"3-6\"], separators: \"/\"}}]}",
        "separators may be blank");
    assert_mistake("{id: a, type: t, keywords: {words: [x]}, patterns: "
                   "[{anchor: a, match: a}]}",
        "a word has 2 to 100 bytes");
    assert_mistake("{id: a, tpye: t, patterns: [{anchor: a, match: a}]}",
        "unknown key \"tpye\"; allowed: id, kind, type");
    assert_mistake("{id: a, kind: fingerprint}", "needs set, the name");
    assert_mistake("{id: a, kind: fingerprint, set: b, file: c}", "or file");
    assert_mistake("{id: a, kind: fingerprint, set: ../b}", "set must be");
    assert_mistake("{id: a, kind: fingerprint, set: b, min_share: 101}", "100");
    assert_mistake("{id: a, kind: print}", "pattern, fingerprint");
}

static void an_id_stands_once(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_null(
        load("detectors:\n"
             "  - {id: a, type: t, patterns: [{anchor: a, match: a}]}\n"
             "  - {id: a, type: t, patterns: [{anchor: a, match: a}]}\n",
            &diag));
    assert_true(str_has(buf_str(&diag.text), "d.yaml:3: id \"a\" is already at "
                                             "d.yaml:2"));
    diag_free(&diag);
}

static void the_hash_follows_the_patterns_and_not_the_rest(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "detectors: [{id: a, type: t, patterns: [{anchor: a, match: a}]}]",
        "detectors: [{id: b, type: u, patterns: [{anchor: a, match: ab}]}]",
        "detectors: [{id: a, type: t, patterns: [{anchor: b, match: b}]}]",
    };
    char hashes[3][RULES_HASH_BYTES];
    for (size_t i = 0; i < 3; i++) {
        struct diag diag = {0};
        struct rules *rules = load(texts[i], &diag);
        assert_non_null(rules);
        rules_hash(rules, hashes[i]);
        assert_int_equal(strlen(hashes[i]), RULES_HASH_BYTES - 1);
        rules_free(&rules);
    }
    assert_string_equal(hashes[0], hashes[1]);
    assert_string_not_equal(hashes[0], hashes[2]);
}

static void a_damaged_or_foreign_database_is_refused(void **state)
{
    (void)state;
    struct diag diag = {0};
    struct buf database = {0};
    struct scanner *scanner = NULL;
    struct rules *rules = load(
        "detectors: [{id: a, type: t, patterns: [{anchor: ab, match: ab}]}]",
        &diag);
    struct rules *others = load(
        "detectors: [{id: a, type: t, patterns: [{anchor: cd, match: cd}]}]",
        &diag);
    assert_int_equal(rules_compile(rules, &diag, &database), OK);
    assert_int_equal(
        scanner_new(others, buf_str(&database), &scanner), ERR_UNSUPPORTED);
    for (size_t n = 0; n < database.n; n += database.n / 40 + 1)
        assert_int_equal(
            scanner_new(rules, str_sub(buf_str(&database), 0, n), &scanner),
            ERR_UNSUPPORTED);
    for (size_t i = 0; i < database.n; i += database.n / 40 + 1) {
        bool is_padding = i >= 24 + RULES_HASH_BYTES && i < 24 + 192;
        buf_bytes(&database)[i] ^= 0x20;
        if (!is_padding)
            assert_int_equal(scanner_new(rules, buf_str(&database), &scanner),
                ERR_UNSUPPORTED);
        buf_bytes(&database)[i] ^= 0x20;
    }
    assert_int_equal(scanner_new(rules, buf_str(&database), &scanner), OK);
    scanner_free(&scanner);
    buf_free(&database);
    rules_free(&rules);
    rules_free(&others);
}

/* Every example of the rules is found, and no counter-example. */
static void assert_examples(const struct bundle *bundle, size_t least)
{
    struct diag diag = {0};
    struct buf database = {0};
    struct rules *rules = rules_load(bundle, &diag);
    if (rules == NULL)
        fail_msg("%s", buf_cstr(&diag.text));
    assert_true(rules_count(rules) >= least);
    assert_int_equal(rules_compile(rules, &diag, &database), OK);
    rules_check_examples(rules, buf_str(&database), &diag);
    if (diag.count > 0)
        fail_msg("%s", buf_cstr(&diag.text));
    buf_free(&database);
    rules_free(&rules);
}

static void every_shipped_example_is_found_and_no_counter_example(void **state)
{
    (void)state;
    struct bundle bundle = {0};
    add_shipped_detectors(&bundle);
    assert_examples(&bundle, 40);
    bundle_free(&bundle);
}

static const char listed[] =
    "detectors: [{id: a, type: dictionary, group: document, confidence: {base: "
    "low}, patterns: [{dictionary_file: names.txt}], examples: [about Project "
    "Blue], counter_examples: [project green, '# remark', projectile blue]}]";

static void add_list(struct bundle *bundle, const char *name, const char *text)
{
    bundle_add(bundle, BUNDLE_WORDS, str_of(name), str_of(text));
}

static void a_list_of_words_lies_beside_the_rules(void **state)
{
    (void)state;
    struct bundle bundle = {0};
    bundle_add(
        &bundle, BUNDLE_DETECTORS, STR("here/rules.yaml"), str_of(listed));
    add_list(&bundle, "there/names.txt", "project green\n");
    add_list(&bundle, "here/my-names.txt", "project green\n");
    add_list(&bundle, "here/names.txt",
        "\xef\xbb\xbf# remark\r\n\r\n  project blue \r\nHarbour");
    assert_examples(&bundle, 1);
    bundle_free(&bundle);
}

static void a_bad_list_says_which_line(void **state)
{
    (void)state;
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("rules.yaml"), str_of(listed));
    assert_null(rules_load(&bundle, &diag));
    assert_true(str_has(buf_str(&diag.text), "no word list \"names.txt\""));
    add_list(&bundle, "other/names.txt", "good\n\n(bad)\nx\n");
    assert_null(rules_load(&bundle, &diag));
    assert_true(str_has(buf_str(&diag.text), "other/names.txt:3: a term"));
    assert_true(str_has(buf_str(&diag.text), "other/names.txt:4: a term"));
    assert_int_equal(diag.count, 3);
    diag_free(&diag);
    bundle_free(&bundle);
}

static void an_example_that_fails_is_reported(void **state)
{
    (void)state;
    struct diag diag = {0};
    struct buf database = {0};
    struct rules *rules = load(
        "detectors: [{id: a, type: t, patterns: [{anchor: ab, match: abc}], "
        "examples: [abd], counter_examples: [xabcx]}]",
        &diag);
    assert_int_equal(rules_compile(rules, &diag, &database), OK);
    rules_check_examples(rules, buf_str(&database), &diag);
    assert_int_equal(diag.count, 2);
    assert_true(str_has(buf_str(&diag.text), "a: example 1 is not found"));
    assert_true(str_has(buf_str(&diag.text), "a: counter-example 1 is found"));
    buf_free(&database);
    diag_free(&diag);
    rules_free(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_say_where_and_what_is_allowed),
        cmocka_unit_test(an_id_stands_once),
        cmocka_unit_test(the_hash_follows_the_patterns_and_not_the_rest),
        cmocka_unit_test(a_damaged_or_foreign_database_is_refused),
        cmocka_unit_test(every_shipped_example_is_found_and_no_counter_example),
        cmocka_unit_test(a_list_of_words_lies_beside_the_rules),
        cmocka_unit_test(a_bad_list_says_which_line),
        cmocka_unit_test(an_example_that_fails_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
