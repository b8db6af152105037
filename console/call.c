/*
 * What the API's handlers share: the thread's connection to the store, the
 * filter and the page that arguments ask for, errors as replies.
 */
#include "console/parts.h"

#include <string.h>
#include <time.h>
#include <jansson.h>

#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/audit.h"
#include "store/words.h"

enum {
    LIMIT_DEFAULT = 100,
    WORD_MAX = 512,
    SHOWN_WAIT_MS = 3000,
    SHOWN_STEP_MS = 20,
};

void call_failed(struct call *call, enum err err)
{
    if (err == ERR_TIMEOUT) {
        response_error(call->response, 503, "too-slow",
            "This takes too long. Choose a shorter period or fewer words.");
        return;
    }
    if (err == ERR_NOT_FOUND) {
        response_error(
            call->response, 404, "not-found", "There is no such thing.");
        return;
    }
    if (err != ERR_AGAIN)
        log_event(LOG_ERROR, "console.query_failed",
            LOG_CSTR("why", err_name(err)),
            LOG_CSTR("error", query_error(call->local->query)));
    local_forget(call->local);
    response_header(call->response, "Retry-After", STR("2"));
    response_error(
        call->response, 503, "store", "The store cannot be read now.");
}

void call_end(struct call *call, enum err err)
{
    if (err == OK)
        response_json(call->response);
    else
        call_failed(call, err);
}

enum err local_query(struct local *local, struct query **query_out)
{
    enum err err = OK;
    if (local->query == NULL)
        err = query_open_confined(
            local->console->options.store_dir, &local->query);
    *query_out = local->query;
    /* The first record has not come yet. */
    return err == ERR_NOT_FOUND ? ERR_AGAIN : err;
}

void local_forget(struct local *local)
{
    query_close(&local->query);
}

enum err call_query(struct call *call, struct query **query_out)
{
    enum err err = local_query(call->local, query_out);
    if (err != OK)
        call_failed(call, err);
    return err;
}

enum err call_bad_argument(struct call *call, struct str name)
{
    struct buf text = {0};
    buf_printf(&text, "The parameter %.*s is not as it should be%s.",
        STR_ARG(str_sub(name, 0, 40)),
        str_is(name, "q") ? ": OR joins words that are searched for, not such "
                            "as are left out; at most 256 words"
                          : "");
    response_error(call->response, 400, "parameter", buf_cstr(&text));
    buf_free(&text);
    return ERR_PARSE;
}

static enum facet filter_of(struct str name)
{
    if (str_is(name, "ip"))
        return FACET_NETWORK;
    return str_is(name, "source") ? FACET_VIA : facet_of(name);
}

/* The list that an argument belongs to; NULL: none. */
static struct query_words *words_of(struct browse_filter *f, struct str name)
{
    if (str_is(name, "conversation_id"))
        return &f->conversation;
    enum facet facet = filter_of(name);
    return facet != FACET_COUNT ? &f->words[facet] : NULL;
}

static enum err take_words(struct str value, struct browse_filter *f)
{
    struct buf match = {0};
    bool is_rest;
    enum err err = words_write_match(value, &match, &is_rest);
    buf_free(&match);
    f->text = value;
    return err;
}

/* user:ana@example.com */
static enum err take_excluded(struct str value, struct browse_filter *f)
{
    size_t colon = str_find_char(value, ':');
    enum facet facet = filter_of(str_sub(value, 0, colon));
    if (facet == FACET_COUNT || colon + 1 >= value.n)
        return ERR_PARSE;
    return query_words_add(
        &f->excluded[facet], str_sub(value, colon + 1, value.n));
}

static enum err take_time(struct str value, int64_t *out)
{
    return clock_parse(value, clock_wall_ms(), out);
}

static enum err take_argument(
    const struct request_arg *arg, struct browse_filter *f)
{
    struct query_words *words = words_of(f, arg->name);
    if (!utf8_is_valid(arg->value) || arg->value.n > WORD_MAX)
        return ERR_PARSE;
    if (arg->value.n == 0) /* an empty input of a form */
        return OK;
    if (words != NULL)
        return query_words_add(words, arg->value);
    if (str_is(arg->name, "exclude"))
        return take_excluded(arg->value, f);
    if (str_is(arg->name, "since"))
        return take_time(arg->value, &f->since_ms);
    if (str_is(arg->name, "until"))
        return take_time(arg->value, &f->until_ms);
    if (str_is(arg->name, "q"))
        return take_words(arg->value, f);
    return OK; /* others say other things */
}

enum err call_filter(struct call *call, struct browse_filter *out)
{
    const struct request *r = call->request;
    *out = (struct browse_filter){0};
    for (size_t i = 0; i < r->arg_count; i++)
        if (take_argument(&r->args[i], out) != OK)
            return call_bad_argument(call, r->args[i].name);
    return OK;
}

