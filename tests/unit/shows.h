/* What a view shows of a text, for tests of those who find what to show. */
#ifndef TESTS_UNIT_SHOWS_H
#define TESTS_UNIT_SHOWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/marks.h"
#include "inspect/view.h"

typedef size_t find_fn(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

/* The text with all edits made, for texts shorter than a window. */
static void assert_shows(find_fn *find, const char *source, const char *shown)
{
    struct str text = str_of(source);
    for (size_t cut = 0; cut <= text.n; cut += text.n) {
        struct view_edits edits = {0};
        struct view view;
        struct marks marks = {0};
        marks_make(&marks, text, 0, text.n);
        size_t at = find(&marks, 0, text.n - cut, &edits);
        assert_true(at >= text.n - cut);
        if (at < text.n)
            find(&marks, at, text.n, &edits);
        marks_free(&marks);
        view_make(&view, text, &edits, true);
        if (shown == NULL) {
            assert_int_equal(view.window_count, 0);
        } else {
            assert_int_equal(view.window_count, 1);
            buf_truncate(&view.text, view.windows[0].end);
            assert_string_equal(buf_cstr(&view.text), shown);
        }
        view_free(&view);
        view_edits_free(&edits);
    }
}

#endif
