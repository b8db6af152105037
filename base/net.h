/*
 * Addresses and networks, without I/O.  Spellings are strict (no octal, no
 * short forms); an IPv4-mapped IPv6 address counts as its IPv4 one.  And the
 * patterns that name hosts in every file.
 * (P1, P2, F21)
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "base/str.h"

struct net_address {
    bool is_v6;
    uint8_t bytes[16]; /* network order; IPv4 in the first four */
    uint16_t port;     /* host order; 0: none */
};

struct net_range {
    struct net_address address;
    unsigned bits;
};

enum { NET_TEXT_BYTES = 64 };

/* "1.2.3.4", "::1", "[::1]" (port 0). */
enum err net_parse_ip(struct str text, struct net_address *out) MUST_USE;
/* "1.2.3.4:80", "[::1]:80". */
enum err net_parse_endpoint(struct str text, struct net_address *out) MUST_USE;
/* "10.0.0.0/8", "::1/128", or a single address. */
enum err net_parse_range(struct str text, struct net_range *out) MUST_USE;
bool net_in_range(const struct net_address *a, const struct net_range *range);
/* Anything but a public unicast address: loopback, private, link-local,
 * shared, metadata, documentation, multicast, reserved, mapped … */
bool net_is_private(const struct net_address *a);
bool net_equal(const struct net_address *a, const struct net_address *b);
/* Without the port: "10.1.2.3", "::1". */
void net_format(const struct net_address *a, char text_out[NET_TEXT_BYTES]);
void net_to_sockaddr(const struct net_address *a, struct sockaddr_storage *out,
    socklen_t *length_out);
void net_from_sockaddr(const struct sockaddr *sa, struct net_address *out);

/* "chatgpt.com" exact, ".oaiusercontent.com" that name and everything below,
 * "oaisdmntpr*.blob.core.windows.net" glob inside one label. */
bool host_matches(struct str pattern, struct str host);

#endif
