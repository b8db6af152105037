/* The bundle that the parent gives to every role: damage is refused, and what
 * decodes is encoded to the same bytes. */
#include "base/bundle.h"

#include "tests/fuzz/same.h"

static void check_again(const struct bundle *bundle, struct str bytes)
{
    struct buf out = {0};
    bundle_encode(bundle, &out);
    check(str_eq(buf_str(&out), bytes), "the same bytes");
    buf_free(&out);
    for (int kind = 0; kind < BUNDLE_KINDS; kind++) {
        const struct bundle_file *file =
            bundle_first(bundle, (enum bundle_kind)kind);
        check(file == NULL || file->name.p[file->name.n] == '\0', "names end");
    }
}

/* The input as the text of files, and as a bundle. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str bytes = {(const char *)data, n};
    struct bundle decoded = {0}, made = {0};
    struct buf out = {0};
    if (bundle_decode(bytes, &decoded) == OK)
        check_again(&decoded, bytes);
    bundle_free(&decoded);
    for (size_t i = 0; i < n % 20; i++)
        bundle_add(&made, (enum bundle_kind)(data[i] % BUNDLE_KINDS),
            str_sub(bytes, 0, i), str_sub(bytes, i, n));
    bundle_encode(&made, &out);
    decoded = (struct bundle){0};
    check(bundle_decode(buf_str(&out), &decoded) == OK, "ours decodes");
    check(decoded.count == made.count, "all files");
    bundle_free(&decoded);
    bundle_free(&made);
    buf_free(&out);
    return 0;
}
