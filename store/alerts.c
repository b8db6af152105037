/*
 * See store/alerts.h.  Whether a rule is complete is asked of the activities
 * around the new one, earlier and later, so that the order in which they come
 * (two logs, and the wire) does not matter.
 */
#include "store/alerts.h"

#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#define HASH_NONFATAL_OOM 0
#include <uthash.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"

enum { HASH_BYTES = 16 };

struct mark { /* one activity */
    int64_t time_ms;
    uint8_t id[HASH_BYTES];
    uint64_t value; /* of `distinct` */
};

struct series { /* by time */
    struct mark *items;
    size_t count, cap;
};

struct key {
    uint8_t hash[HASH_BYTES];
    struct series events, before;
    bool has_fired;
    int64_t fired_ms;
    UT_hash_handle hh;
};

struct alerts {
    struct alert_rules *rules;
    struct key **keys; /* a table a rule, least recently used first */
};

/* What all rules ask of an activity. */
struct event {
    const json_t *json;
    int64_t time_ms;
    uint8_t id[HASH_BYTES];
    uint8_t log_id[HASH_BYTES]; /* of the event in the log; or the same */
};

/* ---- state --------------------------------------------------------------- */

struct alerts *alerts_new(struct alert_rules *rules)
{
    struct alerts *a = MEM_NEW(struct alerts);
    a->rules = alert_rules_ref(rules);
    a->keys =
        mem_calloc((rules != NULL ? rules->count : 0) + 1, sizeof *a->keys);
    return a;
}

static void drop_key(struct key **table, struct key *key)
{
    HASH_DEL(*table, key);
    mem_free(key->events.items);
    mem_free(key->before.items);
    mem_free(key);
}

void alerts_forget(struct alerts *a)
{
    for (size_t i = 0; a->rules != NULL && i < a->rules->count; i++)
        while (a->keys[i] != NULL)
            drop_key(&a->keys[i], a->keys[i]);
}

void alerts_free(struct alerts **alerts)
{
    struct alerts *a = *alerts;
    if (a == NULL)
        return;
    alerts_forget(a);
    alert_rules_unref(&a->rules);
    mem_free(a->keys);
    mem_free(a);
    *alerts = NULL;
}

const struct alert_rules *alerts_rules(const struct alerts *a)
{
    return a->rules;
}

static void hash_of(struct str text, uint8_t out[HASH_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    digest_sha256(text, digest);
    memcpy(out, digest, HASH_BYTES);
}

static struct key *key_of(struct key **table, const uint8_t hash[HASH_BYTES])
{
    struct key *key;
    HASH_FIND(hh, *table, hash, HASH_BYTES, key);
    if (key != NULL) {
        HASH_DEL(*table, key); /* the latest stands last */
    } else {
        if (HASH_COUNT(*table) >= ALERT_KEYS_MAX)
            drop_key(table, *table);
        key = MEM_NEW(struct key);
        memcpy(key->hash, hash, HASH_BYTES);
    }
    HASH_ADD(hh, *table, hash, HASH_BYTES, key);
    return key;
}

/* ---- series -------------------------------------------------------------- */

static bool is_same(const struct mark *mark, const struct event *event)
{
    return memcmp(mark->id, event->id, HASH_BYTES) == 0 ||
           memcmp(mark->id, event->log_id, HASH_BYTES) == 0;
}

static void remove_at(struct series *s, size_t i)
{
    memmove(
        &s->items[i], &s->items[i + 1], (s->count - i - 1) * sizeof *s->items);
    s->count--;
}

static bool is_known(const struct series *s, const struct event *event)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_same(&s->items[i], event))
            return true;
    return false;
}

/* Of one value only the latest counts. */
static bool has_later_value(struct series *s, const struct mark *mark)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].value != mark->value)
            continue;
        if (s->items[i].time_ms >= mark->time_ms)
            return true;
        remove_at(s, i);
        return false;
    }
    return false;
}

static void make_room(struct series *s, size_t limit)
{
    if (s->count == limit)
        remove_at(s, 0);
    if (s->count < s->cap)
        return;
    s->cap = s->cap == 0 ? 4 : s->cap * 2;
    s->items = mem_realloc(s->items, s->cap * sizeof *s->items);
}

/* False: it is there already, or too early to be kept. */
static bool add_mark(
    struct series *s, const struct mark *mark, size_t limit, bool is_distinct)
{
    if (is_distinct && has_later_value(s, mark))
        return false;
    if (s->count == limit && mark->time_ms < s->items[0].time_ms)
        return false;
    make_room(s, limit);
    size_t i = s->count;
    while (i > 0 && s->items[i - 1].time_ms > mark->time_ms)
        i--;
    memmove(&s->items[i + 1], &s->items[i], (s->count - i) * sizeof *s->items);
    s->items[i] = *mark;
    s->count++;
    return true;
}

static size_t count_between(const struct series *s, int64_t from, int64_t to)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        n += s->items[i].time_ms >= from && s->items[i].time_ms <= to;
    return n;
}

