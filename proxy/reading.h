/* A report of the extractor to the exchange that asked for it: the same for a
 * worker and for replay. */
#ifndef PROXY_READING_H
#define PROXY_READING_H

#include "inspect/exchange.h"
#include "proxy/extract_child.h"

void reading_take(
    struct exchange *exchange, const struct extract_report *report);
/* Has the document read, and waits: for commands. */
void reading_run(const struct extract_setup *setup, struct exchange *exchange);

#endif
