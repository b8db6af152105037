/*
 * Validators for tokens: checksums inside them, headers that decode, PEM
 * bodies, mixtures of characters.
 */
#include <ctype.h>
#include <string.h>
#include <zlib.h>

#include "inspect/check_ids.h"

static const char base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The last six characters are the CRC32 of those between the prefix and
 * them, in base 62 (GitHub's and npm's token format). */
enum check check_crc62(struct str *value)
{
    size_t prefix = str_find_char(*value, '_') + 1;
    if (value->n < prefix + 7)
        return CHECK_FAIL;
    uLong crc = crc32(
        0, (const Bytef *)value->p + prefix, (uInt)(value->n - prefix - 6));
    for (size_t i = 0; i < 6; i++) {
        if (value->p[value->n - 1 - i] != base62[crc % 62])
            return CHECK_FAIL;
        crc /= 62;
    }
    return CHECK_PASS;
}

static int base64_value(unsigned char c)
{
    if (isupper(c))
        return c - 'A';
    if (islower(c))
        return c - 'a' + 26;
    if (isdigit(c))
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

size_t check_base64(struct str text, unsigned char *out, size_t cap)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < cap; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (isspace(c) || c == '=')
            continue;
        int v = base64_value(c);
        if (v < 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)v;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[n++] = (unsigned char)(bits >> count);
        }
    }
    return n;
}

/* RFC 7519: the header decodes to a JSON object that names an algorithm. */
enum check check_jwt(struct str *value)
{
    unsigned char header[1024];
    struct str part = str_sub(*value, 0, str_find_char(*value, '.'));
    size_t n = check_base64(part, header, sizeof header);
    if (n == SIZE_MAX || n < 8 || header[0] != '{' ||
        (n < sizeof header && header[n - 1] != '}'))
        return CHECK_FAIL;
    return str_has(str_make((const char *)header, n), "\"alg\"") ||
                   str_has(str_make((const char *)header, n), "\"typ\"") ||
                   str_has(str_make((const char *)header, n), "\"enc\"")
               ? CHECK_PASS
               : CHECK_FAIL;
}

/* A PEM block without header and footer: how much of it is base64, and
 * whether the text is a block at all and not only talk about one. */
enum check check_pem(struct str *value)
{
    size_t good = 0, bad = 0;
    struct str body = str_sub(*value, 5, value->n);
    size_t head = str_find(body, STR("-----"));
    body = str_sub(body, head + 5, body.n);
    body = str_sub(body, 0, str_find(body, STR("-----")));
    for (size_t i = 0; i < body.n; i++) {
        unsigned char c = (unsigned char)body.p[i];
        if (c == '\\' && i + 1 < body.n && strchr("nrt", body.p[i + 1]))
            i++;
        else if (base64_value(c) >= 0 || c == '=')
            good++;
        else if (!isspace(c) && strchr("\"'+,.:()\\>*|", c) == NULL)
            bad++;
    }
    if (good < 40 || bad * 10 > good)
        return CHECK_FAIL;
    return CHECK_PASS;
}

/* Random tokens have letters of both cases and digits; words have not. */
enum check check_mixed(struct str *value)
{
    unsigned upper = 0, lower = 0, digit = 0;
    for (size_t i = 0; i < value->n; i++) {
        unsigned char c = (unsigned char)value->p[i];
        upper += isupper(c) != 0;
        lower += islower(c) != 0;
        digit += isdigit(c) != 0;
    }
    return upper > 0 && lower > 0 && digit > 0 ? CHECK_PASS : CHECK_FAIL;
}

/* RFC 7617: "login:password" in base 64; else something with a digit. */
enum check check_basic_auth(struct str *value)
{
    unsigned char text[256];
    size_t n = check_base64(*value, text, sizeof text);
    bool is_login = n != SIZE_MAX && n >= 5 && memchr(text, ':', n) != NULL;
    for (size_t i = 0; is_login && i < n; i++)
        is_login = text[i] >= 0x20 && text[i] != 0x7f;
    return is_login ? CHECK_PASS : check_has_digit(value);
}

enum check check_has_digit(struct str *value)
{
    for (size_t i = 0; i < value->n; i++)
        if (isdigit((unsigned char)value->p[i]))
            return CHECK_PASS;
    return CHECK_FAIL;
}

/* AWS encodes the account in the eight characters behind the prefix: base 32,
 * so neither 0, 1, 8 nor 9 can stand in a key (older keys may differ: they
 * stay UNKNOWN). */
enum check check_aws(struct str *value)
{
    if (value->n != 20 || str_ends(*value, "EXAMPLE"))
        return CHECK_FAIL;
    for (size_t i = 4; i < value->n; i++)
        if (strchr("0189", value->p[i]) != NULL)
            return CHECK_UNKNOWN;
    return CHECK_PASS;
}
