/* Datagrams between the parent and a role that may have been taken over: what
 * is taken is well formed and written again as it came. */
#include "proxy/control.h"

#include "tests/fuzz/same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str datagram = {(const char *)data, n};
    struct control control;
    struct buf out = {0};
    if (control_decode(datagram, &control) != OK)
        return 0;
    check(control.type > 0 && control.type < CONTROL_TYPES, "a known type");
    check(role_kind_of(str_of(role_kind_name(control.peer))) == control.peer,
        "a known role");
    check(control.origin_count <= CONTROL_ORIGINS_MAX, "not too many");
    control_encode(&control, &out);
    check(str_eq(buf_str(&out), datagram), "the same bytes");
    buf_free(&out);
    return 0;
}
