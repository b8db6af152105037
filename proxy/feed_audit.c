/*
 * GET /organization/audit_logs (facts/openai-admin.md §5.1): a fixed window of
 * time, its pages newest first, then the types that only tenant_only=true
 * gives, one a call.  The cursor is the time of the newest event; what is
 * older than it by less than the overlap is asked for again, since events come
 * late.
 *
 * Documents and clients disagree whether the next page is `after` or `before`
 * the last id.  A page that shows nothing but what this query had already is a
 * circle: then the other one is tried, then the window is cut at the oldest
 * event so far and asked for anew.  When that shows nothing new either, the run
 * is given up with an alarm, and the cursor stays.
 */
#include "proxy/feed_parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/url.h"

enum { PAGES_MAX = 100000 }; /* of one query */

static const char PATH[] = "/organization/audit_logs";

static void write_url(struct feed *f)
{
    const struct feed_options *o = f->options;
    struct buf *url = &f->url;
    buf_clear(url);
    buf_printf(url, "%.*s%s?limit=%d", STR_ARG(o->base_url), PATH, FEED_LIMIT);
    buf_printf(url,
        "&effective_at%%5Bgte%%5D=%lld&effective_at%%5Blte%%5D=%lld",
        (long long)f->audit.low_s, (long long)f->audit.high_s);
    if (f->audit.query == 0) {
        for (size_t i = 0; i < o->event_types.count; i++) {
            buf_append_str(url, STR("&event_types%5B%5D="));
            url_escape(url, o->event_types.items[i]);
        }
    } else {
        buf_append_str(url, STR("&tenant_only=true&event_types%5B%5D="));
        url_escape(url, o->tenant_types.items[f->audit.query - 1]);
    }
    if (f->audit.after.n != 0) {
        buf_printf(url, "&%s=", f->audit.by_before ? "before" : "after");
        url_escape(url, buf_str(&f->audit.after));
    }
    f->has_key = true;
    f->bytes_max = FEED_PAGE_BYTES_MAX;
    feed_get(f);
}

static void begin_query(struct feed *f)
{
    f->audit.low_s = f->audit.from_s;
    f->audit.high_s = f->audit.to_s;
    f->audit.tried_other = false;
    f->audit.oldest_s = f->audit.latest_s = -1;
    f->audit.pages = 0;
    f->audit.mark++;
    buf_clear(&f->audit.after);
    write_url(f);
}

void audit_begin(struct feed *f, int64_t now_ms)
{
    int64_t now_s = now_ms / 1000, last = f->audit.last_s;
    if (last > now_s) /* a clock that was put back */
        last = now_s;
    f->audit.from_s = last - f->options->overlap_ms / 1000;
    f->audit.to_s = now_s;
    f->audit.newest_s = f->audit.last_s;
    f->audit.query = 0;
    begin_query(f);
}

static void next_query(struct feed *f, int64_t now_ms)
{
    if (f->audit.query++ < f->options->tenant_types.count) {
        begin_query(f);
        return;
    }
    bool is_news = f->audit.last_s != f->audit.newest_s ||
                   f->has_seen != f->audit.was_seen ||
                   f->audit.by_before != f->audit.was_before;
    f->audit.last_s = f->audit.newest_s;
    f->audit.was_seen = f->has_seen;
    f->audit.was_before = f->audit.by_before;
    if (is_news)
        f->state = FEED_SAVE;
    else
        feed_end_run(f, true, now_ms);
}

bool audit_skips(struct feed *f, int64_t now_ms)
{
    if (f->audit.query == 0)
        return false;
    feed_raise(f, FEED_REFUSED);
    next_query(f, now_ms);
    return true;
}

/* ---- a page ---- */

struct page {
    const struct json_node *list;
    struct str last_id;
    bool has_more;
    size_t new_in_query;
    int64_t first_s, last_s; /* of its events: which way they are ordered */
};

static int64_t second_of(const struct json_node *event)
{
    int64_t ms;
    return log_event_time(json_get(event, "effective_at"), &ms) == OK
               ? ms / 1000
               : -1;
}

static struct str text_of(const struct feed *f, const struct json_node *node)
{
    return str_sub(buf_str(&f->body), node->start, node->end);
}

