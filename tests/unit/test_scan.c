/* inspect/scan.h, with the shipped detectors */
#include "inspect/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "inspect/rules.h"
#include "tests/unit/detectors.h"

static struct rules *rules;
static struct scanner *scanner;
static struct buf database;

static int set_up(void **state)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    (void)state;
    add_shipped_detectors(&bundle);
    rules = rules_load(&bundle, &diag);
    bundle_free(&bundle);
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

static struct findings scan(struct str text)
{
    struct findings found = {0};
    scan_text(scanner, text, WHERE_PROMPT, &found);
    return found;
}

/* The one finding of the text is `expected`, of this type. */
static void assert_found(const char *text, const char *type,
    const char *expected, enum level confidence)
{
    struct findings found = scan(str_of(text));
    if (found.count != 1)
        fail_msg("%zu findings in %s", found.count, text);
    const struct finding *f = &found.items[0];
    assert_true(str_is(f->type, type));
    assert_true(str_is(str_sub(str_of(text), f->start, f->end), expected));
    assert_int_equal(f->confidence, confidence);
    assert_int_equal(f->count, 1);
    findings_free(&found);
}

static void assert_nothing(const char *text)
{
    struct findings found = scan(str_of(text));
    if (found.count != 0)
        fail_msg("%.*s in %s", STR_ARG(found.items[0].detector), text);
    findings_free(&found);
}

/* Every letter ends five anchors: more than one slice may note. */
static void what_was_not_looked_at_is_told(void **state)
{
    static const char yaml[] =
        "detectors:\n"
        "  - id: t\n    type: test\n    group: topic\n    severity: low\n"
        "    confidence: {base: low}\n    patterns: [{anchor: [eeeeee, "
        "eeeeeee, eeeeeeee, eeeeeeeee, eeeeeeeeee], match: 'zzzz[0-9]{4}'}]\n";
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct buf compiled = {0}, text = {0};
    struct scanner *own = NULL;
    struct findings found = {0};
    (void)state;
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("t.yaml"), str_of(yaml));
    struct rules *few = rules_load(&bundle, &diag);
    if (few == NULL)
        fail_msg("%s", buf_cstr(&diag.text));
    assert_int_equal(rules_compile(few, &diag, &compiled), OK);
    assert_int_equal(scanner_new(few, buf_str(&compiled), &own), OK);
    memset(buf_reserve(&text, SCAN_STEP_BYTES), 'e', SCAN_STEP_BYTES);
    buf_commit(&text, SCAN_STEP_BYTES);
    scan_text(own, str_sub(buf_str(&text), 0, 1000), WHERE_PROMPT, &found);
    assert_false(found.is_incomplete);
    scan_text(own, buf_str(&text), WHERE_PROMPT, &found);
    assert_true(found.is_incomplete);
    findings_free(&found);
    scanner_free(&own);
    rules_free(&few);
    bundle_free(&bundle);
    diag_free(&diag);
    buf_free(&compiled);
    buf_free(&text);
}

static void words_near_by_make_a_finding_surer(void **state)
{
    (void)state;
    assert_found("see 4111111111111111 please", "credit-card",
        "4111111111111111", LEVEL_MEDIUM);
    assert_found("my visa 4111111111111111", "credit-card", "4111111111111111",
        LEVEL_HIGH);
    assert_found("ssn 160468096", "us-ssn", "160468096", LEVEL_HIGH);
    assert_found("506-41-7871", "us-ssn", "506-41-7871", LEVEL_MEDIUM);
    assert_nothing("order 160468096");
    assert_nothing("classnames are in 160468096 rows");
}

