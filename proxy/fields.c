/* Names, values, targets: see proxy/fields.h. */
#include "proxy/fields.h"

#include <string.h>

static const bool token_byte[256] = {
    ['!'] = true,
    ['#'] = true,
    ['$'] = true,
    ['%'] = true,
    ['&'] = true,
    ['\''] = true,
    ['*'] = true,
    ['+'] = true,
    ['-'] = true,
    ['.'] = true,
    ['^'] = true,
    ['_'] = true,
    ['`'] = true,
    ['|'] = true,
    ['~'] = true,
    ['0'] = true,
    ['1'] = true,
    ['2'] = true,
    ['3'] = true,
    ['4'] = true,
    ['5'] = true,
    ['6'] = true,
    ['7'] = true,
    ['8'] = true,
    ['9'] = true,
    ['a'] = true,
    ['b'] = true,
    ['c'] = true,
    ['d'] = true,
    ['e'] = true,
    ['f'] = true,
    ['g'] = true,
    ['h'] = true,
    ['i'] = true,
    ['j'] = true,
    ['k'] = true,
    ['l'] = true,
    ['m'] = true,
    ['n'] = true,
    ['o'] = true,
    ['p'] = true,
    ['q'] = true,
    ['r'] = true,
    ['s'] = true,
    ['t'] = true,
    ['u'] = true,
    ['v'] = true,
    ['w'] = true,
    ['x'] = true,
    ['y'] = true,
    ['z'] = true,
    ['A'] = true,
    ['B'] = true,
    ['C'] = true,
    ['D'] = true,
    ['E'] = true,
    ['F'] = true,
    ['G'] = true,
    ['H'] = true,
    ['I'] = true,
    ['J'] = true,
    ['K'] = true,
    ['L'] = true,
    ['M'] = true,
    ['N'] = true,
    ['O'] = true,
    ['P'] = true,
    ['Q'] = true,
    ['R'] = true,
    ['S'] = true,
    ['T'] = true,
    ['U'] = true,
    ['V'] = true,
    ['W'] = true,
    ['X'] = true,
    ['Y'] = true,
    ['Z'] = true,
};

bool field_name_is_valid(struct str name)
{
    if (name.n == 0)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!token_byte[(unsigned char)name.p[i]])
            return false;
    return true;
}

bool method_is_valid(struct str method)
{
    return field_name_is_valid(method);
}

bool field_value_is_valid(struct str value)
{
    unsigned bad = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bad |= (unsigned)(c < 0x20 && c != '\t') | (unsigned)(c == 0x7f);
    }
    return bad == 0;
}

static bool is_one_of(struct str name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(name, names[i]))
            return true;
    return false;
}

bool field_ends_at_this_hop(struct str name)
{
    static const char *const names[] = {"connection", "keep-alive",
        "proxy-connection", "transfer-encoding", "te", "upgrade",
        "http2-settings", "content-length", "host", "expect"};
    if (name.n == 0 || memchr("ckpthue", name.p[0], 7) == NULL)
        return false;
    return is_one_of(name, names, sizeof names / sizeof names[0]);
}

static bool is_but_for_dashes(struct str name, struct str of)
{
    if (name.n != of.n)
        return false;
    for (size_t i = 0; i < of.n; i++)
        if ((name.p[i] == '_' ? '-' : name.p[i]) != of.p[i])
            return false;
    return true;
}

bool field_name_imitates_framing(struct str name)
{
    struct str plain = name;
    if (name.n < 14 || name.n > 18)
        return false;
    if (name.p[name.n - 1] == '.')
        plain.n--;
    return (is_but_for_dashes(plain, STR("content-length")) ||
               is_but_for_dashes(plain, STR("transfer-encoding"))) &&
           !str_is(name, "content-length") &&
           !str_is(name, "transfer-encoding");
}

bool field_is_forbidden_in_trailers(struct str name)
{
    static const char *const names[] = {"content-length", "transfer-encoding",
        "host", "trailer", "content-encoding", "content-type", "content-range",
        "authorization", "proxy-authorization", "cookie", "set-cookie",
        "connection", "upgrade", "expect", "te"};
    return is_one_of(name, names, sizeof names / sizeof names[0]) ||
           field_name_imitates_framing(name);
}

const char *path_refusal(struct str path)
{
    if (str_is(path, "*"))
        return NULL;
    if (path.n == 0 || path.p[0] != '/')
        return "bad-target";
    bool in_query = false;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c <= 0x20 || c >= 0x7f)
            return "bad-target";
        if (c == '#')
            return "target-fragment";
        if (c == '?')
            in_query = true;
        if (c == '\\' && !in_query)
            return "target-backslash";
    }
    return NULL;
}

