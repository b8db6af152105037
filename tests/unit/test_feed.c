/*
 * proxy/feed.h against a server that does what servers do: pages in both
 * directions, circles, cut and doubled answers, 429, 5xx, events and files that
 * show up late; and a collector that is killed anywhere.  Ten thousand
 * histories: no event lost.  (Doubled ones are one by their id: that is
 * inspect/log_event.h's and store/'s.)
 */
#include "proxy/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"

enum {
    HISTORIES = 10000,
    THINGS_MAX = 80,
    SPAN_S = 4000,
    START_S = 1767600000,
    LATE_MS = 500000, /* less than the overlap */
};

enum habit { BY_AFTER, BY_BEFORE, BY_NOTHING };

struct thing { /* an event; of the compliance log a file */
    char id[24];
    int64_t at_s, visible_ms;
    unsigned type;
    bool is_stored;
    unsigned lines, stored_lines;
};

struct world {
    unsigned seed;
    enum feed_kind kind;
    enum habit habit;
    bool is_rising, says_no_last, is_calm;
    size_t page, count;
    unsigned fault_percent;
    struct thing things[THINGS_MAX];
    int64_t now_ms;
    char cursor[4096];
    struct feed_options options;
    struct feed *feed;
};

static unsigned roll(struct world *w, unsigned sides)
{
    w->seed = w->seed * 1103515245u + 12345u;
    return (w->seed >> 13) % sides;
}

static bool fails(struct world *w)
{
    return !w->is_calm && roll(w, 100) < w->fault_percent;
}

/* ---- the servers ---- */

static bool parameter(struct str url, const char *name, char out[64])
{
    size_t at = str_find(url, str_of(name));
    size_t n = 0;
    out[0] = '\0';
    if (at == url.n)
        return false;
    for (at += strlen(name); at < url.n && url.p[at] != '&' && n < 63; at++) {
        if (url.p[at] == '%') {
            out[n++] = (char)(str_hex_value(url.p[at + 1]) * 16 +
                              str_hex_value(url.p[at + 2]));
            at += 2;
        } else {
            out[n++] = url.p[at];
        }
    }
    out[n] = '\0';
    return true;
}

static struct world *sorting;

static int by_time(const void *a, const void *b)
{
    const struct thing *x = &sorting->things[*(const size_t *)a];
    const struct thing *y = &sorting->things[*(const size_t *)b];
    int order = x->at_s != y->at_s ? (x->at_s < y->at_s ? -1 : 1)
                                   : strcmp(x->id, y->id);
    return sorting->kind == FEED_COMPLIANCE || sorting->is_rising ? order
                                                                  : -order;
}

static size_t select_visible(struct world *w, int64_t low, int64_t high,
    int type, size_t out[THINGS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct thing *t = &w->things[i];
        if (t->visible_ms <= w->now_ms && t->at_s >= low && t->at_s <= high &&
            (type < 0 || t->type == (unsigned)type))
            out[n++] = i;
    }
    sorting = w;
    qsort(out, n, sizeof out[0], by_time);
    return n;
}

static size_t place_of(
    struct world *w, const size_t *list, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(w->things[list[i]].id, id) == 0)
            return i;
    return n;
}

/* Where the page begins that the cursor asks for. */
static size_t page_start(
    struct world *w, struct str url, const size_t *list, size_t n, size_t *to)
{
    char id[64];
    size_t at = 0;
    *to = n;
    if (w->habit == BY_NOTHING)
        return 0;
    if (parameter(url, "&after=", id)) {
        at = place_of(w, list, n, id);
        if (w->habit == BY_AFTER)
            return at + (at < n);
        *to = at; /* what is newer */
        return 0;
    }
    if (parameter(url, "&before=", id)) {
        at = place_of(w, list, n, id);
        if (w->habit == BY_BEFORE)
            return at + (at < n);
        *to = at;
    }
    return 0;
}

