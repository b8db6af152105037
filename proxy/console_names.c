#include "proxy/console_names.h"

#include <unistd.h>

static bool is_listen_address(
    const struct settings *settings, const struct net_address *address)
{
    for (size_t i = 0; i < settings->listen_console.count; i++) {
        struct net_address listen;
        if (net_parse_endpoint(settings->listen_console.items[i], &listen) !=
            OK)
            continue;
        listen.port = 0;
        if (net_equal(&listen, address))
            return true;
    }
    return false;
}

bool console_has_name(const struct settings *settings, struct str host)
{
    char machine[65] = "";
    struct net_address address;
    if (net_parse_ip(host, &address) == OK)
        return str_is(host, "127.0.0.1") || str_is(host, "::1") ||
               is_listen_address(settings, &address);
    if (gethostname(machine, sizeof machine - 1) != 0)
        machine[0] = '\0';
    return host.n > 0 &&
           (str_is(host, "localhost") || str_is_nocase(host, machine) ||
               str_eq_nocase(host, settings->node));
}
