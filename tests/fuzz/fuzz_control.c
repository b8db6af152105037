/* Datagrams between the parent and a role that may have been taken over: what
 * is taken is well formed and written again as it came.  The same bytes as the
 * name of a role, as a command line has it, and of somebody who logs in. */
#include "proxy/control.h"

#include "base/mem.h"
#include "tests/fuzz/same.h"

static void check_names(struct str name)
{
    char *copy = mem_memdup0(name.p, name.n);
    enum role_kind kind = role_kind_of(name);
    check(kind == ROLE_KINDS || str_is(name, role_kind_name(kind)),
        "a role has one name");
    check(!role_kind_writes_names(ROLE_KINDS), "no role gets no keys");
    check(control_name_hash(name) == control_name_hash(str_make(copy, name.n)),
        "a name has one hash");
    mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str datagram = {(const char *)data, n};
    struct control control;
    struct buf out = {0};
    check_names(datagram);
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
