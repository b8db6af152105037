/*
 * The configuration as one thing: every file that a start or reload read,
 * name and text, in order.
 *
 * The parent collects it from disk, checks it, and hands it to every role in
 * a sealed memfd; each role parses the same bytes with the same code.  So a
 * role needs no open(2), start and reload are one path, and all roles see one
 * generation.
 */
#ifndef BASE_BUNDLE_H
#define BASE_BUNDLE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

enum bundle_kind {
    BUNDLE_SETTINGS, /* promptgate.yaml, exactly one */
    BUNDLE_SERVICE,
    BUNDLE_DETECTORS,
    BUNDLE_WORDS,      /* lists of words beside them */
    BUNDLE_POLICY,     /* exactly one */
    BUNDLE_USERS,      /* the logins file, none or one */
    BUNDLE_ROOTS,      /* PEM: system trust store and upstream.extra_roots */
    BUNDLE_HOST_ROOTS, /* PEM: upstream.host_roots, in its order */
    BUNDLE_CRL,        /* PEM */
    BUNDLE_CA,         /* PEM, certificate only, newest first */
    BUNDLE_EVIDENCE,   /* the file of evidence.public_key, none or one */
    BUNDLE_DATA_DIR,   /* name: the data folder in effect; no text */
    BUNDLE_ALERTS,     /* rules of alerts: none or several */
    BUNDLE_MODES,      /* modes of services, made by the console, none or one */
    BUNDLE_OIDC_CA,    /* PEM, the file of oidc.ca_file, none or one */
    BUNDLE_OIDC_SECRET,  /* name: oidc.secret_file; text: when it was changed */
    BUNDLE_NAMES_PUBLIC, /* the file of names.public_key, none or one */
    BUNDLE_NAMES_KEYS,   /* names.key_file: secret, so only in the bundle of
                            the roles that write names (bundle_encode_open) */
    BUNDLE_KINDS,
};

struct bundle_file {
    enum bundle_kind kind;
    struct str name; /* path as shown to people; NUL follows */
    struct str text;
};

struct bundle {
    struct arena arena;
    struct bundle_file *files;
    size_t count, cap;
};

void bundle_add(struct bundle *b, enum bundle_kind kind, struct str name,
    struct str text); /* copies */
const struct bundle_file *bundle_first(
    const struct bundle *b, enum bundle_kind kind); /* or NULL */
/* The n-th of its kind, from 0; or NULL. */
const struct bundle_file *bundle_nth(
    const struct bundle *b, enum bundle_kind kind, size_t n);

/* Bytes for a memfd, and back.  decode copies; ERR_PARSE on damage. */
void bundle_encode(const struct bundle *b, struct buf *out);
/* The same without what most roles are not to know: BUNDLE_NAMES_KEYS. */
void bundle_encode_open(const struct bundle *b, struct buf *out);
enum err bundle_decode(struct str bytes, struct bundle *b_out) MUST_USE;
void bundle_free(struct bundle *b);

#endif
