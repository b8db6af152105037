/*
 * Fingerprints of documents: recognising parts of them in other texts.
 *
 * A set is a file of keyed hashes (inspect/winnow.h) of many documents with
 * their names, made by `promptgate fingerprint` and used where it lies: no
 * text is in it.  What many documents of the set have in common, and what
 * documents of everybody hold (`add --common`), is not looked for.
 *
 * Lengths are bytes of folded text.
 */
#ifndef INSPECT_FINGERPRINT_H
#define INSPECT_FINGERPRINT_H

#include "base/buf.h"
#include "inspect/activity.h"

struct rule; /* inspect/rule.h */

enum {
    FINGERPRINT_NAME_MAX = 1024,
    FINGERPRINT_DOCUMENTS_MAX = 1 << 20,
    FINGERPRINT_POINTS_MAX = 1 << 26, /* of all: about 800 MB of text */
    /* A document with less of its own cannot be recognised. */
    FINGERPRINT_LETTERS_MIN = 100,
};

/* ---- a set, to look into ---- */

struct fingerprint_set;

struct fingerprint_document {
    struct str name;
    uint64_t letters;
    uint32_t points, own; /* own: not in common with others */
    uint32_t paragraphs;
    int64_t added_ms;
    bool is_common;
};

/* bytes: borrowed, at a multiple of 8.  ERR_PARSE: damaged;
 * ERR_UNSUPPORTED: of another version. */
enum err fingerprint_set_open(
    struct str bytes, struct fingerprint_set **set_out) MUST_USE;
void fingerprint_set_free(struct fingerprint_set **set);
size_t fingerprint_set_count(const struct fingerprint_set *set);
struct fingerprint_document fingerprint_set_at(
    const struct fingerprint_set *set, size_t index);

/* ---- making one ---- */

struct fingerprint_builder;

/* set: what to start from, copied; NULL: a new one with a key of its own. */
struct fingerprint_builder *fingerprint_builder_new(
    const struct fingerprint_set *set);
void fingerprint_builder_free(struct fingerprint_builder **builder);
/* In place of one of that name.  ERR_UNSUPPORTED: too little text;
 * ERR_LIMIT. */
enum err fingerprint_builder_add(struct fingerprint_builder *builder,
    struct str name, struct str text, bool is_common) MUST_USE;
bool fingerprint_builder_remove(
    struct fingerprint_builder *builder, struct str name);
void fingerprint_builder_write(
    const struct fingerprint_builder *builder, struct buf *out);

/* ---- looking for it ---- */

struct fingerprint_match;

/* text: borrowed.  rule: of kind fingerprint. */
struct fingerprint_match *fingerprint_match_new(
    const struct fingerprint_set *set, const struct rule *rule,
    struct str text);
/* Reads about max_bytes of the text; true while there is more. */
bool fingerprint_match_step(struct fingerprint_match *match, size_t max_bytes);
/* At the end: a finding for each part of the text that is of a document of
 * which there is enough. */
void fingerprint_match_report(
    struct fingerprint_match *match, enum where where, struct findings *out);
void fingerprint_match_free(struct fingerprint_match **match);

#endif
