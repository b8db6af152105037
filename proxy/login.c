/*
 * A struct check is a question under way; a struct known an answer.  Both are
 * found by HMAC-SHA256 of user and password under a key that this process
 * alone has.  The password itself lives only until the pool has looked at it.
 */
#include "proxy/login.h"

#include <string.h>

#include <uthash.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/users.h"

/* The users of a generation: counted, because checks outlive a reload. */
struct user_set {
    struct users *users;
    unsigned refs;
};

struct known {
    uint8_t mac[DIGEST_BYTES];
    bool is_good;
    char *groups;
    uint64_t until_ms;
    UT_hash_handle hh; /* in the order of coming */
};

/* One owner that waits for an answer. */
struct waiter {
    struct deferred ready; /* first; answered from the cache or by a check */
    struct logins *logins;
    struct waiter *prev, *next;
    void *owner;
    struct check *check; /* NULL: answered */
    bool is_good;
    char *groups;
};

struct check {
    uv_work_t work;        /* first */
    struct logins *logins; /* NULL: gone meanwhile */
    struct user_set *set;
    uint8_t mac[DIGEST_BYTES];
    struct buf user, password;
    enum err result;
    struct str groups; /* of the set */
    UT_hash_handle hh;
};

struct logins {
    uv_loop_t *loop;
    struct defer_queue *defer;
    login_done_fn *done;
    uint8_t key[DIGEST_BYTES];
    struct user_set *set;
    struct known *known;
    struct check *checks;
    struct waiter *waiters;
};

static void user_set_unref(struct user_set **set)
{
    struct user_set *s = *set;
    *set = NULL;
    if (s == NULL || --s->refs > 0)
        return;
    users_free(&s->users);
    mem_free(s);
}

/* Waiters */

static void waiter_free(struct waiter *w)
{
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        w->logins->waiters = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    defer_cancel(&w->ready);
    mem_free(w->groups);
    mem_free(w);
}

static void on_ready(struct deferred *self)
{
    struct waiter *w = (struct waiter *)self;
    login_done_fn *done = w->logins->done;
    void *owner = w->owner;
    bool is_good = w->is_good;
    char *groups = w->groups;
    w->groups = NULL;
    waiter_free(w);
    done(owner, is_good, str_of(groups));
    mem_free(groups);
}

static void waiter_answer(struct waiter *w, bool is_good, const char *groups)
{
    w->check = NULL;
    w->is_good = is_good;
    w->groups = mem_strdup(groups);
    defer_push(w->logins->defer, &w->ready);
}

/* Cache */

static void known_free(struct logins *l, struct known *k)
{
    HASH_DEL(l->known, k);
    mem_free(k->groups);
    mem_free(k);
}

static void known_clear(struct logins *l)
{
    struct known *k, *next;
    HASH_ITER(hh, l->known, k, next)
    {
        known_free(l, k);
    }
}

static void known_add(struct logins *l, const uint8_t mac[DIGEST_BYTES],
    bool is_good, const char *groups)
{
    struct known *k;
    HASH_FIND(hh, l->known, mac, DIGEST_BYTES, k);
    if (k != NULL)
        known_free(l, k);
    if (HASH_COUNT(l->known) >= LOGIN_CACHE_MAX)
        known_free(l, l->known);
    k = MEM_NEW(struct known);
    memcpy(k->mac, mac, DIGEST_BYTES);
    k->is_good = is_good;
    k->groups = mem_strdup(groups);
    k->until_ms = uv_now(l->loop) +
                  (uint64_t)(is_good ? LOGIN_KEEP_MS : LOGIN_KEEP_BAD_MS);
    HASH_ADD(hh, l->known, mac, DIGEST_BYTES, k);
}

static const struct known *known_find(
    struct logins *l, const uint8_t mac[DIGEST_BYTES])
{
    struct known *k;
    HASH_FIND(hh, l->known, mac, DIGEST_BYTES, k);
    if (k != NULL && k->until_ms <= uv_now(l->loop)) {
        known_free(l, k);
        return NULL;
    }
    return k;
}

/* Checks */

/* On a thread of the pool: touches nothing but its own check. */
static void on_work(uv_work_t *work)
{
    struct check *c = (struct check *)work;
    enum user_role role;
    c->groups = STR_NONE;
    c->result = users_verify(c->set->users, buf_str(&c->user),
        buf_str(&c->password), &role, &c->groups);
}

static void check_free(struct check *c)
{
    buf_wipe_free(&c->password);
    buf_free(&c->user);
    user_set_unref(&c->set);
    mem_free(c);
}

