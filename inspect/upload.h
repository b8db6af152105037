/*
 * Files on their way up (chatgpt-wire §5, §9.3).  The steps of an upload are
 * exchanges of their own, on any connection and worker: the name is announced
 * here, the bytes go there, in one piece or several, and the name may follow
 * the bytes.  What one step learns reaches the next through the keeper
 * (keep_note_file), as lines of JSON under the file's ids and address.
 *
 * All steps tell one activity, under the id that the first of them made: its
 * record stays open, with what is known so far, until name and bytes are both
 * there or the service has ended the upload.  So a crash at any point leaves
 * a record, and no file has two.
 *
 * Which request is which step, and where ids and addresses stand, is the
 * service map's (`upload:`).  Used by exchange*.c only; upload_answer.c reads
 * what the service answers, upload_facts.c reads and writes the lines,
 * upload_again.c knows what a second try is,
 * upload_pieces.c puts pieces together, by their bytes (upload_whole.c) or,
 * where those are not all there, by what is known of each.
 */
#ifndef INSPECT_UPLOAD_H
#define INSPECT_UPLOAD_H

#include "inspect/chunks.h"
#include "inspect/exchange_parts.h"

enum {
    UPLOAD_PIECES_MAX = 4096,      /* of one file, in its order */
    UPLOAD_SMALL_BYTES = 4 * 1024, /* a piece or text of this size is in its
                                      line; of others the keeper holds the
                                      bytes besides (keep_note_chunk) */
    UPLOAD_EDGE_BYTES = 512,       /* and the line both ends */
    UPLOAD_FINDINGS_MAX = 48,      /* that one line carries */
};

/* What the keeper's lines say of a file, the later ones counting. */
struct upload_known {
    struct str id, name, declared_type, type, sha256, text;
    struct str kept_name; /* of the text, where it is longer */
    struct actor actor;
    struct str project_id;
    struct str rule, reason; /* of a file that was refused */
    int64_t size, bytes;     /* as announced; as they went; -1 unknown */
    int64_t end;             /* of its ranges, where the last one came; or -1 */
    const struct json_node *findings[UPLOAD_FINDINGS_MAX];
    size_t finding_lines;
    bool has_pieces; /* lines of pieces are among them */
};

struct upload_piece {
    struct str id, type, sha256;
    int64_t bytes;
    int64_t start, skip;  /* of a range: where it is, and how much of its
                             beginning an earlier one has brought */
    bool is_whole;        /* data is all of it */
    struct str data;      /* all of it, or its head */
    struct str tail;      /* of a longer one, data is its head */
    struct str kept_name; /* of its bytes with the keeper, and how many */
    size_t chunk_count;
    /* The SHA-256 of what came before it, and it: empty names for none. */
    struct str sum_after, sum_name, sum_state;
    int64_t sum_from;
    const struct json_node *findings;
};

struct upload {
    enum upload_step step; /* NONE: an activity that uses files */
    struct arena arena;
    struct str id, other_id, address, piece; /* of this request, its answer */
    struct str *order;                       /* of the pieces */
    size_t order_count;
    struct buf data, tail; /* of a piece: all of it, or ends */
    bool is_whole;
    /* bytes on their way to the keeper, and back */
    struct chunk_writer chunks;
    /* of the pieces so far, if they come one after the other */
    struct digest *digest;
    struct keep_pieces_sum before, sum;
    bool has_before, is_range;
    struct upload_whole *whole;
    bool is_text_asked;
    /* what the keeper said */
    struct buf facts;
    size_t file_at; /* NONE: which file is asked for */
    bool is_asking, is_asked, is_applied;
    bool was_asked_again, was_end_asked;
    bool is_unanswered; /* the keeper did not answer in time, or is not there */
    bool is_last_range; /* of a file that comes in ranges */
    int64_t end;        /* where that one ends; -1: it is another one */
    bool is_peeked;     /* what came so far was looked at for a name */
    struct keep_file_answer said;
    struct upload_known known;
    /* what came of it */
    bool is_opened; /* a record was made before the keeper was asked */
    char opened_id[UUID_TEXT_BYTES]; /* … which another one replaces */
    bool is_refused;                 /* what it is about was blocked before */
    bool is_silent;                  /* nothing to tell */
    bool has_answer;                 /* the answer said something of the file */
    bool was_read;                   /* it was JSON, whatever it said */
};

