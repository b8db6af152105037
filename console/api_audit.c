/* What was done in the console, for whoever may see it. */
#include "console/parts.h"

#include "store/audit.h"

void api_audit(struct call *call)
{
    struct browse_filter given;
    struct query *query;
    struct query_cursor cursor;
    size_t limit;
    bool more = false;
    struct page page = {.out = &call->response->body};
    if (call_filter(call, &given) != OK ||
        call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK)
        return;
    const struct query_filter filter = {.since_ms = given.since_ms,
        .until_ms = given.until_ms,
        .user = given.words[FACET_USER],
        .activity = given.words[FACET_ACTIVITY]};
    buf_append_str(page.out, STR("{\"items\":["));
    enum err err =
        query_audit(query, &filter, limit, &cursor, page_on_row, &page, &more);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    page_end(&page, &cursor, more);
    response_json(call->response);
}
