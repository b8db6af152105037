/*
 * Answers in the keeper's table: which were told already, whole or in part,
 * and to which prompt one belongs that comes by another connection.
 */
#include <string.h>

#include "inspect/keep_parts.h"

/* ---- datagrams --------------------------------------------------------- */

static struct question answer_question(
    enum kind kind, struct str service, struct str message_id)
{
    struct question q = {.version = VERSION, .kind = (uint8_t)kind};
    q.message = keep_key("answer", service, message_id, STR_NONE);
    return q;
}

void keep_note_answer(
    struct str service, struct str message_id, struct buf *note)
{
    struct question q = answer_question(NOTE_ANSWER, service, message_id);
    buf_append(note, &q, sizeof q);
}

void keep_note_partial(struct str service, struct str message_id,
    const struct keep_partial *partial, struct buf *note)
{
    struct question q = answer_question(NOTE_PARTIAL, service, message_id);
    q.time_ms = partial->time_ms;
    memcpy(q.activity_id, partial->activity_id, sizeof q.activity_id);
    buf_append(note, &q, sizeof q);
}

void keep_ask_answer(
    struct str service, struct str message_id, struct buf *question)
{
    struct question q = answer_question(ASK_ANSWER, service, message_id);
    buf_append(question, &q, sizeof q);
}

/* `parent` stays zero where there is no other name; nothing has that key. */
static struct question reply_question(
    enum kind kind, struct str service, struct str name, struct str other)
{
    struct question q = {.version = VERSION, .kind = (uint8_t)kind};
    if (name.n != 0)
        q.message = keep_key("reply", service, name, STR_NONE);
    if (other.n != 0)
        q.parent = keep_key("reply", service, other, STR_NONE);
    return q;
}

void keep_note_reply(struct str service, struct str name, struct str other,
    const char *activity_id, struct buf *note)
{
    struct question q = reply_question(NOTE_REPLY, service, name, other);
    memcpy(q.activity_id, activity_id, sizeof q.activity_id);
    buf_append(note, &q, sizeof q);
}

void keep_ask_reply(
    struct str service, struct str name, struct str other, struct buf *question)
{
    struct question q = reply_question(ASK_REPLY, service, name, other);
    buf_append(question, &q, sizeof q);
}

enum { SEEN_WHOLE = 1, SEEN_PARTLY = 2 };

static bool read_answer(
    struct str bytes, enum kind kind, struct answer *answer_out)
{
    if (bytes.n != sizeof *answer_out)
        return false;
    memcpy(answer_out, bytes.p, sizeof *answer_out);
    answer_out->activity_id[UUID_TEXT_BYTES - 1] = '\0';
    return answer_out->version == VERSION && answer_out->kind == kind;
}

bool keep_read_answer(struct str answer)
{
    struct answer a;
    return read_answer(answer, ASK_ANSWER, &a) && a.flag == SEEN_WHOLE;
}

bool keep_read_partial(struct str answer, struct keep_partial *partial_out)
{
    struct answer a;
    if (!read_answer(answer, ASK_ANSWER, &a) || a.flag != SEEN_PARTLY)
        return false;
    partial_out->time_ms = a.time_ms;
    memcpy(partial_out->activity_id, a.activity_id, sizeof a.activity_id);
    return true;
}

bool keep_read_reply(struct str answer, char activity_id_out[UUID_TEXT_BYTES])
{
    struct answer a;
    if (!read_answer(answer, ASK_REPLY, &a) || a.flag == 0)
        return false;
    memcpy(activity_id_out, a.activity_id, sizeof a.activity_id);
    return true;
}

/* ---- serving ---- */

static void serve_seen(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a)
{
    const struct entry *entry = keep_look_up(keep, &q->message, now_ms);
    if (entry == NULL)
        return;
    a->flag = entry->is_whole ? SEEN_WHOLE : SEEN_PARTLY;
    a->time_ms = entry->time_ms;
    memcpy(a->activity_id, entry->activity_id, sizeof a->activity_id);
}

static void note_seen(
    struct keep *keep, const struct question *q, int64_t now_ms)
{
    struct entry *entry =
        keep_put(keep, &q->message, now_ms, KEEP_ANSWER_SECONDS);
    if (q->kind == NOTE_ANSWER)
        entry->is_whole = true;
    entry->time_ms = q->time_ms;
    memcpy(entry->activity_id, q->activity_id, sizeof entry->activity_id);
}

static bool is_key(const struct key *key)
{
    static const struct key none;
    return memcmp(key, &none, sizeof none) != 0;
}

static void serve_reply(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a)
{
    const struct key *const keys[] = {&q->message, &q->parent};
    for (size_t i = 0; i < 2 && a->flag == 0; i++) {
        const struct entry *entry =
            is_key(keys[i]) ? keep_look_up(keep, keys[i], now_ms) : NULL;
        if (entry == NULL)
            continue;
        a->flag = 1;
        memcpy(a->activity_id, entry->activity_id, sizeof a->activity_id);
    }
}

static void note_reply(
    struct keep *keep, const struct question *q, int64_t now_ms)
{
    const struct key *const keys[] = {&q->message, &q->parent};
    for (size_t i = 0; i < 2; i++) {
        if (!is_key(keys[i]))
            continue;
        struct entry *entry =
            keep_put(keep, keys[i], now_ms, KEEP_ANSWER_SECONDS);
        memcpy(entry->activity_id, q->activity_id, sizeof entry->activity_id);
    }
}

void keep_serve_answer(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a)
{
    if (q->kind == ASK_ANSWER)
        serve_seen(keep, q, now_ms, a);
    else if (q->kind == ASK_REPLY)
        serve_reply(keep, q, now_ms, a);
    else if (q->kind == NOTE_REPLY)
        note_reply(keep, q, now_ms);
    else
        note_seen(keep, q, now_ms);
}
