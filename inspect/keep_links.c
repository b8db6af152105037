/*
 * One table for three kinds of entries: links under the hash of their URL,
 * addresses that a fetch of one was sent on to, which lead to its entry, and
 * whose a file is under the hash of its id.  Least recently used out first.
 */
#include "inspect/keep_links.h"

#include <string.h>
#define HASH_NONFATAL_OOM 0
#include <uthash.h>

#include "base/digest.h"
#include "base/mem.h"

enum { KEY_BYTES = 16, VERSION = 3, HOPS_MAX = 8 };

/* Apart from those of inspect/keep.c. */
enum kind {
    NOTE_FILES = 0x40,
    ASK_LINK,
    ASK_FETCH,
    ASK_PART,
    NOTE_LINK,
    NOTE_NAME,
    ASK_MOVED,
    KIND_END
};

enum flag {
    FLAG_SAVED = 1,
    FLAG_SHOWN = 2,
    FLAG_HANDED_OUT = 4,
    FLAG_TOLD = 8,
    FLAG_COMPLETE = 16,
    FLAG_SUM = 32,
    FLAG_UNUSED = 64, /* of an answer, and not fetched yet */
    FLAG_NAMED = 128,
    FLAG_MOVED = 256,
};

struct key {
    uint8_t bytes[KEY_BYTES];
};

/* Both ends are one binary on one machine.  Behind it: texts, findings, or
 * keys of files. */
struct question {
    uint8_t version, kind, side, has_file;
    uint16_t flags;
    uint8_t reserved[2];
    struct key url, file, moved_to;
    uint64_t user; /* hashed; 0: nobody that is known */
    uint64_t file_version;
    int64_t time_ms, bytes, from, to, total;
    struct keep_sum sum;
    char activity_id[UUID_TEXT_BYTES];
    char padding[3];
};

struct answer {
    uint8_t version, kind, side, reserved[3];
    uint16_t flags;
    uint64_t file_version;
    int64_t time_ms, bytes, total;
    struct keep_sum sum;
    char activity_id[UUID_TEXT_BYTES];
    char padding[3];
};

struct span {
    int64_t from, to;
};

struct entry {
    struct key key;
    UT_hash_handle hh; /* in order of use: first is oldest */
    int64_t expires_ms, time_ms, bytes;
    uint64_t user;
    struct key file, root; /* root: whose alias it is */
    uint16_t flags;
    uint8_t side;
    bool has_file, is_alias;
    char activity_id[UUID_TEXT_BYTES];
    struct buf texts, findings;
    struct span *spans; /* in order, apart from each other */
    size_t span_count;
    struct keep_sum *sum; /* NULL: the first bytes are not known */
    uint64_t file_version;
    int64_t total; /* -1: unknown */
};

struct links {
    struct entry *table;
    size_t bytes, max_bytes;
};

/* ---- questions ---------------------------------------------------------- */

static void hash_part(struct digest *digest, struct str part)
{
    uint64_t n = part.n;
    digest_update(digest, str_make((const char *)&n, sizeof n));
    digest_update(digest, part);
}

