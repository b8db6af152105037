/* inspect/mweb.h, JSON lines: the same answer at any cut. */
#include "tests/fuzz/mweb_fuzz.h"

FUZZ_MWEB(mweb_ndjson)