static void numbers_are_not_bridged(void **state)
{
    (void)state;
    assert_nothing("4111 1111 1111 1111 1111 1111");
    assert_nothing("4111-1111-1111-1111-1111");
    assert_nothing("0.4111111111111111");
    assert_nothing("x = [4111, 1111, 1111, 1111]");
    assert_nothing("4111 1111-1111 1111");
    assert_nothing("id 63c504ab-4111-1111-1111-111111111111");
    assert_found("card 4111 1111 1111 1111 123", "credit-card",
        "4111 1111 1111 1111", LEVEL_HIGH);
    assert_found("card: 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1.", "credit-card",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", LEVEL_HIGH);
    assert_nothing("card scores: 7 2 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 3 5");
}

static void letters_next_to_a_number_need_a_word(void **state)
{
    (void)state;
    assert_nothing("ab4111111111111111cd");
    assert_found("card x4111111111111111x", "credit-card", "4111111111111111",
        LEVEL_HIGH);
}

static void disguised_digits_are_found_with_offsets_of_the_source(void **state)
{
    (void)state;
    const char *wide =
        "\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
        "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
        "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
        "\xef\xbc\x91";
    struct buf text = {0};
    buf_printf(&text, "caf\xc3\xa9 card %s ok", wide);
    assert_found(buf_cstr(&text), "credit-card", wide, LEVEL_HIGH);
    buf_free(&text);
    assert_found("card 4111\xe2\x80\x8b"
                 "1111\xc2\xad"
                 "11111111 ok",
        "credit-card",
        "4111\xe2\x80\x8b"
        "1111\xc2\xad"
        "11111111",
        LEVEL_HIGH);
    assert_found("\xc3\xa9 SSN 660\xe2\x80\x93"
                 "50\xe2\x80\x93"
                 "4867",
        "us-ssn",
        "660\xe2\x80\x93"
        "50\xe2\x80\x93"
        "4867",
        LEVEL_HIGH);
}

static void encodings_of_marks_and_looks_are_seen_through(void **state)
{
    static const char *const written[] = {"1bg^>0ekC;0ekC;0ekC;",
        "<~1bg^>0ekC;0ekC;0ekC;~>", "G%+zTF)=YQF)=YQF)=YQ",
        "....- .---- .---- .---- .---- .---- .---- .---- ..... ..... "
        ".---- .---- .---- .---- .---- ---..",
        "41ll1II155llllI8",
        "fouroneoneoneoneoneoneonefivefiveoneoneoneoneoneeight",
        "data:text/plain;base64,NDExMTExMTExMTExMTExMQ==",
        "&#x34&#x31&#x31&#x31&#x31&#x31&#x31&#x31&#x31&#x31&#x31&#x31&#x31"
        "&#x31&#x31&#x31"};
    struct buf text = {0};
    (void)state;
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        buf_clear(&text);
        buf_printf(&text, "my credit card is %s ok?", written[i]);
        assert_found(buf_cstr(&text), "credit-card", written[i], LEVEL_HIGH);
    }
    buf_free(&text);
    assert_nothing("my credit card is lost, the stools have 4legs and 12seats");
    assert_nothing(
        "card\n- - - - - - - - - - - - - - - -\n.... .... .... ....");
    assert_nothing("f(x[0],\"card\")==g(y[1],{a:'b'})&&h(z)?<i>:[j|k];");
}

static void a_value_found_in_both_views_is_one_finding(void **state)
{
    (void)state;
    assert_found("na\xc3\xafve\xe2\x80\x99s card 4111 1111 1111 1111",
        "credit-card", "4111 1111 1111 1111", LEVEL_HIGH);
}

static const struct {
    const char *text, *type;
} values[] = {
    {"card 4111 1111 1111 1111", "credit-card"},
    {"DE89 3704 0044 0532 0130 00", "iban"},
    {"my SSN is 660-50-4867", "us-ssn"},
    {"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", "github-token"},
    {"ASIA3MVRNOKKKQAAFUKK", "aws-key"},
    {"sk_live_SLu57bS7Z64kySmgSBbKQgdH", "stripe"},
    {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI4NTg3OTcwMjE4In0."
     "sj2dmWM6j3-BcBDKROcA",
        "jwt"},
};
enum { VALUES = sizeof values / sizeof values[0] };

static void where_slices_end_makes_no_difference(void **state)
{
    (void)state;
    struct buf text = {0};
    for (size_t v = 0; v < VALUES; v++) {
        size_t length = strlen(values[v].text);
        struct findings alone = scan(str_of(values[v].text));
        assert_int_equal(alone.count, 1);
        for (size_t shift = 0; shift <= length; shift += 3) {
            size_t at = SCAN_STEP_BYTES - shift;
            buf_clear(&text);
            memset(buf_reserve(&text, SCAN_STEP_BYTES * 2), '\n',
                SCAN_STEP_BYTES * 2);
            buf_commit(&text, SCAN_STEP_BYTES * 2);
            memcpy(buf_bytes(&text) + at, values[v].text, length);
            struct findings found = scan(buf_str(&text));
            assert_int_equal(found.count, 1);
            assert_int_equal(found.items[0].start, at + alone.items[0].start);
            assert_int_equal(found.items[0].end, at + alone.items[0].end);
            assert_int_equal(
                found.items[0].confidence, alone.items[0].confidence);
            findings_free(&found);
        }
        findings_free(&alone);
    }
    buf_free(&text);
}

