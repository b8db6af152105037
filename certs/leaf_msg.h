/*
 * The datagrams between a worker's leaf cache and the signer:
 *
 *   request  'Q' host-length(1) host key-length(2) key     (SubjectPublicKey-
 *                                                           Info, DER)
 *   answer   'A' status(1) host-length(1) host cert-length(2) cert   (DER)
 *
 * Numbers are big-endian.  A worker may be in an attacker's hands, so the
 * signer parses requests as it would bytes from the network: anything missing,
 * left over or out of range is ERR_PARSE.  Strings borrow from the datagram.
 */
#ifndef CERTS_LEAF_MSG_H
#define CERTS_LEAF_MSG_H

#include "base/buf.h"
#include "base/err.h"

enum { LEAF_MSG_KEY_MAX = 512, LEAF_MSG_CERT_MAX = 4096 };

struct leaf_request {
    struct str host, key_der;
};

struct leaf_answer {
    enum err status;
    struct str host, cert_der; /* no certificate unless the status is OK */
};

void leaf_msg_write_request(const struct leaf_request *r, struct buf *out);
enum err leaf_msg_read_request(
    struct str bytes, struct leaf_request *r_out) MUST_USE;
void leaf_msg_write_answer(const struct leaf_answer *a, struct buf *out);
enum err leaf_msg_read_answer(
    struct str bytes, struct leaf_answer *a_out) MUST_USE;

#endif
