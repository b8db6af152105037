/* Requests.  First byte: tests/fuzz/http_fuzz.h. */
#include "tests/fuzz/http_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_run(HTTP_1_1, FACING_CLIENT, STR_NONE, data, n);
    return 0;
}
