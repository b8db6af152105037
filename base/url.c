/* See base/url.h. */
#include "base/url.h"

static const char scheme[] = "https://";

struct str url_authority(struct str url)
{
    struct str rest = str_sub(url, sizeof scheme - 1, url.n);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    return str_sub(rest, 0, end);
}

static bool is_authority(struct str text)
{
    size_t n = 0; /* of the host */
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_host = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '[' || c == ']' || c == ':';
        if (!is_host)
            return false;
        n += c != ':' && n == i;
    }
    return n > 0;
}

bool url_is_https(struct str url)
{
    if (!str_starts(url, scheme) || !is_authority(url_authority(url)))
        return false;
    for (size_t i = 0; i < url.n; i++) {
        unsigned char c = (unsigned char)url.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#' || c == '"' || c == '<' ||
            c == '>' || c == '\\' || c == '^' || c == '`' || c == '{' ||
            c == '|' || c == '}')
            return false;
    }
    return true;
}

void url_escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                        c == '.' || c == '~';
        if (is_plain)
            buf_append_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}
