/*
 * The ends of what was said last in conversations (inspect/keep.h).  Who asks
 * locks and opens them with a key made from the conversation's id; here they
 * are bytes under a hash of it.  All live for the same time and each new one
 * goes to the end, so the table's order is that in which they expire: with
 * every question those whose time is over leave.  What leaves is zeroed.
 */
#include <string.h>

#include "base/mem.h"
#include "base/seal.h"
#include "inspect/keep_parts.h"

enum { LOCKED_MAX = KEEP_TAIL_BYTES + SEAL_LOCK_BYTES };

struct tail {
    struct key key;
    UT_hash_handle hh;
    int64_t expires_ms;
    struct buf locked;
};

/* ---- the asker's side ---------------------------------------------------- */

static struct question head_of(
    const struct keep_conversation *c, enum kind kind)
{
    struct question q = {.version = VERSION, .kind = (uint8_t)kind};
    q.message = keep_key("tail", c->service, c->id, STR_NONE);
    return q;
}

/* Two halves under other names than the table's key: none tells another. */
static struct seal_key lock_of(const struct keep_conversation *c)
{
    struct seal_key lock;
    struct key low = keep_key("tail lock 1", c->service, c->id, STR_NONE);
    struct key high = keep_key("tail lock 2", c->service, c->id, STR_NONE);
    memcpy(lock.bytes, low.bytes, KEY_BYTES);
    memcpy(lock.bytes + KEY_BYTES, high.bytes, SEAL_KEY_BYTES - KEY_BYTES);
    return lock;
}

void keep_note_tail(
    const struct keep_conversation *c, struct str text, struct buf *note)
{
    struct question q = head_of(c, NOTE_TAIL);
    struct seal_key lock = lock_of(c);
    size_t from = text.n > KEEP_TAIL_BYTES ? text.n - KEEP_TAIL_BYTES : 0;
    while (from < text.n && ((unsigned char)text.p[from] & 0xc0) == 0x80)
        from++; /* a character is not cut */
    buf_append(note, &q, sizeof q);
    seal_lock(&lock, str_sub(text, from, text.n), note);
    seal_wipe(&lock);
}

void keep_ask_tail(const struct keep_conversation *c, struct buf *question)
{
    struct question q = head_of(c, ASK_TAIL);
    buf_append(question, &q, sizeof q);
}

bool keep_read_tail(
    const struct keep_conversation *c, struct str answer, struct buf *tail_out)
{
    struct answer a;
    if (answer.n <= sizeof a || answer.n > sizeof a + LOCKED_MAX)
        return false;
    memcpy(&a, answer.p, sizeof a);
    if (a.version != VERSION || a.kind != ASK_TAIL)
        return false;
    struct seal_key lock = lock_of(c);
    enum err err =
        seal_unlock(&lock, str_sub(answer, sizeof a, answer.n), tail_out);
    seal_wipe(&lock);
    return err == OK;
}

/* ---- the keeper's side ---- */

static void drop(struct keep *keep, struct tail *tail)
{
    HASH_DEL(keep->tails, tail);
    buf_wipe_free(&tail->locked);
    mem_free(tail);
}

void keep_expire_tails(struct keep *keep, int64_t now_ms)
{
    while (keep->tails != NULL && keep->tails->expires_ms <= now_ms)
        drop(keep, keep->tails);
}

void keep_drop_tails(struct keep *keep)
{
    while (keep->tails != NULL)
        drop(keep, keep->tails);
}

void keep_serve_note_tail(
    struct keep *keep, const struct key *key, struct str rest, int64_t now_ms)
{
    struct tail *tail;
    HASH_FIND(hh, keep->tails, key, sizeof *key, tail);
    if (tail != NULL)
        drop(keep, tail);
    if (rest.n <= SEAL_LOCK_BYTES || rest.n > LOCKED_MAX)
        return;
    while (HASH_COUNT(keep->tails) >= KEEP_TAILS_MAX)
        drop(keep, keep->tails);
    tail = MEM_NEW(struct tail);
    tail->key = *key;
    tail->expires_ms = now_ms + KEEP_TAIL_SECONDS * INT64_C(1000);
    buf_append_str(&tail->locked, rest);
    HASH_ADD(hh, keep->tails, key, sizeof tail->key, tail);
}

void keep_serve_ask_tail(
    struct keep *keep, const struct key *key, struct buf *out)
{
    struct answer a = {.version = VERSION, .kind = ASK_TAIL};
    struct tail *tail;
    HASH_FIND(hh, keep->tails, key, sizeof *key, tail);
    buf_append(out, &a, sizeof a);
    if (tail != NULL)
        buf_append_str(out, buf_str(&tail->locked));
}
