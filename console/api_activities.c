/*
 * Activities: lists, one of them with what was sealed of it, a conversation.
 *
 * What was typed and shown (`content`, `hidden`) is given only where it was
 * asked for by whoever may, after that was recorded.
 */
#include "console/parts.h"

#include "base/jsonw.h"

/* Whether `content=1` was asked for and may be given: recorded by then.  Not
 * OK: replied. */
static enum err allow_content(
    struct call *call, const char *target_type, bool *has_content_out)
{
    const struct audit audit = {.action = "console.content.viewed",
        .user = str_of(call->who.user),
        .target_type = target_type,
        .target_id = call->rest};
    *has_content_out = str_is(request_arg(call->request, "content"), "1");
    if (!*has_content_out)
        return OK;
    if ((call->who.rights & ACCESS_CONTENT) == 0) {
        response_error(call->response, 403, "forbidden",
            "Your role may not see what was typed and shown.");
        return ERR_DENIED;
    }
    enum err err = audit_before(call->console, call->request, &audit);
    if (err != OK)
        call_unrecorded(call);
    return err;
}

void call_unrecorded(struct call *call)
{
    response_header(call->response, "Retry-After", STR("5"));
    response_error(call->response, 503, "unrecorded",
        "This must be recorded first, which is not possible now.");
}

static void give_page(struct call *call, const struct browse_filter *filter,
    enum query_order order, bool has_content)
{
    struct query *query;
    struct browse *browse;
    struct query_cursor cursor;
    size_t limit;
    bool more = false;
    struct page page = {.out = &call->response->body};
    if (call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK)
        return;
    enum err err = browse_new(query, filter, &browse);
    buf_append_str(page.out, STR("\"items\":["));
    if (err == OK)
        err = browse_list(browse, order, limit, has_content, &cursor,
            page_on_row, &page, &more);
    browse_free(&browse);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    page_end(&page, &cursor, more);
    response_json(call->response);
}

void api_activities(struct call *call)
{
    struct browse_filter filter;
    if (call_filter(call, &filter) != OK ||
        call_names(call, &filter.words[FACET_USER]) != OK)
        return;
    buf_append_char(&call->response->body, '{');
    give_page(call, &filter, QUERY_NEWEST_FIRST, false);
}

void api_conversation(struct call *call)
{
    struct browse_filter filter = {0};
    bool has_content;
    if (query_words_add(&filter.conversation, call->rest) != OK ||
        allow_content(call, "conversation", &has_content) != OK)
        return;
    buf_append_str(&call->response->body, STR("{\"id\":"));
    jsonw_append_quoted(&call->response->body, call->rest);
    buf_append_char(&call->response->body, ',');
    give_page(call, &filter, QUERY_OLDEST_FIRST, has_content);
}

static void on_one(void *context, const struct query_row *row)
{
    buf_append_str(context, row->json);
}

static void on_sealed(void *context, struct str sealed)
{
    jsonw_str(context, sealed);
}

static void give_evidence(struct call *call)
{
    struct query *query;
    struct jsonw w = {.out = &call->response->body};
    const struct audit audit = {.action = "console.evidence.opened",
        .user = str_of(call->who.user),
        .target_type = "activity",
        .target_id = call->rest};
    if ((call->who.rights & ACCESS_EVIDENCE) == 0) {
        response_error(call->response, 403, "forbidden",
            "Your role may not open evidence.");
        return;
    }
    if (call_query(call, &query) != OK)
        return;
    if (audit_before(call->console, call->request, &audit) != OK) {
        call_unrecorded(call);
        return;
    }
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    enum err err = query_evidence(query, call->rest, on_sealed, &w);
    jsonw_close(&w);
    jsonw_close(&w);
    call_end(call, err);
}

void api_activity(struct call *call)
{
    static const char evidence[] = "/evidence";
    struct query *query;
    bool has_content;
    if (str_ends(call->rest, evidence)) {
        call->rest =
            str_sub(call->rest, 0, call->rest.n - (sizeof evidence - 1));
        give_evidence(call);
        return;
    }
    if (call_query(call, &query) != OK ||
        allow_content(call, "activity", &has_content) != OK)
        return;
    enum err err = query_get_view(
        query, call->rest, has_content, on_one, &call->response->body);
    call_end(call, err);
}
