/*
 * Numbers: per service, instance and activity; over time; of each filter's
 * values.
 */
#include "console/parts.h"

#include "base/jsonw.h"
#include "base/mem.h"

enum { BUCKETS_DEFAULT = 60, TOP_DEFAULT = 20, MINUTES_OF_DAY = 1440 };

static void on_service(void *context, const struct count_service *row)
{
    struct jsonw *w = context;
    jsonw_object(w);
    jsonw_key_str(w, "service", row->service);
    jsonw_key_str(w, "instance", row->instance);
    jsonw_key_str(w, "activity", row->activity);
    jsonw_key_int(w, "events", row->events);
    jsonw_key_int(w, "dlp_events", row->dlp_events);
    call_write_time(w, "last", row->last_ms);
    jsonw_close(w);
}

void api_services(struct call *call)
{
    struct browse *browse;
    struct jsonw w = {.out = &call->response->body};
    if (call_browse(call, &browse) != OK)
        return;
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    enum err err = count_services(browse, on_service, &w);
    jsonw_close(&w);
    jsonw_key(&w, "next");
    jsonw_null(&w);
    jsonw_close(&w);
    browse_free(&browse);
    call_end(call, err);
}

/* ---- stats ---- */

static enum err take_facet(
    struct call *call, struct str name, struct count_request *out)
{
    enum facet facet = facet_of(name);
    if (facet != FACET_COUNT)
        out->facets[facet] = true;
    else if (!str_is(name, "all"))
        return call_bad_argument(call, STR("facet"));
    for (size_t i = 0; facet == FACET_COUNT && i < FACET_COUNT; i++)
        out->facets[i] = true;
    return OK;
}

static enum err take_by(struct call *call, struct count_request *out)
{
    static const enum facet allowed[] = {FACET_VERDICT, FACET_ACTIVITY,
        FACET_SERVICE, FACET_CATEGORY, FACET_SEVERITY, FACET_VIA};
    struct str by = request_arg(call->request, "by");
    out->by = FACET_VERDICT;
    if (by.n == 0)
        return OK;
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (!str_is(by, facet_names[allowed[i]]))
            continue;
        out->by = allowed[i];
        return OK;
    }
    return call_bad_argument(call, STR("by"));
}

static enum err read_request(struct call *call, struct count_request *out)
{
    const struct request *r = call->request;
    *out = (struct count_request){0};
    enum err err = call_number(
        call, "buckets", 0, BROWSE_BUCKETS_MAX, BUCKETS_DEFAULT, &out->buckets);
    if (err == OK)
        err =
            call_number(call, "top", 1, BROWSE_TOP_MAX, TOP_DEFAULT, &out->top);
    if (err == OK)
        err = call_number(
            call, "day_begins", 0, MINUTES_OF_DAY - 1, 0, &out->day_begins);
    if (err == OK)
        err = take_by(call, out);
    for (size_t i = 0; i < r->arg_count && err == OK; i++)
        if (str_is(r->args[i].name, "facet"))
            err = take_facet(call, r->args[i].value, out);
    return err;
}

static void write_bucket(struct jsonw *w, const struct count *c, size_t i)
{
    jsonw_object(w);
    call_write_time(w, "time", c->since_ms + (int64_t)i * c->bucket_ms);
    jsonw_key_int(w, "total", c->totals[i]);
    jsonw_key(w, "counts");
    jsonw_object(w);
    for (size_t k = 0; k < c->by_count; k++) {
        int64_t n = c->by[i * c->by_count + k];
        if (n == 0)
            continue;
        jsonw_key(w, c->by_words[k].n > 0 ? c->by_words[k].p : "");
        jsonw_int(w, n);
    }
    jsonw_close(w);
    jsonw_close(w);
}

static void write_facet(
    struct jsonw *w, const struct count *c, enum facet facet)
{
    jsonw_key(w, facet_names[facet]);
    jsonw_object(w);
    jsonw_key(w, "items");
    jsonw_array(w);
    for (size_t i = 0; i < c->facets[facet].count; i++) {
        const struct count_item *item = &c->facets[facet].items[i];
        jsonw_object(w);
        jsonw_key_str(w, "value", item->word);
        jsonw_key_int(w, "count", item->count);
        jsonw_close(w);
    }
    jsonw_close(w);
    jsonw_key_int(w, "more", (int64_t)c->facets[facet].more);
    jsonw_close(w);
}

static void write_count(
    struct jsonw *w, const struct count *c, const struct count_request *request)
{
    jsonw_object(w);
    jsonw_key_int(w, "total", c->total);
    jsonw_key_int(w, "dlp_events", c->dlp);
    call_write_time(w, "since", c->since_ms);
    call_write_time(
        w, "until", c->since_ms + (int64_t)c->bucket_count * c->bucket_ms);
    jsonw_key_int(w, "bucket_ms", c->bucket_ms);
    jsonw_key_cstr(w, "by", facet_names[request->by]);
    jsonw_key(w, "buckets");
    jsonw_array(w);
    for (size_t i = 0; i < c->bucket_count; i++)
        write_bucket(w, c, i);
    jsonw_close(w);
    jsonw_key(w, "facets");
    jsonw_object(w);
    for (enum facet i = 0; i < FACET_COUNT; i++)
        if (request->facets[i])
            write_facet(w, c, i);
    jsonw_close(w);
    jsonw_close(w);
}

void api_stats(struct call *call)
{
    struct browse *browse;
    struct count_request request;
    struct count count;
    struct jsonw w = {.out = &call->response->body};
    if (read_request(call, &request) != OK || call_browse(call, &browse) != OK)
        return;
    enum err err = count_run(browse, &request, clock_wall_ms(), &count);
    browse_free(&browse);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    write_count(&w, &count, &request);
    count_free(&count);
    response_json(call->response);
}
