/*
 * Writes JSON (RFC 8259) into a buf, member by member; commas are its job.
 *
 *   struct jsonw w = {.out = &buf};
 *   jsonw_object(&w);
 *   jsonw_key_str(&w, "user", user);
 *   jsonw_key_int(&w, "bytes", 12);
 *   jsonw_close(&w);
 *
 * Text is written as UTF-8; an invalid sequence becomes U+FFFD, control
 * characters are escaped, so the output is always valid JSON on one line.
 */
#ifndef BASE_JSONW_H
#define BASE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { JSONW_DEPTH_MAX = 32 };

struct jsonw {
    struct buf *out;
    unsigned depth;
    bool has_member[JSONW_DEPTH_MAX];
    bool is_array[JSONW_DEPTH_MAX];
    bool after_key;
};

void jsonw_object(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_close(struct jsonw *w); /* the innermost object or array */
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_str(struct jsonw *w, struct str s);
void jsonw_int(struct jsonw *w, int64_t i);
void jsonw_bool(struct jsonw *w, bool b);
void jsonw_null(struct jsonw *w);
void jsonw_raw(struct jsonw *w, struct str json); /* already JSON */

void jsonw_key_str(struct jsonw *w, const char *key, struct str s);
void jsonw_key_cstr(struct jsonw *w, const char *key, const char *s);
void jsonw_key_int(struct jsonw *w, const char *key, int64_t i);
void jsonw_key_bool(struct jsonw *w, const char *key, bool b);
/* Nothing at all when s is empty: absent means unknown. */
void jsonw_key_str_if(struct jsonw *w, const char *key, struct str s);

/* Only the quoted and escaped string. */
void jsonw_append_quoted(struct buf *out, struct str s);

#endif
