/* inspect/decode.h.  The first byte chooses the header; what decodes, decodes
 * to the same at any cut, and no input grows over the limits. */
#include "inspect/decode.h"

#include "tests/fuzz/same.h"

static const char *const headers[] = {"gzip", "deflate", "br", "zstd", "",
    "gzip, br", "zstd, deflate", "br, gzip, zstd"};

static enum err decode(
    const char *header, struct str s, unsigned way, struct buf *out)
{
    struct decode_limits limits = {.output_bytes = 4 * 1024 * 1024};
    struct decoder *d;
    enum err err = decoder_new(str_of(header), &limits, &d);
    check(err == OK, "the header is known");
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    while (err == OK && cuts_next(&cuts, &piece))
        err = decoder_feed(d, piece, out);
    cuts_end(&cuts);
    if (err == OK)
        err = decoder_finish(d, out);
    check(out->n <= limits.output_bytes, "output is bounded");
    check(out->n <= DECODE_RATIO_FREE_BYTES ||
              out->n / (DECODE_RATIO_DEFAULT + 1) <= s.n,
        "ratio is bounded");
    decoder_free(&d);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const char *header = headers[data[0] % ARRAY_LEN(headers)];
    struct str s = {(const char *)data + 1, n - 1};
    struct buf whole = {0}, cut = {0};
    enum err err = decode(header, s, CUTS_WHOLE, &whole);
    enum err other = decode(header, s, CUTS_RANDOM, &cut);
    /* Where a limit or damage is noticed depends on the cut a little. */
    check(
        (err == OK) == (other == OK) || err == ERR_LIMIT || other == ERR_LIMIT,
        "same result at any cut");
    if (err == OK && other == OK)
        check_same(&whole, &cut, "same bytes");
    bool looks = decode_looks_encoded(str_of(header), s);
    if (decode_is_encoded(str_of(header), s) && !looks)
        abort();
    struct decoder *d;
    if (decoder_new(s, NULL, &d) == OK)
        decoder_free(&d);
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
