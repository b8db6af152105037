/*
 * Inside the detection engine: a scan while it runs.  Shared by scan_hs.c
 * (slices, anchors), scan_digits.c, scan_shapes.c and scan_tokens.c (where
 * candidates come from) and scan_judge.c (what becomes of them).
 */
#ifndef INSPECT_SCAN_JOB_H
#define INSPECT_SCAN_JOB_H

#include <hs/hs.h>
#include <sodium.h>

#include "inspect/edm_match.h"
#include "inspect/marks.h"
#include "inspect/norm.h"
#include "inspect/rule.h"
#include "inspect/scan.h"
#include "inspect/view.h"

struct scanner {
    const struct rules *rules;
    hs_database_t *database;
    hs_database_t *words[WORD_KINDS]; /* NULL when there are none */
    hs_scratch_t *scratch;
    struct regex_scratch *regex_scratch;
    struct scan_job *spare; /* with its memory, for the next one */
    uint64_t *token_forms;  /* scan_tokens.c: of the start it is at */
    struct scan_data *data; /* NULL: detectors have no data files */
    struct scan_edm *edm;   /* scan_edm.c; NULL: no such detector */
    unsigned char key[crypto_shorthash_KEYBYTES];
};

struct event {
    size_t end;
    uint32_t id; /* an anchor */
};

struct events {
    struct event *items;
    size_t count, cap;
};

/* A value may be known by being alone in its text, which is no longer. */
enum { ALONE_TEXT_MAX = 400 };

/* Words are looked for only where a candidate asks for them, a chunk at a
 * time; forgotten after each slice. */
enum { WORD_CHUNK = 128 };

struct word_chunk {
    size_t first, count; /* of events */
    bool is_done;
};

struct word_map {
    struct word_chunk *chunks;
    size_t base, chunk_count; /* of the text; chunks from base on */
    size_t chunk_cap;
    size_t quiet_from, quiet_to; /* words_none */
    struct events events;
};
/* A window of a view, which was made of another one, of the norm or of the
 * source. */
struct scan_layer {
    const struct scan_layer *parent;
    const struct view *view;
    size_t window; /* where it starts in the view's text */
    /* All edits are in [edits_from, edits_to) of the window. */
    size_t edits_from, edits_to;
};

/* Finders of places for views; each goes on where it was, a slice at a time. */
enum { SCAN_FINDERS = 72, SCAN_VIEW_SLICE = 32 * 1024 };

/* A word of the text, for dictionaries. */
struct term_word {
    size_t start, end;
    uint32_t hash; /* if a term may begin so */
    bool is_known;
};

struct scan_job {
    struct scanner *scanner;
    struct str source;
    enum where where;
    struct findings *out;
    size_t first; /* findings of this job start here */
    /* The view that is being scanned. */
    struct str text;
    bool is_second, is_scanned;
    struct marks marks; /* of what is being looked at in it */
    struct norm norm;
    size_t pos; /* bytes of the view scanned so far */
    bool has_odd_bytes;
    struct events anchors;
    struct word_map words[WORD_KINDS];
    size_t slice_start;
    size_t *done; /* by rule: confirmed up to here */
    bool is_done_used;
    size_t decided; /* up to here, at least */
    size_t digits_done, shapes_done, tokens_done, terms_done;
    struct term_word last_word;
    size_t long_in_row; /* number words of more than a digit */
    /* The word behind the last; SIZE_MAX: not seen yet; 0: there is none. */
    size_t number_next;
    unsigned heads; /* HEAD_… of the source and the norm, or of a view */
    /* The same of the source by the slice of it that is looked through. */
    unsigned *slice_heads;
    size_t slice_head_count, slice_head_cap;
    size_t number_end; /* of the last number found in digits; 0: none */
    /* scan_views.c */
    const struct scan_layer *layer; /* of what is scanned; NULL: no view */
    bool is_doubtful; /* pieces put together: numbers need a word near */
    bool is_turned;   /* letters changed: sure secrets only */
    bool is_viewing;  /* source and norm are done */
    bool is_viewed;   /* and all that they hide */
    bool is_bidi_done;
    size_t views_at; /* so far the text has been looked through */
    size_t views_done[SCAN_FINDERS];
    struct marks view_marks;      /* of what is looked through */
    struct view_edits view_edits; /* while nobody uses it */
    size_t views_budget; /* bytes that this slice's views may still have */
    /* scan_data.c */
    size_t data_at; /* detectors with data files that are done */
    struct fingerprint_match *match;
    struct scan_edm_job *edm; /* scan_edm.c */
};