static struct key key_of(const char *kind, struct str service, struct str name)
{
    uint8_t sum[DIGEST_BYTES];
    struct key key;
    struct digest *digest = digest_new();
    hash_part(digest, str_of(kind));
    hash_part(digest, service);
    hash_part(digest, name);
    digest_final(&digest, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

/* A link of one service may lead to a host that is another's. */
static uint64_t user_of(struct str user)
{
    uint64_t hash = 0;
    if (user.n == 0)
        return 0;
    struct key key = key_of("user", STR_NONE, user);
    memcpy(&hash, key.bytes, sizeof hash);
    return hash != 0 ? hash : 1;
}

void keep_note_files(struct str service, const struct str *ids, size_t count,
    enum file_side side, struct buf *note)
{
    struct question q = {.version = VERSION, .kind = NOTE_FILES};
    q.side = (uint8_t)side;
    buf_append(note, &q, sizeof q);
    for (size_t i = 0; i < count && i < KEEP_FILES_MAX; i++) {
        struct key key = key_of("file", service, ids[i]);
        buf_append(note, &key, sizeof key);
    }
}

static void append_texts(struct buf *out, const struct str texts[LINK_TEXTS])
{
    for (size_t i = 0; i < LINK_TEXTS; i++) {
        struct str text = texts[i];
        if (text.n > KEEP_LINK_TEXT_MAX)
            text = STR_NONE;
        uint16_t n = (uint16_t)text.n;
        buf_append(out, &n, sizeof n);
        buf_append_str(out, text);
    }
}

static bool split_texts(struct str bytes, struct str texts_out[LINK_TEXTS])
{
    for (size_t i = 0; i < LINK_TEXTS; i++) {
        uint16_t n;
        if (bytes.n < sizeof n)
            return false;
        memcpy(&n, bytes.p, sizeof n);
        if (n > KEEP_LINK_TEXT_MAX || bytes.n - sizeof n < n)
            return false;
        texts_out[i] = str_sub(bytes, sizeof n, sizeof n + n);
        bytes = str_sub(bytes, sizeof n + n, bytes.n);
    }
    return bytes.n == 0;
}

static struct key key_of_url(struct str url)
{
    return key_of("link", STR_NONE, url); /* hosts may be shared */
}

static void ask_about(enum kind kind, const struct keep_link *link,
    struct str to, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = (uint8_t)kind};
    struct str file = link->texts[LINK_FILE_ID];
    q.flags = (uint16_t)((link->is_saved ? FLAG_SAVED : 0) |
                         (link->is_shown ? FLAG_SHOWN : 0));
    q.url = key_of_url(link->url);
    q.moved_to = key_of_url(to);
    q.has_file = file.n != 0;
    q.file = key_of("file", link->service, file);
    q.user = user_of(link->user);
    q.time_ms = link->time_ms;
    q.bytes = link->bytes;
    memcpy(q.activity_id, link->activity_id, sizeof q.activity_id);
    buf_append(question, &q, sizeof q);
    append_texts(question, link->texts);
}

static void ask(
    enum kind kind, const struct keep_link *link, struct buf *question)
{
    ask_about(kind, link, STR_NONE, question);
}

void keep_ask_link(const struct keep_link *link, struct buf *question)
{
    ask(ASK_LINK, link, question);
}

void keep_note_link(const struct keep_link *link, struct buf *note)
{
    ask(NOTE_LINK, link, note);
}

void keep_note_name(const struct keep_link *file, struct buf *note)
{
    ask(NOTE_NAME, file, note);
}

void keep_ask_fetch(const struct keep_link *link, struct buf *question)
{
    ask(ASK_FETCH, link, question);
}

void keep_ask_moved(
    const struct keep_link *link, struct str to, struct buf *question)
{
    ask_about(ASK_MOVED, link, to, question);
}

void keep_ask_part(const struct keep_part *part, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = ASK_PART};
    q.url = key_of_url(part->url);
    q.user = user_of(part->user);
    q.from = part->from;
    q.to = part->to;
    q.total = part->total;
    q.file_version = part->version;
    q.sum = part->sum;
    q.flags = (uint16_t)((part->is_whole ? FLAG_TOLD : 0) |
                         (part->has_sum ? FLAG_SUM : 0));
    buf_append(question, &q, sizeof q);
    if (part->findings.n <= KEEP_LINK_FINDINGS_MAX)
        buf_append_str(question, part->findings);
}

/* ---- answers ---------------------------------------------------------- */

static bool read_answer(struct str bytes, struct answer *a, struct str *rest)
{
    if (bytes.n < sizeof *a)
        return false;
    memcpy(a, bytes.p, sizeof *a);
    *rest = str_sub(bytes, sizeof *a, bytes.n);
    return a->version == VERSION;
}

enum err keep_read_link(struct str answer, struct keep_link_answer *answer_out)
{
    struct answer a;
    struct str rest;
    struct keep_link_answer out = {0};
    if (!read_answer(answer, &a, &rest) ||
        (a.kind != ASK_LINK && a.kind != ASK_FETCH && a.kind != ASK_MOVED) ||
        a.side > FILE_SIDE_USER || !split_texts(rest, out.texts))
        return ERR_PARSE;
    out.side = (enum file_side)a.side;
    out.is_handed_out = (a.flags & FLAG_HANDED_OUT) != 0;
    out.is_named = (a.flags & FLAG_NAMED) != 0;
    out.is_moved = (a.flags & FLAG_MOVED) != 0;
    out.is_saved = (a.flags & FLAG_SAVED) != 0;
    out.is_shown = (a.flags & FLAG_SHOWN) != 0;
    out.is_told = (a.flags & FLAG_TOLD) != 0;
    out.time_ms = a.time_ms;
    out.bytes = a.bytes;
    out.has_sum = (a.flags & FLAG_SUM) != 0;
    out.sum = a.sum;
    out.sum.type[sizeof out.sum.type - 1] = '\0';
    out.version = a.file_version;
    out.total = a.total;
    memcpy(out.activity_id, a.activity_id, sizeof out.activity_id);
    out.activity_id[UUID_TEXT_BYTES - 1] = '\0';
    *answer_out = out;
    return OK;
}

