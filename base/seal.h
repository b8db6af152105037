/*
 * Sealed boxes: bytes that whoever has the public key can close and only the
 * holder of the secret key can open (libsodium crypto_box_seal: X25519,
 * XSalsa20-Poly1305, a fresh key pair each time).  And the keys as text:
 * one line "public-key BASE64" or "secret-key BASE64", '#' starts a comment.
 * And locked ones, whose one key closes and opens (crypto_secretbox:
 * XSalsa20-Poly1305, a random nonce each time).
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <stdint.h>

#include "base/buf.h"

enum {
    SEAL_KEY_BYTES = 32,
    SEAL_EXTRA_BYTES = 48, /* that a sealed box is longer than its content */
    SEAL_LOCK_BYTES = 40,  /* the same of a locked one */
    SEAL_FILE_MAX = 4096,  /* a file with a key */
};

enum seal_kind { SEAL_PUBLIC, SEAL_SECRET };

struct seal_key {
    uint8_t bytes[SEAL_KEY_BYTES];
};

void seal_new_keys(struct seal_key *public_out, struct seal_key *secret_out);
void seal_public_of(const struct seal_key *secret, struct seal_key *public_out);
void seal_wipe(struct seal_key *key);

/* Appends.  ERR_PARSE: the key is no point that can be sealed to. */
enum err seal_close(const struct seal_key *public_key, struct str clear,
    struct buf *out) MUST_USE;
/* Appends.  ERR_DENIED: sealed to another key, or changed since. */
enum err seal_open(
    const struct seal_key *secret, struct str sealed, struct buf *out) MUST_USE;

/* Both append.  ERR_DENIED: locked with another key, or changed since. */
void seal_lock(const struct seal_key *key, struct str clear, struct buf *out);
enum err seal_unlock(
    const struct seal_key *key, struct str locked, struct buf *out) MUST_USE;

/* The line, with its end. */
void seal_write_key(
    enum seal_kind kind, const struct seal_key *key, struct buf *out);
/* The text of a key file.  ERR_DENIED: it holds a key of the other kind;
 * ERR_PARSE: none, or not one only. */
enum err seal_read_key(
    struct str text, enum seal_kind kind, struct seal_key *out) MUST_USE;
/* Two halves of a secret key, for two people: one tells nothing of it.  A line
 * "secret-half BASE64" has the half and the public key of both, so that halves
 * of different pairs are told from the right ones. */
void seal_write_halves(const struct seal_key *secret, struct buf *first_out,
    struct buf *second_out);
/* The texts of two such files.  ERR_PARSE: not both are one; ERR_DENIED: the
 * same one twice, or of two pairs. */
enum err seal_join_halves(
    struct str first, struct str second, struct seal_key *secret_out) MUST_USE;

/* The base64 alone. */
enum err seal_read_base64(struct str text, struct seal_key *out) MUST_USE;

#endif
