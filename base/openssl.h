/*
 * OpenSSL's headers for the few files that may use it (base/digest.c, certs/,
 * proxy/tls.c).  OpenSSL has a typedef ERR_STATE, our enum err a constant of
 * that name: theirs is renamed, nothing of ours uses it.
 */
#ifndef BASE_OPENSSL_H
#define BASE_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/ocsp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
