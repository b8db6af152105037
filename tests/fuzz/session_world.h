/*
 * A world for fuzz_session (proxy/world.h): sockets are buffers, the other
 * ends of TLS are real, and what the world has to answer waits until the input
 * says which answer comes, in which order and how it turns out.  What must
 * hold of every call is checked here.
 */
#ifndef TESTS_FUZZ_SESSION_WORLD_H
#define TESTS_FUZZ_SESSION_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "certs/ca.h"
#include "certs/leaf.h"
#include "certs/signer.h"
#include "inspect/channel.h"
#include "inspect/keep.h"
#include "inspect/rules.h"
#include "inspect/scan.h"
#include "proxy/conf.h"
#include "proxy/session_parts.h"
#include "proxy/tls.h"

enum {
    LINKS_MAX = 1024,
    ANSWERS_MAX = 2048,
    MARKS_MAX = 64,
    RECORDS_MAX = 256,
    QUEUE_MAX = LINK_QUEUE_HIGH + 4 * LINK_READ_MAX, /* the last piece more */
    PLAIN_MAX = 1 << 20, /* what a peer keeps of what it was sent */
};

static inline void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* A socket, and who is at its other end. */
struct peer {
    struct link link; /* first */
    struct buf to_session, from_session, plain;
    struct tls *tls;  /* the other end's; NULL: clear text */
    size_t looked_at; /* of plain, for marks */
    char host[256];
    bool is_open, is_origin, is_dialed, is_shut, is_blocked;
    bool ends, has_ended; /* its FIN is to come; came */
};

enum answer_kind { DIALED, MINTED, RECORDED, KEPT, EXTRACTED, LOGIN, LATER };

struct answer {
    enum answer_kind kind;
    struct peer *peer;
    uint64_t token;
    struct buf text;
};

/* A word of a prompt: it may reach an origin only once it is durable, and one
 * of a forbidden prompt never. */
struct mark {
    char word[24];
    bool is_forbidden, is_durable;
};

struct id_list {
    char ids[RECORDS_MAX][UUID_TEXT_BYTES];
    size_t count;
};

/* One serves all runs of the process.  Its tables are larger than most runs
 * touch: they stand last, and an entry is cleared when it is taken. */
struct stage {
    struct world world; /* first */
    struct session *session;
    size_t peer_count, answer_count, mark_count;
    struct keep *keep;
    uint64_t now_ms, timer_ms;
    bool is_done, is_unready, is_short, is_leaving, mints_later, has_wrong_cert;
    bool is_raw; /* the client sent what no template made */
    struct id_list over, tried_again; /* with a last record; with a later try */
    struct mark marks[MARKS_MAX];
    struct answer answers[ANSWERS_MAX];
    struct peer peers[LINKS_MAX];
};

static struct leaf_cache *leaves[2]; /* the gateway's, the origins' */
static struct signer *signers[2];
static struct tls_context *far_end; /* of browsers and origins */

static struct stage *stage_of(struct world *w)
{
    return (struct stage *)w;
}

static struct peer *peer_of(struct link *link)
{
    return (struct peer *)link;
}

static void keep_leaf(void *owner, struct leaf *leaf, enum err err)
{
    check(err == OK, "a leaf is made");
    *(struct leaf **)owner = leaf;
}

static struct leaf *leaf_for(int ca, struct str host)
{
    struct leaf *leaf = NULL;
    struct buf request = {0}, answer = {0};
    enum err err =
        leaf_cache_want(leaves[ca], host, keep_leaf, &leaf, &leaf, &request);
    if (err == ERR_AGAIN) {
        signer_handle(signers[ca], buf_str(&request), &answer);
        leaf_cache_answer(leaves[ca], buf_str(&answer));
    }
    buf_free(&request);
    buf_free(&answer);
    return leaf;
}

/* ---- the table ---- */

static struct answer *wait_for(struct world *w, enum answer_kind kind)
{
    struct stage *st = stage_of(w);
    check(st->answer_count < ANSWERS_MAX, "few answers are waited for");
    struct answer *a = &st->answers[st->answer_count++];
    *a = (struct answer){.kind = kind};
    return a;
}

static void world_send(struct world *w, struct link *link, struct buf *data)
{
    struct peer *to = peer_of(link);
    (void)w;
    check(to->is_open && !to->is_shut, "nothing is sent after the end");
    check(link->queued <= QUEUE_MAX, "queues are bounded");
    if (to->is_blocked)
        link->queued += data->n;
    buf_append_str(&to->from_session, buf_str(data));
    buf_free(data);
}

