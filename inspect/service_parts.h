/* A service map as it lies in memory: for service.c and service_load.c. */
#ifndef INSPECT_SERVICE_PARTS_H
#define INSPECT_SERVICE_PARTS_H

#include "inspect/service.h"

struct service {
    struct str name;
    struct str *hosts, *learnable, *shared;
    size_t host_count, learnable_count, shared_count;
    enum block_shape block;
    struct service_tenant tenant;
    struct str *signed_out; /* path prefixes */
    size_t signed_out_count;
    struct route *routes;
    size_t route_count;
};

struct service_set {
    struct arena arena;
    struct service *services;
    size_t count;
};

#endif