/* Views are made of slices of the text: a disguise that lies over the end of
 * one is seen whole. */
static void disguises_are_found_over_every_end_of_a_slice(void **state)
{
    (void)state;
    enum { SLICE = 32 * 1024 }; /* scan_views.c */
    static const char *const texts[] = {"MzU3OTkyODk0NTM1NzYwMw==",
        "%33%35%37%39%39%32%38%39%34%35%33%35%37%36%30%33",
        "QUtJQTNNVlJOT0tLS1FBQUZVS0s="};
    struct buf text = {0};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        size_t length = strlen(texts[t]);
        size_t expected = SIZE_MAX;
        for (size_t shift = 0; shift <= length; shift++) {
            buf_clear(&text);
            memset(buf_reserve(&text, 2 * SLICE), '\n', 2 * SLICE);
            buf_commit(&text, 2 * SLICE);
            memcpy(buf_bytes(&text) + SLICE - shift - 12, "card number ", 12);
            memcpy(buf_bytes(&text) + SLICE - shift, texts[t], length);
            struct findings found = scan(buf_str(&text));
            if (expected == SIZE_MAX)
                expected = found.count;
            assert_int_equal(found.count, expected);
            for (size_t i = 0; i < found.count; i++) {
                assert_true(found.items[i].start >= SLICE - shift);
                assert_true(found.items[i].end <= SLICE - shift + length);
            }
            findings_free(&found);
        }
        assert_int_equal(expected, 1);
    }
    buf_free(&text);
}

static void many_values_in_a_large_text_are_found_each_once(void **state)
{
    (void)state;
    struct buf text = {0};
    size_t starts[700];
    for (size_t i = 0; i < 700; i++) {
        while (text.n < i * 2000)
            buf_append_str(&text, STR("lorem ipsum, "));
        buf_append_str(&text, STR("\n"));
        starts[i] = text.n;
        buf_append_str(&text, str_of(values[i % VALUES].text));
        buf_append_str(&text, STR("\n"));
    }
    struct findings found = scan(buf_str(&text));
    assert_int_equal(found.count, 700);
    for (size_t i = 0; i < 700; i++) {
        assert_true(str_is(found.items[i].type, values[i % VALUES].type));
        assert_true(found.items[i].start >= starts[i]);
    }
    findings_free(&found);
    buf_free(&text);
}

static void no_step_looks_at_more_than_its_share(void **state)
{
    (void)state;
    struct buf text = {0};
    struct findings found = {0};
    memset(buf_reserve(&text, SCAN_STEP_BYTES * 4), 'a', SCAN_STEP_BYTES * 4);
    buf_commit(&text, SCAN_STEP_BYTES * 4);
    struct scan_job *job =
        scan_job_new(scanner, buf_str(&text), WHERE_FILE, &found);
    int steps = 1;
    while (scan_job_step(job))
        steps++;
    /* Slices of the text, then smaller ones for views of it. */
    assert_true(steps >= 4 + 4 * SCAN_STEP_BYTES / (32 * 1024));
    scan_job_free(&job);
    findings_free(&found);
    buf_free(&text);
}

static void assert_bounded(const char *piece, size_t bytes)
{
    enum { LIMIT_MS = 5000 }; /* of this process; under sanitizers */
    struct buf text = {0};
    while (text.n < bytes)
        buf_append_str(&text, str_of(piece));
    clock_t from = clock();
    struct findings found = scan(buf_str(&text));
    clock_t took = (clock() - from) / (CLOCKS_PER_SEC / 1000);
    findings_free(&found);
    buf_free(&text);
    if (took > LIMIT_MS)
        fail_msg("%s: %ld ms", piece, (long)took);
}

/* What is known of words around some numbers holds for those only. */
static void a_word_is_seen_behind_numbers_without_any(void **state)
{
    enum { NUMBERS = 300, NUMBER = 10 };
    struct buf text = {0};
    (void)state;
    for (size_t i = 0; i < NUMBERS; i++)
        buf_append_str(&text, STR("384920571 "));
    struct findings found = scan(buf_str(&text));
    assert_int_equal(found.count, 0);
    findings_free(&found);
    buf_append_str(&text, STR("ssn 536-22-8726"));
    found = scan(buf_str(&text));
    assert_true(found.count > 0);
    const struct finding *last = &found.items[found.count - 1];
    assert_int_equal(last->start, NUMBERS * NUMBER + 4);
    assert_true(str_is(last->detector, "us-ssn"));
    assert_int_equal(last->confidence, LEVEL_HIGH);
    findings_free(&found);
    buf_free(&text);
}

