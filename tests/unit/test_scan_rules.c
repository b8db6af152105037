/* inspect/scan.h, with rules of our own: shapes, tokens, words, guesses */
#include "inspect/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/bundle.h"
#include "base/clock.h"
#include "inspect/rules.h"

static struct rules *rules;
static struct scanner *scanner;
static struct buf database;

static const char yaml[] =
    "detectors:\n"
    "  - id: plain\n    type: other-pii\n    group: personal\n"
    "    severity: high\n"
    "    patterns: [{shapes: ['999-AA-9', '999 999 999', '999999999'], "
    "separators: ' -'}]\n"
    "    keywords: {words: [code], within: 20}\n"
    "    deny: {words: [order], within: 10}\n"
    "    confidence: {base: none, with_keyword: high, alone: low}\n"
    "  - id: led\n    type: uk-nino\n    group: personal\n"
    "    severity: high\n    confidence: {base: medium}\n"
    "    patterns: [{shapes: ['AA 99 99 A'], separators: ' '}]\n"
    "  - id: start\n    type: iban\n    group: financial\n"
    "    severity: high\n    confidence: {base: medium}\n"
    "    patterns: [{shapes: ['XX99 X'], separators: ' ', "
    "match: 'QQ[0-9]{2}(?: [0-9]{2}){1,9}'}]\n"
    "  - id: named\n    type: vendor-key\n    group: secret\n"
    "    severity: high\n"
    "    patterns: [{token: '[0-9a-f]{16}(?![0-9a-z])', "
    "gap: '[a-z_]{0,8}[ =:]{1,3}'}]\n"
    "    keywords: {words: [acme], within: 30}\n"
    "    confidence: {base: none, with_keyword: high}\n"
    "  - id: unnamed\n    type: crypto-address\n    group: financial\n"
    "    severity: high\n    confidence: {base: medium}\n"
    "    patterns: [{token: 'Z[0-9]{14}Z'}]\n"
    "  - id: guess\n    type: generic-api-key\n    group: secret\n"
    "    severity: medium\n    gives_way: true\n"
    "    patterns: [{token: '[0-9a-f]{16}'}]\n"
    "    keywords: {words: [key], within: 30}\n"
    "    require: {words: [secret], within: 60}\n"
    "    confidence: {base: none, with_keyword: medium}\n";

static int set_up(void **state)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    (void)state;
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("own.yaml"), str_of(yaml));
    rules = rules_load(&bundle, &diag);
    bundle_free(&bundle);
    if (rules == NULL)
        print_message("%s", buf_cstr(&diag.text));
    return rules == NULL || rules_compile(rules, &diag, &database) != OK ||
           scanner_new(rules, buf_str(&database), &scanner) != OK;
}

static int tear_down(void **state)
{
    (void)state;
    scanner_free(&scanner);
    rules_free(&rules);
    buf_free(&database);
    return 0;
}

/* expected NULL: nothing */
static void assert_only(
    const char *text, const char *detector, const char *expected)
{
    struct findings found = {0};
    scan_text(scanner, str_of(text), WHERE_PROMPT, &found);
    if (found.count != (expected != NULL ? 1 : 0))
        fail_msg("%zu findings in %s", found.count, text);
    if (expected != NULL) {
        const struct finding *f = &found.items[0];
        if (!str_is(f->detector, detector) ||
            !str_is(str_sub(str_of(text), f->start, f->end), expected))
            fail_msg("%.*s at %zu in %s", STR_ARG(f->detector), f->start, text);
    }
    findings_free(&found);
}

static void shapes_are_found_with_their_separators_and_edges(void **state)
{
    (void)state;
    assert_only("his code is 123-QX-4.", "plain", "123-QX-4");
    assert_only("code:123456789;", "plain", "123456789");
    assert_only("code 123 456 789 is it", "plain", "123 456 789");
    assert_only("code 123-456-789 is it", "plain", "123-456-789");
    assert_only("code 123 456-789 is it", NULL, NULL);
    assert_only("code 123-qx-4 is it", NULL, NULL);
    assert_only("code 1234567890 is it", NULL, NULL);
    assert_only("code 123456789.5 is it", NULL, NULL);
    assert_only("code 1.123456789 is it", NULL, NULL);
    assert_only("code x123456789 is it", "plain", "123456789");
    assert_only("what of 123456789 then", NULL, NULL);
}

