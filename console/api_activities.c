/*
 * Activities: lists, one of them, a conversation.
 *
 * A page ends at its limit or at PAGE_BYTES, whichever comes first, but has
 * at least one item.  What was typed and shown (`content`, `hidden`) is not
 * in lists.
 */
#include "console/parts.h"

#include "base/jsonw.h"

static void give_page(struct call *call, const struct query_filter *filter,
    enum query_order order)
{
    struct query *query;
    struct query_cursor cursor;
    size_t limit;
    bool more = false;
    struct page page = {.out = &call->reply->body};
    if (call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK)
        return;
    buf_append_str(page.out, STR("\"items\":["));
    enum err err = query_list(
        query, filter, order, limit, &cursor, page_on_row, &page, &more);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    page_end(&page, &cursor, more);
    response_json(call->reply);
}

void api_activities(struct call *call)
{
    struct query_filter filter;
    if (call_filter(call, &filter) != OK)
        return;
    buf_append_char(&call->reply->body, '{');
    give_page(call, &filter, QUERY_NEWEST_FIRST);
}

void api_conversation(struct call *call)
{
    struct query_filter filter = {0};
    struct jsonw w = {.out = &call->reply->body};
    if (query_words_add(&filter.conversation, call->rest) != OK)
        return;
    buf_append_str(&call->reply->body, STR("{\"id\":"));
    jsonw_append_quoted(w.out, call->rest);
    buf_append_char(&call->reply->body, ',');
    give_page(call, &filter, QUERY_OLDEST_FIRST);
}

static void on_one(void *context, const struct query_row *row)
{
    buf_append_str(context, row->json);
}

void api_activity(struct call *call)
{
    struct query *query;
    if (call_query(call, &query) != OK)
        return;
    enum err err = query_get(query, call->rest, on_one, &call->reply->body);
    if (err == OK)
        response_json(call->reply);
    else
        call_failed(call, err);
}
