/*
 * TOML 1.0 as the tree that base/yaml.h reads: tables are maps, arrays are
 * lists, everything else is a scalar (strings quoted, the others as written).
 * So files that others write in TOML are read with the same accessors.
 *
 * Not judged: what numbers, dates and times are; a scalar that is none of
 * them is refused where it is used.  A table may be opened again.
 *
 * Limits: 16 MiB, 64 levels, 1,000,000 values.
 */
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include "base/yaml.h"

/* NULL when the text is not TOML (reported, the first mistake). Copies what it
 * needs; yaml_free. */
struct yaml_doc *toml_parse(
    const char *file, struct str text, struct diag *diag);

#endif
