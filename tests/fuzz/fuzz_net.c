/* Addresses, endpoints and ranges as text: what parses is written and parses
 * again to the same, and lies in its own range. */
#include <string.h>

#include "base/net.h"
#include "tests/fuzz/same.h"

static void check_address(const struct net_address *address)
{
    char text[NET_TEXT_BYTES];
    struct sockaddr_storage sa;
    struct net_address again;
    socklen_t length;
    net_format(address, text);
    check(net_parse_ip(str_of(text), &again) == OK, "what is written parses");
    again.port = address->port;
    check(net_equal(address, &again), "to the same");
    check(net_is_private(address) == net_is_private(&again), "and as public");
    net_to_sockaddr(address, &sa, &length);
    net_from_sockaddr((struct sockaddr *)&sa, &again);
    check(net_equal(address, &again), "through the system's form too");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    struct net_address address;
    struct net_range range;
    if (net_parse_ip(text, &address) == OK) {
        check(address.port == 0, "an address has no port");
        check_address(&address);
    }
    if (net_parse_endpoint(text, &address) == OK)
        check_address(&address);
    if (net_parse_range(text, &range) == OK) {
        check(net_in_range(&range.address, &range), "in its own range");
        check(range.bits <= (range.address.is_v6 ? 128U : 32U), "bits fit");
        check_address(&range.address);
    }
    return 0;
}
