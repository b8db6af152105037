/*
 * The certification authority of the installation: created once, EC P-256,
 * pathLen 0, kept in <data_dir>/ca/ as ca.pem (0644) and ca.key (0600).
 * (K1–K7)
 */
#ifndef CERTS_CA_H
#define CERTS_CA_H

#include "base/buf.h"
#include "base/err.h"

/* Makes key and certificate (PEM). */
enum err ca_create(struct str common_name, struct buf *cert_pem_out,
    struct buf *key_pem_out) MUST_USE;

/* DNS names that a CA is limited to, each with all below it; none: no limit. */
struct ca_limits {
    const struct str *names;
    size_t count;
};
enum err ca_create_limited(struct str common_name,
    const struct ca_limits *limits, struct buf *cert_pem_out,
    struct buf *key_pem_out) MUST_USE;

struct ca_info {
    char subject[256], serial[64], sha256[96]; /* fingerprint AA:BB:… */
    int64_t not_before_ms, not_after_ms;
};
enum err ca_read(struct str cert_pem, struct ca_info *info_out) MUST_USE;

/* Of 60, 30, 7 and 0 days the least that is not less than what is left, rounded
 * up; -1: more than 60 are left (K5). */
int ca_expiry_step(const struct ca_info *info, int64_t now_ms);

/* Whether leaves may be signed with it now: NULL, or what is wrong, a static
 * text (F39). */
const char *ca_mistake(struct str cert_pem, struct str key_pem);

/* A PEM file of certificates or one key, in bytes. */
enum { CA_FILE_MAX = 1 << 20 };

enum ca_format { CA_PEM, CA_DER, CA_MOBILECONFIG };
enum err ca_export(
    struct str cert_pem, enum ca_format format, struct buf *out) MUST_USE;

/* The node's leaf key pair: PKCS#8 DER. */
enum err ca_create_leaf_key(struct buf *key_der_out) MUST_USE;

#endif
