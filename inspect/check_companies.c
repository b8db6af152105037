/*
 * Validators for numbers of companies, and of persons in more countries of
 * Latin America and Asia.  Their rules in YAML have the type other-pii.
 */
#include <string.h>

#include "inspect/check_ids.h"

static bool has_length(const struct digits *d, size_t n)
{
    return d->n == n && !check_is_monotone(d);
}

/* 11 less the rest, with 10 and 11 as 0. */
static unsigned eleven(unsigned sum)
{
    unsigned rest = 11 - sum % 11;
    return rest > 9 ? 0 : rest;
}

/* ---- Europe ---- */

enum check check_dk_cvr(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 8) && d.d[0] != 0 &&
                      check_weigh(&d, "27654321") % 11 == 0);
}

/* Norway, organisasjonsnummer. */
enum check check_no_org(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 9) && d.d[0] >= 8 &&
                      check_weigh(&d, "327654321") % 11 == 0);
}

/* Finland, Y-tunnus. */
enum check check_fi_business(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 8) && check_weigh(&d, "79:58421") % 11 == 0);
}

/* Switzerland, UID ("CHE-123.456.788"). */
enum check check_ch_uid(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 9) && check_weigh(&d, "543276541") % 11 == 0);
}

/* Austria, UID ("ATU12345675"): every second digit twice, by its own digits. */
enum check check_at_uid(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned sum = 4;
    if (!has_length(&d, 8))
        return CHECK_FAIL;
    for (size_t i = 0; i < 7; i++) {
        unsigned product = d.d[i] * (i % 2 == 0 ? 1u : 2u);
        sum += product / 10 + product % 10;
    }
    return check_pass((10 - sum % 10) % 10 == d.d[7]);
}

/* Hungary, adószám: kind of taxation and district behind the check digit. */
enum check check_hu_tax(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) && d.d[8] >= 1 && d.d[8] <= 5 &&
                      check_two(&d, 9) >= 2 && check_two(&d, 9) <= 51 &&
                      check_weigh(&d, "97319731") % 10 == 0);
}

/* Czechia and Slovakia, IČO. */
enum check check_cz_ico(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 8) &&
                      (11 - check_weigh(&d, "8765432") % 11) % 10 == d.d[7]);
}

/* Poland, REGON. */
enum check check_pl_regon(struct str *value)
{
    struct digits d = check_digits(*value);
    bool is_short = d.n == 9;
    if (!is_short && d.n != 14)
        return CHECK_FAIL;
    unsigned sum = check_weigh(&d, is_short ? "89234567" : "2485097361248");
    return check_pass(!check_is_monotone(&d) && sum % 11 % 10 == d.d[d.n - 1]);
}

/* Romania, CUI: six to ten digits, weighed from the right. */
enum check check_ro_cui(struct str *value)
{
    static const unsigned char weights[] = {2, 3, 5, 7, 1, 2, 3, 5, 7};
    struct digits d = check_digits(*value);
    unsigned sum = 0;
    if (d.n < 6 || d.n > 10 || d.d[0] == 0 || check_is_monotone(&d))
        return CHECK_FAIL;
    for (size_t i = 0; i + 1 < d.n; i++)
        sum += d.d[d.n - 2 - i] * weights[i];
    return check_pass(sum * 10 % 11 % 10 == d.d[d.n - 1]);
}

/* Greece, AFM: powers of two. */
enum check check_gr_afm(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned sum = 0;
    if (!has_length(&d, 9))
        return CHECK_FAIL;
    for (size_t i = 0; i < 8; i++)
        sum += (unsigned)d.d[i] << (8 - i);
    return check_pass(sum % 11 % 10 == d.d[8]);
}

/* Slovenia, davčna številka. */
enum check check_si_tax(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned rest = 11 - check_weigh(&d, "8765432") % 11;
    return check_pass(
        has_length(&d, 8) && d.d[0] != 0 && rest != 11 && rest % 10 == d.d[7]);
}

