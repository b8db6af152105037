/* What `promptgate --version` and the console say. */
#ifndef PROXY_VERSION_H
#define PROXY_VERSION_H

#ifndef PROMPTGATE_VERSION
#define PROMPTGATE_VERSION "0.1.0"
#endif

#endif
