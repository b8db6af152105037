/*
 * struct str: a borrowed run of bytes, not NUL-terminated, never owned.
 * Whoever holds one must know what keeps the bytes alive.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf("%.*s"). */
#define STR_ARG(s) (int)(s).n, (s).p != NULL ? (s).p : ""

/* Inline: compared with literals at every event of a stream. */

/* NULL gives an empty str. */
static inline struct str str_of(const char *s)
{
    return (struct str){s, s != NULL ? strlen(s) : 0};
}

static inline struct str str_make(const char *p, size_t n)
{
    return (struct str){p, n};
}

/* Clamped. */
static inline struct str str_sub(struct str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (struct str){s.p != NULL ? s.p + from : NULL, to - from};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n &&
           (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline bool str_is(struct str a, const char *b)
{
    return str_eq(a, str_of(b));
}

struct str str_trim(struct str s); /* SP, HTAB, CR, LF off both ends */
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_is_nocase(struct str a, const char *b);
bool str_starts(struct str s, const char *prefix);
bool str_starts_nocase(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
bool str_ends_nocase(struct str s, const char *suffix);

/* Index of the first occurrence, or s.n when there is none. */
size_t str_find(struct str s, struct str what);
size_t str_find_char(struct str s, char c);
bool str_has(struct str s, const char *what);

/* Takes the part before c off *rest and skips c; false when *rest is empty
 * and nothing more comes. */
bool str_split(struct str *rest, char c, struct str *part_out);

/* Decimal only: no sign, no blanks, no overflow. */
enum err str_to_u64(struct str s, uint64_t *value_out) MUST_USE;

/* Shell-like glob: '*' any run, '?' one byte; `stop` is a byte that '*' and
 * '?' do not match (0: none), for example '.' for host labels. */
bool str_glob(struct str pattern, struct str s, char stop);

int str_compare(struct str a, struct str b);

/* ASCII letters, in place. */
void str_lower(char *p, size_t n);
/* Of a hexadecimal digit, or -1. */
int str_hex_value(char c);

#endif