enum err keep_read_part(struct str answer, struct keep_part_answer *answer_out)
{
    struct answer a;
    struct str rest;
    if (!read_answer(answer, &a, &rest) || a.kind != ASK_PART)
        return ERR_PARSE;
    *answer_out = (struct keep_part_answer){
        .is_told = (a.flags & FLAG_TOLD) != 0,
        .is_complete = (a.flags & FLAG_COMPLETE) != 0,
        .bytes = a.bytes,
        .total = a.total,
        .has_sum = (a.flags & FLAG_SUM) != 0,
        .sum = a.sum,
        .findings = rest,
    };
    answer_out->sum.type[sizeof answer_out->sum.type - 1] = '\0';
    return OK;
}

/* ---- the table -------------------------------------------------------- */

struct links *links_new(size_t max_bytes)
{
    struct links *links = MEM_NEW(struct links);
    links->max_bytes = max_bytes;
    return links;
}

/* uthash's buckets, and what the heap adds to five pieces of memory. */
enum { HEAP_BYTES = 16 + 5 * 16 };

static size_t bytes_of(const struct entry *e)
{
    return sizeof *e + HEAP_BYTES + e->texts.cap + e->findings.cap +
           (e->spans != NULL ? KEEP_LINK_SPANS_MAX * sizeof *e->spans : 0) +
           (e->sum != NULL ? sizeof *e->sum : 0);
}

static void drop(struct links *links, struct entry *e)
{
    HASH_DEL(links->table, e);
    links->bytes -= bytes_of(e);
    buf_wipe_free(&e->texts);
    buf_wipe_free(&e->findings);
    mem_free(e->spans);
    mem_free(e->sum);
    mem_free(e);
}

void links_free(struct links **links)
{
    struct entry *e, *next;
    if (*links == NULL)
        return;
    HASH_ITER(hh, (*links)->table, e, next)
    {
        drop(*links, e);
    }
    mem_free(*links);
    *links = NULL;
}

size_t links_count(const struct links *links)
{
    return HASH_COUNT(links->table);
}

static struct entry *look_up(
    struct links *links, const struct key *key, int64_t now_ms)
{
    struct entry *e;
    HASH_FIND(hh, links->table, key, sizeof *key, e);
    if (e == NULL)
        return NULL;
    if (e->expires_ms <= now_ms) {
        drop(links, e);
        return NULL;
    }
    HASH_DEL(links->table, e);
    HASH_ADD(hh, links->table, key, sizeof e->key, e);
    return e;
}

/* Of a link, or of what a fetch of it was sent on to.  An alias whose link is
 * gone leads nowhere. */
static struct entry *look_up_link(
    struct links *links, const struct key *key, int64_t now_ms)
{
    struct entry *first = look_up(links, key, now_ms), *e = first;
    for (size_t i = 0; e != NULL && e->is_alias && i < HOPS_MAX; i++) {
        e->expires_ms = now_ms + KEEP_LINK_SECONDS * INT64_C(1000);
        e = look_up(links, &e->root, now_ms);
    }
    if (e != NULL && !e->is_alias)
        return e;
    if (first != NULL)
        drop(links, first);
    return NULL;
}

/* Not the newest: that is the one at work. */
static void shrink(struct links *links)
{
    while (links->bytes > links->max_bytes && HASH_COUNT(links->table) > 1)
        drop(links, links->table);
}

static struct entry *add(struct links *links, const struct key *key)
{
    struct entry *e = MEM_NEW(struct entry);
    e->key = *key;
    e->total = -1;
    HASH_ADD(hh, links->table, key, sizeof e->key, e);
    links->bytes += bytes_of(e);
    return e;
}

