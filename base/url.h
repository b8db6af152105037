/*
 * Addresses that we ask, or send people to: whether one is what it should be,
 * its host, and text made safe to stand in one.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/buf.h"

/* https, a host, no user, no fragment, printable ASCII alone and none of the
 * characters that no address has (RFC 3986 §2): so it may stand in a header
 * field and in a configuration's text. */
bool url_is_https(struct str url);
/* host[:port] of such an address. */
struct str url_authority(struct str url);
/* All but letters, digits and -._~ as %XX. */
void url_escape(struct buf *out, struct str text);

#endif
