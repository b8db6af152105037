/*
 * The signer role's core: holds the CA key and certifies (name, public key)
 * pairs for names in scope only.  Requests and answers are opaque datagrams
 * made and read by certs/leaf.c.  No I/O here.  (K2, K3, C1, C2)
 */
#ifndef CERTS_SIGNER_H
#define CERTS_SIGNER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct signer;

/* True when a leaf for this host may be signed. */
typedef bool signer_scope_fn(void *context, struct str host);

/* Texts are copied; the key stays in locked memory.  ERR_PARSE: unusable,
 * ERR_DENIED: key and certificate do not belong together or CA expired. */
enum err signer_new(struct str ca_cert_pem, struct str ca_key_pem,
    signer_scope_fn *in_scope, void *context,
    struct signer **signer_out) MUST_USE;
void signer_free(struct signer **signer);
/* Leaves signed so far; a name asked for again with the same key within the
 * hour gets the same leaf and is not counted. */
uint64_t signer_signed_count(const struct signer *signer);
/* Always produces an answer (also an error answer). */
void signer_handle(
    struct signer *signer, struct str request, struct buf *answer_out);

#endif