static void audit_page(struct world *w, struct str url, struct buf *out)
{
    size_t list[THINGS_MAX], to;
    char text[64], type[64];
    parameter(url, "gte%5D=", text);
    int64_t low = atoll(text);
    parameter(url, "lte%5D=", text);
    int tenant = parameter(url, "event_types%5B%5D=", type) ? 1 : 0;
    size_t n = select_visible(w, low, atoll(text), tenant, list);
    size_t at = page_start(w, url, list, n, &to);
    size_t end = at + w->page < to ? at + w->page : to;
    buf_append_str(out, STR("{\"data\":["));
    for (size_t i = at; i < end; i++) {
        const struct thing *t = &w->things[list[i]];
        for (unsigned twice = 0; twice < 1 + (roll(w, 20) == 0); twice++)
            buf_printf(out,
                "%s{\"id\":\"%s\",\"type\":\"a.b\",\"effective_at\":%lld}",
                i != at || twice != 0 ? "," : "", t->id, (long long)t->at_s);
    }
    buf_printf(out, "],\"has_more\":%s", end < to ? "true" : "false");
    if (end > at && !w->says_no_last)
        buf_printf(out, ",\"last_id\":\"%s\"}", w->things[list[end - 1]].id);
    else
        buf_append_str(out, STR(",\"last_id\":null}"));
}

static void file_text(const struct thing *t, struct buf *out)
{
    for (unsigned i = 0; i < t->lines; i++)
        buf_printf(out, "{\"event_id\":\"%s-%u\",\"type\":\"T\"}\n", t->id, i);
}

static void file_page(struct world *w, struct str url, struct buf *out)
{
    size_t list[THINGS_MAX];
    char text[64];
    int64_t after_ms = 0;
    parameter(url, "&after=", text);
    assert_int_equal(clock_parse(str_of(text), 0, &after_ms), OK);
    int type = str_has(url, "event_type=ONE") ? 0 : 1;
    size_t n = select_visible(w, after_ms / 1000, INT64_MAX / 2, type, list);
    size_t end = n < w->page ? n : w->page;
    buf_append_str(out, STR("{\"data\":["));
    for (size_t i = 0; i < end; i++) {
        struct buf body = {0};
        char sum[DIGEST_HEX_BYTES];
        file_text(&w->things[list[i]], &body);
        digest_sha256_hex(buf_str(&body), sum);
        buf_printf(out,
            "%s{\"id\":\"%s\",\"file_size\":%zu,\"file_sha256\":\"%s\"}",
            i != 0 ? "," : "", w->things[list[i]].id, body.n, sum);
        buf_free(&body);
    }
    buf_printf(out, "],\"has_more\":%s", end < n ? "true" : "false");
    if (end > 0) {
        char last[CLOCK_TEXT_BYTES];
        clock_format(w->things[list[end - 1]].at_s * 1000, last);
        buf_printf(out, ",\"last_end_time\":\"%s\"}", last);
    } else {
        buf_append_str(out, STR(",\"last_end_time\":null}"));
    }
}

static struct thing *thing_of(struct world *w, struct str url)
{
    size_t at = url.n;
    while (at > 0 && url.p[at - 1] != '/')
        at--;
    for (size_t i = 0; i < w->count; i++)
        if (str_is(str_sub(url, at, url.n), w->things[i].id))
            return &w->things[i];
    fail_msg("no such file: %.*s", STR_ARG(url));
    return NULL;
}

static void serve(struct world *w, const struct feed_request *request,
    struct feed_reply *reply, struct buf *body, struct buf *location)
{
    bool is_signed = str_starts(request->url, "https://signed.example/");
    assert_int_equal(request->has_key, !is_signed);
    *reply = (struct feed_reply){
        .status = 200, .retry_after_ms = -1, .should_retry = -1};
    if (w->kind == FEED_AUDIT) {
        audit_page(w, request->url, body);
    } else if (str_has(request->url, "/logs?")) {
        file_page(w, request->url, body);
    } else if (is_signed) {
        file_text(thing_of(w, request->url), body);
    } else {
        reply->status = 307;
        buf_printf(location, "https://signed.example/%s",
            thing_of(w, request->url)->id);
    }
    if (fails(w)) {
        static const int codes[] = {0, 429, 500, 502, 503};
        unsigned kind = roll(w, 7);
        if (kind < 5) {
            reply->status = codes[kind];
            reply->retry_after_ms = roll(w, 2) == 0 ? 700 : -1;
            buf_clear(body);
        } else if (body->n != 0) {
            buf_truncate(body, roll(w, (unsigned)body->n));
        }
    }
    reply->body = buf_str(body);
    reply->location = buf_str(location);
}

/* ---- the collector ---- */

