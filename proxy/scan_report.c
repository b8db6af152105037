/*
 * Findings as text.  Called by cmd_scan.c only; values appear nowhere unless
 * the user asked for them with --unmask.
 */
#include "proxy/scan_report.h"

static struct str value_of(struct str text, const struct finding *f)
{
    return str_sub(text, f->start, f->end);
}

/* Of a document: where the finding's text is from, and where that begins. */
static struct extract_part part_of(
    const struct scan_report *report, const struct finding *f)
{
    const struct extract_part *part =
        report->extracted != NULL ? extract_part_at(report->extracted, f->start)
                                  : NULL;
    return part != NULL ? *part : (struct extract_part){0};
}

static void write_finding(const struct scan_report *report, struct jsonw *w,
    struct str text, const struct finding *f)
{
    struct str part = part_of(report, f).path;
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
    if (part.n > 0)
        jsonw_key_str(w, "part", part);
    if (report->is_unmasked)
        jsonw_key_str(w, "match", value_of(text, f));
    jsonw_close(w);
}

void scan_report_write_findings(const struct scan_report *report,
    struct jsonw *w, struct str text, const struct findings *findings)
{
    jsonw_key(w, "findings");
    jsonw_array(w);
    for (size_t i = 0; i < findings->count; i++)
        write_finding(report, w, text, &findings->items[i]);
    jsonw_close(w);
    if (findings->is_capped)
        jsonw_key_bool(w, "is_capped", true);
    if (findings->is_incomplete)
        jsonw_key_bool(w, "is_incomplete", true);
}

static void add_jsonl(struct scan_report *report, const char *file,
    struct str text, const struct findings *findings)
{
    struct jsonw w = {.out = &report->text};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "file", file);
    scan_report_write_findings(report, &w, text, findings);
    jsonw_close(&w);
    buf_append_char(&report->text, '\n');
}

/* Line and column, from 1, counted on from where the last finding was. */
struct place {
    size_t at, line, line_start;
};

static void advance(
    struct place *place, struct str text, size_t from, size_t to)
{
    if (to < place->at || from > place->line_start)
        *place = (struct place){from, 1, from};
    for (; place->at < to && place->at < text.n; place->at++) {
        if (text.p[place->at] == '\n') {
            place->line++;
            place->line_start = place->at + 1;
        }
    }
}

static void add_table(struct scan_report *report, const char *file,
    struct str text, const struct findings *findings)
{
    struct place place = {0, 1, 0};
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->items[i];
        struct extract_part part = part_of(report, f);
        advance(&place, text, part.start, f->start);
        buf_printf(&report->text, "%s%s%.*s:%zu:%zu  %-6s  %-6s  %.*s  %.*s  ",
            file, part.path.n > 0 ? "!" : "", STR_ARG(part.path), place.line,
            f->start - place.line_start + 1, level_name(f->severity),
            level_name(f->confidence), STR_ARG(f->detector), STR_ARG(f->type));
        jsonw_append_quoted(
            &report->text, report->is_unmasked ? value_of(text, f) : f->sample);
        buf_append_char(&report->text, '\n');
    }
    if (findings->is_capped)
        buf_printf(&report->text,
            "%s: more than %d findings, the weakest are not shown\n", file,
            FINDINGS_MAX);
    if (findings->is_incomplete)
        buf_printf(&report->text,
            "%s: could not be scanned completely, there may be more\n", file);
}

static const char *sarif_level(enum level severity)
{
    return severity == LEVEL_HIGH     ? "error"
           : severity == LEVEL_MEDIUM ? "warning"
                                      : "note";
}

static void write_text(struct jsonw *w, const char *key, struct str text)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_key_str(w, "text", text);
    jsonw_close(w);
}

static void write_region(struct scan_report *report, const struct place *place,
    struct str text, const struct finding *f)
{
    struct jsonw *w = &report->sarif;
    jsonw_key(w, "region");
    jsonw_object(w);
    jsonw_key_int(w, "startLine", (int64_t)place->line);
    jsonw_key_int(
        w, "startColumn", (int64_t)(f->start - place->line_start) + 1);
    jsonw_key_int(w, "byteOffset", (int64_t)f->start);
    jsonw_key_int(w, "byteLength", (int64_t)(f->end - f->start));
    if (report->is_unmasked) {
        write_text(w, "snippet", value_of(text, f));
    }
    jsonw_close(w);
}

