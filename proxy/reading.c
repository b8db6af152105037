#include "proxy/reading.h"

#include "base/utf8.h"

enum { STUB_BYTES_MAX = 1024 };

/* Says by its first bytes that it is a document and holds none: words that can
 * be read as they are, or next to nothing. */
static bool is_stub(struct str bytes)
{
    return bytes.n <= STUB_BYTES_MAX || utf8_is_text(bytes);
}

bool reading_is_nobodys(
    struct str document, const struct extract_report *report)
{
    if (report->where.n != 0)
        return false;
    return report->status == EXTRACT_UNKNOWN ||
           (report->status == EXTRACT_DAMAGED && is_stub(document));
}

void reading_take(
    struct exchange *exchange, const struct extract_report *report)
{
    bool is_bad = extract_status_is_bad(report->status);
    const struct document_reading reading = {.text = buf_str(&report->text),
        .trouble = is_bad ? extract_status_name(report->status) : NULL,
        .where = report->where};
    if (reading_is_nobodys(exchange_document(exchange), report))
        exchange_skip_document(exchange);
    else
        exchange_take_document(exchange, &reading);
}

void reading_run(const struct extract_setup *setup, struct exchange *exchange)
{
    struct extract_report report;
    extract_child_run(setup, exchange_document(exchange), &report);
    reading_take(exchange, &report);
    extract_report_free(&report);
}