/* What is new goes to f->events; of what is known from another run nothing. */
static void take_event(
    struct feed *f, struct page *page, const struct json_node *event)
{
    int64_t at = second_of(event);
    struct str id = json_get_text(event, "id");
    struct str text = text_of(f, event);
    bool in_query = false;
    bool is_new =
        feed_note_id(f, id.n != 0 ? id : text, f->audit.mark, &in_query);
    page->new_in_query += !in_query;
    if (is_new)
        f->events[f->event_count++] = text;
    if (at < 0)
        return;
    if (page->first_s < 0)
        page->first_s = at;
    page->last_s = at;
    if (f->audit.oldest_s < 0 || at < f->audit.oldest_s)
        f->audit.oldest_s = at;
    if (at > f->audit.latest_s)
        f->audit.latest_s = at;
    if (at > f->audit.newest_s && at <= f->audit.to_s)
        f->audit.newest_s = at;
}

static void take_events(struct feed *f, struct page *page)
{
    f->events =
        arena_alloc(&f->arena, page->list->count * sizeof *f->events + 1);
    f->event_count = 0;
    page->first_s = page->last_s = -1;
    for (const struct json_node *c = page->list->first; c != NULL; c = c->next)
        take_event(f, page, c);
    f->has_seen = f->has_seen || page->list->first != NULL;
}

/* Pages do not lead on: by time instead.  False: that was tried already. */
static bool cut_window(struct feed *f, const struct page *page)
{
    int64_t low = f->audit.low_s, high = f->audit.high_s;
    if (f->audit.oldest_s < 0)
        return false;
    if (page->first_s < page->last_s)
        f->audit.low_s = f->audit.latest_s;
    else
        f->audit.high_s = f->audit.oldest_s;
    buf_clear(&f->audit.after);
    f->audit.tried_other = false;
    return low != f->audit.low_s || high != f->audit.high_s;
}

static enum audit_turn cut_or(
    struct feed *f, const struct page *page, enum audit_turn otherwise)
{
    if (cut_window(f, page))
        return TURN_ON;
    return otherwise;
}

static enum audit_turn turn_page(struct feed *f, const struct page *page)
{
    bool goes_on = f->audit.after.n != 0;
    if (++f->audit.pages > PAGES_MAX)
        return TURN_STUCK;
    if (goes_on && page->new_in_query == 0) {
        /* The page before said that there is more: the same id, the other
         * way. */
        f->audit.by_before = !f->audit.by_before;
        if (!f->audit.tried_other) {
            f->audit.tried_other = true;
            return TURN_ON;
        }
        return cut_or(f, page, page->has_more ? TURN_STUCK : TURN_DONE);
    }
    if (!page->has_more)
        return TURN_DONE;
    if (page->last_id.n == 0)
        feed_raise(f, FEED_BROKEN);
    if (page->last_id.n == 0 || page->new_in_query == 0)
        return cut_or(f, page, TURN_STUCK);
    f->audit.tried_other = false;
    buf_clear(&f->audit.after);
    buf_append_str(&f->audit.after, page->last_id);
    return TURN_ON;
}

void audit_on_page(struct feed *f, int64_t now_ms)
{
    struct json_node *root;
    struct page page = {0};
    arena_free(&f->arena);
    f->event_count = 0;
    enum err err = json_parse(buf_str(&f->body), &f->arena, NULL, &root);
    page.list = err == OK ? json_get(root, "data") : NULL;
    if (!json_is(page.list, JSON_ARRAY)) {
        feed_retry(f, FEED_BROKEN, -1, now_ms);
        return;
    }
    page.has_more = json_is_true(json_get(root, "has_more"));
    page.last_id = json_get_text(root, "last_id");
    take_events(f, &page);
    f->audit.turn = turn_page(f, &page);
    feed_put(f);
}

void audit_after_put(struct feed *f, int64_t now_ms)
{
    switch (f->audit.turn) {
    case TURN_DONE:
        next_query(f, now_ms);
        return;
    case TURN_ON:
        write_url(f);
        return;
    case TURN_STUCK:
        feed_raise(f, FEED_BROKEN);
        feed_end_run(f, false, now_ms);
        return;
    }
}

/* ---- the cursor ---- */

void audit_load(struct feed *f, const struct json_node *cursor, int64_t now_ms)
{
    if (json_int(json_get(cursor, "last"), &f->audit.last_s) != OK ||
        f->audit.last_s < 0)
        f->audit.last_s = (now_ms - f->options->first_ms) / 1000;
    f->audit.by_before = json_is_true(json_get(cursor, "by_before"));
    f->audit.was_before = f->audit.by_before;
    f->audit.was_seen = f->has_seen;
}

void audit_save(const struct feed *f, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_int(&w, "last", f->audit.last_s);
    jsonw_key_bool(&w, "seen", f->has_seen);
    jsonw_key_bool(&w, "by_before", f->audit.by_before);
    jsonw_close(&w);
}
