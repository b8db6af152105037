#include "proxy/target.h"

/*
 * front.c asks for every CONNECT and absolute-form target, tunnel.c and
 * intercept.c for every ClientHello.  Nothing here looks at addresses behind
 * names: that is dial.c's, on the address actually used.
 */

#include <string.h>

enum { HOST_MAX = 253, LABEL_MAX = 63 };

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* RFC 1123 names with '_' allowed; a last label that begins with a digit
 * would be another spelling of an address. */
static bool is_host_name(struct str host)
{
    struct str rest = host, label = STR_NONE;
    if (host.n == 0 || host.n > HOST_MAX)
        return false;
    while (str_split(&rest, '.', &label)) {
        if (label.n == 0 || label.n > LABEL_MAX)
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_label_char(label.p[i]))
                return false;
    }
    return !(label.p[0] >= '0' && label.p[0] <= '9');
}

static struct str normalise(struct str host, struct arena *arena)
{
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    return arena_lower(arena, host);
}

static bool port_is_allowed(const struct settings *settings, uint16_t port)
{
    for (size_t i = 0; i < settings->ports_count; i++)
        if (settings->ports[i] == port)
            return true;
    return false;
}

static bool has_override(
    const struct settings *settings, struct str host, uint16_t port)
{
    for (size_t i = 0; i < settings->resolve_count; i++)
        if (settings->resolve[i].port == port &&
            str_eq_nocase(settings->resolve[i].host, host))
            return true;
    return false;
}

bool target_permits(
    const struct settings *settings, const struct net_address *address)
{
    if (!net_is_private(address))
        return true;
    for (size_t i = 0; i < settings->allow_private_count; i++)
        if (net_in_range(address, &settings->allow_private[i]))
            return true;
    return false;
}

static bool is_bypassed(const struct settings *settings, struct str host)
{
    for (size_t i = 0; i < settings->bypass.count; i++)
        if (host_matches(settings->bypass.items[i], host))
            return true;
    return false;
}

struct target_choice target_choose(const struct conf *conf, struct str host,
    uint16_t port, struct arena *arena, struct str *host_out)
{
    const struct settings *settings = &conf->settings;
    struct net_address address;
    *host_out = normalise(host, arena);
    bool is_address = net_parse_ip(*host_out, &address) == OK;
    if (!is_address && !is_host_name(*host_out))
        return (struct target_choice){TARGET_REFUSE, "bad-host"};
    if (!port_is_allowed(settings, port) &&
        !has_override(settings, *host_out, port))
        return (struct target_choice){TARGET_REFUSE, "port"};
    if (is_address && !has_override(settings, *host_out, port) &&
        !target_permits(settings, &address))
        return (struct target_choice){TARGET_REFUSE, "private-address"};
    if (str_is(*host_out, "localhost") || str_ends(*host_out, ".localhost"))
        return (struct target_choice){TARGET_REFUSE, "private-address"};
    enum host_scope scope = service_match_host(conf->services, *host_out, NULL);
    if (scope == HOST_OUT)
        return (struct target_choice){TARGET_TUNNEL, NULL};
    if (is_bypassed(settings, *host_out))
        return (struct target_choice){TARGET_TUNNEL, "bypass"};
    return (struct target_choice){
        scope == HOST_IN ? TARGET_INSPECT : TARGET_ASK, NULL};
}

const char *target_check_hello(const struct conf *conf, struct str connect_host,
    enum target_action action, const struct hello *hello)
{
    if (hello->server_name.n == 0 || str_eq(hello->server_name, connect_host))
        return NULL;
    if (action == TARGET_INSPECT)
        return "sni-differs";
    /* Out of scope outside, in scope inside: fronting. */
    if (service_match_host(conf->services, hello->server_name, NULL) ==
            HOST_IN &&
        !is_bypassed(&conf->settings, hello->server_name))
        return "sni-in-scope";
    return NULL;
}
