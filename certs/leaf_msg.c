/*
 * Encodes and decodes the two datagrams of certs/leaf_msg.h.  Writers are
 * called with checked lengths only.
 */
#include "certs/leaf_msg.h"

#include "certs/mint.h"

static void put(struct buf *out, struct str s, unsigned length_bytes)
{
    if (length_bytes == 2)
        buf_append_char(out, (char)(s.n >> 8));
    buf_append_char(out, (char)(s.n & 255));
    buf_append_str(out, s);
}

static enum err take(
    struct str *rest, unsigned length_bytes, size_t max, struct str *s_out)
{
    size_t n = 0;
    if (rest->n < length_bytes)
        return ERR_PARSE;
    for (unsigned i = 0; i < length_bytes; i++)
        n = n << 8 | (unsigned char)rest->p[i];
    if (n > max || n > rest->n - length_bytes)
        return ERR_PARSE;
    *s_out = str_make(rest->p + length_bytes, n);
    *rest = str_sub(*rest, length_bytes + n, rest->n);
    return OK;
}

void leaf_msg_write_request(const struct leaf_request *r, struct buf *out)
{
    buf_append_char(out, 'Q');
    put(out, r->host, 1);
    put(out, r->key_der, 2);
}

enum err leaf_msg_read_request(struct str bytes, struct leaf_request *r_out)
{
    if (bytes.n == 0 || bytes.p[0] != 'Q')
        return ERR_PARSE;
    struct str rest = str_sub(bytes, 1, bytes.n);
    if (take(&rest, 1, MINT_HOST_MAX, &r_out->host) != OK ||
        take(&rest, 2, LEAF_MSG_KEY_MAX, &r_out->key_der) != OK || rest.n != 0)
        return ERR_PARSE;
    return OK;
}

void leaf_msg_write_answer(const struct leaf_answer *a, struct buf *out)
{
    buf_append_char(out, 'A');
    buf_append_char(out, (char)a->status);
    put(out, a->host, 1);
    put(out, a->cert_der, 2);
}

enum err leaf_msg_read_answer(struct str bytes, struct leaf_answer *a_out)
{
    if (bytes.n < 2 || bytes.p[0] != 'A' ||
        (unsigned char)bytes.p[1] >= ERR_COUNT)
        return ERR_PARSE;
    a_out->status = (enum err)bytes.p[1];
    struct str rest = str_sub(bytes, 2, bytes.n);
    if (take(&rest, 1, MINT_HOST_MAX, &a_out->host) != OK ||
        take(&rest, 2, LEAF_MSG_CERT_MAX, &a_out->cert_der) != OK ||
        rest.n != 0)
        return ERR_PARSE;
    return (a_out->status == OK) == (a_out->cert_der.n > 0) ? OK : ERR_PARSE;
}
