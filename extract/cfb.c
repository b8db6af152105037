#include "extract/cfb.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "extract/text.h"

enum {
    HEADER_BYTES = 512,
    ENTRY_BYTES = 128,
    DIFAT_IN_HEADER = 109,
    TYPE_STORAGE = 1,
    TYPE_STREAM = 2,
    TYPE_ROOT = 5,
};
static const uint32_t SECTOR_MAX = 0xfffffffa;

struct cfb {
    struct str bytes;
    size_t sector_bytes, mini_bytes, sectors;
    uint32_t mini_cutoff;
    struct buf fat, mini_fat, mini; /* mini: the root's stream */
    struct arena arena;
    struct cfb_entry *entries;
    size_t count;
};

uint32_t le16(struct str s, size_t at)
{
    if (s.n < 2 || at > s.n - 2)
        return 0;
    return (uint32_t)(unsigned char)s.p[at] |
           (uint32_t)(unsigned char)s.p[at + 1] << 8;
}

uint32_t le32(struct str s, size_t at)
{
    if (s.n < 4 || at > s.n - 4)
        return 0;
    return le16(s, at) | le16(s, at + 2) << 16;
}

static struct str sector(const struct cfb *c, uint32_t number)
{
    if (number >= c->sectors)
        return STR_NONE;
    size_t at = ((size_t)number + 1) * c->sector_bytes;
    return str_sub(c->bytes, at, at + c->sector_bytes);
}

static uint32_t next_in(const struct buf *table, uint32_t number)
{
    struct str s = buf_str(table);
    size_t at = (size_t)number * 4;
    return at + 4 <= s.n ? le32(s, at) : SECTOR_MAX;
}

/* A chain of whole sectors, at most max bytes of them. */
static void read_chain(
    const struct cfb *c, uint32_t at, uint64_t max, struct buf *out)
{
    for (size_t i = 0; i < c->sectors && at < SECTOR_MAX && out->n < max; i++) {
        struct str bytes = sector(c, at);
        if (bytes.n == 0)
            break;
        buf_append_str(out, bytes);
        at = next_in(&c->fat, at);
    }
    if (out->n > max)
        buf_truncate(out, (size_t)max);
}

static void read_mini(
    const struct cfb *c, uint32_t at, uint64_t max, struct buf *out)
{
    struct str all = buf_str(&c->mini);
    for (size_t i = 0; i <= all.n / c->mini_bytes && out->n < max; i++) {
        size_t begin = (size_t)at * c->mini_bytes;
        if (at >= SECTOR_MAX || begin >= all.n)
            break;
        buf_append_str(out, str_sub(all, begin, begin + c->mini_bytes));
        at = next_in(&c->mini_fat, at);
    }
    if (out->n > max)
        buf_truncate(out, (size_t)max);
}

/* The table of sectors that hold the table: 109 in the header, the rest in a
 * chain of its own. */
static void read_fat(struct cfb *c)
{
    size_t per_sector = c->sector_bytes / 4;
    for (size_t i = 0; i < DIFAT_IN_HEADER; i++) {
        uint32_t number = le32(c->bytes, 76 + 4 * i);
        if (number < SECTOR_MAX)
            buf_append_str(&c->fat, sector(c, number));
    }
    uint32_t difat = le32(c->bytes, 68);
    for (size_t n = 0; n < c->sectors / per_sector + 1; n++) {
        struct str s = sector(c, difat);
        if (difat >= SECTOR_MAX || s.n < c->sector_bytes)
            break;
        for (size_t i = 0; i + 1 < per_sector; i++) {
            uint32_t number = le32(s, 4 * i);
            if (number < SECTOR_MAX && c->fat.n <= c->bytes.n)
                buf_append_str(&c->fat, sector(c, number));
        }
        difat = le32(s, 4 * (per_sector - 1));
    }
}

/* ---- the directory ---- */

static struct str entry_name(struct cfb *c, struct str raw)
{
    char name[4 * 32];
    size_t bytes = le16(raw, 64), n = 0;
    for (size_t i = 0; i + 2 < bytes && i + 1 < 64;) {
        uint32_t code;
        i += text_decode_utf16(str_sub(raw, 0, 64), i, false, &code);
        if (code != 0 && n + 4 <= sizeof name)
            n += utf8_encode(code, name + n);
    }
    return arena_copy(&c->arena, str_make(name, n));
}

