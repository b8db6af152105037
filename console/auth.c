/*
 * Who asks: the session of a cookie, or a token; the login's role is looked
 * up at each request, so that a change of users.yaml counts at once.
 *
 * The list of logins is replaced as a whole by a reload; those who read it
 * hold it by a count.
 */
#include "console/parts.h"

#include <string.h>

#include "base/mem.h"
#include "base/random.h"

enum { HASHING_MAX = 2 };

#define COOKIE "__Host-promptgate="

struct shared_users {
    struct users *users;
    unsigned refs;
};

static struct shared_users *take_users(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    struct shared_users *shared = c->users;
    if (shared != NULL)
        shared->refs++;
    pthread_mutex_unlock(&c->lock);
    return shared;
}

static void give_users(struct console *c, struct shared_users *shared)
{
    if (shared == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    bool is_last = --shared->refs == 0;
    pthread_mutex_unlock(&c->lock);
    if (!is_last)
        return;
    users_free(&shared->users);
    mem_free(shared);
}

void console_set_users(struct console *c, struct users *users)
{
    struct shared_users *shared = MEM_NEW(struct shared_users);
    shared->users = users;
    shared->refs = 1;
    pthread_mutex_lock(&c->lock);
    struct shared_users *before = c->users;
    c->users = shared;
    pthread_mutex_unlock(&c->lock);
    give_users(c, before);
}

/* ---- requests ---- */

struct str auth_cookie_named(const struct request *r, const char *name)
{
    struct str rest = r->cookie, part;
    while (str_split(&rest, ';', &part)) {
        part = str_trim(part);
        if (str_starts(part, name))
            return str_sub(part, strlen(name), part.n);
    }
    return STR_NONE;
}

struct str auth_cookie(const struct request *r)
{
    return auth_cookie_named(r, COOKIE);
}

void auth_set_cookie(struct response *response, const char *token)
{
    struct buf text = {0};
    buf_printf(
        &text, COOKIE "%s; Path=/; Secure; HttpOnly; SameSite=Strict", token);
    response_header(response, "Set-Cookie", buf_str(&text));
    buf_wipe_free(&text);
}

static enum err fill_who(const struct user *user, struct who *out)
{
    out->role = user->role;
    out->rights = access_of(user->role);
    memcpy(out->user, user->name, strnlen(user->name, USER_NAME_MAX));
    return out->rights != 0 ? OK : ERR_DENIED;
}

static enum err identify_token(
    const struct users *users, struct str token, struct who *out)
{
    const struct user *user = NULL;
    if (users_verify_token(users, token, &user) != OK)
        return ERR_DENIED;
    out->is_token = true;
    return fill_who(user, out);
}

static bool has_login(const struct users *users, struct str name)
{
    for (size_t i = 0; i < users_count(users); i++)
        if (str_eq_nocase(str_of(users_at(users, i)->name), name))
            return true;
    return false;
}

bool auth_has_login(struct console *c, struct str name)
{
    struct shared_users *shared = take_users(c);
    bool has = shared != NULL && has_login(shared->users, name);
    give_users(c, shared);
    return has;
}

/* By what they came with: the role that the provider's claims gave, as long
 * as the settings are those, and as long as no local login has that name. */
static enum err identify_foreign(struct console *c, const struct users *users,
    struct str token, struct visit *session, struct who *out)
{
    struct buf proof = {0};
    bool is_on =
        sso_proof(c, &proof) && !has_login(users, str_of(session->user));
    bool is_good =
        visits_confirm(c->visits, token, is_on ? buf_str(&proof) : STR_NONE);
    buf_free(&proof);
    if (!is_good)
        return ERR_DENIED;
    const struct user user = {.name = session->user, .role = session->role};
    return fill_who(&user, out);
}

static enum err identify_cookie(struct console *c, const struct users *users,
    struct str token, bool is_use, struct who *out)
{
    struct visit session;
    if (!visits_find(c->visits, token, clock_mono_ms(), is_use, &session))
        return ERR_DENIED;
    memcpy(out->csrf, session.csrf, sizeof out->csrf);
    out->expires_ms = session.expires_wall_ms;
    if (session.is_foreign)
        return identify_foreign(c, users, token, &session, out);
    const struct user *user = users_find(users, str_of(session.user));
    if (sso_refuses_passwords(c))
        user = NULL;
    /* A password set anew ends the sessions that the old one began. */
    if (!visits_confirm(
            c->visits, token, user != NULL ? str_of(user->password) : STR_NONE))
        return ERR_DENIED;
    return fill_who(user, out);
}

enum err auth_identify(
    struct console *c, const struct request *r, bool is_use, struct who *out)
{
    struct shared_users *shared = take_users(c);
    enum err err = ERR_DENIED;
    *out = (struct who){0};
    if (shared != NULL && r->authorization.n > 0) {
        if (str_starts_nocase(r->authorization, "Bearer "))
            err = identify_token(shared->users,
                str_trim(str_sub(r->authorization, 7, r->authorization.n)),
                out);
    } else if (shared != NULL) {
        err = identify_cookie(c, shared->users, auth_cookie(r), is_use, out);
    }
    give_users(c, shared);
    return err;
}

bool auth_is_same_origin(const struct request *r)
{
    struct str origin = r->origin;
    if (origin.n == 0) /* no browser, or one that asks the page itself */
        return true;
    if (!str_starts(origin, "https://"))
        return false;
    return str_eq_nocase(str_sub(origin, 8, origin.n), r->host);
}

bool auth_is_ours(const struct request *r, const struct who *who)
{
    if (who->is_token) /* no browser adds it by itself */
        return true;
    uint8_t given[DIGEST_BYTES], own[DIGEST_BYTES];
    digest_sha256(r->csrf, given);
    digest_sha256(str_of(who->csrf), own);
    return r->csrf.n > 0 && digest_equal(given, own) && auth_is_same_origin(r);
}

/* A name that some other site points at our address must not be answered
 * (DNS rebinding); an address cannot be pointed elsewhere. */
bool auth_host_is_known(const struct console *c, struct str host)
{
    struct net_address address;
    if (net_parse_endpoint(host, &address) == OK ||
        net_parse_ip(host, &address) == OK)
        return true;
    size_t colon = str_find_char(host, ':');
    struct str name = str_sub(host, 0, colon);
    uint64_t port;
    if (colon < host.n &&
        (str_to_u64(str_sub(host, colon + 1, host.n), &port) != OK ||
            port > 65535))
        return false;
    if (str_is_nocase(name, "localhost"))
        return true;
    struct arena arena = {0};
    bool is_known = false;
    name = arena_lower(&arena, name);
    for (size_t i = 0; i < c->options.host_count && !is_known; i++)
        is_known =
            str_glob(arena_lower(&arena, c->options.hosts[i]), name, '.');
    arena_free(&arena);
    return is_known;
}

bool auth_may(struct console *c, struct str name, enum access_right right)
{
    struct shared_users *shared = take_users(c);
    const struct user *user =
        shared != NULL ? users_find(shared->users, name) : NULL;
    bool may = user != NULL && (access_of(user->role) & (unsigned)right) != 0;
    give_users(c, shared);
    return may;
}

/* ---- passwords ---- */

static bool begin_hashing(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    bool may = c->hashing < HASHING_MAX;
    c->hashing += may;
    pthread_mutex_unlock(&c->lock);
    return may;
}

static void end_hashing(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    c->hashing--;
    pthread_mutex_unlock(&c->lock);
}

enum err auth_verify(struct console *c, struct str name, struct str password,
    struct who *out, struct buf *proof_out)
{
    enum user_role role;
    struct str groups;
    *out = (struct who){0};
    if (!begin_hashing(c))
        return ERR_AGAIN;
    struct shared_users *shared = take_users(c);
    enum err err = ERR_DENIED;
    if (shared != NULL)
        err = users_verify(shared->users, name, password, &role, &groups);
    end_hashing(c);
    if (err == OK) {
        const struct user *user = users_find(shared->users, name);
        buf_append_str(proof_out, str_of(user->password));
        err = fill_who(user, out);
    }
    give_users(c, shared);
    return err;
}
