/*
 * Logins for the console and for Basic proxy authentication, and API tokens:
 * the file <data_dir>/users.yaml.
 *
 *   users:
 *     - name: "ana@example.com"
 *       role: analyst
 *       groups: ["admins"]
 *       password: "$argon2id$…"        # libsodium crypto_pwhash_str
 *       tokens: [{name: "ci", sha256: "…", created: "…"}]
 *
 * The file is written only here (users_save), always whole and atomically;
 * roles read it from the configuration bundle (BUNDLE_USERS).  A password is
 * never kept; a token is kept as its SHA-256 (it is 256 random bits, so a
 * fast hash is enough).
 *
 * A struct users is not changed while others use it: a reload parses a new
 * one.  Verifying is safe from several threads at once.
 */
#ifndef BASE_USERS_H
#define BASE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/str.h"

enum user_role {
    USER_ANALYST,
    USER_INVESTIGATOR,
    USER_ADMINISTRATOR,
    USER_AUDITOR,
    USER_PROXY, /* may use the proxy, not the console */
    USER_ROLES,
};

enum {
    USERS_MAX = 100000,
    USERS_FILE_MAX = 16 << 20, /* bytes */
    USER_NAME_MAX = 128,       /* bytes; the same for groups and token names */
    USER_GROUPS_MAX = 64,
    USER_TOKENS_MAX = 64,
    USER_PASSWORD_MIN = 8, /* for new ones */
    USER_PASSWORD_MAX = 1024,
    USER_TOKEN_TEXT_BYTES = 4 + 64 + 1, /* "pgt_", hex, NUL */
};

struct user_token {
    char *name;
    uint8_t sha256[32];
    char created[CLOCK_TEXT_BYTES]; /* RFC 3339 or empty */
};

struct user { /* everything owned by the struct users */
    char *name;
    enum user_role role;
    char *groups;   /* separated by one blank; "" for none */
    char *password; /* the hash; "" when only tokens are allowed */
    struct user_token *tokens;
    size_t token_count;
};

struct users;

/* What a login may be called: 1 to USER_NAME_MAX bytes of UTF-8 without
 * blanks, colons and quotes. */
bool users_name_is_good(struct str name);
const char *user_role_name(enum user_role role);
/* ERR_NOT_FOUND: no such role. */
enum err user_role_parse(struct str text, enum user_role *role_out) MUST_USE;

/* Reports every mistake with file and line; NULL when there was one.  An
 * empty text is an empty list. */
struct users *users_parse(const char *file, struct str text, struct diag *diag);
struct users *users_new(void); /* no logins */
void users_free(struct users **users);
size_t users_count(const struct users *users);
const struct user *users_at(const struct users *users, size_t i);
const struct user *users_find(const struct users *users, struct str name);

/* Checks a password: about 0.1 s and 64 MiB, so call it off the loop.  As
 * slow for unknown users.  ERR_DENIED.  Results are borrowed from users. */
enum err users_verify(const struct users *users, struct str name,
    struct str password, enum user_role *role_out,
    struct str *groups_out) MUST_USE;
/* Fast. ERR_DENIED. */
enum err users_verify_token(const struct users *users, struct str token,
    const struct user **user_out) MUST_USE;

/* Changes. ERR_PARSE: a name, group or password out of its limits;
 * ERR_STATE: the name exists already; ERR_NOT_FOUND; ERR_LIMIT.
 * groups: separated by blanks.  An empty password makes a login that only
 * tokens open. */
enum err users_add(struct users *users, struct str name, enum user_role role,
    struct str groups, struct str password) MUST_USE;
enum err users_set_password(
    struct users *users, struct str name, struct str password) MUST_USE;
enum err users_remove(struct users *users, struct str name) MUST_USE;
/* A new token replaces the one of the same token_name. The text is shown to
 * its owner once and kept nowhere. */
enum err users_add_token(struct users *users, struct str name,
    struct str token_name, char token_out[USER_TOKEN_TEXT_BYTES]) MUST_USE;

/* The file's text. */
void users_write(const struct users *users, struct buf *out);

/* A random password of 20 letters and digits (about 118 bits). */
enum { USER_RANDOM_PASSWORD_BYTES = 21 };
void users_random_password(char out[USER_RANDOM_PASSWORD_BYTES]);

/* <data_dir>/users.yaml on disk (base/users_file.c).  users_edit_begin takes
 * a lock against other editors and reads the file (absent: no logins);
 * users_edit_end writes it when `save`, atomically (temporary file, fsync,
 * rename; 0600, owned like data_dir) and gives the lock back.
 * ERR_IO with errno; ERR_PARSE with diag. */
struct users_edit {
    struct users *users;
    int lock_fd;
    char *path;
};
enum err users_edit_begin(const char *data_dir, struct users_edit *edit_out,
    struct diag *diag) MUST_USE;
enum err users_edit_end(struct users_edit *edit, bool save) MUST_USE;

#endif
