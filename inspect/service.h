/*
 * Service maps: conf/services/NAME.yaml say which hosts are in scope, which
 * routes mean what, and where text, ids and model stand in their bodies.
 * docs/services.md describes the format.  The wire facts are dated data;
 * code holds only what a map cannot say.
 */
#ifndef INSPECT_SERVICE_H
#define INSPECT_SERVICE_H

#include "base/bundle.h"

struct service_set;
struct service;
struct route;

/* Reports mistakes into diag; NULL when there were any. */
struct service_set *service_set_load(const struct bundle *bundle,
    struct diag *diag);
void service_set_free(struct service_set **set);

enum host_scope {
    HOST_OUT,       /* tunnel */
    HOST_IN,        /* inspect */
    HOST_LEARNABLE, /* inspect once an answer named it (inspect/keep.h) */
};
/* host: lower case, no port, no trailing dot.  service_out may be NULL. */
enum host_scope service_match_host(const struct service_set *set,
    struct str host, const struct service **service_out);
struct str service_name(const struct service *service);

/* Every host pattern of every map, for the PAC file and the signer:
 * "chatgpt.com" exact, ".oaiusercontent.com" that name and everything below,
 * "oaisdmntpr*.blob.core.windows.net" glob inside one label.  Index past the
 * end gives an empty str. */
struct str service_host_pattern(const struct service_set *set, size_t index,
    bool *is_learnable_out);
bool host_matches(struct str pattern, struct str host);

/* Whether the map lets a WebSocket upgrade to this path through. */
bool service_allows_websocket(const struct service *service, struct str path);

#endif
