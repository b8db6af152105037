/* The policy and the detectors as they run, with what they hit. */
#include "console/parts.h"

#include "base/jsonw.h"
#include "inspect/policy.h"
#include "inspect/rules.h"

/* ---- the rules ---- */

static void write_hits(struct jsonw *w, const struct count *count)
{
    jsonw_key(w, "hits");
    jsonw_object(w);
    for (size_t i = 0; i < count->facets[FACET_RULE].count; i++) {
        const struct count_item *item = &count->facets[FACET_RULE].items[i];
        if (item->word.n == 0)
            continue;
        jsonw_key(w, item->word.p);
        jsonw_int(w, item->count);
    }
    jsonw_close(w);
    jsonw_key_int(w, "total", count->total);
}

static void write_rules(
    struct call *call, struct running *running, const struct count *count)
{
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key(&w, "policy");
    policy_write(running_get(running)->policy, &w);
    write_hits(&w, count);
    jsonw_close(&w);
    response_json(call->response);
}

static enum err count_facet(
    struct call *call, enum facet facet, struct count *out)
{
    struct count_request request = {.top = BROWSE_TOP_MAX};
    struct browse *browse;
    request.facets[facet] = true;
    enum err err = call_browse(call, &browse);
    if (err != OK)
        return err;
    err = count_run(browse, &request, clock_wall_ms(), out);
    browse_free(&browse);
    if (err != OK)
        call_failed(call, err);
    return err;
}

void api_policy(struct call *call)
{
    struct count count;
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (count_facet(call, FACET_RULE, &count) == OK) {
        write_rules(call, running, &count);
        count_free(&count);
    }
    running_unref(call->console, &running);
}

/* ---- detectors ---- */

static int64_t hits_of(const struct count *count, struct str id)
{
    for (size_t i = 0; i < count->facets[FACET_DETECTOR].count; i++)
        if (str_eq(count->facets[FACET_DETECTOR].items[i].word, id))
            return count->facets[FACET_DETECTOR].items[i].count;
    return 0;
}

static void write_detectors(
    struct call *call, const struct rules *rules, const struct count *count)
{
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    for (size_t i = 0; i < rules_count(rules); i++) {
        jsonw_object(&w);
        rules_write(rules, i, &w);
        jsonw_key_int(&w, "hits", hits_of(count, rules_id(rules, i)));
        jsonw_close(&w);
    }
    jsonw_close(&w);
    jsonw_key(&w, "next");
    jsonw_null(&w);
    jsonw_key(&w, "quality");
    jsonw_raw(&w, str_trim(asset_quality()));
    jsonw_close(&w);
    response_json(call->response);
}

void api_detectors(struct call *call)
{
    struct count count;
    struct running *running = call_running(call);
    if (running == NULL)
        return;
    if (count_facet(call, FACET_DETECTOR, &count) == OK) {
        write_detectors(call, running_get(running)->rules, &count);
        count_free(&count);
    }
    running_unref(call->console, &running);
}
