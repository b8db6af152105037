/* OpenSSL's memory comes from base/mem.h, which zeroes what a secret exchange
 * frees. */
#include "proxy/tls.h"

#include "base/mem.h"
#include "base/openssl.h"
#include "certs/pem.h"

static void *ssl_alloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n != 0 ? mem_alloc(n) : NULL;
}

static void ssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    mem_free(p);
}

static void *ssl_realloc(void *p, size_t n, const char *file, int line)
{
    if (n != 0)
        return mem_realloc(p, n);
    ssl_free(p, file, line);
    return NULL;
}

void tls_use_mem(void)
{
    openssl_need(
        CRYPTO_set_mem_functions(ssl_alloc, ssl_realloc, ssl_free) == 1,
        "CRYPTO_set_mem_functions");
}
