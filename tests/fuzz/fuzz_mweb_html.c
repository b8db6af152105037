/* inspect/mweb.h, HTML templates: the same answer at any cut. */
#include "tests/fuzz/mweb_fuzz.h"

FUZZ_MWEB(mweb_html)