uint16_t scheme_port(struct str scheme)
{
    return str_is_nocase(scheme, "https") ? 443 : 80;
}

bool authorities_agree(struct str a, struct str b, uint16_t default_port)
{
    struct str host_a, host_b;
    uint16_t port_a = 0, port_b = 0;
    if (authority_split(a, default_port, &host_a, &port_a) != OK)
        return false;
    if (authority_split(b, default_port, &host_b, &port_b) != OK)
        return false;
    return port_a == port_b && str_eq_nocase(host_a, host_b);
}

bool length_is_valid(struct str value, int64_t *length_out)
{
    uint64_t length = 0;
    if (value.n > 18 || str_to_u64(value, &length) != OK)
        return false;
    *length_out = (int64_t)length;
    return true;
}

static bool is_droppable(struct str name)
{
    static const char *const names[] = {"content-length", "host",
        "transfer-encoding", "close", "keep-alive", "upgrade"};
    return !is_one_of(name, names, sizeof names / sizeof names[0]);
}

struct named {
    struct str names[CONNECTION_TOKENS_MAX];
    size_t count;
};

static bool collect_named(struct str list, struct named *named)
{
    struct str part;
    while (str_split(&list, ',', &part)) {
        part = str_trim(part);
        if (part.n == 0)
            continue;
        if (named->count == CONNECTION_TOKENS_MAX)
            return false;
        named->names[named->count++] = part;
    }
    return true;
}

static bool is_named(const struct named *named, struct str name)
{
    for (size_t i = 0; i < named->count; i++)
        if (str_eq_nocase(named->names[i], name) && is_droppable(name))
            return true;
    return false;
}

bool head_strip_hop_by_hop(struct head *head)
{
    struct named named;
    named.count = 0;
    for (size_t i = 0; i < head->count; i++)
        if (str_is(head->fields[i].name, "connection") &&
            !collect_named(head->fields[i].value, &named))
            return false;
    size_t kept = 0;
    for (size_t i = 0; i < head->count; i++) {
        struct str name = head->fields[i].name;
        if (field_ends_at_this_hop(name) || is_named(&named, name))
            continue;
        head->fields[kept++] = head->fields[i];
    }
    head->count = kept;
    return true;
}

static size_t joined_bytes(const struct head *head, const char *name,
    size_t between, size_t *lines_out)
{
    size_t total = 0, lines = 0;
    for (size_t i = 0; i < head->count; i++) {
        if (!str_is(head->fields[i].name, name))
            continue;
        total += head->fields[i].value.n + (lines != 0 ? between : 0);
        lines++;
    }
    *lines_out = lines;
    return total;
}

void head_join(struct head *head, const char *name, const char *between)
{
    size_t gap = strlen(between), lines = 0, at = 0, kept = 0;
    size_t total = joined_bytes(head, name, gap, &lines);
    if (lines < 2)
        return;
    char *joined = arena_alloc(&head->arena, total + 1);
    struct field *first = NULL;
    for (size_t i = 0; i < head->count; i++) {
        struct field field = head->fields[i];
        if (str_is(field.name, name)) {
            if (first != NULL) {
                memcpy(joined + at, between, gap);
                at += gap;
            }
            if (field.value.n != 0)
                memcpy(joined + at, field.value.p, field.value.n);
            at += field.value.n;
            if (first != NULL)
                continue;
            first = &head->fields[kept];
        }
        head->fields[kept++] = field;
    }
    head->count = kept;
    if (first != NULL) /* always: there were two */
        first->value = (struct str){joined, total};
}

const char *status_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {{100, "Continue"}, {101, "Switching Protocols"},
        {102, "Processing"}, {103, "Early Hints"}, {200, "OK"},
        {201, "Created"}, {202, "Accepted"},
        {203, "Non-Authoritative Information"}, {204, "No Content"},
        {205, "Reset Content"}, {206, "Partial Content"}, {207, "Multi-Status"},
        {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"},
        {303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"},
        {308, "Permanent Redirect"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"},
        {404, "Not Found"}, {405, "Method Not Allowed"},
        {406, "Not Acceptable"}, {407, "Proxy Authentication Required"},
        {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
        {411, "Length Required"}, {412, "Precondition Failed"},
        {413, "Content Too Large"}, {414, "URI Too Long"},
        {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"}, {418, "I'm a teapot"},
        {421, "Misdirected Request"}, {422, "Unprocessable Content"},
        {423, "Locked"}, {424, "Failed Dependency"}, {425, "Too Early"},
        {426, "Upgrade Required"}, {428, "Precondition Required"},
        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"}, {500, "Internal Server Error"},
        {501, "Not Implemented"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
        {508, "Loop Detected"}, {511, "Network Authentication Required"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status)
            return table[i].reason;
    return "";
}