static void check_settle(struct logins *l, struct check *c)
{
    bool is_good = c->result == OK;
    char *groups = mem_memdup0(c->groups.p, c->groups.n);
    HASH_DEL(l->checks, c);
    if (c->set == l->set)
        known_add(l, c->mac, is_good, groups);
    for (struct waiter *w = l->waiters; w != NULL; w = w->next)
        if (w->check == c)
            waiter_answer(w, is_good, groups);
    mem_free(groups);
}

static void on_work_done(uv_work_t *work, int status)
{
    struct check *c = (struct check *)work;
    if (status != 0)
        c->result = ERR_CLOSED;
    if (c->logins != NULL)
        check_settle(c->logins, c);
    check_free(c);
}

static struct check *check_start(struct logins *l,
    const uint8_t mac[DIGEST_BYTES], struct str user, struct str password)
{
    if (HASH_COUNT(l->checks) >= LOGIN_CHECKS_MAX || l->set == NULL)
        return NULL;
    struct check *c = MEM_NEW(struct check);
    c->logins = l;
    c->set = l->set;
    c->set->refs++;
    memcpy(c->mac, mac, DIGEST_BYTES);
    buf_append_str(&c->user, user);
    buf_append_str(&c->password, password);
    if (uv_queue_work(l->loop, &c->work, on_work, on_work_done) != 0) {
        check_free(c);
        return NULL;
    }
    HASH_ADD(hh, l->checks, mac, DIGEST_BYTES, c);
    return c;
}

static void mac_of(const struct logins *l, struct str user, struct str password,
    uint8_t mac_out[DIGEST_BYTES])
{
    struct buf both = {0};
    uint64_t user_bytes = user.n;
    buf_append(&both, &user_bytes, sizeof user_bytes);
    buf_append_str(&both, user);
    buf_append_str(&both, password);
    digest_hmac_sha256(
        str_make((const char *)l->key, DIGEST_BYTES), buf_str(&both), mac_out);
    buf_wipe_free(&both);
}

void logins_check(
    struct logins *l, void *owner, struct str user, struct str password)
{
    uint8_t mac[DIGEST_BYTES];
    mac_of(l, user, password, mac);
    struct waiter *w = MEM_NEW(struct waiter);
    w->ready.run = on_ready;
    w->logins = l;
    w->owner = owner;
    w->next = l->waiters;
    if (w->next != NULL)
        w->next->prev = w;
    l->waiters = w;
    const struct known *k = known_find(l, mac);
    if (k != NULL) {
        waiter_answer(w, k->is_good, k->groups);
        return;
    }
    HASH_FIND(hh, l->checks, mac, DIGEST_BYTES, w->check);
    if (w->check == NULL || w->check->set != l->set)
        w->check = check_start(l, mac, user, password);
    if (w->check == NULL)
        waiter_answer(w, false, "");
}

void logins_forget(struct logins *l, const void *owner)
{
    struct waiter *next;
    for (struct waiter *w = l->waiters; w != NULL; w = next) {
        next = w->next;
        if (w->owner == owner)
            waiter_free(w);
    }
}

void logins_load(struct logins *l, const struct bundle *bundle)
{
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_USERS);
    struct diag diag = {0};
    struct users *users = NULL;
    if (file != NULL)
        users = users_parse(file->name.p, file->text, &diag);
    if (diag.count > 0)
        log_event(
            LOG_ERROR, "logins.unreadable", LOG_INT("mistakes", diag.count));
    diag_free(&diag);
    user_set_unref(&l->set);
    known_clear(l);
    l->set = MEM_NEW(struct user_set);
    l->set->users = users != NULL ? users : users_new();
    l->set->refs = 1;
}

/* Making and ending */

struct logins *logins_new(
    uv_loop_t *loop, struct defer_queue *defer, login_done_fn *done)
{
    struct logins *l = MEM_NEW(struct logins);
    l->loop = loop;
    l->defer = defer;
    l->done = done;
    random_fill(l->key, sizeof l->key);
    return l;
}

void logins_free(struct logins **logins)
{
    struct logins *l = *logins;
    if (l == NULL)
        return;
    *logins = NULL;
    struct check *c, *next;
    HASH_ITER(hh, l->checks, c, next)
    {
        HASH_DEL(l->checks, c);
        c->logins = NULL;
        (void)uv_cancel((uv_req_t *)&c->work);
    }
    while (l->waiters != NULL)
        waiter_free(l->waiters);
    known_clear(l);
    user_set_unref(&l->set);
    mem_free(l);
}
