/*
 * Findings as SARIF 2.1.0: one run, with every detector as a rule.
 *
 * Regions are in code points.  A document's findings have lines and columns of
 * its text, and the member they are in as logical location, since a viewer
 * cannot point into the document itself.  Fingerprints are made of what does
 * not move with the lines and tells nothing of the value: detector, masked
 * sample, file, and which one of several equal ones it is.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "proxy/scan_report.h"

enum { NOTES_MAX_BYTES = 1 << 20, CWD_MAX = 4096 };

/* ---- names --------------------------------------------------------------- */

/* RFC 3986: what stands for itself in a path. */
static bool is_path_byte(unsigned char c)
{
    static const char marks[] = "-._~!$&'()*+,;=@/";
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c != '\0' && strchr(marks, c) != NULL);
}

static void append_uri(struct buf *out, struct str path)
{
    if (str_starts(path, "/"))
        buf_append_str(out, STR("file://"));
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (is_path_byte(c))
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* Relative ones are below the folder that the command was started in. */
static void write_artifact(struct jsonw *w, const char *file)
{
    struct buf uri = {0};
    struct str path = str_of(file);
    while (str_starts(path, "./"))
        path = str_sub(path, 2, path.n);
    append_uri(&uri, path);
    jsonw_key(w, "artifactLocation");
    jsonw_object(w);
    jsonw_key_str(w, "uri", buf_str(&uri));
    if (!str_starts(path, "/"))
        jsonw_key_cstr(w, "uriBaseId", "%SRCROOT%");
    jsonw_close(w);
    buf_free(&uri);
}

static void write_text(struct jsonw *w, const char *key, struct str text)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_key_str(w, "text", text);
    jsonw_close(w);
}

/* ---- rules --------------------------------------------------------------- */

static const char *level_of(enum level severity)
{
    return severity == LEVEL_HIGH     ? "error"
           : severity == LEVEL_MEDIUM ? "warning"
                                      : "note";
}

/* As code hosts sort by it, 0.0 to 10.0. */
static const char *score_of(enum level severity)
{
    return severity == LEVEL_HIGH     ? "8.0"
           : severity == LEVEL_MEDIUM ? "5.0"
                                      : "2.0";
}

struct described {
    struct str id, type, group, description;
    enum level severity;
};

static void write_rule(struct jsonw *w, const struct described *d)
{
    struct buf help = {0};
    struct str text = d->description.n > 0 ? d->description : d->id;
    buf_printf(&help,
        "%.*s. Remove the value from the text; if it is a secret, it is known "
        "now to whoever can read this: replace it.",
        STR_ARG(text));
    jsonw_object(w);
    jsonw_key_str(w, "id", d->id);
    jsonw_key_str(w, "name", d->id);
    write_text(w, "shortDescription", text);
    write_text(w, "fullDescription", text);
    write_text(w, "help", buf_str(&help));
    jsonw_key(w, "defaultConfiguration");
    jsonw_object(w);
    jsonw_key_cstr(w, "level", level_of(d->severity));
    jsonw_close(w);
    jsonw_key(w, "properties");
    jsonw_object(w);
    jsonw_key(w, "tags");
    jsonw_array(w);
    jsonw_str(w, STR("security"));
    jsonw_str(w, d->group);
    jsonw_str(w, d->type);
    jsonw_close(w);
    jsonw_key_cstr(w, "security-severity", score_of(d->severity));
    jsonw_close(w);
    jsonw_close(w);
    buf_free(&help);
}

static const struct described unreadable = {STR("unreadable-file"),
    STR("unreadable-file"), STR("document"),
    STR("A document whose text cannot be had, or not all of it"), LEVEL_MEDIUM};

static void write_rules(struct jsonw *w, const struct rules *rules)
{
    jsonw_key(w, "rules");
    jsonw_array(w);
    for (size_t i = 0; i < rules_count(rules); i++) {
        const struct described d = {rules_id(rules, i), rules_type(rules, i),
            rules_group(rules, i), rules_description(rules, i),
            rules_severity(rules, i)};
        write_rule(w, &d);
    }
    write_rule(w, &unreadable);
    jsonw_close(w);
}

/* rules_count: none of them, and no member then. */
static size_t find_rule(const struct rules *rules, struct str id)
{
    size_t i = 0, n = rules_count(rules);
    while (i < n && !str_eq(rules_id(rules, i), id))
        i++;
    return i;
}

/* ---- results ------------------------------------------------------------- */

static void write_region(struct jsonw *w, const struct scan_report *report,
    const struct scan_result *result, size_t i)
{
    const struct finding *f = &result->findings.items[i];
    const struct scan_spot *spot = &result->spots[i];
    jsonw_key(w, "region");
    jsonw_object(w);
    jsonw_key_int(w, "startLine", (int64_t)spot->line);
    jsonw_key_int(w, "startColumn", (int64_t)spot->column);
    jsonw_key_int(w, "endLine", (int64_t)spot->end_line);
    jsonw_key_int(w, "endColumn", (int64_t)spot->end_column);
    if (result->is_bytes) {
        jsonw_key_int(w, "byteOffset", (int64_t)f->start);
        jsonw_key_int(w, "byteLength", (int64_t)(f->end - f->start));
    }
    if (report->is_unmasked)
        write_text(w, "snippet", spot->value);
    jsonw_close(w);
}

