/* inspect/fingerprint.h: sets made, opened, and looked for in texts. */
#include "inspect/fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "inspect/rule.h"
#include "prose.h"

static struct rule_fingerprint want;
static const struct rule rule = {.id = {"ours", 4},
    .type = {"fingerprint", 11},
    .group = {"document", 8},
    .severity = LEVEL_MEDIUM,
    .base = LEVEL_HIGH,
    .fingerprint = &want};

struct fixture {
    struct fingerprint_builder *builder;
    struct buf document, bytes, text;
    struct fingerprint_set *set;
    struct findings findings;
    uint32_t seed;
};

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.seed = 42};
    want = (struct rule_fingerprint){
        .min_share = 20, .min_paragraphs = 3, .min_letters = 200};
    f.builder = fingerprint_builder_new(NULL);
    prose_paragraphs(&f.seed, 40, &f.document);
    assert_int_equal(fingerprint_builder_add(f.builder, STR("plan.txt"),
                         buf_str(&f.document), false),
        OK);
    *state = &f;
    return 0;
}

static void forget(struct fixture *f)
{
    findings_free(&f->findings);
    fingerprint_set_free(&f->set);
    buf_free(&f->bytes);
    buf_free(&f->text);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    forget(f);
    buf_free(&f->document);
    fingerprint_builder_free(&f->builder);
    return 0;
}

static void open_set(struct fixture *f)
{
    fingerprint_set_free(&f->set);
    buf_free(&f->bytes);
    fingerprint_builder_write(f->builder, &f->bytes);
    assert_int_equal(fingerprint_set_open(buf_str(&f->bytes), &f->set), OK);
}

static void look_in_steps(struct fixture *f, struct str text, size_t step)
{
    struct fingerprint_match *m = fingerprint_match_new(f->set, &rule, text);
    findings_free(&f->findings);
    while (fingerprint_match_step(m, step))
        ;
    fingerprint_match_report(m, WHERE_PROMPT, &f->findings);
    fingerprint_match_free(&m);
}

static void look(struct fixture *f)
{
    open_set(f);
    look_in_steps(f, buf_str(&f->text), 1 << 20);
}

/* Paragraphs [from, to) of the document. */
static struct str part(const struct fixture *f, unsigned from, unsigned to)
{
    struct str rest = buf_str(&f->document);
    size_t start = 0, at = 0;
    for (unsigned i = 0; i < to; i++) {
        if (i == from)
            start = at;
        at += str_find(str_sub(rest, at, rest.n), STR("\n\n")) + 2;
    }
    return str_sub(rest, start, at);
}

/* In the middle of a chat. */
static void embed(struct fixture *f, struct str copied)
{
    prose_paragraphs(&f->seed, 5, &f->text);
    buf_append_str(&f->text, copied);
    prose_paragraphs(&f->seed, 5, &f->text);
}

/* Every so manieth word is another one. */
static void embed_edited(struct fixture *f, struct str copied, unsigned every)
{
    struct buf edited = {0};
    struct str word;
    unsigned n = 0;
    while (str_split(&copied, ' ', &word)) {
        if (++n % every == 0)
            prose_word(&f->seed, &edited);
        else
            buf_append_str(&edited, word);
        buf_append_char(&edited, n % 17 == 0 ? '\n' : ' ');
    }
    embed(f, buf_str(&edited));
    buf_free(&edited);
}

static void a_whole_copy_is_found_where_it_is(void **state)
{
    struct fixture *f = *state;
    embed(f, buf_str(&f->document));
    look(f);
    assert_int_equal(f->findings.count, 1);
    const struct finding *one = &f->findings.items[0];
    assert_true(str_is(one->document, "plan.txt"));
    assert_int_equal(one->similarity, 100);
    assert_true(str_is(one->detector, "ours"));
    assert_true(str_is(one->type, "fingerprint"));
    assert_true(str_is(one->group, "document"));
    assert_int_equal(one->severity, LEVEL_MEDIUM);
    assert_int_equal(one->confidence, LEVEL_HIGH);
    assert_true(str_is(one->sample, "100 % of plan.txt"));
    size_t start = str_find(buf_str(&f->text), part(f, 0, 1));
    assert_in_range(one->start, start, start + 80);
    assert_in_range(
        one->end, start + f->document.n - 80, start + f->document.n);
}