static void store_event(struct world *w, struct str json)
{
    size_t at = str_find(json, STR("id\":\"")) + 5;
    struct str id = str_sub(json, at, json.n);
    id.n = str_find_char(id, '"');
    struct str name = str_sub(id, 0, str_find_char(id, '-'));
    for (size_t i = 0; i < w->count; i++) {
        struct thing *t = &w->things[i];
        if (!str_is(name, t->id))
            continue;
        t->is_stored = true;
        if (w->kind == FEED_COMPLIANCE)
            t->stored_lines |=
                1u << (unsigned)atoi(id.p + name.n + (name.n < id.n));
        return;
    }
    fail_msg("an event that never was: %.*s", STR_ARG(json));
}

static void put_events(struct world *w)
{
    struct str json;
    while (feed_next_event(w->feed, &json) == OK) {
        if (fails(w) && roll(w, 10) == 0) {
            feed_on_put(w->feed, false, w->now_ms);
            return;
        }
        store_event(w, json);
    }
    feed_on_put(w->feed, true, w->now_ms);
}

static void save_cursor(struct world *w)
{
    struct buf text = {0};
    bool is_good = !fails(w);
    feed_cursor(w->feed, &text);
    assert_true(text.n < sizeof w->cursor);
    if (is_good)
        snprintf(w->cursor, sizeof w->cursor, "%s", buf_cstr(&text));
    buf_free(&text);
    feed_on_saved(w->feed, is_good, w->now_ms);
}

static void restart(struct world *w)
{
    feed_free(&w->feed);
    w->feed = feed_new(&w->options);
    feed_start(w->feed, str_of(w->cursor), w->now_ms);
}

static void one_step(struct world *w)
{
    struct feed_request request;
    struct feed_reply reply;
    struct buf body = {0}, location = {0};
    if (!w->is_calm && roll(w, 400) == 0)
        restart(w);
    switch (feed_step(w->feed, w->now_ms)) {
    case FEED_REST:
        w->now_ms = feed_wake_ms(w->feed) + (int64_t)roll(w, 50);
        break;
    case FEED_GET:
        feed_request(w->feed, &request);
        serve(w, &request, &reply, &body, &location);
        w->now_ms += 20;
        feed_on_reply(w->feed, &reply, w->now_ms);
        break;
    case FEED_PUT:
        put_events(w);
        break;
    case FEED_SAVE:
        save_cursor(w);
        break;
    }
    buf_free(&body);
    buf_free(&location);
}

static struct str TYPES[] = {{"ONE", 3}, {"TWO", 3}};
static struct str TENANT[] = {{"tenant.a", 8}};

static void make_options(struct world *w)
{
    w->options = (struct feed_options){
        .kind = w->kind,
        .base_url = STR("https://api.example/v1"),
        .principal = STR("ws"),
        .interval_ms = 300000,
        .overlap_ms = 600000,
        .first_ms = 3600000,
        .file_bytes_max = 1 << 20,
    };
    if (w->kind == FEED_COMPLIANCE)
        w->options.event_types = (struct str_list){TYPES, 2};
    else
        w->options.tenant_types = (struct str_list){TENANT, 1};
}

/* Fewer at one second than a page has: more than that no cursor can tell
 * apart on a server that ignores it. */
static void make_things(struct world *w)
{
    w->count = roll(w, THINGS_MAX + 1);
    for (size_t i = 0; i < w->count; i++) {
        struct thing *t = &w->things[i];
        snprintf(t->id, sizeof t->id, "e%zu", i);
        t->type = roll(w, 4) == 0;
        t->lines = 1 + roll(w, 5);
        size_t same;
        do {
            t->at_s = START_S + (int64_t)roll(w, SPAN_S);
            if (roll(w, 3) == 0 && i > 0)
                t->at_s = w->things[i - 1].at_s;
            same = 0;
            for (size_t j = 0; j < i; j++)
                same += w->things[j].at_s == t->at_s;
        } while (same + 1 >= w->page);
        t->visible_ms =
            t->at_s * 1000 + (roll(w, 4) == 0 ? (int64_t)roll(w, LATE_MS) : 0);
    }
}

