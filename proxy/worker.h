/*
 * The worker role: accepts clients and drives one session (proxy/session.h)
 * for each, as the world that proxy/world.h describes.  One loop, no thread
 * of ours but libuv's pool for password checks.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "proxy/role.h"

#endif
