/*
 * The Compliance Logs Platform (facts/openai-admin.md §6.3): for each event
 * type the files since the cursor, each by a redirect to a signed address that
 * must not get the key, checked by its SHA-256, JSON Lines.  The cursor of a
 * type is the page's last_end_time; an empty page has none and leaves it where
 * it is, and the file on the boundary comes again.
 *
 * A type that does not get through is left until the next run, and does not
 * hold up the others.  A file that is gone, or larger than the limit, is
 * passed over with an alarm: waiting would not bring it.
 */
#include "proxy/feed_parts.h"

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/url.h"

enum {
    SUMS_MAX = 3,      /* downloads of a file that is not what it should be */
    PAGES_MAX = 10000, /* of one type in one run */
    FILES_MAX = 1000,  /* of one page */
};

void compliance_free(struct feed *f)
{
    for (size_t i = 0; i < f->logs.cursor_count; i++)
        buf_free(&f->logs.cursors[i]);
    mem_free(f->logs.cursors);
    buf_free(&f->logs.next);
    buf_free(&f->logs.after);
    arena_free(&f->logs.arena);
}

static void begin_url(struct feed *f)
{
    const struct feed_options *o = f->options;
    bool is_organization = str_starts(o->principal, "org-");
    buf_clear(&f->url);
    buf_printf(&f->url, "%.*s/compliance/%s/", STR_ARG(o->base_url),
        is_organization ? "organizations" : "workspaces");
    url_escape(&f->url, o->principal);
    buf_append_str(&f->url, STR("/logs"));
    f->has_key = true;
    f->bytes_max = FEED_PAGE_BYTES_MAX;
}

static void ask_list(struct feed *f)
{
    begin_url(f);
    buf_append_str(&f->url, STR("?event_type="));
    url_escape(&f->url, f->options->event_types.items[f->logs.type]);
    buf_printf(&f->url, "&limit=%d&after=", FEED_LIMIT);
    url_escape(&f->url, buf_str(&f->logs.after));
    f->logs.step = COMPLIANCE_LIST;
    feed_get(f);
}

static int64_t time_of(struct str text)
{
    int64_t ms;
    return clock_parse(text, 0, &ms) == OK ? ms : -1;
}

/* From before the cursor: files may appear late, behind newer ones. */
static void begin_type(struct feed *f, int64_t now_ms)
{
    if (f->logs.type < f->options->event_types.count) {
        struct str cursor = buf_str(&f->logs.cursors[f->logs.type]);
        int64_t ms = time_of(cursor);
        char text[CLOCK_TEXT_BYTES];
        if (ms > f->options->overlap_ms) {
            clock_format(ms - f->options->overlap_ms, text);
            cursor = str_of(text);
        }
        buf_clear(&f->logs.after);
        buf_append_str(&f->logs.after, cursor);
        f->logs.pages = 0;
        ask_list(f);
        return;
    }
    feed_end_run(f, !f->logs.is_bad, now_ms);
}

void compliance_begin(struct feed *f, int64_t now_ms)
{
    f->logs.type = 0;
    f->logs.is_bad = false;
    begin_type(f, now_ms);
}

static void next_type(struct feed *f, bool is_good, int64_t now_ms)
{
    f->logs.is_bad = f->logs.is_bad || !is_good;
    f->logs.type++;
    begin_type(f, now_ms);
}

void compliance_give_up(struct feed *f, int64_t now_ms)
{
    next_type(f, false, now_ms);
}

/* ---- files -------------------------------------------------------------- */

/* Where the next page begins, and whether that is further than the cursor. */
static void turn_page(struct feed *f, int64_t now_ms)
{
    struct str next = buf_str(&f->logs.next);
    bool leads_on = next.n != 0 && !str_eq(next, buf_str(&f->logs.after));
    if (f->logs.has_more && !leads_on) {
        feed_raise(f, FEED_BROKEN);
        next_type(f, false, now_ms);
    } else if (f->logs.has_more) {
        buf_clear(&f->logs.after);
        buf_append_str(&f->logs.after, next);
        ask_list(f);
    } else {
        next_type(f, true, now_ms);
    }
}

static void save_page(struct feed *f, int64_t now_ms)
{
    struct buf *cursor = &f->logs.cursors[f->logs.type];
    struct str next = buf_str(&f->logs.next);
    int64_t old_ms = time_of(buf_str(cursor)), new_ms = time_of(next);
    if (new_ms < 0 || new_ms < old_ms || str_eq(next, buf_str(cursor))) {
        turn_page(f, now_ms);
        return;
    }
    buf_clear(cursor);
    buf_append_str(cursor, next);
    f->state = FEED_SAVE;
}

static void ask_file(struct feed *f)
{
    begin_url(f);
    buf_append_char(&f->url, '/');
    url_escape(&f->url, f->logs.files[f->logs.file_at].id);
    f->bytes_max = (size_t)f->options->file_bytes_max;
    f->logs.step = COMPLIANCE_FILE;
    feed_get(f);
}

static void next_file(struct feed *f, int64_t now_ms)
{
    for (; f->logs.file_at < f->logs.file_count; f->logs.file_at++) {
        const struct feed_file *file = &f->logs.files[f->logs.file_at];
        if (file->bytes > f->options->file_bytes_max) {
            feed_raise(f, FEED_REFUSED);
            continue;
        }
        if (feed_has_id(f, file->id))
            continue;
        f->logs.bad_sums = 0;
        ask_file(f);
        return;
    }
    save_page(f, now_ms);
}

