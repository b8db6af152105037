/*
 * Any bytes as a TOML file: a mistake or a tree; and every string of it as a
 * regular expression that is to be imported.
 */
#include "base/toml.h"

#include <stdlib.h>

#include "inspect/import_regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_expression(struct str text)
{
    for (unsigned group = 0; group < 3; group++) {
        struct import_regex r;
        import_regex_read(text, group, &r);
        if (r.anchor_count > IMPORT_ANCHORS_MAX ||
            (r.anchor_count > 0 && r.before == 0))
            abort();
        import_regex_free(&r);
    }
}

static void walk(const struct yaml_node *node, unsigned depth)
{
    if (depth > 200 || node->line == 0)
        abort();
    if (node->kind == YAML_KIND_SCALAR && node->is_quoted)
        read_expression(node->text);
    for (size_t i = 0; i < node->count; i++)
        walk(node->pairs[i].value, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct diag diag = {0};
    struct yaml_doc *doc = toml_parse("fuzz.toml", text, &diag);
    if ((doc == NULL) != (diag.count == 1))
        abort();
    if (doc != NULL)
        walk(doc->root, 0);
    read_expression(text);
    yaml_free(&doc);
    diag_free(&diag);
    return 0;
}
