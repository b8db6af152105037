/*
 * Validators: what a regular expression cannot say about a value.  Check
 * digits, issuer ranges, checksums inside tokens, decoding of headers.
 *
 * Pure functions over one value.  Numeric validators get the bare digits;
 * the others get the value as it stands in the text and may shorten it (an
 * IBAN's length is known only once its country is).
 */
#ifndef INSPECT_CHECK_H
#define INSPECT_CHECK_H

#include <stdbool.h>

#include "base/str.h"

enum check {
    CHECK_FAIL,    /* not such a value: no finding */
    CHECK_UNKNOWN, /* nothing speaks against it: context has to decide */
    CHECK_PASS,    /* a checksum or structure confirms it */
};

struct validator {
    const char *name;
    enum check (*run)(struct str *value);
};

/* NULL: no such validator. */
const struct validator *validator_find(struct str name);
/* NULL past the end. */
const struct validator *validator_at(size_t index);

bool check_luhn(struct str digits);
/* ISO 7064 mod 97-10 over letters and digits. */
bool check_mod97(struct str value);
/* Shannon, bits a byte. */
double check_entropy(struct str value);
/* xxxxxxxxxx, **********, 0000000000, <your-key>, ${KEY}: nobody's secret. */
bool check_is_placeholder(struct str value);
/* Decodes base64 of either alphabet, skipping blanks, up to cap bytes; SIZE_MAX
 * when there is another byte in it. */
size_t check_base64(struct str text, unsigned char *out, size_t cap);

#endif
