/*
 * Who sent a request, from what the request itself carries and what the
 * front knows (fact sheet chatgpt-wire §7.1).  Nothing here is verified: it
 * names people in records and for policy selectors, it grants nothing.
 * Tokens are read and never kept; of an API key only a fingerprint is.
 */
#ifndef INSPECT_IDENTITY_H
#define INSPECT_IDENTITY_H

#include "inspect/activity.h"
#include "inspect/exchange.h"

/* Bytes of a token that are looked at. */
enum { IDENTITY_TOKEN_BYTES_MAX = 16 * 1024 };

/* First of: proxy login, JWT, API key, user id in a cookie, address.  Strings
 * go to the arena. */
void identity_find(const struct exchange_request *request, struct arena *arena,
    struct actor *actor_out);

/* "sk-proj-…abcd": the kind of a key and its last four. */
struct str identity_redact(struct str key, struct arena *arena);

/* The mail address that a JWT names; empty: none. */
struct str identity_account_of(struct str token, struct arena *arena);

/* The address of a request names the person: "user-…". */
void identity_use_id(struct str id, struct arena *arena, struct actor *actor);
bool identity_is_personal(struct str plan);

/* The hashes of the cookies that stand for a signed-in session, or of the
 * token that a client without them has, and of the device's.  False: the
 * request has none. */
bool identity_session(const struct exchange_request *request,
    struct str service, struct keep_session *session_out);
/* The same of an answer that sets the session's cookies anew. */
bool identity_new_session(const struct field *fields, size_t count,
    struct str service, struct keep_session *session_out);

/* Whose the requests of one connection are, by session: owned by the
 * connection, which saves questions to the keeper. */
struct identity_memory {
    struct arena arena;
    struct keep_session session;
    struct keep_identity identity; /* in the arena */
};
void identity_memory_free(struct identity_memory *memory);

#endif
