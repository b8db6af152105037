/*
 * `promptgate ca init --limited` comes here once, before there is a CA.
 */
#include "proxy/ca_names.h"

#include <unistd.h>

#include "base/diag.h"
#include "base/net.h"
#include "certs/mint.h"
#include "inspect/service.h"

static bool is_covered(const struct ca_names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++) {
        struct str have = names->items[i];
        size_t from = name.n - have.n;
        if (name.n < have.n || !str_eq(str_sub(name, from, name.n), have))
            continue;
        if (from == 0 || name.p[from - 1] == '.')
            return true;
    }
    return false;
}

/* ".a.test" and "x*.a.test" are a.test and what is below it. */
static struct str base_of(struct str pattern)
{
    size_t star = str_find_char(pattern, '*');
    while (star < pattern.n) {
        struct str behind = str_sub(pattern, star, pattern.n);
        size_t dot = str_find_char(behind, '.');
        pattern = str_sub(behind, dot, behind.n);
        star = str_find_char(pattern, '*');
    }
    return str_starts(pattern, ".") ? str_sub(pattern, 1, pattern.n) : pattern;
}

static bool add(struct ca_names *names, struct str pattern)
{
    struct net_address address;
    struct str name = arena_lower(&names->arena, base_of(pattern));
    /* What is no name can be in no leaf either. */
    if (!mint_host_is_valid(name) || net_parse_ip(name, &address) == OK ||
        is_covered(names, name))
        return true;
    if (names->count == CA_NAMES_MAX)
        return false;
    names->items[names->count++] = name;
    return true;
}

static bool add_console(struct ca_names *names, const struct settings *settings)
{
    char machine[65] = "";
    if (gethostname(machine, sizeof machine - 1) != 0)
        machine[0] = '\0';
    bool is_good = add(names, STR("localhost")) &&
                   add(names, str_of(machine)) && add(names, settings->node);
    for (size_t i = 0; is_good && i < settings->console_hosts.count; i++)
        is_good = add(names, settings->console_hosts.items[i]);
    return is_good;
}

enum err ca_names_collect(const struct bundle *bundle,
    const struct settings *settings, struct ca_names *out, struct diag *diag)
{
    struct service_set *set = service_set_load(bundle, diag);
    struct str pattern;
    bool is_shared, is_good = true;
    *out = (struct ca_names){0};
    if (set == NULL)
        return ERR_CONFIG;
    for (size_t i = 0;
         is_good && (pattern = service_host_pattern(set, i, &is_shared)).n != 0;
         i++)
        is_good = add(out, pattern);
    is_good = is_good && add_console(out, settings);
    service_set_free(&set);
    if (is_good)
        return OK;
    diag_add(diag, "services", 1, "more than %d hosts", CA_NAMES_MAX);
    return ERR_CONFIG;
}

void ca_names_free(struct ca_names *names)
{
    arena_free(&names->arena);
    names->count = 0;
}
