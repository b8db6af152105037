/*
 * See proxy/collector.h.  Each source is one feed, one HTTP client and what is
 * under way to the storer: WINDOW records at most.
 */
#include "proxy/collector.h"

#include <string.h>

#include "base/digest.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/stats.h"
#include "inspect/audit_log.h"
#include "inspect/compliance_log.h"
#include "proxy/collect_http.h"
#include "proxy/recorder.h"

enum {
    WINDOW = 128,            /* records under way */
    WINDOW_BYTES = 16 << 20, /* of them */
    EVENTS_A_TURN = 32,      /* then the loop has its turn */
    STORER_AGAIN_MS = 1000,  /* when it gave no cursor */
    ONCE_TRIES = 3,
};

enum { TOKEN_ASK = 1, TOKEN_CURSOR, TOKEN_EVENT };

struct source {
    struct collector *collector;
    enum collect_source which;
    struct feed_options options;
    struct feed *feed;
    struct collect_http *http;
    struct buf key;
    uv_timer_t timer;
    bool is_started, is_waiting, is_over; /* waiting: for HTTP or cursor */
    bool put_failed, at_end;              /* of the batch */
    size_t pending, pending_bytes;
    enum feed_alarm told;
};

struct collector {
    uv_loop_t *loop;
    struct collector_options options;
    struct collect_http_options http;
    struct buf roots;
    struct recorder *recorder;
    struct source sources[COLLECT_SOURCES];
    struct str_list tenant_types;
    struct arena arena;
    size_t count;
    unsigned closing;
};

/* ---- to the storer ---- */

static void pump(struct source *s);

/* Cursors are no activities, but records have ids. */
static void name_cursor(struct source *s, struct record *record)
{
    uint8_t digest[DIGEST_BYTES];
    digest_sha256(str_of(collect_source_name(s->which)), digest);
    clock_uuid7_of(0, digest, record->id);
}

static void ask_cursor(struct source *s)
{
    struct record record = {.kind = RECORD_ASK_CURSOR};
    name_cursor(s, &record);
    buf_append_str(&record.json, str_of(collect_source_name(s->which)));
    recorder_put(s->collector->recorder, s, TOKEN_ASK, &record);
}

static void put_cursor(struct source *s)
{
    struct record record = {.kind = RECORD_CURSOR};
    struct buf cursor = {0};
    struct jsonw w = {.out = &record.json};
    name_cursor(s, &record);
    feed_cursor(s->feed, &cursor);
    jsonw_object(&w);
    jsonw_key_cstr(&w, "name", collect_source_name(s->which));
    jsonw_key(&w, "cursor");
    jsonw_raw(&w, buf_str(&cursor));
    jsonw_close(&w);
    buf_free(&cursor);
    s->is_waiting = true;
    recorder_put(s->collector->recorder, s, TOKEN_CURSOR, &record);
}

static void count_activity(
    const struct source *s, const struct activity *activity)
{
    bool is_audit = s->which == COLLECT_AUDIT;
    stats_add(is_audit ? STAT_LOG_ROWS_AUDIT : STAT_LOG_ROWS_COMPLIANCE, 1);
    if (activity_detail(activity, "raw") != NULL)
        stats_add(
            is_audit ? STAT_LOG_UNKNOWN_AUDIT : STAT_LOG_UNKNOWN_COMPLIANCE, 1);
}

static void put_activity(struct source *s, const struct activity *activity)
{
    struct collector *c = s->collector;
    struct record record = {.kind = RECORD_DONE};
    memcpy(record.id, activity->id, sizeof record.id);
    names_write(c->options.conf->names, activity,
        (enum capture)c->options.conf->settings.capture, &record.json);
    s->pending++;
    s->pending_bytes += record.json.n;
    c->count++;
    count_activity(s, activity);
    if (c->options.on_stored != NULL)
        c->options.on_stored(c->options.owner, activity);
    recorder_put(c->recorder, s, TOKEN_EVENT, &record);
}

