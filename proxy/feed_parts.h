/* What the files of the feed share: feed.c (steps, retries), feed_audit.c and
 * feed_compliance.c (what is asked next). */
#ifndef PROXY_FEED_PARTS_H
#define PROXY_FEED_PARTS_H

#include "base/digest.h"
#include "inspect/json.h"
#include "inspect/log_event.h"
#include "proxy/feed.h"

struct feed_id; /* a table of ids */

struct feed_file {
    struct str id, sha256, end_time;
    int64_t bytes;
};

enum audit_turn { TURN_DONE, TURN_ON, TURN_STUCK };
enum compliance_step { COMPLIANCE_LIST, COMPLIANCE_FILE, COMPLIANCE_BYTES };

struct feed {
    const struct feed_options *options;
    enum feed_state state;
    int64_t wake_ms;
    bool is_retry; /* at wake_ms the same request again */
    bool is_fresh; /* where it begins is not saved yet: it must not move on */
    unsigned tries, runs, failed_runs;
    int last_status;
    enum feed_alarm alarm, worst; /* as of the last run; in this one */
    bool has_seen;                /* ever an event */

    struct buf url;
    bool has_key;
    size_t bytes_max;

    struct buf body; /* that the events stand in */
    struct arena arena;
    struct str *events;
    size_t event_count, event_at;

    /* Ids of this run, and of those before it: what needs no second put. */
    struct feed_id *seen;
    size_t seen_count;

    struct {                        /* feed_audit.c */
        int64_t last_s;             /* of the newest event, of the cursor */
        int64_t newest_s;           /* in this run */
        int64_t from_s, to_s;       /* the window */
        int64_t low_s, high_s;      /* what is left of it for this query */
        int64_t oldest_s, latest_s; /* that this query showed; -1: none */
        size_t query;               /* 0: the main one; then tenant types */
        bool by_before;             /* the habit, see feed_audit.c */
        bool tried_other;           /* for the id at hand */
        bool was_seen, was_before;  /* as saved */
        struct buf after;
        enum audit_turn turn; /* after what is put */
        unsigned pages, mark; /* of the query */
    } audit;

    struct {                 /* feed_compliance.c */
        struct buf *cursors; /* end times, one a type */
        size_t cursor_count, type;
        struct buf after;      /* of the request at hand */
        struct buf next;       /* last_end_time of the page */
        bool has_more, is_bad; /* some type of this run did not get through */
        struct feed_file *files;
        size_t file_count, file_at;
        struct arena arena; /* of the page */
        enum compliance_step step;
        unsigned bad_sums; /* of the file at hand */
        size_t pages;      /* of the type */
    } logs;
};

/* feed.c */
void feed_get(struct feed *f); /* f->url is set */
void feed_put(struct feed *f);
/* The run is over, and got through or not. */
void feed_end_run(struct feed *f, bool is_good, int64_t now_ms);
/* The same request again, later; or the run is given up. */
void feed_retry(struct feed *f, enum feed_alarm alarm, int64_t retry_after_ms,
    int64_t now_ms);
void feed_raise(struct feed *f, enum feed_alarm alarm);
/* False: there already.  mark tells queries apart: *in_query_out says whether
 * it was there with the same one. */
bool feed_has_id(const struct feed *f, struct str id);
bool feed_note_id(
    struct feed *f, struct str id, unsigned mark, bool *in_query_out);

/* The kinds. */
void audit_begin(struct feed *f, int64_t now_ms);
void audit_on_page(struct feed *f, int64_t now_ms);
void audit_after_put(struct feed *f, int64_t now_ms);
/* A request error that is about one type only: go on with the next. */
bool audit_skips(struct feed *f, int64_t now_ms);
void audit_load(struct feed *f, const struct json_node *cursor, int64_t now_ms);
void audit_save(const struct feed *f, struct buf *out);

void compliance_begin(struct feed *f, int64_t now_ms);
void compliance_on_reply(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms);
void compliance_after_put(struct feed *f, int64_t now_ms);
void compliance_after_save(struct feed *f, int64_t now_ms);
bool compliance_skips(struct feed *f, int status, int64_t now_ms);
void compliance_load(
    struct feed *f, const struct json_node *cursor, int64_t now_ms);
void compliance_save(const struct feed *f, struct buf *out);
void compliance_give_up(struct feed *f, int64_t now_ms); /* on this type */
void compliance_free(struct feed *f);

#endif
