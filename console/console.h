/*
 * The console's HTTP server: one site on one listening socket, either the
 * pages (HTTPS) or /metrics (plain).  The only user of libmicrohttpd.  Runs
 * in the caller's loop: whenever the descriptor of site_poll_fd is readable,
 * and at least once a second, site_run.
 *
 * So far the pages are one that says what runs; they need no login because
 * they tell nothing.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "base/buf.h"
#include "base/err.h"

struct site;

struct site_options {
    int listen_fd; /* duplicated */
    /* PEM, each with a closing NUL; both NULL: plain HTTP */
    const char *cert_pem, *key_pem;
    const void *stats; /* serve /metrics from this mapping; NULL: pages */
    struct str node;
};

/* Copies what it needs.  ERR_IO: the library refused. */
enum err site_start(
    const struct site_options *options, struct site **site_out) MUST_USE;
void site_stop(struct site **site);
int site_poll_fd(const struct site *site);
void site_run(struct site *site);

#endif
