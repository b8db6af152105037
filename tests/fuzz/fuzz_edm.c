/*
 * An index of exact data match: its clear head, its encrypted body and the
 * image are anybody's bytes.  The first byte says which; what opens is walked
 * over a text, and nothing may lead outside.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/edm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
    "Anna Berg, 12-345678-90, anna@example.com, 13.02.1980. Smith of Paris, "
    "DE89 3704 0044 0532 0130 00; O\xe2\x80\x99"
    "Brien "
    "\xe5\xb1\xb1\xe7\x94\xb0 55501234, Anna Berg 1234567890";

static void on_match(void *owner, const struct edm_match *m)
{
    (void)owner;
    if (m->start >= m->end || m->end > sizeof text - 1 || m->columns == 0)
        abort();
}

static void read_image(struct str bytes)
{
    struct edm_detector detector = {
        .columns = ~UINT64_C(0), .match = 1, .within = 300};
    struct edm_index *index = NULL;
    const char *why;
    char *image = aligned_alloc(8, (bytes.n + 8) / 8 * 8);
    memcpy(image, bytes.p, bytes.n);
    if (edm_index_open(str_make(image, bytes.n), &index, &why) == OK) {
        struct edm_walk *w = edm_walk_new(index, &detector, 1, 0,
            str_make(text, sizeof text - 1), on_match, NULL);
        while (edm_walk_step(w, 64))
            continue;
        edm_walk_free(&w);
    }
    edm_index_free(&index);
    free(image);
}

static int memory_file(struct str bytes)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || file_write(fd, bytes) != OK || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

static void read_file(struct str bytes)
{
    static const unsigned char key[EDM_KEY_BYTES] = "a key of the fuzzer's";
    struct edm_head head;
    size_t head_bytes;
    if (edm_head_read(bytes, &head, &head_bytes) != OK)
        return;
    if (head_bytes > bytes.n || head.column_count > EDM_COLUMNS_MAX)
        abort();
    int from = memory_file(bytes), to = memory_file(STR(""));
    (void)!edm_file_open(from, str_sub(bytes, 0, head_bytes), key, to);
    close(from);
    close(to);
}

/* A good file of what is in the input comes back. */
static void write_file(struct str bytes)
{
    static const unsigned char key[EDM_KEY_BYTES] = "a key of the fuzzer's";
    struct edm_head head = {.column_count = 1, .columns = {{"a", 1}}}, again;
    int fd = memory_file(STR("")), to = memory_file(STR(""));
    struct buf file = {0}, image = {0};
    size_t head_bytes;
    if (bytes.n == 0 || edm_file_write(fd, &head, bytes, key) != OK ||
        lseek(fd, 0, SEEK_SET) != 0 || file_read(fd, 1 << 24, &file) != OK ||
        lseek(fd, 0, SEEK_SET) != 0 ||
        edm_head_read(buf_str(&file), &again, &head_bytes) != OK ||
        edm_file_open(fd, str_sub(buf_str(&file), 0, head_bytes), key, to) !=
            OK ||
        lseek(to, 0, SEEK_SET) != 0 || file_read(to, 1 << 24, &image) != OK ||
        !str_eq(buf_str(&image), bytes))
        if (bytes.n != 0)
            abort();
    close(fd);
    close(to);
    buf_free(&file);
    buf_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0)
        read_image(rest);
    else if (data[0] % 3 == 1)
        read_file(rest);
    else
        write_file(rest);
    return 0;
}