/* Members of a storage are a tree; walked with a stack of our own, each entry
 * once. */
static void adopt(struct cfb *c, struct str directory, int storage)
{
    size_t top = 0;
    uint32_t *stack = mem_calloc(c->count + 1, sizeof *stack);
    uint32_t first =
        le32(directory, (size_t)storage * ENTRY_BYTES + 76); /* child */
    stack[top++] = first;
    while (top > 0) {
        uint32_t i = stack[--top];
        if (i >= c->count || c->entries[i].parent != CFB_NONE || i == 0)
            continue;
        c->entries[i].parent = storage;
        size_t at = (size_t)i * ENTRY_BYTES;
        uint32_t sides[2] = {
            le32(directory, at + 68), le32(directory, at + 72)};
        for (size_t k = 0; k < 2; k++)
            if (sides[k] < c->count && top < c->count)
                stack[top++] = sides[k];
    }
    mem_free(stack);
}

static void read_directory(struct cfb *c)
{
    struct buf raw = {0};
    read_chain(
        c, le32(c->bytes, 48), (uint64_t)CFB_ENTRIES_MAX * ENTRY_BYTES, &raw);
    struct str all = buf_str(&raw);
    c->count = all.n / ENTRY_BYTES;
    c->entries = arena_alloc(&c->arena, (c->count + 1) * sizeof *c->entries);
    size_t storages = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct str one = str_sub(all, i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES);
        struct cfb_entry *e = &c->entries[i];
        *e = (struct cfb_entry){.name = entry_name(c, one),
            .is_stream = one.p[66] == TYPE_STREAM,
            .parent = CFB_NONE,
            .start = le32(one, 116),
            .size = le32(one, 120)};
    }
    for (size_t i = 0; i < c->count; i++) {
        char type = all.p[i * ENTRY_BYTES + 66];
        bool is_storage = type == TYPE_STORAGE || (i == 0 && type == TYPE_ROOT);
        if (is_storage && storages++ < 4096) /* each walk allocates */
            adopt(c, all, (int)i);
    }
    if (c->count > 0)
        read_chain(c, c->entries[0].start, c->entries[0].size, &c->mini);
    buf_free(&raw);
}

struct cfb *cfb_open(struct str bytes)
{
    unsigned shift = le16(bytes, 30), mini_shift = le16(bytes, 32);
    if (bytes.n < HEADER_BYTES || (shift != 9 && shift != 12) ||
        mini_shift < 4 || mini_shift > shift ||
        memcmp(bytes.p, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) != 0)
        return NULL;
    struct cfb *c = MEM_NEW(struct cfb);
    c->bytes = bytes;
    c->sector_bytes = (size_t)1 << shift;
    c->mini_bytes = (size_t)1 << mini_shift;
    c->sectors = bytes.n / c->sector_bytes; /* the header is one of them */
    c->mini_cutoff = le32(bytes, 56);
    read_fat(c);
    read_chain(c, le32(bytes, 60), bytes.n, &c->mini_fat);
    read_directory(c);
    return c;
}

void cfb_close(struct cfb **cfb)
{
    struct cfb *c = *cfb;
    if (c == NULL)
        return;
    *cfb = NULL;
    buf_free(&c->fat);
    buf_free(&c->mini_fat);
    buf_free(&c->mini);
    arena_free(&c->arena);
    mem_free(c);
}

size_t cfb_count(const struct cfb *cfb)
{
    return cfb->count;
}

const struct cfb_entry *cfb_entry(const struct cfb *cfb, size_t index)
{
    return index < cfb->count ? &cfb->entries[index] : NULL;
}

const struct cfb_entry *cfb_find(
    const struct cfb *cfb, int parent, const char *name)
{
    for (size_t i = 0; i < cfb->count; i++)
        if (cfb->entries[i].is_stream && cfb->entries[i].parent == parent &&
            str_is_nocase(cfb->entries[i].name, name))
            return &cfb->entries[i];
    return NULL;
}

bool cfb_read(const struct cfb *cfb, const struct cfb_entry *e, struct buf *out)
{
    struct buf bytes = {0};
    if (e->size < cfb->mini_cutoff)
        read_mini(cfb, e->start, e->size, &bytes);
    else
        read_chain(cfb, e->start, e->size, &bytes);
    bool is_whole = bytes.n == e->size;
    buf_append_str(out, buf_str(&bytes));
    buf_free(&bytes);
    return is_whole;
}
