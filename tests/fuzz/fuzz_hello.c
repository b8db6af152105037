/* proxy/hello.h: no input harms, a name that comes out is a host name, and a
 * hello gives the same answer whole and with bytes behind it. */
#include "proxy/hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct str name)
{
    if (name.n > 253)
        abort();
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || (name.p[i] >= 'A' && name.p[i] <= 'Z'))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct hello hello, again;
    struct str bytes = str_make((const char *)data, size);
    enum err err = hello_parse(bytes, &arena, &hello);
    if (err == OK) {
        check_name(hello.server_name);
        char *longer = malloc(size + 16);
        if (size > 0)
            memcpy(longer, data, size);
        memset(longer + size, 0x17, 16);
        if (hello_parse(str_make(longer, size + 16), &arena, &again) != OK ||
            !str_eq(again.server_name, hello.server_name))
            abort();
        free(longer);
    }
    /* A part never says more than the whole: it waits, or fails alike. */
    if (err == OK && size > 0) {
        enum err part =
            hello_parse(str_sub(bytes, 0, size / 2), &arena, &again);
        if (part != OK && part != ERR_AGAIN)
            abort();
    }
    arena_free(&arena);
    return 0;
}
