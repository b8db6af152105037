/* inspect/evidence.h */
#include "inspect/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/base64.h"
#include "base/mem.h"

static struct seal_key secret;

static struct evidence_options options(void)
{
    struct evidence_options o = {.least = VERDICT_ALERT,
        .min_severity = LEVEL_MEDIUM,
        .max_bytes = 4096};
    seal_new_keys(&o.key, &secret);
    return o;
}

static void fill(struct buf *text, size_t n)
{
    memset(buf_reserve(text, n), 'x', n);
    buf_commit(text, n);
}

static void find(
    struct activity *a, size_t start, size_t end, enum level severity)
{
    struct finding *f = findings_add(&a->findings);
    f->detector = STR("det");
    f->type = STR("typ");
    f->severity = severity;
    f->start = start;
    f->end = end;
}

/* What was sealed, opened; NULL: nothing was. */
static json_t *opened(const struct activity *a)
{
    struct buf sealed = {0}, clear = {0};
    if (a->sealed.n == 0)
        return NULL;
    assert_int_equal(base64_decode(buf_str(&a->sealed), &sealed), OK);
    assert_int_equal(seal_open(&secret, buf_str(&sealed), &clear), OK);
    json_t *root = json_loadb(buf_bytes(&clear), clear.n, JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "id")), a->id);
    buf_free(&sealed);
    buf_free(&clear);
    return root;
}

static json_t *piece(const json_t *root, size_t i)
{
    return json_array_get(json_object_get(root, "texts"), i);
}

static void check_piece(
    const json_t *root, size_t i, struct str text, size_t start, size_t count)
{
    const json_t *one = piece(root, i), *value = json_object_get(one, "text");
    assert_int_equal(json_string_length(value), text.n);
    assert_memory_equal(json_string_value(value), text.p, text.n);
    assert_int_equal(json_integer_value(json_object_get(one, "start")), start);
    assert_int_equal(json_array_size(json_object_get(one, "findings")), count);
}

static void a_short_text_comes_back_exactly(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    const struct str text = STR("pin \"4711\"\n\x01 \xc3\xa4 end");
    a->verdict = VERDICT_BLOCK;
    find(a, 5, 9, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, text, 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, text, 0, 1);
    json_decref(root);
    activity_free(&a);
}

static void only_what_stands_around_findings_is_kept(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    struct buf text = {0};
    fill(&text, 3000);
    a->verdict = VERDICT_ALERT;
    find(a, 1500, 1510, LEVEL_HIGH); /* not in their order */
    find(a, 1000, 1010, LEVEL_HIGH);
    find(a, 1260, 1270, LEVEL_HIGH);
    find(a, 2990, 3000, LEVEL_HIGH);
    find(a, 2000, 2010, LEVEL_LOW); /* not asked for */
    evidence_note(&o, a, &a->findings, 0, buf_str(&text), 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, str_sub(buf_str(&text), 744, 1766), 744, 3);
    check_piece(root, 1, str_sub(buf_str(&text), 2734, 3000), 2734, 1);
    assert_null(piece(root, 2));
    json_decref(root);
    activity_free(&a);
    buf_free(&text);
}

static void a_whole_text_is_kept_where_it_fits(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    struct buf text = {0};
    fill(&text, 3000);
    o.is_whole = true;
    a->verdict = VERDICT_ALERT;
    find(a, 1000, 1010, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, buf_str(&text), 0);
    find(a, 1000, 1010, LEVEL_HIGH); /* of another text */
    evidence_note(&o, a, &a->findings, 1, buf_str(&text), 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, buf_str(&text), 0, 1);
    check_piece(root, 1, str_sub(buf_str(&text), 744, 1266), 744, 1);
    json_decref(root);
    activity_free(&a);
    buf_free(&text);
}

