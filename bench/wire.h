/* What the bench's origin and load generator share: blocking TLS over one
 * socket, one thread a connection, and a clock. Programs of the bench only:
 * they end at the first thing that is not as planned. */
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

/* As browsers prefer them on machines that have AES in hardware. */
#define CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
#define RECORD 16384 /* bytes of a full TLS record */
#define STACK (256 * 1024)

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

static inline void set_nodelay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* False when the other side has gone. */
static inline bool tls_write(SSL *ssl, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        size_t done = 0;
        if (SSL_write_ex(ssl, p, n < RECORD ? n : RECORD, &done) != 1)
            return false;
        p += done;
        n -= done;
    }
    return true;
}

/* Bytes read; 0 at the end. */
static inline size_t tls_read(SSL *ssl, void *bytes, size_t room)
{
    size_t done = 0;
    return SSL_read_ex(ssl, bytes, room, &done) == 1 ? done : 0;
}

/* Everything that nghttp2 wants to say, in as few records as it fits. */
static inline bool h2_flush(SSL *ssl, nghttp2_session *h2)
{
    static _Thread_local uint8_t out[RECORD];
    size_t used = 0;
    for (;;) {
        const uint8_t *bytes = NULL;
        ssize_t n = nghttp2_session_mem_send(h2, &bytes);
        if (n < 0)
            return false;
        if (n == 0)
            return used == 0 || tls_write(ssl, out, used);
        size_t left = (size_t)n;
        while (left > 0) {
            size_t step = left < RECORD - used ? left : RECORD - used;
            memcpy(out + used, bytes, step);
            used += step;
            bytes += step;
            left -= step;
            if (used == RECORD) {
                if (!tls_write(ssl, out, used))
                    return false;
                used = 0;
            }
        }
    }
}

static inline nghttp2_nv h2_field(const char *name, const char *value)
{
    nghttp2_nv nv = {(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
        strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
    return nv;
}
