/* A report of the extractor to the exchange that asked for it: the same for a
 * worker and for replay. */
#ifndef PROXY_READING_H
#define PROXY_READING_H

#include "inspect/exchange.h"
#include "proxy/extract_child.h"

/* Bytes that no reader is for are looked at as they are; that is no failure,
 * or no video could be sent. */
bool reading_is_nobodys(
    struct str document, const struct extract_report *report);
void reading_take(
    struct exchange *exchange, const struct extract_report *report);
/* Has the document read, and waits: for commands. */
void reading_run(const struct extract_setup *setup, struct exchange *exchange);

#endif
