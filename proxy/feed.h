/*
 * What is polled: the platform's audit log (facts/openai-admin.md §5.1, §5.6)
 * and the workspace's Compliance Logs Platform (§6.3), as one machine that is
 * asked for its next step and told how it went.  No I/O, no clock, no store:
 * proxy/collector.c runs it, and a test runs it ten thousand times.
 *
 *   FEED_REST  nothing to do before feed_wake_ms
 *   FEED_GET   feed_request is to be fetched; feed_on_reply
 *   FEED_PUT   feed_next_event until ERR_EOF, each made durable; feed_on_put
 *   FEED_SAVE  feed_cursor is to be made durable; feed_on_saved
 *
 * Events come at least once: whatever breaks off is fetched again from the
 * cursor that was saved last, and the cursor moves only behind what is durable.
 * The same event is the same activity (inspect/log_event.h), so once is what
 * the store has.
 *
 * Memory: one page or file at a time, FEED_SEEN_MAX ids.
 */
#ifndef PROXY_FEED_H
#define PROXY_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/settings.h"

enum {
    FEED_PAGE_BYTES_MAX = 16 << 20,
    FEED_SEEN_MAX = 20000,
    FEED_LIMIT = 100,
    FEED_TRIES = 6, /* of one request, then the run is given up */
    FEED_BACKOFF_MS = 1000,
    FEED_BACKOFF_MAX_MS = 120000,
    FEED_RETRY_AFTER_MAX_MS = 3600000, /* whatever the server asks for */
};

enum feed_kind { FEED_AUDIT, FEED_COMPLIANCE };
enum feed_state { FEED_REST, FEED_GET, FEED_PUT, FEED_SAVE };

/* What is wrong with a source; the worst that holds. */
enum feed_alarm {
    FEED_FINE,
    FEED_NEVER_SEEN, /* not one event yet: perhaps it is switched off there */
    FEED_SKEW,       /* clocks differ by more than a minute */
    FEED_REFUSED,    /* some types, or a file that is gone or too large */
    FEED_BROKEN,     /* an answer that cannot be read, or paging in a loop */
    FEED_UNREACHABLE,
    FEED_DENIED, /* 401, 403: the key */
};
const char *feed_alarm_text(enum feed_alarm alarm);

struct feed_options { /* borrowed */
    enum feed_kind kind;
    struct str base_url;  /* "https://api.openai.com/v1" */
    struct str principal; /* of compliance: workspace id, or org-… */
    struct str_list event_types;
    struct str_list tenant_types;              /* audit: asked one a call */
    int64_t interval_ms, overlap_ms, first_ms; /* first_ms: how far back */
    int64_t file_bytes_max;
    unsigned tries; /* 0: FEED_TRIES */
};

struct feed_request {
    struct str url;
    bool has_key; /* false: a signed address of another host */
    size_t bytes_max;
};

struct feed_reply {
    int status;             /* 0: none came */
    int64_t retry_after_ms; /* -1: not said */
    int should_retry;       /* x-should-retry; -1: not said */
    int64_t date_ms;        /* of the server's clock; 0: not said */
    struct str location, body;
};

struct feed;

struct feed *feed_new(const struct feed_options *options);
void feed_free(struct feed **feed);
/* cursor: as feed_cursor wrote it, or empty: the first time. */
void feed_start(struct feed *feed, struct str cursor, int64_t now_ms);

enum feed_state feed_step(struct feed *feed, int64_t now_ms);
int64_t feed_wake_ms(const struct feed *feed);
void feed_request(const struct feed *feed, struct feed_request *out);
void feed_on_reply(
    struct feed *feed, const struct feed_reply *reply, int64_t now_ms);
/* json: of one event, valid until the next call. ERR_EOF: that were all. */
enum err feed_next_event(struct feed *feed, struct str *json_out) MUST_USE;
/* is_good false: the run is given up. */
void feed_on_put(struct feed *feed, bool is_good, int64_t now_ms);
void feed_cursor(const struct feed *feed, struct buf *out);
void feed_on_saved(struct feed *feed, bool is_good, int64_t now_ms);

enum feed_alarm feed_alarm(const struct feed *feed);
/* Runs that ended, and those of them that did not get through. */
unsigned feed_runs(const struct feed *feed);
unsigned feed_failed_runs(const struct feed *feed);
int feed_last_status(const struct feed *feed);

#endif
