#include "proxy/pac.h"

#include "base/jsonw.h"

/* "oai*.blob.test" → /^oai[^.]*\.blob\.test$/ ; every other character of a
 * host pattern is a letter, digit or '-'. */
static void append_glob(struct buf *out, struct str pattern)
{
    buf_append_str(out, STR("/^"));
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '*')
            buf_append_str(out, STR("[^.]*"));
        else if (pattern.p[i] == '?')
            buf_append_str(out, STR("[^.]"));
        else if (pattern.p[i] == '.')
            buf_append_str(out, STR("\\."));
        else
            buf_append_char(out, pattern.p[i]);
    }
    buf_append_str(out, STR("$/"));
}

enum pattern_kind { EXACT, SUFFIX, GLOB };

static enum pattern_kind kind_of(struct str pattern)
{
    if (str_has(pattern, "*") || str_has(pattern, "?"))
        return GLOB;
    return str_starts(pattern, ".") ? SUFFIX : EXACT;
}

static void append_list(
    const struct conf *conf, enum pattern_kind kind, struct buf *out)
{
    bool is_shared, is_first = true;
    for (size_t i = 0;; i++) {
        struct str pattern =
            service_host_pattern(conf->services, i, &is_shared);
        if (pattern.n == 0)
            return;
        if (is_shared || kind_of(pattern) != kind)
            continue;
        buf_append_str(out, is_first ? STR("\n    ") : STR(",\n    "));
        is_first = false;
        if (kind == GLOB)
            append_glob(out, pattern);
        else
            jsonw_append_quoted(out, pattern);
        if (kind == EXACT)
            buf_append_str(out, STR(": 1"));
    }
}

void pac_write(const struct conf *conf, struct str proxy, struct buf *out)
{
    struct buf by_proxy = {0};
    buf_printf(&by_proxy, "PROXY %.*s", STR_ARG(proxy));
    buf_append_str(out, STR("// promptgate: which hosts go through the proxy\n"
                            "var exact = {"));
    append_list(conf, EXACT, out);
    buf_append_str(out, STR("\n};\nvar suffixes = ["));
    append_list(conf, SUFFIX, out);
    buf_append_str(out, STR("\n];\nvar globs = ["));
    append_list(conf, GLOB, out);
    buf_append_str(out,
        STR("\n];\n\nfunction FindProxyForURL(url, host) {\n  var proxy = "));
    jsonw_append_quoted(out, buf_str(&by_proxy)); /* from a Host field */
    buf_free(&by_proxy);
    buf_printf(out,
        ", i;\n"
        "  host = host.toLowerCase().replace(/\\.$/, \"\");\n"
        "  if (exact.hasOwnProperty(host)) return proxy;\n"
        "  for (i = 0; i < suffixes.length; i++)\n"
        "    if (\".\" + host === suffixes[i] ||\n"
        "        host.slice(-suffixes[i].length) === suffixes[i]) "
        "return proxy;\n"
        "  for (i = 0; i < globs.length; i++)\n"
        "    if (globs[i].test(host)) return proxy;\n"
        "  return %s;\n"
        "}\n",
        conf->settings.pac_default_proxy ? "proxy" : "\"DIRECT\"");
}
