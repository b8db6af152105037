#include "proxy/bind.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/tcp.h>

#include "base/clock.h"

enum { BACKLOG = 4096, RETRY_MS = 3000, PAUSE_MS = 50 };

static int bind_one(const struct net_address *address)
{
    struct sockaddr_storage sa;
    socklen_t length;
    net_to_sockaddr(address, &sa, &length);
    int fd =
        socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->is_v6) /* "[::]" beside "0.0.0.0" must be possible */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited */
    if (bind(fd, (struct sockaddr *)&sa, length) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

/* The roles of a parent that was killed may hold the socket a moment more. */
static int bind_patiently(const struct net_address *address)
{
    uint64_t until = clock_mono_ms() + RETRY_MS;
    for (;;) {
        int fd = bind_one(address);
        if (fd >= 0 || errno != EADDRINUSE || clock_mono_ms() > until)
            return fd;
        nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
    }
}

static const char *advice_for(int reason)
{
    switch (reason) {
    case EADDRINUSE:
        return "end the program that listens there (ss -ltnp shows it), or "
               "choose another port under listen";
    case EADDRNOTAVAIL:
        return "this machine has no such address: choose another under listen";
    case EACCES:
        return "ports below 1024 need root: choose another under listen";
    default:
        return "choose another address under listen";
    }
}

enum err bind_all(const struct str_list *addresses, struct bound *out)
{
    *out = (struct bound){0};
    for (size_t i = 0; i < addresses->count; i++) {
        struct net_address address;
        if (out->count == ROLE_LISTEN_MAX / 2)
            return ERR_LIMIT;
        if (net_parse_endpoint(addresses->items[i], &address) != OK)
            return ERR_CONFIG;
        int fd = bind_patiently(&address);
        if (fd < 0) {
            log_event(LOG_ERROR, "listen.failed",
                LOG_STR("address", addresses->items[i]),
                LOG_CSTR("why", strerror(errno)),
                LOG_CSTR("advice", advice_for(errno)));
            return ERR_IO;
        }
        out->fds[out->count++] = fd;
    }
    return OK;
}

void bind_close(struct bound *bound)
{
    for (size_t i = 0; i < bound->count; i++)
        close(bound->fds[i]);
    bound->count = 0;
}
