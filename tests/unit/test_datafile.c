/* Data files of detectors: into a memfd, and found there again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/datafile.h"
#include "base/file.h"
#include "base/mem.h"

struct fixture {
    char *folder;
    char *paths[3];
    int memfd;
};

static int set_up(void **state)
{
    static struct fixture f;
    f.folder = mem_strdup("/tmp/test_datafile.XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    for (int i = 0; i < 3; i++)
        assert_true(asprintf(&f.paths[i], "%s/%d", f.folder, i) > 0);
    f.memfd = memfd_create("test", MFD_CLOEXEC);
    assert_true(f.memfd >= 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        unlink(f->paths[i]);
        free(f->paths[i]);
    }
    rmdir(f->folder);
    mem_free(f->folder);
    close(f->memfd);
    return 0;
}

static void read_back(int fd, struct buf *out)
{
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(file_read(fd, 1 << 20, out), OK);
}

static void what_was_appended_is_found(void **state)
{
    struct fixture *f = *state;
    struct buf all = {0};
    struct str bytes;
    assert_int_equal(file_create(f->paths[0], STR("one"), 0600), OK);
    assert_int_equal(file_create(f->paths[1], STR(""), 0600), OK);
    assert_int_equal(datafile_append(f->memfd, f->paths[0], 3), OK);
    assert_int_equal(datafile_append(f->memfd, f->paths[1], 0), OK);
    assert_int_equal(datafile_append(f->memfd, f->paths[2], 9), ERR_NOT_FOUND);
    read_back(f->memfd, &all);
    assert_int_equal(
        datafile_find(buf_str(&all), str_of(f->paths[0]), &bytes), OK);
    assert_true(str_is(bytes, "one"));
    assert_int_equal((bytes.p - buf_str(&all).p) % DATAFILE_ALIGN, 0);
    assert_int_equal(
        datafile_find(buf_str(&all), str_of(f->paths[1]), &bytes), OK);
    assert_int_equal(bytes.n, 0);
    assert_int_equal(datafile_find(buf_str(&all), str_of(f->paths[2]), &bytes),
        ERR_NOT_FOUND);
    buf_free(&all);
}

static void what_is_no_file_or_too_large_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file_create(f->paths[0], STR("four"), 0600), OK);
    assert_int_equal(datafile_append(f->memfd, f->paths[0], 3), ERR_LIMIT);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(datafile_append(f->memfd, f->folder, 3), ERR_IO);
    assert_int_equal(lseek(f->memfd, 0, SEEK_END), 0);
}

static void cut_anywhere_nothing_is_read_beyond(void **state)
{
    struct fixture *f = *state;
    struct buf all = {0};
    struct str bytes;
    assert_int_equal(file_create(f->paths[0], STR("content"), 0600), OK);
    assert_int_equal(datafile_append(f->memfd, f->paths[0], 100), OK);
    read_back(f->memfd, &all);
    for (size_t n = 1; n < all.n; n++) {
        char *part = malloc(n); /* for the sanitizer */
        memcpy(part, buf_bytes(&all), n);
        assert_int_equal(
            datafile_find(str_make(part, n), STR("x"), &bytes), ERR_PARSE);
        free(part);
    }
    assert_int_equal(
        datafile_find(buf_str(&all), STR("x"), &bytes), ERR_NOT_FOUND);
    buf_bytes(&all)[0] ^= 1;
    assert_int_equal(datafile_find(buf_str(&all), STR("x"), &bytes), ERR_PARSE);
    buf_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_appended_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_no_file_or_too_large_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            cut_anywhere_nothing_is_read_beyond, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
