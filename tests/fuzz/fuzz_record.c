/* Datagrams to and from the storer: what decodes encodes back to itself. */
#include <stdint.h>
#include <stdlib.h>

#include "store/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct buf again = {0};
    struct store_request request;
    struct store_answer answer;
    if (store_request_decode(bytes, &request) == OK) {
        store_request_encode(&request, &again);
        if (!str_eq(bytes, buf_str(&again)))
            abort();
    }
    buf_clear(&again);
    if (store_answer_decode(bytes, &answer) == OK) {
        store_answer_encode(&answer, &again);
        if (!str_eq(bytes, buf_str(&again)))
            abort();
    }
    buf_free(&again);
    return 0;
}
