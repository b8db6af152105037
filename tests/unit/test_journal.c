/* store/journal.h */
#include "store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/folder.h"

static struct journal *open_journal(void)
{
    struct journal *j = NULL;
    assert_int_equal(journal_open(str_of(folder), 0, &j), OK);
    return j;
}

/* An entry whose origin is n. */
static void encode(unsigned n, const char *json, struct buf *out)
{
    struct journal_entry entry = {
        .kind = STORE_OPEN, .origin = n, .json = str_of(json)};
    snprintf(entry.id, sizeof entry.id, "01934567-89ab-7def-8123-%012u", n);
    journal_entry_encode(&entry, out);
}

static enum err append(struct journal *j, unsigned n, const char *json)
{
    struct buf batch = {0};
    encode(n, json, &batch);
    enum err err = journal_append(j, buf_str(&batch), false);
    buf_free(&batch);
    return err;
}

/* Origins of all entries, as "1 2 3". */
static const char *read_all(struct journal *j, struct journal_position from)
{
    static char text[65536];
    struct journal_entry entry;
    struct journal_position at;
    struct journal_reader *r = journal_reader_new(str_of(folder), j, from);
    size_t n = 0;
    enum err err;
    text[0] = '\0';
    while ((err = journal_read(r, &entry, &at)) == OK)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u",
            n > 0 ? " " : "", (unsigned)entry.origin);
    assert_int_equal(err, ERR_AGAIN);
    journal_reader_free(&r);
    return text;
}

static const struct journal_position start = {0};

static void segment_path(unsigned number, char out[128])
{
    snprintf(out, 128, "%s/journal/%08u.j", folder, number);
}

static void entries_come_back_in_order_across_openings(void **state)
{
    (void)state;
    struct journal *j = open_journal();
    assert_string_equal(read_all(j, start), "");
    assert_int_equal(append(j, 1, "{\"a\":1}"), OK);
    assert_int_equal(append(j, 2, "{}"), OK);
    assert_string_equal(read_all(j, start), "1 2");
    struct journal_position end = journal_end(j);
    journal_close(&j);
    j = open_journal();
    assert_true(journal_end(j).segment == 2);
    assert_int_equal(append(j, 3, "{}"), OK);
    assert_string_equal(read_all(j, start), "1 2 3");
    assert_string_equal(read_all(j, end), "3");
    assert_string_equal(read_all(NULL, start), "1 2 3");
    journal_close(&j);
}

static void an_empty_segment_is_used_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct journal *j = open_journal();
        assert_true(journal_end(j).segment == 1);
        journal_close(&j);
    }
}

static void segments_rotate_and_a_reader_follows(void **state)
{
    (void)state;
    struct journal *j = open_journal();
    struct journal_entry entry;
    struct journal_position at;
    journal_set_segment_bytes(j, 300);
    struct journal_reader *r = journal_reader_new(str_of(folder), j, start);
    for (unsigned i = 1; i <= 20; i++) {
        assert_int_equal(journal_read(r, &entry, &at), ERR_AGAIN);
        assert_int_equal(append(j, i, "{\"some\":\"text\"}"), OK);
        assert_int_equal(journal_read(r, &entry, &at), OK);
        assert_true(entry.origin == i);
        assert_true(str_is(entry.json, "{\"some\":\"text\"}"));
        assert_int_equal(journal_position_compare(at, journal_end(j)), 0);
    }
    assert_true(journal_end(j).segment > 3);
    struct journal_segments list;
    assert_int_equal(journal_list(str_of(folder), &list), OK);
    assert_true(journal_bytes_after(&list, at) == 0);
    assert_true(journal_bytes_after(&list, start) > 20 * 60);
    mem_free(list.items);
    assert_int_equal(journal_delete(str_of(folder), 1), OK);
    assert_memory_equal(read_all(j, start), "4 ", 2);
    journal_reader_free(&r);
    journal_close(&j);
}

static void cut_file(const char *path, off_t size)
{
    assert_int_equal(truncate(path, size), 0);
}

static void copy_file(const char *from, const char *to)
{
    char command[300];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void cut_anywhere_it_opens_with_all_whole_entries(void **state)
{
    (void)state;
    char path[128], saved[128];
    struct stat st;
    struct journal *j = open_journal();
    off_t ends[4];
    segment_path(1, path);
    snprintf(saved, sizeof saved, "%s/saved", folder);
    ends[0] = JOURNAL_HEAD_BYTES;
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(append(j, i, "{\"k\":\"PGJe\"}"), OK);
        ends[i] = (off_t)journal_end(j).offset;
    }
    journal_close(&j);
    copy_file(path, saved);
    static const char *const expected[] = {"", "1", "1 2", "1 2 3"};
    for (off_t cut = 0; cut <= ends[3]; cut++) {
        unsigned whole = 0;
        while (whole < 3 && cut >= ends[whole + 1])
            whole++;
        copy_file(saved, path);
        cut_file(path, cut);
        assert_string_equal(read_all(NULL, start), expected[whole]);
        j = open_journal();
        assert_string_equal(read_all(j, start), expected[whole]);
        assert_int_equal(append(j, 9, "{}"), OK);
        char with[16];
        snprintf(
            with, sizeof with, "%s%s9", expected[whole], whole > 0 ? " " : "");
        assert_string_equal(read_all(NULL, start), with);
        journal_close(&j);
        assert_int_equal(stat(path, &st), 0);
        if (cut <= JOURNAL_HEAD_BYTES)
            continue; /* the empty segment was used again */
        assert_int_equal(st.st_size, ends[whole]);
        assert_int_equal(journal_delete(str_of(folder), 2), OK);
    }
}