static void set_buf(struct links *links, struct buf *buf, struct str bytes)
{
    links->bytes -= buf->cap;
    buf_clear(buf);
    buf_append_str(buf, bytes);
    links->bytes += buf->cap;
}

/* ---- what has passed ---------------------------------------------------- */

static size_t merge_spans(struct span *spans, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept != 0 && spans[i].from <= spans[kept - 1].to) {
            if (spans[i].to > spans[kept - 1].to)
                spans[kept - 1].to = spans[i].to;
        } else {
            spans[kept++] = spans[i];
        }
    }
    return kept;
}

/* More gaps than there is room for: the last part counts no more. */
static void add_span(struct links *links, struct entry *e, struct span span)
{
    if (span.from < 0 || span.to <= span.from)
        return;
    if (e->spans == NULL) {
        e->spans = mem_calloc(KEEP_LINK_SPANS_MAX + 1, sizeof *e->spans);
        links->bytes += KEEP_LINK_SPANS_MAX * sizeof *e->spans;
    }
    size_t at = e->span_count;
    while (at > 0 && e->spans[at - 1].from > span.from) {
        e->spans[at] = e->spans[at - 1];
        at--;
    }
    e->spans[at] = span;
    e->span_count = merge_spans(e->spans, e->span_count + 1);
    if (e->span_count > KEEP_LINK_SPANS_MAX)
        e->span_count = KEEP_LINK_SPANS_MAX;
}

static int64_t covered(const struct entry *e)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->span_count; i++)
        sum += e->spans[i].to - e->spans[i].from;
    return sum;
}

static void forget_parts(struct links *links, struct entry *e)
{
    e->span_count = 0;
    set_buf(links, &e->findings, STR_NONE);
    links->bytes -= e->sum != NULL ? sizeof *e->sum : 0;
    mem_free(e->sum);
    e->sum = NULL;
    e->file_version = 0;
    e->total = -1;
}

/* Parts of a file that has changed in between make no whole one. */
static void note_version(
    struct links *links, struct entry *e, const struct question *q)
{
    bool is_other = (e->file_version != 0 && q->file_version != 0 &&
                        e->file_version != q->file_version) ||
                    (e->total >= 0 && q->total >= 0 && e->total != q->total);
    if (is_other)
        forget_parts(links, e);
    if (q->file_version != 0)
        e->file_version = q->file_version;
    if (q->total >= 0)
        e->total = q->total;
}

/* The sum goes on where the last one ended. */
static void take_sum(
    struct links *links, struct entry *e, const struct question *q)
{
    int64_t at = e->sum != NULL ? e->sum->at : 0;
    bool goes_on = q->sum.from == 0 || q->sum.from == at;
    if ((q->flags & FLAG_SUM) == 0 || !goes_on || q->sum.at <= at)
        return;
    if (e->sum == NULL) {
        e->sum = MEM_NEW(struct keep_sum);
        links->bytes += sizeof *e->sum;
    }
    *e->sum = q->sum;
}

/* ---- serving ---- */

static void serve_files(struct links *links, const struct question *q,
    struct str keys, int64_t now_ms)
{
    if (keys.n % KEY_BYTES != 0 || keys.n > KEEP_FILES_MAX * KEY_BYTES ||
        q->side > FILE_SIDE_USER)
        return;
    for (; keys.n != 0; keys = str_sub(keys, KEY_BYTES, keys.n)) {
        struct key key;
        memcpy(key.bytes, keys.p, KEY_BYTES);
        struct entry *e = look_up(links, &key, now_ms);
        if (e == NULL) {
            e = add(links, &key);
        }
        if (e->side == FILE_SIDE_UNKNOWN)
            e->side = q->side;
        e->expires_ms = now_ms + KEEP_SIDE_SECONDS * INT64_C(1000);
        shrink(links);
    }
}

/* The file that the link leads to; NULL: nothing is known of it. */
static const struct entry *file_of(struct links *links,
    const struct entry *link, const struct question *q, int64_t now_ms)
{
    if (!link->has_file && !q->has_file)
        return NULL;
    return look_up(links, link->has_file ? &link->file : &q->file, now_ms);
}

/* What is said again counts, what is not said again stays: a list of files
 * knows no answer. */