static void write_result(struct scan_report *report, const char *file,
    struct str text, const struct place *place, const struct finding *f)
{
    struct jsonw *w = &report->sarif;
    struct buf message = {0};
    buf_printf(&message, "%.*s (%.*s), confidence %s: %.*s",
        STR_ARG(f->detector), STR_ARG(f->type), level_name(f->confidence),
        STR_ARG(f->sample));
    jsonw_object(w);
    jsonw_key_str(w, "ruleId", f->detector);
    jsonw_key_cstr(w, "level", sarif_level(f->severity));
    write_text(w, "message", buf_str(&message));
    jsonw_key(w, "locations");
    jsonw_array(w);
    jsonw_object(w);
    jsonw_key(w, "physicalLocation");
    jsonw_object(w);
    jsonw_key(w, "artifactLocation");
    jsonw_object(w);
    jsonw_key_cstr(w, "uri", file);
    jsonw_close(w);
    write_region(report, place, text, f);
    jsonw_close(w);
    jsonw_close(w);
    jsonw_close(w);
    jsonw_close(w);
    buf_free(&message);
}

static void add_sarif(struct scan_report *report, const char *file,
    struct str text, const struct findings *findings)
{
    struct place place = {0, 1, 0};
    for (size_t i = 0; i < findings->count; i++) {
        struct extract_part part = part_of(report, &findings->items[i]);
        advance(&place, text, part.start, findings->items[i].start);
        write_result(report, file, text, &place, &findings->items[i]);
    }
}

static void write_rules(struct jsonw *w, const struct rules *rules)
{
    jsonw_key(w, "rules");
    jsonw_array(w);
    for (size_t i = 0; i < rules_count(rules); i++) {
        jsonw_object(w);
        jsonw_key_str(w, "id", rules_id(rules, i));
        if (rules_description(rules, i).n > 0)
            write_text(w, "shortDescription", rules_description(rules, i));
        jsonw_close(w);
    }
    jsonw_close(w);
}

void scan_report_begin(struct scan_report *report)
{
    struct jsonw *w = &report->sarif;
    if (report->format != SCAN_SARIF)
        return;
    *w = (struct jsonw){.out = &report->text};
    jsonw_object(w);
    jsonw_key_cstr(
        w, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    jsonw_key_cstr(w, "version", "2.1.0");
    jsonw_key(w, "runs");
    jsonw_array(w);
    jsonw_object(w);
    jsonw_key(w, "tool");
    jsonw_object(w);
    jsonw_key(w, "driver");
    jsonw_object(w);
    jsonw_key_cstr(w, "name", "promptgate");
    write_rules(w, report->rules);
    jsonw_close(w);
    jsonw_close(w);
    jsonw_key(w, "results");
    jsonw_array(w);
}

void scan_report_flush(struct scan_report *report)
{
    fwrite(buf_bytes(&report->text), 1, report->text.n, report->out);
    buf_clear(&report->text);
}

void scan_report_add(struct scan_report *report, const char *file,
    struct str text, const struct findings *findings,
    const struct extract_report *extracted)
{
    report->extracted = extracted;
    if (report->format == SCAN_SARIF)
        add_sarif(report, file, text, findings);
    else if (report->format == SCAN_JSONL)
        add_jsonl(report, file, text, findings);
    else
        add_table(report, file, text, findings);
    report->extracted = NULL; /* the caller's */
    if (report->text.n > 0)
        scan_report_flush(report);
}

void scan_report_end(struct scan_report *report)
{
    if (report->format == SCAN_SARIF) {
        for (int i = 0; i < 4; i++)
            jsonw_close(&report->sarif);
        buf_append_char(&report->text, '\n');
    }
    if (report->text.n > 0)
        scan_report_flush(report);
    fflush(report->out);
    buf_wipe_free(&report->text);
}
