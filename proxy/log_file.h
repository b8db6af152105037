/*
 * Saved events of a log, as people have them: a page of the list API
 * ({"data": [...]}), a JSON array, or JSON Lines of events or pages.
 */
#ifndef PROXY_LOG_FILE_H
#define PROXY_LOG_FILE_H

#include "inspect/json.h"

/* root of one event, borrowed for the call; ERR_PARSE: it is none. */
typedef enum err log_file_fn(void *context, const struct json_node *event);

/* Events in their order.  ERR_PARSE: some of the text, or all of it, is no
 * event; told on standard error, by name and line, and the rest is read. */
enum err log_file_read(struct str text, const char *name, log_file_fn *on_event,
    void *context) MUST_USE;

#endif