struct known_name {
    struct str glob;
    bool is_known;
};

static void on_name(void *context, int64_t code, struct str word)
{
    struct known_name *name = context;
    (void)code;
    name->is_known = name->is_known || str_glob(name->glob, word, 0);
}

static enum err look_up(struct call *call, struct known_name *name)
{
    struct query *query;
    if (name->is_known)
        return OK;
    enum err err = call_query(call, &query);
    if (err == OK)
        err = browse_words(query, FACET_USER, on_name, name);
    return err;
}

enum err call_names(struct call *call, const struct query_words *users)
{
    enum err err = OK;
    for (size_t i = 0; i < users->count && err == OK; i++) {
        struct str word = users->items[i];
        struct known_name name = {.glob = word,
            .is_known = !atomic_load(&call->console->hides_names) ||
                        str_is(word, BROWSE_NONE) ||
                        str_starts(word, "person-")};
        err = look_up(call, &name);
        if (err == OK && !name.is_known) {
            response_error(call->response, 400, "pseudonyms",
                "Names of persons are pseudonyms here, and nobody has this "
                "name. `promptgate names of NAME` tells the pseudonym to look "
                "for, where its key may be read.");
            err = ERR_PARSE;
        }
    }
    return err;
}

enum err call_browse(struct call *call, struct browse **browse_out)
{
    struct browse_filter filter;
    struct query *query;
    enum err err = call_filter(call, &filter);
    if (err == OK)
        err = call_query(call, &query);
    if (err == OK)
        err = call_names(call, &filter.words[FACET_USER]);
    if (err != OK)
        return err;
    err = browse_new(query, &filter, browse_out);
    if (err != OK)
        call_failed(call, err);
    return err;
}

enum err call_number(struct call *call, const char *name, size_t min,
    size_t max, size_t otherwise, size_t *out)
{
    struct str text = request_arg(call->request, name);
    uint64_t n = otherwise;
    if (text.n > 0 && (str_to_u64(text, &n) != OK || n < min || n > max))
        return call_bad_argument(call, str_of(name));
    *out = (size_t)n;
    return OK;
}

enum err call_page(
    struct call *call, size_t *limit_out, struct query_cursor *cursor_out)
{
    struct str cursor = request_arg(call->request, "cursor");
    enum err err = call_number(
        call, "limit", 1, QUERY_LIMIT_MAX, LIMIT_DEFAULT, limit_out);
    if (err != OK)
        return err;
    *cursor_out = (struct query_cursor){0};
    if (cursor.n > 0 && query_cursor_parse(cursor, cursor_out) != OK)
        return call_bad_argument(call, STR("cursor"));
    return OK;
}

bool call_wait_shown(struct call *call, const char id[UUID_TEXT_BYTES])
{
    uint64_t until = clock_mono_ms() + SHOWN_WAIT_MS;
    for (;;) {
        struct query *query;
        bool is_shown = false;
        enum err err = local_query(call->local, &query);
        if (err == OK)
            err = query_audit_has(query, str_of(id), &is_shown);
        if (err != OK && err != ERR_AGAIN)
            local_forget(call->local);
        if (is_shown || clock_mono_ms() >= until)
            return is_shown;
        nanosleep(&(struct timespec){0, SHOWN_STEP_MS * 1000000L}, NULL);
    }
}

static bool has_only(const json_t *body, const char *const *names)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], key) != 0)
            i++;
        if (names[i] == NULL)
            return false;
    }
    return true;
}

json_t *call_body(struct call *call, const char *const *names)
{
    struct str text = buf_str(&call->request->body);
    json_t *body = json_loadb(
        text.p != NULL ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(body) && has_only(body, names))
        return body;
    json_decref(body);
    response_error(call->response, 400, "body",
        "The body must be a JSON object with the members that "
        "openapi.yaml lists.");
    return NULL;
}

void call_write_time(struct jsonw *w, const char *key, int64_t time_ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(time_ms, text);
    jsonw_key_cstr(w, key, text);
}

void page_on_row(void *context, const struct query_row *row)
{
    struct page *page = context;
    if (page->count++ > 0)
        buf_append_char(page->out, ',');
    buf_append_str(page->out, row->json);
}

void page_end(struct page *page, const struct query_cursor *cursor, bool more)
{
    char text[QUERY_CURSOR_BYTES];
    query_cursor_format(cursor, text);
    buf_append_str(page->out, STR("],\"next\":"));
    if (more)
        buf_printf(page->out, "\"%s\"}", text);
    else
        buf_append_str(page->out, STR("null}"));
}
