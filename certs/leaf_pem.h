/*
 * A leaf for a server that wants PEM instead of OpenSSL's objects: the
 * console.  Its request and answer are those of certs/leaf_msg.h.
 */
#ifndef CERTS_LEAF_PEM_H
#define CERTS_LEAF_PEM_H

#include "base/buf.h"
#include "base/err.h"

/* key_der: PKCS#8. Out: the public key for the request, and the key as PEM. */
enum err leaf_pem_key(struct str key_der, struct buf *public_der_out,
    struct buf *key_pem_out) MUST_USE;
enum err leaf_pem_cert(struct str cert_der, struct buf *cert_pem_out) MUST_USE;

#endif
