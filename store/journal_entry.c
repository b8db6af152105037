/*
 * Journal entries as bytes, names of segments, and the list of them.
 * Everything read here may be damaged: each length is checked against what is
 * there before it is used.
 */
#include "store/journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"

enum { ID_BYTES = UUID_TEXT_BYTES - 1 };

static const char MAGIC[4] = {'P', 'G', 'J', 'e'};
static const char HEAD_MAGIC[8] = {'P', 'G', 'J', '1', '\r', '\n', 0, 0};

static void put(char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (char)(value >> (8 * i));
}

static uint64_t get(const char *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return value;
}

static uint32_t checksum(const char *length, const char *body, size_t n)
{
    uLong crc = crc32(0, (const Bytef *)length, 4);
    return (uint32_t)crc32(crc, (const Bytef *)body, (uInt)n);
}

void journal_entry_encode(const struct journal_entry *entry, struct buf *out)
{
    size_t n = JOURNAL_BODY_HEAD + entry->json.n;
    char *head = buf_reserve(out, JOURNAL_ENTRY_HEAD + n);
    char *body = head + JOURNAL_ENTRY_HEAD;
    memset(body, 0, JOURNAL_BODY_HEAD);
    body[0] = (char)entry->kind;
    put(body + 4, entry->origin, 8);
    memcpy(body + 12, entry->id, strnlen(entry->id, ID_BYTES));
    if (entry->json.n > 0)
        memcpy(body + JOURNAL_BODY_HEAD, entry->json.p, entry->json.n);
    memcpy(head, MAGIC, 4);
    put(head + 4, n, 4);
    put(head + 8, checksum(head + 4, body, n), 4);
    buf_commit(out, JOURNAL_ENTRY_HEAD + n);
}

static enum err decode_body(struct str body, struct journal_entry *out)
{
    memset(out, 0, sizeof *out);
    out->kind = (enum store_kind)(unsigned char)body.p[0];
    out->origin = get(body.p + 4, 8);
    memcpy(out->id, body.p + 12, ID_BYTES);
    out->json = str_sub(body, JOURNAL_BODY_HEAD, body.n);
    if (out->kind == STORE_GONE)
        return OK;
    bool is_record = out->kind == STORE_OPEN || out->kind == STORE_DONE ||
                     out->kind == STORE_VOID || out->kind == STORE_AUDIT ||
                     out->kind == STORE_CURSOR;
    return is_record && store_id_is_valid(str_of(out->id)) ? OK : ERR_PARSE;
}

enum err journal_entry_decode(
    struct str bytes, struct journal_entry *out, size_t *length_out)
{
    size_t have = bytes.n < 4 ? bytes.n : 4;
    *length_out = 0;
    if (have > 0 && memcmp(bytes.p, MAGIC, have) != 0)
        return ERR_PARSE;
    if (bytes.n < JOURNAL_ENTRY_HEAD)
        return ERR_AGAIN;
    uint64_t n = get(bytes.p + 4, 4);
    if (n < JOURNAL_BODY_HEAD || n > JOURNAL_ENTRY_MAX)
        return ERR_PARSE;
    *length_out = JOURNAL_ENTRY_HEAD + (size_t)n;
    if (bytes.n < *length_out)
        return ERR_AGAIN;
    struct str body = str_make(bytes.p + JOURNAL_ENTRY_HEAD, (size_t)n);
    if (get(bytes.p + 8, 4) != checksum(bytes.p + 4, body.p, body.n))
        return ERR_PARSE;
    return decode_body(body, out);
}

int journal_position_compare(
    struct journal_position a, struct journal_position b)
{
    if (a.segment != b.segment)
        return a.segment < b.segment ? -1 : 1;
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

/* ---- files ---- */

bool journal_path(
    struct str folder, const char *name, char out[JOURNAL_PATH_MAX])
{
    int n = snprintf(out, JOURNAL_PATH_MAX, "%.*s/journal%s%s", STR_ARG(folder),
        name != NULL ? "/" : "", name != NULL ? name : "");
    return n > 0 && n < JOURNAL_PATH_MAX;
}

bool journal_segment_path(
    struct str folder, uint64_t number, char out[JOURNAL_PATH_MAX])
{
    char name[32];
    snprintf(name, sizeof name, "%08llu.j", (unsigned long long)number);
    return journal_path(folder, name, out);
}

void journal_head_encode(uint64_t number, char out[JOURNAL_HEAD_BYTES])
{
    memcpy(out, HEAD_MAGIC, sizeof HEAD_MAGIC);
    put(out + sizeof HEAD_MAGIC, number, 8);
}

static bool parse_name(const char *name, uint64_t *number_out)
{
    struct str s = str_of(name);
    return s.n >= 10 && s.n <= 20 && str_ends(s, ".j") &&
           str_to_u64(str_sub(s, 0, s.n - 2), number_out) == OK &&
           *number_out > 0;
}

static int compare_segments(const void *a, const void *b)
{
    uint64_t x = ((const struct journal_segment *)a)->number;
    uint64_t y = ((const struct journal_segment *)b)->number;
    return x < y ? -1 : x > y;
}

enum err journal_list(struct str folder, struct journal_segments *out)
{
    char path[JOURNAL_PATH_MAX];
    struct dirent *entry;
    struct stat st;
    uint64_t number = 0;
    *out = (struct journal_segments){0};
    DIR *dir = journal_path(folder, NULL, path) ? opendir(path) : NULL;
    if (dir == NULL)
        return errno == ENOENT ? OK : ERR_IO;
    while ((entry = readdir(dir)) != NULL) {
        if (!parse_name(entry->d_name, &number) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        out->items =
            mem_realloc(out->items, (out->count + 1) * sizeof *out->items);
        out->items[out->count++] = (struct journal_segment){number,
            (uint64_t)st.st_size,
            st.st_mtim.tv_sec * INT64_C(1000) + st.st_mtim.tv_nsec / 1000000};
    }
    closedir(dir);
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, compare_segments);
    return OK;
}

uint64_t journal_bytes_after(
    const struct journal_segments *segments, struct journal_position position)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < segments->count; i++) {
        const struct journal_segment *s = &segments->items[i];
        if (s->number < position.segment)
            continue;
        uint64_t skip = s->number == position.segment ? position.offset : 0;
        if (skip < JOURNAL_HEAD_BYTES)
            skip = JOURNAL_HEAD_BYTES;
        sum += s->bytes > skip ? s->bytes - skip : 0;
    }
    return sum;
}

enum err journal_delete(struct str folder, uint64_t number)
{
    char path[JOURNAL_PATH_MAX];
    if (!journal_segment_path(folder, number, path))
        return ERR_LIMIT;
    return unlink(path) == 0 ? OK : ERR_IO;
}