static void a_fifth_is_found_and_less_is_not(void **state)
{
    struct fixture *f = *state;
    want.min_paragraphs = 1000;
    embed(f, part(f, 10, 19));
    look(f);
    assert_int_equal(f->findings.count, 1);
    assert_in_range(f->findings.items[0].similarity, 21, 24);
    forget(f);
    embed(f, part(f, 10, 17));
    look(f);
    assert_int_equal(f->findings.count, 0);
}

static void three_paragraphs_are_found_and_two_are_not(void **state)
{
    struct fixture *f = *state;
    embed(f, part(f, 20, 23));
    look(f);
    assert_int_equal(f->findings.count, 1);
    assert_in_range(f->findings.items[0].similarity, 7, 9);
    forget(f);
    embed(f, part(f, 20, 22));
    look(f);
    assert_int_equal(f->findings.count, 0);
}

static void three_paragraphs_apart_are_parts_of_one_document(void **state)
{
    struct fixture *f = *state;
    embed(f, part(f, 30, 31));
    embed(f, part(f, 5, 6));
    embed(f, part(f, 17, 18));
    look(f);
    assert_int_equal(f->findings.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(f->findings.items[i].similarity, 6, 9);
        assert_int_equal(
            f->findings.items[i].value_hash, f->findings.items[0].value_hash);
    }
}

static void an_edited_copy_is_about_as_similar(void **state)
{
    struct fixture *f = *state;
    static const unsigned every[] = {10, 12, 15};
    for (size_t i = 0; i < ARRAY_LEN(every); i++) {
        embed_edited(f, part(f, 10, 20), every[i]);
        look(f);
        assert_int_equal(f->findings.count, 1);
        assert_in_range(f->findings.items[0].similarity, 22, 26);
        forget(f);
    }
}

static void other_prose_of_the_same_words_is_not_found(void **state)
{
    struct fixture *f = *state;
    prose_paragraphs(&f->seed, 400, &f->text);
    look(f);
    assert_int_equal(f->findings.count, 0);
}

static void a_short_document_is_found_whole_and_not_by_a_sentence(void **state)
{
    struct fixture *f = *state;
    struct str small = part(f, 0, 1);
    struct str one_line = str_sub(small, 0, str_find_char(small, '\n'));
    assert_int_equal(
        fingerprint_builder_add(f->builder, STR("plan.txt"), small, false), OK);
    embed(f, one_line);
    look(f);
    assert_int_equal(f->findings.count, 0);
    forget(f);
    want.min_letters = 1000;
    embed(f, small);
    look(f);
    assert_int_equal(f->findings.count, 1);
}

static void steps_of_any_size_find_the_same(void **state)
{
    struct fixture *f = *state;
    embed_edited(f, part(f, 0, 30), 12);
    look(f);
    struct finding first = f->findings.items[0];
    for (size_t step = 1; step < 100000; step *= 7) {
        look_in_steps(f, buf_str(&f->text), step);
        assert_int_equal(f->findings.count, 1);
        assert_int_equal(f->findings.items[0].start, first.start);
        assert_int_equal(f->findings.items[0].end, first.end);
        assert_int_equal(f->findings.items[0].similarity, first.similarity);
    }
}

static void common_text_is_not_looked_for(void **state)
{
    struct fixture *f = *state;
    struct str licence = part(f, 0, 10);
    assert_int_equal(
        fingerprint_builder_add(f->builder, STR("licence"), licence, true), OK);
    embed(f, licence);
    look(f);
    assert_int_equal(f->findings.count, 0);
    assert_true(fingerprint_set_at(f->set, 1).is_common);
    assert_in_range(fingerprint_set_at(f->set, 0).own * 100 /
                        fingerprint_set_at(f->set, 0).points,
        70, 80);
    forget(f);
    embed(f, part(f, 10, 25)); /* half of what is its own */
    look(f);
    assert_int_equal(f->findings.count, 1);
    assert_in_range(f->findings.items[0].similarity, 45, 55);
}

static void add_numbered(struct fixture *f, int number, struct str text)
{
    char name[16];
    snprintf(name, sizeof name, "%d", number);
    assert_int_equal(
        fingerprint_builder_add(f->builder, str_of(name), text, false), OK);
}

