/* Listening sockets, made by the parent before any role runs. */
#ifndef PROXY_BIND_H
#define PROXY_BIND_H

#include "base/settings.h"
#include "proxy/role_fds.h"

struct bound {
    int fds[ROLE_LISTEN_MAX];
    size_t count;
};

/* ERR_IO: logged with address and reason. */
enum err bind_all(const struct str_list *addresses, struct bound *out) MUST_USE;
void bind_close(struct bound *bound);

#endif
