/*
 * What the validators of national identifiers share: digit strings, weights,
 * the check-digit schemes that several countries use.
 */
#include "inspect/check_ids.h"

#include <ctype.h>
#include <string.h>

struct digits check_digits(struct str value)
{
    struct digits out = {.n = 0};
    for (size_t i = 0; i < value.n && out.n < CHECK_DIGITS_MAX; i++)
        if (value.p[i] >= '0' && value.p[i] <= '9')
            out.d[out.n++] = (unsigned char)(value.p[i] - '0');
    return out;
}

unsigned check_weigh(const struct digits *digits, const char *weights)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits->n && weights[i] != '\0'; i++)
        sum += digits->d[i] * (unsigned)(weights[i] - '0');
    return sum;
}

bool check_mod11_10(const struct digits *digits)
{
    unsigned product = 10;
    for (size_t i = 0; i + 1 < digits->n; i++) {
        unsigned sum = (digits->d[i] + product) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return digits->n > 1 && (11 - product) % 10 == digits->d[digits->n - 1];
}

bool check_verhoeff(const struct digits *digits)
{
    static const char *const multiply[] = {"0123456789", "1234067895",
        "2340178956", "3401289567", "4012395678", "5987604321", "6598710432",
        "7659821043", "8765932104", "9876543210"};
    static const char *const permute[] = {"0123456789", "1576283094",
        "5803796142", "8916043527", "9453126870", "4286573901", "2793806415",
        "7046913258"};
    unsigned c = 0;
    for (size_t i = 0; i < digits->n; i++) {
        unsigned d = digits->d[digits->n - 1 - i];
        unsigned p = (unsigned)(permute[i % 8][d] - '0');
        c = (unsigned)(multiply[c][p] - '0');
    }
    return digits->n > 1 && c == 0;
}

bool check_is_date(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {
        31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return false;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month != 2 || day < 29 || year == 0 || is_leap;
}

unsigned check_two(const struct digits *digits, size_t at)
{
    return at + 1 < digits->n ? digits->d[at] * 10u + digits->d[at + 1] : 0;
}

bool check_is_monotone(const struct digits *digits)
{
    for (size_t i = 1; i < digits->n; i++)
        if (digits->d[i] != digits->d[0])
            return false;
    return true;
}

int check_alnum(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (isalpha((unsigned char)c))
        return toupper((unsigned char)c) - 'A' + 10;
    return -1;
}

enum check check_pass(bool is_right)
{
    return is_right ? CHECK_PASS : CHECK_FAIL;
}
