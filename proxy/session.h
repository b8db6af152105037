/*
 * A session lives as long as one client connection: front, target, tunnel or
 * TLS on both sides, codecs and transactions.  Sans-io: driven by these calls
 * and by the answers of proxy/world.h.
 */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include "extract/extract.h"
#include "proxy/world.h"

/* conf: the generation the session starts with, counted (conf_ref). */
struct session *session_new(
    struct world *world, struct conf *conf, struct link *client);
void session_free(struct session **session);

/* data may be changed in place by the receiver; valid during the call. */
void session_on_bytes(struct session *s, struct link *link, struct str data);
void session_on_eof(struct session *s, struct link *link);
/* The link broke (reset, timeout …); the session closes it. */
void session_on_broken(struct session *s, struct link *link, int uv_error);
void session_on_drained(struct session *s, struct link *link);

enum dial_result {
    DIAL_OK,
    DIAL_NOT_RESOLVED,
    DIAL_FORBIDDEN,
    DIAL_REFUSED,
    DIAL_TIMEOUT,
    DIAL_UNREACHABLE
};
void session_on_dialed(
    struct session *s, struct link *link, enum dial_result result);
void session_on_minted(struct session *s, struct leaf *leaf, enum err err);
void session_on_recorded(struct session *s, uint64_t token, enum err err);
void session_on_kept(struct session *s, uint64_t token, struct str answer);
void session_on_extracted(
    struct session *s, uint64_t token, const struct extract_report *report);
/* groups: blank-separated, for the policy. */
void session_on_authenticated(
    struct session *s, bool is_good, struct str groups);
/* The login is good, but its user has too many connections (D4). */
void session_on_crowded(struct session *s);
void session_on_timer(struct session *s);
void session_on_later(struct session *s);
/* Graceful end (shutdown): finish open exchanges, take no new ones. */
void session_drain(struct session *s);

#endif
