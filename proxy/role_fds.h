/*
 * The descriptors that a role finds open when it starts, by number; all
 * others are closed.  What a role must not have is /dev/null there.
 */
#ifndef PROXY_ROLE_FDS_H
#define PROXY_ROLE_FDS_H

enum {
    ROLE_FD_CONTROL = 3, /* SOCK_SEQPACKET to the parent, proxy/control.h */
    ROLE_FD_BUNDLE,      /* sealed memfd, base/bundle.h */
    ROLE_FD_STATS,       /* shared mapping, base/stats.h */
    ROLE_FD_KEY,         /* leaf key; signer: CA key file; compiler: database
                            from the cache; collector: keys of the logs;
                            idp: the client's secret */
    ROLE_FD_TICKETS,     /* workers: session ticket keys */
    ROLE_FD_DATABASE,    /* workers, collector, console: to map; compiler: to
                            write */
    ROLE_FD_DATA,        /* the same: base/datafile.h, if there are any */
    ROLE_FD_LOCK,        /* held, never used: lasts as long as the last role */
    ROLE_FD_LISTEN,      /* from here on listening sockets */
    ROLE_LISTEN_MAX = 64,
};

#endif
