/*
 * What was found, in clear, for those who investigate: texts around findings,
 * sealed to an administrator's public key before they leave this process.
 * Nobody else can read them, the gateway neither.
 *
 * Collected in memory while texts are scanned (the verdict is not known yet),
 * sealed into the record that the verdict leads to, or forgotten.
 */
#ifndef INSPECT_EVIDENCE_H
#define INSPECT_EVIDENCE_H

#include "base/seal.h"
#include "base/settings.h"
#include "inspect/activity.h"

enum { EVIDENCE_AROUND_BYTES = 256 }; /* on either side of a finding */

struct evidence_options {
    struct seal_key key;
    enum verdict_kind least; /* of activities that have some */
    enum level min_severity; /* of findings */
    bool is_whole;           /* texts, as long as they fit max_bytes */
    size_t max_bytes;        /* of text, of one activity in one exchange */
};

/* False: none is kept (no key is set), or a mistake, which is reported. */
bool evidence_options_load(const struct bundle *bundle,
    const struct settings *settings, struct diag *diag,
    struct evidence_options *out);

/* The findings f from `first` on, whose offsets are into a text that `text` is
 * a part of, beginning at `base`.  f may be a list of its own: what the
 * activity's has already is left out.  options NULL: does nothing. */
void evidence_note(const struct evidence_options *options, struct activity *a,
    const struct findings *f, size_t first, struct str text, size_t base);

/* What was not sealed yet goes into a->sealed, if the verdict is one that
 * asks for it. */
void evidence_seal(const struct evidence_options *options, struct activity *a);

struct evidence;
void evidence_free(struct evidence **evidence);

#endif
