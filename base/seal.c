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

static const char *const words[] = {"public-key", "secret-key"};

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

enum err seal_read_key(
    struct str text, enum seal_kind kind, struct seal_key *out)
{
    struct str line, rest = text;
    bool is_found = false;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        size_t blank = str_find_char(line, ' ');
        struct str word = str_sub(line, 0, blank);
        if (str_is(word, words[1 - kind]))
            return ERR_DENIED;
        if (is_found || !str_is(word, words[kind]) ||
            seal_read_base64(str_trim(str_sub(line, blank, line.n)), out) != OK)
            return ERR_PARSE;
        is_found = true;
    }
    return is_found ? OK : ERR_PARSE;
}
