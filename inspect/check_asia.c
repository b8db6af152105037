/*
 * Validators for identifiers of Asian countries.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

static bool has_length(const struct digits *d, size_t n)
{
    return d->n == n && !check_is_monotone(d);
}

/* ---- India ---- */

/* UIDAI: Verhoeff, the first digit 2 to 9, no palindromes. */
enum check check_in_aadhaar(struct str *value)
{
    struct digits d = check_digits(*value);
    bool is_palindrome = true;
    if (!has_length(&d, 12) || d.d[0] < 2)
        return CHECK_FAIL;
    for (size_t i = 0; i < 6; i++)
        is_palindrome = is_palindrome && d.d[i] == d.d[11 - i];
    return check_pass(!is_palindrome && check_verhoeff(&d));
}

/* The fourth letter is the kind of holder; the last a check letter whose rule
 * is not public. */
enum check check_in_pan(struct str *value)
{
    struct digits d = check_digits(*value);
    char kind = (char)toupper((unsigned char)value->p[3]);
    return value->n == 10 && strchr("ABCFGHLJPTKE", kind) != NULL && d.n == 4 &&
                   d.d[0] + d.d[1] + d.d[2] + d.d[3] > 0
               ? CHECK_UNKNOWN
               : CHECK_FAIL;
}

/* State, PAN, entity, Z, check character mod 36. */
enum check check_in_gstin(struct str *value)
{
    unsigned sum = 0, state = 0;
    if (value->n != 15)
        return CHECK_FAIL;
    for (size_t i = 0; i < 14; i++) {
        unsigned v = (unsigned)check_alnum(value->p[i]) * (i % 2 == 0 ? 1 : 2);
        sum += v / 36 + v % 36;
    }
    state = (unsigned)(value->p[0] - '0') * 10 + (unsigned)(value->p[1] - '0');
    return check_pass(
        ((state >= 1 && state <= 38) || state >= 97) &&
        (36 - sum % 36) % 36 == (unsigned)check_alnum(value->p[14]));
}

/* Number plate: state, district, series, number. */
enum check check_in_vehicle(struct str *value)
{
    static const char states[] =
        "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN "
        "MP MZ NL OD OR PB PY RJ SK TN TR TS UK UP WB ";
    char state[4] = {(char)toupper((unsigned char)value->p[0]),
        (char)toupper((unsigned char)value->p[1]), ' ', 0};
    return strstr(states, state) != NULL ? CHECK_PASS : CHECK_FAIL;
}

/* ---- China, Taiwan, Hong Kong ---- */

/* GB 11643: ISO 7064 mod 11-2. */
enum check check_cn_id(struct str *value)
{
    static const char weights[] = "79:584216379:5842";
    struct digits d = check_digits(str_sub(*value, 0, 17));
    char last = (char)toupper((unsigned char)value->p[value->n - 1]);
    if (value->n != 18 || d.n != 17 || d.d[0] == 0)
        return CHECK_FAIL;
    unsigned year = check_two(&d, 6) * 100 + check_two(&d, 8);
    return check_pass(
        year >= 1880 && year <= 2099 &&
        check_is_date(year, check_two(&d, 10), check_two(&d, 12)) &&
        "10X98765432"[check_weigh(&d, weights) % 11] == last);
}

enum check check_tw_id(struct str *value)
{
    static const char order[] = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    struct digits d = check_digits(*value);
    const char *at = strchr(order, toupper((unsigned char)value->p[0]));
    if (value->n != 10 || d.n != 9 || at == NULL ||
        (d.d[0] != 1 && d.d[0] != 2 && d.d[0] != 8 && d.d[0] != 9))
        return CHECK_FAIL;
    unsigned area = (unsigned)(at - order) + 10;
    unsigned sum = area / 10 + area % 10 * 9 + check_weigh(&d, "876543211");
    return check_pass(sum % 10 == 0);
}

enum check check_hk_id(struct str *value)
{
    char bare[10];
    size_t n = 0;
    unsigned sum = 0;
    for (size_t i = 0; i < value->n && n < sizeof bare; i++)
        if (isalnum((unsigned char)value->p[i]))
            bare[n++] = (char)toupper((unsigned char)value->p[i]);
    if (n != 8 && n != 9)
        return CHECK_FAIL;
    if (n == 8)
        sum = 36 * 9; /* a blank in front */
    for (size_t i = 0; i + 1 < n; i++)
        sum += (unsigned)check_alnum(bare[i]) * (unsigned)(n - i);
    unsigned last =
        bare[n - 1] == 'A' ? 10 : (unsigned)check_alnum(bare[n - 1]);
    struct digits d = check_digits(str_make(bare, n - 1));
    return check_pass(
        !check_is_monotone(&d) && last <= 10 && (sum + last) % 11 == 0);
}

