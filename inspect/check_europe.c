/*
 * Validators for identifiers of European countries.  The schemes are public:
 * each authority's own specification, named where the rule is not obvious.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

static bool has_length(const struct digits *d, size_t n)
{
    return d->n == n && !check_is_monotone(d);
}

static char upper_at(const struct str *value, size_t at)
{
    return (char)toupper((unsigned char)value->p[at]);
}

/* ---- United Kingdom ---- */

enum check check_uk_nhs(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 10) &&
                      (11 - check_weigh(&d, ":98765432") % 11) % 11 == d.d[9]);
}

/* HMRC NIM39110: prefixes that are not given out. */
enum check check_uk_nino(struct str *value)
{
    static const char *const never[] = {
        "BG", "GB", "NK", "KN", "TN", "NT", "ZZ", "OO"};
    char prefix[3] = {upper_at(value, 0), upper_at(value, 1), 0};
    if (strchr("DFIQUV", prefix[0]) != NULL ||
        strchr("DFIQUVO", prefix[1]) != NULL)
        return CHECK_FAIL;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strcmp(prefix, never[i]) == 0)
            return CHECK_FAIL;
    char suffix = upper_at(value, value->n - 1);
    struct digits d = check_digits(*value);
    return check_pass(
        suffix >= 'A' && suffix <= 'D' && d.n == 6 && !check_is_monotone(&d));
}

/* DVLA: surname, decade, month (women + 50), day, year, initials. */
enum check check_uk_driver(struct str *value)
{
    if (value->n < 16)
        return CHECK_FAIL;
    for (size_t i = 0; i < 5; i++)
        if (!isupper((unsigned char)value->p[i]) && value->p[i] != '9')
            return CHECK_FAIL;
    struct str middle = str_sub(*value, 5, 11);
    struct digits d = check_digits(middle);
    unsigned month = check_two(&d, 1);
    if (d.n != 6 || !isupper((unsigned char)value->p[0]))
        return CHECK_FAIL;
    return check_pass(
        check_is_date(0, month > 50 ? month - 50 : month, check_two(&d, 3)));
}

/* ---- Spain ---- */

enum check check_es_nif(struct str *value)
{
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    unsigned number = 0;
    char first = upper_at(value, 0);
    if (strchr("XYZ", first) != NULL)
        number = (unsigned)(first - 'X');
    for (size_t i = 0; i + 1 < value->n; i++)
        if (isdigit((unsigned char)value->p[i]))
            number = number * 10 + (unsigned)(value->p[i] - '0');
    return check_pass(number > 0 && number < 100000000 &&
                      letters[number % 23] == upper_at(value, value->n - 1));
}

/* ---- Italy ---- */

/* Ministerial decree of 23 December 1976: values at odd positions. */
static const unsigned char fiscal_odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2,
    4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};

enum check check_it_fiscal(struct str *value)
{
    enum { DIGITS_MIN = 4 };
    /* Letters stand for digits only to tell namesakes apart, from the end on,
     * and nobody writes half of them small. */
    unsigned sum = 0, digits = 0, cases = 0;
    if (value->n != 16 || strchr("ABCDEHLMPRST", upper_at(value, 8)) == NULL)
        return CHECK_FAIL;
    for (size_t i = 0; i < value->n; i++) {
        digits += isdigit((unsigned char)value->p[i]) ? 1u : 0u;
        cases |= isupper((unsigned char)value->p[i])   ? 1u
                 : islower((unsigned char)value->p[i]) ? 2u
                                                       : 0u;
    }
    if (digits < DIGITS_MIN || cases == 3)
        return CHECK_FAIL;
    for (size_t i = 0; i < 15; i++) {
        char c = upper_at(value, i);
        unsigned v = (unsigned)(isdigit((unsigned char)c) ? c - '0' : c - 'A');
        if (v > 25)
            return CHECK_FAIL;
        sum += i % 2 == 0 ? fiscal_odd[v] : v;
    }
    return check_pass(upper_at(value, 15) == (char)('A' + sum % 26));
}

/* ---- France ---- */