/* upload_facts.c */
/* Lines to what they say; strings live in the arena. */
void upload_read_facts(
    struct str lines, struct arena *arena, struct upload_known *known);
/* The pieces among them, the last one of an id; returns how many. */
size_t upload_read_pieces(struct str lines, struct arena *arena,
    struct upload_piece *pieces); /* room for UPLOAD_PIECES_MAX */
/* One line: what this exchange knows of the file. */
void upload_write_fact(const struct exchange *ex, struct buf *line);
/* Findings of a line join those of the activity; `shift` moves their place. */
void upload_adopt_findings(
    struct activity *a, const struct json_node *list, size_t shift);

/* upload.c: by what the keeper knows the file, and telling it more. */
struct keep_file upload_names(const struct exchange *ex);
void upload_note(struct exchange *ex, struct keep_file *file, bool has_fact);
/* "https://Host:443/path?query" to "host/path"; empty: no such URL. */
struct str upload_address_of(struct arena *arena, struct str url);
/* The activity's first file, made if it has none. */
struct activity_file *upload_own_file(struct exchange *ex);
void upload_set_size(struct activity_file *file, struct str text);
bool upload_has_file_name(const struct exchange *ex);
/* The bytes are there, the name has not come. */
bool upload_wants_name(const struct exchange *ex);
/* The name came first: whoever brings the bytes completes the record. */
bool upload_awaits_bytes(const struct exchange *ex);

/* upload_pieces.c */
void upload_assemble(struct exchange *ex);
/* Puts the ranges of a file together, if with this one all came. */
void upload_assemble_ranges(struct exchange *ex);
/* By what is known of each piece. */
void upload_join_apart(
    struct exchange *ex, const struct upload_piece *const *parts, size_t n);

/* upload_again.c: bytes of a file that had bytes before.  Told with bytes, and
 * not refused. */
bool upload_is_over(const struct upload *u);
/* Bytes of it were refused, and come again: judged for what they are. */
bool upload_was_blocked(const struct upload *u);
bool upload_has_same_bytes(const struct exchange *ex);
/* What has been told goes up again, byte for byte. */
bool upload_is_repeated(const struct exchange *ex);
/* The list of its pieces, and none of them came again. */
bool upload_is_list_again(const struct exchange *ex);
/* Other bytes than those that were refused: the file from now on. */
bool upload_replaces(const struct exchange *ex);
void upload_note_anew(struct exchange *ex, struct keep_file *file);

/* upload_sum.c: files whose bytes are too many to be kept. */
void upload_sum_bytes(struct exchange *ex, struct str bytes);
/* Valid from now on: u->sum.  False: there is none. */
bool upload_sum_end(struct exchange *ex);
/* The SHA-256 of all pieces, if each came behind the one before it. */
void upload_sum_join(
    struct exchange *ex, const struct upload_piece *const *parts, size_t n);

/* upload_whole.c */
/* Of what this request brings, to the keeper; and the end of it. */
void upload_keep_bytes(struct exchange *ex, struct str bytes);
void upload_keep_rest(struct exchange *ex);
/* Takes the list.  Then step, until it is done; what is asked, answer; between
 * two steps the exchange's backlog is worked off. */
void upload_whole_begin(
    struct exchange *ex, const struct upload_piece **parts, size_t count);
enum upload_join {
    UPLOAD_JOIN_ASKS, /* exchange_question */
    UPLOAD_JOIN_MORE,
    UPLOAD_JOIN_DONE,
};
enum upload_join upload_whole_step(struct exchange *ex);
void upload_whole_answer(struct exchange *ex, struct str answer);
void upload_whole_free(struct upload *u);

#endif
