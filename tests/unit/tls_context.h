/*
 * Contexts for the tests of TLS, out of a bundle of one file.
 */
#ifndef TESTS_UNIT_TLS_CONTEXT_H
#define TESTS_UNIT_TLS_CONTEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proxy/tls.h"

static const char key_material[TLS_TICKET_KEY_BYTES] = "0123456789abcdef"
                                                       "0123456789abcdef";
#define TICKET_KEYS str_make(key_material, sizeof key_material)

static inline struct tls_context *context_of(
    struct bundle *bundle, struct str keys)
{
    struct diag diag = {0};
    struct tls_context *context = tls_context_new(bundle, keys, &diag);
    assert_non_null(context);
    diag_free(&diag);
    bundle_free(bundle);
    return context;
}

static inline struct tls_context *context_with(
    enum bundle_kind kind, struct str pem, struct str keys)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, kind, STR("ca.pem"), pem);
    return context_of(&bundle, keys);
}

#endif
