/*
 * What a log says of an event goes into activities here, without what must
 * not be kept; then their ids, their findings and the verdict.
 */
#include "inspect/log_event.h"

#include <string.h>

#include "base/digest.h"
#include "base/jsonw.h"
#include "base/mem.h"

enum {
    NESTING_MAX = 12, /* of JSON that is written again */
    RAW_BYTES_MAX = 4 * ACTIVITY_FACT_BYTES_MAX,
    KEY_CHARS_MIN = 16, /* behind "sk-": less is a word */
};
static const double SECONDS_MAX = 253402300799.0; /* the year 9999 */

void log_activities_free(struct log_activities *list)
{
    for (size_t i = 0; i < list->count; i++)
        activity_free(&list->items[i]);
    list->count = 0;
}

struct activity *log_event_add(
    struct log_activities *list, const struct log_env *env)
{
    if (list->count == LOG_ACTIVITIES_MAX)
        return NULL;
    struct activity *a = activity_new();
    a->node = arena_copy(&a->arena, env->node);
    list->items[list->count++] = a;
    return a;
}

enum err log_event_time(const struct json_node *node, int64_t *wall_ms_out)
{
    double seconds = 0;
    uint64_t whole;
    struct str text = json_str(node);
    if (str_to_u64(text, &whole) == OK && whole <= (uint64_t)SECONDS_MAX) {
        *wall_ms_out = (int64_t)whole * 1000;
        return OK;
    }
    if (json_is(node, JSON_STRING))
        return clock_parse(text, 0, wall_ms_out);
    if (json_double(node, &seconds) != OK || !(seconds >= 0) ||
        seconds > SECONDS_MAX)
        return ERR_PARSE;
    *wall_ms_out = (int64_t)(seconds * 1000.0);
    return OK;
}

bool log_event_name_is_good(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9');
        if (!is_word && c != '.' && c != '_' && c != '-')
            return false;
    }
    return name.n != 0 && name.n <= LOG_NAME_BYTES_MAX;
}

/* ---- what is not kept ------------------------------------------------ */

static bool is_secret_key(struct str key)
{
    static const char *const names[] = {
        "value", "values", "otp", "code", "tokens", "cookies", "private_key"};
    static const char *const ends[] = {"secret", "secrets", "token", "password",
        "passwd", "passphrase", "cookie", "authorization", "sensitive_id",
        "privatekey"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is_nocase(key, names[i]))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (str_ends_nocase(key, ends[i]))
            return true;
    return false;
}

