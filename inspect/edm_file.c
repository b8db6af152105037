/*
 * An index on disk: a clear head, then the image in libsodium's secretstream
 * (XChaCha20-Poly1305), whose key comes of the installation's key and the
 * head's salt.  So the file by itself is noise: not even whether two cells are
 * equal can be read out of it, and what is changed or cut off is noticed.
 * Whoever has both, file and key, can try out values one by one.
 *
 *   8 magic, u32 version, u32 bytes of the head, u64 bytes of the image,
 *   i64 built (ms), u32 rows, u32 columns, 16 salt, 8 key id,
 *   columns: u8 type, u8 length, name
 *   24 stream header, chunks of 1 MiB + 17; the head goes with the first one
 */
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "inspect/edm.h"

#define MAGIC "PGEDM\r\n"
enum {
    VERSION = 1,
    FIXED_BYTES = 64,
    CHUNK = 1 << 20,
    SEALED = CHUNK + (int)crypto_secretstream_xchacha20poly1305_ABYTES,
    STREAM_HEAD = (int)crypto_secretstream_xchacha20poly1305_HEADERBYTES,
};

static const char *const type_names[] = {
    "auto", "text", "name", "number", "email", "date"};

const char *edm_type_name(enum edm_type type)
{
    return type_names[type];
}

enum edm_type edm_type_of(struct str name)
{
    size_t i = 0;
    while (i < ARRAY_LEN(type_names) && !str_is(name, type_names[i]))
        i++;
    return (enum edm_type)i;
}

void edm_key_new(unsigned char key_out[EDM_KEY_BYTES])
{
    randombytes_buf(key_out, EDM_KEY_BYTES);
}

static void identify_key(
    const unsigned char key[EDM_KEY_BYTES], unsigned char out[8])
{
    static const char what[] = "promptgate edm key id";
    unsigned char full[crypto_generichash_BYTES];
    crypto_generichash(full, sizeof full, (const unsigned char *)what,
        sizeof what, key, EDM_KEY_BYTES);
    memcpy(out, full, 8);
}

static void stream_key(const struct edm_head *head,
    const unsigned char key[EDM_KEY_BYTES], unsigned char *out)
{
    crypto_generichash(out, crypto_secretstream_xchacha20poly1305_KEYBYTES,
        head->salt, sizeof head->salt, key, EDM_KEY_BYTES);
}

/* ---- head ---- */

static void write_head(const struct edm_head *head, struct buf *out)
{
    uint32_t version = VERSION, bytes = FIXED_BYTES;
    for (uint32_t i = 0; i < head->column_count; i++)
        bytes += 2 + (uint32_t)strlen(head->columns[i].name);
    buf_append(out, MAGIC, 8);
    buf_append(out, &version, 4);
    buf_append(out, &bytes, 4);
    buf_append(out, &head->image_bytes, 8);
    buf_append(out, &head->built_ms, 8);
    buf_append(out, &head->rows, 4);
    buf_append(out, &head->column_count, 4);
    buf_append(out, head->salt, sizeof head->salt);
    buf_append(out, head->key_id, sizeof head->key_id);
    for (uint32_t i = 0; i < head->column_count; i++) {
        size_t n = strlen(head->columns[i].name);
        buf_append_char(out, (char)head->columns[i].type);
        buf_append_char(out, (char)n);
        buf_append(out, head->columns[i].name, n);
    }
}

static bool read_columns(struct str rest, struct edm_head *out)
{
    for (uint32_t i = 0; i < out->column_count; i++) {
        struct edm_column *c = &out->columns[i];
        size_t n = rest.n >= 2 ? (unsigned char)rest.p[1] : 0;
        if (n < 1 || n > EDM_NAME_MAX || rest.n < 2 + n ||
            (unsigned char)rest.p[0] >= EDM_TYPES ||
            memchr(rest.p + 2, 0, n) != NULL)
            return false;
        c->type = (enum edm_type)rest.p[0];
        memcpy(c->name, rest.p + 2, n);
        rest = str_sub(rest, 2 + n, rest.n);
    }
    return rest.n == 0;
}

enum err edm_head_read(
    struct str bytes, struct edm_head *out, size_t *bytes_out)
{
    uint32_t version, n;
    *out = (struct edm_head){0};
    if (bytes.n < FIXED_BYTES || memcmp(bytes.p, MAGIC, 8) != 0)
        return ERR_PARSE;
    memcpy(&version, bytes.p + 8, 4);
    memcpy(&n, bytes.p + 12, 4);
    memcpy(&out->image_bytes, bytes.p + 16, 8);
    memcpy(&out->built_ms, bytes.p + 24, 8);
    memcpy(&out->rows, bytes.p + 32, 4);
    memcpy(&out->column_count, bytes.p + 36, 4);
    memcpy(out->salt, bytes.p + 40, sizeof out->salt);
    memcpy(out->key_id, bytes.p + 56, sizeof out->key_id);
    *bytes_out = n;
    if (version != VERSION || n < FIXED_BYTES || n > EDM_HEAD_MAX ||
        n > bytes.n || out->image_bytes > EDM_IMAGE_MAX ||
        out->column_count < 1 || out->column_count > EDM_COLUMNS_MAX)
        return ERR_PARSE;
    return read_columns(str_sub(bytes, FIXED_BYTES, n), out) ? OK : ERR_PARSE;
}

