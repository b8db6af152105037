/* How the node does: for the page that an operator looks at first. */
#include "console/parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/stats.h"
#include "certs/ca.h"

enum { LAG_BYTES_MAX = 64 << 20, PENDING_MAX = 1000 };
static const int64_t DAY_MS = 86400000;

struct health {
    struct call *call;
    const void *stats;
    struct browse_store store;
    struct ca_info ca;
    bool has_ca, is_bad;
    int64_t certificate_ms, now_ms;
    const char *problems[16];
    size_t problem_count;
};

static int64_t sum(const struct health *h, enum stats_counter counter)
{
    return stats_sum(h->stats, counter);
}

static void note(struct health *h, bool is, bool is_bad, const char *what)
{
    if (!is || h->problem_count == ARRAY_LEN(h->problems))
        return;
    h->is_bad = h->is_bad || is_bad;
    h->problems[h->problem_count++] = what;
}

static void look(struct health *h)
{
    note(h, sum(h, STAT_ROLES_STORER) < 1, true, "The storer does not run.");
    note(h, sum(h, STAT_ROLES_WORKER) < 1, true, "No worker runs.");
    note(h, sum(h, STAT_ROLES_SIGNER) < 1, true, "The signer does not run.");
    note(h, sum(h, STAT_ROLES_KEEPER) < 1, false, "The keeper does not run.");
    note(h, sum(h, STAT_ROLES_EXTRACTOR) < 1, false,
        "The extractor does not run.");
    note(h, sum(h, STAT_JOURNAL_FAILURES) > 0, true,
        "Records could not be written to the journal.");
    note(h, sum(h, STAT_RECORDS_PENDING) > PENDING_MAX, false,
        "Many records wait for the storer.");
    note(h, sum(h, STAT_INDEX_LAG_BYTES) > LAG_BYTES_MAX, false,
        "The index is far behind the journal.");
    note(h, h->store.unfilled > 0, false,
        "Older activities are still being indexed.");
    note(h, h->has_ca && h->ca.not_after_ms < h->now_ms, true,
        "The CA's certificate has ended.");
    note(h, h->has_ca && h->ca.not_after_ms < h->now_ms + 30 * DAY_MS, false,
        "The CA's certificate ends within 30 days.");
    note(h, h->certificate_ms < h->now_ms + DAY_MS, false,
        "The console's certificate ends within a day.");
    note(h, sum(h, STAT_MAP_DRIFT) > 0, false,
        "Some requests are not as the service maps say.");
    note(h, sum(h, STAT_LOG_ALARM_AUDIT) > 0, false,
        "The audit log is not read as it should be (collect.alarm).");
    note(h, sum(h, STAT_LOG_ALARM_COMPLIANCE) > 0, false,
        "The compliance log is not read as it should be (collect.alarm).");
    note(h, sum(h, STAT_RELOADS_FAILED) > 0, false,
        "A changed configuration was refused.");
}

static void write_time(struct jsonw *w, const char *key, int64_t time_ms)
{
    char text[CLOCK_TEXT_BYTES];
    if (time_ms == 0)
        return;
    clock_format(time_ms, text);
    jsonw_key_cstr(w, key, text);
}

static void open_key(struct jsonw *w, const char *key)
{
    jsonw_key(w, key);
    jsonw_object(w);
}

static void write_state(const struct health *h, struct jsonw *w)
{
    const struct console_options *o = &h->call->console->options;
    jsonw_key_cstr(w, "status",
        h->is_bad              ? "bad"
        : h->problem_count > 0 ? "warning"
                               : "good");
    jsonw_key(w, "problems");
    jsonw_array(w);
    for (size_t i = 0; i < h->problem_count; i++)
        jsonw_str(w, str_of(h->problems[i]));
    jsonw_close(w);
    jsonw_key_str(w, "node", o->node);
    jsonw_key_cstr(w, "version", o->version);
    write_time(w, "time", h->now_ms);
}

static void write_roles(const struct health *h, struct jsonw *w)
{
    static const struct {
        const char *name;
        enum stats_counter gauge;
    } roles[] = {
        {"signer", STAT_ROLES_SIGNER},
        {"storer", STAT_ROLES_STORER},
        {"keeper", STAT_ROLES_KEEPER},
        {"extractor", STAT_ROLES_EXTRACTOR},
        {"console", STAT_ROLES_CONSOLE},
        {"worker", STAT_ROLES_WORKER},
    };
    jsonw_key(w, "roles");
    jsonw_array(w);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        jsonw_object(w);
        jsonw_key_cstr(w, "role", roles[i].name);
        jsonw_key_int(w, "running", sum(h, roles[i].gauge));
        jsonw_close(w);
    }
    jsonw_close(w);
}

static void write_counters(const struct health *h, struct jsonw *w)
{
    static const struct {
        const char *name;
        enum stats_counter counter;
    } counters[] = {
        {"connections", STAT_CONNECTIONS_OPEN},
        {"requests_total", STAT_REQUESTS},
        {"activities_total", STAT_ACTIVITIES},
        {"blocked_total", STAT_VERDICT_BLOCK},
        {"alerted_total", STAT_VERDICT_ALERT},
        {"upstream_failures_total", STAT_UPSTREAM_FAILED},
        {"journal_records_total", STAT_JOURNAL_RECORDS},
        {"journal_failures_total", STAT_JOURNAL_FAILURES},
        {"role_restarts_total", STAT_ROLE_RESTARTS},
        {"reloads_total", STAT_RELOADS},
    };
    open_key(w, "counters");
    for (size_t i = 0; i < ARRAY_LEN(counters); i++)
        jsonw_key_int(w, counters[i].name, sum(h, counters[i].counter));
    jsonw_close(w);
}

