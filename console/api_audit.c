/* What was done in the console, for whoever may see it. */
#include "console/parts.h"

#include "store/audit.h"

void api_audit(struct call *call)
{
    struct query_filter filter;
    struct query *query;
    struct query_cursor cursor;
    size_t limit;
    bool more = false;
    struct page page = {.out = &call->reply->body};
    if (call_filter(call, &filter) != OK ||
        call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK)
        return;
    buf_append_str(page.out, STR("{\"items\":["));
    enum err err =
        query_audit(query, &filter, limit, &cursor, page_on_row, &page, &more);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    page_end(&page, &cursor, more);
    response_json(call->reply);
}
