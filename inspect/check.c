/*
 * The validators of inspect/check.h.  scan_hs.c calls them on every candidate
 * that a pattern gave; a rule names its validator in YAML.
 */
#include "inspect/check.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

bool check_luhn(struct str digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits.n; i++) {
        unsigned d = (unsigned)(digits.p[digits.n - 1 - i] - '0');
        if (d > 9)
            return false;
        if (i % 2 == 1)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return digits.n > 0 && sum % 10 == 0;
}

/* Issuer ranges, ISO/IEC 7812 and the networks' own publications; the first
 * six digits lie in [from, to]. */
struct issuer_range {
    unsigned from, to;
    unsigned char min_length, max_length;
    bool is_common; /* stands without a word near it */
};

static const struct issuer_range issuers[] = {
    {400000, 499999, 16, 16, true},  /* Visa */
    {400000, 499999, 19, 19, true},  /* Visa */
    {400000, 499999, 13, 13, false}, /* Visa, old */
    {510000, 559999, 16, 16, true},  /* Mastercard */
    {222100, 272099, 16, 16, true},  /* Mastercard, 2-series */
    {340000, 349999, 15, 15, true},  /* American Express */
    {370000, 379999, 15, 15, true},  /* American Express */
    {601100, 601199, 16, 19, true},  /* Discover */
    {644000, 659999, 16, 19, true},  /* Discover */
    {622126, 622925, 16, 19, true},  /* UnionPay with Discover */
    {620000, 629999, 16, 19, true},  /* UnionPay */
    {810000, 817199, 16, 19, false}, /* UnionPay */
    {352800, 358999, 16, 19, true},  /* JCB */
    {350000, 352799, 16, 19, false}, /* JCB, seen in test data */
    {300000, 305999, 14, 19, false}, /* Diners Club */
    {309500, 309599, 14, 19, false}, /* Diners Club */
    {360000, 369999, 14, 19, false}, /* Diners Club */
    {380000, 399999, 14, 19, false}, /* Diners Club */
    {213100, 213199, 15, 15, false}, /* JCB, old */
    {180000, 180099, 15, 15, false}, /* JCB, old */
    {100000, 199999, 15, 15, false}, /* UATP */
    {500000, 509999, 12, 19, false}, /* Maestro, Elo, Verve */
    {560000, 699999, 12, 19, false}, /* Maestro, RuPay, Troy */
    {220000, 220499, 16, 19, false}, /* Mir */
};

static enum check issuer_of(unsigned iin, size_t length)
{
    enum check found = CHECK_FAIL;
    for (size_t i = 0; i < ARRAY_LEN(issuers); i++) {
        const struct issuer_range *r = &issuers[i];
        if (iin < r->from || iin > r->to || length < r->min_length ||
            length > r->max_length)
            continue;
        if (r->is_common)
            return CHECK_PASS;
        found = CHECK_UNKNOWN;
    }
    return found;
}

/* Fewer than three different digits: 0000…, 4444…, nobody's card. */
static bool is_monotone(struct str digits)
{
    bool seen[10] = {false};
    unsigned different = 0;
    for (size_t i = 0; i < digits.n; i++) {
        unsigned d = (unsigned)(digits.p[i] - '0');
        if (d <= 9 && !seen[d]) {
            seen[d] = true;
            different++;
        }
    }
    return different < 2;
}

static enum check check_card(struct str *value)
{
    unsigned iin = 0;
    if (value->n < 12 || value->n > 19 || is_monotone(*value) ||
        !check_luhn(*value))
        return CHECK_FAIL;
    for (size_t i = 0; i < 6; i++)
        iin = iin * 10 + (unsigned)(value->p[i] - '0');
    return issuer_of(iin, value->n);
}

bool check_mod97(struct str value)
{
    unsigned rest = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (isdigit(c))
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else if (isupper(c))
            rest = (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
        else
            return false;
    }
    return rest == 1;
}

/* The IBAN registry: country and whole length. */
static const char *const iban_lengths =
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 "
    "CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 "
    "GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 "
    "KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 "
    "MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 "
    "SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 "
    "VA22 VG24 XK20 YE30 ";

static size_t iban_length(struct str value)
{
    for (const char *p = iban_lengths; *p != '\0'; p += 5)
        if (p[0] == value.p[0] && p[1] == value.p[1])
            return (size_t)(p[2] - '0') * 10 + (size_t)(p[3] - '0');
    return 0;
}

static bool is_iban_separator(char c)
{
    return c == ' ' || c == '-' || c == '.';
}

