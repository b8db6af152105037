/*
 * The keeper's table and its datagrams.
 *
 * Keys are the first 16 bytes of SHA-256 over a kind and the parts (each with
 * its length, so that no two lists of parts are one), made where the question
 * is made: ids of people's conversations never travel or stay in clear.  An
 * entry holds an activity id, a time, a count and a text hash, whatever of it
 * its kind needs.
 */
#include "inspect/keep.h"

#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/random.h"
#include "inspect/drift.h"
#include "inspect/keep_links.h"
#include "inspect/keep_parts.h"

enum { SWEEP_AT_ONCE = 8 };

/* ---- the table ------------------------------------------------------ */

struct keep *keep_new(size_t max_bytes)
{
    struct keep *keep = MEM_NEW(struct keep);
    keep->max_bytes = max_bytes;
    keep->chunks_max = KEEP_CHUNKS_MAX;
    keep->drift = drift_new();
    keep->links = links_new(max_bytes / 8);
    random_fill(keep->secret, sizeof keep->secret);
    return keep;
}

/* Out of the table and its order. */
static void take_out(struct keep *keep, struct entry *entry)
{
    if (keep->sweep == entry)
        keep->sweep = entry->hh.next;
    HASH_DEL(keep->table, entry);
}

void keep_clear_names(struct keep *keep, struct entry *entry)
{
    keep->names_bytes -= entry->names.cap;
    buf_wipe_free(&entry->names);
}

void keep_add_names(struct keep *keep, struct entry *entry, struct str bytes)
{
    keep->names_bytes -= entry->names.cap;
    buf_append_str(&entry->names, bytes);
    keep->names_bytes += entry->names.cap;
}

static void drop(struct keep *keep, struct entry *entry)
{
    take_out(keep, entry);
    keep_clear_names(keep, entry);
    keep_drop_sum(keep, entry);
    if (entry->chunk_bytes != 0)
        keep_drop_chunks(keep, &entry->key);
    mem_free(entry);
}

