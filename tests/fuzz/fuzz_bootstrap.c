/* inspect/bootstrap.h at any cuts.  First byte: how much is kept, in eights. */
#include "inspect/bootstrap.h"

#include "tests/fuzz/same.h"

static void read_page(struct str s, unsigned way, struct buf *out)
{
    struct bootstrap b;
    struct str piece;
    size_t max = 8 * (size_t)(unsigned char)s.p[0];
    struct cuts cuts = cuts_of(str_sub(s, 1, s.n), way);
    bootstrap_setup(&b, max);
    while (cuts_next(&cuts, &piece))
        bootstrap_feed(&b, piece);
    cuts_end(&cuts);
    struct str json = bootstrap_json(&b);
    check(json.n <= max, "its length is bounded");
    check(b.tag.n <= BOOTSTRAP_TAG_MAX, "a tag's, too");
    buf_append_str(out, json);
    bootstrap_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n != 0)
        check_cuts(str_make((const char *)data, n), read_page);
    return 0;
}
