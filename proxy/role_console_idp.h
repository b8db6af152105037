/*
 * Codes that people came back with, on their way to the role that talks to the
 * provider, and whom they are of: they come from the console's threads, and are
 * asked by the role's loop.
 */
#ifndef PROXY_ROLE_CONSOLE_IDP_H
#define PROXY_ROLE_CONSOLE_IDP_H

#include "console/console.h"
#include "console/oidc_msg.h"
#include "proxy/chan.h"

enum { CONSOLE_SIGNINS_MAX = 64 }; /* at once */

struct console_idp;

/* console: told where people sign in; set before the first channel. */
struct console_idp *console_idp_new(uv_loop_t *loop);
void console_idp_set_console(struct console_idp *i, struct console *console);
/* A channel to a (new) role; fd is taken. */
void console_idp_attach(struct console_idp *i, int fd);

/* From any thread; the loop is to be woken then. */
void console_idp_put(struct console_idp *i,
    const struct oidc_question *question, struct console_ticket *ticket);
/* On the loop: asks what was put. */
void console_idp_ask(struct console_idp *i);
/* The loop has ended: nobody is signed in any more. */
void console_idp_stop(struct console_idp *i);

#endif
