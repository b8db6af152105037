/* A report of the extractor to the exchange that asked for it: the same for a
 * worker and for replay. */
#ifndef PROXY_READING_H
#define PROXY_READING_H

#include "extract/extract.h"
#include "inspect/exchange.h"

void reading_take(
    struct exchange *exchange, const struct extract_report *report);

#endif