/* ---- Japan, Korea ---- */

enum check check_jp_number(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 12))
        return CHECK_FAIL;
    unsigned rest = check_weigh(&d, "65432765432") % 11;
    return check_pass((rest <= 1 ? 0 : 11 - rest) == d.d[11]);
}

/* The check digit holds for numbers given out before October 2020. */
static enum check check_korean(
    const struct digits *d, unsigned low, unsigned high, unsigned plus)
{
    if (d->n != 13 || d->d[6] < low || d->d[6] > high ||
        !check_is_date(0, check_two(d, 2), check_two(d, 4)))
        return CHECK_FAIL;
    unsigned rest = 11 - check_weigh(d, "234567892345") % 11;
    return (rest + plus) % 10 == d->d[12] ? CHECK_PASS : CHECK_UNKNOWN;
}

enum check check_kr_rrn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_korean(&d, 1, 4, 0);
}

enum check check_kr_frn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_korean(&d, 5, 8, 2);
}

enum check check_kr_brn(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 10))
        return CHECK_FAIL;
    unsigned sum = check_weigh(&d, "137137135") + d.d[8] * 5u / 10;
    return check_pass((10 - sum % 10) % 10 == d.d[9] && check_two(&d, 0) > 9);
}

/* Region 11 to 28. */
enum check check_kr_driver(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned region = check_two(&d, 0);
    return d.n == 12 && region >= 11 && region <= 28 ? CHECK_UNKNOWN
                                                     : CHECK_FAIL;
}

/* ---- South-east Asia ---- */

enum check check_sg_nric(struct str *value)
{
    static const char st[] = "JZIHGFEDCBA", fg[] = "XWUTRQPNMLK",
                      m[] = "XWUTRQPNJLK";
    struct digits d = check_digits(*value);
    char first = (char)toupper((unsigned char)value->p[0]);
    char last = (char)toupper((unsigned char)value->p[value->n - 1]);
    if (value->n != 9 || d.n != 7)
        return CHECK_FAIL;
    unsigned sum = check_weigh(&d, "2765432");
    switch (first) {
    case 'S':
        return check_pass(st[sum % 11] == last);
    case 'T':
        return check_pass(st[(sum + 4) % 11] == last);
    case 'F':
        return check_pass(fg[sum % 11] == last);
    case 'G':
        return check_pass(fg[(sum + 4) % 11] == last);
    case 'M':
        return check_pass(m[10 - (sum + 3) % 11] == last);
    default:
        return CHECK_FAIL;
    }
}

/* Businesses, local companies, other entities (ACRA). */
enum check check_sg_uen(struct str *value)
{
    static const char other[] = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    static const unsigned char weights[] = {4, 3, 5, 3, 10, 2, 2, 5, 7};
    struct digits d = check_digits(*value);
    char last = (char)toupper((unsigned char)value->p[value->n - 1]);
    if (value->n == 9 && d.n == 8)
        return check_pass(
            "XMKECAWLJDB"[check_weigh(&d, ":4938271") % 11] == last);
    if (value->n == 10 && d.n == 9)
        return check_pass(
            "ZKCMDNERGWH"[check_weigh(&d, ":86497531") % 11] == last);
    unsigned sum = 0;
    if (value->n != 10 || strchr("RST", value->p[0]) == NULL)
        return CHECK_FAIL;
    for (size_t i = 0; i < 9; i++) {
        const char *at = strchr(other, toupper((unsigned char)value->p[i]));
        if (at == NULL)
            return CHECK_FAIL;
        sum += (unsigned)(at - other) * weights[i];
    }
    return check_pass(other[(sum + 11 * 40 - 5) % 11] == last);
}

/* The second and third digit are a province's. */
enum check check_th_tnin(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 13) || d.d[0] == 0 || d.d[0] > 8)
        return CHECK_FAIL;
    unsigned rest = check_weigh(&d, "=<;:98765432") % 11;
    return check_pass((11 - rest) % 10 == d.d[12] && d.d[1] != 0);
}

/* Philippines: nine digits and perhaps a branch; no public check digit. */
enum check check_ph_tin(struct str *value)
{
    struct digits d = check_digits(*value);
    return (d.n == 9 || d.n == 12 || d.n == 14) && d.d[0] <= 5 &&
                   !check_is_monotone(&d)
               ? CHECK_UNKNOWN
               : CHECK_FAIL;
}

/* Malaysia: birthday, place of birth. */
enum check check_my_nric(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned place = check_two(&d, 6);
    return d.n == 12 && check_is_date(0, check_two(&d, 2), check_two(&d, 4)) &&
                   place != 0 && place != 17 && place != 18 && place != 19 &&
                   place != 20
               ? CHECK_UNKNOWN
               : CHECK_FAIL;
}