static void serve_name(struct links *links, const struct question *q,
    struct str texts, int64_t now_ms)
{
    struct str parts[LINK_TEXTS], before[LINK_TEXTS];
    struct buf merged = {0};
    if (q->has_file == 0 || !split_texts(texts, parts))
        return;
    struct entry *e = look_up(links, &q->file, now_ms);
    if (e == NULL)
        e = add(links, &q->file);
    bool was_named = split_texts(buf_str(&e->texts), before);
    for (size_t i = 0; i < LINK_TEXTS && was_named; i++)
        if (parts[i].n == 0)
            parts[i] = before[i];
    append_texts(&merged, parts);
    set_buf(links, &e->texts, buf_str(&merged));
    buf_wipe_free(&merged);
    e->expires_ms = now_ms + KEEP_SIDE_SECONDS * INT64_C(1000);
    shrink(links);
}

static bool is_other_user(const struct entry *e, const struct question *q)
{
    return e->user != 0 && q->user != 0 && e->user != q->user;
}

/* A new activity: nothing has passed of it. */
static void begin(
    struct links *links, struct entry *e, const struct question *q)
{
    e->time_ms = q->time_ms;
    e->user = q->user;
    e->bytes = q->bytes;
    e->flags &= (uint16_t) ~(FLAG_TOLD | FLAG_COMPLETE);
    forget_parts(links, e);
    memcpy(e->activity_id, q->activity_id, sizeof e->activity_id);
}

static void put_sum(const struct entry *e, struct answer *a)
{
    if (e->sum == NULL)
        return;
    a->flags |= FLAG_SUM;
    a->sum = *e->sum;
}

/* What is known of the link, to who asked. */
static void put_link(struct links *links, const struct question *q,
    const struct entry *e, int64_t now_ms, struct buf *answer_out)
{
    struct answer a = {.version = VERSION,
        .kind = q->kind,
        .flags = e->flags & (uint16_t)~FLAG_UNUSED,
        .side = FILE_SIDE_UNKNOWN,
        .file_version = e->file_version,
        .time_ms = e->time_ms,
        .bytes = e->bytes,
        .total = e->total};
    struct str known = buf_str(&e->texts);
    const struct entry *file = file_of(links, e, q, now_ms);
    if (file != NULL)
        a.side = file->side;
    if (file != NULL && file->texts.n != 0 &&
        (e->flags & (FLAG_HANDED_OUT | FLAG_MOVED)) == 0) {
        a.flags |= FLAG_NAMED;
        known = buf_str(&file->texts);
    }
    put_sum(e, &a);
    memcpy(a.activity_id, e->activity_id, sizeof a.activity_id);
    buf_append(answer_out, &a, sizeof a);
    buf_append_str(answer_out, known);
}

static void serve_link(struct links *links, const struct question *q,
    struct str texts, int64_t now_ms, struct buf *answer_out)
{
    struct str parts[LINK_TEXTS];
    bool is_link = q->kind != ASK_FETCH;
    if (!split_texts(texts, parts))
        return;
    struct entry *e = look_up_link(links, &q->url, now_ms);
    if (e == NULL) {
        e = add(links, &q->url);
        begin(links, e, q);
        set_buf(links, &e->texts, texts);
    } else if (is_other_user(e, q) || (e->flags & FLAG_UNUSED) != 0 ||
               (is_link && (e->flags & FLAG_COMPLETE) != 0 &&
                   strcmp(e->activity_id, q->activity_id) != 0)) {
        begin(links, e, q);
        e->flags &= (uint16_t)~FLAG_UNUSED;
    }
    if (is_link) {
        set_buf(links, &e->texts, texts);
        e->flags &= FLAG_TOLD | FLAG_COMPLETE;
        e->flags |= (uint16_t)(q->flags | FLAG_HANDED_OUT);
        e->bytes = q->bytes;
        e->has_file = q->has_file != 0;
        e->file = q->file;
    }
    if (q->kind == NOTE_LINK) {
        e->flags = q->flags | FLAG_HANDED_OUT | FLAG_UNUSED;
        e->user = 0; /* who fetches it may say another name */
    }
    e->expires_ms = now_ms + KEEP_LINK_SECONDS * INT64_C(1000);
    if (q->kind != NOTE_LINK)
        put_link(links, q, e, now_ms, answer_out);
    shrink(links);
}

