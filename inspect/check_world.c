/*
 * Validators for identifiers of the Americas, Australia, the Near East and
 * Africa, and for those that belong to things (IMEI, VIN).
 */
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

static bool has_length(const struct digits *d, size_t n)
{
    return d->n == n && !check_is_monotone(d);
}

/* ---- United States ---- */

/* IRS: 9, and the group in 50-65, 70-88, 90-92, 94-99. */
enum check check_us_itin(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned group = check_two(&d, 3);
    if (d.n != 9 || d.d[0] != 9 || group < 50 || (group > 65 && group < 70) ||
        group == 89 || group == 93)
        return CHECK_FAIL;
    return CHECK_UNKNOWN;
}

enum check check_us_aba(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned area = check_two(&d, 0);
    bool is_area = area <= 12 || (area >= 21 && area <= 32) ||
                   (area >= 61 && area <= 72) || area == 80;
    return check_pass(
        has_length(&d, 9) && is_area && check_weigh(&d, "371371371") % 10 == 0);
}

/* CMS: Luhn with 80840 in front. */
enum check check_us_npi(struct str *value)
{
    char whole[15] = "80840";
    struct digits d = check_digits(*value);
    if (!has_length(&d, 10) || (d.d[0] != 1 && d.d[0] != 2))
        return CHECK_FAIL;
    for (size_t i = 0; i < 10; i++)
        whole[5 + i] = (char)('0' + d.d[i]);
    return check_pass(check_luhn(str_make(whole, 15)));
}

/* CMS: places of letters and digits; no S, L, O, I, B, Z. */
enum check check_us_mbi(struct str *value)
{
    static const char places[] = "CAXNAXNAANN";
    if (value->n != 11 || value->p[0] == '0')
        return CHECK_FAIL;
    for (size_t i = 0; i < 11; i++) {
        char c = (char)toupper((unsigned char)value->p[i]);
        bool is_letter = isalpha((unsigned char)c) != 0;
        if ((is_letter && strchr("SLOIBZ", c) != NULL) ||
            (places[i] == 'A' && !is_letter) ||
            ((places[i] == 'N' || places[i] == 'C') && is_letter))
            return CHECK_FAIL;
    }
    return CHECK_PASS;
}

/* DEA: registrant's letter, letter of the name, seven digits. */
enum check check_us_dea(struct str *value)
{
    struct digits d = check_digits(*value);
    char first = (char)toupper((unsigned char)value->p[0]);
    if (!has_length(&d, 7) || strchr("ABCDEFGHJKLMPRSTUX", first) == NULL)
        return CHECK_FAIL;
    unsigned odd = 0u + d.d[0] + d.d[2] + d.d[4];
    unsigned even = 0u + d.d[1] + d.d[3] + d.d[5];
    return check_pass((odd + 2 * even) % 10 == d.d[6]);
}

/* ---- The rest of the Americas ---- */

enum check check_ca_sin(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 9) && d.d[0] != 0 && d.d[0] != 8 && check_luhn(*value));
}

/* Mexico, CURP: the alphabet has Ñ between N and O. */
enum check check_mx_curp(struct str *value)
{
    unsigned sum = 0;
    if (value->n != 18 || strchr("HMX", value->p[10]) == NULL)
        return CHECK_FAIL;
    for (size_t i = 0; i < 17; i++) {
        unsigned v = (unsigned)check_alnum(value->p[i]);
        sum += (v > 23 ? v + 1 : v) * (unsigned)(18 - i);
    }
    return check_pass((10 - sum % 10) % 10 + '0' == (unsigned)value->p[17]);
}

static unsigned brazil(unsigned sum)
{
    unsigned rest = 11 - sum % 11;
    return rest > 9 ? 0 : rest;
}

enum check check_br_cpf(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) &&
                      brazil(check_weigh(&d, ":98765432")) == d.d[9] &&
                      brazil(check_weigh(&d, ";:98765432")) == d.d[10]);
}

enum check check_br_cnpj(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 14) &&
                      brazil(check_weigh(&d, "543298765432")) == d.d[12] &&
                      brazil(check_weigh(&d, "6543298765432")) == d.d[13]);
}