static void a_slice_is_told_by_its_place_in_the_whole(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    a->verdict = VERDICT_ALERT;
    find(a, 10, 12, LEVEL_HIGH); /* before the slice */
    find(a, 5003, 5005, LEVEL_HIGH);
    find(a, 5003, 9000, LEVEL_HIGH); /* behind it */
    evidence_note(&o, a, &a->findings, 0, STR("0123456789"), 5000);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, STR("0123456789"), 5000, 1);
    json_decref(root);
    activity_free(&a);
}

/* A text that was read in two spellings. */
static void a_list_of_its_own_adds_what_is_news(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    struct findings again = {0};
    a->verdict = VERDICT_ALERT;
    find(a, 0, 1, LEVEL_HIGH);
    for (int i = 0; i < 2; i++) {
        struct finding *f = findings_add(&again);
        *f = a->findings.items[0];
        f->value_hash = (uint64_t)i;
    }
    evidence_note(&o, a, &again, 0, STR("text"), 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, STR("text"), 0, 1);
    assert_null(piece(root, 1));
    json_decref(root);
    findings_free(&again);
    activity_free(&a);
}

static void no_more_is_kept_than_the_bound(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    struct buf text = {0};
    fill(&text, 100000);
    a->verdict = VERDICT_ALERT;
    for (size_t i = 0; i < 50; i++)
        find(a, i * 2000, i * 2000 + 10, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, buf_str(&text), 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    size_t bytes = 0;
    for (size_t i = 0; piece(root, i) != NULL; i++)
        bytes += json_string_length(json_object_get(piece(root, i), "text"));
    assert_in_range(bytes, 3500, o.max_bytes);
    assert_true(json_is_true(json_object_get(root, "is_cut")));
    json_decref(root);
    activity_free(&a);
    buf_free(&text);
}

static void bytes_that_are_no_text_come_back_as_base64(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    a->verdict = VERDICT_ALERT;
    find(a, 0, 2, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, STR("\xff\xfe"), 0);
    evidence_seal(&o, a);
    json_t *root = opened(a);
    assert_string_equal(
        json_string_value(json_object_get(piece(root, 0), "base64")), "//4=");
    json_decref(root);
    activity_free(&a);
}

/* A verdict may come later than a first record; nothing is sealed twice. */
static void it_is_sealed_once_and_only_for_the_verdicts_asked_for(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    find(a, 0, 2, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, STR("one"), 0);
    evidence_seal(&o, a);
    assert_null(opened(a));
    a->verdict = VERDICT_ALERT;
    evidence_seal(&o, a);
    json_t *root = opened(a);
    check_piece(root, 0, STR("one"), 0, 1);
    json_decref(root);
    evidence_seal(&o, a);
    assert_null(opened(a));
    find(a, 0, 2, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 1, STR("two"), 0);
    evidence_seal(&o, a);
    root = opened(a);
    check_piece(root, 0, STR("two"), 0, 1);
    assert_null(piece(root, 1));
    json_decref(root);
    activity_free(&a);
}

static void without_a_key_nothing_is_kept(void **state)
{
    (void)state;
    struct activity *a = activity_new();
    a->verdict = VERDICT_BLOCK;
    find(a, 0, 2, LEVEL_HIGH);
    evidence_note(NULL, a, &a->findings, 0, STR("one"), 0);
    assert_null(a->evidence);
    evidence_seal(NULL, a);
    assert_int_equal(a->sealed.n, 0);
    activity_free(&a);
}

/* The record has the sealed text and nothing of the clear one. */
static void the_record_carries_it_sealed(void **state)
{
    (void)state;
    struct evidence_options o = options();
    struct activity *a = activity_new();
    struct buf json = {0};
    a->verdict = VERDICT_BLOCK;
    find(a, 0, 9, LEVEL_HIGH);
    evidence_note(&o, a, &a->findings, 0, STR("sesame123"), 0);
    evidence_seal(&o, a);
    activity_write(a, CAPTURE_SAMPLE, &json);
    assert_true(str_has(buf_str(&json), "\"sealed_evidence\":\""));
    assert_false(str_has(buf_str(&json), "sesame"));
    buf_free(&json);
    activity_free(&a);
}

/* ---- options ---- */

static bool load(const char *settings_text, const char *key_file,
    struct evidence_options *o, struct buf *mistakes)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct settings settings;
    bundle_add(&bundle, BUNDLE_SETTINGS, STR("p.yaml"), str_of(settings_text));
    if (key_file != NULL)
        bundle_add(&bundle, BUNDLE_EVIDENCE, STR("k.pub"), str_of(key_file));
    settings_load(&bundle, &diag, &settings);
    bool is_kept = evidence_options_load(&bundle, &settings, &diag, o);
    buf_append_str(mistakes, buf_str(&diag.text));
    settings_free(&settings);
    diag_free(&diag);
    bundle_free(&bundle);
    return is_kept;
}

