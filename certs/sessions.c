/*
 * proxy/tls.c puts every session ticket of an origin in here and asks for one
 * before each new connection.  The order of the hash table is the order of
 * use.
 */
#include "certs/sessions.h"

#include <string.h>

#include <uthash.h>

#include "base/mem.h"

struct held {
    SSL_SESSION *session;
    int64_t until_ms;
};

struct host {
    struct held held[SESSIONS_PER_HOST]; /* oldest first */
    size_t count;
    UT_hash_handle hh;
    size_t name_n;
    char name[];
};

struct sessions {
    struct host *hosts;
};

struct sessions *sessions_new(void)
{
    return MEM_NEW(struct sessions);
}

static void host_free(struct sessions *sessions, struct host *host)
{
    HASH_DELETE(hh, sessions->hosts, host);
    for (size_t i = 0; i < host->count; i++)
        SSL_SESSION_free(host->held[i].session);
    mem_free(host);
}

void sessions_free(struct sessions **sessions)
{
    struct host *host, *next;
    if (*sessions == NULL)
        return;
    HASH_ITER(hh, (*sessions)->hosts, host, next)
    host_free(*sessions, host);
    mem_free(*sessions);
    *sessions = NULL;
}

static struct host *find(struct sessions *sessions, struct str name)
{
    struct host *host = NULL;
    HASH_FIND(hh, sessions->hosts, name.p, (unsigned)name.n, host);
    return host;
}

static struct host *host_add(struct sessions *sessions, struct str name)
{
    if (HASH_COUNT(sessions->hosts) >= SESSIONS_HOSTS)
        host_free(sessions, sessions->hosts);
    struct host *host = mem_zalloc(sizeof *host + name.n);
    host->name_n = name.n;
    memcpy(host->name, name.p, name.n);
    HASH_ADD(hh, sessions->hosts, name, (unsigned)name.n, host);
    return host;
}

static struct held drop(struct host *host, size_t at)
{
    struct held held = host->held[at];
    host->count--;
    memmove(&host->held[at], &host->held[at + 1],
        (host->count - at) * sizeof host->held[0]);
    return held;
}

void sessions_put(struct sessions *sessions, struct str name,
    SSL_SESSION *session, int64_t until_ms)
{
    struct host *host = find(sessions, name);
    if (host == NULL)
        host = host_add(sessions, name);
    if (host->count == SESSIONS_PER_HOST)
        SSL_SESSION_free(drop(host, 0).session);
    host->held[host->count++] = (struct held){session, until_ms};
}

SSL_SESSION *sessions_take(struct sessions *sessions, struct str name,
    int64_t now_ms, int64_t *until_ms_out)
{
    struct host *host = find(sessions, name);
    SSL_SESSION *session = NULL;
    while (host != NULL && session == NULL && host->count > 0) {
        struct held newest = drop(host, host->count - 1);
        if (now_ms >= newest.until_ms) {
            SSL_SESSION_free(newest.session);
            continue;
        }
        session = newest.session;
        *until_ms_out = newest.until_ms;
        if (SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION) {
            SSL_SESSION_up_ref(session);
            host->held[host->count++] = newest;
        }
    }
    if (host != NULL && host->count == 0) {
        host_free(sessions, host);
    } else if (host != NULL) {
        HASH_DELETE(hh, sessions->hosts, host);
        HASH_ADD(hh, sessions->hosts, name, (unsigned)host->name_n, host);
    }
    return session;
}
