#include "certs/leaf_pem.h"

#include "certs/pem.h"

enum err leaf_pem_key(
    struct str key_der, struct buf *public_der_out, struct buf *key_pem_out)
{
    EVP_PKEY *key;
    enum err err = der_read_key(key_der, &key);
    if (err != OK)
        return err;
    der_write_public(key, public_der_out);
    pem_write_key(key, key_pem_out);
    EVP_PKEY_free(key);
    return OK;
}

enum err leaf_pem_cert(struct str cert_der, struct buf *cert_pem_out)
{
    X509 *cert;
    enum err err = der_read_cert(cert_der, &cert);
    if (err != OK)
        return err;
    pem_write_cert(cert, cert_pem_out);
    X509_free(cert);
    return OK;
}
