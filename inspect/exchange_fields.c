/*
 * What a request says beside its body: header fields and trailers, and the
 * address of a request that no map explains.  Machines write most of it, so
 * only findings of at least medium severity and confidence count there.
 *
 * What lets people in (Authorization, cookies, tokens of the service) is left
 * out: it goes where it belongs, and looks like the secrets that detectors
 * are for.  So are the ids of traces, which are numbers of any kind.
 */
#include <ctype.h>

#include "inspect/exchange_parts.h"
#include "inspect/form.h"

enum { WORTH_BYTES = 8, LONG_SEGMENT = 20 };

static bool has_any(struct str name, const char *const *words)
{
    for (; *words != NULL; words++)
        if (str_has(name, *words))
            return true;
    return false;
}

static bool is_left_out(struct str name)
{
    static const char *const words[] = {"authorization", "cookie", "token",
        "secret", "signature", "credential", "csrf", "xsrf", "sentinel",
        "websocket", "api-key", "trace", "datadog", "baggage", "x-b3-",
        "if-none-match", "digest", "content-md5", NULL};
    return has_any(name, words);
}

/* A step of a sign-in consists of what lets people in. */
static bool is_signin(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->event != NULL &&
           route->event->signin != SIGNIN_NONE;
}

void exchange_take_fields(
    struct exchange *ex, const struct field *fields, size_t count)
{
    if (ex->activity == NULL || ex->request != REQUEST_OPEN || is_signin(ex))
        return;
    for (size_t i = 0; i < count; i++) {
        struct str value = str_trim(fields[i].value);
        if (value.n < WORTH_BYTES ||
            is_left_out(arena_lower(&ex->arena, fields[i].name)))
            continue;
        if (ex->fields.n != 0)
            buf_append_char(&ex->fields, '\n');
        buf_append_str(&ex->fields, value);
    }
}

/* ---- addresses ---- */

static bool has_letter(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (isalpha((unsigned char)s.p[i]))
            return true;
    return false;
}

/* "code" and "state" are those of a sign-in, "sig" signs an address. */
static bool is_credential(struct str name, struct str value)
{
    static const char *const words[] = {"token", "sig", "secret", "credential",
        "verify", "nonce", "x-amz-", NULL};
    return has_letter(value) &&
           (has_any(name, words) || str_is_nocase(name, "code") ||
               str_is_nocase(name, "state"));
}

static void add_line(struct exchange *ex, struct str text)
{
    if (ex->url.n != 0 && text.n != 0)
        buf_append_char(&ex->url, '\n');
    buf_append_str(&ex->url, text);
}

void exchange_take_path(struct exchange *ex)
{
    struct str rest = ex->path, segment;
    while (str_split(&rest, '/', &segment)) {
        segment = form_decode(&ex->arena, segment, false);
        if (segment.n >= WORTH_BYTES)
            add_line(ex, segment);
    }
}

void exchange_take_query(struct exchange *ex)
{
    struct str rest = ex->query, name, value;
    while (form_next_pair(&ex->arena, &rest, &name, &value)) {
        add_line(ex, name);
        if (!is_credential(arena_lower(&ex->arena, name), value))
            add_line(ex, value);
    }
}

bool exchange_address_says(const struct exchange *ex)
{
    struct str rest = ex->path, segment;
    size_t digits = 0;
    for (size_t i = 0; i < ex->path.n; i++)
        digits += isdigit((unsigned char)ex->path.p[i]) != 0;
    bool says = ex->query.n >= WORTH_BYTES || digits >= WORTH_BYTES;
    while (!says && str_split(&rest, '/', &segment))
        says = segment.n >= LONG_SEGMENT;
    return says;
}