static void write_location(struct jsonw *w, const struct scan_report *report,
    const char *file, const struct scan_result *result, size_t i)
{
    const struct scan_spot *spot = &result->spots[i];
    jsonw_key(w, "locations");
    jsonw_array(w);
    jsonw_object(w);
    jsonw_key(w, "physicalLocation");
    jsonw_object(w);
    write_artifact(w, file);
    write_region(w, report, result, i);
    jsonw_close(w);
    if (spot->part.n > 0) {
        jsonw_key(w, "logicalLocations");
        jsonw_array(w);
        jsonw_object(w);
        jsonw_key_str(w, "fullyQualifiedName", spot->part);
        jsonw_key_cstr(w, "kind", "member");
        jsonw_close(w);
        jsonw_close(w);
    }
    jsonw_close(w);
    jsonw_close(w);
}

static bool is_alike(const struct finding *a, const struct finding *b)
{
    return str_eq(a->detector, b->detector) && str_eq(a->sample, b->sample);
}

static void write_fingerprint(struct jsonw *w, const char *file,
    const struct scan_result *result, size_t i)
{
    const struct finding *f = &result->findings.items[i];
    struct buf text = {0};
    char hex[DIGEST_HEX_BYTES];
    size_t before = 0;
    for (size_t j = 0; j < i; j++)
        before += is_alike(&result->findings.items[j], f);
    buf_printf(&text, "%.*s\n%.*s\n%s\n%.*s\n%zu", STR_ARG(f->detector),
        STR_ARG(f->sample), file, STR_ARG(result->spots[i].part), before);
    digest_sha256_hex(buf_str(&text), hex);
    jsonw_key(w, "partialFingerprints");
    jsonw_object(w);
    jsonw_key_str(w, "promptgateFinding/v1", str_make(hex, 32));
    jsonw_close(w);
    buf_free(&text);
}

static void write_result(struct jsonw *w, const struct scan_report *report,
    const char *file, const struct scan_result *result, size_t i)
{
    const struct finding *f = &result->findings.items[i];
    struct buf message = {0};
    size_t rule = find_rule(report->rules, f->detector);
    bool is_known =
        rule < rules_count(report->rules) || str_eq(f->detector, unreadable.id);
    buf_printf(&message, "%.*s (%.*s), confidence %s: %.*s",
        STR_ARG(f->detector), STR_ARG(f->type), level_name(f->confidence),
        STR_ARG(f->sample));
    jsonw_object(w);
    jsonw_key_str(w, "ruleId", f->detector);
    if (is_known)
        jsonw_key_int(w, "ruleIndex", (int64_t)rule);
    jsonw_key_cstr(w, "level", level_of(f->severity));
    write_text(w, "message", buf_str(&message));
    write_location(w, report, file, result, i);
    write_fingerprint(w, file, result, i);
    jsonw_key(w, "properties");
    jsonw_object(w);
    jsonw_key_str(w, "type", f->type);
    jsonw_key_str(w, "group", f->group);
    jsonw_key_cstr(w, "confidence", level_name(f->confidence));
    jsonw_key_cstr(w, "severity", level_name(f->severity));
    jsonw_close(w);
    jsonw_close(w);
    buf_free(&message);
}

/* Objects with commas between; the array around them is the whole log's. */
void scan_sarif_file(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out)
{
    for (size_t i = 0; i < result->findings.count; i++) {
        struct jsonw w = {.out = out};
        if (i != 0)
            buf_append_char(out, ',');
        write_result(&w, report, file, result, i);
    }
}

/* ---- the run ------------------------------------------------------------- */

static void write_base(struct jsonw *w)
{
    char folder[CWD_MAX];
    struct buf uri = {0};
    if (getcwd(folder, sizeof folder) == NULL)
        return;
    append_uri(&uri, str_of(folder));
    buf_append_char(&uri, '/');
    jsonw_key(w, "originalUriBaseIds");
    jsonw_object(w);
    jsonw_key(w, "%SRCROOT%");
    jsonw_object(w);
    jsonw_key_str(w, "uri", buf_str(&uri));
    jsonw_close(w);
    jsonw_close(w);
    buf_free(&uri);
}

void scan_sarif_begin(struct scan_report *report, struct buf *out)
{
    struct jsonw *w = &report->sarif;
    *w = (struct jsonw){.out = out};
    jsonw_object(w);
    jsonw_key_cstr(w, "$schema",
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
        "sarif-schema-2.1.0.json");
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
    jsonw_key_cstr(w, "columnKind", "unicodeCodePoints");
    write_base(w);
    jsonw_key(w, "results");
    jsonw_array(w);
}

void scan_report_note(
    struct scan_report *report, const char *file, struct str why)
{
    struct jsonw w = {.out = &report->notes};
    if (report->format != SCAN_SARIF || report->notes.n > NOTES_MAX_BYTES)
        return;
    if (report->notes.n != 0)
        buf_append_char(&report->notes, ',');
    jsonw_object(&w);
    jsonw_key_cstr(&w, "level", "error");
    write_text(&w, "message", why);
    jsonw_key(&w, "locations");
    jsonw_array(&w);
    jsonw_object(&w);
    jsonw_key(&w, "physicalLocation");
    jsonw_object(&w);
    write_artifact(&w, file);
    jsonw_close(&w);
    jsonw_close(&w);
    jsonw_close(&w);
    jsonw_close(&w);
}

void scan_sarif_end(struct scan_report *report, struct buf *out)
{
    struct jsonw *w = &report->sarif;
    struct buf notes = {0};
    w->out = out;
    jsonw_close(w); /* results */
    jsonw_key(w, "invocations");
    jsonw_array(w);
    jsonw_object(w);
    jsonw_key_bool(w, "executionSuccessful", report->notes.n == 0);
    buf_printf(&notes, "[%.*s]", STR_ARG(buf_str(&report->notes)));
    jsonw_key(w, "toolExecutionNotifications");
    jsonw_raw(w, buf_str(&notes));
    while (w->depth > 0)
        jsonw_close(w);
    buf_append_char(out, '\n');
    buf_free(&notes);
}
