/*
 * Inside exact data match: what a cell of a table becomes before it is hashed.
 * A value is the folded letters and digits of the cell; the type of its column
 * says in which other spellings it is looked for.
 */
#ifndef INSPECT_EDM_CELL_H
#define INSPECT_EDM_CELL_H

#include "inspect/edm_image.h"

struct edm_value {
    char bytes[EDM_VALUE_MAX];
    size_t n;
    size_t ends[EDM_WORDS_MAX]; /* of its words, in bytes */
    unsigned words;
    unsigned digits;
};

enum edm_cell {
    EDM_CELL_GOOD,
    EDM_CELL_EMPTY, /* also "n/a", "null" … */
    EDM_CELL_SHORT, /* would be found everywhere */
    EDM_CELL_LONG,  /* more than EDM_WORDS_MAX words, EDM_VALUE_MAX bytes */
    EDM_CELL_STATES,
};

/* A date becomes YYYYMMDD, if the type says that it may be one. */
enum edm_cell edm_cell_read(
    struct str cell, enum edm_type type, struct edm_value *value_out);

/* A number is looked for in any grouping. */
bool edm_value_is_number(const struct edm_value *value);

/* Its other spellings. */
typedef void edm_spelling_fn(void *owner, const struct edm_value *spelling);
void edm_cell_spellings(struct str cell, enum edm_type type,
    const struct edm_value *value, edm_spelling_fn *on_spelling, void *owner);

/* What a column without a named type is, by some of its cells. */
struct edm_guess {
    size_t cells, of[EDM_TYPES];
};
void edm_guess_add(struct edm_guess *guess, struct str cell);
enum edm_type edm_guess_type(const struct edm_guess *guess);

#endif
