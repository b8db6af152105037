/*
 * The serialised databases, anchors and each kind of words: header and
 * Hyperscan's own bytes.  Private to rules_hs.c (writes) and scan_hs.c (reads);
 * built and read on one machine, so in its byte order.
 */
#ifndef INSPECT_RULES_HS_H
#define INSPECT_RULES_HS_H

#include "inspect/rule.h"

enum { RULES_BLOB_VERSION = 3 };
#define RULES_BLOB_MAGIC "PGRULES"

struct rules_blob {
    char magic[8];
    uint32_t version, payload_crc;
    uint64_t payload_bytes;
    char hash[RULES_HASH_BYTES];
    char info[127]; /* hs_database_info of what was compiled */
};

#endif
