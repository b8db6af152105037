/*
 * PCRE2 as inspect/regex.h promises it.  rules.c makes the expressions,
 * scan_hs.c runs them.
 */
#include "inspect/regex.h"

#include <ctype.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KIB = 1024 };

struct regex {
    pcre2_code *code;
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
    return regex;
}

void regex_free(struct regex **regex)
{
    if (*regex == NULL)
        return;
    pcre2_code_free((*regex)->code);
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

bool regex_match(const struct regex *regex, struct regex_scratch *scratch,
    struct str subject, size_t from, size_t last, bool is_anchored,
    struct regex_match *match_out)
{
    pcre2_set_offset_limit(scratch->context, last);
    uint32_t options = is_anchored ? PCRE2_ANCHORED : 0;
    int count = pcre2_match(regex->code,
        (PCRE2_SPTR)(subject.p != NULL ? subject.p : ""), subject.n, from,
        options, scratch->data, scratch->context);
    if (count < 0)
        return false;
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(scratch->data);
    bool has_group = count != 1 && pairs[2] != PCRE2_UNSET;
    *match_out = (struct regex_match){
        pairs[0], pairs[1], pairs[has_group ? 2 : 0], pairs[has_group ? 3 : 1]};
    return pairs[1] > pairs[0] && match_out->value_end > match_out->value_start;
}
