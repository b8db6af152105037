/*
 * What an answer of the light page became, as text, for the targets that
 * compare its readers with themselves.
 */
#ifndef TESTS_FUZZ_MWEB_FUZZ_H
#define TESTS_FUZZ_MWEB_FUZZ_H

#include "inspect/mweb.h"
#include "tests/fuzz/same.h"

static inline void write_mweb(const struct mweb *m, struct buf *out)
{
    buf_printf(out, "%.*s %d%d%d%d", STR_ARG(m->conversation_id), m->saw_end,
        m->has_failed, m->is_over_limit, m->is_broken);
    for (size_t i = 0; i < m->count; i++) {
        check(m->texts[i].content.n <= MWEB_TEXT_BYTES_MAX, "text is bounded");
        buf_printf(out, "\n%.*s|", STR_ARG(m->texts[i].message_id));
        buf_append_str(out, buf_str(&m->texts[i].content));
        buf_append_char(out, '|');
        buf_append_str(out, buf_str(&m->texts[i].hidden));
        buf_printf(out, "|%d", m->texts[i].is_complete);
    }
}

/* A target that feeds reader_new, _feed, _finish, _free in any cuts. */
#define FUZZ_MWEB(reader)                                                      \
    static void read_all(struct str s, unsigned way, struct buf *out)          \
    {                                                                          \
        struct mweb m = {0};                                                   \
        struct reader *r = reader##_new(&m);                                   \
        struct str piece;                                                      \
        for (struct cuts c = cuts_of(s, way); cuts_next(&c, &piece);)          \
            reader##_feed(r, piece);                                           \
        reader##_finish(r);                                                    \
        write_mweb(&m, out);                                                   \
        reader##_free(&r);                                                     \
        mweb_free(&m);                                                         \
    }                                                                          \
                                                                               \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)                  \
    {                                                                          \
        check_cuts((struct str){(const char *)data, n}, read_all);             \
        return 0;                                                              \
    }

#endif
