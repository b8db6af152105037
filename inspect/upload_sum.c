/*
 * The SHA-256 of a file that goes up in pieces, where its bytes are too many to
 * be put together: each piece goes on with the running sum of those that the
 * service took before it, which the keeper puts away.  Where the client then
 * names the pieces in the order in which they came, the last one's sum is the
 * file's; otherwise there is none.
 */
#include <string.h>

#include "base/clock.h"
#include "inspect/upload.h"

static bool goes_on(const struct upload *u)
{
    uint64_t offset;
    bool is_range = str_to_u64(u->piece, &offset) == OK && u->is_range;
    return u->has_before && (!is_range || (int64_t)offset == u->before.at);
}

static void begin(struct upload *u)
{
    if (goes_on(u)) {
        u->digest = digest_restore(u->before.state);
    } else {
        u->before = (struct keep_pieces_sum){0};
        u->digest = digest_new();
    }
    u->sum.at = u->before.at;
    clock_uuid7(u->sum.piece);
}

void upload_sum_bytes(struct exchange *ex, struct str bytes)
{
    struct upload *u = ex->upload;
    if (u->digest == NULL)
        begin(u);
    if (u->digest == NULL)
        return; /* a state that the keeper made up */
    digest_update(u->digest, bytes);
    u->sum.at += (int64_t)bytes.n;
}

bool upload_sum_end(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u->digest == NULL)
        return false;
    digest_save(u->digest, u->sum.state);
    return true;
}

void upload_sum_join(
    struct exchange *ex, const struct upload_piece *const *parts, size_t n)
{
    struct activity *a = ex->activity;
    struct str before = STR_NONE;
    int64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (parts[i]->sum_name.n == 0 || parts[i]->sum_from != at ||
            !str_eq(parts[i]->sum_after, before))
            return;
        at += parts[i]->bytes;
        before = parts[i]->sum_name;
    }
    uint8_t state[DIGEST_STATE_BYTES], sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_BYTES];
    if (n == 0 || parts[n - 1]->sum_state.n != sizeof state)
        return;
    memcpy(state, parts[n - 1]->sum_state.p, sizeof state);
    struct digest *digest = digest_restore(state);
    if (digest == NULL)
        return;
    digest_final(&digest, sum);
    digest_hex(sum, hex);
    a->files[0].sha256 = arena_copy(&a->arena, str_of(hex));
}
