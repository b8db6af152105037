/* inspect/json_mend.h: any beginning of a document can be read, and what was
 * mended has nothing open. */
#include "inspect/json_mend.h"

#include "tests/fuzz/same.h"

static bool can_be_read(struct str text)
{
    struct arena arena = {0};
    struct json_node *root;
    bool is_good = json_parse(text, &arena, NULL, &root) == OK &&
                   (json_is(root, JSON_OBJECT) || json_is(root, JSON_ARRAY));
    arena_free(&arena);
    return is_good;
}

/* of_document: the text is the beginning of one. */
static void check_mended(struct str text, bool of_document)
{
    struct buf out = {0}, again = {0};
    bool is_mended = json_mend(text, &out);
    check(is_mended || out.n == 0, "nothing is written of what is not mended");
    if (is_mended)
        check(!json_mend(buf_str(&out), &again), "what was mended is whole");
    if (of_document)
        check(is_mended && can_be_read(buf_str(&out)), "a beginning is read");
    buf_free(&out);
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = {(const char *)data, n};
    check_mended(text, false);
    if (n > 4096 || !can_be_read(text))
        return 0;
    struct str document = str_trim(text);
    for (size_t i = 1; i < document.n; i++)
        check_mended(str_sub(document, 0, i), true);
    return 0;
}
