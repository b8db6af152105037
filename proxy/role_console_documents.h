/*
 * Documents that are tried in the console, on their way to the extractor and
 * back: they come from the console's threads, and are asked for by the role's
 * loop as a worker asks (proxy/extracting.h).
 */
#ifndef PROXY_ROLE_CONSOLE_DOCUMENTS_H
#define PROXY_ROLE_CONSOLE_DOCUMENTS_H

#include "base/settings.h"
#include "console/console.h"
#include "proxy/extracting.h"

enum { CONSOLE_DOCUMENTS_MAX = 4 }; /* at once */

struct console_documents;

struct console_documents *console_documents_new(
    uv_loop_t *loop, const struct settings *settings);
void console_documents_configure(
    struct console_documents *d, const struct settings *settings);
/* A channel to a (new) extractor; fd is taken. */
void console_documents_attach(struct console_documents *d, int fd);

/* From any thread; bytes: taken.  The loop is to be woken then. */
void console_documents_put(struct console_documents *d, struct buf *bytes,
    struct console_ticket *ticket);
/* On the loop: asks for what was put. */
void console_documents_ask(struct console_documents *d);
/* The loop has ended: nothing is read any more. */
void console_documents_stop(struct console_documents *d);

#endif
