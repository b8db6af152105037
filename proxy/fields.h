/*
 * What may stand in a head: names, values, targets and authorities, and which
 * fields end at this hop.  Shared by h1 and h2 so that both versions refuse
 * and drop the same things.  Pure functions over borrowed bytes.
 *
 * Sources: RFC 9110 §5 (fields), §7.6.1 (hop-by-hop), RFC 9112 §3.2 (target
 * forms), RFC 9113 §8.2 and §8.3.
 */
#ifndef PROXY_FIELDS_H
#define PROXY_FIELDS_H

#include "proxy/http.h"

enum {
    CONNECTION_TOKENS_MAX = 64, /* names in Connection, all lines together */
};

bool field_name_is_valid(struct str name);   /* a token */
bool field_value_is_valid(struct str value); /* no control byte but HTAB */
/* content-length or transfer-encoding but for `_` where `-` belongs, or a dot
 * at the end: behind a gateway of the CGI kind it is one of them (H1). */
bool field_name_imitates_framing(struct str name);
/* In trailers these could change framing or routing: never accepted. */
bool field_is_forbidden_in_trailers(struct str name);
/* connection, keep-alive, te …: written by the codec itself or not at all. */
bool field_ends_at_this_hop(struct str name);

/* Origin-form: starts with '/', printable ASCII, no fragment, no backslash
 * before the query; or "*". NULL when fine, else the refusal's word. */
const char *path_refusal(struct str path);
bool method_is_valid(struct str method);

/* True when two authorities name the same host and port. */
bool authorities_agree(struct str a, struct str b, uint16_t default_port);
uint16_t scheme_port(struct str scheme); /* 443 for https, else 80 */

/* Only digits, at most 18 of them. */
bool length_is_valid(struct str value, int64_t *length_out);

/* Drops what ends at this hop, and what Connection names (framing and host
 * fields cannot be dropped that way).  False: Connection names too many. */
bool head_strip_hop_by_hop(struct head *head);
/* Field lines with the same name in one: used for cookie crumbs. */
void head_join(struct head *head, const char *name, const char *between);

/* The standard phrase for a status; "" when there is none. */
const char *status_reason(int status);

#endif
