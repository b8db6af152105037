/*
 * The control datagram: type, peer, index, origin, value, then origins; all
 * in the machine's own byte order, since both ends are the same binary on the
 * same machine.
 */
#include "proxy/control.h"

#include <string.h>

#include "base/digest.h"

static const char *const names[] = {"parent", "signer", "storer", "keeper",
    "worker", "console", "compiler", "extractor", "collector", "idp"};

struct wire_head {
    uint32_t type, peer, index, count;
    uint64_t origin, value;
};

const char *role_kind_name(enum role_kind kind)
{
    return kind < ROLE_KINDS ? names[kind] : "unknown";
}

enum role_kind role_kind_of(struct str name)
{
    for (unsigned i = 0; i < ROLE_KINDS; i++)
        if (str_is(name, names[i]))
            return (enum role_kind)i;
    return ROLE_KINDS;
}

bool role_kind_writes_names(enum role_kind kind)
{
    return kind == ROLE_WORKER || kind == ROLE_COLLECTOR;
}

void control_encode(const struct control *control, struct buf *out)
{
    struct wire_head head = {(uint32_t)control->type, (uint32_t)control->peer,
        control->index, (uint32_t)control->origin_count, control->origin,
        control->value};
    buf_append(out, &head, sizeof head);
    buf_append(out, control->origins,
        control->origin_count * sizeof control->origins[0]);
}

enum err control_decode(struct str datagram, struct control *out)
{
    struct wire_head head;
    if (datagram.n < sizeof head)
        return ERR_PARSE;
    memcpy(&head, datagram.p, sizeof head);
    size_t tail = datagram.n - sizeof head;
    if (head.type == 0 || head.type >= CONTROL_TYPES ||
        head.peer >= ROLE_KINDS || head.count > CONTROL_ORIGINS_MAX ||
        tail != head.count * sizeof out->origins[0])
        return ERR_PARSE;
    *out = (struct control){.type = (enum control_type)head.type,
        .peer = (enum role_kind)head.peer,
        .index = head.index,
        .origin = head.origin,
        .value = head.value,
        .origin_count = head.count};
    memcpy(out->origins, datagram.p + sizeof head, tail);
    return OK;
}

uint64_t control_name_hash(struct str name)
{
    uint8_t digest[DIGEST_BYTES];
    uint64_t value;
    digest_sha256(name, digest);
    memcpy(&value, digest, sizeof value);
    return value;
}
