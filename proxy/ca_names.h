/*
 * The names that the signer may ever be asked for, as a CA's nameConstraints
 * have them (K4): the hosts of the service maps and the console's names, each
 * with all below it.  `ca init --limited` makes a CA of them.  A pattern with
 * a star stands for the domain behind it: constraints have no stars.
 */
#ifndef PROXY_CA_NAMES_H
#define PROXY_CA_NAMES_H

#include "base/bundle.h"
#include "base/settings.h"

enum { CA_NAMES_MAX = 256 };

struct ca_names {
    struct arena arena;
    struct str items[CA_NAMES_MAX];
    size_t count;
};

/* Reads the service maps out of the bundle.  ERR_CONFIG: mistakes, in diag, or
 * more names than fit. */
enum err ca_names_collect(const struct bundle *bundle,
    const struct settings *settings, struct ca_names *out,
    struct diag *diag) MUST_USE;
void ca_names_free(struct ca_names *names);

#endif