static void run_history(unsigned seed)
{
    struct world *w = MEM_NEW(struct world);
    w->seed = seed;
    w->kind = roll(w, 2) == 0 ? FEED_AUDIT : FEED_COMPLIANCE;
    w->habit = (enum habit)roll(w, 3);
    w->is_rising = w->habit == BY_AFTER && roll(w, 5) == 0;
    w->says_no_last = roll(w, 8) == 0;
    w->page = 3 + roll(w, 12);
    w->fault_percent = roll(w, 3) * 15;
    make_options(w);
    make_things(w);
    w->now_ms = (int64_t)START_S * 1000;
    restart(w);
    while (w->now_ms < (START_S + SPAN_S) * 1000LL + LATE_MS)
        one_step(w);
    w->is_calm = true;
    restart(w);
    w->now_ms += 1;
    for (int steps = 0; feed_runs(w->feed) < 2; steps++) {
        one_step(w);
        if (steps > 10000)
            fail_msg("history %u does not come to rest", seed);
    }
    assert_int_equal(feed_failed_runs(w->feed), 0);
    for (size_t i = 0; i < w->count; i++) {
        const struct thing *t = &w->things[i];
        bool is_whole =
            w->kind == FEED_AUDIT || t->stored_lines == (1u << t->lines) - 1;
        if (!t->is_stored || !is_whole)
            fail_msg("history %u (feed %d, habit %d%s%s, pages of %zu): %s of "
                     "%lld, visible %lld, is lost",
                seed, w->kind, w->habit, w->is_rising ? ", rising" : "",
                w->says_no_last ? ", no last_id" : "", w->page, t->id,
                (long long)t->at_s, (long long)t->visible_ms);
    }
    feed_free(&w->feed);
    mem_free(w);
}

static void no_history_loses_an_event(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= HISTORIES; seed++)
        run_history(seed);
}

/* ---- single answers ---- */

static struct feed *begin(struct world *w, enum feed_kind kind)
{
    *w = (struct world){.kind = kind};
    w->now_ms = (int64_t)START_S * 1000;
    make_options(w);
    w->feed = feed_new(&w->options);
    feed_start(w->feed, STR_NONE, w->now_ms);
    assert_int_equal(feed_step(w->feed, w->now_ms), FEED_SAVE);
    feed_on_saved(w->feed, true, w->now_ms);
    assert_int_equal(feed_step(w->feed, w->now_ms), FEED_GET);
    return w->feed;
}

static void reply_with(struct feed *f, int status, int64_t after, int should,
    const char *body, int64_t now_ms)
{
    struct feed_reply reply = {.status = status,
        .retry_after_ms = after,
        .should_retry = should,
        .body = str_of(body)};
    feed_on_reply(f, &reply, now_ms);
}

static void what_the_server_says_of_retries_is_heeded(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_AUDIT);
    reply_with(f, 429, 7000, -1, "", w.now_ms);
    assert_int_equal(feed_step(f, w.now_ms + 6999), FEED_REST);
    assert_int_equal(feed_step(f, w.now_ms + 7000), FEED_GET);
    reply_with(f, 429, INT64_C(864000000), -1, "", w.now_ms); /* ten days */
    assert_int_equal(
        feed_wake_ms(f), w.now_ms + (int64_t)FEED_RETRY_AFTER_MAX_MS);
    w.now_ms += FEED_RETRY_AFTER_MAX_MS;
    assert_int_equal(feed_step(f, w.now_ms), FEED_GET);
    reply_with(f, 500, -1, 0, "", w.now_ms); /* x-should-retry: false */
    assert_int_equal(feed_step(f, w.now_ms + 299999), FEED_REST);
    assert_int_equal(feed_failed_runs(f), 1);
    feed_free(&f);
}

/* One step of a run in which every answer is the same page. */
static void step_with(struct feed *f, const char *page, int64_t now_ms)
{
    struct str json;
    switch (feed_step(f, now_ms)) {
    case FEED_GET:
        reply_with(f, 200, -1, -1, page, now_ms);
        break;
    case FEED_PUT:
        while (feed_next_event(f, &json) == OK)
            continue;
        feed_on_put(f, true, now_ms);
        break;
    case FEED_SAVE:
        feed_on_saved(f, true, now_ms);
        break;
    case FEED_REST:
        break;
    }
}

