/*
 * A public key that the settings name, to seal to: its base64, or a file, which
 * is in the bundle then.
 */
#ifndef INSPECT_PUBLIC_KEY_H
#define INSPECT_PUBLIC_KEY_H

#include "base/bundle.h"
#include "base/seal.h"

/* value: of the setting of that name; kind: of its file.  False: none is set,
 * or a mistake, which is reported. */
bool public_key_load(const struct bundle *bundle, enum bundle_kind kind,
    struct str value, const char *setting, struct diag *diag,
    struct seal_key *out);

#endif
