/*
 * Texts as JSON lines (proxy/scan_lines.h).
 */
#include "proxy/scan_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/json.h"
#include "proxy/scan_report.h"

enum { FLUSH_AT = 64 * 1024, TEXT_MAX = 512 << 20 };

int scan_worse(int a, int b)
{
    static const int order[] = {SCAN_CLEAN, SCAN_FOUND, SCAN_BAD};
    for (size_t i = ARRAY_LEN(order); i-- > 0;)
        if (a == order[i] || b == order[i])
            return order[i];
    return SCAN_BAD;
}

struct lines {
    const struct scan_options *options;
    struct scan_report report;
    struct buf out;
};

static int report_bad_line(size_t number, const char *what)
{
    fprintf(stderr, "promptgate scan: line %zu: %s\n", number, what);
    return SCAN_BAD;
}

/* The id goes out as it came in: numbers keep their digits. */
static void write_id(
    struct jsonw *w, const struct json_node *id, struct str line)
{
    if (json_is(id, JSON_STRING))
        jsonw_str(w, id->text);
    else
        jsonw_raw(w, str_sub(line, id->start, id->end));
}

static int scan_object(struct lines *lines, struct str line,
    const struct json_node *root, size_t number)
{
    const struct json_node *id = json_get(root, "id");
    const struct json_node *text = json_get(root, "text");
    struct scan_result result = {0};
    struct jsonw w = {.out = &lines->out};
    if (id == NULL || !json_is(text, JSON_STRING))
        return report_bad_line(
            number, "not an object with \"id\" and \"text\"");
    scan_file_text(lines->options, text->text, WHERE_PROMPT, &result);
    jsonw_object(&w);
    jsonw_key(&w, "id");
    write_id(&w, id, line);
    scan_report_write_findings(&lines->report, &w, &result);
    jsonw_close(&w);
    buf_append_char(&lines->out, '\n');
    int status = result.findings.count > 0 ? SCAN_FOUND : SCAN_CLEAN;
    scan_result_free(&result);
    return status;
}

/* Read with the project's own reader: stricter ones refuse lone surrogates,
 * which JavaScript writes. */
static int scan_line(struct lines *lines, struct str line, size_t number)
{
    static const struct json_limits limits = {.depth = JSON_DEPTH_MAX,
        .string_bytes = TEXT_MAX,
        .tree_bytes = (size_t)2 * TEXT_MAX};
    struct arena arena = {0};
    struct json_node *root;
    enum err err = json_parse(line, &arena, &limits, &root);
    int status =
        err == OK ? scan_object(lines, line, root, number)
                  : report_bad_line(number,
                        err == ERR_LIMIT ? "too large or too deep" : "no JSON");
    arena_free(&arena);
    return status;
}

static void flush(struct buf *out)
{
    fwrite(buf_bytes(out), 1, out->n, stdout);
    buf_clear(out);
}

int scan_lines(const struct scan_options *options)
{
    struct lines lines = {.options = options,
        .report = {.format = SCAN_JSONL, .is_unmasked = options->wants_values}};
    char *line = NULL;
    size_t cap = 0, number = 0;
    ssize_t n;
    int status = SCAN_CLEAN;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct str trimmed = str_trim(str_make(line, (size_t)n));
        number++;
        if (trimmed.n == 0)
            continue;
        status = scan_worse(status, scan_line(&lines, trimmed, number));
        if (lines.out.n > FLUSH_AT)
            flush(&lines.out);
    }
    if (ferror(stdin))
        status = report_bad_line(number + 1, strerror(errno));
    flush(&lines.out);
    if (fflush(stdout) != 0)
        status = SCAN_BAD;
    buf_wipe_free(&lines.out);
    free(line);
    return status;
}