void keep_free(struct keep **keep)
{
    if (*keep == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER(hh, (*keep)->table, entry, next)
    drop(*keep, entry);
    keep_drop_chunks(*keep, NULL);
    keep_drop_tails(*keep);
    drift_free(&(*keep)->drift);
    links_free(&(*keep)->links);
    mem_free(*keep);
    *keep = NULL;
}

struct drift *keep_drift(struct keep *keep)
{
    return keep->drift;
}

size_t keep_count(const struct keep *keep)
{
    return HASH_COUNT(keep->table);
}

struct entry *keep_look_up(
    struct keep *keep, const struct key *key, int64_t now_ms)
{
    struct entry *entry;
    HASH_FIND(hh, keep->table, key, sizeof *key, entry);
    if (entry == NULL)
        return NULL;
    if (entry->expires_ms <= now_ms) {
        drop(keep, entry);
        return NULL;
    }
    take_out(keep, entry);
    HASH_ADD(hh, keep->table, key, sizeof entry->key, entry);
    return entry;
}

/* Lives are from seconds to a month and the order is that of use, so those
 * whose time is over lie anywhere: with each question a few are looked at. */
static void sweep(struct keep *keep, int64_t now_ms)
{
    for (unsigned i = 0; i < SWEEP_AT_ONCE && keep->table != NULL; i++) {
        struct entry *entry = keep->sweep != NULL ? keep->sweep : keep->table;
        keep->sweep = entry->hh.next;
        if (entry->expires_ms <= now_ms)
            drop(keep, entry);
    }
}

void keep_make_room(struct keep *keep, size_t bytes, const struct entry *except)
{
    while (keep->table != NULL && keep->table != except &&
           HASH_COUNT(keep->table) * ENTRY_BYTES + keep->names_bytes + bytes >
               keep->max_bytes)
        drop(keep, keep->table);
}

struct entry *keep_put(
    struct keep *keep, const struct key *key, int64_t now_ms, int64_t seconds)
{
    struct entry *entry = keep_look_up(keep, key, now_ms);
    if (entry == NULL) {
        keep_make_room(keep, ENTRY_BYTES, NULL);
        entry = MEM_NEW(struct entry);
        entry->key = *key;
        HASH_ADD(hh, keep->table, key, sizeof entry->key, entry);
    }
    entry->expires_ms = now_ms + seconds * 1000;
    return entry;
}

/* ---- keys and datagrams --------------------------------------------- */

static void hash_part(struct digest *digest, struct str part)
{
    uint64_t n = part.n;
    digest_update(digest, str_make((const char *)&n, sizeof n));
    digest_update(digest, part);
}

struct key keep_key(const char *kind, struct str a, struct str b, struct str c)
{
    uint8_t sum[DIGEST_BYTES];
    struct key key;
    struct digest *digest = digest_new();
    hash_part(digest, str_of(kind));
    hash_part(digest, a);
    hash_part(digest, b);
    hash_part(digest, c);
    digest_final(&digest, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

static void send(struct buf *out, const struct question *q)
{
    buf_append(out, q, sizeof *q);
}

void keep_ask_prompt(const struct keep_prompt *prompt, struct buf *question)
{
    uint8_t sum[DIGEST_BYTES];
    struct question q = {.version = VERSION, .kind = ASK_PROMPT};
    q.has_message = prompt->message_id.n != 0;
    q.message =
        keep_key("message", prompt->service, prompt->message_id, STR_NONE);
    q.parent = keep_key("parent", prompt->service, prompt->conversation_id,
        prompt->parent_message_id);
    digest_sha256(prompt->text, sum);
    memcpy(&q.text_hash, sum, sizeof q.text_hash);
    q.time_ms = prompt->time_ms;
    memcpy(q.activity_id, prompt->activity_id, sizeof q.activity_id);
    send(question, &q);
}

void keep_note_turn(struct str service, struct str conversation_id,
    struct str parent_message_id, struct buf *note)
{
    struct question q = {.version = VERSION, .kind = NOTE_TURN};
    q.parent = keep_key("parent", service, conversation_id, parent_message_id);
    send(note, &q);
}

void keep_note_turns(struct str service, const struct keep_turn *turns,
    size_t count, struct buf *note)
{
    struct question q = {.version = VERSION, .kind = NOTE_TURNS};
    send(note, &q);
    for (size_t i = 0; i < count && i < KEEP_TURNS_MAX; i++) {
        struct key key = keep_key("parent", service, turns[i].conversation_id,
            turns[i].parent_message_id);
        buf_append(note, &key, sizeof key);
    }
}

void keep_note_host(struct str host, struct buf *note)
{
    struct question q = {.version = VERSION, .kind = NOTE_HOST};
    q.message = keep_key("host", host, STR_NONE, STR_NONE);
    send(note, &q);
}

void keep_ask_host(struct str host, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = ASK_HOST};
    q.message = keep_key("host", host, STR_NONE, STR_NONE);
    send(question, &q);
}

void keep_ask_identity(const struct keep_session *session, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = ASK_IDENTITY};
    memcpy(q.message.bytes, session->token, KEY_BYTES);
    if (session->has_device)
        memcpy(q.parent.bytes, session->device, KEY_BYTES);
    q.has_message = session->has_device;
    send(question, &q);
}

/* The bytes of the first character. */
static struct str first_character(struct str text)
{
    size_t n = text.n != 0;
    while (n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n++;
    return str_sub(text, 0, n);
}

void keep_ask_draft(const struct keep_draft *draft, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = ASK_DRAFT};
    struct key who =
        keep_key("drafter", draft->service, draft->user, draft->device);
    q.message = keep_key("draft", str_make((const char *)who.bytes, KEY_BYTES),
        draft->conversation_id, first_character(draft->text));
    q.text_hash = draft->text.n; /* its length is what counts here */
    q.time_ms = draft->time_ms;
    memcpy(q.activity_id, draft->activity_id, sizeof q.activity_id);
    send(question, &q);
}

void keep_note_drift(struct str line, struct buf *note)
{
    struct question q = {.version = VERSION, .kind = NOTE_DRIFT};
    send(note, &q);
    buf_append_str(note, line);
}

static void append_name(struct buf *out, struct str name)
{
    if (name.n <= KEEP_NAME_MAX && str_find_char(name, '\0') == name.n)
        buf_append_str(out, name);
    buf_append_char(out, '\0');
}

void keep_note_identity(const struct keep_session *session,
    const struct keep_identity *identity, struct buf *note)
{
    size_t at = note->n;
    keep_ask_identity(session, note);
    buf_bytes(note)[at + offsetof(struct question, kind)] = NOTE_IDENTITY;
    append_name(note, identity->user);
    append_name(note, identity->account);
    append_name(note, identity->workspace);
    append_name(note, identity->user_id);
    append_name(note, identity->plan);
}

/* NAMES texts, each ended by a NUL; nothing behind them. */
static bool split_names(struct str bytes, struct str names_out[NAMES])
{
    for (size_t i = 0; i < NAMES; i++) {
        size_t end = str_find_char(bytes, '\0');
        if (end == bytes.n || end > KEEP_NAME_MAX)
            return false;
        names_out[i] = str_sub(bytes, 0, end);
        bytes = str_sub(bytes, end + 1, bytes.n);
    }
    return bytes.n == 0;
}

bool keep_read_identity(struct str answer, struct keep_identity *identity_out)
{
    struct answer a;
    struct str names[NAMES];
    if (answer.n <= sizeof a)
        return false;
    memcpy(&a, answer.p, sizeof a);
    if (a.version != VERSION || a.kind != ASK_IDENTITY ||
        !split_names(str_sub(answer, sizeof a, answer.n), names))
        return false;
    *identity_out = (struct keep_identity){
        names[0], names[1], names[2], names[3], names[4]};
    return names[0].n != 0;
}

static enum err read_answer(
    struct str bytes, enum kind kind, struct answer *answer_out)
{
    if (bytes.n != sizeof *answer_out)
        return ERR_PARSE;
    memcpy(answer_out, bytes.p, sizeof *answer_out);
    if (answer_out->version != VERSION || answer_out->kind != kind)
        return ERR_PARSE;
    return OK;
}

enum err keep_read_prompt(
    struct str answer, struct keep_prompt_answer *answer_out)
{
    struct answer a;
    enum err err = read_answer(answer, ASK_PROMPT, &a);
    if (err != OK)
        return err;
    *answer_out = (struct keep_prompt_answer){
        .is_edit = a.flag != 0, .attempts = a.attempts, .time_ms = a.time_ms};
    memcpy(answer_out->activity_id, a.activity_id, sizeof a.activity_id);
    answer_out->activity_id[UUID_TEXT_BYTES - 1] = '\0';
    return OK;
}

enum err keep_read_draft(
    struct str answer, struct keep_draft_answer *answer_out)
{
    struct answer a;
    enum err err = read_answer(answer, ASK_DRAFT, &a);
    if (err != OK)
        return err;
    *answer_out = (struct keep_draft_answer){
        .is_longest = a.flag != 0, .time_ms = a.time_ms};
    memcpy(answer_out->activity_id, a.activity_id, sizeof a.activity_id);
    answer_out->activity_id[UUID_TEXT_BYTES - 1] = '\0';
    return OK;
}

bool keep_read_host(struct str answer)
{
    struct answer a;
    return read_answer(answer, ASK_HOST, &a) == OK && a.flag != 0;
}

/* ---- serving --------------------------------------------------------- */

static void serve_prompt(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a)
{
    a->attempts = 1;
    a->time_ms = q->time_ms;
    memcpy(a->activity_id, q->activity_id, sizeof a->activity_id);
    a->flag = keep_look_up(keep, &q->parent, now_ms) != NULL;
    if (!q->has_message)
        return;
    struct entry *seen = keep_look_up(keep, &q->message, now_ms);
    if (seen != NULL && seen->text_hash == q->text_hash) {
        a->attempts = ++seen->attempts;
        a->time_ms = seen->time_ms;
        a->flag = seen->is_edit;
        memcpy(a->activity_id, seen->activity_id, sizeof a->activity_id);
        return;
    }
    seen = keep_put(keep, &q->message, now_ms, KEEP_RETRY_SECONDS);
    seen->attempts = 1;
    seen->is_edit = a->flag != 0;
    seen->text_hash = q->text_hash;
    seen->time_ms = q->time_ms;
    memcpy(seen->activity_id, q->activity_id, sizeof seen->activity_id);
}

static void serve_draft(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a)
{
    bool is_new = keep_look_up(keep, &q->message, now_ms) == NULL;
    struct entry *draft =
        keep_put(keep, &q->message, now_ms, KEEP_DRAFT_SECONDS);
    if (is_new) {
        draft->time_ms = q->time_ms;
        memcpy(draft->activity_id, q->activity_id, sizeof draft->activity_id);
    }
    a->flag = is_new || q->text_hash > draft->text_hash;
    if (a->flag)
        draft->text_hash = q->text_hash;
    a->time_ms = draft->time_ms;
    memcpy(a->activity_id, draft->activity_id, sizeof a->activity_id);
}

static void serve_turns(struct keep *keep, struct str keys, int64_t now_ms)
{
    struct key key;
    if (keys.n > KEEP_TURNS_MAX * sizeof key)
        return;
    for (; keys.n >= sizeof key; keys = str_sub(keys, sizeof key, keys.n)) {
        memcpy(&key, keys.p, sizeof key);
        keep_put(keep, &key, now_ms, KEEP_TURN_SECONDS);
    }
}

static struct key secret_key(const struct keep *keep, const struct key *key)
{
    uint8_t mac[DIGEST_BYTES];
    struct key out;
    digest_hmac_sha256(str_make(keep->secret, sizeof keep->secret),
        str_make((const char *)key->bytes, KEY_BYTES), mac);
    memcpy(out.bytes, mac, KEY_BYTES);
    return out;
}

enum { NAME_USER, NAME_ACCOUNT, NAME_WORKSPACE, NAME_USER_ID, NAME_PLAN };

/* What the note leaves out stays as it was known of the same person. */
static bool merge_names(
    const struct entry *old, struct str names, struct buf *out)
{
    struct str said[NAMES], known[NAMES] = {{0}};
    if (!split_names(names, said))
        return false;
    if (old != NULL && !split_names(buf_str(&old->names), known))
        return false;
    bool is_same =
        said[NAME_USER].n == 0 || str_eq(said[NAME_USER], known[NAME_USER]);
    bool is_elsewhere = said[NAME_WORKSPACE].n != 0 &&
                        !str_eq(said[NAME_WORKSPACE], known[NAME_WORKSPACE]);
    for (size_t i = 0; i < NAMES; i++) {
        bool is_kept =
            said[i].n == 0 && is_same && !(i == NAME_PLAN && is_elsewhere);
        append_name(out, is_kept ? known[i] : said[i]);
    }
    return said[NAME_USER].n != 0 || known[NAME_USER].n != 0;
}

static void put_names(
    struct keep *keep, const struct key *key, struct str names, int64_t now_ms)
{
    struct key own = secret_key(keep, key);
    struct buf merged = {0};
    struct entry *old = keep_look_up(keep, &own, now_ms);
    if (!merge_names(old, names, &merged)) {
        buf_free(&merged);
        return;
    }
    if (old != NULL)
        drop(keep, old);
    struct entry *entry = keep_put(keep, &own, now_ms, KEEP_IDENTITY_SECONDS);
    keep_add_names(keep, entry, buf_str(&merged));
    keep_make_room(keep, 0, entry);
    buf_free(&merged);
}

static void serve_note_identity(struct keep *keep, const struct question *q,
    struct str names, int64_t now_ms)
{
    struct str parts[NAMES];
    if (!split_names(names, parts))
        return;
    put_names(keep, &q->message, names, now_ms);
    if (q->has_message)
        put_names(keep, &q->parent, names, now_ms);
}

static void serve_ask_identity(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a, struct buf *answer_out)
{
    struct key own = secret_key(keep, &q->message);
    struct entry *found = keep_look_up(keep, &own, now_ms);
    if (found == NULL && q->has_message) {
        own = secret_key(keep, &q->parent);
        found = keep_look_up(keep, &own, now_ms);
    }
    buf_append(answer_out, a, sizeof *a);
    if (found == NULL)
        return;
    found->expires_ms = now_ms + KEEP_IDENTITY_SECONDS * INT64_C(1000);
    buf_append_str(answer_out, buf_str(&found->names));
}

/* Questions and notes that are a head and, some of them, a short text. */
static void serve(struct keep *keep, const struct question *question,
    struct str names, int64_t now_ms, struct buf *answer_out)
{
    struct question q = *question;
    q.activity_id[UUID_TEXT_BYTES - 1] = '\0';
    struct answer a = {.version = VERSION, .kind = q.kind};
    switch (q.kind) {
    case ASK_PROMPT:
        serve_prompt(keep, &q, now_ms, &a);
        break;
    case ASK_DRAFT:
        serve_draft(keep, &q, now_ms, &a);
        break;
    case ASK_ANSWER:
    case ASK_REPLY:
        keep_serve_answer(keep, &q, now_ms, &a);
        break;
    case ASK_HOST:
        a.flag = keep_look_up(keep, &q.message, now_ms) != NULL;
        break;
    case NOTE_TURN:
        keep_put(keep, &q.parent, now_ms, KEEP_TURN_SECONDS);
        return;
    case NOTE_ANSWER:
    case NOTE_PARTIAL:
    case NOTE_REPLY:
        keep_serve_answer(keep, &q, now_ms, &a);
        return;
    case NOTE_HOST:
        keep_put(keep, &q.message, now_ms, KEEP_HOST_SECONDS);
        return;
    case NOTE_IDENTITY:
        serve_note_identity(keep, &q, names, now_ms);
        return;
    case NOTE_DRIFT:
        drift_count(keep->drift, names);
        return;
    case ASK_IDENTITY:
        serve_ask_identity(keep, &q, now_ms, &a, answer_out);
        return;
    default:
        return;
    }
    buf_append(answer_out, &a, sizeof a);
}

bool keep_join_note(struct buf *several, struct str note)
{
    struct question q = {.version = VERSION, .kind = NOTE_SEVERAL};
    uint32_t n = (uint32_t)note.n;
    if (keep_payload_at(note) != note.n ||
        several->n + sizeof q + sizeof n + note.n > KEEP_DATAGRAM_MAX)
        return false;
    if (several->n == 0)
        buf_append(several, &q, sizeof q);
    buf_append(several, &n, sizeof n);
    buf_append_str(several, note);
    return true;
}

static void handle_one(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer_out);

/* Each in its turn; what is damaged ends it. */
static void handle_several(
    struct keep *keep, struct str notes, int64_t now_ms, struct buf *answer_out)
{
    uint32_t n;
    while (notes.n >= sizeof n) {
        memcpy(&n, notes.p, sizeof n);
        notes = str_sub(notes, sizeof n, notes.n);
        if (n > notes.n)
            break;
        handle_one(keep, str_sub(notes, 0, n), NULL, now_ms, answer_out);
        notes = str_sub(notes, n, notes.n);
    }
    buf_clear(answer_out); /* notes want none */
}

static void handle_one(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer_out)
{
    struct question q;
    if (links_is_question(question)) {
        links_handle(keep->links, question, now_ms, answer_out);
        return;
    }
    if (question.n < sizeof q)
        return;
    memcpy(&q, question.p, sizeof q);
    if (q.version != VERSION)
        return;
    keep_expire_tails(keep, now_ms);
    sweep(keep, now_ms);
    struct str names = str_sub(question, sizeof q, question.n);
    bool wants_text = q.kind == NOTE_IDENTITY || q.kind == NOTE_DRIFT;
    if (q.kind == NOTE_FILE || q.kind == ASK_FILE || q.kind == NOTE_CHUNK)
        keep_serve_file(keep, question, payload, now_ms, answer_out);
    else if (q.kind == ASK_CHUNK)
        keep_serve_ask_chunk(keep, &q.message, payload, now_ms, answer_out);
    else if (q.kind == NOTE_TURNS)
        serve_turns(keep, names, now_ms);
    else if (q.kind == NOTE_TAIL)
        keep_serve_note_tail(keep, &q.message, names, now_ms);
    else if (q.kind == ASK_TAIL)
        keep_serve_ask_tail(keep, &q.message, answer_out);
    else if (names.n <= NAMES_BYTES_MAX && (names.n != 0) == wants_text)
        serve(keep, &q, names, now_ms, answer_out);
}

void keep_handle_beside(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer_out)
{
    struct question q = {0};
    if (question.n >= sizeof q)
        memcpy(&q, question.p, sizeof q);
    if (q.version == VERSION && q.kind == NOTE_SEVERAL)
        handle_several(
            keep, str_sub(question, sizeof q, question.n), now_ms, answer_out);
    else
        handle_one(keep, question, payload, now_ms, answer_out);
}

void keep_handle(struct keep *keep, struct str question, int64_t now_ms,
    struct buf *answer_out)
{
    keep_handle_beside(keep, question, NULL, now_ms, answer_out);
}
