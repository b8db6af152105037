/* proxy/feed.h: whatever a server answers or refuses, the machine stays within
 * its states and comes to rest; events lie in the answer. */
#include "proxy/feed.h"

#include "base/mem.h"
#include "tests/fuzz/same.h"

static struct str types[] = {{"ONE", 3}};

/* As long as they last nothing is had: what the server says, how long to wait,
 * and whether to come back. */
static const struct {
    int status;
    int64_t retry_after_ms;
    int should_retry;
} refusals[] = {{429, -1, -1}, {500, 5, -1}, {401, -1, -1}, {403, 7, 1},
    {404, -1, -1}, {410, -1, 0}, {400, INT64_MAX, -1}, {0, -1, -1},
    {503, INT64_MAX, 0}};
enum { WAYS = 3 + ARRAY_LEN(refusals) };

static void put_all(struct feed *f, int64_t now)
{
    struct str json;
    while (feed_next_event(f, &json) == OK)
        check(json.p != NULL || json.n == 0, "an event has bytes");
    feed_on_put(f, true, now);
}

static void reply_with(
    struct feed *f, struct str body, unsigned way, int64_t now)
{
    struct feed_request request;
    feed_request(f, &request);
    check(str_starts(request.url, "http"), "an address is asked");
    bool is_file = str_has(request.url, "/logs/");
    struct feed_reply reply = {.status = way >= 3  ? refusals[way - 3].status
                                         : is_file ? 307
                                                   : 200,
        .retry_after_ms = way >= 3 ? refusals[way - 3].retry_after_ms : -1,
        .should_retry = way >= 3 ? refusals[way - 3].should_retry : -1,
        .date_ms = now + (is_file ? 0 : 120000) * (way & 1),
        .location = is_file ? STR("https://signed.example/x") : STR_NONE,
        .body = body};
    feed_on_reply(f, &reply, now);
}

static void run(enum feed_kind kind, struct str body, unsigned way)
{
    struct feed_options options = {.kind = kind,
        .base_url = STR("https://api.example/v1"),
        .principal = STR("ws"),
        .event_types = {types, 1},
        .interval_ms = 1000,
        .overlap_ms = 1000,
        .first_ms = 1000,
        .file_bytes_max = 1 << 20,
        .tries = 2};
    struct feed *f = feed_new(&options);
    struct buf cursor = {0};
    int64_t now = 1767600000000;
    feed_start(f, way == 2 ? body : STR_NONE, now);
    for (int steps = 0; feed_runs(f) == 0 && steps < 1000; steps++) {
        switch (feed_step(f, now)) {
        case FEED_REST:
            now = feed_wake_ms(f);
            break;
        case FEED_GET:
            reply_with(f, body, way, now);
            break;
        case FEED_PUT:
            put_all(f, now);
            break;
        case FEED_SAVE:
            buf_clear(&cursor);
            feed_cursor(f, &cursor);
            feed_on_saved(f, true, now);
            break;
        }
    }
    check(feed_runs(f) > 0, "the same answer again and again ends a run");
    check(feed_failed_runs(f) <= feed_runs(f), "of the runs some fail");
    check(way < 3 || feed_failed_runs(f) > 0 || feed_alarm(f) != FEED_FINE,
        "a refusal is told");
    check(feed_alarm_text(feed_alarm(f))[0] != '\0', "in words");
    feed_start(f, buf_str(&cursor), now); /* what was saved can be read */
    buf_free(&cursor);
    feed_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str body = {(const char *)data, n};
    for (unsigned way = 0; way < WAYS; way++) {
        run(FEED_AUDIT, body, way);
        run(FEED_COMPLIANCE, body, way);
    }
    return 0;
}
