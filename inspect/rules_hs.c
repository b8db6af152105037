/*
 * One Hyperscan database for all rules: compile, serialise, name.  Runs in
 * the compiler role and in `promptgate scan`; workers only read the result
 * (scan_hs.c), which shares the header below.
 *
 * Neither SOM nor streaming: an event says which anchor ended where, the rest
 * is C (facts/detection.md §3.3, §4.1).
 */
#include "inspect/rules_hs.h"

#include <hs/hs.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "inspect/scan.h"

static unsigned flags_of(const struct anchor *a)
{
    unsigned flags = HS_FLAG_DOTALL;
    return a->nocase ? flags | HS_FLAG_CASELESS : flags;
}

static void measure(struct rules *rules, struct anchor *a, struct diag *diag)
{
    hs_compile_error_t *error = NULL;
    hs_expr_info_t *info = NULL;
    if (hs_expression_info(a->expression, flags_of(a), &info, &error) !=
        HS_SUCCESS) {
        diag_add(diag, a->file, a->line, "anchor \"%s\": %s", a->expression,
            error != NULL ? error->message : "refused");
        hs_free_compile_error(error);
        return;
    }
    const struct pattern *p = a->kind == ANCHOR_REGEX
                                  ? &rules->items[a->rule].patterns[a->pattern]
                                  : NULL;
    if (info->max_width > RULE_ANCHOR_MAX || info->min_width == 0)
        diag_add(diag, a->file, a->line,
            "anchor \"%s\" must match 1 to %d bytes", a->expression,
            RULE_ANCHOR_MAX);
    else if (info->min_width == info->max_width)
        a->width = info->max_width;
    else if (p != NULL && p->before == 0)
        diag_add(diag, a->file, a->line,
            "anchor \"%s\" has no fixed width: the pattern needs \"before\", "
            "how many bytes of the match may stand before the anchor's end",
            a->expression);
    free(info);
}

void rules_measure(struct rules *rules, struct diag *diag)
{
    for (size_t i = 0; i < rules->anchor_count; i++)
        measure(rules, &rules->anchors[i], diag);
}

static void hash_anchor(crypto_generichash_state *state, const struct anchor *a)
{
    unsigned flags = flags_of(a);
    crypto_generichash_update(
        state, (const unsigned char *)a->expression, strlen(a->expression) + 1);
    crypto_generichash_update(
        state, (const unsigned char *)&flags, sizeof flags);
}

void rules_hash(const struct rules *rules, char hash_out[RULES_HASH_BYTES])
{
    crypto_generichash_state state;
    unsigned char digest[32];
    hs_platform_info_t platform = {0};
    uint32_t version = RULES_BLOB_VERSION;
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    const char *library = hs_version();
    crypto_generichash_update(
        &state, (const unsigned char *)library, strlen(library) + 1);
    hs_populate_platform(&platform);
    crypto_generichash_update(
        &state, (const unsigned char *)&platform, sizeof platform);
    crypto_generichash_update(
        &state, (const unsigned char *)&version, sizeof version);
    for (size_t i = 0; i < rules->anchor_count; i++)
        hash_anchor(&state, &rules->anchors[i]);
    crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(hash_out, RULES_HASH_BYTES, digest, sizeof digest);
}

static enum err build(
    const struct rules *rules, struct diag *diag, hs_database_t **database_out)
{
    size_t n = rules->anchor_count;
    const char **expressions = mem_calloc(n, sizeof *expressions);
    unsigned *flags = mem_calloc(n, sizeof *flags);
    unsigned *ids = mem_calloc(n, sizeof *ids);
    hs_compile_error_t *error = NULL;
    for (size_t i = 0; i < n; i++) {
        expressions[i] = rules->anchors[i].expression;
        flags[i] = flags_of(&rules->anchors[i]);
        ids[i] = (unsigned)i;
    }
    hs_error_t result = hs_compile_multi(expressions, flags, ids, (unsigned)n,
        HS_MODE_BLOCK, NULL, database_out, &error);
    mem_free(expressions);
    mem_free(flags);
    mem_free(ids);
    if (result == HS_SUCCESS)
        return OK;
    const struct anchor *guilty = &rules->anchors[0];
    if (error != NULL && error->expression >= 0 &&
        (size_t)error->expression < n)
        guilty = &rules->anchors[error->expression];
    diag_add(diag, guilty->file, guilty->line, "anchor \"%s\": %s",
        guilty->expression, error != NULL ? error->message : "refused");
    hs_free_compile_error(error);
    return ERR_CONFIG;
}

static void write_blob(const struct rules *rules, const char *bytes, size_t n,
    const char *info, struct buf *out)
{
    struct rules_blob header = {
        .version = RULES_BLOB_VERSION, .payload_bytes = n};
    memcpy(header.magic, RULES_BLOB_MAGIC, sizeof header.magic);
    header.payload_crc = (uint32_t)crc32_z(0, (const Bytef *)bytes, n);
    rules_hash(rules, header.hash);
    strncpy(header.info, info, sizeof header.info - 1);
    buf_append(out, &header, sizeof header);
    buf_append(out, bytes, n);
}

enum err rules_compile(
    const struct rules *rules, struct diag *diag, struct buf *database_out)
{
    hs_database_t *database = NULL;
    char *bytes = NULL, *info = NULL;
    size_t n = 0;
    enum err err = build(rules, diag, &database);
    if (err != OK)
        return err;
    if (hs_serialize_database(database, &bytes, &n) != HS_SUCCESS ||
        hs_database_info(database, &info) != HS_SUCCESS) {
        diag_add(diag, "detectors", 1, "the database cannot be serialised");
        err = ERR_UNSUPPORTED;
    } else {
        write_blob(rules, bytes, n, info, database_out);
    }
    free(bytes);
    free(info);
    hs_free_database(database);
    return err;
}

static bool has_type(const struct findings *found, struct str id)
{
    for (size_t i = 0; i < found->count; i++)
        if (str_eq(found->items[i].detector, id))
            return true;
    return false;
}

static void check_texts(const struct rule *rule, struct scanner *scanner,
    bool is_expected, struct diag *diag)
{
    size_t n = is_expected ? rule->example_count : rule->counter_example_count;
    const struct str *texts =
        is_expected ? rule->examples : rule->counter_examples;
    for (size_t i = 0; i < n; i++) {
        struct findings found = {0};
        scan_text(scanner, texts[i], WHERE_PROMPT, &found);
        if (has_type(&found, rule->id) != is_expected)
            diag_add(diag, rule->file, rule->line, "%.*s: %s %zu is %s",
                STR_ARG(rule->id), is_expected ? "example" : "counter-example",
                i + 1, is_expected ? "not found" : "found");
        findings_free(&found);
    }
}

void rules_check_examples(
    const struct rules *rules, struct str database, struct diag *diag)
{
    struct scanner *scanner = NULL;
    if (scanner_new(rules, database, &scanner) != OK) {
        diag_add(diag, "detectors", 1,
            "the database was built by another version or from other rules");
        return;
    }
    for (size_t i = 0; i < rules->count; i++) {
        check_texts(&rules->items[i], scanner, true, diag);
        check_texts(&rules->items[i], scanner, false, diag);
    }
    scanner_free(&scanner);
}
