/*
 * A set of fingerprints from anywhere: refused, or used without leaving it.
 * The first byte says whether the rest is a file as it is (its checksum made
 * to fit), or a text that is added to a set and looked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/fingerprint_parts.h"
#include "inspect/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char known[] =
    "Nobody may take this document out of the house. It says what is to be "
    "built next year, where, for whom and at what price.\n\nThe second "
    "paragraph names those who know of it, and nobody else is to know.\n\n"
    "The third one is about the weather of the coming winter in the north.";

/* share: from which part of a document on; 101: whole paragraphs only. */
static void look_from(
    const struct fingerprint_set *set, struct str text, unsigned share)
{
    const struct rule_fingerprint want = {
        .min_share = share, .min_paragraphs = 1, .min_letters = 1};
    const struct rule rule = {.id = STR("f"),
        .type = STR("fingerprint"),
        .group = STR("document"),
        .base = LEVEL_HIGH,
        .severity = LEVEL_HIGH,
        .fingerprint = &want};
    struct findings found = {0};
    struct fingerprint_match *m = fingerprint_match_new(set, &rule, text);
    while (fingerprint_match_step(m, 64))
        ;
    fingerprint_match_report(m, WHERE_FILE, &found);
    for (size_t i = 0; i < found.count; i++)
        if (found.items[i].start >= found.items[i].end ||
            found.items[i].end > text.n || found.items[i].similarity > 100)
            abort();
    fingerprint_match_free(&m);
    findings_free(&found);
}

static void look(const struct fingerprint_set *set, struct str text)
{
    look_from(set, text, 1);
    look_from(set, text, 101);
}

/* Every document is looked at, the text is looked for, and all is written
 * anew: what comes of it must be good. */
static void use(const struct fingerprint_set *set, struct str text)
{
    struct buf again = {0};
    struct fingerprint_set *copy;
    for (size_t i = 0; i < fingerprint_set_count(set); i++)
        (void)fingerprint_set_at(set, i);
    look(set, text);
    struct fingerprint_builder *b = fingerprint_builder_new(set);
    (void)!fingerprint_builder_add(b, STR("new"), text, false);
    fingerprint_builder_write(b, &again);
    if (fingerprint_set_open(buf_str(&again), &copy) != OK)
        abort();
    look(copy, text);
    fingerprint_set_free(&copy);
    fingerprint_builder_free(&b);
    buf_free(&again);
}

static void open_file(struct str bytes)
{
    struct set_head head;
    struct fingerprint_set *set;
    char *copy = mem_memdup0(bytes.p, bytes.n); /* as aligned as a mapping */
    if (bytes.n >= sizeof head) {
        memcpy(&head, copy, sizeof head);
        head.crc =
            set_crc(head, str_make(copy + sizeof head, bytes.n - sizeof head));
        memcpy(copy, &head, sizeof head);
    }
    if (fingerprint_set_open(str_make(copy, bytes.n), &set) == OK) {
        use(set, STR(known));
        fingerprint_set_free(&set);
    }
    mem_free(copy);
}

static void add_text(struct str text)
{
    struct buf bytes = {0};
    struct fingerprint_set *set;
    struct fingerprint_builder *b = fingerprint_builder_new(NULL);
    (void)!fingerprint_builder_add(b, STR("known"), STR(known), true);
    (void)!fingerprint_builder_add(b, STR("text"), text, false);
    fingerprint_builder_write(b, &bytes);
    if (fingerprint_set_open(buf_str(&bytes), &set) != OK)
        abort();
    use(set, text);
    fingerprint_set_free(&set);
    fingerprint_builder_free(&b);
    buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    if ((data[0] & 1) != 0)
        open_file(str_sub(bytes, 1, size));
    else
        add_text(str_sub(bytes, 1, size));
    return 0;
}
