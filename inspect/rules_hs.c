/*
 * One Hyperscan database for all rules: compile, serialise, name.  Runs in
 * the compiler role and in `promptgate scan`; workers only read the result
 * (scan_hs.c), which shares the header below.
 *
 * Neither SOM nor streaming: an event says which anchor ended where, the rest
 * is C (facts/detection.md §3.3, §4.1).
 */
#include "inspect/rules_hs.h"

#include <ctype.h>
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

/* Behind the class at p, "[a-z_]"; NULL: one of a kind that is not read. */
static const char *class_end(const char *p)
{
    p += p[1] == '^' ? 2 : 1;
    if (*p == ']')
        return NULL;
    for (; *p != ']'; p++) {
        if (*p == '\0' || (*p == '[' && p[1] == ':'))
            return NULL;
        if (*p == '\\' && p[1] != '\0')
            p++;
    }
    return p + 1;
}

/* Behind the character or class at p; NULL: something else. */
static const char *unit_end(const char *p)
{
    if (*p == '[')
        return class_end(p);
    if (*p == '\\' && p[1] == 'x' && isxdigit((unsigned char)p[2]) &&
        isxdigit((unsigned char)p[3]))
        return p + 4;
    if (*p == '\\' && ispunct((unsigned char)p[1]))
        return p + 2;
    return isalnum((unsigned char)*p) || strchr("_-:/=,<>@ ", *p) != NULL
               ? p + 1
               : NULL;
}

/* The length of what an expression of characters, classes and fixed counts of
 * them matches, as most are; 0: Hyperscan must be asked, which takes 40 us. */
static size_t fixed_width(const char *expression)
{
    size_t n = 0;
    for (const char *p = expression; *p != '\0';) {
        unsigned long count = 1;
        p = unit_end(p);
        if (p == NULL)
            return 0;
        if (*p == '{') {
            char *end;
            count = strtoul(p + 1, &end, 10);
            if (end == p + 1 || *end != '}' || count > RULE_ANCHOR_MAX)
                return 0;
            p = end + 1;
        }
        n += count;
    }
    return n;
}

static void measure(struct rules *rules, struct anchor *a, struct diag *diag)
{
    size_t known =
        a->kind == ANCHOR_WORD ? a->width : fixed_width(a->expression);
    if (known > 0 && known <= RULE_ANCHOR_MAX) {
        a->width = known;
        return;
    }
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

/* Anchors have a database, and each kind of words has one of its own, which is
 * run only around candidates. */
enum { DATABASES = 1 + WORD_KINDS };

static unsigned database_of(const struct rules *rules, const struct anchor *a)
{
    return a->kind == ANCHOR_WORD ? 1u + rules_word_kind(rules, a->word) : 0;
}

static void hash_anchor(crypto_generichash_state *state,
    const struct rules *rules, const struct anchor *a)
{
    unsigned flags = flags_of(a), database = database_of(rules, a);
    crypto_generichash_update(
        state, (const unsigned char *)&database, sizeof database);
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
        hash_anchor(&state, rules, &rules->anchors[i]);
    crypto_generichash_final(&state, digest, sizeof digest);
    sodium_bin2hex(hash_out, RULES_HASH_BYTES, digest, sizeof digest);
}

static enum err build(const struct rules *rules, unsigned which,
    struct diag *diag, hs_database_t **database_out)
{
    size_t n = 0;
    const char **expressions =
        mem_calloc(rules->anchor_count + 1, sizeof *expressions);
    unsigned *flags = mem_calloc(rules->anchor_count + 1, sizeof *flags);
    unsigned *ids = mem_calloc(rules->anchor_count + 1, sizeof *ids);
    hs_compile_error_t *error = NULL;
    for (size_t i = 0; i < rules->anchor_count; i++) {
        if (database_of(rules, &rules->anchors[i]) != which)
            continue;
        expressions[n] = rules->anchors[i].expression;
        flags[n] = flags_of(&rules->anchors[i]);
        ids[n++] = (unsigned)i;
    }
    *database_out = NULL;
    hs_error_t result =
        n == 0 ? HS_SUCCESS
               : hs_compile_multi(expressions, flags, ids, (unsigned)n,
                     HS_MODE_BLOCK, NULL, database_out, &error);
    if (result != HS_SUCCESS) {
        bool is_known = error != NULL && error->expression >= 0 &&
                        (size_t)error->expression < n;
        const struct anchor *guilty =
            &rules->anchors[is_known ? ids[error->expression] : ids[0]];
        diag_add(diag, guilty->file, guilty->line, "anchor \"%s\": %s",
            guilty->expression, error != NULL ? error->message : "refused");
        hs_free_compile_error(error);
    }
    mem_free(expressions);
    mem_free(flags);
    mem_free(ids);
    return result == HS_SUCCESS ? OK : ERR_CONFIG;
}

/* Its length, then itself, up to a multiple of eight bytes. */
static enum err append_database(
    const hs_database_t *database, struct buf *out, struct buf *info_out)
{
    char *bytes = NULL, *info = NULL;
    uint64_t n = 0;
    static const char zeros[8];
    if (database == NULL) {
        buf_append(out, &n, sizeof n);
        return OK;
    }
    size_t size = 0;
    enum err err = ERR_UNSUPPORTED;
    if (hs_serialize_database(database, &bytes, &size) == HS_SUCCESS &&
        hs_database_info(database, &info) == HS_SUCCESS) {
        n = size;
        buf_append(out, &n, sizeof n);
        buf_append(out, bytes, size);
        buf_append(out, zeros, (8 - size % 8) % 8);
        buf_clear(info_out);
        buf_append_str(info_out, str_of(info));
        err = OK;
    }
    free(bytes);
    free(info);
    return err;
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
    struct buf payload = {0}, info = {0};
    enum err err = OK;
    for (unsigned which = 0; which < DATABASES && err == OK; which++) {
        hs_database_t *database = NULL;
        err = build(rules, which, diag, &database);
        if (err == OK && append_database(database, &payload, &info) != OK) {
            diag_add(diag, "detectors", 1, "the database cannot be serialised");
            err = ERR_UNSUPPORTED;
        }
        hs_free_database(database);
    }
    if (err == OK)
        write_blob(rules, buf_str(&payload).p, payload.n, buf_cstr(&info),
            database_out);
    buf_free(&payload);
    buf_free(&info);
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
