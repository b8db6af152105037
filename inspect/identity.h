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

/* First of: proxy login, JWT, API key, address.  Strings go to the arena. */
void identity_find(const struct exchange_request *request, struct arena *arena,
    struct actor *actor_out);

#endif
