/*
 * A file coming down, shared by inspect/exchange_file.c (links, heads, what is
 * a download) and inspect/download.c (its bytes); for nobody else.
 */
#ifndef INSPECT_DOWNLOAD_H
#define INSPECT_DOWNLOAD_H

#include "base/digest.h"
#include "inspect/address.h"
#include "inspect/chunks.h"
#include "inspect/exchange_parts.h"
#include "inspect/filetype.h"
#include "inspect/keep_links.h"

enum download_kind {
    DOWNLOAD_NOTHING,
    DOWNLOAD_LINK,
    DOWNLOAD_MOVED, /* its bytes are elsewhere */
    DOWNLOAD_BYTES
};

/* Several in one answer are multipart/byteranges (RFC 9110 §14.6); what is
 * beyond so many does not count. */
enum { DOWNLOAD_PARTS_MAX = 64 };

/* [from, to) of total; from -1: nobody knows where; total -1: of how many. */
struct download_part {
    int64_t from, to, total;
    int64_t end; /* as announced */
};

struct download {
    enum download_kind kind;
    enum file_side side;
    bool is_handed_out; /* the bytes of a link that we saw */
    bool is_link_told;  /* by an activity of its own, which waits for them */
    bool is_named;      /* without one, a file that something named */
    bool is_moved;      /* or one that a fetch was sent on to */
    bool is_told;       /* the whole file has passed before */
    bool is_saved, is_shown, is_attachment;
    struct str url;      /* of the keeper's entry, in the exchange's arena */
    struct str location; /* a redirect */
    struct address to;   /* where it or the link leads, in that arena */
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

    struct chunk_writer chunks; /* of the part that is passing */
    bool keeps_part;            /* it goes to the keeper */
    struct download_whole *whole;
    bool was_whole;   /* it was tried, */
    bool is_gathered; /* and what is known of the file is of all its bytes */

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
enum file_next download_answered(struct exchange *ex, struct str answer);
/* As of the bytes of one part. */
void download_take_bytes(struct exchange *ex, struct str bytes);
/* Nothing has come of the file yet: it comes from `from` on. */
void download_start_over(struct exchange *ex, int64_t from, int64_t total);
/* What all of them told. */
void download_take_whole(struct exchange *ex);
/* What is known of them instead. */
void download_take_parts(
    struct exchange *ex, const struct keep_part_answer *said);
/* By version (0: nobody knows) and length (-1: likewise). */
bool download_is_same_file(
    uint64_t version, uint64_t other, int64_t total, int64_t other_total);

/* download_whole.c */
/* The part that begins is to be kept, if it may be of use. */
void download_keep_begin(struct exchange *ex);
void download_keep_bytes(struct exchange *ex, struct str bytes);
/* It has passed, as far as it came. */
void download_keep_end(struct exchange *ex);
/* The first bytes of what broke off, kept here. */
void download_keep_rest(struct exchange *ex);
/* All parts have passed.  True: exchange_question is what there is of them. */
bool download_whole_begin(
    struct exchange *ex, const struct keep_part_answer *said);
enum file_next download_whole_answer(struct exchange *ex, struct str answer);
enum file_next download_whole_step(struct exchange *ex);
void download_whole_free(struct download *d);
/* Nobody will ask for their bytes again. */
void download_forget_parts(struct exchange *ex);

#endif
