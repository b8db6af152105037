/*
 * Chance that can be repeated, and values made up with it.  Those with check
 * digits have right ones, or no detector would take them for real.
 */
#include "proxy/demo_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"

/* splitmix64 (public domain, S. Vigna): small, and the same everywhere. */
uint64_t demo_next(struct demo_chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

unsigned demo_below(struct demo_chance *c, unsigned n)
{
    return (unsigned)(demo_next(c) % n);
}

bool demo_is(struct demo_chance *c, unsigned percent)
{
    return demo_below(c, 100) < percent;
}

const char *demo_one_of(struct demo_chance *c, const char *const *list)
{
    unsigned n = 0;
    while (list[n] != NULL)
        n++;
    return list[demo_below(c, n)];
}

void demo_uuid(
    struct demo_chance *c, int64_t time_ms, char out[UUID_TEXT_BYTES])
{
    uint64_t parts[2] = {demo_next(c), demo_next(c)};
    uint8_t bits[10];
    memcpy(bits, parts, sizeof bits);
    clock_uuid7_of(time_ms, bits, out);
}

static void put_chars(
    struct demo_chance *c, const char *alphabet, size_t n, struct buf *out)
{
    unsigned size = (unsigned)strlen(alphabet);
    for (size_t i = 0; i < n; i++)
        buf_append_char(out, alphabet[demo_below(c, size)]);
}

static const char DIGITS[] = "0123456789";

/* Luhn (ISO/IEC 7812-1), groups of four. */
static void put_card(struct demo_chance *c, struct buf *out)
{
    char digits[16] = {'4'};
    unsigned sum = 0;
    for (int i = 1; i < 15; i++)
        digits[i] = DIGITS[demo_below(c, 10)];
    for (int i = 0; i < 15; i++) {
        unsigned digit = (unsigned)(digits[i] - '0');
        digit = i % 2 == 0 ? digit * 2 : digit;
        sum += digit > 9 ? digit - 9 : digit;
    }
    digits[15] = DIGITS[(10 - sum % 10) % 10];
    for (int i = 0; i < 16; i++) {
        if (i > 0 && i % 4 == 0)
            buf_append_char(out, ' ');
        buf_append_char(out, digits[i]);
    }
}

/* German: 18 digits behind the check digits (ISO 13616, mod 97). */
static void put_iban(struct demo_chance *c, struct buf *out)
{
    char text[32], account[19];
    unsigned rest = 0;
    for (int i = 0; i < 18; i++)
        account[i] = DIGITS[demo_below(c, 10)];
    account[18] = '\0';
    /* "DE00" at the end, as digits */
    snprintf(text, sizeof text, "%s131400", account);
    for (const char *p = text; *p != '\0'; p++)
        rest = (rest * 10 + (unsigned)(*p - '0')) % 97;
    buf_printf(out, "DE%02u", 98 - rest);
    for (int i = 0; i < 18; i++) {
        if (i % 4 == 0)
            buf_append_char(out, ' ');
        buf_append_char(out, account[i]);
    }
}

static void put_ssn(struct demo_chance *c, struct buf *out)
{
    buf_printf(out, "%03u-%02u-%04u", 100 + demo_below(c, 500),
        10 + demo_below(c, 80), 1000 + demo_below(c, 8000));
}

static void put_private_key(struct demo_chance *c, struct buf *out)
{
    struct buf raw = {0}, text = {0};
    for (int i = 0; i < 96; i++)
        buf_append_char(&raw, (char)demo_next(c));
    base64_encode(buf_str(&raw), &text);
    buf_append_str(out, STR("-----BEGIN PRIVATE KEY-----\n"));
    for (size_t at = 0; at < text.n; at += 64) {
        buf_append_str(out, str_sub(buf_str(&text), at, at + 64));
        buf_append_char(out, '\n');
    }
    buf_append_str(out, STR("-----END PRIVATE KEY-----"));
    buf_free(&raw);
    buf_free(&text);
}

static void put_emails(struct demo_chance *c, struct buf *out)
{
    static const char *const names[] = {"anna.berg", "tom.reed", "li.wei",
        "sara.haddad", "joao.costa", "eva.novak", NULL};
    static const char *const domains[] = {"northwind-freight.com",
        "contoso-parts.com", "fabrikam-foods.com", NULL};
    unsigned n = 2 + demo_below(c, 5);
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, "%s%s%u@%s", i > 0 ? ", " : "", demo_one_of(c, names),
            demo_below(c, 90), demo_one_of(c, domains));
}

static void put_code(struct demo_chance *c, struct buf *out)
{
    static const char *const names[] = {
        "orders", "invoices", "parcels", "tickets", NULL};
    const char *name = demo_one_of(c, names);
    buf_printf(out,
        "def load_%s(path, limit=%u):\n"
        "    rows = []\n"
        "    with open(path) as f:\n"
        "        for line in f:\n"
        "            if line.startswith('#'):\n"
        "                continue\n"
        "            rows.append(line.strip().split(','))\n"
        "    return sorted(rows, key=lambda r: r[0])[:limit]\n",
        name, 10 * (1 + demo_below(c, 50)));
}

/* A value of that kind, made up: its check digits are right. */
static void put_value(
    struct demo_chance *c, enum demo_value value, struct buf *out)
{
    switch (value) {
    case DEMO_CARD:
        put_card(c, out);
        return;
    case DEMO_IBAN:
        put_iban(c, out);
        return;
    case DEMO_SSN:
        put_ssn(c, out);
        return;
    case DEMO_AWS_KEY: /* base32, as they are */
        buf_append_str(out, STR("AKIA"));
        put_chars(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, out);
        return;
    case DEMO_PASSWORD:
        put_chars(c, "abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789!%",
            14, out);
        return;
    case DEMO_PRIVATE_KEY:
        put_private_key(c, out);
        return;
    case DEMO_EMAILS:
        put_emails(c, out);
        return;
    case DEMO_CODE:
        put_code(c, out);
        return;
    }
}

void demo_put_slip(struct demo_chance *c, struct buf *out)
{
    const struct demo_slip *slip =
        &demo_slips[demo_below(c, (unsigned)demo_slips_count)];
    const char *at = strchr(slip->text, '@');
    buf_append(out, slip->text, (size_t)(at - slip->text));
    put_value(c, slip->value, out);
    buf_append_str(out, str_of(at + 1));
}
