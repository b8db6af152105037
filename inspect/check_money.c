/*
 * Validators for what is money: cards, IBANs, addresses of crypto currencies.
 */
#include <ctype.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "inspect/check_ids.h"

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

/* "4100 7944 7945 7946": rows of a table of numbers. */
static bool is_counting(struct str value)
{
    unsigned groups[4] = {0};
    if (value.n != 16)
        return false;
    for (size_t i = 0; i < value.n; i++)
        groups[i / 4] = groups[i / 4] * 10 + (unsigned)(value.p[i] - '0');
    return groups[2] == groups[1] + 1 && groups[3] == groups[2] + 1;
}

enum check check_card(struct str *value)
{
    unsigned iin = 0;
    if (value->n < 12 || value->n > 19 || is_monotone(*value) ||
        is_counting(*value) || !check_luhn(*value))
        return CHECK_FAIL;
    for (size_t i = 0; i < 6; i++)
        iin = iin * 10 + (unsigned)(value->p[i] - '0');
    return issuer_of(iin, value->n);
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
        if (p[0] == toupper((unsigned char)value.p[0]) &&
            p[1] == toupper((unsigned char)value.p[1]))
            return (size_t)(p[2] - '0') * 10 + (size_t)(p[3] - '0');
    return 0;
}

static bool is_iban_separator(char c)
{
    return c == ' ' || c == '-' || c == '.';
}

enum check check_iban(struct str *value)
{
    char bare[40];
    size_t n = 0, i = 0, length;
    if (value->n < 15 || (length = iban_length(*value)) == 0)
        return CHECK_FAIL;
    for (; i < value->n && n < length; i++)
        if (!is_iban_separator(value->p[i]))
            bare[n++] = (char)toupper((unsigned char)value->p[i]);
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

/* ---- crypto addresses ---- */

enum { BASE58_MAX = 82, BECH32_MAX = 90 };

/* Big-endian into exactly n bytes; false when it takes more. */
static bool decode_base58(struct str text, unsigned char *out, size_t n)
{
    static const char alphabet[] =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    memset(out, 0, n);
    for (size_t i = 0; i < text.n; i++) {
        const char *at = strchr(alphabet, text.p[i]);
        if (at == NULL || *at == '\0')
            return false;
        unsigned carry = (unsigned)(at - alphabet);
        for (size_t j = n; j > 0; j--) {
            carry += out[j - 1] * 58u;
            out[j - 1] = (unsigned char)carry;
            carry >>= 8;
        }
        if (carry != 0)
            return false;
    }
    return true;
}

/* n bytes, of which the last four are a checksum of the others. */
static bool is_base58_check(struct str text, size_t n)
{
    unsigned char bytes[BASE58_MAX], hash[DIGEST_BYTES];
    if (!decode_base58(text, bytes, n))
        return false;
    digest_sha256(str_make((const char *)bytes, n - 4), hash);
    digest_sha256(str_make((const char *)hash, sizeof hash), hash);
    return memcmp(hash, bytes + n - 4, 4) == 0;
}

static uint32_t bech32_step(uint32_t sum, uint32_t value)
{
    static const uint32_t factors[] = {
        0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1)
            sum ^= factors[i];
    return sum;
}

/* BIP 173 and 350: the part before the 1, then base 32. */
static bool is_bech32(struct str text)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    size_t one = str_find_char(text, '1');
    uint32_t sum = 1;
    if (one == 0 || one + 7 > text.n || text.n > BECH32_MAX)
        return false;
    for (size_t i = 0; i < one; i++)
        sum =
            bech32_step(sum, (uint32_t)tolower((unsigned char)text.p[i]) >> 5);
    sum = bech32_step(sum, 0);
    for (size_t i = 0; i < one; i++)
        sum =
            bech32_step(sum, (uint32_t)tolower((unsigned char)text.p[i]) & 31);
    for (size_t i = one + 1; i < text.n; i++) {
        const char *at = strchr(alphabet, tolower((unsigned char)text.p[i]));
        if (at == NULL || *at == '\0')
            return false;
        sum = bech32_step(sum, (uint32_t)(at - alphabet));
    }
    return sum == 1 || sum == 0x2bc830a3;
}

enum check check_bitcoin(struct str *value)
{
    if (str_starts_nocase(*value, "0x"))
        return CHECK_UNKNOWN;
    if (str_starts_nocase(*value, "bc1") || str_starts_nocase(*value, "ltc1") ||
        str_starts_nocase(*value, "tb1"))
        return check_pass(is_bech32(*value));
    return check_pass(is_base58_check(*value, 25));
}

/* Wallet import format, with or without the mark of compression; extended
 * keys (BIP 32). */
enum check check_bitcoin_key(struct str *value)
{
    return check_pass(is_base58_check(*value, 37) ||
                      is_base58_check(*value, 38) ||
                      is_base58_check(*value, BASE58_MAX));
}