static void a_shape_may_begin_with_letters_and_go_on_as_an_expression(
    void **state)
{
    (void)state;
    assert_only("see AB 12 34 C there", "led", "AB 12 34 C");
    assert_only("see XAB 12 34 C there", NULL, NULL);
    assert_only("see QQ12 34 56 78 there", "start", "QQ12 34 56 78");
    assert_only("see QR12 34 56 78 there", NULL, NULL);
}

static void a_value_alone_in_its_text_is_a_weak_finding(void **state)
{
    (void)state;
    assert_only("123456789", "plain", "123456789");
    assert_only(" 123 456 789\n", "plain", "123 456 789");
    assert_only("number 123456789", "plain", "123456789");
    assert_only("order 123456789", NULL, NULL);
    assert_only("two words 123456789", NULL, NULL);
    assert_only("123456789 of 77", NULL, NULL);
}

static void a_token_needs_its_word_in_front_and_the_gap_between(void **state)
{
    (void)state;
    assert_only("acme_token = 0123456789abcdef", "named", "0123456789abcdef");
    assert_only("acme: 0123456789abcdef", "named", "0123456789abcdef");
    assert_only("acme; then 0123456789abcdef", NULL, NULL);
    assert_only("0123456789abcdef for acme", NULL, NULL);
    assert_only("acme 0123456789abcdef0", NULL, NULL);
    assert_only("acmeish 0123456789abcdef", NULL, NULL);
    assert_only("acme name-0123456789abcdef", NULL, NULL);
    assert_only("a Z01234567890123Z b", "unnamed", "Z01234567890123Z");
}

static void a_token_may_have_parts_in_front(void **state)
{
    (void)state;
    static const char token[] = "Z01234567890123Z";
    assert_only("name-Z01234567890123Z", "unnamed", token);
    assert_only("a+b+c-d_e/Z01234567890123Z", "unnamed", token);
    assert_only("a+Z01234567890123Z", NULL, NULL);
    /* the sixth separator is the last one, and 40 bytes; but for a slash */
    assert_only("1-2-3-4-5-6-Z01234567890123Z", "unnamed", token);
    assert_only("1-2-3-4-5-6-7-Z01234567890123Z", NULL, NULL);
    assert_only("012345678901234567890123456789012345678-"
                "Z01234567890123Z",
        "unnamed", token);
    assert_only("0123456789012345678901234567890123456789-"
                "Z01234567890123Z",
        NULL, NULL);
    assert_only("a/0123456789012345678901234567890123456789/"
                "Z01234567890123Z",
        "unnamed", token);
    assert_only("a/0123456789012345678901234567890123456789/"
                "Z01234567890123Z/b/c",
        "unnamed", token);
}

static void a_guess_needs_what_it_requires_and_gives_way(void **state)
{
    (void)state;
    assert_only("key 0123456789abcdef", NULL, NULL);
    assert_only("secret key 0123456789abcdef", "guess", "0123456789abcdef");
    assert_only(
        "secret key acme 0123456789abcdef", "named", "0123456789abcdef");
}

/* Chunks of 512 bytes, slices of 256 KiB. */
static void words_are_found_over_every_edge(void **state)
{
    (void)state;
    struct buf text = {0};
    for (size_t pad = 480; pad < 540; pad++) {
        buf_clear(&text);
        for (size_t i = 0; i < pad; i++)
            buf_append_char(&text, i % 7 == 6 ? ' ' : 'o');
        buf_append_str(&text, STR(" code 123-QX-4 "));
        assert_only(buf_cstr(&text), "plain", "123-QX-4");
    }
    for (size_t shift = 0; shift < 40; shift++) {
        buf_clear(&text);
        while (text.n < SCAN_STEP_BYTES - shift)
            buf_append_char(&text, text.n % 7 == 6 ? ' ' : 'o');
        buf_append_str(&text, STR(" 123-QX-4 code"));
        assert_only(buf_cstr(&text), "plain", "123-QX-4");
    }
    buf_free(&text);
}

