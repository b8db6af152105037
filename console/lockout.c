/*
 * One table for the three kinds, found by a hash of kind and names, so that
 * what a guesser types takes no room.
 */
#include "console/lockout.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/mem.h"

enum kind { PAIR, ADDRESS, USER, KINDS };

static const struct {
    unsigned failures;
    uint64_t first_ms, max_ms;
} limits[KINDS] = {
    [PAIR] = {LOCKOUT_FAILURES, LOCKOUT_FIRST_MS, LOCKOUT_MAX_MS},
    [ADDRESS] = {LOCKOUT_ADDRESS_FAILURES, LOCKOUT_FIRST_MS, LOCKOUT_MAX_MS},
    [USER] = {LOCKOUT_USER_FAILURES, LOCKOUT_USER_MS, LOCKOUT_USER_MS},
};

struct entry {
    uint8_t key[DIGEST_BYTES];
    unsigned failures; /* 0: unused */
    uint64_t seen_ms, until_ms;
};

struct lockout {
    pthread_mutex_t lock;
    struct entry entries[LOCKOUT_ENTRIES];
};

struct lockout *lockout_new(void)
{
    struct lockout *l = MEM_NEW(struct lockout);
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void lockout_free(struct lockout **lockout)
{
    if (*lockout == NULL)
        return;
    pthread_mutex_destroy(&(*lockout)->lock);
    mem_free(*lockout);
    *lockout = NULL;
}

/* A login's name in lower case: other spellings are the same guess. */
static void make_key(enum kind kind, struct str user, struct str address,
    uint8_t key_out[DIGEST_BYTES])
{
    struct arena arena = {0};
    struct str name = arena_lower(&arena, str_sub(user, 0, 1024));
    const char *text = arena_printf(&arena, "%d %.*s\n%.*s", (int)kind,
        STR_ARG(kind == ADDRESS ? STR_NONE : name),
        STR_ARG(kind == USER ? STR_NONE : address));
    digest_sha256(str_of(text), key_out);
    arena_free(&arena);
}

static bool counts(enum kind kind, struct str user)
{
    return kind == ADDRESS || user.p != NULL;
}

static struct entry *find(struct lockout *l, const uint8_t key[DIGEST_BYTES],
    uint64_t now_ms, bool is_wanted)
{
    struct entry *oldest = &l->entries[0];
    for (size_t i = 0; i < LOCKOUT_ENTRIES; i++) {
        struct entry *e = &l->entries[i];
        if (e->failures > 0 && now_ms > e->seen_ms + LOCKOUT_FORGET_MS)
            *e = (struct entry){0};
        if (e->failures > 0 && memcmp(e->key, key, DIGEST_BYTES) == 0)
            return e;
        if (e->seen_ms < oldest->seen_ms)
            oldest = e;
    }
    if (!is_wanted)
        return NULL;
    *oldest = (struct entry){0};
    memcpy(oldest->key, key, DIGEST_BYTES);
    return oldest;
}

uint64_t lockout_wait_ms(
    struct lockout *l, struct str user, struct str address, uint64_t now_ms)
{
    uint64_t wait = 0;
    pthread_mutex_lock(&l->lock);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        uint8_t key[DIGEST_BYTES];
        if (!counts(kind, user))
            continue;
        make_key(kind, user, address, key);
        const struct entry *e = find(l, key, now_ms, false);
        if (e != NULL && e->until_ms > now_ms && e->until_ms - now_ms > wait)
            wait = e->until_ms - now_ms;
    }
    pthread_mutex_unlock(&l->lock);
    return wait;
}

static void note(struct entry *e, enum kind kind, uint64_t now_ms)
{
    e->seen_ms = now_ms;
    e->failures++;
    if (e->failures < limits[kind].failures)
        return;
    unsigned doubled = e->failures - limits[kind].failures;
    uint64_t wait = limits[kind].first_ms << (doubled < 16 ? doubled : 16);
    e->until_ms =
        now_ms + (wait < limits[kind].max_ms ? wait : limits[kind].max_ms);
}

void lockout_note_failure(
    struct lockout *l, struct str user, struct str address, uint64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        uint8_t key[DIGEST_BYTES];
        if (!counts(kind, user))
            continue;
        make_key(kind, user, address, key);
        note(find(l, key, now_ms, true), kind, now_ms);
    }
    pthread_mutex_unlock(&l->lock);
}

void lockout_note_success(
    struct lockout *l, struct str user, struct str address)
{
    uint8_t key[DIGEST_BYTES];
    make_key(PAIR, user, address, key);
    pthread_mutex_lock(&l->lock);
    struct entry *e = find(l, key, 0, false);
    if (e != NULL)
        *e = (struct entry){0};
    pthread_mutex_unlock(&l->lock);
}