/* Belgium, number of the Crossroads Bank for Enterprises. */
enum check check_be_company(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned rest = 0;
    if (!has_length(&d, 10) || d.d[0] > 1)
        return CHECK_FAIL;
    for (size_t i = 0; i < 8; i++)
        rest = (rest * 10 + d.d[i]) % 97;
    return check_pass(97 - rest == check_two(&d, 8));
}

/* United Kingdom, VAT: mod 97, since 2010 also 55 more. */
enum check check_uk_vat(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned sum = check_weigh(&d, "8765432") + check_two(&d, 7);
    return check_pass(
        has_length(&d, 9) && (sum % 97 == 0 || (sum + 55) % 97 == 0));
}

/* ---- Latin America ---- */

/* Brazil, PIS, PASEP and NIT. */
enum check check_br_pis(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 11) && eleven(check_weigh(&d, "3298765432")) == d.d[10]);
}

/* Ecuador, cédula: province, kind of person, Luhn. */
enum check check_ec_cedula(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned province = check_two(&d, 0);
    return check_pass(has_length(&d, 10) && province >= 1 &&
                      (province <= 24 || province == 30) && d.d[2] < 6 &&
                      check_luhn(*value));
}

/* Venezuela, RIF: the letter counts. */
enum check check_ve_rif(struct str *value)
{
    static const char kinds[] = "VEJPG";
    struct digits d = check_digits(*value);
    char letter = value->n > 0 ? (char)(value->p[0] & ~0x20) : '\0';
    const char *kind = letter != '\0' ? strchr(kinds, letter) : NULL;
    if (!has_length(&d, 9) || kind == NULL)
        return CHECK_FAIL;
    unsigned sum =
        4 * (unsigned)(kind - kinds + 1) + check_weigh(&d, "32765432");
    return check_pass(eleven(sum) == d.d[8]);
}

/* Peru, RUC. */
enum check check_pe_ruc(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned kind = check_two(&d, 0);
    bool is_kind = kind == 10 || (kind >= 15 && kind <= 17) || kind == 20;
    return check_pass(
        has_length(&d, 11) && is_kind &&
        (11 - check_weigh(&d, "5432765432") % 11) % 10 == d.d[10]);
}

/* ---- Asia ---- */

/* China, unified social credit code: base 31, powers of three. */
enum check check_cn_uscc(struct str *value)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    unsigned sum = 0, weight = 1;
    if (value->n != 18)
        return CHECK_FAIL;
    for (size_t i = 0; i < 18; i++) {
        const char *at = memchr(alphabet, value->p[i], sizeof alphabet - 1);
        if (at == NULL)
            return CHECK_FAIL;
        unsigned v = (unsigned)(at - alphabet);
        if (i == 17)
            return check_pass((31 - sum % 31) % 31 == v);
        sum += v * weight;
        weight = weight * 3 % 31;
    }
    return CHECK_FAIL;
}

/* Taiwan, unified business number: digits of products; the seventh may be 7,
 * whose product has two sums. */
enum check check_tw_ubn(struct str *value)
{
    static const unsigned char weights[] = {1, 2, 1, 2, 1, 2, 4, 1};
    struct digits d = check_digits(*value);
    unsigned sum = 0;
    if (!has_length(&d, 8))
        return CHECK_FAIL;
    for (size_t i = 0; i < 8; i++) {
        unsigned product = 0u + d.d[i] * weights[i];
        sum += product / 10 + product % 10;
    }
    return check_pass(sum % 5 == 0 || (d.d[6] == 7 && (sum + 1) % 5 == 0));
}

/* Kazakhstan, IIN: birthday, and a second row of weights where the first one
 * gives ten. */
enum check check_kz_iin(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 12) ||
        !check_is_date(0, check_two(&d, 2), check_two(&d, 4)))
        return CHECK_FAIL;
    unsigned rest = check_weigh(&d, "123456789:;") % 11;
    if (rest == 10)
        rest = check_weigh(&d, "3456789:;12") % 11;
    return check_pass(rest == d.d[11]);
}
