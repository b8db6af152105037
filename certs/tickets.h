/*
 * Session ticket protection for the client side (RFC 5077 §4, RFC 8446
 * §4.6.1).
 *
 * All workers get the same secret and derive from it, with HKDF, one key set
 * for each epoch of 12 hours of the wall clock: so a ticket of one worker
 * opens at every other, and rotation needs no message.  Tickets of the epoch
 * before are still taken (and renewed), older ones are not: no ticket lives
 * longer than 24 hours (C8).  A restart of the gateway makes a new secret.
 */
#ifndef CERTS_TICKETS_H
#define CERTS_TICKETS_H

#include "base/openssl.h"
#include "base/str.h"

enum { TICKETS_EPOCH_HOURS = 12 };

struct tickets;

/* secret: copied; at least 32 bytes of randomness. */
struct tickets *tickets_new(struct str secret);
void tickets_free(struct tickets **tickets);

/* The body of an SSL_CTX_set_tlsext_ticket_key_evp_cb callback, at a time. */
int tickets_handle(struct tickets *tickets, int64_t now_ms,
    unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int is_encrypting);

#endif