static enum check check_iban(struct str *value)
{
    char bare[40];
    size_t n = 0, i = 0, length;
    if (value->n < 15 || (length = iban_length(*value)) == 0)
        return CHECK_FAIL;
    for (; i < value->n && n < length; i++)
        if (!is_iban_separator(value->p[i]))
            bare[n++] = value->p[i];
    if (n < length || (i < value->n && isalnum((unsigned char)value->p[i])))
        return CHECK_FAIL;
    value->n = i;
    char turned[40];
    memcpy(turned, bare + 4, n - 4);
    memcpy(turned + n - 4, bare, 4);
    bool is_zero = true;
    for (i = 0; i + 4 < n; i++)
        is_zero = is_zero && turned[i] == '0';
    return !is_zero && check_mod97(str_make(turned, n)) ? CHECK_PASS
                                                        : CHECK_FAIL;
}

/* Numbers that were printed in advertisements and manuals. */
static const char *const ssn_known[] = {"078051120", "219099999", "123456789",
    "987654321", "111223333", "123121234", "123456780"};

/* Social Security Administration: no area 000, 666 or 9xx, no group 00, no
 * serial 0000. */
static enum check check_ssn(struct str *value)
{
    const char *p = value->p;
    if (value->n != 9 || is_monotone(*value) || p[0] == '9' ||
        memcmp(p, "000", 3) == 0 || memcmp(p, "666", 3) == 0 ||
        memcmp(p + 3, "00", 2) == 0 || memcmp(p + 5, "0000", 4) == 0)
        return CHECK_FAIL;
    for (size_t i = 0; i < ARRAY_LEN(ssn_known); i++)
        if (memcmp(p, ssn_known[i], 9) == 0)
            return CHECK_FAIL;
    return CHECK_UNKNOWN;
}

static const char base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* The last six characters are the CRC32 of those between the prefix and
 * them, in base 62 (GitHub's and npm's token format). */
static enum check check_crc62(struct str *value)
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
static enum check check_jwt(struct str *value)
{
    unsigned char header[1024];
    struct str part = str_sub(*value, 0, str_find_char(*value, '.'));
    size_t n = check_base64(part, header, sizeof header);
    if (n == SIZE_MAX || n < 8 || header[0] != '{')
        return CHECK_FAIL;
    return str_has(str_make((const char *)header, n), "\"alg\"") ||
                   str_has(str_make((const char *)header, n), "\"typ\"") ||
                   str_has(str_make((const char *)header, n), "\"enc\"")
               ? CHECK_PASS
               : CHECK_FAIL;
}

/* A PEM block without header and footer: how much of it is base64, and
 * whether the text is a block at all and not only talk about one. */
static enum check check_pem(struct str *value)
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
static enum check check_mixed(struct str *value)
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

static enum check check_has_digit(struct str *value)
{
    for (size_t i = 0; i < value->n; i++)
        if (isdigit((unsigned char)value->p[i]))
            return CHECK_PASS;
    return CHECK_FAIL;
}

static enum check check_luhn_digits(struct str *value)
{
    return check_luhn(*value) && !is_monotone(*value) ? CHECK_PASS : CHECK_FAIL;
}

/* AWS encodes the account in the eight characters behind the prefix: base 32,
 * so neither 0, 1, 8 nor 9 can stand in a key (older keys may differ: they
 * stay UNKNOWN). */
static enum check check_aws(struct str *value)
{
    if (value->n != 20 || str_ends(*value, "EXAMPLE"))
        return CHECK_FAIL;
    for (size_t i = 4; i < value->n; i++)
        if (strchr("0189", value->p[i]) != NULL)
            return CHECK_UNKNOWN;
    return CHECK_PASS;
}

static const struct validator validators[] = {
    {"card", check_card},
    {"iban", check_iban},
    {"us-ssn", check_ssn},
    {"crc62", check_crc62},
    {"jwt", check_jwt},
    {"pem", check_pem},
    {"aws", check_aws},
    {"mixed", check_mixed},
    {"has-digit", check_has_digit},
    {"luhn", check_luhn_digits},
};

const struct validator *validator_at(size_t index)
{
    return index < ARRAY_LEN(validators) ? &validators[index] : NULL;
}

const struct validator *validator_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(validators); i++)
        if (str_is(name, validators[i].name))
            return &validators[i];
    return NULL;
}

double check_entropy(struct str value)
{
    unsigned counts[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < value.n; i++)
        counts[(unsigned char)value.p[i]]++;
    for (size_t i = 0; i < 256; i++) {
        if (counts[i] == 0)
            continue;
        double p = (double)counts[i] / (double)value.n;
        bits -= p * log2(p);
    }
    return bits;
}

bool check_is_placeholder(struct str value)
{
    size_t run = 1;
    for (size_t i = 1; i < value.n; i++) {
        run = value.p[i] == value.p[i - 1] ? run + 1 : 1;
        if (run >= 10 && strchr("xX*.0#-_", value.p[i]) != NULL)
            return true;
    }
    return str_starts(value, "${") || str_starts(value, "{{") ||
           str_starts(value, "<") || str_starts_nocase(value, "your");
}