static void put_event(struct source *s, struct str json)
{
    struct collector *c = s->collector;
    const struct conf *conf = c->options.conf;
    struct log_env env = {.services = conf->services,
        .policy = conf->policy,
        .scanner = c->options.scanner,
        .evidence = conf->has_evidence ? &conf->evidence : NULL,
        .node = conf->settings.node};
    struct log_activities *list = MEM_NEW(struct log_activities);
    struct arena arena = {0};
    struct json_node *root;
    enum err err = json_parse(json, &arena, NULL, &root);
    if (err == OK)
        err = s->which == COLLECT_AUDIT ? audit_log_read(&env, root, list)
                                        : compliance_log_read(&env, root, list);
    if (err != OK)
        log_event(LOG_WARN, "collect.no-event",
            LOG_CSTR("source", collect_source_name(s->which)),
            LOG_INT("bytes", json.n));
    for (size_t i = 0; i < list->count; i++)
        put_activity(s, list->items[i]);
    log_activities_free(list);
    mem_free(list);
    arena_free(&arena);
}

/* True: the batch is through. */
static bool put_events(struct source *s)
{
    struct str json;
    int n = 0;
    while (!s->at_end && s->pending < WINDOW &&
           s->pending_bytes < WINDOW_BYTES && n++ < EVENTS_A_TURN) {
        if (feed_next_event(s->feed, &json) == OK)
            put_event(s, json);
        else
            s->at_end = true;
    }
    return s->at_end && s->pending == 0;
}

/* ---- steps ---- */

static void on_timer(uv_timer_t *timer)
{
    struct source *s = timer->data;
    if (s->is_started)
        pump(s);
    else
        ask_cursor(s);
}

static void on_reply(void *owner, const struct feed_reply *reply)
{
    struct source *s = owner;
    s->is_waiting = false;
    feed_on_reply(s->feed, reply, clock_wall_ms());
    pump(s);
}

static void end_source(struct source *s)
{
    struct collector *c = s->collector;
    s->is_over = true;
    for (size_t i = 0; i < COLLECT_SOURCES; i++)
        if (c->sources[i].feed != NULL && !c->sources[i].is_over)
            return;
    if (c->options.on_end != NULL)
        c->options.on_end(c->options.owner);
}

/* Once when it begins, and once when it is over. */
static void tell_alarm(struct source *s)
{
    enum feed_alarm alarm = feed_alarm(s->feed);
    if (alarm == s->told)
        return;
    stats_set(s->which == COLLECT_AUDIT ? STAT_LOG_ALARM_AUDIT
                                        : STAT_LOG_ALARM_COMPLIANCE,
        alarm != FEED_FINE);
    log_event(alarm == FEED_FINE ? LOG_INFO : LOG_WARN, "collect.alarm",
        LOG_CSTR("source", collect_source_name(s->which)),
        LOG_CSTR("what", feed_alarm_text(alarm)),
        LOG_INT("status", feed_last_status(s->feed)));
    s->told = alarm;
}

