/*
 * PEM and DER between struct str and OpenSSL's objects, for certs/ and
 * proxy/tls.c.  Everything here only reads memory.  Objects that come out are
 * the caller's.
 */
#ifndef CERTS_PEM_H
#define CERTS_PEM_H

#include "base/buf.h"
#include "base/openssl.h"

/* The first certificate of the text; ERR_PARSE when there is none. */
enum err pem_read_cert(struct str pem, X509 **cert_out) MUST_USE;
/* Every certificate of the text, in order (at least one). */
enum err pem_read_certs(struct str pem, STACK_OF(X509) * *certs_out) MUST_USE;
/* An unencrypted private key.  Its memory is wiped when it is freed. */
enum err pem_read_key(struct str pem, EVP_PKEY **key_out) MUST_USE;
void pem_write_cert(X509 *cert, struct buf *out);
void pem_write_key(EVP_PKEY *key, struct buf *out); /* PKCS#8 */

enum err der_read_cert(struct str der, X509 **cert_out) MUST_USE;
enum err der_read_key(struct str der, EVP_PKEY **key_out) MUST_USE;
/* A public key that is EC P-256: the only kind that leaves have. */
enum err der_read_p256(struct str der, EVP_PKEY **key_out) MUST_USE;
void der_write_cert(X509 *cert, struct buf *out);
void der_write_key(EVP_PKEY *key, struct buf *out); /* PKCS#8 */
void der_write_public(EVP_PKEY *key, struct buf *out);

/* A new EC P-256 key pair. */
EVP_PKEY *p256_create(void);

/* Milliseconds since 1970; INT64_MIN when the time makes no sense. */
int64_t asn1_time_ms(const ASN1_TIME *time);

/* Ends the process: OpenSSL refused something that only fails for want of
 * memory or randomness (as base/mem.h does). */
void openssl_need(bool is_ok, const char *what);

#endif