/* A word in a hundred thousand, many with the same beginning. */
static void a_large_dictionary_is_searched_fast(void **state)
{
    struct buf text = {0}, prose = {0}, compiled = {0};
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct scanner *own = NULL;
    struct findings found = {0};
    (void)state;
    buf_append_str(
        &text, STR("detectors:\n  - id: names\n    type: dictionary\n"
                   "    group: document\n    severity: low\n"
                   "    confidence: {base: medium}\n"
                   "    patterns:\n      - dictionary:\n"));
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&text, "          - %s %u blue\n",
            i % 2 == 0 ? "project"
                       : "Stra\xc3\x9f"
                         "e",
            i);
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("t.yaml"), buf_str(&text));
    struct rules *large = rules_load(&bundle, &diag);
    if (large == NULL)
        fail_msg("%s", buf_cstr(&diag.text));
    assert_int_equal(rules_compile(large, &diag, &compiled), OK);
    assert_int_equal(scanner_new(large, buf_str(&compiled), &own), OK);
    while (prose.n < 3u << 20)
        buf_append_str(&prose, STR("project 7 of the Stra\xc3\x9f"
                                   "e 9 is red; "));
    buf_append_str(&prose, STR("PROJECT\n 99998  Blue, Stra\xc3\x9f"
                               "e 3 blue. "
                               "project 8 bluer"));
    uint64_t from = clock_mono_ms();
    scan_text(own, buf_str(&prose), WHERE_FILE, &found);
    assert_true(clock_mono_ms() - from < 10000); /* sanitizers */
    assert_int_equal(found.count, 2);
    findings_free(&found);
    scanner_free(&own);
    rules_free(&large);
    bundle_free(&bundle);
    buf_free(&text);
    buf_free(&prose);
    buf_free(&compiled);
}

/* Terms that begin with a digit, by themselves and beside others. */
static void terms_may_begin_with_digits(void **state)
{
    (void)state;
    static const char *const terms[] = {"401k plan", "7 seas", "3m deal", "42"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        struct buf yaml_of = {0}, text = {0}, compiled = {0};
        struct bundle bundle = {0};
        struct diag diag = {0};
        struct scanner *own = NULL;
        struct findings found = {0};
        buf_printf(&yaml_of,
            "detectors:\n  - id: names\n    type: dictionary\n"
            "    group: document\n    severity: low\n"
            "    confidence: {base: medium}\n"
            "    patterns:\n      - dictionary: ['%s', 'other']\n",
            terms[i]);
        bundle_add(&bundle, BUNDLE_DETECTORS, STR("t.yaml"), buf_str(&yaml_of));
        struct rules *few = rules_load(&bundle, &diag);
        if (few == NULL)
            fail_msg("%s", buf_cstr(&diag.text));
        assert_int_equal(rules_compile(few, &diag, &compiled), OK);
        assert_int_equal(scanner_new(few, buf_str(&compiled), &own), OK);
        for (size_t lead = 0; lead < 130; lead++) {
            buf_clear(&text);
            for (size_t n = 0; n < lead; n++)
                buf_append_char(&text, n % 3 == 2 ? '9' : '+');
            buf_printf(&text,
                " %s and 1 2 3 and so on until the end of a "
                "text that has more than a block of bytes behind",
                terms[i]);
            scan_text(own, buf_str(&text), WHERE_PROMPT, &found);
            assert_int_equal(found.count, 1);
            assert_int_equal(found.items[0].start, lead + 1);
            findings_free(&found);
        }
        scanner_free(&own);
        rules_free(&few);
        bundle_free(&bundle);
        buf_free(&yaml_of);
        buf_free(&text);
        buf_free(&compiled);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_found_with_their_separators_and_edges),
        cmocka_unit_test(
            a_shape_may_begin_with_letters_and_go_on_as_an_expression),
        cmocka_unit_test(a_value_alone_in_its_text_is_a_weak_finding),
        cmocka_unit_test(a_token_needs_its_word_in_front_and_the_gap_between),
        cmocka_unit_test(a_token_may_have_parts_in_front),
        cmocka_unit_test(a_guess_needs_what_it_requires_and_gives_way),
        cmocka_unit_test(words_are_found_over_every_edge),
        cmocka_unit_test(a_large_dictionary_is_searched_fast),
        cmocka_unit_test(terms_may_begin_with_digits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
