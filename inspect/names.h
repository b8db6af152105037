/*
 * Names of persons as pseudonyms: a keyed hash in the place of each name, made
 * where a record is written (before it leaves the process), so that neither
 * journal nor store ever has the name.  Policy and scans work on the clear
 * names; only what is written is hidden.
 *
 * A pseudonym is "person-" and 80 bits of HMAC-SHA256 of the name in lower
 * case, in base 32; of a mail address with "@hidden" behind it, so that what
 * joins records by addresses goes on to.  The key is the one that was in
 * force at the activity's time: the same person has the same pseudonym inline,
 * in logs that are read hours later, and in targets.
 *
 * With the record goes each name, sealed to a key whose secret two people have
 * half of each (base/seal.h): `sealed_names`, which the storer puts apart
 * (store/name_rows.h).
 */
#ifndef INSPECT_NAMES_H
#define INSPECT_NAMES_H

#include "base/bundle.h"
#include "base/seal.h"
#include "base/settings.h"
#include "inspect/activity.h"

enum { NAMES_KEYS_MAX = 1000 }; /* of one file; keys of long ago may go */

struct names; /* of one thread: it remembers boxes */

/* NULL: off; or a mistake, which is reported; or the bundle is one without the
 * keys (bundle_encode_open). */
struct names *names_load(const struct bundle *bundle,
    const struct settings *settings, struct diag *diag);
void names_free(struct names **names);

/* Of one name at that time, appended. */
void names_pseudonym(const struct names *names, int64_t time_ms,
    struct str name, struct buf *out);
/* The n-th key's, from 0; false: there is none. */
bool names_pseudonym_of_key(
    const struct names *names, size_t n, struct str name, struct buf *out);
bool names_is_pseudonym(struct str text);

/* "TAG.BASE64": the box of a name, with its pseudonym in it.  Borrowed until
 * the next call. */
struct str names_seal(
    struct names *names, struct str pseudonym, struct str name);
/* The name of such a box.  ERR_DENIED: sealed to another key; ERR_PARSE: no
 * box, or of another pseudonym. */
enum err names_open(const struct seal_key *secret, struct str pseudonym,
    struct str sealed, struct buf *name_out) MUST_USE;

/* activity_write with every name of a person hidden; names NULL: as it is. */
void names_write(struct names *names, const struct activity *a,
    enum capture capture, struct buf *out);
/* One text, as in a log line; names NULL: as it is.  In the arena. */
struct str names_hide_one(
    const struct names *names, struct str name, struct arena *arena);

/* The text of a key file with one more key, in force from then on. */
void names_add_key(struct str text, int64_t from_ms, struct buf *out);
/* The time of the last key of such a text; ERR_NOT_FOUND: it has none;
 * ERR_PARSE. */
enum err names_last_key(struct str text, int64_t *from_ms_out) MUST_USE;

#endif
