/*
 * Files on their way up, in the keeper's table.  The first name that a note
 * gives is the file's own key; every other one is an entry that points there,
 * so that an id and an address find the same lines.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/keep_links.h"
#include "inspect/keep_parts.h"

enum { FILE_KEYS_MAX = KEEP_FILE_IDS_MAX + 1 };

/* Follows struct question; the fact follows it. */
struct file_head {
    uint32_t flags, offset, key_count;
    uint8_t is_new, forgets, creates, is_brief, comes_down, has_sum,
        reserved[6];
    struct key keys[FILE_KEYS_MAX];
    struct keep_pieces_sum sum;
};
_Static_assert(sizeof(struct file_head) == KEEP_FILE_HEAD_BYTES, "");

struct file_answer {
    uint8_t version, kind, is_known, has_sum;
    uint32_t flags, facts_bytes, zero;
    struct keep_pieces_sum sum;
    int64_t time_ms;
    char activity_id[UUID_TEXT_BYTES];
    char padding[3];
};

/* ---- datagrams --------------------------------------------------------- */

static void add_key(struct file_head *head, const char *kind,
    struct str service, struct str name)
{
    if (name.n != 0)
        head->keys[head->key_count++] = keep_key(kind, service, name, STR_NONE);
}

void keep_put_file_question(
    const struct keep_file *file, enum kind kind, struct buf *out)
{
    struct question q = {.version = VERSION, .kind = (uint8_t)kind};
    struct file_head head = {.flags = file->flags,
        .offset = (uint32_t)file->offset,
        .is_new = file->is_new,
        .forgets = file->forgets,
        .creates = file->creates,
        .is_brief = file->is_brief,
        .comes_down = file->comes_down};
    head.has_sum = file->sum != NULL;
    if (file->sum != NULL)
        head.sum = *file->sum;
    for (size_t i = 0; i < KEEP_FILE_IDS_MAX; i++)
        add_key(&head, "file", file->service, file->ids[i]);
    /* Cloud storage is no service's own. */
    add_key(&head, "address", STR_NONE, file->address);
    q.time_ms = file->time_ms;
    memcpy(q.activity_id, file->activity_id, sizeof q.activity_id);
    buf_append(out, &q, sizeof q);
    buf_append(out, &head, sizeof head);
}

void keep_note_file(const struct keep_file *file, struct buf *note)
{
    keep_put_file_question(file, NOTE_FILE, note);
    if (file->fact.n <= KEEP_FACT_BYTES_MAX)
        buf_append_str(note, file->fact);
}

void keep_ask_file(const struct keep_file *file, struct buf *question)
{
    keep_put_file_question(file, ASK_FILE, question);
}

enum err keep_read_file(struct str answer, struct keep_file_answer *answer_out)
{
    struct file_answer a;
    if (answer.n < sizeof a)
        return ERR_PARSE;
    memcpy(&a, answer.p, sizeof a);
    if (a.version != VERSION || a.kind != ASK_FILE)
        return ERR_PARSE;
    *answer_out = (struct keep_file_answer){.is_known = a.is_known != 0,
        .flags = a.flags,
        .time_ms = a.time_ms,
        .has_sum = a.has_sum != 0,
        .sum = a.sum,
        .facts_bytes = a.facts_bytes,
        .facts = str_sub(answer, sizeof a, answer.n)};
    answer_out->sum.piece[UUID_TEXT_BYTES - 1] = '\0';
    memcpy(answer_out->activity_id, a.activity_id, sizeof a.activity_id);
    answer_out->activity_id[UUID_TEXT_BYTES - 1] = '\0';
    return OK;
}

/* ---- serving ----------------------------------------------------------- */

/* The file itself, by any of its names; NULL: it is not known. */
static struct entry *find(
    struct keep *keep, const struct key *key, int64_t now_ms)
{
    struct entry *entry = keep_look_up(keep, key, now_ms);
    if (entry == NULL || !entry->is_alias)
        return entry;
    struct key own;
    memcpy(own.bytes, buf_bytes(&entry->names), sizeof own.bytes);
    return keep_look_up(keep, &own, now_ms);
}

static struct entry *find_any(
    struct keep *keep, const struct file_head *head, int64_t now_ms)
{
    struct entry *entry = NULL;
    for (size_t i = 0; entry == NULL && i < head->key_count; i++)
        entry = find(keep, &head->keys[i], now_ms);
    return entry;
}

static int64_t seconds_of(const struct file_head *head)
{
    if (head->comes_down)
        return KEEP_LINK_SECONDS;
    return head->is_brief ? KEEP_STREAM_SECONDS : KEEP_FILE_SECONDS;
}

static void add_line(struct keep *keep, struct entry *entry, struct str line)
{
    if (line.n == 0)
        return;
    if (entry->names.n + line.n + 1 > KEEP_FACTS_BYTES_MAX) {
        entry->flags |= KEEP_FILE_IS_CUT;
        return;
    }
    keep_add_names(keep, entry, line);
    keep_add_names(keep, entry, STR("\n"));
    keep_make_room(keep, 0, entry);
}

