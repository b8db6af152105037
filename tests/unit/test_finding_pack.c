/* inspect/finding_pack.c: findings as bytes, which the keeper gives back */
#include "inspect/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cuts.h"

static void add(struct findings *f, const char *detector, size_t start)
{
    struct finding *one = findings_add(f);
    one->detector = one->type = str_of(detector);
    one->group = STR("secret");
    one->sample = STR("4••1");
    one->severity = LEVEL_HIGH;
    one->confidence = LEVEL_MEDIUM;
    one->where = WHERE_FILE;
    one->count = 3;
    one->start = start;
    one->end = start + 16;
    one->value_hash = start * 77;
}

static void pack_two(struct buf *out)
{
    struct findings f = {0};
    add(&f, "card", 5);
    add(&f, "token", UINT32_MAX + 9L);
    findings_pack(&f, SIZE_MAX, out);
    findings_free(&f);
}

/* Equal to the first findings that pack_two packs. */
static void assert_first(const struct findings *f)
{
    static const char *const detectors[] = {"card", "token"};
    static const size_t starts[] = {5, UINT32_MAX + 9L};
    assert_in_range(f->count, 0, 2);
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *one = &f->items[i];
        assert_true(str_is(one->detector, detectors[i]));
        assert_true(str_is(one->type, detectors[i]));
        assert_true(str_is(one->group, "secret"));
        assert_true(str_is(one->sample, "4••1"));
        assert_int_equal(one->document.n, 0);
        assert_int_equal(one->severity, LEVEL_HIGH);
        assert_int_equal(one->confidence, LEVEL_MEDIUM);
        assert_int_equal(one->where, WHERE_FILE);
        assert_int_equal(one->count, 3);
        assert_int_equal(one->start, starts[i]);
        assert_int_equal(one->end, starts[i] + 16);
        assert_int_equal(one->value_hash, starts[i] * 77);
    }
}

/* What is at p, as a block of its own: a byte read behind it is seen. */
static void unpack(const char *p, size_t n, struct findings *f)
{
    char *copy = malloc(n + 1);
    memcpy(copy, p, n);
    copy = realloc(copy, n > 0 ? n : 1);
    findings_unpack(str_make(copy, n), f);
    free(copy);
}

static void all_of_a_finding_comes_back(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct findings back = {0};
    pack_two(&bytes);
    unpack(buf_str(&bytes).p, bytes.n, &back);
    assert_int_equal(back.count, 2);
    assert_first(&back);
    findings_free(&back);
    buf_free(&bytes);
}

static void what_was_cut_gives_whole_findings_only(void **state)
{
    (void)state;
    struct buf bytes = {0};
    size_t last = 0;
    pack_two(&bytes);
    for (size_t n = 0; n <= bytes.n; n++) {
        struct findings back = {0};
        unpack(buf_str(&bytes).p, n, &back);
        assert_first(&back);
        assert_true(back.count >= last);
        last = back.count;
        findings_free(&back);
    }
    assert_int_equal(last, 2);
    buf_free(&bytes);
}

static void what_was_changed_gives_nothing_out_of_range(void **state)
{
    (void)state;
    struct buf bytes = {0};
    pack_two(&bytes);
    for (size_t i = 0; i < bytes.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct findings back = {0};
            char *p = buf_bytes(&bytes);
            p[i] = (char)(p[i] ^ (1 << bit));
            unpack(p, bytes.n, &back);
            p[i] = (char)(p[i] ^ (1 << bit));
            assert_in_range(back.count, 0, 2);
            for (size_t j = 0; j < back.count; j++) {
                const struct finding *one = &back.items[j];
                assert_in_range(one->severity, LEVEL_NONE, LEVEL_HIGH);
                assert_in_range(one->confidence, LEVEL_NONE, LEVEL_HIGH);
                assert_in_range(one->where, 0, WHERE_DRAFT);
                assert_true(one->start <= one->end);
                /* No finding that nothing was put into. */
                assert_int_equal(one->group.n == 0 && one->count == 0, 0);
            }
            findings_free(&back);
        }
    buf_free(&bytes);
}

static void no_more_is_packed_than_fits(void **state)
{
    (void)state;
    struct buf all = {0};
    pack_two(&all);
    for (size_t max = 0; max <= all.n; max++) {
        struct findings f = {0}, back = {0};
        struct buf bytes = {0};
        add(&f, "card", 5);
        add(&f, "token", UINT32_MAX + 9L);
        findings_pack(&f, max, &bytes);
        assert_true(bytes.n <= max);
        findings_unpack(buf_str(&bytes), &back);
        assert_first(&back);
        assert_int_equal(back.count == 2, max == all.n);
        findings_free(&f);
        findings_free(&back);
        buf_free(&bytes);
    }
    buf_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_finding_comes_back),
        cmocka_unit_test(what_was_cut_gives_whole_findings_only),
        cmocka_unit_test(what_was_changed_gives_nothing_out_of_range),
        cmocka_unit_test(no_more_is_packed_than_fits),
    };
    return cmocka_run_group_tests_name("finding_pack", tests, NULL, NULL);
}
