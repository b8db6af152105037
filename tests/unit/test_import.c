/* inspect/import.h and inspect/import_regex.h */
#include "inspect/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/import_regex.h"
#include "inspect/rules.h"

/* ---- expressions ---- */

/* "anchor|anchor before after", or the trouble. */
static void shape(const char *source, unsigned group, struct buf *out)
{
    struct import_regex r;
    import_regex_read(str_of(source), group, &r);
    buf_clear(out);
    if (r.trouble != NULL)
        buf_printf(out, "not: %s", r.trouble);
    for (size_t i = 0; r.trouble == NULL && i < r.anchor_count; i++)
        buf_printf(out, "%s%.*s", i == 0 ? "" : "|", STR_ARG(r.anchors[i]));
    if (r.trouble == NULL && r.anchor_count > 0)
        buf_printf(out, " %s%zd %zd", r.is_first ? "first " : "",
            (ssize_t)r.before, (ssize_t)r.after);
    import_regex_free(&r);
}

static void check_shape(const char *source, const char *expected)
{
    struct buf out = {0};
    shape(source, 0, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

static void check_match(
    const char *source, unsigned group, const char *expected)
{
    struct import_regex r;
    import_regex_read(str_of(source), group, &r);
    assert_null(r.trouble);
    assert_string_equal(r.match.p, expected);
    import_regex_free(&r);
}

static void the_longest_literal_becomes_the_anchor(void **state)
{
    (void)state;
    check_shape("ghp_[a-z]{36}", "ghp_[a-z]{4} first 8 36");
    check_shape("\\b(sk_live_[0-9a-z]{24})\\b", "sk_live_ first 8 24");
    check_shape("[a-z]{3}-secret", "\\x2dsecret 10 0");
    check_shape("ab+cdef", "cdef -1 0");
    check_shape("abc?defg", "defg 7 0");
    check_shape("a{5}b{2,4}c", "aaaaabb first 7 3");
    check_shape("(abcd|efgh)\\d*", "abcd|efgh first 4 -1");
    check_shape("(?:x|abcd)(?:ef){2}gh1234", "gh1234 14 0");
    check_shape("key\\x3d\\.\\n\\/q", "key\\x3d\\x2e\\x0a\\x2fq first 8 0");
    check_shape("(?=x)long-one(?!y)", "long\\x2done first 8 0");
    check_shape("^\\Aabcd$", "abcd first 4 0");
}

static void case_is_the_literals_own(void **state)
{
    (void)state;
    check_shape("(?i)token=[a-z]", "(?i:token\\x3d) first 6 1");
    check_shape("\\b(p8e-(?i)[a-z0-9]{32})", "p8e\\x2d[a-z0-9]{4} first 8 32");
    check_shape("ab(?i:cdef)gh", "(?i:cdef) 6 2");
    check_shape("(?i)abcd(?-i)efghi", "efghi 9 0");
}

static void what_has_no_literal_says_so(void **state)
{
    (void)state;
    check_shape("[0-9a-f]{32}", "");
    check_shape("abcd|[a-z]+", "");
    check_shape("(abcd)?[a-z]", "");
    check_shape("x[a-z]", "");
    check_shape("", "");
}

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    check_shape("(abcd)\\1", "not: a reference to what a group matched");
    check_shape("abcd\\Q", "not: an escape that is not known here");
    check_shape("abcd[a-z&&[^b]]", "not: a class made of other classes");
    check_shape("abcd[\xc3\xa4]", "not: a class with characters outside ASCII");
    check_shape("abcd\\x{e4}", "not: a character outside ASCII by its number");
    check_shape("(?(1)a)", "not: a kind of group that is not known here");
    check_shape("(?u)abcd", "not: a kind of group that is not known here");
    check_shape("(abcd", "not: a group without its end");
    check_shape("abcd)", "not: a ) without its (");
    check_shape("[abcd", "not: a class without its end");
    check_shape("*a", "not: a repeat of nothing");
    struct buf deep = {0};
    for (int i = 0; i < 10000; i++)
        buf_append_char(&deep, '(');
    check_shape(buf_cstr(&deep), "not: groups too deep in each other");
    buf_free(&deep);
}

static void blanks_and_comments_are_left_out(void **state)
{
    (void)state;
    check_match(
        "(?x)\n \\b # c )\n ( ab\\ c [ #] )(?# x )d", 0, "\\b(ab\\ c[ #])d");
    check_match("(?xi) a b", 0, "(?i)ab");
    check_match("(?x: a b ) c", 0, "(?:ab) c");
    check_match("(?i-x)a b", 0, "(?i)a b");
    check_match("a.b[.]", 0, "(?-s)a.b[.]");
    check_match("(?s-i)a#", 0, "(?s-i)a#");
}

static void the_value_is_the_only_group(void **state)
{
    (void)state;
    check_match("(a)(?P<n>b)(c)", 2, "(?:a)(b)(?:c)");
    check_match("(a)(?<n>b)", 0, "(a)(b)");
    check_match("(a)((?P<TOKEN>b)c)", 0, "(?:a)(?:(b)c)");
    struct buf out = {0};
    shape("(abcd)", 2, &out);
    assert_string_equal(
        buf_cstr(&out), "not: the group that is to be the value is not there");
    buf_free(&out);
}

/* For ASan, and an end for each. */
static void cuts_of_an_expression_end(void **state)
{
    (void)state;
    static const char source[] =
        "(?xi)\\b(?P<TOKEN>a|b{2,3}[^]\\d[:alpha:]]+?)(?# c)\\x{41}(?<!q)$ # e";
    for (size_t n = 0; n < sizeof source; n++) {
        struct import_regex r;
        char *copy = malloc(n + 1);
        memcpy(copy, source, n);
        import_regex_read(str_make(copy, n), 0, &r);
        import_regex_free(&r);
        free(copy);
    }
}

/* ---- rules ---- */

static void import(const char *text, struct import *out)
{
    struct import_options o = {
        .type = STR("vendor-key"), .severity = LEVEL_HIGH};
    struct diag diag = {0};
    *out = (struct import){0};
    import_read(out, &o, "r", str_of(text), &diag);
    import_finish(out);
    assert_string_equal(buf_cstr(&diag.text), "");
    diag_free(&diag);
}

/* What was written is a detector file whose examples are right. */
static void check_loads(const struct import *i)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct buf text = {0}, database = {0};
    buf_append_str(&text, STR("detectors:\n"));
    buf_append_str(&text, buf_str(&i->yaml));
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("i.yaml"), buf_str(&text));
    struct rules *rules = rules_load(&bundle, &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    assert_int_equal(rules_count(rules), i->taken);
    assert_int_equal(rules_compile(rules, &diag, &database), OK);
    rules_check_examples(rules, buf_str(&database), &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    rules_free(&rules);
    buf_free(&text);
    buf_free(&database);
    diag_free(&diag);
    bundle_free(&bundle);
}

static const char yaml_rules[] =
    "rules:\n"
    "- name: Acme Key\n"
    "  id: np.acme.1\n"
    "  pattern: |\n"
    "    (?x)\n"
    "    \\b\n"
    "    (acme_[0-9a-z]{16})   # the key\n"
    "    \\b\n"
    "  min_entropy: 3.0\n"
    "  confidence: high\n"
    "  examples:\n"
    "  - 'key = \"acme_q8w7e6r5t4y3u2i1\"'\n"
    "  - 'acme_aaaaaaaaaaaaaaaa'\n"
    "  negative_examples: ['acme_short']\n"
    "  references: [https://example.org]\n"
    "  validation: {type: Http}\n"
    "- {name: Hash, id: np.hash.1, pattern: '[0-9a-f]{32}', examples: [x]}\n"
    "- {name: Again, id: NP.Acme-1, pattern: 'acme_x'}\n"
    "- {name: Wrong, id: np.wrong.1, pattern: 'wrong_[0-9]{9}',\n"
    "   examples: [wrong_x]}\n";

static void yaml_rules_become_detectors(void **state)
{
    (void)state;
    struct import i;
    import(yaml_rules, &i);
    struct str yaml = buf_str(&i.yaml), report = buf_str(&i.report);
    assert_int_equal(i.rules, 4);
    assert_int_equal(i.taken, 1);
    assert_int_equal(i.skipped, 3);
    assert_true(str_has(yaml, "- id: np-acme-1\n"));
    assert_true(str_has(yaml, "match: '\\b(acme_[0-9a-z]{16})\\b'"));
    assert_true(str_has(yaml, "description: 'Acme Key'"));
    assert_true(str_has(yaml, "entropy: 3.0"));
    assert_true(str_has(yaml, "confidence: {base: high}"));
    assert_true(str_has(yaml, "counter_examples:\n      - 'acme_short'"));
    assert_false(str_has(yaml, "aaaa"));
    assert_true(str_has(report, "r:2: np.acme.1: left out: validation"));
    assert_true(str_has(report, "1 of 2 examples are not found"));
    assert_true(str_has(report, "np.hash.1: not taken: nothing literal"));
    assert_true(str_has(report, "another rule has this id"));
    assert_true(str_has(report, "none of its examples is found"));
    check_loads(&i);
    import_free(&i);
}

static const char toml_rules[] = "title = \"x\"\n"
                                 "[allowlist]\n"
                                 "stopwords = [\"demo.key\"]\n"
                                 "paths = ['''\\.lock$''']\n"
                                 "[[rules]]\n"
                                 "id = \"acme-token\"\n"
                                 "description = \"Acme's token\"\n"
                                 "regex = '''(?i)(acme)[=:]([a-z0-9]{20})'''\n"
                                 "secretGroup = 2\n"
                                 "entropy = 2.5\n"
                                 "keywords = [\"acme\"]\n"
                                 "[[rules.allowlists]]\n"
                                 "regexes = ['''EXAMPLE$''']\n"
                                 "[[rules.allowlists]]\n"
                                 "regexTarget = \"line\"\n"
                                 "regexes = ['''x''']\n"
                                 "[[rules]]\n"
                                 "id = \"files\"\n"
                                 "path = '''\\.p12$'''\n"
                                 "[[rules]]\n"
                                 "id = \"bare\"\n"
                                 "regex = '''[a-z0-9]{40}'''\n"
                                 "keywords = [\"bare key\"]\n";

static void toml_rules_become_detectors(void **state)
{
    (void)state;
    struct import i;
    import(toml_rules, &i);
    struct str yaml = buf_str(&i.yaml), report = buf_str(&i.report);
    assert_int_equal(i.rules, 3);
    assert_int_equal(i.taken, 2);
    assert_true(str_has(yaml, "match: '(?i)(?:acme)[=:]([a-z0-9]{20})'"));
    assert_true(str_has(yaml, "- '(?i:acme)'") ||
                str_has(yaml, "- '(?i:acme[=:]{1})'"));
    assert_true(str_has(yaml, "- '(demo\\x2ekey)'"));
    assert_true(str_has(yaml, "- '(?-i)EXAMPLE$'"));
    assert_true(str_has(yaml, "description: 'Acme''s token'"));
    assert_true(str_has(yaml, "- token: '[a-z0-9]{40}'"));
    assert_true(str_has(report, "an allowlist of the whole line"));
    assert_true(str_has(report, "no expression for content"));
    assert_true(str_has(report, "behind its keywords only"));
    check_loads(&i);
    import_free(&i);
}

/* The longer value is told, so the other rule's example is not its own. */
static void examples_that_another_rule_takes_are_left_out(void **state)
{
    (void)state;
    struct import i;
    import("rules:\n"
           "- {id: short, pattern: 'acme_[0-9]{6}', examples: [acme_724519,"
           " acme_7245190381]}\n"
           "- {id: long, pattern: 'acme_[0-9]{10}',"
           " examples: [acme_7245190381]}\n",
        &i);
    assert_int_equal(i.taken, 2);
    assert_int_equal(i.examples_lost, 0);
    assert_true(
        str_has(buf_str(&i.report), "1 examples are left out, since another"));
    check_loads(&i);
    import_free(&i);
}

static void mistakes_of_a_file_are_told(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "rules: 5", "x: 1", "[[rules]]\nid", "rules: [5]", "rules: ["};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        struct import_options o = {.type = STR("t"), .severity = LEVEL_LOW};
        struct import i = {0};
        struct diag diag = {0};
        import_read(&i, &o, "r", str_of(texts[k]), &diag);
        assert_true(diag.count > 0);
        assert_int_equal(i.taken, 0);
        import_free(&i);
        diag_free(&diag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_literal_becomes_the_anchor),
        cmocka_unit_test(case_is_the_literals_own),
        cmocka_unit_test(what_has_no_literal_says_so),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(blanks_and_comments_are_left_out),
        cmocka_unit_test(the_value_is_the_only_group),
        cmocka_unit_test(cuts_of_an_expression_end),
        cmocka_unit_test(yaml_rules_become_detectors),
        cmocka_unit_test(toml_rules_become_detectors),
        cmocka_unit_test(examples_that_another_rule_takes_are_left_out),
        cmocka_unit_test(mistakes_of_a_file_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
