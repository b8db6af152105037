/*
 * A file coming down, shared by inspect/exchange_file.c (links, heads, what is
 * a download) and inspect/download.c (its bytes); for nobody else.
 */
#ifndef INSPECT_DOWNLOAD_H
#define INSPECT_DOWNLOAD_H

#include "base/digest.h"
#include "inspect/exchange_parts.h"
#include "inspect/filetype.h"
#include "inspect/keep_links.h"

enum download_kind { DOWNLOAD_NOTHING, DOWNLOAD_LINK, DOWNLOAD_BYTES };

/* Several in one answer are multipart/byteranges (RFC 9110 §14.6); what is
 * beyond so many does not count. */
enum { DOWNLOAD_PARTS_MAX = 64 };

/* [from, to) of total; from -1: nobody knows where; total -1: of how many. */
struct download_part {
    int64_t from, to, total;
};

struct download {
    enum download_kind kind;
    enum file_side side;
    bool is_handed_out; /* the bytes of a link that we saw */
    bool is_told;       /* the whole file has passed before */
    bool is_saved, is_shown, is_attachment;
    struct str url;      /* of the keeper's entry, in the exchange's arena */
    struct str location; /* a redirect that is the link */
    struct str header_name, type;
    struct buf body; /* of a link */

    struct multipart *multipart;
    struct download_part parts[DOWNLOAD_PARTS_MAX];
    size_t part_count, part_asked;
    struct download_part now; /* the one that is passing, or the last one */
    bool is_in_part;
    size_t found_before; /* it */
    uint64_t bytes;      /* of all parts */
    /* The sum of the file's first bytes, in this answer or, up to where it
     * began, in those before it. */
    struct digest *digest; /* NULL: it has not begun */
    struct keep_sum known; /* of the answers before; at 0: nothing */
    int64_t sum_from, sum_at;
    bool is_summing;  /* the part that is passing goes on with it */
    uint64_t version; /* by ETag or date; 0: unknown */
    int64_t known_total;
    uint64_t known_version;

    struct buf head;
    struct buf kept; /* all bytes so far, if they may be of use: reserved */
    bool is_kept_no_more;
    bool is_document;  /* known once the head is there */
    bool is_too_large; /* to be read */
    int64_t length;    /* Content-Length, or -1 */
    bool is_encoded;
    bool is_damaged;
};

/* exchange_file.c */
struct activity_file *download_file(struct exchange *ex);
bool download_is_identified(const struct exchange *ex);

/* Of the JSON that hands out a link. */
void file_take_link_body(struct exchange *ex, struct str bytes);

/* download.c */
/* The head is there; range: Content-Range of a 206. */
void download_begin(struct exchange *ex, struct str range);
/* All have passed: what they tell, and maybe a document to be read. */
void download_end(struct exchange *ex);
void download_drop(struct download *d);
void download_note_trouble(
    struct exchange *ex, const char *why, struct str where);
/* exchange_question: what else of the file has passed. */
void download_ask(struct exchange *ex);
/* True: there is more to be asked. */
bool download_asks_more(struct exchange *ex);
/* False: it was told before. */
bool download_answered(struct exchange *ex, struct str answer);

#endif
