/* One array; a look at all of it is cheap (console/visits.h). */
#include "console/visits.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

struct entry {
    bool is_used;
    uint8_t token[DIGEST_BYTES], proof[DIGEST_BYTES]; /* hashes */
    uint64_t started_ms, seen_ms;
    struct visit session;
    struct buf hint;
};

struct visits {
    pthread_mutex_t lock;
    struct entry entries[VISITS_MAX];
};

struct visits *visits_new(void)
{
    struct visits *s = MEM_NEW(struct visits);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void entry_clear(struct entry *e)
{
    buf_wipe_free(&e->hint);
    *e = (struct entry){0};
}

void visits_free(struct visits **visits)
{
    if (*visits == NULL)
        return;
    for (size_t i = 0; i < VISITS_MAX; i++)
        entry_clear(&(*visits)->entries[i]);
    pthread_mutex_destroy(&(*visits)->lock);
    mem_free(*visits);
    *visits = NULL;
}

static void make_token(char out[VISIT_TOKEN_BYTES])
{
    uint8_t bytes[DIGEST_BYTES];
    random_fill(bytes, sizeof bytes);
    digest_hex(bytes, out);
}

/* Of two threads the one with the earlier time may come second, so that the
 * session was seen after now. */
static bool is_over(const struct entry *e, uint64_t now_ms)
{
    return now_ms > e->seen_ms + VISIT_IDLE_MS ||
           now_ms > e->started_ms + VISIT_MAX_MS;
}

/* A free place, or that of the session unused for longest: of this user when
 * they have too many. */
static struct entry *find_place(
    struct visits *s, struct str user, uint64_t now_ms)
{
    struct entry *free_one = NULL, *oldest = NULL, *own = NULL;
    size_t own_count = 0;
    for (size_t i = 0; i < VISITS_MAX; i++) {
        struct entry *e = &s->entries[i];
        if (e->is_used && is_over(e, now_ms))
            entry_clear(e);
        if (!e->is_used) {
            free_one = e;
            continue;
        }
        if (oldest == NULL || e->seen_ms < oldest->seen_ms)
            oldest = e;
        if (!str_is(user, e->session.user))
            continue;
        own_count++;
        if (own == NULL || e->seen_ms < own->seen_ms)
            own = e;
    }
    if (own_count >= VISITS_A_USER)
        return own;
    return free_one != NULL ? free_one : oldest;
}

/* e: what it is; the rest is made here. */
static void start(struct visits *s, struct entry *e, struct str user,
    struct str proof, uint64_t now_ms, char token_out[VISIT_TOKEN_BYTES])
{
    size_t n = user.n < USER_NAME_MAX ? user.n : USER_NAME_MAX;
    e->is_used = true;
    e->started_ms = e->seen_ms = now_ms;
    make_token(token_out);
    make_token(e->session.csrf);
    digest_sha256(str_of(token_out), e->token);
    digest_sha256(proof, e->proof);
    memcpy(e->session.user, user.p, n);
    e->session.expires_wall_ms = clock_wall_ms() + VISIT_MAX_MS;
    pthread_mutex_lock(&s->lock);
    struct entry *place = find_place(s, user, now_ms);
    entry_clear(place);
    *place = *e;
    pthread_mutex_unlock(&s->lock);
}

void visits_start(struct visits *s, struct str user, struct str proof,
    uint64_t now_ms, char token_out[VISIT_TOKEN_BYTES])
{
    struct entry e = {0};
    start(s, &e, user, proof, now_ms, token_out);
}

void visits_start_foreign(struct visits *s, struct str user,
    enum user_role role, struct str hint, struct str proof, uint64_t now_ms,
    char token_out[VISIT_TOKEN_BYTES])
{
    struct entry e = {.session = {.is_foreign = true, .role = role}};
    buf_append_str(&e.hint, hint);
    start(s, &e, user, proof, now_ms, token_out);
}

static struct entry *find(struct visits *s, struct str token)
{
    uint8_t hash[DIGEST_BYTES];
    if (token.n != VISIT_TOKEN_BYTES - 1)
        return NULL;
    digest_sha256(token, hash);
    for (size_t i = 0; i < VISITS_MAX; i++)
        if (s->entries[i].is_used && digest_equal(s->entries[i].token, hash))
            return &s->entries[i];
    return NULL;
}

bool visits_find(struct visits *s, struct str token, uint64_t now_ms,
    bool is_use, struct visit *out)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, token);
    if (e != NULL && is_over(e, now_ms)) {
        entry_clear(e);
        e = NULL;
    }
    if (e != NULL) {
        if (is_use && now_ms > e->seen_ms)
            e->seen_ms = now_ms;
        *out = e->session;
    }
    pthread_mutex_unlock(&s->lock);
    return e != NULL;
}

bool visits_confirm(struct visits *s, struct str token, struct str proof)
{
    uint8_t hash[DIGEST_BYTES];
    digest_sha256(proof, hash);
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, token);
    bool is_same = e != NULL && proof.n > 0 && digest_equal(e->proof, hash);
    if (e != NULL && !is_same)
        entry_clear(e);
    pthread_mutex_unlock(&s->lock);
    return is_same;
}

void visits_end(struct visits *s, struct str token)
{
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, token);
    if (e != NULL)
        entry_clear(e);
    pthread_mutex_unlock(&s->lock);
}

bool visits_hint(struct visits *s, struct str token, struct buf *hint_out)
{
    pthread_mutex_lock(&s->lock);
    const struct entry *e = find(s, token);
    bool is_foreign = e != NULL && e->session.is_foreign;
    if (is_foreign)
        buf_append_str(hint_out, buf_str(&e->hint));
    pthread_mutex_unlock(&s->lock);
    return is_foreign;
}

size_t visits_count(struct visits *s)
{
    size_t count = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < VISITS_MAX; i++)
        count += s->entries[i].is_used;
    pthread_mutex_unlock(&s->lock);
    return count;
}
