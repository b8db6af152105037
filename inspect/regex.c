/*
 * PCRE2 as inspect/regex.h promises it.  rules.c makes the expressions,
 * scan_hs.c runs them.
 *
 * Machine code takes some 100 us an expression, more than all of a start may
 * take for hundreds of them: it is made of those that are used, once they
 * were, and apart for matches at a given place, which PCRE2 would interpret.
 */
#include "inspect/regex.h"

#include <ctype.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 1024 };

enum { USES_MIN = 8 }; /* so often it is interpreted first */

/* One way to match. */
struct regex_use {
    pcre2_code *code; /* NULL: the regex's */
    unsigned uses;
};

struct regex {
    pcre2_code *code;
    struct str pattern; /* owned */
    uint32_t options;
    struct regex_use anywhere, anchored;
};

struct regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

struct regex *regex_new(
    struct str pattern, bool nocase, struct buf *message_out)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    uint32_t options = PCRE2_DOTALL | (nocase ? PCRE2_CASELESS : 0) |
                       PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_USE_OFFSET_LIMIT;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(pattern.p != NULL ? pattern.p : ""),
            pattern.n, options, &error, &offset, NULL);
    if (code == NULL) {
        PCRE2_UCHAR text[256];
        pcre2_get_error_message(error, text, sizeof text);
        buf_printf(message_out, "%s, at character %zu", (const char *)text,
            offset + 1);
        return NULL;
    }
    struct regex *regex = MEM_NEW(struct regex);
    regex->code = code;
    regex->pattern = str_make(mem_memdup0(pattern.p, pattern.n), pattern.n);
    regex->options = options;
    return regex;
}

void regex_free(struct regex **regex)
{
    if (*regex == NULL)
        return;
    pcre2_code_free((*regex)->code);
    pcre2_code_free((*regex)->anywhere.code);
    pcre2_code_free((*regex)->anchored.code);
    mem_free((char *)(uintptr_t)(*regex)->pattern.p);
    mem_free(*regex);
    *regex = NULL;
}

struct regex_scratch *regex_scratch_new(void)
{
    struct regex_scratch *scratch = MEM_NEW(struct regex_scratch);
    scratch->data = pcre2_match_data_create(4, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
    pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
    return scratch;
}

void regex_scratch_free(struct regex_scratch **scratch)
{
    if (*scratch == NULL)
        return;
    pcre2_match_data_free((*scratch)->data);
    pcre2_match_context_free((*scratch)->context);
    mem_free(*scratch);
    *scratch = NULL;
}

void regex_needs(const struct regex *regex, struct regex_needs *needs_out)
{
    uint32_t bytes = 0, type = 0, first = 0;
    const uint8_t *bitmap = NULL;
    pcre2_pattern_info(regex->code, PCRE2_INFO_MINLENGTH, &bytes);
    pcre2_pattern_info(regex->code, PCRE2_INFO_FIRSTBITMAP, &bitmap);
    pcre2_pattern_info(regex->code, PCRE2_INFO_FIRSTCODETYPE, &type);
    pcre2_pattern_info(regex->code, PCRE2_INFO_FIRSTCODEUNIT, &first);
    needs_out->bytes = bytes;
    memset(needs_out->first, 0xff, sizeof needs_out->first);
    if (bitmap != NULL) {
        memcpy(needs_out->first, bitmap, sizeof needs_out->first);
    } else if (type == 1) { /* in either case: it does not say which */
        memset(needs_out->first, 0, sizeof needs_out->first);
        needs_out->first[first / 8 % 32] |= (uint8_t)(1u << first % 8);
        if (isalpha((int)first))
            needs_out->first[(first ^ 0x20) / 8 % 32] |=
                (uint8_t)(1u << first % 8);
    }
}

/* Where no executable memory is to be had it stays interpreted. */
static void make_machine_code(
    const struct regex *regex, struct regex_use *use, uint32_t more_options)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    use->code = pcre2_compile((PCRE2_SPTR)regex->pattern.p, regex->pattern.n,
        regex->options | more_options, &error, &offset, NULL);
    if (use->code == NULL)
        return;
    if (pcre2_jit_compile(use->code, PCRE2_JIT_COMPLETE) != 0) {
        pcre2_code_free(use->code);
        use->code = NULL;
    }
}

static int match(struct regex *regex, struct regex_scratch *scratch,
    struct str subject, size_t from, bool is_anchored)
{
    struct regex_use *use = is_anchored ? &regex->anchored : &regex->anywhere;
    uint32_t anchored = is_anchored ? PCRE2_ANCHORED : 0;
    PCRE2_SPTR bytes = (PCRE2_SPTR)(subject.p != NULL ? subject.p : "");
    if (use->uses <= USES_MIN && use->uses++ == USES_MIN)
        make_machine_code(regex, use, anchored);
    if (use->code != NULL) {
        /* What pcre2_match checks before: nothing that could be otherwise. */
        int count = pcre2_jit_match(use->code, bytes, subject.n, from, 0,
            scratch->data, scratch->context);
        if (count != PCRE2_ERROR_JIT_STACKLIMIT)
            return count;
    }
    return pcre2_match(regex->code, bytes, subject.n, from, anchored,
        scratch->data, scratch->context);
}

bool regex_match(struct regex *regex, struct regex_scratch *scratch,
    struct str subject, size_t from, size_t last, bool is_anchored,
    struct regex_match *match_out)
{
    pcre2_set_offset_limit(scratch->context, last);
    int count = match(regex, scratch, subject, from, is_anchored);
    if (count < 0)
        return false;
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(scratch->data);
    bool has_group = count != 1 && pairs[2] != PCRE2_UNSET;
    *match_out = (struct regex_match){
        pairs[0], pairs[1], pairs[has_group ? 2 : 0], pairs[has_group ? 3 : 1]};
    return pairs[1] > pairs[0] && match_out->value_end > match_out->value_start;
}
