/*
 * What the files of the sign-in by a provider share; not for others.
 */
#ifndef CONSOLE_SSO_PARTS_H
#define CONSOLE_SSO_PARTS_H

#include "console/parts.h"

#define SSO_METHOD "openid-connect" /* in the audit */

/* ---- sso_flow.c ---- */

/* What the cookie says: seed.until.next.mac */
struct sso_flow {
    char seed[DIGEST_HEX_BYTES];
    uint64_t until_ms;
    struct str next; /* in the request's arena */
};

/* A secret of this process's and that text, in hexadecimal digits. */
void sso_derive(struct console *c, const char *what, struct str text,
    char out[DIGEST_HEX_BYTES]);
/* In time that does not tell where they differ. */
bool sso_is_equal(struct str a, struct str b);
void sso_begin_flow(struct console *c, struct str next, struct sso_flow *flow,
    struct response *response);
void sso_end_flow(struct response *response);
/* False: no cookie, not one of ours, or too old. */
bool sso_read_flow(struct console *c, struct request *r, struct sso_flow *flow);
/* False: it counted before, or there is no room to remember it. */
bool sso_use_once(struct sso *sso, struct str seed, uint64_t until_ms);

/* ---- sso_pages.c ---- */

const char *sso_saying(enum oidc_fault fault);
/* The beginning of a link to the way there. */
void sso_write_link(const char *class_name, struct str next, struct buf *out);
void sso_refuse(struct console *c, struct response *response, unsigned status,
    const char *message);
/* The session's cookie is not sent with what a page elsewhere led to: this
 * page leads on, so that it is ours that leads. */
void sso_lead_on(struct console *c, struct response *response, struct str next);

/* ---- sso.c ---- */

bool sso_is_on(const struct running *running);
/* An address of ours as the provider knows it. */
void sso_write_uri(const struct console_running *running,
    const struct request *r, const char *path, struct buf *out);

#endif
