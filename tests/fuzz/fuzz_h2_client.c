/* Frames of a client, behind the preface.  First byte: tests/fuzz/http_fuzz.h.
 */
#include "tests/fuzz/http_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_run(HTTP_2, FACING_CLIENT, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        data, n);
    return 0;
}
