/*
 * Answers that come piecewise, several at a time, each under a name of its
 * own: a topic of ws.chatgpt.com, a response_id of 2023's sockets (fact sheet
 * chatgpt-wire §4.6, §4.7).  A topic has one decoder and shares nothing with
 * the others.  Pieces that came before are left out, pieces that came too
 * early wait for the one that they follow.
 *
 * A socket that closes tells what it has of an answer and leaves the decoder
 * in the pool: a new socket of the same person goes on with it.
 */
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"
#include "inspect/resume.h"

enum {
    SEEN_MAX = 64 * 1024, /* pieces of one topic that are told apart */
    WAITING_MAX = 1024,
    WAITING_BYTES_MAX = 4 * 1024 * 1024,
    POOL_TOPICS_MAX = 64,
    POOL_BYTES_MAX = 64 * 1024 * 1024,
    POOL_MS = 10 * 60 * 1000,
};

/* A piece that waits for the one before it. */
struct piece {
    uint64_t id, parent; /* hashes; 0: none */
    bool has_offset;
    uint64_t offset;
    struct buf text;
    struct piece *prev, *next;
};

/* ---- pieces that were seen ---- */

static uint64_t hash_of(const char *kind, struct str text)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    if (text.n == 0)
        return 0;
    for (; *kind != '\0'; kind++)
        hash = (hash ^ (unsigned char)*kind) * 0x100000001b3;
    for (size_t i = 0; i < text.n; i++)
        hash = (hash ^ (unsigned char)text.p[i]) * 0x100000001b3;
    return hash != 0 ? hash : 1;
}

static uint64_t *slot_of(const struct seen *s, uint64_t hash)
{
    size_t at = (size_t)(hash ^ hash >> 32) & (s->cap - 1);
    while (s->slots[at] != 0 && s->slots[at] != hash)
        at = (at + 1) & (s->cap - 1);
    return &s->slots[at];
}

static bool is_seen(const struct seen *s, uint64_t hash)
{
    return hash != 0 && s->cap != 0 && *slot_of(s, hash) == hash;
}

static void grow(struct seen *s)
{
    struct seen old = *s;
    s->cap = old.cap == 0 ? 64 : old.cap * 2;
    s->slots = mem_calloc(s->cap, sizeof *s->slots);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i] != 0)
            *slot_of(s, old.slots[i]) = old.slots[i];
    mem_free(old.slots);
}

static void add_seen(struct seen *s, uint64_t hash)
{
    if (hash == 0 || s->count == SEEN_MAX || is_seen(s, hash))
        return;
    if (s->count * 2 >= s->cap)
        grow(s);
    *slot_of(s, hash) = hash;
    s->count++;
}

static void forget_seen(struct topic *t)
{
    struct seen *const sets[] = {
        &t->seen, &t->seen_waiting, &t->seen_offsets, &t->seen_bare};
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        mem_free(sets[i]->slots);
        *sets[i] = (struct seen){0};
    }
}

static size_t size_of(const struct topic *t)
{
    size_t slots = t->seen.cap + t->seen_waiting.cap + t->seen_offsets.cap +
                   t->seen_bare.cap;
    return t->bytes + t->raw.n + slots * sizeof *t->seen.slots;
}

/* ---- life -------------------------------------------------------------- */

static void free_piece(struct topic *t, struct piece *piece)
{
    DL_DELETE(t->waiting, piece);
    t->waiting_count--;
    t->waiting_bytes -= piece->text.n;
    buf_wipe_free(&piece->text);
    mem_free(piece);
}

static void free_topic(struct topic *t)
{
    while (t->waiting != NULL)
        free_piece(t, t->waiting);
    answer_free(&t->answer);
    buf_wipe_free(&t->raw);
    buf_free(&t->name);
    buf_free(&t->turn);
    buf_free(&t->owner);
    buf_free(&t->conversation);
    forget_seen(t);
    mem_free(t);
}

static void open_decoder(struct topic *t, enum answer_codec codec)
{
    t->answer = answer_new(codec, codec == ANSWER_CHATGPT);
    t->is_unordered = false;
    t->told_count = 0;
    buf_clear(&t->raw);
    t->is_raw_over = false;
}

static struct topic *make_topic(struct channel *c, struct str name)
{
    struct topic *t = MEM_NEW(struct topic);
    buf_append_str(&t->name, name);
    buf_append_str(&t->turn, name);
    buf_printf(&t->owner, "%.*s\n%.*s", STR_ARG(c->upgrade->host),
        STR_ARG(c->upgrade->actor.user));
    return t;
}

/* ---- the pool ---- */

struct channel_pool {
    struct topic *topics; /* oldest first */
    size_t count, bytes;
};

struct channel_pool *channel_pool_new(void)
{
    return MEM_NEW(struct channel_pool);
}

static struct topic *take_out(struct channel_pool *pool, struct topic *t)
{
    DL_DELETE(pool->topics, t);
    pool->count--;
    pool->bytes -= size_of(t);
    return t;
}

