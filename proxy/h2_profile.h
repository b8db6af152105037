/*
 * How the other side of an HTTP/2 connection introduces itself: its SETTINGS
 * in their order with ids that nobody knows, and the window of the connection
 * (RFC 9113 §3.4, §6.5, §6.9).  Services tell browsers by it
 * (reliability.md §3, need 2), so the origin is shown what the client showed.
 *
 * Reads the bytes as they come, beside nghttp2, which keeps no unknown ids.
 * Pure: no I/O, no nghttp2.
 */
#ifndef PROXY_H2_PROFILE_H
#define PROXY_H2_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    H2_PROFILE_SETTINGS_MAX = 16, /* more are not shown on */
    H2_PROFILE_BYTES_MAX = 1024,  /* of the first bytes: browsers need 100 */
};

struct h2_setting {
    uint16_t id;
    uint32_t value;
};

struct h2_profile {
    struct h2_setting settings[H2_PROFILE_SETTINGS_MAX];
    size_t count;
    uint32_t window_increment; /* of the connection; 0: none was sent */
    bool has_preface;          /* set for what clients send */
    bool is_whole;             /* nothing more is read */
    struct buf bytes;          /* until then */
};

/* bytes: the next that the peer sent, from the beginning. */
void h2_profile_feed(struct h2_profile *profile, struct str bytes);
/* The last with that id; NULL: there is none. */
const struct h2_setting *h2_profile_find(
    const struct h2_profile *profile, uint16_t id);
void h2_profile_free(struct h2_profile *profile);

#endif
