/*
 * Who does how much, and what was found with it: people in the order of any
 * of their numbers.
 */
#include <stdio.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "console/parts.h"

enum { LIMIT_DEFAULT = 100 };

static void on_user(void *context, const struct count_user *u)
{
    struct jsonw *w = context;
    jsonw_object(w);
    jsonw_key_str(w, "user", u->user);
    jsonw_key_int(w, "events", u->events);
    jsonw_key_int(w, "prompts", u->prompts);
    jsonw_key_int(w, "files_up", u->files_up);
    jsonw_key_int(w, "files_down", u->files_down);
    jsonw_key_int(w, "bytes_up", u->bytes_up);
    jsonw_key_int(w, "bytes_down", u->bytes_down);
    jsonw_key_int(w, "dlp_events", u->dlp_events);
    jsonw_key_int(w, "blocked", u->blocked);
    jsonw_key_int(w, "risk", u->risk);
    call_write_time(w, "last", u->last_ms);
    jsonw_close(w);
}

static enum err read_order(struct call *call, struct count_users *out)
{
    struct str sort = request_arg(call->request, "sort");
    struct str order = request_arg(call->request, "order");
    out->sort = sort.n > 0 ? count_users_sort_of(sort) : USERS_BY_RISK;
    if (out->sort == USERS_SORTS)
        return call_bad_argument(call, STR("sort"));
    if (order.n > 0 && !str_is(order, "asc") && !str_is(order, "desc"))
        return call_bad_argument(call, STR("order"));
    /* What people want to see first: large numbers, names from A on. */
    out->is_reversed =
        order.n > 0 && str_is(order, "asc") != (out->sort == USERS_BY_NAME);
    return OK;
}

static enum err read_request(struct call *call, struct count_users *out)
{
    size_t limit, skip;
    enum err err =
        call_number(call, "limit", 1, QUERY_LIMIT_MAX, LIMIT_DEFAULT, &limit);
    if (err == OK)
        err = call_number(call, "cursor", 0, FACET_WORDS_MAX, 0, &skip);
    if (err != OK)
        return err;
    *out = (struct count_users){.skip = skip, .limit = limit};
    return read_order(call, out);
}

static void write_next(
    struct jsonw *w, const struct count_users *request, size_t total)
{
    char next[24];
    jsonw_key(w, "next");
    if (request->skip + request->limit >= total) {
        jsonw_null(w);
        return;
    }
    snprintf(next, sizeof next, "%zu", request->skip + request->limit);
    jsonw_str(w, str_of(next));
}

void api_users(struct call *call)
{
    struct count_users request;
    struct browse *browse;
    struct jsonw w = {.out = &call->response->body};
    size_t total = 0;
    if (read_request(call, &request) != OK || call_browse(call, &browse) != OK)
        return;
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    enum err err = count_users(browse, &request, on_user, &w, &total);
    jsonw_close(&w);
    write_next(&w, &request, total);
    jsonw_key_int(&w, "total", (int64_t)total);
    jsonw_close(&w);
    browse_free(&browse);
    call_end(call, err);
}