struct candidate {
    const struct rule *rule;
    const struct pattern *pattern;
    size_t start, end; /* in the view */
    struct str value;  /* digits and shapes: without separators */
    bool is_glued; /* a letter stands next to a number, or more of its like */
};

/* Whether it is one; true: a finding, or nothing that should be tried again
 * as something else. */
bool judge(struct scan_job *job, struct candidate *c);
/* Whether it could be, whatever the value: asked before any is looked for. */
bool judge_wants(const struct scan_job *job, const struct rule *rule);

/* Words that end in text[from, to] will be asked for, all of them; whether
 * there are any, or some a few bytes around it. */
bool words_want(
    struct scan_job *job, enum word_kind kind, size_t from, size_t to);
/* The chunk that has words that end at `from`, which it is the end of. */
static inline size_t first_chunk(size_t from)
{
    return (from > 0 ? from - 1 : 0) / WORD_CHUNK;
}
/* Words that end in a chunk of the text, by where they end. */
const struct event *words_in(
    struct scan_job *job, enum word_kind kind, size_t chunk, size_t *count_out);
/* The kinds of words, a bit each, of which none stands near a number or shape
 * in [start, end) as is known by now; WORDS_OR_ALONE: nor is it alone. */
unsigned words_none(struct scan_job *job, size_t start, size_t end);
/* What finds nothing without a word need not be tried there. */
static inline bool is_hopeless(
    const struct scan_job *job, const struct number_needs *needs, unsigned none)
{
    return needs->is_word_needed[job->is_doubtful] &&
           (needs->kinds & ~none) == 0;
}
/* From now on words of this part of the text will be asked for. */
void words_begin(struct scan_job *job, size_t from, size_t to);
void words_free(struct scan_job *job);
/* Scans all of a text anew, with the job's other state. */
void scan_whole(struct scan_job *job, struct str text);

/* Looks through a slice of the text for what a view would show, and scans
 * that.  True while there is more. */
bool scan_views_step(struct scan_job *job);
/* Turned tokens know nothing of each other: what words next to `at` count. */
void scan_views_clamp(
    const struct scan_job *job, size_t at, size_t *from, size_t *to);
/* Whether a value that lies in [from, to) may be one that was not found
 * before: not all of it stands the same in what the view was made of. */
bool scan_views_changed(const struct scan_job *job, size_t from, size_t to);
/* Whether a value that lies in [from, to) may touch an edit at all: others
 * have been found before.  Asked of what is tried at every number. */
static inline bool scan_views_reach(
    const struct scan_job *job, size_t from, size_t to)
{
    const struct scan_layer *layer = job->layer;
    return layer == NULL ||
           (to + 1 >= layer->edits_from && from <= layer->edits_to + 1);
}
/* From the scanned text to the source.  False: nothing of it was edited, so
 * that it has been found before. */
bool scan_views_locate(const struct scan_job *job, size_t *start, size_t *end);

/* Tables of detectors of kind edm: scanner_attach and scanner_free. */
enum err scan_edm_attach(
    struct scanner *scanner, struct str data, struct diag *diag) MUST_USE;
void scan_edm_detach(struct scanner *scanner);
/* The source, for all tables; true while there is more. */
bool scan_edm_step(struct scan_job *job);
/* What a view shows, all of it: job->layer says where. */
void scan_edm_view(struct scan_job *job, struct str text);
void scan_edm_free(struct scan_job *job);

/* The index of the first word that ends at `from` or behind it. */
size_t word_at(const struct scan_job *job, size_t from);
/* Drops short words inside other ones, of those from this index on. */
void filter_words(struct scan_job *job, size_t from);

bool events_push(struct events *list, struct event event);

/* Detectors with data files look at the source, behind everything else: true
 * while there is more.  scan_data.c */
bool scan_data_step(struct scan_job *job);
void scan_data_free(struct scan_data **data);

/* What begins before `limit` and was not looked at yet. */
void walk_digits(struct scan_job *job, size_t limit);
void walk_shapes(struct scan_job *job, size_t limit);
void walk_tokens(struct scan_job *job, size_t limit);
void walk_terms(struct scan_job *job, size_t limit);

#endif
