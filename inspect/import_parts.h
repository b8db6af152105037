/*
 * What the files of the importer share; for nobody else.
 *
 *   import.c         the two formats, field by field
 *   import_rule.c    a rule to a detector, tried and written
 *   import_regex.c   its expression
 */
#ifndef INSPECT_IMPORT_PARTS_H
#define INSPECT_IMPORT_PARTS_H

#include "base/yaml.h"
#include "inspect/import.h"

enum { IMPORT_TEXTS_MAX = 4096 };

struct import_texts {
    struct str items[IMPORT_TEXTS_MAX];
    size_t count;
};

/* A rule as its file has it; strings borrowed from the document. */
struct import_rule {
    struct import *import;
    const struct import_options *options;
    const char *file;
    unsigned line;
    struct str id, name, pattern, entropy;
    unsigned value_group;
    enum level confidence;
    struct import_texts keywords, allow, examples, counter_examples;
    struct arena arena; /* what was made of it */
};

/* "file:line: id: …", counted. */
void import_note(struct import_rule *rule, const char *format, ...)
    PRINTF_LIKE(2, 3);
void import_add_text(
    struct import_rule *rule, struct import_texts *texts, struct str text);
/* Tries it, writes it or says why not. */
void import_write_rule(struct import_rule *rule);

#endif
