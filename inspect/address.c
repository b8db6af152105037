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

/* "/a/b" -> "/a/" */
static struct str folder_of(struct str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return str_sub(path, 0, n);
}

/* "a:" and the like; none in a path. */
static bool has_scheme(struct str reference)
{
    size_t colon = str_find_char(reference, ':');
    return colon < str_find_char(reference, '/') &&
           colon < str_find_char(reference, '?');
}

bool address_resolve(struct arena *arena, const struct address *base,
    struct str reference, struct address *out)
{
    struct str before = STR_NONE;
    reference = str_sub(reference, 0, str_find_char(reference, '#'));
    if (str_starts(reference, "//"))
        before = STR("https:");
    else if (str_starts(reference, "?"))
        before = base->path;
    else if (reference.n != 0 && !str_starts(reference, "/") &&
             !has_scheme(reference))
        before = folder_of(base->path);
    if (before.n != 0)
        reference = str_of(arena_printf(
            arena, "%.*s%.*s", STR_ARG(before), STR_ARG(reference)));
    if (!address_split(arena, reference, out))
        return false;
    if (out->host.n == 0)
        out->host = base->host;
    return true;
}