static void world_pause(struct world *w, struct link *link)
{
    (void)w;
    check(peer_of(link)->is_open, "what is closed is not paused");
    link->is_paused = true;
}

static void world_resume(struct world *w, struct link *link)
{
    (void)w;
    check(peer_of(link)->is_open, "what is closed is not resumed");
    link->is_paused = false;
}

static void world_shutdown(struct world *w, struct link *link)
{
    (void)w;
    check(peer_of(link)->is_open, "what is closed is not shut down");
    peer_of(link)->is_shut = true;
}

static void world_close(struct world *w, struct link *link)
{
    (void)w;
    check(peer_of(link)->is_open, "a link is closed once");
    peer_of(link)->is_open = false;
}

static struct peer *peer_add(struct stage *st)
{
    check(st->peer_count < LINKS_MAX, "connections are few");
    struct peer *peer = &st->peers[st->peer_count++];
    *peer = (struct peer){.is_open = true};
    return peer;
}

static struct link *world_dial(
    struct world *w, struct session *session, struct str host, uint16_t port)
{
    struct peer *peer = peer_add(stage_of(w));
    (void)port;
    check(!stage_of(w)->is_done, "a session that is over dials nobody");
    peer->is_origin = true;
    peer->ends = stage_of(w)->is_leaving;
    peer->link.session = session;
    snprintf(peer->host, sizeof peer->host, "%.*s", STR_ARG(host));
    wait_for(w, DIALED)->peer = peer;
    return &peer->link;
}

static enum err world_mint(struct world *w, struct session *session,
    struct str host, struct leaf **leaf_out)
{
    (void)session;
    if (stage_of(w)->mints_later) {
        buf_append_str(&wait_for(w, MINTED)->text, host);
        return ERR_AGAIN;
    }
    *leaf_out = leaf_for(0, host);
    return *leaf_out != NULL ? OK : ERR_PARSE;
}

static bool is_listed(const struct id_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->ids[i], id) == 0)
            return true;
    return false;
}

static void list_id(struct id_list *list, const char *id)
{
    if (list->count < RECORDS_MAX)
        memcpy(list->ids[list->count++], id, UUID_TEXT_BYTES);
}

/* Whatever comes of an activity, its last record is its last, unless another
 * request is found to be the same once more (the store takes the later try,
 * whichever ends first), or fetches what it was about once more (it comes once
 * per file). */
static void check_record(struct stage *st, const struct record *record)
{
    struct str json = buf_str(&record->json);
    if (str_has(json, "\"attempts\":"))
        list_id(&st->tried_again, record->id);
    bool has_sequel = str_has(json, "\"activity\":\"file.") ||
                      str_has(json, "_with_file.downloaded\"") ||
                      is_listed(&st->tried_again, record->id);
    check(record->kind == RECORD_VOID || has_sequel ||
              !is_listed(&st->over, record->id),
        "nothing is recorded behind the last record");
    if (record->kind == RECORD_DONE)
        list_id(&st->over, record->id);
}

static void world_record(struct world *w, struct session *session,
    uint64_t token, struct record *record)
{
    (void)session;
    check_record(stage_of(w), record);
    if (token != 0) {
        struct answer *a = wait_for(w, RECORDED);
        a->token = token;
        buf_take(&a->text, &record->json);
    }
    buf_free(&record->json);
}

static void world_keep(struct world *w, struct session *session, uint64_t token,
    struct str question)
{
    struct stage *st = stage_of(w);
    struct buf answer = {0};
    (void)session;
    keep_handle(st->keep, question, (int64_t)st->now_ms, &answer);
    if (token != 0) {
        struct answer *a = wait_for(w, KEPT);
        a->token = token;
        buf_take(&a->text, &answer);
    }
    buf_free(&answer);
}

static void world_extract(struct world *w, struct session *session,
    uint64_t token, struct str document)
{
    struct answer *a = wait_for(w, EXTRACTED);
    (void)session;
    a->token = token;
    buf_append_str(&a->text, document);
}

static void world_authenticate(struct world *w, struct session *session,
    struct str user, struct str password)
{
    (void)session;
    (void)user;
    (void)password;
    wait_for(w, LOGIN);
}

static void world_set_timer(
    struct world *w, struct session *session, uint64_t at_ms)
{
    (void)session;
    stage_of(w)->timer_ms = at_ms;
}

static void world_later(struct world *w, struct session *session)
{
    (void)session;
    wait_for(w, LATER);
}

static uint64_t world_now_ms(struct world *w)
{
    return stage_of(w)->now_ms;
}

static bool world_is_ready(struct world *w)
{
    return !stage_of(w)->is_unready;
}