void keep_drop_sum(struct keep *keep, struct entry *file)
{
    keep->names_bytes -= file->sum != NULL ? sizeof *file->sum : 0;
    mem_free(file->sum);
    file->sum = NULL;
}

static void take_sum(
    struct keep *keep, struct entry *file, const struct keep_pieces_sum *sum)
{
    if (file->sum == NULL) {
        keep_make_room(keep, sizeof *sum, file);
        file->sum = MEM_NEW(struct keep_pieces_sum);
        keep->names_bytes += sizeof *sum;
    }
    *file->sum = *sum;
}

static void forget_bytes(struct keep *keep, struct entry *file)
{
    keep_drop_sum(keep, file);
    if (file->chunk_bytes != 0)
        keep_drop_chunks(keep, &file->key);
    file->chunk_bytes = 0;
}

static struct entry *create(struct keep *keep, const struct question *q,
    const struct file_head *head, int64_t now_ms)
{
    struct entry *entry =
        keep_put(keep, &head->keys[0], now_ms, seconds_of(head));
    keep_clear_names(keep, entry);
    forget_bytes(keep, entry);
    entry->is_alias = false;
    entry->flags = 0;
    entry->time_ms = q->time_ms;
    memcpy(entry->activity_id, q->activity_id, sizeof entry->activity_id);
    return entry;
}

/* All names of the note mean this file from now on. */
static void point_here(struct keep *keep, const struct file_head *head,
    const struct key *own, int64_t now_ms)
{
    for (size_t i = 0; i < head->key_count; i++) {
        if (memcmp(&head->keys[i], own, sizeof *own) == 0)
            continue;
        struct entry *alias =
            keep_put(keep, &head->keys[i], now_ms, seconds_of(head));
        keep_clear_names(keep, alias);
        forget_bytes(keep, alias);
        alias->is_alias = true;
        keep_add_names(
            keep, alias, str_make((const char *)own->bytes, sizeof own->bytes));
    }
}

static void serve_note(struct keep *keep, const struct question *q,
    const struct file_head *head, struct str fact, int64_t now_ms)
{
    struct entry *file = head->is_new ? NULL : find_any(keep, head, now_ms);
    struct key own = file != NULL ? file->key : head->keys[0];
    if (file == NULL)
        (void)create(keep, q, head, now_ms);
    point_here(keep, head, &own, now_ms);
    file = keep_look_up(keep, &own, now_ms); /* making room may cost it */
    if (file == NULL)
        return;
    file->expires_ms = now_ms + seconds_of(head) * INT64_C(1000);
    if (head->forgets) {
        forget_bytes(keep, file);
        keep_clear_names(keep, file);
        file->flags &= ~(unsigned)KEEP_FILE_BLOCKED;
    }
    file->flags |= head->flags;
    if (head->has_sum)
        take_sum(keep, file, &head->sum);
    add_line(keep, file, fact);
}

static void serve_ask(struct keep *keep, const struct question *q,
    const struct file_head *head, int64_t now_ms, struct buf *answer_out)
{
    struct file_answer a = {.version = VERSION, .kind = ASK_FILE};
    struct entry *file = find_any(keep, head, now_ms);
    a.is_known = file != NULL;
    if (file == NULL && head->creates)
        file = create(keep, q, head, now_ms);
    if (file == NULL) {
        buf_append(answer_out, &a, sizeof a);
        return;
    }
    a.flags = file->flags;
    a.facts_bytes = (uint32_t)file->names.n;
    a.time_ms = file->time_ms;
    a.has_sum = file->sum != NULL;
    if (file->sum != NULL)
        a.sum = *file->sum;
    memcpy(a.activity_id, file->activity_id, sizeof a.activity_id);
    buf_append(answer_out, &a, sizeof a);
    buf_append_str(answer_out, str_sub(buf_str(&file->names), head->offset,
                                   head->offset + KEEP_FACT_BYTES_MAX));
}

void keep_serve_file(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer_out)
{
    struct question q;
    struct file_head head;
    size_t heads = sizeof q + sizeof head;
    if (question.n < heads)
        return;
    memcpy(&q, question.p, sizeof q);
    memcpy(&head, question.p + sizeof q, sizeof head);
    struct str fact = str_sub(question, heads, question.n);
    if (head.key_count == 0 || head.key_count > FILE_KEYS_MAX)
        return;
    q.activity_id[UUID_TEXT_BYTES - 1] = '\0';
    if (q.kind == NOTE_CHUNK)
        keep_serve_note_chunk(
            keep, find_any(keep, &head, now_ms), fact, payload, now_ms);
    else if (fact.n > KEEP_FACT_BYTES_MAX || str_find_char(fact, '\n') < fact.n)
        return;
    else if (q.kind == NOTE_FILE)
        serve_note(keep, &q, &head, fact, now_ms);
    else if (fact.n == 0)
        serve_ask(keep, &q, &head, now_ms, answer_out);
}