/* INSEE: sex, year, month, department (Corsica 2A, 2B), key of 97. */
enum check check_fr_nir(struct str *value)
{
    uint64_t number = 0;
    unsigned key = 0, minus = 0;
    if (value->n != 15)
        return CHECK_FAIL;
    for (size_t i = 0; i < 15; i++) {
        char c = upper_at(value, i);
        if (i == 6 && (c == 'A' || c == 'B')) {
            minus = c == 'A' ? 1000000 : 2000000;
            c = '0';
        }
        if (!isdigit((unsigned char)c))
            return CHECK_FAIL;
        if (i < 13)
            number = number * 10 + (uint64_t)(c - '0');
        else
            key = key * 10 + (unsigned)(c - '0');
    }
    unsigned month =
        (unsigned)(value->p[3] - '0') * 10 + (unsigned)(value->p[4] - '0');
    bool is_month = (month >= 1 && month <= 12) ||
                    (month >= 20 && month <= 42) || month >= 50;
    return check_pass(strchr("123478", value->p[0]) != NULL && is_month &&
                      97 - (number - minus) % 97 == key);
}

/* ---- Germany ---- */

/* Of the first ten digits one stands twice or three times (BZSt). */
static bool has_one_repeated(const struct digits *d)
{
    unsigned counts[10] = {0}, repeated = 0;
    for (size_t i = 0; i < 10; i++)
        counts[d->d[i]]++;
    for (size_t i = 0; i < 10; i++) {
        repeated += counts[i] > 1;
        if (counts[i] > 3)
            return false;
    }
    return repeated == 1;
}

enum check check_de_tax_id(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) && d.d[0] != 0 && check_mod11_10(&d) &&
                      has_one_repeated(&d));
}

/* The unified form of thirteen digits: state or tax office, a zero. */
enum check check_de_tax_number(struct str *value)
{
    struct digits d = check_digits(*value);
    if (d.n == 13) {
        unsigned state = check_two(&d, 0);
        bool is_office = (state >= 21 && state <= 28 && state != 25) ||
                         (state >= 30 && state <= 32) || state == 40 ||
                         state == 41 || state / 10 == 5 || state / 10 == 9;
        return ((state >= 1 && state <= 16) || (is_office && d.d[4] == 0)) &&
                       d.d[5] + d.d[6] + d.d[7] + d.d[8] + d.d[9] != 0
                   ? CHECK_UNKNOWN
                   : CHECK_FAIL;
    }
    return (d.n == 10 || d.n == 11) && !check_is_monotone(&d) ? CHECK_UNKNOWN
                                                              : CHECK_FAIL;
}

static unsigned digit_sum(unsigned n)
{
    return n / 10 + n % 10;
}

/* Deutsche Rentenversicherung: area, birthday, letter as two digits. */
enum check check_de_social(struct str *value)
{
    static const char weights[] = "212571212121";
    struct digits d = check_digits(*value);
    unsigned sum = 0;
    if (value->n != 12 || d.n != 11 || !isalpha((unsigned char)value->p[8]))
        return CHECK_FAIL;
    unsigned letter = (unsigned)(upper_at(value, 8) - 'A') + 1;
    unsigned char all[12];
    memcpy(all, d.d, 8);
    all[8] = (unsigned char)(letter / 10);
    all[9] = (unsigned char)(letter % 10);
    memcpy(all + 10, d.d + 8, 2);
    for (size_t i = 0; i < 12; i++)
        sum += digit_sum(all[i] * (unsigned)(weights[i] - '0'));
    unsigned day = check_two(&d, 2), month = check_two(&d, 4);
    return check_pass(sum % 10 == d.d[10] && day >= 1 && month <= 12 &&
                      (day <= 31 || day > 50));
}

