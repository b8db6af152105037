#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t read_clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_mono_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

int64_t clock_wall_ms(void)
{
    return (int64_t)(read_clock_us(CLOCK_REALTIME) / 1000);
}

void clock_format(int64_t wall_ms, char text_out[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    int millis = (int)(wall_ms % 1000);
    if (millis < 0) {
        millis += 1000;
        seconds--;
    }
    struct tm t;
    gmtime_r(&seconds, &t);
    size_t n = strftime(text_out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(text_out + n, CLOCK_TEXT_BYTES - n, ".%03dZ", millis);
}

static enum err parse_span(struct str text, int64_t now_ms, int64_t *out)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000},
        {'w', 604800000}};
    if (text.n < 2)
        return ERR_PARSE;
    uint64_t count;
    if (str_to_u64(str_sub(text, 0, text.n - 1), &count) != OK ||
        count > 100000)
        return ERR_PARSE;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == text.p[text.n - 1]) {
            *out = now_ms - (int64_t)count * units[i].ms;
            return OK;
        }
    }
    return ERR_PARSE;
}

/* "Z", "+02:00" or nothing. */
static enum err parse_offset(const char *text, long *seconds_out)
{
    int hours, minutes, end = 0;
    char sign;
    *seconds_out = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return OK;
    if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &end) != 3 ||
        (sign != '+' && sign != '-') || text[end] != '\0')
        return ERR_PARSE;
    *seconds_out = (hours * 60L + minutes) * 60L;
    if (sign == '-')
        *seconds_out = -*seconds_out;
    return OK;
}

/* Behind the date: "12:34:56", perhaps ".789" and an offset. */
static enum err parse_time(
    const char *text, struct tm *t, int *millis_out, long *offset_s_out)
{
    const char *rest = strptime(text, "%H:%M:%S", t);
    if (rest == NULL)
        return ERR_PARSE;
    if (*rest == '.') {
        int scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            *millis_out += (*rest - '0') * scale;
    }
    return parse_offset(rest, offset_s_out);
}

enum err clock_parse(struct str text, int64_t now_ms, int64_t *wall_ms_out)
{
    char copy[48];
    if (text.n == 0 || text.n >= sizeof copy)
        return ERR_PARSE;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (strchr(copy, 'T') == NULL && strchr(copy, '-') == NULL)
        return parse_span(text, now_ms, wall_ms_out);

    struct tm t = {0};
    const char *rest = strptime(copy, "%Y-%m-%d", &t);
    int millis = 0;
    long offset_s = 0;
    struct tm day = t;
    (void)timegm(&day); /* makes March of February 30 */
    if (rest == NULL || day.tm_mday != t.tm_mday)
        return ERR_PARSE;
    bool has_time = *rest == 'T' || *rest == ' ';
    if (has_time && parse_time(rest + 1, &t, &millis, &offset_s) != OK)
        return ERR_PARSE;
    if (!has_time && *rest != '\0')
        return ERR_PARSE;
    *wall_ms_out = ((int64_t)timegm(&t) - offset_s) * 1000 + millis;
    return OK;
}

static void write_uuid7(uint64_t ms, unsigned twelve_bits, const uint8_t r[10],
    char text_out[UUID_TEXT_BYTES])
{
    snprintf(text_out, UUID_TEXT_BYTES,
        "%08x-%04x-7%03x-%02x%02x-%02x%02x%02x%02x%02x%02x",
        (unsigned)(ms >> 16), (unsigned)(ms & 0xffff), twelve_bits & 0xfffu,
        (r[2] & 0x3f) | 0x80, r[3], r[4], r[5], r[6], r[7], r[8], r[9]);
}

void clock_uuid7_of(
    int64_t wall_ms, const uint8_t bits[10], char text_out[UUID_TEXT_BYTES])
{
    uint64_t ms = wall_ms > 0 ? (uint64_t)wall_ms & 0xffffffffffff : 0;
    write_uuid7(ms, (unsigned)bits[0] << 8 | bits[1], bits, text_out);
}

void clock_uuid7(char text_out[UUID_TEXT_BYTES])
{
    static uint64_t last_ms;
    static uint16_t counter; /* 12 bits: order within a millisecond */
    uint64_t ms = (uint64_t)clock_wall_ms();
    uint8_t r[10];
    if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
        memset(r, 0, sizeof r);
    if (ms <= last_ms) {
        counter = (uint16_t)(counter + 1);
        if (counter > 0xfff) {
            counter = 0;
            last_ms++;
        }
        ms = last_ms;
    } else {
        last_ms = ms;
        counter = (uint16_t)(r[0] & 0x7f);
    }
    write_uuid7(ms, counter, r, text_out);
}