/* Single digits stand between them, more than a block of them, too. */
static void number_words_may_have_digits_between(void **state)
{
    (void)state;
    assert_found("my credit card number is four 1 1 1 1 1 one 1 1 1 1 1 1 1 "
                 "1 one, thanks a lot",
        "credit-card", "four 1 1 1 1 1 one 1 1 1 1 1 1 1 1 one", LEVEL_HIGH);
    assert_nothing("one of them, two of these and three of those: 1 2 3");
}

static void hostile_texts_take_bounded_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {"4", "41", "4 ", "4-", "12345678 ",
        "4111 ", "4111111111111111 ", "-----BEGIN",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw"
        "ggSjAgEAAoIBAQ ",
        "eyJ", "eyJhbGciOi.", "eyJhbGciOi", "AKIA", "sk-", "T3BlbkFJ", "ghp_",
        "AccountKey=", "aws secret key ", "card 4111 ",
        "postgres://a:", "mysql://", "DE89", "DE89 3704 ", "1:A", "SG.",
        "LS0tLS1CRUdJTi", "\xe2\x80\x8b", "\xef\xbc\x94", "0Q~", "\xff",
        "token a1a1a1a1a1a1a1a1 ", "password=", "pwd:", "1.1.", "12-", "::1",
        "kind: Secret\ndata:\n", "jdbc:a", "\"kty\":\"EC\"",
        "1 2 3 4 5 6 7 8 9 ", "00:11:22:33:", "AB 12 ", "01/01/2020 ",
        "secret/a1secret-a1_", "99999999999999999999", "9jqo^", "=9jqo^", ".- ",
        "....- ...../", "one", "4l", "password ", "password: ", "384920571 ",
        "192.168.17.4 ", "'a','b',", "@", "first/12/last/12/"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        assert_bounded(pieces[i], 1 << 18);
    assert_bounded("/", 1 << 20);
}

static void a_flood_is_noted_and_hides_no_strong_finding(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(
            &text, "%03u %02u %04u\n", 100 + i % 500, 10 + i % 80, 1000 + i);
    buf_append_str(&text, STR("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\n"));
    struct findings found = scan(buf_str(&text));
    bool is_there = false;
    for (size_t i = 0; i < found.count; i++)
        is_there = is_there || str_is(found.items[i].type, "github-token");
    assert_true(is_there);
    assert_true(found.is_capped);
    findings_free(&found);
    buf_free(&text);
}

static void equal_values_have_equal_hashes_and_others_not(void **state)
{
    (void)state;
    struct findings found = scan(STR("card 4111 1111 1111 1111, card "
                                     "4111-1111-1111-1111, card "
                                     "5500005555555559"));
    assert_int_equal(found.count, 3);
    assert_true(found.items[0].value_hash == found.items[1].value_hash);
    assert_true(found.items[0].value_hash != found.items[2].value_hash);
    for (size_t i = 0; i < 3; i++)
        assert_false(str_has(found.items[i].sample, "1111111"));
    findings_free(&found);
}

static void nothing_is_found_in_nothing(void **state)
{
    (void)state;
    assert_nothing("");
    struct findings found = scan(STR_NONE);
    assert_int_equal(found.count, 0);
    findings_free(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_looked_at_is_told),
        cmocka_unit_test(words_near_by_make_a_finding_surer),
        cmocka_unit_test(numbers_are_not_bridged),
        cmocka_unit_test(letters_next_to_a_number_need_a_word),
        cmocka_unit_test(disguised_digits_are_found_with_offsets_of_the_source),
        cmocka_unit_test(encodings_of_marks_and_looks_are_seen_through),
        cmocka_unit_test(a_value_found_in_both_views_is_one_finding),
        cmocka_unit_test(where_slices_end_makes_no_difference),
        cmocka_unit_test(many_values_in_a_large_text_are_found_each_once),
        cmocka_unit_test(disguises_are_found_over_every_end_of_a_slice),
        cmocka_unit_test(no_step_looks_at_more_than_its_share),
        cmocka_unit_test(a_word_is_seen_behind_numbers_without_any),
        cmocka_unit_test(number_words_may_have_digits_between),
        cmocka_unit_test(hostile_texts_take_bounded_time),
        cmocka_unit_test(a_flood_is_noted_and_hides_no_strong_finding),
        cmocka_unit_test(equal_values_have_equal_hashes_and_others_not),
        cmocka_unit_test(nothing_is_found_in_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
