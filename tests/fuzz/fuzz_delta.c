/* inspect/delta.h: one delta or document a line.  Whatever comes, the budget
 * is kept and given back whole. */
#include "inspect/delta.h"

#include "tests/fuzz/same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct delta d;
    struct str rest = {(const char *)data, n}, line;
    delta_setup(&d);
    d.budget.max = 256 * 1024;
    while (str_split(&rest, '\n', &line)) {
        struct arena arena = {0};
        struct json_node *root;
        bool is_document = str_starts(line, "=");
        if (is_document)
            line = str_sub(line, 1, line.n);
        if (json_parse(line, &arena, NULL, &root) == OK) {
            if (is_document)
                delta_put(&d, root);
            else
                delta_apply(&d, root);
        }
        arena_free(&arena);
        /* Keys may pass it, values never. */
        check(d.count <= DELTA_MESSAGES_MAX, "messages are bounded");
    }
    for (size_t i = 0; i < d.count; i++) {
        check(d.messages[i].cut.n <= DELTA_CUT_MAX, "cuts are bounded");
        doc_free(&d.messages[i].doc, &d.budget);
    }
    check(d.budget.used == 0, "everything was given back");
    delta_free(&d);
    return 0;
}
