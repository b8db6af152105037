/*
 * Links to files that were handed out, and how much of each file has passed:
 * the part of the keeper that makes one activity of a link, its bytes, and
 * the pieces that they came in, on whatever connections and workers.
 *
 * Keyed by the link without its signature (inspect/exchange_file.c), hashed
 * where the question is made.  What a link's bytes do not say again (name,
 * ids, whose it is) is kept in clear until KEEP_LINK_SECONDS after its last
 * use, in memory only.  Questions and answers as in inspect/keep.h, whose
 * keep_handle serves them.  A damaged datagram gives an empty answer.
 */
#ifndef INSPECT_KEEP_LINKS_H
#define INSPECT_KEEP_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"

enum {
    KEEP_LINK_SECONDS = 60 * 60,
    KEEP_SIDE_SECONDS = 30 * 24 * 60 * 60, /* whose a file is */
    KEEP_LINK_TEXT_MAX = 512,              /* a longer one is left out */
    KEEP_LINK_FINDINGS_MAX = 8 * 1024,
    KEEP_LINK_SPANS_MAX = 64, /* gaps between what has passed */
    KEEP_FILES_MAX = 64,      /* ids in one note */
};

/* Who put a file into the conversation. */
enum file_side { FILE_SIDE_UNKNOWN, FILE_SIDE_ANSWER, FILE_SIDE_USER };

/* The first side that is noted for an id stays. */
void keep_note_files(struct str service, const struct str *ids, size_t count,
    enum file_side side, struct buf *note);

/* What a file is called, and where it belongs: for fetches of it that no link
 * was handed out for. */
struct keep_link;
void keep_note_name(const struct keep_link *file, struct buf *note);

enum {
    LINK_FILE_ID,
    LINK_NAME,
    LINK_TYPE,
    LINK_CONVERSATION,
    LINK_MESSAGE,
    LINK_PROJECT,
    LINK_USER,
    LINK_SOURCE,
    LINK_ACCOUNT,
    LINK_WORKSPACE,
    LINK_DEVICE,
    LINK_SERVICE, /* that handed it out, if that is not who has the host */
    LINK_ANSWER,  /* the activity that did */
    LINK_TEXTS
};

struct keep_link {
    struct str service, url; /* url: see above */
    struct str user;         /* identified, or empty */
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms; /* of the activity */
    int64_t bytes;   /* announced; -1: not */
    bool is_saved, is_shown;
    struct str texts[LINK_TEXTS];
};

/* A link is handed out.  Until its bytes have passed it is the same activity
 * as the one before it to the same file and user. */
void keep_ask_link(const struct keep_link *link, struct buf *question);
/* It is handed out within an answer, whose activity tells of it: whoever
 * fetches it begins one of its own. */
void keep_note_link(const struct keep_link *link, struct buf *note);
/* Its bytes are asked for.  Without a link before it, link->activity_id
 * stands for all fetches of the URL. */
void keep_ask_fetch(const struct keep_link *link, struct buf *question);
/* A fetch of link->url was sent on to another address: whoever fetches that
 * one goes on with the same activity, as link tells it where nothing was
 * handed out before. */
void keep_ask_moved(
    const struct keep_link *link, struct str to, struct buf *question);

/* A running SHA-256 of the file's first `at` bytes, which began at `from`, and
 * what the file is by them. */
struct keep_sum {
    int64_t from, at;
    uint8_t state[DIGEST_STATE_BYTES];
    char type[80]; /* a longer one is cut */
};

struct keep_link_answer {
    enum file_side side;
    bool is_handed_out; /* there was a link: the texts are its */
    bool is_named;      /* there was none: they are the file's */
    bool is_moved;      /* likewise: they are of who was sent on to it */
    bool is_saved, is_shown;
    bool is_told; /* the whole file has passed in one: nothing to add */
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms, bytes;
    bool has_sum; /* the file's first bytes have passed in their order */
    struct keep_sum sum;
    uint64_t version; /* of the file that they are of */
    int64_t total;
    struct str texts[LINK_TEXTS]; /* borrowed from the answer */
};
/* Of these questions.  ERR_PARSE: no answer, or a damaged one. */
enum err keep_read_link(
    struct str answer, struct keep_link_answer *answer_out) MUST_USE;

/* Bytes of a file have passed: [from, to) of total. */
struct keep_part {
    struct str service, url, user;
    int64_t from, to;
    int64_t total;    /* -1: unknown */
    uint64_t version; /* 0: unknown; parts of another one are forgotten */
    bool is_whole;    /* all of it, in this one answer */
    bool has_sum;     /* up to here, and it goes on where the keeper's is */
    struct keep_sum sum;
    struct str findings; /* opaque; at most KEEP_LINK_FINDINGS_MAX */
};
void keep_ask_part(const struct keep_part *part, struct buf *question);

struct keep_part_answer {
    bool is_told;     /* as above, before this part */
    bool is_complete; /* every byte has passed by now */
    int64_t bytes;    /* that have passed, each counted once */
    int64_t total;    /* as the parts said; -1: they did not */
    bool has_sum;     /* of its first bytes, as far as that goes by now */
    struct keep_sum sum;
    struct str findings; /* of the parts before; borrowed */
};
enum err keep_read_part(
    struct str answer, struct keep_part_answer *answer_out) MUST_USE;

/* ---- for inspect/keep.c --------------------------------------------- */

struct links;
struct links *links_new(size_t max_bytes);
void links_free(struct links **links);
size_t links_count(const struct links *links);
bool links_is_question(struct str question);
void links_handle(struct links *links, struct str question, int64_t now_ms,
    struct buf *answer_out);

#endif