/* As many as the rule counts, within its time, the new one among them. */
static bool is_burst(
    const struct alert_rule *rule, const struct series *s, int64_t time_ms)
{
    for (size_t i = 0; i + rule->count <= s->count; i++) {
        int64_t first = s->items[i].time_ms;
        int64_t last = s->items[i + rule->count - 1].time_ms;
        if (first <= time_ms && time_ms <= last &&
            last - first <= rule->within_ms)
            return true;
    }
    return false;
}

/* Some activity of `when`, at most the window later than the new one, with
 * enough of `after` before it. */
static bool is_sequence(
    const struct alert_rule *rule, const struct key *key, int64_t time_ms)
{
    for (size_t i = 0; i < key->events.count; i++) {
        int64_t end = key->events.items[i].time_ms;
        int64_t start = end - rule->within_ms;
        if (start <= time_ms && time_ms <= end &&
            count_between(&key->before, start, end) >= rule->count)
            return true;
    }
    return false;
}

/* ---- rules --------------------------------------------------------------- */

static bool is_looked_at(const struct alert_rule *rule, const json_t *activity)
{
    return alert_matches(&rule->when, activity) &&
           !alert_matches(&rule->unless, activity);
}

static bool is_stateless(const struct alert_rule *rule)
{
    return rule->within_ms == 0;
}

/* The key that the activity counts under; NULL: it does not say. */
static struct key *find_key(struct alerts *a, size_t i, const json_t *activity)
{
    const struct alert_rule *rule = &a->rules->items[i];
    struct str part = STR_NONE;
    uint8_t hash[HASH_BYTES];
    char lower[256];
    if (rule->by.count > 0 && !alert_part_of(&rule->by, activity, &part))
        return NULL;
    if (part.n < sizeof lower) { /* mail addresses in any case */
        memcpy(lower, part.n > 0 ? part.p : "", part.n);
        str_lower(lower, part.n);
        part = str_make(lower, part.n);
    }
    hash_of(part, hash);
    return key_of(&a->keys[i], hash);
}

static bool make_mark(const struct alert_rule *rule, const struct event *event,
    struct mark *mark_out)
{
    struct str value = STR_NONE;
    uint8_t hash[HASH_BYTES];
    *mark_out = (struct mark){.time_ms = event->time_ms};
    memcpy(mark_out->id, event->log_id, HASH_BYTES);
    if (rule->distinct.count == 0)
        return true;
    if (!alert_part_of(&rule->distinct, event->json, &value))
        return false;
    hash_of(value, hash);
    memcpy(&mark_out->value, hash, sizeof mark_out->value);
    return true;
}

/* Puts it where the rule counts it; true: something new. */
static bool count_event(const struct alert_rule *rule, struct key *key,
    const struct event *event, bool is_event, bool is_before)
{
    struct mark mark;
    size_t limit = rule->count * 2;
    bool has_after = rule->after.is_present, is_new = false;
    bool is_distinct = rule->distinct.count > 0;
    bool has_value = make_mark(rule, event, &mark);
    if (is_before && has_value && !is_known(&key->before, event))
        is_new = add_mark(&key->before, &mark, limit, is_distinct);
    if (is_event && (has_value || has_after) && !is_known(&key->events, event))
        is_new |=
            add_mark(&key->events, &mark, limit, is_distinct && !has_after);
    return is_new;
}

static bool is_quiet(
    const struct alert_rule *rule, const struct key *key, int64_t time_ms)
{
    int64_t apart = time_ms - key->fired_ms;
    return key->has_fired && apart < rule->within_ms &&
           -apart < rule->within_ms;
}

static bool completes(struct alerts *a, size_t i, const struct event *event)
{
    const struct alert_rule *rule = &a->rules->items[i];
    bool is_event = is_looked_at(rule, event->json);
    bool is_before = alert_matches(&rule->after, event->json);
    if (!is_event && !is_before)
        return false;
    if (is_stateless(rule))
        return is_event;
    struct key *key = find_key(a, i, event->json);
    if (key == NULL || !count_event(rule, key, event, is_event, is_before))
        return false;
    bool is_complete = rule->after.is_present
                           ? is_sequence(rule, key, event->time_ms)
                           : is_burst(rule, &key->events, event->time_ms);
    if (!is_complete || is_quiet(rule, key, event->time_ms))
        return false;
    key->has_fired = true;
    key->fired_ms = event->time_ms;
    return true;
}

/* ---- activities ---------------------------------------------------------- */

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

/* One event of a log may be several activities, each with a target. */
static void hash_log_event(
    struct str event_id, const json_t *activity, uint8_t out[HASH_BYTES])
{
    static const struct alert_parts target = {{2}, 1};
    struct str name = text_of(json_object_get(activity, "target"), "name");
    struct digest *digest = digest_new();
    uint8_t sum[DIGEST_BYTES];
    if (name.n == 0)
        alert_part_of(&target, activity, &name);
    digest_update(digest, event_id);
    digest_update(digest, text_of(activity, "activity"));
    digest_update(digest, name);
    digest_final(&digest, sum);
    memcpy(out, sum, HASH_BYTES);
}

