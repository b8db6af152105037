/*
 * The logins as a list in memory: looked up, verified, changed.
 *
 * Argon2id comes from libsodium (crypto_pwhash_str, interactive limits: 2
 * passes over 64 MiB), as do SHA-256 and random bytes; this file is the only
 * one that uses it.  The file: users_text.c (its text), users_file.c (disk).
 */
#include "base/users_parts.h"

#include <string.h>
#include <sodium.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Verified for names that do not exist, so that they take as long. */
static const char *const NOBODY =
    "$argon2id$v=19$m=65536,t=2,p=1$cHJvbXB0Z2F0ZS1ub2JvZA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const char *const users_roles[USER_ROLES + 1] = {
    [USER_ANALYST] = "analyst",
    [USER_INVESTIGATOR] = "investigator",
    [USER_ADMINISTRATOR] = "administrator",
    [USER_AUDITOR] = "auditor",
    [USER_PROXY] = "proxy",
};

const char *user_role_name(enum user_role role)
{
    return role < USER_ROLES ? users_roles[role] : "unknown";
}

enum err user_role_parse(struct str text, enum user_role *role_out)
{
    for (unsigned i = 0; i < USER_ROLES; i++) {
        if (str_is(text, users_roles[i])) {
            *role_out = (enum user_role)i;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* No blanks (groups are blank-separated), no colon (Basic authentication ends
 * the name there), nothing that would need escaping in the file. */
bool users_name_is_good(struct str name)
{
    if (name.n == 0 || name.n > USER_NAME_MAX || !utf8_is_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c == 0x7f || c == ':' || c == '"' || c == '\\')
            return false;
    }
    return true;
}

struct users *users_new(void)
{
    if (sodium_init() < 0)
        return NULL;
    return MEM_NEW(struct users);
}

static void user_clear(struct user *user)
{
    for (size_t i = 0; i < user->token_count; i++)
        mem_free(user->tokens[i].name);
    mem_free(user->tokens);
    mem_free(user->name);
    mem_free(user->groups);
    mem_free(user->password);
    *user = (struct user){0};
}

void users_free(struct users **users)
{
    if (*users == NULL)
        return;
    for (size_t i = 0; i < (*users)->count; i++)
        user_clear(&(*users)->items[i]);
    mem_free((*users)->items);
    mem_free(*users);
    *users = NULL;
}

size_t users_count(const struct users *users)
{
    return users->count;
}

const struct user *users_at(const struct users *users, size_t i)
{
    return &users->items[i];
}

/* Items are sorted by name: logins are looked up far more often than they
 * are changed. */
static size_t find_place(
    const struct users *users, struct str name, bool *is_there_out)
{
    size_t low = 0, high = users->count;
    *is_there_out = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(str_of(users->items[middle].name), name);
        if (order == 0) {
            *is_there_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct user *find(const struct users *users, struct str name)
{
    bool is_there = false;
    size_t place = find_place(users, name, &is_there);
    return is_there ? &users->items[place] : NULL;
}

const struct user *users_find(const struct users *users, struct str name)
{
    return find(users, name);
}

struct user *users_insert(struct users *users, struct str name)
{
    bool is_there = false;
    size_t place = find_place(users, name, &is_there);
    if (is_there)
        return NULL;
    if (users->count == users->cap) {
        users->cap = users->cap != 0 ? users->cap * 2 : 16;
        users->items =
            mem_realloc(users->items, users->cap * sizeof *users->items);
    }
    struct user *user = &users->items[place];
    memmove(user + 1, user, (users->count - place) * sizeof *user);
    *user = (struct user){.name = mem_memdup0(name.p, name.n)};
    users->count++;
    return user;
}

struct user_token *users_token_slot(struct user *user, struct str name)
{
    for (size_t i = 0; i < user->token_count; i++)
        if (str_is(name, user->tokens[i].name))
            return &user->tokens[i];
    if (user->token_count == USER_TOKENS_MAX)
        return NULL;
    user->tokens = mem_realloc(
        user->tokens, (user->token_count + 1) * sizeof *user->tokens);
    struct user_token *token = &user->tokens[user->token_count++];
    *token = (struct user_token){.name = mem_memdup0(name.p, name.n)};
    return token;
}

/* Blank-separated, each checked; normal form in groups_out (owned). */
enum err users_normalise_groups(struct str text, char **groups_out)
{
    struct buf out = {0};
    struct str part;
    size_t count = 0;
    enum err err = OK;
    while (str_split(&text, ' ', &part)) {
        if (part.n == 0)
            continue;
        if (!users_name_is_good(part))
            err = ERR_PARSE;
        if (++count > USER_GROUPS_MAX)
            err = ERR_LIMIT;
        if (err != OK)
            break;
        if (count > 1)
            buf_append_char(&out, ' ');
        buf_append_str(&out, part);
    }
    *groups_out = err == OK ? mem_memdup0(buf_cstr(&out), out.n) : NULL;
    buf_free(&out);
    return err;
}

/* ---- verifying ---- */

enum err users_verify(const struct users *users, struct str name,
    struct str password, enum user_role *role_out, struct str *groups_out)
{
    const struct user *user = find(users, name);
    bool may = user != NULL && user->password[0] != '\0';
    char stored[crypto_pwhash_STRBYTES] = {0};
    memcpy(stored, may ? user->password : NOBODY,
        strlen(may ? user->password : NOBODY));
    /* Longer ones were never accepted as a password: hash a stand-in. */
    if (password.n > USER_PASSWORD_MAX) {
        password = STR("-");
        may = false;
    }
    int match = crypto_pwhash_str_verify(
        stored, password.p != NULL ? password.p : "", password.n);
    if (match != 0 || !may)
        return ERR_DENIED;
    *role_out = user->role;
    *groups_out = str_of(user->groups);
    return OK;
}

enum err users_verify_token(
    const struct users *users, struct str token, const struct user **user_out)
{
    uint8_t hash[32];
    if (token.n != USER_TOKEN_TEXT_BYTES - 1 || !str_starts(token, "pgt_"))
        return ERR_DENIED;
    crypto_hash_sha256(hash, (const unsigned char *)token.p, token.n);
    for (size_t i = 0; i < users->count; i++) {
        const struct user *user = &users->items[i];
        for (size_t j = 0; j < user->token_count; j++) {
            if (sodium_memcmp(user->tokens[j].sha256, hash, 32) == 0) {
                *user_out = user;
                return OK;
            }
        }
    }
    return ERR_DENIED;
}

/* ---- changing ---- */

static enum err hash_password(struct str password, char **hash_out)
{
    char hash[crypto_pwhash_STRBYTES];
    if (password.n == 0) {
        *hash_out = mem_strdup("");
        return OK;
    }
    if (password.n < USER_PASSWORD_MIN || password.n > USER_PASSWORD_MAX)
        return ERR_PARSE;
    if (crypto_pwhash_str(hash, password.p, password.n,
            crypto_pwhash_OPSLIMIT_INTERACTIVE,
            crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return ERR_LIMIT;
    *hash_out = mem_strdup(hash);
    return OK;
}

enum err users_add(struct users *users, struct str name, enum user_role role,
    struct str groups, struct str password)
{
    char *hash = NULL, *normal = NULL;
    if (!users_name_is_good(name) || role >= USER_ROLES)
        return ERR_PARSE;
    if (find(users, name) != NULL)
        return ERR_STATE;
    if (users->count == USERS_MAX)
        return ERR_LIMIT;
    enum err err = users_normalise_groups(groups, &normal);
    if (err == OK)
        err = hash_password(password, &hash);
    if (err != OK) {
        mem_free(normal);
        return err;
    }
    struct user *user = users_insert(users, name);
    user->role = role;
    user->groups = normal;
    user->password = hash;
    return OK;
}

enum err users_set_password(
    struct users *users, struct str name, struct str password)
{
    char *hash = NULL;
    struct user *user = find(users, name);
    if (user == NULL)
        return ERR_NOT_FOUND;
    enum err err = hash_password(password, &hash);
    if (err != OK)
        return err;
    mem_free(user->password);
    user->password = hash;
    return OK;
}

enum err users_remove(struct users *users, struct str name)
{
    struct user *user = find(users, name);
    if (user == NULL)
        return ERR_NOT_FOUND;
    user_clear(user);
    size_t place = (size_t)(user - users->items);
    users->count--;
    memmove(user, user + 1, (users->count - place) * sizeof *user);
    return OK;
}

enum err users_add_token(struct users *users, struct str name,
    struct str token_name, char token_out[USER_TOKEN_TEXT_BYTES])
{
    uint8_t secret[32];
    struct user *user = find(users, name);
    if (user == NULL)
        return ERR_NOT_FOUND;
    if (!users_name_is_good(token_name))
        return ERR_PARSE;
    struct user_token *token = users_token_slot(user, token_name);
    if (token == NULL)
        return ERR_LIMIT;
    randombytes_buf(secret, sizeof secret);
    memcpy(token_out, "pgt_", 4);
    sodium_bin2hex(token_out + 4, 65, secret, sizeof secret);
    crypto_hash_sha256(token->sha256, (const unsigned char *)token_out,
        USER_TOKEN_TEXT_BYTES - 1);
    clock_format(clock_wall_ms(), token->created);
    sodium_memzero(secret, sizeof secret);
    return OK;
}

void users_random_password(char out[USER_RANDOM_PASSWORD_BYTES])
{
    static const char letters[] =
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    for (size_t i = 0; i + 1 < USER_RANDOM_PASSWORD_BYTES; i++)
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    out[USER_RANDOM_PASSWORD_BYTES - 1] = '\0';
}
