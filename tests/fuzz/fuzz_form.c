/* inspect/form.h: the same fields at any cut. */
#include "inspect/form.h"

#include "tests/fuzz/same.h"

enum { LIMIT = 64 }; /* small, so that it is reached */

static void on_field(void *arg, struct str name, struct str value)
{
    buf_append_str(arg, name);
    buf_append_char(arg, '=');
    buf_append_str(arg, value);
    buf_append_char(arg, '|');
    check(name.n + value.n <= LIMIT, "a field is bounded");
}

static void read_form(struct str s, unsigned way, struct buf *out)
{
    struct form *f = form_new(LIMIT, on_field, out);
    struct cuts cuts = cuts_of(s, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = form_feed(f, piece);
    cuts_end(&cuts);
    if (err == OK)
        err = form_finish(f);
    buf_printf(out, "%s@%zu", err_name(err), (size_t)form_offset(f));
    buf_append_str(out, form_partial(f));
    form_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_cuts(str_make((const char *)data, n), read_form);
    return 0;
}
