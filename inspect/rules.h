/*
 * Detection rules as data: conf/detectors/NAME.yaml, all BUNDLE_DETECTORS
 * files (and the word lists they name, BUNDLE_WORDS) of a bundle, into one rule
 * set; and the Hyperscan database made from it.  docs/detectors.md describes
 * the format.
 */
#ifndef INSPECT_RULES_H
#define INSPECT_RULES_H

#include "base/bundle.h"
#include "inspect/activity.h"

struct rules;

/* Reports mistakes into diag; NULL when there were any. */
struct rules *rules_load(const struct bundle *bundle, struct diag *diag);
void rules_free(struct rules **rules);
size_t rules_count(const struct rules *rules);
/* Of the rule with this index, in the order of the files. */
struct str rules_id(const struct rules *rules, size_t index);
struct str rules_type(const struct rules *rules, size_t index);
struct str rules_group(const struct rules *rules, size_t index);
enum level rules_severity(const struct rules *rules, size_t index);
struct str rules_description(const struct rules *rules, size_t index);

/* A rule as people look it up: what it finds, how sure it is of it when, its
 * examples counted; members of an open object.  rules_write.c */
struct jsonw;
void rules_write(const struct rules *rules, size_t index, struct jsonw *w);

/* Absolute names, each once, of the data files that detectors are about:
 * whoever loaded the rules gives their bytes to scanner_attach.  NUL follows.
 */
size_t rules_data_count(const struct rules *rules);
struct str rules_data_file(const struct rules *rules, size_t index);
/* The key that opens the tables among them (inspect/edm.h). */
struct str rules_edm_key(const struct rules *rules);

/* A hash over everything the database depends on: patterns, flags, library
 * version, CPU features. Names the cache file. Hex, NUL-terminated. */
enum { RULES_HASH_BYTES = 65 };
void rules_hash(const struct rules *rules, char hash_out[RULES_HASH_BYTES]);

/* Compiles and serialises (header, CRC).  A pattern that does not compile is
 * reported with its file and line. */
enum err rules_compile(const struct rules *rules, struct diag *diag,
    struct buf *database_out) MUST_USE;

/* Runs every rule's examples and counter-examples (check --examples). */
void rules_check_examples(
    const struct rules *rules, struct str database, struct diag *diag);

#endif