/* Chile: mod 11 from the right, ten is K. */
/* "20210702": digits only, and a day of these two centuries. */
static bool is_bare_day(struct str value)
{
    struct digits d = check_digits(value);
    unsigned century = check_two(&d, 0);
    return value.n == 8 && d.n == 8 && (century == 19 || century == 20) &&
           check_is_date(century * 100 + check_two(&d, 2), check_two(&d, 4),
               check_two(&d, 6));
}

enum check check_cl_rut(struct str *value)
{
    struct digits d = check_digits(str_sub(*value, 0, value->n - 1));
    char last = (char)toupper((unsigned char)value->p[value->n - 1]);
    unsigned sum = 0;
    if (d.n < 7 || d.n > 8 || check_is_monotone(&d) || is_bare_day(*value))
        return CHECK_FAIL;
    for (size_t i = 0; i < d.n; i++)
        sum += d.d[d.n - 1 - i] * (unsigned)(2 + i % 6);
    return check_pass("0123456789K"[(11 - sum % 11) % 11] == last);
}

/* Argentina, CUIT and CUIL. */
enum check check_ar_cuit(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned kind = check_two(&d, 0);
    bool is_kind = kind == 20 || (kind >= 23 && kind <= 27) || kind == 30 ||
                   kind == 33 || kind == 34;
    unsigned rest = (11 - check_weigh(&d, "5432765432") % 11) % 11;
    return check_pass(
        has_length(&d, 11) && is_kind && (rest == 10 ? 9 : rest) == d.d[10]);
}

/* ---- Australia, New Zealand ---- */

enum check check_au_tfn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 9) && check_weigh(&d, "14375869:") % 11 == 0);
}

enum check check_au_abn(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 11) || d.d[0] == 0)
        return CHECK_FAIL;
    d.d[0]--;
    return check_pass(check_weigh(&d, ":13579;=?AC") % 89 == 0);
}

enum check check_au_acn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 9) &&
                      (10 - check_weigh(&d, "87654321") % 10) % 10 == d.d[8]);
}

enum check check_au_medicare(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass((d.n == 10 || d.n == 11) && d.d[0] >= 2 && d.d[0] <= 6 &&
                      check_weigh(&d, "13791379") % 10 == d.d[8]);
}

enum check check_nz_ird(struct str *value)
{
    struct digits d = check_digits(*value);
    if (d.n == 8) {
        memmove(d.d + 1, d.d, 8);
        d.d[0] = 0;
        d.n = 9;
    }
    if (!has_length(&d, 9))
        return CHECK_FAIL;
    unsigned rest = (11 - check_weigh(&d, "32765432") % 11) % 11;
    if (rest == 10)
        rest = (11 - check_weigh(&d, "74325276") % 11) % 11;
    return check_pass(rest == d.d[8]);
}

/* ---- Near East, Africa ---- */

enum check check_tr_id(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 11) || d.d[0] == 0)
        return CHECK_FAIL;
    unsigned odd = 0u + d.d[0] + d.d[2] + d.d[4] + d.d[6] + d.d[8];
    unsigned even = 0u + d.d[1] + d.d[3] + d.d[5] + d.d[7];
    return check_pass((odd * 7 + 90 - even) % 10 == d.d[9] &&
                      (odd + even + d.d[9]) % 10 == d.d[10]);
}

enum check check_za_id(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 13) && d.d[10] <= 2 &&
                      check_is_date(0, check_two(&d, 2), check_two(&d, 4)) &&
                      check_luhn(*value));
}

enum check check_il_id(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 9) && check_luhn(*value));
}

enum check check_ng_nin(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) && check_verhoeff(&d));
}

/* ---- Things ---- */

enum check check_imei(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 15) && check_luhn(*value));
}

/* ISO 3779; the check digit binds in North America and China only. */
enum check check_vin(struct str *value)
{
    static const char values[] = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";
    static const unsigned char weights[] = {
        8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    unsigned sum = 0, letters = 0;
    if (value->n != 17)
        return CHECK_FAIL;
    for (size_t i = 0; i < 17; i++) {
        char c = (char)toupper((unsigned char)value->p[i]);
        const char *at = strchr(values, c);
        if (at == NULL || c == '.' || c == '\0')
            return CHECK_FAIL;
        letters += isalpha((unsigned char)c) != 0;
        sum += (unsigned)(at - values) % 10 * weights[i];
    }
    char check = "0123456789X"[sum % 11];
    bool is_right = check == (char)toupper((unsigned char)value->p[8]);
    return check_pass(is_right && letters > 0);
}
