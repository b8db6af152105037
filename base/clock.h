/*
 * Time and time-ordered identifiers.  Timers use the monotonic clock,
 * records and certificates the wall clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

enum { CLOCK_TEXT_BYTES = 32, UUID_TEXT_BYTES = 37 };

uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
int64_t clock_wall_ms(void); /* since 1970, UTC */

/* RFC 3339, UTC, milliseconds: 2026-11-22T10:02:03.456Z, NUL-terminated. */
void clock_format(int64_t wall_ms, char text_out[CLOCK_TEXT_BYTES]);

/* RFC 3339 with any offset, or a span back from now: 15m, 24h, 7d, 30s. */
enum err clock_parse(
    struct str text, int64_t now_ms, int64_t *wall_ms_out) MUST_USE;

/* UUIDv7 (RFC 9562 §5.7), lower case, NUL-terminated; strictly increasing
 * within one process. */
void clock_uuid7(char text_out[UUID_TEXT_BYTES]);
/* The same for what has its time and its random bits already: equal ones give
 * equal text.  wall_ms below 0 counts as 0. */
void clock_uuid7_of(
    int64_t wall_ms, const uint8_t bits[10], char text_out[UUID_TEXT_BYTES]);

#endif