static void rest(struct source *s, int64_t now)
{
    int64_t wait = feed_wake_ms(s->feed) - now;
    tell_alarm(s);
    if (s->collector->options.is_once && feed_runs(s->feed) > 0)
        end_source(s);
    else
        uv_timer_start(&s->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void fetch(struct source *s)
{
    struct feed_request request;
    feed_request(s->feed, &request);
    s->is_waiting = true;
    collect_http_get(s->http, &request, buf_str(&s->key), on_reply, s);
}

static void end_batch(struct source *s, int64_t now)
{
    bool is_good = !s->put_failed;
    s->at_end = s->put_failed = false;
    feed_on_put(s->feed, is_good, now);
    pump(s);
}

static void pump(struct source *s)
{
    int64_t now = clock_wall_ms();
    if (s->is_waiting || s->is_over)
        return;
    uv_timer_stop(&s->timer);
    switch (feed_step(s->feed, now)) {
    case FEED_REST:
        rest(s, now);
        return;
    case FEED_GET:
        fetch(s);
        return;
    case FEED_PUT:
        if (put_events(s))
            end_batch(s, now);
        else if (!s->at_end && s->pending < WINDOW &&
                 s->pending_bytes < WINDOW_BYTES)
            uv_timer_start(&s->timer, on_timer, 0, 0);
        return;
    case FEED_SAVE:
        put_cursor(s);
        return;
    }
}

/* Records carry no size back: what is under way is counted as gone when
 * nothing is. */
static void on_put(struct source *s, enum err err)
{
    s->pending--;
    if (s->pending == 0)
        s->pending_bytes = 0;
    s->put_failed = s->put_failed || err != OK;
    if (s->pending == 0 || s->pending == WINDOW / 2)
        pump(s);
}

static void on_recorded(void *owner, uint64_t token, enum err err)
{
    struct source *s = owner;
    int64_t now = clock_wall_ms();
    if (token == TOKEN_EVENT) {
        on_put(s, err);
        return;
    }
    if (token == TOKEN_CURSOR) {
        s->is_waiting = false;
        feed_on_saved(s->feed, err == OK, now);
        pump(s);
        return;
    }
    if (err != OK) {
        uv_timer_start(&s->timer, on_timer, STORER_AGAIN_MS, 0);
        return;
    }
    s->is_started = true;
    feed_start(s->feed, recorder_text(s->collector->recorder), now);
    pump(s);
}

/* ---- life ---- */

static void find_tenant_types(struct collector *c)
{
    size_t n = 0;
    while (audit_log_tenant_type(n) != NULL)
        n++;
    c->tenant_types.items =
        arena_alloc(&c->arena, n * sizeof *c->tenant_types.items);
    c->tenant_types.count = n;
    for (size_t i = 0; i < n; i++)
        c->tenant_types.items[i] = str_of(audit_log_tenant_type(i));
}

static void make_source(struct collector *c, enum collect_source which)
{
    const struct settings *settings = &c->options.conf->settings;
    bool is_audit = which == COLLECT_AUDIT;
    const struct setting_log *log =
        is_audit ? &settings->audit_log : &settings->compliance_log;
    struct source *s = &c->sources[which];
    *s = (struct source){.collector = c, .which = which};
    buf_take(&s->key, &c->options.keys.keys[which]);
    uv_timer_init(c->loop, &s->timer);
    s->timer.data = s;
    if (s->key.n == 0)
        return;
    s->options = (struct feed_options){
        .kind = is_audit ? FEED_AUDIT : FEED_COMPLIANCE,
        .base_url = log->base_url,
        .principal = log->principal,
        .event_types = log->event_types,
        .interval_ms = log->interval_ms,
        .overlap_ms = log->overlap_ms,
        .first_ms = log->first_ms,
        .file_bytes_max = log->file_bytes,
        .tries = c->options.is_once ? ONCE_TRIES : 0,
    };
    if (is_audit && log->tenant_only)
        s->options.tenant_types = c->tenant_types;
    s->feed = feed_new(&s->options);
    s->http = collect_http_new(c->loop, &c->http);
    ask_cursor(s);
}

struct collector *collector_new(
    uv_loop_t *loop, const struct collector_options *options)
{
    struct collector *c = MEM_NEW(struct collector);
    const struct bundle *bundle = &options->conf->bundle;
    c->loop = loop;
    c->options = *options;
    for (size_t i = 0; i < bundle->count; i++) {
        if (bundle->files[i].kind != BUNDLE_ROOTS)
            continue;
        buf_append_str(&c->roots, bundle->files[i].text);
        buf_append_char(&c->roots, '\n');
    }
    find_tenant_types(c);
    c->http =
        (struct collect_http_options){.settings = &options->conf->settings,
            .resolver = options->resolver,
            .roots = buf_str(&c->roots),
            .proxy = options->conf->settings.collect_proxy};
    c->recorder =
        recorder_new(loop, options->defer, options->origin, on_recorded);
    for (size_t i = 0; i < COLLECT_SOURCES; i++)
        make_source(c, (enum collect_source)i);
    return c;
}

void collector_attach(struct collector *c, int fd)
{
    recorder_attach(c->recorder, fd);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct collector *c = ((struct source *)handle->data)->collector;
    if (++c->closing == COLLECT_SOURCES)
        mem_free(c);
}

void collector_free(struct collector **collector)
{
    struct collector *c = *collector;
    if (c == NULL)
        return;
    *collector = NULL;
    for (size_t i = 0; i < COLLECT_SOURCES; i++) {
        struct source *s = &c->sources[i];
        recorder_forget(c->recorder, s);
        collect_http_free(&s->http);
        feed_free(&s->feed);
        buf_wipe_free(&s->key);
        uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    }
    recorder_free(&c->recorder);
    buf_free(&c->roots);
    arena_free(&c->arena);
}

const char *collector_trouble(
    const struct collector *c, enum collect_source which)
{
    const struct source *s = &c->sources[which];
    if (s->feed == NULL)
        return NULL;
    if (feed_failed_runs(s->feed) > 0 || feed_alarm(s->feed) >= FEED_BROKEN)
        return feed_alarm(s->feed) == FEED_FINE
                   ? "the store took not all"
                   : feed_alarm_text(feed_alarm(s->feed));
    return feed_runs(s->feed) == 0 ? "there was no poll" : NULL;
}
