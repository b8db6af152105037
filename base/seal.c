/*
 * Sealed boxes and their keys (base/seal.h).  A key file has a word in front
 * of the key, so that the secret one cannot be taken for the public one: the
 * gateway must never have it.
 */
#include "base/seal.h"

#include <stdlib.h>
#include <string.h>
#include <sodium.h>

#include "base/base64.h"

_Static_assert(
    SEAL_LOCK_BYTES == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
    "what libsodium adds");

static const char *const words[] = {"public-key", "secret-key", "secret-half"};
enum { HALF_WORD = 2, HALF_BYTES = 2 * SEAL_KEY_BYTES };

/* Without it no randomness: nothing could be sealed. */
static void start(void)
{
    if (sodium_init() < 0)
        abort();
}

void seal_new_keys(struct seal_key *public_out, struct seal_key *secret_out)
{
    start();
    crypto_box_keypair(public_out->bytes, secret_out->bytes);
}

void seal_public_of(const struct seal_key *secret, struct seal_key *public_out)
{
    start();
    crypto_scalarmult_base(public_out->bytes, secret->bytes);
}

void seal_wipe(struct seal_key *key)
{
    sodium_memzero(key, sizeof *key);
}

enum err seal_close(
    const struct seal_key *public_key, struct str clear, struct buf *out)
{
    start();
    char *place = buf_reserve(out, clear.n + SEAL_EXTRA_BYTES);
    if (crypto_box_seal((unsigned char *)place, (const unsigned char *)clear.p,
            clear.n, public_key->bytes) != 0)
        return ERR_PARSE;
    buf_commit(out, clear.n + SEAL_EXTRA_BYTES);
    return OK;
}

enum err seal_open(
    const struct seal_key *secret, struct str sealed, struct buf *out)
{
    struct seal_key public_key;
    start();
    seal_public_of(secret, &public_key);
    if (sealed.n < SEAL_EXTRA_BYTES)
        return ERR_DENIED;
    char *place = buf_reserve(out, sealed.n - SEAL_EXTRA_BYTES + 1);
    if (crypto_box_seal_open((unsigned char *)place,
            (const unsigned char *)sealed.p, sealed.n, public_key.bytes,
            secret->bytes) != 0)
        return ERR_DENIED;
    buf_commit(out, sealed.n - SEAL_EXTRA_BYTES);
    return OK;
}

void seal_lock(const struct seal_key *key, struct str clear, struct buf *out)
{
    start();
    unsigned char *nonce =
        (unsigned char *)buf_reserve(out, clear.n + SEAL_LOCK_BYTES);
    randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
    (void)crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES,
        (const unsigned char *)clear.p, clear.n, nonce, key->bytes);
    buf_commit(out, clear.n + SEAL_LOCK_BYTES);
}

enum err seal_unlock(
    const struct seal_key *key, struct str locked, struct buf *out)
{
    start();
    if (locked.n < SEAL_LOCK_BYTES)
        return ERR_DENIED;
    const unsigned char *nonce = (const unsigned char *)locked.p;
    char *place = buf_reserve(out, locked.n - SEAL_LOCK_BYTES + 1);
    if (crypto_secretbox_open_easy((unsigned char *)place,
            nonce + crypto_secretbox_NONCEBYTES,
            locked.n - crypto_secretbox_NONCEBYTES, nonce, key->bytes) != 0)
        return ERR_DENIED;
    buf_commit(out, locked.n - SEAL_LOCK_BYTES);
    return OK;
}

void seal_write_key(
    enum seal_kind kind, const struct seal_key *key, struct buf *out)
{
    buf_printf(out, "%s ", words[kind]);
    base64_encode(str_make((const char *)key->bytes, sizeof key->bytes), out);
    buf_append_char(out, '\n');
}

enum err seal_read_base64(struct str text, struct seal_key *out)
{
    struct buf bytes = {0};
    enum err err = base64_decode(text, &bytes);
    if (err == OK && bytes.n != sizeof out->bytes)
        err = ERR_PARSE;
    if (err == OK)
        memcpy(out->bytes, buf_bytes(&bytes), sizeof out->bytes);
    buf_wipe_free(&bytes);
    return err;
}

/* The one line behind its word; empty: none, or not one only. */
static struct str only_line(struct str text, struct str *word_out)
{
    struct str line, rest = text, found = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (found.n != 0)
            return STR_NONE;
        found = line;
    }
    size_t blank = str_find_char(found, ' ');
    *word_out = str_sub(found, 0, blank);
    return str_trim(str_sub(found, blank, found.n));
}

enum err seal_read_key(
    struct str text, enum seal_kind kind, struct seal_key *out)
{
    struct str word = STR_NONE, base64 = only_line(text, &word);
    if (str_is(word, words[1 - kind]) || str_is(word, words[HALF_WORD]))
        return ERR_DENIED;
    return str_is(word, words[kind]) ? seal_read_base64(base64, out)
                                     : ERR_PARSE;
}

/* ---- halves -------------------------------------------------------------- */

static void write_half(const uint8_t half[HALF_BYTES], struct buf *out)
{
    buf_printf(out, "%s ", words[HALF_WORD]);
    base64_encode(str_make((const char *)half, HALF_BYTES), out);
    buf_append_char(out, '\n');
}

void seal_write_halves(const struct seal_key *secret, struct buf *first_out,
    struct buf *second_out)
{
    struct seal_key public_key;
    uint8_t first[HALF_BYTES], second[HALF_BYTES];
    start();
    seal_public_of(secret, &public_key);
    randombytes_buf(first, SEAL_KEY_BYTES);
    for (size_t i = 0; i < SEAL_KEY_BYTES; i++) {
        second[i] = first[i] ^ secret->bytes[i];
        first[SEAL_KEY_BYTES + i] = second[SEAL_KEY_BYTES + i] =
            public_key.bytes[i];
    }
    write_half(first, first_out);
    write_half(second, second_out);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
}

static enum err read_half(struct str text, uint8_t half[HALF_BYTES])
{
    struct buf bytes = {0};
    struct str word = STR_NONE, base64 = only_line(text, &word);
    enum err err = str_is(word, words[HALF_WORD])
                       ? base64_decode(base64, &bytes)
                       : ERR_PARSE;
    if (err == OK && bytes.n != HALF_BYTES)
        err = ERR_PARSE;
    if (err == OK)
        memcpy(half, buf_bytes(&bytes), HALF_BYTES);
    buf_wipe_free(&bytes);
    return err;
}

enum err seal_join_halves(
    struct str first, struct str second, struct seal_key *secret_out)
{
    uint8_t halves[2][HALF_BYTES] = {{0}};
    struct seal_key public_key;
    enum err err = read_half(first, halves[0]);
    if (err == OK)
        err = read_half(second, halves[1]);
    for (size_t i = 0; i < SEAL_KEY_BYTES; i++)
        secret_out->bytes[i] = halves[0][i] ^ halves[1][i];
    seal_public_of(secret_out, &public_key);
    for (size_t i = 0; i < 2 && err == OK; i++)
        if (sodium_memcmp(public_key.bytes, halves[i] + SEAL_KEY_BYTES,
                SEAL_KEY_BYTES) != 0)
            err = ERR_DENIED;
    if (err != OK)
        seal_wipe(secret_out);
    sodium_memzero(halves, sizeof halves);
    return err;
}
