/*
 * Validators for identifiers of smaller European countries.  Their findings
 * have the type other-pii.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

static bool has_length(const struct digits *d, size_t n)
{
    return d->n == n && !check_is_monotone(d);
}

/* Austria, social insurance: serial, check digit, birthday. */
enum check check_at_svnr(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 10) || d.d[0] == 0)
        return CHECK_FAIL;
    unsigned sum = check_weigh(&d, "3790584216") % 11;
    return check_pass(sum == d.d[3] && check_two(&d, 4) >= 1 &&
                      check_two(&d, 4) <= 31 && check_two(&d, 6) >= 1 &&
                      check_two(&d, 6) <= 13);
}

/* Denmark: the checksum is not kept to since 2007. */
enum check check_dk_cpr(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 10) ||
        !check_is_date(0, check_two(&d, 2), check_two(&d, 0)))
        return CHECK_FAIL;
    return check_weigh(&d, "4327654321") % 11 == 0 ? CHECK_PASS : CHECK_UNKNOWN;
}

/* Estonia and Lithuania. */
enum check check_ee_isikukood(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 11) || d.d[0] == 0 || d.d[0] > 8 ||
        !check_is_date(0, check_two(&d, 3), check_two(&d, 5)))
        return CHECK_FAIL;
    unsigned rest = check_weigh(&d, "1234567891") % 11;
    if (rest == 10)
        rest = check_weigh(&d, "3456789123") % 11 % 10;
    return check_pass(rest == d.d[10]);
}

/* Latvia: since 2017 numbers begin with 32 and have no birthday. */
enum check check_lv_code(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 11))
        return CHECK_FAIL;
    if (check_two(&d, 0) == 32)
        return CHECK_UNKNOWN;
    unsigned sum = 1101 - check_weigh(&d, "16379:5842");
    return check_pass(check_is_date(0, check_two(&d, 2), check_two(&d, 0)) &&
                      sum % 11 % 10 == d.d[10]);
}

/* Ireland: seven digits, a check letter, perhaps a second letter. */
enum check check_ie_pps(struct str *value)
{
    static const char letters[] = "WABCDEFGHIJKLMNOPQRSTUV";
    struct digits d = check_digits(*value);
    if (d.n != 7 || value->n < 8)
        return CHECK_FAIL;
    unsigned sum = check_weigh(&d, "8765432");
    if (value->n == 9 && toupper((unsigned char)value->p[8]) != 'W')
        sum += 9u * (unsigned)(toupper((unsigned char)value->p[8]) - 'A' + 1);
    return check_pass(
        letters[sum % 23] == (char)toupper((unsigned char)value->p[7]));
}

/* Greece: birthday, serial, Luhn. */
enum check check_gr_amka(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(has_length(&d, 11) && check_luhn(*value) &&
                      check_is_date(0, check_two(&d, 2), check_two(&d, 0)));
}

/* Hungary, social insurance (TAJ): weights 3 and 7. */
enum check check_hu_taj(struct str *value)
{
    struct digits d = check_digits(*value);
    return check_pass(
        has_length(&d, 9) && check_weigh(&d, "37373737") % 10 == d.d[8]);
}

/* Slovenia, Serbia, Bosnia, Montenegro, North Macedonia. */
enum check check_jmbg(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 13) ||
        !check_is_date(0, check_two(&d, 2), check_two(&d, 0)))
        return CHECK_FAIL;
    unsigned rest = 11 - check_weigh(&d, "765432765432") % 11;
    return check_pass((rest > 9 ? 0 : rest) == d.d[12]);
}

/* Iceland: a legal person's day is 40 higher. */
enum check check_is_kennitala(struct str *value)
{
    struct digits d = check_digits(*value);
    if (!has_length(&d, 10) ||
        !check_is_date(0, check_two(&d, 2), check_two(&d, 0) % 40))
        return CHECK_FAIL;
    unsigned rest = (11 - check_weigh(&d, "32765432") % 11) % 11;
    return check_pass(rest == d.d[8] && (d.d[9] == 0 || d.d[9] >= 8));
}

/* Ukraine, taxpayer: days since 1899, serial. */
enum check check_ua_rnokpp(struct str *value)
{
    static const int weights[] = {-1, 5, 7, 9, 4, 6, 10, 5, 7};
    struct digits d = check_digits(*value);
    int sum = 0;
    if (!has_length(&d, 10))
        return CHECK_FAIL;
    for (size_t i = 0; i < 9; i++)
        sum += weights[i] * d.d[i];
    return check_pass((sum % 11 + 11) % 11 % 10 == d.d[9]);
}