static bool world_is_short(struct world *w)
{
    return stage_of(w)->is_short;
}

static void world_done(struct world *w, struct session *session)
{
    (void)session;
    check(!stage_of(w)->is_done, "a session ends once");
    stage_of(w)->is_done = true;
}

static const struct world_ops session_world_ops = {
    .send = world_send,
    .pause = world_pause,
    .resume = world_resume,
    .shutdown = world_shutdown,
    .close = world_close,
    .abort = world_close,
    .dial = world_dial,
    .mint = world_mint,
    .record = world_record,
    .keep = world_keep,
    .extract = world_extract,
    .authenticate = world_authenticate,
    .is_ready = world_is_ready,
    .is_short = world_is_short,
    .set_timer = world_set_timer,
    .later = world_later,
    .now_ms = world_now_ms,
    .done = world_done,
};

/* ---- once a process ---- */

static bool any_host(void *context, struct str host)
{
    (void)context;
    (void)host;
    return true;
}

static void make_ca(int ca, struct buf *cert)
{
    struct buf key = {0}, leaf_key = {0};
    check(ca_create(STR("fuzz"), cert, &key) == OK &&
              ca_create_leaf_key(&leaf_key) == OK &&
              signer_new(buf_str(cert), buf_str(&key), any_host, NULL,
                  &signers[ca]) == OK,
        "an authority is made");
    leaves[ca] = leaf_cache_new(buf_str(&leaf_key), buf_str(cert), 64);
    buf_free(&key);
    buf_free(&leaf_key);
}

static const char session_keys[TLS_TICKET_KEY_BYTES];

static struct tls_context *context_of(struct bundle *bundle, struct diag *diag)
{
    struct tls_context *context = tls_context_new(
        bundle, str_make(session_keys, sizeof session_keys), diag);
    check(context != NULL, "TLS can be had");
    return context;
}

static void add_file(
    struct bundle *bundle, enum bundle_kind kind, const char *path)
{
    static char text[64 * 1024];
    FILE *f = fopen(path, "r");
    check(f != NULL, "run from the project's folder");
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    bundle_add(bundle, kind, str_of(path), str_make(text, n));
}

static const char session_detector[] = "detectors:\n"
                                       "  - id: word\n"
                                       "    type: credit-card\n"
                                       "    group: financial\n"
                                       "    severity: high\n"
                                       "    description: A word\n"
                                       "    patterns:\n"
                                       "      - anchor: 'secret'\n"
                                       "        match: 'secret'\n"
                                       "    confidence: {base: high}\n";

static const char session_policy[] = "mode: enforce\n"
                                     "default: allow\n"
                                     "rules:\n"
                                     "  - name: no-words\n"
                                     "    when: {type: [credit-card]}\n"
                                     "    verdict: block\n"
                                     "    severity: high\n"
                                     "    message: Not this.\n";

/* The shipped maps, one detector that blocks, the CA of leaves and that of
 * origins. */
static struct conf *make_conf(
    const char *settings, const struct buf *ca, const struct buf *root)
{
    static struct buf database; /* borrowed by the scanner */
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(
        &bundle, BUNDLE_SETTINGS, STR("promptgate.yaml"), str_of(settings));
    add_file(&bundle, BUNDLE_SERVICE, "conf/services/chatgpt.yaml");
    add_file(&bundle, BUNDLE_SERVICE, "conf/services/openai-api.yaml");
    bundle_add(
        &bundle, BUNDLE_POLICY, STR("policy.yaml"), str_of(session_policy));
    bundle_add(
        &bundle, BUNDLE_DETECTORS, STR("word.yaml"), str_of(session_detector));
    bundle_add(&bundle, BUNDLE_CA, STR("ca.pem"), buf_str(ca));
    bundle_add(&bundle, BUNDLE_ROOTS, STR("root.pem"), buf_str(root));
    struct conf *conf = conf_load(&bundle, &diag);
    if (conf == NULL)
        fputs(buf_cstr(&diag.text), stderr);
    check(conf != NULL, "the configuration loads");
    if (database.n == 0)
        check(rules_compile(conf->rules, &diag, &database) == OK, "compiles");
    check(scanner_new(conf->rules, buf_str(&database), &conf->scanner) == OK,
        "the detector can be used");
    conf->pool = channel_pool_new();
    conf->tls = context_of(&conf->bundle, &diag);
    diag_free(&diag);
    return conf;
}

/* Browsers trust the gateway's CA. */
static void make_far_end(const struct buf *ca)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_ROOTS, STR("ca.pem"), buf_str(ca));
    far_end = context_of(&bundle, &diag);
    bundle_free(&bundle);
}

#endif
