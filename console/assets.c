/*
 * The files of console/static, which the build puts into the binary
 * (console/assets.sh).  Below public/ they are given to anyone, for the login
 * page; the rest to whoever is logged in.
 */
#include "console/parts.h"

#include <string.h>

#include "base/mem.h"

extern const struct asset asset_table[]; /* ends with a NULL name */

const struct asset *asset_find(struct str name)
{
    for (const struct asset *a = asset_table; a->name != NULL; a++)
        if (str_is(name, a->name))
            return a;
    return NULL;
}

static struct str bytes_of(const struct asset *a)
{
    return str_make(a->start, (size_t)(a->end - a->start));
}

struct str asset_openapi(void)
{
    const struct asset *a = asset_find(STR("openapi.yaml"));
    return a != NULL ? bytes_of(a) : STR_NONE;
}

struct str asset_quality(void)
{
    const struct asset *a = asset_find(STR("quality.json"));
    return a != NULL ? bytes_of(a) : STR("{}");
}

static const char *type_of(struct str name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".woff2", "font/woff2"},
        {".yaml", "application/yaml"},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_ends(name, types[i][0]))
            return types[i][1];
    return "text/plain; charset=utf-8";
}

/* Asked for anew each time, sent only when it has changed. */
void asset_reply(const struct asset *asset, const struct request *r,
    struct response *response)
{
    char hex[DIGEST_HEX_BYTES], tag[24];
    digest_sha256_hex(bytes_of(asset), hex);
    tag[0] = '"';
    memcpy(tag + 1, hex, 20);
    memcpy(tag + 21, "\"", 2);
    response->cache = "no-cache";
    response_header(response, "ETag", str_of(tag));
    if (str_has(r->if_none_match, tag)) {
        response->status = 304;
        return;
    }
    response->status = 200;
    response->type = type_of(str_of(asset->name));
    response->fixed = bytes_of(asset);
}
