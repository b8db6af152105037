/* inspect/mweb.h, HTML templates: the same answer at any cut. */
#include "inspect/mweb.h"

#include "tests/fuzz/same.h"

static void read_all(struct str s, unsigned way, struct buf *out)
{
    struct mweb m = {0};
    struct mweb_html *r = mweb_html_new(&m);
    struct str piece;
    for (struct cuts c = cuts_of(s, way); cuts_next(&c, &piece);)
        mweb_html_feed(r, piece);
    mweb_html_finish(r);
    buf_printf(out, "%.*s %d%d%d%d", STR_ARG(m.conversation_id), m.saw_end,
        m.has_failed, m.is_over_limit, m.is_broken);
    for (size_t i = 0; i < m.count; i++) {
        check(m.texts[i].content.n <= MWEB_TEXT_BYTES_MAX, "text is bounded");
        buf_printf(out, "\n%.*s|", STR_ARG(m.texts[i].message_id));
        buf_append_str(out, buf_str(&m.texts[i].content));
        buf_append_char(out, '|');
        buf_append_str(out, buf_str(&m.texts[i].hidden));
    }
    mweb_html_free(&r);
    mweb_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_cuts((struct str){(const char *)data, n}, read_all);
    return 0;
}