static void what_a_further_try_mends_is_no_alarm(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_AUDIT);
    reply_with(f, 503, 5, -1, "", w.now_ms);
    w.now_ms += 5;
    for (int i = 0; i < 100 && feed_runs(f) == 0; i++)
        step_with(f,
            "{\"data\":[{\"id\":\"a\",\"type\":\"t\"}],\"has_more\":false}",
            w.now_ms);
    assert_int_equal(feed_runs(f), 1);
    assert_int_equal(feed_failed_runs(f), 0);
    assert_int_equal(feed_alarm(f), FEED_FINE);
    feed_free(&f);
}

static void a_key_that_is_refused_is_an_alarm(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_AUDIT);
    reply_with(f, 401, -1, -1, "{}", w.now_ms);
    assert_int_equal(feed_alarm(f), FEED_DENIED);
    assert_int_equal(feed_step(f, w.now_ms), FEED_REST);
    feed_free(&f);
}

static void an_empty_log_may_be_one_that_is_off(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_AUDIT);
    struct str json;
    for (int query = 0; query < 2; query++) {
        reply_with(
            f, 200, -1, -1, "{\"data\":[],\"has_more\":false}", w.now_ms);
        assert_int_equal(feed_next_event(f, &json), ERR_EOF);
        feed_on_put(f, true, w.now_ms);
    }
    assert_int_equal(feed_alarm(f), FEED_NEVER_SEEN);
    assert_int_equal(feed_failed_runs(f), 0);
    feed_free(&f);
}

static void a_refused_tenant_type_does_not_stop_the_run(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_AUDIT);
    reply_with(f, 200, -1, -1,
        "{\"data\":[{\"id\":\"a\",\"effective_at\":1767600000}]}", w.now_ms);
    feed_on_put(f, true, w.now_ms);
    struct feed_request request;
    feed_request(f, &request);
    assert_true(str_has(request.url, "tenant_only=true"));
    assert_true(str_has(request.url, "event_types%5B%5D=tenant.a"));
    reply_with(f, 400, -1, -1, "{}", w.now_ms);
    assert_int_equal(feed_step(f, w.now_ms), FEED_SAVE);
    feed_on_saved(f, true, w.now_ms);
    assert_int_equal(feed_alarm(f), FEED_REFUSED);
    assert_int_equal(feed_failed_runs(f), 0);
    feed_free(&f);
}

static void a_file_that_is_not_what_it_should_be_is_not_read(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_COMPLIANCE);
    reply_with(f, 200, -1, -1,
        "{\"data\":[{\"id\":\"f\",\"file_sha256\":\"00\"}],\"last_end_time\":"
        "\"2026-01-05T10:00:00Z\"}",
        w.now_ms);
    for (int i = 0; i < 3; i++) {
        struct feed_request request;
        feed_request(f, &request);
        assert_true(str_ends(request.url, "/compliance/workspaces/ws/logs/f"));
        reply_with(f, 200, -1, -1, "{}\n", w.now_ms);
        assert_int_not_equal(feed_step(f, w.now_ms), FEED_PUT);
    }
    struct feed_request request;
    feed_request(f, &request); /* the next type is asked all the same */
    assert_true(str_has(request.url, "event_type=TWO"));
    feed_free(&f);
}

static void a_key_does_not_go_to_a_plain_address(void **state)
{
    (void)state;
    struct world w;
    struct feed *f = begin(&w, FEED_COMPLIANCE);
    reply_with(f, 200, -1, -1, "{\"data\":[{\"id\":\"f\"}]}", w.now_ms);
    struct feed_reply reply = {.status = 307,
        .retry_after_ms = -1,
        .should_retry = -1,
        .location = STR("http://plain.example/f")};
    feed_on_reply(f, &reply, w.now_ms);
    assert_int_equal(feed_alarm(f), FEED_BROKEN);
    feed_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_server_says_of_retries_is_heeded),
        cmocka_unit_test(what_a_further_try_mends_is_no_alarm),
        cmocka_unit_test(a_key_that_is_refused_is_an_alarm),
        cmocka_unit_test(an_empty_log_may_be_one_that_is_off),
        cmocka_unit_test(a_refused_tenant_type_does_not_stop_the_run),
        cmocka_unit_test(a_file_that_is_not_what_it_should_be_is_not_read),
        cmocka_unit_test(a_key_does_not_go_to_a_plain_address),
        cmocka_unit_test(no_history_loses_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
