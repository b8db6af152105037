/*
 * Findings as a table and as JSON lines (proxy/scan_report.h).
 */
#include "proxy/scan_report.h"

#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"

/* ---- JSON ---------------------------------------------------------------- */

static void write_finding(const struct scan_report *report, struct jsonw *w,
    const struct finding *f, const struct scan_spot *spot)
{
    jsonw_object(w);
    jsonw_key_str(w, "detector", f->detector);
    jsonw_key_str(w, "type", f->type);
    jsonw_key_str(w, "group", f->group);
    jsonw_key_int(w, "count", (int64_t)f->count);
    jsonw_key_cstr(w, "confidence", level_name(f->confidence));
    jsonw_key_cstr(w, "severity", level_name(f->severity));
    jsonw_key_cstr(w, "where", where_name(f->where));
    jsonw_key_str(w, "sample", f->sample);
    jsonw_key_int(w, "start", (int64_t)f->start);
    jsonw_key_int(w, "end", (int64_t)f->end);
    if (f->document.n > 0) {
        jsonw_key_str(w, "document", f->document);
        jsonw_key_int(w, "similarity", f->similarity);
    }
    jsonw_key_str_if(w, "part", spot->part);
    if (report->is_unmasked)
        jsonw_key_str(w, "match", spot->value);
    jsonw_close(w);
}

void scan_report_write_findings(const struct scan_report *report,
    struct jsonw *w, const struct scan_result *result)
{
    const struct findings *found = &result->findings;
    jsonw_key(w, "findings");
    jsonw_array(w);
    for (size_t i = 0; i < found->count; i++)
        write_finding(report, w, &found->items[i], &result->spots[i]);
    jsonw_close(w);
    if (found->is_capped)
        jsonw_key_bool(w, "is_capped", true);
    if (found->is_incomplete)
        jsonw_key_bool(w, "is_incomplete", true);
}

/* A name that is no UTF-8 is told exactly besides. */
static void write_name(struct jsonw *w, struct str name)
{
    struct buf exact = {0};
    jsonw_key_str(w, "file", name);
    if (utf8_is_valid(name))
        return;
    base64_encode(name, &exact);
    jsonw_key_str(w, "file_base64", buf_str(&exact));
    buf_free(&exact);
}

static void add_jsonl(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    write_name(&w, str_of(file));
    jsonw_key_str_if(&w, "error", buf_str(&result->error));
    scan_report_write_findings(report, &w, result);
    jsonw_close(&w);
    buf_append_char(out, '\n');
}

/* ---- table --------------------------------------------------------------- */

/* Control characters of ASCII and Latin-1, and what is no UTF-8. */
static bool is_plain(struct str text)
{
    uint32_t code_point;
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_decode(str_sub(text, i, text.n), &code_point);
        if (n == 0 || code_point < 0x20 ||
            (code_point >= 0x7f && code_point < 0xa0))
            return false;
    }
    return true;
}

static void show_quoted(struct buf *out, struct str text)
{
    uint32_t code_point;
    buf_append_char(out, '"');
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_decode(str_sub(text, i, text.n), &code_point);
        if (n == 0)
            buf_printf(out, "\\x%02x", (unsigned char)text.p[i]);
        else if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
            buf_printf(out, "\\u%04x", (unsigned)code_point);
        else if (code_point == '"' || code_point == '\\')
            buf_printf(out, "\\%c", (int)code_point);
        else
            buf_append(out, text.p + i, n);
        n += n == 0;
    }
    buf_append_char(out, '"');
}

void scan_report_show(struct buf *out, struct str text)
{
    if (is_plain(text))
        buf_append_str(out, text);
    else
        show_quoted(out, text);
}

static void add_row(const struct scan_report *report, const char *file,
    const struct finding *f, const struct scan_spot *spot, struct buf *out)
{
    scan_report_show(out, str_of(file));
    if (spot->part.n > 0)
        buf_append_char(out, '!');
    scan_report_show(out, spot->part);
    buf_printf(out, ":%zu:%zu  %-6s  %-6s  %.*s  %.*s  ", spot->line,
        spot->column, level_name(f->severity), level_name(f->confidence),
        STR_ARG(f->detector), STR_ARG(f->type));
    show_quoted(out, report->is_unmasked ? spot->value : f->sample);
    buf_append_char(out, '\n');
}

static void add_table(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out)
{
    const struct findings *found = &result->findings;
    for (size_t i = 0; i < found->count; i++)
        add_row(report, file, &found->items[i], &result->spots[i], out);
    if (found->is_capped) {
        scan_report_show(out, str_of(file));
        buf_printf(out, ": more than %d findings, the weakest are not shown\n",
            FINDINGS_MAX);
    }
    if (found->is_incomplete) {
        scan_report_show(out, str_of(file));
        buf_append_str(
            out, STR(": could not be scanned completely, there may be more\n"));
    }
}

/* ---- each format --------------------------------------------------------- */

void scan_report_begin(struct scan_report *report, struct buf *out)
{
    if (report->format == SCAN_SARIF)
        scan_sarif_begin(report, out);
}

void scan_report_file(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out)
{
    if (report->format == SCAN_SARIF)
        scan_sarif_file(report, file, result, out);
    else if (report->format == SCAN_JSONL)
        add_jsonl(report, file, result, out);
    else
        add_table(report, file, result, out);
}

void scan_report_put(
    struct scan_report *report, struct str piece, struct buf *out)
{
    if (piece.n == 0)
        return;
    if (report->format == SCAN_SARIF && report->has_results)
        buf_append_char(out, ',');
    report->has_results = true;
    buf_append_str(out, piece);
}

void scan_report_end(struct scan_report *report, struct buf *out)
{
    if (report->format == SCAN_SARIF)
        scan_sarif_end(report, out);
    buf_free(&report->notes);
}
