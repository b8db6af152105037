/* inspect/harvest.h: the same text at any cut.  The input begins with the
 * value of Content-Type and a line feed. */
#include "inspect/harvest.h"

#include "tests/fuzz/same.h"

enum { LIMIT = 64 * 1024 };

static void read_body(struct str s, unsigned way, struct buf *out)
{
    size_t line = str_find_char(s, '\n');
    struct harvest *h = harvest_new(str_sub(s, 0, line), LIMIT);
    struct str body = str_sub(s, line + 1, s.n), piece;
    struct cuts cuts = cuts_of(body, way);
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = harvest_feed(h, piece, out);
    cuts_end(&cuts);
    err = harvest_finish(h, out);
    check(out->n <= LIMIT, "output is bounded");
    buf_printf(out, "#%s %s%d", err_name(err),
        harvest_kind_name(harvest_kind(h)), harvest_is_broken(h));
    harvest_free(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_cuts(str_make((const char *)data, n), read_body);
    return 0;
}