/* What was known under that address is the link's now.  Its other aliases go
 * on by way of this one. */
static void set_alias(struct links *links, const struct key *to,
    const struct entry *root, int64_t now_ms)
{
    struct key root_key = root->key;
    if (memcmp(to, &root_key, sizeof *to) == 0)
        return;
    struct entry *e = look_up(links, to, now_ms);
    if (e == NULL)
        e = add(links, to);
    forget_parts(links, e);
    set_buf(links, &e->texts, STR_NONE);
    e->is_alias = true;
    e->root = root_key;
    e->expires_ms = now_ms + KEEP_LINK_SECONDS * INT64_C(1000);
}

static void serve_moved(struct links *links, const struct question *q,
    struct str texts, int64_t now_ms, struct buf *answer_out)
{
    struct str parts[LINK_TEXTS];
    if (!split_texts(texts, parts))
        return;
    struct entry *e = look_up_link(links, &q->url, now_ms);
    if (e == NULL) {
        e = add(links, &q->url);
        begin(links, e, q);
    }
    set_buf(links, &e->texts, texts); /* the link's, and what was learnt */
    e->flags |= (uint16_t)(q->flags | FLAG_MOVED);
    e->has_file = q->has_file != 0;
    e->file = q->file;
    e->expires_ms = now_ms + KEEP_LINK_SECONDS * INT64_C(1000);
    set_alias(links, &q->moved_to, e, now_ms);
    put_link(links, q, e, now_ms, answer_out);
    shrink(links);
}

static void serve_part(struct links *links, const struct question *q,
    struct str findings, int64_t now_ms, struct buf *answer_out)
{
    struct entry *e = look_up_link(links, &q->url, now_ms);
    if (e == NULL || is_other_user(e, q) || findings.n > KEEP_LINK_FINDINGS_MAX)
        return;
    bool is_whole = (q->flags & FLAG_TOLD) != 0;
    struct answer a = {.version = VERSION, .kind = ASK_PART};
    a.flags = e->flags & FLAG_TOLD;
    note_version(links, e, q);
    take_sum(links, e, q);
    add_span(links, e, (struct span){q->from, q->to});
    a.bytes = covered(e);
    if (is_whole)
        e->flags |= FLAG_TOLD;
    if (is_whole || (q->total >= 0 && a.bytes >= q->total))
        e->flags |= FLAG_COMPLETE;
    a.flags |= e->flags & FLAG_COMPLETE;
    a.total = e->total;
    put_sum(e, &a);
    buf_append(answer_out, &a, sizeof a);
    if (is_whole) /* it saw all that they saw */
        set_buf(links, &e->findings, STR_NONE);
    buf_append_str(answer_out, buf_str(&e->findings));
    if (e->findings.n + findings.n <= KEEP_LINK_FINDINGS_MAX) {
        links->bytes -= e->findings.cap;
        buf_append_str(&e->findings, findings);
        links->bytes += e->findings.cap;
    }
    e->expires_ms = now_ms + KEEP_LINK_SECONDS * INT64_C(1000);
    shrink(links);
}

bool links_is_question(struct str question)
{
    return question.n >= 2 && (uint8_t)question.p[1] >= NOTE_FILES &&
           (uint8_t)question.p[1] < KIND_END;
}

void links_handle(struct links *links, struct str question, int64_t now_ms,
    struct buf *answer_out)
{
    struct question q;
    if (question.n < sizeof q)
        return;
    memcpy(&q, question.p, sizeof q);
    if (q.version != VERSION)
        return;
    q.activity_id[UUID_TEXT_BYTES - 1] = '\0';
    q.flags &=
        q.kind == ASK_PART ? FLAG_TOLD | FLAG_SUM : FLAG_SAVED | FLAG_SHOWN;
    struct str rest = str_sub(question, sizeof q, question.n);
    if (q.kind == NOTE_FILES)
        serve_files(links, &q, rest, now_ms);
    else if (q.kind == NOTE_NAME)
        serve_name(links, &q, rest, now_ms);
    else if (q.kind == ASK_PART)
        serve_part(links, &q, rest, now_ms, answer_out);
    else if (q.kind == ASK_MOVED)
        serve_moved(links, &q, rest, now_ms, answer_out);
    else
        serve_link(links, &q, rest, now_ms, answer_out);
}
