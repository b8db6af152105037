/*
 * Addresses and networks.  The spellings are ours instead of inet_aton's, so
 * that nothing like 0177.1 or 127.1 passes a list that knows only dotted
 * quads.
 */
#include "base/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool is_mapped(const uint8_t bytes[16])
{
    static const uint8_t prefix[12] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(bytes, prefix, sizeof prefix) == 0;
}

/* ::ffff:1.2.3.4 and 1.2.3.4 reach the same machine: one form only. */
static void set_v6(struct net_address *out, const uint8_t bytes[16])
{
    out->is_v6 = !is_mapped(bytes);
    memset(out->bytes, 0, sizeof out->bytes);
    if (out->is_v6)
        memcpy(out->bytes, bytes, 16);
    else
        memcpy(out->bytes, bytes + 12, 4);
}

/* One decimal byte without leading zeros (octal elsewhere). */
static enum err parse_octet(struct str text, uint8_t *out)
{
    uint64_t value;
    if (text.n == 0 || text.n > 3 || (text.n > 1 && text.p[0] == '0') ||
        str_to_u64(text, &value) != OK || value > 255)
        return ERR_PARSE;
    *out = (uint8_t)value;
    return OK;
}

static enum err parse_v4(struct str text, struct net_address *out)
{
    struct str rest = text, part;
    if (text.n < 7 || text.n > 15 || text.p[text.n - 1] == '.')
        return ERR_PARSE;
    for (unsigned i = 0; i < 4; i++)
        if (!str_split(&rest, '.', &part) ||
            parse_octet(part, &out->bytes[i]) != OK)
            return ERR_PARSE;
    return rest.n == 0 ? OK : ERR_PARSE;
}

static enum err parse_v6(struct str text, struct net_address *out)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (text.n < 2 || text.n >= sizeof copy ||
        memchr(text.p, '\0', text.n) != NULL)
        return ERR_PARSE;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET6, copy, bytes) != 1)
        return ERR_PARSE;
    set_v6(out, bytes);
    return OK;
}

enum err net_parse_ip(struct str text, struct net_address *out)
{
    *out = (struct net_address){0};
    if (text.n >= 2 && text.p[0] == '[') {
        if (text.p[text.n - 1] != ']')
            return ERR_PARSE;
        return parse_v6(str_sub(text, 1, text.n - 1), out);
    }
    if (str_find_char(text, ':') < text.n)
        return parse_v6(text, out);
    return parse_v4(text, out);
}

enum err net_parse_endpoint(struct str text, struct net_address *out)
{
    size_t colon = text.n;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == ':')
            colon = i;
    *out = (struct net_address){0};
    if (colon == text.n)
        return ERR_PARSE;
    struct str host = str_sub(text, 0, colon);
    struct str port = str_sub(text, colon + 1, text.n);
    uint64_t value;
    bool is_bare_v6 = str_find_char(host, ':') < host.n && host.p[0] != '[';
    if (is_bare_v6 || net_parse_ip(host, out) != OK || port.n == 0 ||
        port.n > 5 || str_to_u64(port, &value) != OK || value == 0 ||
        value > 65535)
        return ERR_PARSE;
    out->port = (uint16_t)value;
    return OK;
}

enum err net_parse_range(struct str text, struct net_range *out)
{
    size_t slash = str_find_char(text, '/');
    struct str ip = str_sub(text, 0, slash);
    *out = (struct net_range){0};
    if (net_parse_ip(ip, &out->address) != OK)
        return ERR_PARSE;
    unsigned widest = out->address.is_v6 ? 128 : 32;
    out->bits = widest;
    if (slash == text.n)
        return OK;
    uint64_t bits;
    struct str digits = str_sub(text, slash + 1, text.n);
    bool was_mapped = !out->address.is_v6 && str_find_char(ip, ':') < ip.n;
    if (digits.n == 0 || digits.n > 3 || str_to_u64(digits, &bits) != OK)
        return ERR_PARSE;
    if (was_mapped && bits < 96)
        return ERR_PARSE;
    bits -= was_mapped ? 96 : 0;
    if (bits > widest)
        return ERR_PARSE;
    out->bits = (unsigned)bits;
    return OK;
}