bool compliance_skips(struct feed *f, int status, int64_t now_ms)
{
    bool is_gone = status == 404 || status == 410;
    feed_raise(f, FEED_REFUSED);
    if (f->logs.step == COMPLIANCE_LIST) { /* of this type nothing is had */
        next_type(f, false, now_ms);
        return true;
    }
    if (f->logs.step == COMPLIANCE_BYTES && !is_gone) {
        /* The address has run out: for a new one. */
        f->state = FEED_GET;
        if (++f->logs.bad_sums < SUMS_MAX) {
            ask_file(f);
            return true;
        }
    }
    if (!is_gone)
        return false;
    f->logs.file_at++;
    next_file(f, now_ms);
    return true;
}

/* ---- what comes back ---- */

static void read_files(struct feed *f, const struct json_node *list)
{
    f->logs.files =
        arena_alloc(&f->logs.arena, list->count * sizeof *f->logs.files + 1);
    f->logs.file_count = f->logs.file_at = 0;
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        struct feed_file file = {
            .id = arena_copy(&f->logs.arena, json_get_text(c, "id")),
            .sha256 =
                arena_copy(&f->logs.arena, json_get_text(c, "file_sha256")),
        };
        (void)!json_int(json_get(c, "file_size"), &file.bytes);
        if (file.id.n != 0)
            f->logs.files[f->logs.file_count++] = file;
    }
}

static void on_list(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    struct json_node *root;
    arena_free(&f->arena);
    enum err err = json_parse(reply->body, &f->arena, NULL, &root);
    const struct json_node *list = err == OK ? json_get(root, "data") : NULL;
    if (!json_is(list, JSON_ARRAY) || list->count > FILES_MAX ||
        ++f->logs.pages > PAGES_MAX) {
        feed_retry(f, FEED_BROKEN, -1, now_ms);
        return;
    }
    arena_free(&f->logs.arena);
    read_files(f, list);
    buf_clear(&f->logs.next);
    buf_append_str(&f->logs.next, json_get_text(root, "last_end_time"));
    f->logs.has_more = json_is_true(json_get(root, "has_more"));
    next_file(f, now_ms);
}

static bool is_sound(const struct feed *f, struct str body)
{
    struct str want = f->logs.files[f->logs.file_at].sha256;
    char sum[DIGEST_HEX_BYTES];
    digest_sha256_hex(body, sum);
    return want.n == 0 || str_eq_nocase(want, str_of(sum));
}

static void split_lines(struct feed *f)
{
    struct str rest = buf_str(&f->body), line;
    size_t count = 1;
    for (size_t i = 0; i < rest.n; i++)
        count += rest.p[i] == '\n';
    arena_free(&f->arena);
    f->events = arena_alloc(&f->arena, count * sizeof *f->events);
    f->event_count = 0;
    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.n != 0)
            f->events[f->event_count++] = line;
    }
    f->has_seen = f->has_seen || f->event_count != 0;
}

static void on_file(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    if (!is_sound(f, reply->body)) {
        feed_raise(f, FEED_BROKEN);
        if (++f->logs.bad_sums >= SUMS_MAX)
            next_type(f, false, now_ms);
        else
            ask_file(f);
        return;
    }
    buf_clear(&f->body);
    buf_append_str(&f->body, reply->body);
    split_lines(f);
    feed_put(f);
}

/* A signed address is asked without the key, wherever it leads. */
static void on_redirect(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    bool is_address = str_starts_nocase(reply->location, "https://") ||
                      str_starts_nocase(reply->location, "http://");
    if (f->logs.step != COMPLIANCE_FILE || !is_address ||
        (str_starts_nocase(f->options->base_url, "https:") &&
            !str_starts_nocase(reply->location, "https:"))) {
        feed_raise(f, FEED_BROKEN);
        feed_end_run(f, false, now_ms);
        return;
    }
    buf_clear(&f->url);
    buf_append_str(&f->url, reply->location);
    f->has_key = false;
    f->logs.step = COMPLIANCE_BYTES;
    feed_get(f);
}

void compliance_on_reply(
    struct feed *f, const struct feed_reply *reply, int64_t now_ms)
{
    if (reply->status != 200)
        on_redirect(f, reply, now_ms);
    else if (f->logs.step == COMPLIANCE_LIST)
        on_list(f, reply, now_ms);
    else
        on_file(f, reply, now_ms);
}

void compliance_after_put(struct feed *f, int64_t now_ms)
{
    bool in_query;
    (void)feed_note_id(f, f->logs.files[f->logs.file_at++].id, 0, &in_query);
    next_file(f, now_ms);
}

void compliance_after_save(struct feed *f, int64_t now_ms)
{
    turn_page(f, now_ms);
}

/* ---- the cursor ---- */

void compliance_load(
    struct feed *f, const struct json_node *cursor, int64_t now_ms)
{
    const struct str_list *types = &f->options->event_types;
    const struct json_node *after = json_get(cursor, "after");
    char first[CLOCK_TEXT_BYTES];
    clock_format(now_ms - f->options->first_ms, first);
    compliance_free(f);
    f->logs.cursors = mem_calloc(types->count + 1, sizeof(struct buf));
    f->logs.cursor_count = types->count;
    for (size_t i = 0; i < types->count; i++) {
        struct str text = json_str(json_get_str(after, types->items[i]));
        buf_append_str(&f->logs.cursors[i], text.n != 0 ? text : str_of(first));
    }
}

void compliance_save(const struct feed *f, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key(&w, "after");
    jsonw_object(&w);
    for (size_t i = 0; i < f->logs.cursor_count; i++)
        jsonw_key_str(&w, f->options->event_types.items[i].p,
            buf_str(&f->logs.cursors[i]));
    jsonw_close(&w);
    jsonw_key_bool(&w, "seen", f->has_seen);
    jsonw_close(&w);
}
