/* The PAC file: in-scope hosts, exact, by suffix or by glob inside one label,
 * go through the proxy; everything else as `pac.default` says.  In-scope
 * hosts never fall back to DIRECT. */
#ifndef PROXY_PAC_H
#define PROXY_PAC_H

#include "proxy/conf.h"

/* proxy: host:port as clients reach us. */
void pac_write(const struct conf *conf, struct str proxy, struct buf *out);

#endif