static bool bytes_in(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* A caller may have filled in an address without net_from_sockaddr. */
static struct net_address normal(const struct net_address *a)
{
    struct net_address out = *a;
    if (a->is_v6)
        set_v6(&out, a->bytes);
    return out;
}

bool net_in_range(const struct net_address *a, const struct net_range *range)
{
    struct net_address address = normal(a);
    return address.is_v6 == range->address.is_v6 &&
           bytes_in(address.bytes, range->address.bytes, range->bits);
}

/* IANA special-purpose registries (RFC 6890 and updates), multicast and
 * reserved space; 168.63.129.16 and 100.100.100.200 are cloud metadata
 * addresses (the latter lies in 100.64/10). */
static const struct {
    uint8_t bytes[4];
    uint8_t bits;
} special_v4[] = {
    {{0, 0, 0, 0}, 8},
    {{10, 0, 0, 0}, 8},
    {{100, 64, 0, 0}, 10},
    {{127, 0, 0, 0}, 8},
    {{168, 63, 129, 16}, 32},
    {{169, 254, 0, 0}, 16},
    {{172, 16, 0, 0}, 12},
    {{192, 0, 0, 0}, 24},
    {{192, 0, 2, 0}, 24},
    {{192, 31, 196, 0}, 24},
    {{192, 52, 193, 0}, 24},
    {{192, 88, 99, 0}, 24},
    {{192, 168, 0, 0}, 16},
    {{192, 175, 48, 0}, 24},
    {{198, 18, 0, 0}, 15},
    {{198, 51, 100, 0}, 24},
    {{203, 0, 113, 0}, 24},
    {{224, 0, 0, 0}, 4},
    {{240, 0, 0, 0}, 4},
};

static bool is_special_v4(const uint8_t *bytes)
{
    for (size_t i = 0; i < sizeof special_v4 / sizeof special_v4[0]; i++)
        if (bytes_in(bytes, special_v4[i].bytes, special_v4[i].bits))
            return true;
    return false;
}

/* Only 2000::/3 is given out as global unicast. Inside it: Teredo and ORCHID
 * (2001::/23), documentation, and forms that carry an IPv4 address. */
static bool is_special_v6(const uint8_t *b)
{
    static const uint8_t nat64[16] = {0, 0x64, 0xff, 0x9b};
    if (bytes_in(b, nat64, 96))
        return is_special_v4(b + 12);
    if ((b[0] & 0xe0) != 0x20)
        return true;
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return is_special_v4(b + 2);
    if (b[0] == 0x20 && b[1] == 0x01)
        return b[2] < 2 || (b[2] == 0x0d && b[3] == 0xb8);
    return b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0) == 0; /* RFC 9637 */
}

bool net_is_private(const struct net_address *a)
{
    struct net_address address = normal(a);
    return address.is_v6 ? is_special_v6(address.bytes)
                         : is_special_v4(address.bytes);
}

bool net_equal(const struct net_address *a, const struct net_address *b)
{
    struct net_address x = normal(a), y = normal(b);
    return x.is_v6 == y.is_v6 && x.port == y.port &&
           memcmp(x.bytes, y.bytes, x.is_v6 ? 16 : 4) == 0;
}

void net_format(const struct net_address *a, char text_out[NET_TEXT_BYTES])
{
    if (inet_ntop(a->is_v6 ? AF_INET6 : AF_INET, a->bytes, text_out,
            NET_TEXT_BYTES) == NULL)
        snprintf(text_out, NET_TEXT_BYTES, "?");
}

void net_to_sockaddr(const struct net_address *a, struct sockaddr_storage *out,
    socklen_t *length_out)
{
    *out = (struct sockaddr_storage){0};
    if (a->is_v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(a->port);
        memcpy(&v6->sin6_addr, a->bytes, 16);
        *length_out = sizeof *v6;
        return;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(a->port);
    memcpy(&v4->sin_addr, a->bytes, 4);
    *length_out = sizeof *v4;
}

void net_from_sockaddr(const struct sockaddr *sa, struct net_address *out)
{
    *out = (struct net_address){0};
    if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
        set_v6(out, v6->sin6_addr.s6_addr);
        out->port = ntohs(v6->sin6_port);
    } else if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
        memcpy(out->bytes, &v4->sin_addr, 4);
        out->port = ntohs(v4->sin_port);
    }
}

/* ---- host patterns ---- */

bool host_matches(struct str pattern, struct str host)
{
    if (pattern.n == 0 || host.n == 0)
        return false;
    if (pattern.p[0] != '.')
        return str_glob(pattern, host, '.');
    struct str name = str_sub(pattern, 1, pattern.n);
    if (host.n <= name.n)
        return str_eq(name, host);
    return str_eq(pattern, str_sub(host, host.n - pattern.n, host.n));
}
