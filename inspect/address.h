/*
 * A URL out of an answer or a form, split into what the inspector compares:
 * addresses that files go to and come from, hosts to be learnt.  Not for
 * deciding where a request goes (proxy/h1_head.c does that).
 */
#ifndef INSPECT_ADDRESS_H
#define INSPECT_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct address {
    struct str host;  /* lower case, without port; empty: "/path" alone */
    struct str path;  /* as it came; empty, or begins with "/" */
    struct str query; /* without "?"; the fragment is gone */
};

/* "https://Host:443/a?b#c", or "/a?b".  host lives in the arena, the rest in
 * url.  False (and all empty): neither of the two. */
bool address_split(struct arena *arena, struct str url, struct address *out);

/* A reference in an answer from base (Location): "//Host/a", "a?b" and "?b",
 * too.  Dots stay in the path; the host is base's where it names none. */
bool address_resolve(struct arena *arena, const struct address *base,
    struct str reference, struct address *out);

#endif
