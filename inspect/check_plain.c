/*
 * Validators for everyday data of low sensitivity: dates, addresses of
 * machines.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "inspect/check_ids.h"

/* English, German, French, Spanish, Italian, Portuguese, Dutch. */
static const char *const months[12] = {
    " january jan januar j\xc3\xa4nner janvier enero gennaio janeiro januari ",
    " february feb februar f\xc3\xa9vrier fevrier febrero febbraio fevereiro "
    "februari ",
    " march mar m\xc3\xa4rz mars marzo mar\xc3\xa7o marco maart maerz ",
    " april apr avril abril aprile ", " may mai mayo maggio maio mei ",
    " june jun juni juin junio giugno junho ",
    " july jul juli juillet julio luglio julho ",
    " august aug ao\xc3\xbbt aout agosto augustus ",
    " september sep sept septembre septiembre settembre setembro ",
    " october oct oktober octobre octubre ottobre outubro okt ",
    " november nov novembre noviembre novembro ",
    " december dec dezember d\xc3\xa9"
    "cembre decembre diciembre dicembre "
    "dezembro dez "};

static bool is_letter(char c)
{
    return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool find_month(struct str word, unsigned *month_out)
{
    char key[16];
    if (word.n < 3 || word.n > sizeof key - 3)
        return false;
    key[0] = key[word.n + 1] = ' ';
    key[word.n + 2] = '\0';
    for (size_t i = 0; i < word.n; i++)
        key[i + 1] = (char)tolower((unsigned char)word.p[i]);
    for (unsigned i = 0; i < 12; i++)
        if (strstr(months[i], key) != NULL) {
            *month_out = i + 1;
            return true;
        }
    return false;
}

/* A month's name, or its first three letters, as a word of the value. */
static bool has_month_name(struct str value, unsigned *month_out)
{
    for (size_t at = 0; at < value.n;) {
        size_t start = at;
        while (at < value.n && is_letter(value.p[at]))
            at++;
        if (at > start && find_month(str_sub(value, start, at), month_out))
            return true;
        at += at == start;
    }
    return false;
}

/* The numbers of the value, at most three of at most four digits. */
static size_t read_numbers(struct str value, unsigned out[3])
{
    size_t count = 0;
    for (size_t i = 0; i < value.n;) {
        unsigned n = 0;
        size_t start = i;
        for (; i < value.n && isdigit((unsigned char)value.p[i]); i++)
            n = n * 10 + (unsigned)(value.p[i] - '0');
        if (i > start) {
            if (count == 3 || i - start > 4)
                return 0;
            out[count++] = n;
        } else {
            i++;
        }
    }
    return count;
}

static bool is_year(unsigned n)
{
    return n < 100 || (n >= 1800 && n <= 2199);
}

/* Two digits may be of any century. */
static bool is_day(unsigned year, unsigned month, unsigned day)
{
    return is_year(year) && check_is_date(year < 100 ? 0 : year, month, day);
}

/* Year first, day first or month first, or the month's name. */
enum check check_date_value(struct str *value)
{
    unsigned n[3] = {0}, month = 0;
    size_t count = read_numbers(*value, n);
    if (has_month_name(*value, &month))
        return check_pass(
            (count == 2 && (is_day(n[1], month, n[0]) ||
                               (n[0] > 31 && is_day(n[0], month, n[1])))) ||
            (count == 1 && check_is_date(0, month, n[0])));
    if (count != 3)
        return CHECK_FAIL;
    if (n[0] > 31)
        return check_pass(is_day(n[0], n[1], n[2]));
    return check_pass(is_day(n[2], n[1], n[0]) || is_day(n[2], n[0], n[1]));
}

enum check check_ip_value(struct str *value)
{
    char text[64];
    unsigned char bytes[16];
    struct str bare = str_sub(*value, 0, str_find_char(*value, '/'));
    bare = str_sub(bare, 0, str_find_char(bare, '%'));
    if (bare.n >= sizeof text)
        return CHECK_FAIL;
    memcpy(text, bare.p, bare.n);
    text[bare.n] = '\0';
    return check_pass(inet_pton(AF_INET, text, bytes) == 1 ||
                      inet_pton(AF_INET6, text, bytes) == 1);
}

/* One separator, and neither nothing nor everybody. */
enum check check_mac_value(struct str *value)
{
    char first = 0;
    bool differs = false;
    for (size_t i = 0; i < value->n; i++) {
        char c = (char)tolower((unsigned char)value->p[i]);
        if (!isxdigit((unsigned char)c)) {
            if (first != 0 && c != first)
                return CHECK_FAIL;
            first = c;
        } else if (c != tolower((unsigned char)value->p[0])) {
            differs = true;
        }
    }
    return check_pass(differs);
}
