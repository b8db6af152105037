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

static bool takes_gzip(const struct request *r)
{
    struct str rest = r->accept_encoding, part;
    while (str_split(&rest, ',', &part))
        if (str_is_nocase(str_trim(part), "gzip"))
            return true; /* with a weight: rather as it is */
    return false;
}

/* Asked for anew each time, sent only when it has changed. */
void asset_reply(const struct asset *asset, const struct request *r,
    struct response *response)
{
    bool is_packed = takes_gzip(r);
    struct str bytes = bytes_of(asset);
    char hex[DIGEST_HEX_BYTES], tag[24];
    if (is_packed)
        bytes = str_make(
            asset->packed, (size_t)(asset->packed_end - asset->packed));
    digest_sha256_hex(bytes, hex);
    tag[0] = '"';
    memcpy(tag + 1, hex, 20);
    memcpy(tag + 21, "\"", 2);
    response->cache = "no-cache";
    response_header(response, "ETag", str_of(tag));
    response_header(response, "Vary", STR("Accept-Encoding"));
    if (str_has(r->if_none_match, tag)) {
        response->status = 304;
        return;
    }
    if (is_packed)
        response_header(response, "Content-Encoding", STR("gzip"));
    response->status = 200;
    response->type = type_of(str_of(asset->name));
    response->fixed = bytes;
}
