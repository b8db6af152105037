/*
 * Inside the detection engine: a scan while it runs.  Shared by scan_hs.c
 * (slices, anchors), scan_digits.c, scan_shapes.c and scan_tokens.c (where
 * candidates come from) and scan_judge.c (what becomes of them).
 */
#ifndef INSPECT_SCAN_JOB_H
#define INSPECT_SCAN_JOB_H

#include <hs/hs.h>
#include <sodium.h>

#include "inspect/norm.h"
#include "inspect/rule.h"
#include "inspect/scan.h"

struct scanner {
    const struct rules *rules;
    hs_database_t *database, *words; /* words: NULL when there are none */
    hs_scratch_t *scratch;
    struct regex_scratch *regex_scratch;
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

/* Words are looked for only where a candidate asks for them, a chunk at a
 * time; forgotten after each slice. */
enum { WORD_CHUNK = 512 };

struct word_chunk {
    size_t first, count; /* of events */
    bool is_done;
};

struct word_map {
    struct word_chunk *chunks;
    size_t base, chunk_count; /* of the text; chunks from base on */
    struct events events;
};

/* A word of the text, for dictionaries. */
struct term_word {
    size_t start, end;
    uint32_t hash, with_last; /* with_last: behind the word before it */
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
    struct norm norm;
    size_t pos; /* bytes of the view scanned so far */
    bool has_high_bytes;
    struct events anchors;
    struct word_map words;
    size_t slice_start;
    size_t *done;   /* by rule: confirmed up to here */
    size_t decided; /* up to here, at least */
    size_t digits_done, shapes_done, tokens_done, terms_done;
    struct term_word last_word;
    size_t number_end; /* of the last number found in digits; 0: none */
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

/* Words that end in a chunk of the text, by where they end. */
const struct event *words_in(
    struct scan_job *job, size_t chunk, size_t *count_out);
/* From now on words of this part of the text will be asked for. */
void words_begin(struct scan_job *job, size_t from, size_t to);
void words_free(struct scan_job *job);

bool events_push(struct events *list, struct event event);
void events_sort(struct events *list);

/* The next digit, at most `limit`. */
size_t next_digit(struct str text, size_t at, size_t limit);
/* What begins before `limit` and was not looked at yet. */
void walk_digits(struct scan_job *job, size_t limit);
void walk_shapes(struct scan_job *job, size_t limit);
void walk_tokens(struct scan_job *job, size_t limit);
void walk_terms(struct scan_job *job, size_t limit);

#endif
