/*
 * Content-Type and Content-Disposition values (RFC 9110 §8.3, RFC 6266, RFC
 * 7578 §4.2, RFC 8187 for filename*, RFC 2047 for old names).
 *
 * Lenient: blanks around "=" and ";", missing closing quotes and unknown
 * parameters do no harm; of a parameter given twice the first counts, which is
 * what browsers and common servers do.
 */
#ifndef INSPECT_MIME_H
#define INSPECT_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Strings live in the arena. */
struct mime_type {
    struct str type;     /* "text/plain", lower case, without parameters */
    struct str charset;  /* lower case, or empty */
    struct str boundary; /* as written, or empty */
};

struct mime_disposition {
    struct str kind; /* "form-data", "attachment", lower case */
    struct str name; /* UTF-8, or the bytes as they came */
    /* filename* when it can be read, else filename; of an answer's with its
     * encoded words decoded, as browsers do; of a form's as it was sent. */
    struct str filename;
    bool has_name, has_filename;
};

/* ERR_PARSE: no type/subtype at the start. */
enum err mime_parse_type(
    struct str value, struct arena *arena, struct mime_type *out) MUST_USE;
/* ERR_PARSE: no token at the start. */
enum err mime_parse_disposition(struct str value, struct arena *arena,
    struct mime_disposition *out) MUST_USE;

/* Content-Range (RFC 9110 §14.4): "bytes 100-199/1234". */
struct mime_range {
    int64_t first, last, total; /* total -1: not told */
};
/* ERR_PARSE, and *out as it was: no range of bytes. */
enum err mime_parse_range(struct str value, struct mime_range *out) MUST_USE;
/* Digits at the start of *s, which is behind them then. */
bool mime_take_number(struct str *s, int64_t *value_out);

/* On the lower-case type without parameters. */
bool mime_is_json(struct str type);   /* application/json, text/json, +json */
bool mime_is_ndjson(struct str type); /* x-ndjson, jsonl, json-seq, +ndjson */
bool mime_is_text(struct str type);   /* text/ and texts under application/ */

#endif
