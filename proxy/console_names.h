/*
 * The names under which the console may be reached, and for which the signer
 * therefore signs a leaf: localhost, the node's and the machine's host name,
 * and the addresses it listens on (any address for "0.0.0.0" and "::": then
 * only the loopback ones).
 */
#ifndef PROXY_CONSOLE_NAMES_H
#define PROXY_CONSOLE_NAMES_H

#include "base/settings.h"

bool console_has_name(const struct settings *settings, struct str host);

#endif