void channel_pool_free(struct channel_pool **pool)
{
    if (*pool == NULL)
        return;
    while ((*pool)->topics != NULL)
        free_topic(take_out(*pool, (*pool)->topics));
    mem_free(*pool);
    *pool = NULL;
}

/* Times are the socket's own: those of a capture in replay. */
static int64_t time_of(int64_t time_ms)
{
    return time_ms != 0 ? time_ms : clock_wall_ms();
}

static void park(struct channel *c, struct topic *t)
{
    struct channel_pool *pool = c->env->pool;
    if (pool == NULL || c->socket->socket == SOCKET_REALTIME || t->is_update ||
        size_of(t) > POOL_BYTES_MAX) {
        free_topic(t);
        return;
    }
    while (pool->count == POOL_TOPICS_MAX ||
           pool->bytes + size_of(t) > POOL_BYTES_MAX)
        free_topic(take_out(pool, pool->topics));
    t->parked_ms = time_of(c->time_ms);
    DL_APPEND(pool->topics, t);
    pool->count++;
    pool->bytes += size_of(t);
}

static struct topic *unpark(struct channel *c, struct str name)
{
    struct channel_pool *pool = c->env->pool;
    struct topic *fresh = make_topic(c, name), *t, *next;
    if (pool == NULL)
        return fresh;
    DL_FOREACH_SAFE(pool->topics, t, next)
    {
        if (t->parked_ms + POOL_MS < time_of(c->time_ms)) {
            free_topic(take_out(pool, t));
            continue;
        }
        if (!str_eq(buf_str(&t->name), name) ||
            !str_eq(buf_str(&t->owner), buf_str(&fresh->owner)))
            continue;
        free_topic(fresh);
        take_out(pool, t);
        if (c->socket->socket == SOCKET_PUBSUB)
            forget_seen(t); /* numbers are a connection's own */
        return t;
    }
    return fresh;
}

/* ---- telling ------------------------------------------------------------ */

/* What has been told before is told anew, under the same id. */
static void keep_ids(struct topic *t, struct activity **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i < t->told_count)
            memcpy(list[i]->id, t->told[i], sizeof list[i]->id);
        else
            memcpy(t->told[i], list[i]->id, sizeof list[i]->id);
    }
    if (n > t->told_count)
        t->told_count = n;
}

/* What its socket knows of it. */
static void fill(
    const struct channel *c, const struct topic *t, struct activity *a)
{
    if (a->conversation_id.n == 0)
        a->conversation_id = arena_copy(&a->arena, buf_str(&t->conversation));
    if (a->model.n == 0)
        a->model = arena_copy(&a->arena, buf_str(&c->model));
    if (t->prompt[0] != '\0')
        a->reply_to = arena_copy(&a->arena, str_of(t->prompt));
}

/* It may go on with the stream that handed it off, and, broken off, with the
 * next socket: of another worker, perhaps. */
static void leave_stream(
    const struct channel *c, const struct topic *t, struct exchange *ex)
{
    if (c->socket->socket != SOCKET_EVENTS || t->is_raw_over || t->is_update)
        return;
    buf_append_str(&ex->raw, buf_str(&t->raw));
    ex->topic_id = arena_copy(&ex->arena, buf_str(&t->name));
    if (!t->answer->saw_end)
        resume_write(t->answer, &ex->state);
}

static void tell(struct channel *c, struct topic *t)
{
    struct activity *list[ANSWERS_MAX];
    size_t n = answer_take(t->answer, list);
    if (t->is_update)
        n = channel_fill_update(c, t, list, n);
    if (n == 0)
        return;
    keep_ids(t, list, n);
    for (size_t i = 0; i < n; i++)
        fill(c, t, list[i]);
    leave_stream(c, t, channel_tell(c, list, n, buf_str(&t->turn)));
}

/* ---- pieces ---- */

static void feed(struct topic *t, uint64_t id, struct str text)
{
    if (t->answer == NULL)
        open_decoder(t, ANSWER_CHATGPT);
    answer_feed(t->answer, text);
    if (t->raw.n + text.n > RESUME_RAW_MAX) {
        t->is_raw_over = true;
        buf_wipe_free(&t->raw);
    } else if (!t->is_raw_over) {
        buf_append_str(&t->raw, text);
    }
    add_seen(&t->seen, id);
    t->bytes += text.n;
    t->has_fed = true;
}

static void feed_waiting(struct topic *t, struct piece *piece)
{
    feed(t, piece->id, buf_str(&piece->text));
    free_piece(t, piece);
}

/* Those whose turn has come, one after the other. */
static void feed_followers(struct topic *t)
{
    struct piece *piece = t->waiting;
    while (piece != NULL) {
        if (!is_seen(&t->seen, piece->parent)) {
            piece = piece->next;
            continue;
        }
        feed_waiting(t, piece);
        piece = t->waiting;
    }
}

static bool follows_waiting(const struct topic *t, const struct piece *piece)
{
    for (const struct piece *p = t->waiting; p != NULL; p = p->next)
        if (p != piece && p->id != 0 && p->id == piece->parent)
            return true;
    return false;
}