static void options_come_from_the_settings(void **state)
{
    (void)state;
    struct evidence_options want = options(), o;
    struct buf line = {0}, text = {0}, mistakes = {0};
    assert_false(load("{}", NULL, &o, &mistakes));
    seal_write_key(SEAL_PUBLIC, &want.key, &line);
    assert_true(load("evidence: {public_key: k.pub, keep: block,"
                     " min_severity: high, text: whole, max_bytes: 2000}",
        buf_cstr(&line), &o, &mistakes));
    assert_memory_equal(&o.key, &want.key, sizeof o.key);
    assert_int_equal(o.least, VERDICT_BLOCK);
    assert_int_equal(o.min_severity, LEVEL_HIGH);
    assert_true(o.is_whole);
    assert_int_equal(o.max_bytes, 2000);
    buf_printf(&text, "evidence: {public_key: \"%.*s\", keep: all}",
        STR_ARG(str_trim(str_sub(buf_str(&line), 11, line.n))));
    assert_true(load(buf_cstr(&text), NULL, &o, &mistakes));
    assert_memory_equal(&o.key, &want.key, sizeof o.key);
    assert_int_equal(o.least, VERDICT_ALLOW);
    assert_int_equal(o.min_severity, LEVEL_LOW);
    assert_int_equal(mistakes.n, 0);
    buf_free(&line);
    buf_free(&text);
}

static void a_wrong_key_is_a_mistake(void **state)
{
    (void)state;
    struct evidence_options want = options(), o;
    struct buf line = {0}, mistakes = {0};
    seal_write_key(SEAL_SECRET, &want.key, &line);
    assert_false(
        load("evidence: {public_key: k}", buf_cstr(&line), &o, &mistakes));
    assert_true(str_has(buf_str(&mistakes), "k.pub:1: this is a secret key"));
    buf_clear(&mistakes);
    assert_false(load("evidence: {public_key: k}", "x", &o, &mistakes));
    assert_true(str_has(buf_str(&mistakes), "\"public-key BASE64\""));
    buf_clear(&mistakes);
    assert_false(load("evidence: {public_key: "
                      "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
        NULL, &o, &mistakes));
    assert_true(str_has(buf_str(&mistakes), "p.yaml:1: "));
    buf_free(&line);
    buf_free(&mistakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_text_comes_back_exactly),
        cmocka_unit_test(only_what_stands_around_findings_is_kept),
        cmocka_unit_test(a_whole_text_is_kept_where_it_fits),
        cmocka_unit_test(a_slice_is_told_by_its_place_in_the_whole),
        cmocka_unit_test(a_list_of_its_own_adds_what_is_news),
        cmocka_unit_test(no_more_is_kept_than_the_bound),
        cmocka_unit_test(bytes_that_are_no_text_come_back_as_base64),
        cmocka_unit_test(it_is_sealed_once_and_only_for_the_verdicts_asked_for),
        cmocka_unit_test(without_a_key_nothing_is_kept),
        cmocka_unit_test(the_record_carries_it_sealed),
        cmocka_unit_test(options_come_from_the_settings),
        cmocka_unit_test(a_wrong_key_is_a_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