static bool read_event(const json_t *activity, struct event *event_out)
{
    const json_t *details = json_object_get(activity, "details");
    struct str event_id = text_of(details, "event_id");
    event_out->json = activity;
    if (clock_parse(text_of(activity, "time"), 0, &event_out->time_ms) != OK)
        return false;
    hash_of(text_of(activity, "id"), event_out->id);
    memcpy(event_out->log_id, event_out->id, HASH_BYTES);
    if (event_id.n > 0)
        hash_log_event(event_id, activity, event_out->log_id);
    return true;
}

static bool has_alert(const json_t *activity, struct str rule)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(activity, "alerts"), i, item)
    {
        if (str_eq(text_of(item, "rule"), rule))
            return true;
    }
    return false;
}

static int rank_of(const json_t *alert)
{
    struct str severity = text_of(alert, "severity");
    return str_is(severity, "high") ? 3 : str_is(severity, "medium") ? 2 : 1;
}

/* What the policy said stays; where it said nothing, the gravest counts. */
static void put_verdict(json_t *activity)
{
    static const char *const kept[] = {"rule", "reason", "severity"};
    struct str verdict = text_of(activity, "verdict");
    json_t *best = NULL, *item;
    size_t i;
    if (verdict.n > 0 && !str_is(verdict, "allow"))
        return;
    json_array_foreach(json_object_get(activity, "alerts"), i, item)
    {
        if (best == NULL || rank_of(item) > rank_of(best))
            best = item;
    }
    if (best == NULL)
        return;
    json_object_set_new(activity, "verdict", json_string("alert"));
    for (i = 0; i < ARRAY_LEN(kept); i++)
        json_object_set(activity, kept[i], json_object_get(best, kept[i]));
}

void alerts_carry(json_t *activity, json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        return;
    size_t i;
    json_t *item;
    if (!json_is_array(json_object_get(activity, "alerts")))
        json_object_set_new(activity, "alerts", json_array());
    json_array_foreach(list, i, item)
    {
        if (!has_alert(activity, text_of(item, "rule")))
            json_array_append(json_object_get(activity, "alerts"), item);
    }
    put_verdict(activity);
}

static void add_alert(json_t *activity, const struct alert_rule *rule)
{
    json_t *list = json_object_get(activity, "alerts");
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(activity, "alerts", list);
    }
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "rule", rule->name.p, "severity",
                  rule->severity, "reason", rule->message.p));
}

bool alerts_concern(const struct alerts *a, const json_t *activity)
{
    for (size_t i = 0; a->rules != NULL && i < a->rules->count; i++) {
        const struct alert_rule *rule = &a->rules->items[i];
        if (alert_matches(&rule->when, activity) ||
            alert_matches(&rule->after, activity))
            return true;
    }
    return false;
}

bool alerts_judge(struct alerts *a, json_t *activity)
{
    struct event event;
    bool is_changed = false;
    if (a->rules == NULL || !read_event(activity, &event))
        return false;
    for (size_t i = 0; i < a->rules->count; i++) {
        const struct alert_rule *rule = &a->rules->items[i];
        if (!completes(a, i, &event) || has_alert(activity, rule->name))
            continue;
        add_alert(activity, rule);
        is_changed = true;
    }
    if (is_changed)
        put_verdict(activity);
    return is_changed;
}

static void note(struct alerts *a, size_t i, const struct event *event)
{
    const struct alert_rule *rule = &a->rules->items[i];
    bool is_event = is_looked_at(rule, event->json);
    bool is_before = alert_matches(&rule->after, event->json);
    if (is_stateless(rule) || (!is_event && !is_before))
        return;
    struct key *key = find_key(a, i, event->json);
    if (key == NULL)
        return;
    count_event(rule, key, event, is_event, is_before);
    if (!has_alert(event->json, rule->name))
        return;
    if (!key->has_fired || event->time_ms > key->fired_ms)
        key->fired_ms = event->time_ms;
    key->has_fired = true;
}

void alerts_note(struct alerts *a, const json_t *activity)
{
    struct event event;
    if (a->rules == NULL || !read_event(activity, &event))
        return;
    for (size_t i = 0; i < a->rules->count; i++)
        note(a, i, &event);
}

/* ---- as text ------------------------------------------------------------- */

static json_t *json_of(struct str line)
{
    return json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
}

bool alerts_concern_line(
    const struct alerts *a, struct str line, int64_t *time_ms_out)
{
    json_t *activity = json_of(line);
    bool is_wanted =
        clock_parse(text_of(activity, "time"), 0, time_ms_out) == OK &&
        alerts_concern(a, activity);
    json_decref(activity);
    return is_wanted;
}

bool alerts_judge_line(struct alerts *a, struct str line, struct buf *line_out)
{
    json_t *activity = json_of(line);
    bool is_changed = alerts_judge(a, activity);
    if (is_changed) {
        char *text = json_dumps(activity, JSON_COMPACT);
        buf_append_str(line_out, str_of(text));
        free(text);
    }
    json_decref(activity);
    return is_changed;
}