/* The logs that are polled: how far, and whether as it should be. */
static const struct {
    const char *name;
    enum stats_counter alarm;
} polled[] = {
    {"audit-log", STAT_LOG_ALARM_AUDIT},
    {"compliance-log", STAT_LOG_ALARM_COMPLIANCE},
};

struct collectors {
    const struct health *health;
    struct jsonw *w;
};

static void on_cursor(void *context, struct str name, struct str json)
{
    struct collectors *c = context;
    bool has_alarm = false;
    for (size_t i = 0; i < ARRAY_LEN(polled); i++)
        has_alarm = has_alarm || (str_is(name, polled[i].name) &&
                                     sum(c->health, polled[i].alarm) > 0);
    jsonw_object(c->w);
    jsonw_key_str(c->w, "name", name);
    jsonw_key(c->w, "cursor");
    jsonw_raw(c->w, json);
    jsonw_key_bool(c->w, "alarm", has_alarm);
    jsonw_close(c->w);
}

static enum err write_collectors(
    const struct health *h, struct query *query, struct jsonw *w)
{
    struct collectors collectors = {.health = h, .w = w};
    jsonw_key(w, "collectors");
    jsonw_array(w);
    enum err err = browse_cursors(query, on_cursor, &collectors);
    jsonw_close(w);
    return err;
}

static void on_node(void *context, const struct browse_node *node)
{
    struct jsonw *w = context;
    jsonw_object(w);
    jsonw_key_str(w, "name", node->name);
    call_write_time(w, "last", node->last_ms);
    if (node->delay_ms >= 0)
        jsonw_key_int(w, "delay_ms", node->delay_ms);
    jsonw_close(w);
}

static enum err write_nodes(struct query *query, struct jsonw *w)
{
    jsonw_key(w, "nodes");
    jsonw_array(w);
    enum err err = browse_nodes(query, on_node, w);
    jsonw_close(w);
    return err;
}

static void write_bound(struct jsonw *w, const char *key, int64_t us)
{
    jsonw_key(w, key);
    if (us == INT64_MAX)
        jsonw_null(w);
    else
        jsonw_int(w, us);
}

/* What this node's workers have measured since it started. */
static void write_latency(const struct health *h, struct jsonw *w)
{
    static const struct {
        const char *name;
        enum histogram histogram;
    } times[] = {
        {"hold", HIST_HOLD_TIME},
        {"scan", HIST_SCAN_TIME},
        {"commit", HIST_COMMIT_TIME},
    };
    open_key(w, "latency");
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct stats_summary s;
        stats_summarize(h->stats, times[i].histogram, &s);
        open_key(w, times[i].name);
        jsonw_key_int(w, "count", s.count);
        if (s.count > 0) {
            write_bound(w, "p50_us", s.p50_us);
            write_bound(w, "p95_us", s.p95_us);
            write_bound(w, "p99_us", s.p99_us);
        }
        jsonw_close(w);
    }
    jsonw_close(w);
}

static void write_rest(const struct health *h, struct jsonw *w)
{
    open_key(w, "queues");
    jsonw_key_int(w, "records_pending", sum(h, STAT_RECORDS_PENDING));
    jsonw_key_int(w, "index_lag_bytes", sum(h, STAT_INDEX_LAG_BYTES));
    jsonw_key_int(w, "held_bytes", sum(h, STAT_HELD_BYTES));
    jsonw_key_int(w, "unfilled", h->store.unfilled);
    jsonw_close(w);
    open_key(w, "certificate");
    write_time(w, "expires", h->certificate_ms);
    jsonw_close(w);
    open_key(w, "ca");
    if (h->has_ca) {
        write_time(w, "expires", h->ca.not_after_ms);
        jsonw_key_cstr(w, "sha256", h->ca.sha256);
    }
    jsonw_close(w);
    open_key(w, "drift");
    jsonw_key_int(w, "map_drift", sum(h, STAT_MAP_DRIFT));
    jsonw_key_int(w, "unclassified", sum(h, STAT_UNCLASSIFIED));
    jsonw_key_int(w, "failures", sum(h, STAT_FAILURES));
    jsonw_close(w);
    open_key(w, "store");
    jsonw_key_int(w, "bytes", h->store.bytes);
    jsonw_key_int(w, "activities", h->store.activities);
    write_time(w, "oldest", h->store.oldest_ms);
    write_time(w, "newest", h->store.newest_ms);
    jsonw_close(w);
}

void api_health(struct call *call)
{
    struct console *c = call->console;
    struct health h = {
        .call = call, .stats = c->options.stats, .now_ms = clock_wall_ms()};
    struct query *query;
    struct jsonw w = {.out = &call->response->body};
    if (call_query(call, &query) != OK)
        return;
    enum err err = browse_store(query, &h.store);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    h.has_ca = ca_read(c->options.ca_pem, &h.ca) == OK;
    pthread_mutex_lock(&c->lock);
    h.certificate_ms = c->certificate_ms;
    pthread_mutex_unlock(&c->lock);
    look(&h);
    jsonw_object(&w);
    write_state(&h, &w);
    write_roles(&h, &w);
    write_rest(&h, &w);
    write_counters(&h, &w);
    write_latency(&h, &w);
    struct running *running = running_ref(c);
    if (running != NULL) {
        jsonw_key(&w, "modes");
        modes_write(running_get(running), &w);
    }
    running_unref(c, &running);
    err = write_nodes(query, &w);
    if (err == OK)
        err = write_collectors(&h, query, &w);
    jsonw_close(&w);
    call_end(call, err);
}
