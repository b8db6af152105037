/* inspect/keep_files.c: what is known of a file, under all its names. */
#include "inspect/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct keep_file named(const char *id, const char *address)
{
    struct keep_file file = {.service = STR("s"),
        .ids = {str_of(id)},
        .address = str_of(address),
        .activity_id = "activity-1",
        .time_ms = 7};
    return file;
}

static void note(struct keep *keep, struct keep_file file, const char *fact)
{
    struct buf bytes = {0}, answer = {0};
    file.fact = str_of(fact);
    keep_note_file(&file, &bytes);
    assert_true(bytes.n <= KEEP_DATAGRAM_MAX);
    keep_handle(keep, buf_str(&bytes), 1000, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&bytes);
}

/* The answer's bytes stay until the next question. */
static struct keep_file_answer ask_at(
    struct keep *keep, struct keep_file file, int64_t now_ms)
{
    static struct buf answer;
    struct buf question = {0};
    struct keep_file_answer said;
    buf_free(&answer);
    keep_ask_file(&file, &question);
    keep_handle(keep, buf_str(&question), now_ms, &answer);
    assert_int_equal(keep_read_file(buf_str(&answer), &said), OK);
    assert_true(answer.n <= KEEP_DATAGRAM_MAX);
    buf_free(&question);
    if (said.facts.n == 0)
        buf_free(&answer);
    return said;
}

static struct keep_file_answer ask(
    struct keep *keep, const char *id, const char *address)
{
    return ask_at(keep, named(id, address), 2000);
}

static void check_facts(struct keep_file_answer said, const char *facts)
{
    assert_true(said.is_known);
    assert_int_equal(said.facts_bytes, strlen(facts));
    assert_memory_equal(said.facts.p, facts, said.facts.n);
    assert_string_equal(said.activity_id, "activity-1");
    assert_int_equal(said.time_ms, 7);
}

static void every_name_of_a_file_finds_its_lines(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_file file = named("file-1", "blob.example/f1");
    file.ids[1] = STR("libfile_1");
    assert_false(ask(keep, "file-1", "").is_known);
    note(keep, file, "a");
    check_facts(ask(keep, "file-1", ""), "a\n");
    check_facts(ask(keep, "", "blob.example/f1"), "a\n");
    check_facts(ask(keep, "libfile_1", NULL), "a\n");
    note(keep, named("", "blob.example/f1"), "b");
    check_facts(ask(keep, "file-1", ""), "a\nb\n");
    assert_false(ask(keep, "file-2", "blob.example/f2").is_known);
    struct keep_file other = named("file-1", "");
    other.service = STR("another");
    assert_false(ask_at(keep, other, 2000).is_known);
    keep_free(&keep);
}

static void a_later_name_joins_the_file_that_an_earlier_one_knows(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    note(keep, named("upload_1", ""), "pieces");
    struct keep_file both = named("upload_1", "");
    both.ids[1] = STR("file-9");
    strcpy(both.activity_id, "not-this-one");
    note(keep, both, "end");
    check_facts(ask(keep, "file-9", ""), "pieces\nend\n");
    keep_free(&keep);
}

static void flags_add_up_and_lines_can_be_forgotten(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_file file = named("f", "");
    file.flags = KEEP_FILE_WANTS_NAME;
    note(keep, file, "a");
    file.flags = KEEP_FILE_TOLD;
    file.forgets = true;
    note(keep, file, "b");
    struct keep_file_answer said = ask(keep, "f", "");
    check_facts(said, "b\n");
    assert_int_equal(said.flags, KEEP_FILE_WANTS_NAME | KEEP_FILE_TOLD);
    file = named("f", "");
    file.is_new = true;
    note(keep, file, "c");
    said = ask(keep, "f", "");
    check_facts(said, "c\n");
    assert_int_equal(said.flags, 0);
    keep_free(&keep);
}

static void the_first_to_ask_can_make_the_file_known(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_file file = named("", "blob.example/b");
    file.creates = true;
    assert_false(ask_at(keep, file, 2000).is_known);
    strcpy(file.activity_id, "another");
    check_facts(ask_at(keep, file, 2000), "");
    keep_free(&keep);
}

static void what_is_known_expires_and_is_bounded(void **state)
{
    (void)state;
    struct keep *keep = keep_new(32 << 20);
    struct keep_file file = named("f", "blob.example/f");
    char line[1001] = {0};
    memset(line, 'x', sizeof line - 1);
    for (size_t i = 0; i < 9000; i++)
        note(keep, file, line);
    struct keep_file_answer said = ask(keep, "f", "");
    assert_int_equal(said.flags, KEEP_FILE_IS_CUT);
    assert_in_range(
        said.facts_bytes, KEEP_FACTS_BYTES_MAX - 1001, KEEP_FACTS_BYTES_MAX);
    size_t seen = 0;
    while (seen < said.facts_bytes) {
        file.offset = seen;
        struct keep_file_answer page = ask_at(keep, file, 2000);
        assert_true(page.facts.n > 0 && page.facts.p[0] == 'x');
        seen += page.facts.n;
    }
    assert_int_equal(seen, said.facts_bytes);
    file.offset = 0;
    int64_t late = 5000 + KEEP_FILE_SECONDS * INT64_C(1000);
    assert_false(ask_at(keep, file, late).is_known);
    keep_free(&keep);
}