/* ---- writing ---- */

enum err edm_file_write(int fd, const struct edm_head *head, struct str image,
    const unsigned char key[EDM_KEY_BYTES])
{
    crypto_secretstream_xchacha20poly1305_state state;
    unsigned char secret[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    unsigned char *sealed = mem_alloc(SEALED);
    struct buf start = {0};
    struct edm_head h = *head;
    h.image_bytes = image.n;
    randombytes_buf(h.salt, sizeof h.salt);
    identify_key(key, h.key_id);
    stream_key(&h, key, secret);
    write_head(&h, &start);
    size_t head_bytes = start.n;
    unsigned char *stream_head = (void *)buf_reserve(&start, STREAM_HEAD);
    crypto_secretstream_xchacha20poly1305_init_push(
        &state, stream_head, secret);
    buf_commit(&start, STREAM_HEAD);
    enum err err = file_write(fd, buf_str(&start));
    for (size_t at = 0; err == OK && at < image.n; at += CHUNK) {
        struct str piece = str_sub(image, at, at + CHUNK);
        unsigned long long n = 0;
        bool is_last = at + piece.n == image.n;
        crypto_secretstream_xchacha20poly1305_push(&state, sealed, &n,
            (const unsigned char *)piece.p, piece.n,
            at == 0 ? (const unsigned char *)buf_bytes(&start) : NULL,
            at == 0 ? head_bytes : 0,
            is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
        err = file_write(fd, str_make((const char *)sealed, (size_t)n));
    }
    buf_free(&start);
    mem_free(sealed);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(&state, sizeof state);
    return err;
}

/* ---- reading ---- */

/* As many bytes as there are, at most n. */
static enum err read_some(int fd, void *out, size_t n, size_t *got_out)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, (char *)out + got, n - got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return ERR_IO;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    *got_out = got;
    return OK;
}

struct opening {
    crypto_secretstream_xchacha20poly1305_state state;
    unsigned char *sealed, *clear;
    struct str head; /* goes with the first chunk */
    uint64_t left;   /* of the image */
};

static enum err open_chunk(struct opening *o, int from, int to)
{
    size_t n = o->left < CHUNK ? (size_t)o->left : CHUNK, got = 0;
    unsigned long long clear_n = 0;
    unsigned char tag = 0;
    size_t wanted = n + crypto_secretstream_xchacha20poly1305_ABYTES;
    enum err err = read_some(from, o->sealed, wanted, &got);
    if (err != OK)
        return err;
    if (got != wanted ||
        crypto_secretstream_xchacha20poly1305_pull(&o->state, o->clear,
            &clear_n, &tag, o->sealed, got, (const unsigned char *)o->head.p,
            o->head.n) != 0 ||
        (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) !=
            (n == o->left))
        return ERR_PARSE;
    o->head = STR_NONE;
    o->left -= n;
    return file_write(to, str_make((const char *)o->clear, n));
}

static enum err open_stream(struct opening *o, const struct edm_head *head,
    const unsigned char *key, int from, int to)
{
    unsigned char secret[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    unsigned char stream_head[STREAM_HEAD];
    size_t got = 0;
    enum err err = read_some(from, stream_head, sizeof stream_head, &got);
    if (err != OK)
        return err;
    if (got != sizeof stream_head)
        return ERR_PARSE;
    stream_key(head, key, secret);
    if (crypto_secretstream_xchacha20poly1305_init_pull(
            &o->state, stream_head, secret) != 0)
        err = ERR_PARSE;
    sodium_memzero(secret, sizeof secret);
    o->left = head->image_bytes;
    while (err == OK && o->left > 0)
        err = open_chunk(o, from, to);
    return err;
}

enum err edm_file_open(int from, struct str expected,
    const unsigned char key[EDM_KEY_BYTES], int to)
{
    struct edm_head head;
    unsigned char id[8];
    char start[EDM_HEAD_MAX];
    size_t head_bytes, got = 0;
    if (edm_head_read(expected, &head, &head_bytes) != OK ||
        head_bytes != expected.n || head.image_bytes == 0)
        return ERR_PARSE;
    enum err err = read_some(from, start, head_bytes, &got);
    if (err != OK)
        return err;
    if (!str_eq(str_make(start, got), expected))
        return ERR_STATE;
    identify_key(key, id);
    if (memcmp(id, head.key_id, sizeof id) != 0)
        return ERR_DENIED;
    struct opening o = {.head = expected,
        .sealed = mem_alloc(SEALED),
        .clear = mem_alloc(CHUNK)};
    err = open_stream(&o, &head, key, from, to);
    sodium_memzero(o.clear, CHUNK);
    sodium_memzero(&o.state, sizeof o.state);
    mem_free(o.sealed);
    mem_free(o.clear);
    return err;
}
