/* URLs of others: bounded by their caller, damaged ones are none. */
#include "inspect/address.h"

enum { SCHEME_MAX = 8 };

bool address_split(struct arena *arena, struct str url, struct address *out)
{
    struct str host = STR_NONE;
    *out = (struct address){.host = STR_NONE};
    url = str_sub(url, 0, str_find_char(url, '#'));
    size_t scheme = str_find(url, STR("://"));
    bool is_absolute = scheme < url.n && scheme <= SCHEME_MAX;
    if (is_absolute) {
        url = str_sub(url, scheme + 3, url.n);
        size_t slash = str_find_char(url, '/');
        size_t mark = str_find_char(url, '?');
        host = str_sub(url, 0, slash < mark ? slash : mark);
        url = str_sub(url, host.n, url.n);
        host = str_sub(host, 0, str_find_char(host, ':'));
    }
    if (is_absolute ? host.n == 0 : !str_starts(url, "/"))
        return false;
    size_t mark = str_find_char(url, '?');
    out->host = arena_lower(arena, host);
    out->path = str_sub(url, 0, mark);
    out->query = str_sub(url, mark + 1, url.n);
    return true;
}