static void rubbish_behind_the_end_is_cut_too(void **state)
{
    (void)state;
    char path[128];
    struct journal *j = open_journal();
    assert_int_equal(append(j, 1, "{}"), OK);
    uint64_t end = journal_end(j).offset;
    journal_close(&j);
    segment_path(1, path);
    cut_file(path, (off_t)end + 5000); /* zeros, as after a power cut */
    j = open_journal();
    assert_string_equal(read_all(j, start), "1");
    journal_close(&j);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true((uint64_t)st.st_size == end);
}

static void a_damaged_byte_costs_one_entry_only(void **state)
{
    (void)state;
    char path[128];
    struct journal *j = open_journal();
    uint64_t ends[4] = {JOURNAL_HEAD_BYTES, 0, 0, 0};
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(append(j, i, "{\"k\":\"v\"}"), OK);
        ends[i] = journal_end(j).offset;
    }
    journal_close(&j);
    segment_path(1, path);
    int fd = open(path, O_RDWR);
    for (uint64_t at = ends[1]; at < ends[2]; at++) {
        char byte, other;
        assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
        other = (char)(byte ^ 0x20);
        assert_int_equal(pwrite(fd, &other, 1, (off_t)at), 1);
        j = open_journal();
        assert_string_equal(read_all(j, start), "1 3");
        journal_close(&j);
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    }
    close(fd);
    assert_string_equal(read_all(NULL, start), "1 2 3");
}

static unsigned writes_left;
static bool is_cutting;

/* Fails like a full disk: the last write takes a part. */
static ssize_t failing_write(int fd, const void *p, size_t n)
{
    if (writes_left > 0) {
        writes_left--;
        return write(fd, p, n);
    }
    if (is_cutting && n > 7) {
        is_cutting = false;
        return write(fd, p, 7);
    }
    errno = ENOSPC;
    return -1;
}

static void a_failed_append_leaves_nothing_and_the_next_works(void **state)
{
    (void)state;
    struct journal *j = open_journal();
    assert_int_equal(append(j, 1, "{}"), OK);
    for (unsigned i = 0; i < 4; i++) {
        struct journal_position before = journal_end(j);
        journal_set_write(j, failing_write);
        is_cutting = (i & 1) != 0;
        writes_left = 0;
        assert_int_equal(append(j, 7, "{}"), ERR_IO);
        assert_int_equal(errno, ENOSPC);
        assert_int_equal(journal_position_compare(before, journal_end(j)), 0);
        journal_set_write(j, NULL);
        assert_int_equal(append(j, 2 + i, "{}"), OK);
    }
    assert_string_equal(read_all(NULL, start), "1 2 3 4 5");
    /* a rotation that fails keeps the old segment */
    journal_set_segment_bytes(j, 10);
    journal_set_write(j, failing_write);
    assert_int_equal(append(j, 7, "{}"), ERR_IO);
    assert_true(journal_end(j).segment == 1);
    journal_set_write(j, NULL);
    assert_int_equal(append(j, 6, "{}"), OK);
    assert_string_equal(read_all(j, start), "1 2 3 4 5 6");
    journal_close(&j);
}

static void a_batch_is_all_or_nothing_for_the_reader(void **state)
{
    (void)state;
    struct buf batch = {0};
    struct journal *j = open_journal();
    for (unsigned i = 1; i <= 5; i++)
        encode(i, "{}", &batch);
    journal_set_write(j, failing_write);
    is_cutting = true;
    writes_left = 0;
    assert_int_equal(journal_append(j, buf_str(&batch), false), ERR_IO);
    assert_string_equal(read_all(j, start), "");
    journal_set_write(j, NULL);
    assert_int_equal(journal_append(j, buf_str(&batch), true), OK);
    assert_string_equal(read_all(j, start), "1 2 3 4 5");
    buf_free(&batch);
    journal_close(&j);
}

static void entries_larger_than_the_read_buffer_come_whole(void **state)
{
    (void)state;
    char *large = mem_alloc(3000001);
    struct journal_entry entry;
    struct journal_position at;
    memset(large, 'x', 3000000);
    large[3000000] = '\0';
    struct journal *j = open_journal();
    assert_int_equal(append(j, 1, large), OK);
    assert_int_equal(append(j, 2, "{}"), OK);
    struct journal_reader *r = journal_reader_new(str_of(folder), j, start);
    assert_int_equal(journal_read(r, &entry, &at), OK);
    assert_int_equal(entry.json.n, 3000000);
    assert_int_equal(journal_read(r, &entry, &at), OK);
    assert_true(entry.origin == 2);
    journal_reader_free(&r);
    journal_close(&j);
    mem_free(large);
}

static void it_knows_whether_a_storer_lives(void **state)
{
    (void)state;
    int lock = -1;
    struct journal *j = open_journal();
    assert_true(journal_is_live(str_of(folder), &lock));
    assert_int_equal(lock, -1);
    journal_close(&j);
    assert_false(journal_is_live(str_of(folder), &lock));
    assert_true(lock >= 0);
    assert_int_equal(journal_open(str_of(folder), 0, &j), ERR_STATE);
    close(lock);
    j = open_journal();
    journal_close(&j);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_come_back_in_order_across_openings),
        TEST(an_empty_segment_is_used_again),
        TEST(segments_rotate_and_a_reader_follows),
        TEST(cut_anywhere_it_opens_with_all_whole_entries),
        TEST(rubbish_behind_the_end_is_cut_too),
        TEST(a_damaged_byte_costs_one_entry_only),
        TEST(a_failed_append_leaves_nothing_and_the_next_works),
        TEST(a_batch_is_all_or_nothing_for_the_reader),
        TEST(entries_larger_than_the_read_buffer_come_whole),
        TEST(it_knows_whether_a_storer_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
