/*
 * application/x-www-form-urlencoded (WHATWG URL §5.1), in any cuts: "+" and
 * %XX are decoded, a bad escape stays as it is, repeated names come again.
 * Serves query strings as well.
 *
 * Memory: one field, at most field_bytes.
 */
#ifndef INSPECT_FORM_H
#define INSPECT_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
    FORM_FIELD_BYTES_DEFAULT = 8 * 1024 * 1024,
    FORM_FIELDS_MAX = 100000,
};

struct form;

/* field_bytes: name and value of one field, decoded; 0 for the default.  The
 * strs are valid until on_field returns; they may hold any byte. */
struct form *form_new(size_t field_bytes,
    void (*on_field)(void *arg, struct str name, struct str value), void *arg);
void form_free(struct form **form);
/* ERR_LIMIT, and then every later call gives it again. */
enum err form_feed(struct form *f, struct str bytes) MUST_USE;
enum err form_finish(struct form *f) MUST_USE;
/* After ERR_LIMIT: what was read of the broken field, "name=value", and the
 * offset of the first byte that was not taken. */
struct str form_partial(const struct form *f);
uint64_t form_offset(const struct form *f);

/* The next name and value of a query, decoded into the arena; a name alone has
 * an empty value.  False: rest, which starts as the query, is used up. */
bool form_next_pair(struct arena *arena, struct str *rest, struct str *name_out,
    struct str *value_out);

/* One piece of a URL, %XX decoded as above; plus: "+" is a blank. */
struct str form_decode(struct arena *arena, struct str s, bool plus);

#endif