/* § 290 SGB V: letter as two digits, weights 1 and 2. */
enum check check_de_health(struct str *value)
{
    struct digits d = check_digits(*value);
    unsigned sum = 0;
    if (value->n != 10 || d.n != 9 || !isupper((unsigned char)value->p[0]))
        return CHECK_FAIL;
    unsigned letter = (unsigned)(value->p[0] - 'A') + 1;
    unsigned char all[10] = {
        (unsigned char)(letter / 10), (unsigned char)(letter % 10)};
    memcpy(all + 2, d.d, 8);
    for (size_t i = 0; i < 10; i++)
        sum += digit_sum(all[i] * (i % 2 == 0 ? 1u : 2u));
    return check_pass(sum % 10 == d.d[8]);
}

/* Identity card and passport (ICAO 9303: 7, 3, 1); the old form is T and
 * eight digits, without a check digit. */
enum check check_de_card(struct str *value)
{
    static const unsigned char weights[] = {7, 3, 1};
    unsigned sum = 0;
    bool has_letter = false;
    if (value->n != 9 && value->n != 10)
        return CHECK_FAIL;
    for (size_t i = 0; i + 1 < value->n; i++) {
        int v = check_alnum(value->p[i]);
        if (v < 0 || (v > 9 && strchr("AEIOUSQDB", upper_at(value, i)) != NULL))
            return CHECK_FAIL;
        has_letter = has_letter || v > 9;
        sum += (unsigned)v * weights[i % 3];
    }
    if (!has_letter)
        return CHECK_FAIL;
    if (sum % 10 == (unsigned)check_alnum(value->p[value->n - 1]))
        return CHECK_PASS;
    return upper_at(value, 0) == 'T' && check_digits(*value).n == 8 &&
                   value->n == 9
               ? CHECK_UNKNOWN
               : CHECK_FAIL;
}

/* Physicians' numbers, KBV: weights 4 and 9 over the first six. */
enum check check_de_lanr(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 9) &&
                      (10 - check_weigh(&d, "494949") % 10) % 10 == d.d[6]);
}

enum check check_de_vat(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(str_starts_nocase(*value, "DE") && d.n == 9 &&
                      d.d[0] != 0 && check_mod11_10(&d));
}

/* ---- Benelux ---- */

enum check check_nl_bsn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 9) &&
                      (check_weigh(&d, "98765432") + 11 - d.d[8]) % 11 == 0);
}

enum check check_be_nn(struct str *value)
{
    struct digits d = check_digits(*value);
    uint64_t number = 0;
    if (!has_length(&d, 11))
        return CHECK_FAIL;
    for (size_t i = 0; i < 9; i++)
        number = number * 10 + d.d[i];
    unsigned month = check_two(&d, 2) % 20, key = check_two(&d, 9);
    bool is_right = 97 - number % 97 == key ||
                    97 - (number + UINT64_C(2000000000)) % 97 == key;
    return check_pass(is_right && month <= 12 && check_two(&d, 4) <= 31 &&
                      check_two(&d, 2) < 53);
}

/* ---- Poland, Portugal ---- */

enum check check_pl_pesel(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 11) &&
        check_is_date(0, check_two(&d, 2) % 20, check_two(&d, 4)) &&
        (10 - check_weigh(&d, "1379137913") % 10) % 10 == d.d[10]);
}

enum check check_pl_nip(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 10) && d.d[0] != 0 &&
                      check_weigh(&d, "657234567") % 11 == d.d[9]);
}

enum check check_pt_nif(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 9) || d.d[0] == 0 || d.d[0] == 4)
        return check_pass(
            d.n == 9 && check_two(&d, 0) == 45 &&
            (11 - check_weigh(&d, "98765432") % 11) % 11 % 10 == d.d[8]);
    return check_pass(
        (11 - check_weigh(&d, "98765432") % 11) % 11 % 10 == d.d[8]);
}

/* ---- The north ---- */

static bool is_luhn(const struct digits *d, size_t from)
{
    unsigned sum = 0;
    for (size_t i = from; i < d->n; i++) {
        unsigned v = d->d[i] * ((d->n - 1 - i) % 2 == 1 ? 2u : 1u);
        sum += digit_sum(v);
    }
    return sum % 10 == 0;
}