/* What they follow will not come: the order that is left. */
static void feed_all(struct topic *t)
{
    while (t->waiting != NULL) {
        struct piece *piece = t->waiting;
        while (piece->next != NULL && follows_waiting(t, piece))
            piece = piece->next;
        if (follows_waiting(t, piece))
            piece = t->waiting; /* a circle */
        feed_waiting(t, piece);
        feed_followers(t);
    }
}

static void wait_for_parent(struct topic *t, uint64_t id, uint64_t parent,
    const struct topic_item *item)
{
    struct piece *piece = MEM_NEW(struct piece), *after = NULL;
    piece->id = id;
    piece->parent = parent;
    piece->has_offset = str_to_u64(item->offset, &piece->offset) == OK;
    buf_append_str(&piece->text, item->text);
    for (struct piece *p = t->waiting; p != NULL; p = p->next)
        if (!piece->has_offset || !p->has_offset || p->offset <= piece->offset)
            after = p;
    if (after != NULL)
        DL_APPEND_ELEM(t->waiting, after, piece);
    else
        DL_PREPEND(t->waiting, piece);
    t->waiting_count++;
    t->waiting_bytes += item->text.n;
    add_seen(&t->seen_waiting, id);
    if (t->waiting_count < WAITING_MAX && t->waiting_bytes < WAITING_BYTES_MAX)
        return;
    feed_all(t);
    t->is_unordered = true;
}

/* The beginning of a stream follows nothing. */
static bool is_beginning(const struct topic *t, const struct topic_item *item)
{
    return !t->has_fed &&
           str_has(str_sub(item->text, 0, 256), "delta_encoding");
}

static bool is_again(const struct topic *t, uint64_t id, uint64_t offset)
{
    if (id == 0)
        return is_seen(&t->seen_offsets, offset);
    return is_seen(&t->seen, id) || is_seen(&t->seen_waiting, id) ||
           is_seen(&t->seen_bare, offset);
}

void topic_add(struct topic *t, const struct topic_item *item)
{
    uint64_t id = hash_of("id ", item->id),
             offset = hash_of("at ", item->offset);
    uint64_t parent = hash_of("id ", item->parent);
    t->is_touched = true;
    if (is_again(t, id, offset))
        return;
    add_seen(&t->seen_offsets, offset);
    if (id == 0)
        add_seen(&t->seen_bare, offset);
    if (parent == 0 || t->is_unordered || is_seen(&t->seen, parent) ||
        is_beginning(t, item)) {
        feed(t, id, item->text);
        feed_followers(t);
    } else {
        wait_for_parent(t, id, parent, item);
    }
}

void topic_open(struct channel *c, struct topic *t, enum answer_codec codec)
{
    if (t->answer != NULL)
        return;
    open_decoder(t, codec);
    memcpy(t->prompt, c->prompt, sizeof t->prompt);
}

void topic_set(struct buf *member, struct str id)
{
    if (id.n == 0 || id.n > 256)
        return;
    buf_clear(member);
    buf_append_str(member, id);
}

/* ---- topics of a channel ---- */

static struct topic *find_topic(const struct channel *c, struct str name)
{
    struct topic *t = c->topics;
    while (t != NULL && !str_eq(buf_str(&t->name), name))
        t = t->next;
    return t;
}

static void end_oldest(struct channel *c)
{
    struct topic *t = c->topics;
    topic_end(c, t, false);
    DL_DELETE(c->topics, t);
    c->topic_count--;
    free_topic(t);
}

struct topic *channel_topic(struct channel *c, struct str name)
{
    struct topic *t = find_topic(c, name);
    if (t != NULL) {
        DL_DELETE(c->topics, t);
    } else {
        if (c->topic_count == CHANNEL_TOPICS_MAX)
            end_oldest(c);
        t = unpark(c, name);
        c->topic_count++;
    }
    DL_APPEND(c->topics, t); /* in order of use */
    return t;
}

void topic_end(struct channel *c, struct topic *t, bool is_complete)
{
    feed_all(t);
    if (t->answer == NULL)
        return;
    if (is_complete)
        t->answer->saw_end = true;
    answer_finish(t->answer, t->answer->saw_end);
    tell(c, t);
    answer_free(&t->answer);
    t->bytes = 0;
}

void channel_end_finished(struct channel *c)
{
    for (struct topic *t = c->topics; t != NULL; t = t->next) {
        bool saw_end = t->answer != NULL && t->answer->saw_end;
        bool is_last = saw_end && (t->answer->saw_done || !t->is_touched);
        t->is_touched = false;
        if (is_last && t->waiting == NULL)
            topic_end(c, t, true);
    }
}

void channel_end_topics(struct channel *c)
{
    struct topic *t, *next;
    DL_FOREACH_SAFE(c->topics, t, next)
    {
        DL_DELETE(c->topics, t);
        feed_all(t);
        if (t->answer != NULL && t->answer->saw_end)
            topic_end(c, t, true);
        if (t->answer != NULL)
            tell(c, t);
        park(c, t);
    }
    c->topic_count = 0;
}

void channel_free_topics(struct channel *c)
{
    struct topic *t, *next;
    DL_FOREACH_SAFE(c->topics, t, next)
    free_topic(t);
    c->topics = NULL;
}