static size_t key_chars(struct str s)
{
    size_t n = 0;
    while (n < s.n && (s.p[n] == '-' || s.p[n] == '_' || s.p[n] == '.' ||
                          (s.p[n] >= '0' && s.p[n] <= '9') ||
                          (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
                          (s.p[n] >= 'a' && s.p[n] <= 'z')))
        n++;
    return n;
}

/* A key or token of the service, in whatever member it stands. */
static bool has_key(struct str text)
{
    static const char *const starts[] = {"sk-", "sess-", "eyJ"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct str start = str_of(starts[i]), rest = text;
        for (size_t at; (at = str_find(rest, start)) < rest.n;) {
            rest = str_sub(rest, at + start.n, rest.n);
            if (key_chars(rest) >= KEY_CHARS_MIN)
                return true;
        }
    }
    return str_has(text, "PRIVATE KEY-----");
}

struct str log_event_text(const struct json_node *object, const char *key)
{
    struct str text = json_get_text(object, key);
    return has_key(text) ? STR_NONE : text;
}

static bool is_flag(const struct json_node *node)
{
    return node->kind == JSON_TRUE || node->kind == JSON_FALSE ||
           node->kind == JSON_NULL;
}

/* A switch may be called "value": that it is on is no secret. */
static bool is_kept(const struct json_node *node)
{
    if (node->key.n != 0 && is_secret_key(node->key) && !is_flag(node))
        return false;
    return node->kind != JSON_STRING || !has_key(node->text);
}

static bool is_room(const struct jsonw *w)
{
    return w->depth < NESTING_MAX && w->out->n < RAW_BYTES_MAX;
}

static void write_node(struct jsonw *w, const struct json_node *node)
{
    const struct json_node *c = node->first;
    switch (node->kind) {
    case JSON_STRING:
        jsonw_str(w, node->text);
        return;
    case JSON_NUMBER:
        jsonw_raw(w, node->text);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        jsonw_bool(w, node->kind == JSON_TRUE);
        return;
    case JSON_OBJECT:
        jsonw_object(w);
        for (; c != NULL && is_room(w); c = c->next) {
            if (!is_kept(c))
                continue;
            struct arena name = {0};
            jsonw_key(w, arena_copy(&name, c->key).p);
            arena_free(&name);
            write_node(w, c);
        }
        jsonw_close(w);
        return;
    case JSON_ARRAY:
        jsonw_array(w);
        for (; c != NULL && is_room(w); c = c->next)
            if (is_kept(c))
                write_node(w, c);
        jsonw_close(w);
        return;
    case JSON_NULL:
    case JSON_KEY:
    case JSON_ARRAY_END:
    case JSON_OBJECT_END:
        break;
    }
    jsonw_null(w);
}

static void add_json(
    struct activity *a, const char *key, const struct json_node *node)
{
    struct buf text = {0};
    struct jsonw w = {.out = &text};
    write_node(&w, node);
    activity_add_detail(a, key, buf_str(&text));
    buf_free(&text);
}

void log_event_keep_raw(struct activity *a, const struct json_node *event)
{
    add_json(a, "raw", event);
}

/* ---- details and changes ----------------------------------------------- */

static bool is_skipped(struct str key, const char *const *skip)
{
    for (; skip != NULL && *skip != NULL; skip++)
        if (str_is(key, *skip))
            return true;
    return false;
}

static bool is_plain_list(const struct json_node *list)
{
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        if (c->kind != JSON_STRING && c->kind != JSON_NUMBER)
            return false;
    return true;
}

static void add_detail(
    struct activity *a, const char *key, const struct json_node *node)
{
    int64_t number;
    switch (node->kind) {
    case JSON_STRING:
        activity_add_detail(a, key, node->text);
        return;
    case JSON_NUMBER:
        if (json_int(node, &number) == OK)
            activity_add_detail_number(a, key, number);
        else
            activity_add_detail(a, key, node->text);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        activity_add_detail_bool(a, key, node->kind == JSON_TRUE);
        return;
    case JSON_ARRAY:
        if (!is_plain_list(node)) {
            add_json(a, key, node);
            return;
        }
        for (const struct json_node *c = node->first; c != NULL; c = c->next)
            if (is_kept(c))
                activity_add_detail_item(a, key, c->text);
        return;
    case JSON_OBJECT:
        if (node->first != NULL)
            add_json(a, key, node);
        return;
    case JSON_NULL:
    case JSON_KEY:
    case JSON_ARRAY_END:
    case JSON_OBJECT_END:
        return;
    }
}

void log_event_details(
    struct activity *a, const struct json_node *object, const char *const *skip)
{
    if (!json_is(object, JSON_OBJECT))
        return;
    for (const struct json_node *c = object->first; c != NULL; c = c->next)
        if (c->key.n <= LOG_NAME_BYTES_MAX && !is_skipped(c->key, skip) &&
            is_kept(c))
            add_detail(a, arena_copy(&a->arena, c->key).p, c);
}

void log_event_changes(struct activity *a, const struct json_node *object)
{
    if (!json_is(object, JSON_OBJECT))
        return;
    for (const struct json_node *c = object->first; c != NULL; c = c->next)
        if (c->key.n <= LOG_NAME_BYTES_MAX)
            activity_add_change(a, c->key);
}

void log_event_client(struct activity *a, struct str ip, struct str user_agent,
    struct str ja3, struct str ja4, const struct json_node *place)
{
    static const char *const names[] = {"country", "city", "region", "asn"};
    if (ip.n <= LOG_NAME_BYTES_MAX)
        a->actor.ip = arena_copy(&a->arena, ip);
    activity_add_detail(a, "user_agent", user_agent);
    activity_add_detail(a, "ja3", ja3);
    activity_add_detail(a, "ja4", ja4);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        activity_add_detail(a, names[i], json_get_text(place, names[i]));
}

/* ---- the end ---- */

static void hash_node(struct digest *digest, const struct json_node *node)
{
    char kind = (char)('0' + (int)node->kind);
    digest_update(digest, node->key);
    digest_update(digest, str_make(&kind, 1));
    digest_update(digest, node->text);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        hash_node(digest, c);
}

/* Which event it is: of what the log sends more than once it is the same. */
static void hash_event(struct str via, struct str event_id,
    const struct json_node *event, uint8_t digest_out[DIGEST_BYTES])
{
    struct digest *digest = digest_new();
    digest_update(digest, via);
    digest_update(digest, STR("\n"));
    digest_update(digest, event_id);
    if (event_id.n == 0)
        hash_node(digest, event);
    digest_final(&digest, digest_out);
}

/* Several activities of one event differ in their last bits. */
static void identify(
    struct activity *a, const uint8_t digest[DIGEST_BYTES], size_t index)
{
    uint8_t bits[10];
    memcpy(bits, digest, sizeof bits);
    bits[9] = (uint8_t)(bits[9] + index);
    clock_uuid7_of(a->time_ms, bits, a->id);
}

static void scan_part(const struct log_env *env, struct activity *a,
    struct str text, enum where where)
{
    size_t first = a->findings.count;
    if (env->scanner == NULL || text.n == 0)
        return;
    scan_text(env->scanner, text, where, &a->findings);
    evidence_note(env->evidence, a, &a->findings, first, text, 0);
}

static void judge(const struct log_env *env, struct activity *a)
{
    bool is_answer = str_starts(a->name, "response");
    struct policy_subject subject = {
        .activity = a,
        .direction = is_answer ? DIRECTION_DOWN : DIRECTION_UP,
    };
    struct verdict verdict = {.kind = VERDICT_ALLOW};
    scan_part(
        env, a, buf_str(&a->content), is_answer ? WHERE_ANSWER : WHERE_PROMPT);
    for (size_t i = 0; i < a->file_count; i++)
        scan_part(env, a, a->files[i].name, WHERE_FILE_NAME);
    if (env->policy != NULL)
        policy_judge(env->policy, &subject, &verdict);
    if (is_answer && verdict.kind != VERDICT_ALLOW)
        verdict.kind = VERDICT_ALERT; /* as live: exchange_judge */
    policy_put_verdict(a, &verdict);
    if (verdict.kind == VERDICT_BLOCK)
        a->is_monitored = true;
    evidence_seal(env->evidence, a);
}

void log_event_finish(struct log_activities *list, const struct log_env *env,
    struct str event_id, const struct json_node *event)
{
    uint8_t digest[DIGEST_BYTES];
    if (list->count == 0)
        return;
    hash_event(list->items[0]->via, event_id, event, digest);
    for (size_t i = 0; i < list->count; i++) {
        struct activity *a = list->items[i];
        activity_add_detail(a, "event_id", event_id);
        identify(a, digest, i);
        judge(env, a);
    }
}