/* Skatteverket: a day above 60 is a co-ordination number. */
enum check check_se_person(struct str *value)
{
    struct digits d = check_digits(*value);
    if (d.n != 10 && d.n != 12)
        return CHECK_FAIL;
    size_t at = d.n - 10;
    unsigned day = check_two(&d, at + 4);
    if (d.n == 12 && (check_two(&d, 0) < 18 || check_two(&d, 0) > 20))
        return CHECK_FAIL;
    return check_pass(
        check_is_date(0, check_two(&d, at + 2), day > 60 ? day - 60 : day) &&
        is_luhn(&d, at));
}

enum check check_se_org(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 10) && d.d[2] >= 2 && d.d[0] != 0 && is_luhn(&d, 0));
}

enum check check_no_fnr(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 11))
        return CHECK_FAIL;
    unsigned day = check_two(&d, 0) % 40, month = check_two(&d, 2) % 40;
    return check_pass(
        check_is_date(0, month, day) &&
        (11 - check_weigh(&d, "376189452") % 11) % 11 == d.d[9] &&
        (11 - check_weigh(&d, "5432765432") % 11) % 11 == d.d[10]);
}

enum check check_fi_hetu(struct str *value)
{
    static const char marks[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
    struct digits d = check_digits(str_sub(*value, 0, 10));
    if (value->n != 11 || d.n != 9 ||
        strchr("-+ABCDEFUVWXY", upper_at(value, 6)) == NULL)
        return CHECK_FAIL;
    unsigned number = 0;
    for (size_t i = 0; i < 9; i++)
        number = number * 10 + d.d[i];
    return check_pass(check_is_date(0, check_two(&d, 2), check_two(&d, 0)) &&
                      number % 1000 >= 2 &&
                      marks[number % 31] == upper_at(value, 10));
}

/* ---- Central and eastern Europe ---- */

enum check check_ro_cnp(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 13) || d.d[0] == 0)
        return CHECK_FAIL;
    unsigned rest = check_weigh(&d, "279146358279") % 11;
    return check_pass(check_is_date(0, check_two(&d, 3), check_two(&d, 5)) &&
                      check_two(&d, 7) <= 70 &&
                      (rest == 10 ? 1 : rest) == d.d[12]);
}

enum check check_bg_egn(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 10) &&
        check_is_date(0, check_two(&d, 2) % 20, check_two(&d, 4)) &&
        check_two(&d, 2) < 53 &&
        check_weigh(&d, "2485:9736") % 11 % 10 == d.d[9]);
}

/* Also Slovakia: women's months + 50, since 2004 also + 20. */
enum check check_cz_rc(struct str *value)
{
    struct digits d = check_digits(*value);
    if ((d.n != 9 && d.n != 10) || check_is_monotone(&d))
        return CHECK_FAIL;
    unsigned month = check_two(&d, 2) % 50;
    month = month > 20 ? month - 20 : month;
    if (!check_is_date(0, month, check_two(&d, 4)))
        return CHECK_FAIL;
    if (d.n == 9)
        return check_two(&d, 0) < 54 ? CHECK_UNKNOWN : CHECK_FAIL;
    uint64_t number = 0;
    for (size_t i = 0; i < 9; i++)
        number = number * 10 + d.d[i];
    return check_pass(number % 11 % 10 == d.d[9]);
}

enum check check_hr_oib(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) && check_mod11_10(&d));
}

enum check check_ch_ahv(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        d.n == 13 && str_starts(*value, "756") &&
        (10 - check_weigh(&d, "131313131313") % 10) % 10 == d.d[12]);
}

enum check check_ru_inn(struct str *value)
{
    struct digits d = check_digits(*value);
    if (check_is_monotone(&d))
        return CHECK_FAIL;
    if (d.n == 10)
        return check_pass(check_weigh(&d, "24:359468") % 11 % 10 == d.d[9]);
    return check_pass(d.n == 12 &&
                      check_weigh(&d, "724:359468") % 11 % 10 == d.d[10] &&
                      check_weigh(&d, "3724:359468") % 11 % 10 == d.d[11]);
}

enum check check_ru_snils(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 11) &&
        check_weigh(&d, "987654321") % 101 % 100 == check_two(&d, 9));
}