static void what_many_documents_share_is_not_looked_for(void **state)
{
    struct fixture *f = *state;
    struct str boilerplate = part(f, 0, 5);
    for (int i = 0; i < 20; i++) {
        struct buf other = {0};
        buf_append_str(&other, boilerplate);
        prose_paragraphs(&f->seed, 10, &other);
        add_numbered(f, i, buf_str(&other));
        buf_free(&other);
    }
    embed(f, boilerplate);
    look(f);
    assert_int_equal(f->findings.count, 0);
}

static void versions_of_one_document_are_looked_for(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++)
        add_numbered(f, i, part(f, 0, 35 + (unsigned)i % 5));
    embed(f, part(f, 3, 20));
    look(f);
    assert_int_equal(f->findings.count, 8); /* no more are told */
}

static void what_is_removed_is_not_found(void **state)
{
    struct fixture *f = *state;
    add_numbered(f, 1, part(f, 0, 5));
    assert_false(fingerprint_builder_remove(f->builder, STR("2")));
    assert_true(fingerprint_builder_remove(f->builder, STR("plan.txt")));
    embed(f, part(f, 20, 40));
    look(f);
    assert_int_equal(f->findings.count, 0);
    assert_int_equal(fingerprint_set_count(f->set), 1);
}

static void a_set_goes_on_from_its_file(void **state)
{
    struct fixture *f = *state;
    open_set(f);
    struct fingerprint_builder *again = fingerprint_builder_new(f->set);
    struct buf bytes = {0};
    fingerprint_builder_write(again, &bytes);
    assert_true(str_eq(buf_str(&bytes), buf_str(&f->bytes)));
    buf_free(&bytes);
    assert_int_equal(
        fingerprint_builder_add(again, STR("other"), part(f, 0, 4), false), OK);
    fingerprint_builder_free(&f->builder);
    f->builder = again;
    embed(f, part(f, 20, 40));
    look(f);
    assert_int_equal(f->findings.count, 1);
    struct fingerprint_document d = fingerprint_set_at(f->set, 0);
    assert_true(str_is(d.name, "plan.txt"));
    assert_int_equal(d.paragraphs, 40);
}

static void too_little_text_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fingerprint_builder_add(f->builder, STR("x"),
                         STR("Only a sentence or two. Nothing more."), false),
        ERR_UNSUPPORTED);
    open_set(f);
    assert_int_equal(fingerprint_set_count(f->set), 1);
}

static void an_empty_set_finds_nothing(void **state)
{
    struct fixture *f = *state;
    assert_true(fingerprint_builder_remove(f->builder, STR("plan.txt")));
    embed(f, buf_str(&f->document));
    look(f);
    assert_int_equal(f->findings.count, 0);
}

static void a_damaged_file_is_refused(void **state)
{
    struct fixture *f = *state;
    open_set(f);
    fingerprint_set_free(&f->set);
    for (size_t n = 0; n < f->bytes.n; n += n < 200 ? 1 : 997) {
        char *cut = mem_alloc(n + 1);
        memcpy(cut, buf_bytes(&f->bytes), n);
        assert_int_equal(
            fingerprint_set_open(str_make(cut, n), &f->set), ERR_PARSE);
        mem_free(cut);
    }
    for (size_t i = 0; i < f->bytes.n; i += i < 200 ? 1 : 997) {
        buf_bytes(&f->bytes)[i] ^= 4;
        assert_int_not_equal(
            fingerprint_set_open(buf_str(&f->bytes), &f->set), OK);
        buf_bytes(&f->bytes)[i] ^= 4;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_copy_is_found_where_it_is),
        TEST(a_fifth_is_found_and_less_is_not),
        TEST(three_paragraphs_are_found_and_two_are_not),
        TEST(three_paragraphs_apart_are_parts_of_one_document),
        TEST(an_edited_copy_is_about_as_similar),
        TEST(other_prose_of_the_same_words_is_not_found),
        TEST(a_short_document_is_found_whole_and_not_by_a_sentence),
        TEST(steps_of_any_size_find_the_same),
        TEST(common_text_is_not_looked_for),
        TEST(what_many_documents_share_is_not_looked_for),
        TEST(versions_of_one_document_are_looked_for),
        TEST(what_is_removed_is_not_found),
        TEST(a_set_goes_on_from_its_file),
        TEST(too_little_text_is_refused),
        TEST(an_empty_set_finds_nothing),
        TEST(a_damaged_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