static void many_files_push_out_the_oldest(void **state)
{
    (void)state;
    struct keep *keep = keep_new(16 * 1024);
    char id[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "f%d", i);
        note(keep, named(id, id), "0123456789012345678901234567890123456789");
    }
    assert_true(ask(keep, "f999", "").is_known);
    assert_false(ask(keep, "f0", "").is_known);
    keep_free(&keep);
}

static void note_chunk(struct keep *keep, const char *id, const char *piece,
    size_t index, int64_t at)
{
    static char bytes[KEEP_CHUNK_BYTES];
    struct buf note = {0}, answer = {0};
    struct keep_file file = named(id, "");
    size_t n = snprintf(bytes, sizeof bytes, "%s %s %zu", id, piece, index) > 0
                   ? sizeof bytes
                   : 0;
    keep_note_chunk(&file, str_of(piece), index, str_make(bytes, n), &note);
    keep_handle(keep, buf_str(&note), at, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&note);
}

/* "": it is not there. */
static void check_chunk(struct keep *keep, const char *piece, size_t index,
    int64_t at, const char *expected)
{
    struct buf question = {0}, answer = {0};
    keep_ask_chunk(str_of(piece), index, &question);
    keep_handle(keep, buf_str(&question), at, &answer);
    assert_string_equal(buf_cstr(&answer), expected);
    assert_int_equal(answer.n, *expected != '\0' ? KEEP_CHUNK_BYTES : 0);
    buf_free(&question);
    buf_free(&answer);
}

static void bytes_are_there_until_the_file_is_told(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct keep_file told = named("f", "");
    told.flags = KEEP_FILE_TOLD;
    told.forgets = true;
    note_chunk(keep, "f", "p", 0, 1000); /* of nothing that is known */
    check_chunk(keep, "p", 0, 1000, "");
    note(keep, named("f", ""), "a");
    note(keep, named("g", ""), "a");
    note_chunk(keep, "f", "p", 0, 1000);
    note_chunk(keep, "f", "p", 1, 1000);
    note_chunk(keep, "f", "p", 1, 1000);
    note_chunk(keep, "g", "q", 0, 1000);
    check_chunk(keep, "p", 1, 1000, "f p 1");
    check_chunk(keep, "p", 2, 1000, "");
    note(keep, told, "a");
    check_chunk(keep, "p", 0, 1000, "");
    check_chunk(keep, "p", 1, 1000, "");
    check_chunk(keep, "q", 0, 1000, "g q 0");
    check_chunk(keep, "q", 0, 999 + KEEP_CHUNK_SECONDS * 1000, "g q 0");
    check_chunk(keep, "q", 0, 999 + 2 * KEEP_CHUNK_SECONDS * 1000, "");
    keep_free(&keep);
}

static void bytes_of_a_file_and_of_all_are_bounded(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    const size_t most = KEEP_FILE_CHUNKS_BYTES_MAX / KEEP_CHUNK_BYTES;
    const char *const files[] = {"f", "g", "h"};
    for (size_t i = 0; i < 3; i++) {
        note(keep, named(files[i], ""), "a");
        for (size_t j = 0; j < most; j++)
            note_chunk(keep, files[i], files[i], j, 1000);
        check_chunk(keep, "f", 0, 1000, "f f 0"); /* asked for: it is new */
    }
    check_chunk(keep, "f", 1, 1000, ""); /* the oldest gave way */
    check_chunk(keep, "g", 255, 1000, "g g 255");
    note_chunk(keep, "g", "g", most, 1000); /* too much: all of it goes */
    check_chunk(keep, "g", 255, 1000, "");
    note_chunk(keep, "g", "g", most + 1, 1000);
    check_chunk(keep, "g", most + 1, 1000, "");
    check_chunk(keep, "h", 255, 1000, "h h 255");
    keep_free(&keep);
}

static void damaged_datagrams_change_nothing(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct buf bytes = {0}, answer = {0};
    struct keep_file file = named("f", "g");
    struct keep_file_answer said;
    file.fact = STR("two\nlines");
    keep_note_file(&file, &bytes);
    for (size_t n = 0; n < bytes.n - file.fact.n; n++)
        keep_handle(keep, str_sub(buf_str(&bytes), 0, n), 1, &answer);
    keep_handle(keep, buf_str(&bytes), 1, &answer);
    assert_int_equal(answer.n, 0);
    assert_false(ask(keep, "f", "g").is_known);
    buf_clear(&bytes);
    keep_ask_file(&file, &bytes);
    keep_handle(keep, buf_str(&bytes), 1, &answer);
    for (size_t n = 0; n < answer.n; n++)
        assert_int_equal(
            keep_read_file(str_sub(buf_str(&answer), 0, n), &said), ERR_PARSE);
    file = named("", "");
    buf_clear(&bytes);
    buf_clear(&answer);
    keep_ask_file(&file, &bytes);
    keep_handle(keep, buf_str(&bytes), 1, &answer);
    assert_int_equal(answer.n, 0);
    buf_free(&bytes);
    buf_free(&answer);
    keep_free(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_of_a_file_finds_its_lines),
        cmocka_unit_test(a_later_name_joins_the_file_that_an_earlier_one_knows),
        cmocka_unit_test(flags_add_up_and_lines_can_be_forgotten),
        cmocka_unit_test(the_first_to_ask_can_make_the_file_known),
        cmocka_unit_test(what_is_known_expires_and_is_bounded),
        cmocka_unit_test(many_files_push_out_the_oldest),
        cmocka_unit_test(bytes_are_there_until_the_file_is_told),
        cmocka_unit_test(bytes_of_a_file_and_of_all_are_bounded),
        cmocka_unit_test(damaged_datagrams_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
