/*
 * A second view of a text: as a reader sees it, not as it is encoded.  Digits
 * and letters of other scripts' and styles' code points become ASCII, blanks
 * and dashes become one blank and one dash, what is invisible goes out.  Only
 * for searching: offsets lead back to the source.
 *
 * Made in steps, so that no large text holds the loop; invalid bytes pass as
 * they are.
 */
#ifndef INSPECT_NORM_H
#define INSPECT_NORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct norm_mark {
    size_t out, source;
};

struct norm {
    struct str source; /* borrowed */
    struct buf text;
    size_t at;               /* source bytes done */
    bool is_changed;         /* text differs from source so far */
    struct norm_mark *marks; /* one every few hundred bytes of text */
    size_t mark_count, mark_cap;
};

/* Neither shown nor a blank: NUL, escape, DEL … */
static inline bool norm_is_control(char c)
{
    unsigned char u = (unsigned char)c;
    return (u < 0x20 && (u < '\t' || u > '\r')) || u == 0x7f;
}

/* The ASCII character that c stands for; 0: nothing; -1: none. */
int norm_fold(uint32_t c);

void norm_begin(struct norm *norm, struct str source);
/* Takes about max_bytes of the source; true while there is more. */
bool norm_step(struct norm *norm, size_t max_bytes);
void norm_free(struct norm *norm);

/* The source bytes that text[start, end) was made from; start < end. */
void norm_locate(const struct norm *norm, size_t start, size_t end,
    size_t *source_start_out, size_t *source_end_out);

#endif
