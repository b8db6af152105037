/*
 * OOXML (ECMA-376), ODF 1.2 and EPUB: zips of XML.  All members are unpacked
 * first, since a sheet's strings may come behind the sheet; then each is read
 * as a part of its own, in the order of the zip, so that headers, comments,
 * speaker notes, deleted text, properties and hidden sheets are there without
 * anybody having to know their names.
 *
 * One rule makes lines of all dialects: an element that held characters ends
 * a line (a cell: a column), but for those that stand within a line.
 */
#include "extract/job.h"

#include "base/mem.h"
#include "extract/format.h"
#include "extract/sheet.h"
#include "extract/unpack.h"
#include "extract/xml.h"

/* ---- words of any dialect ---- */

enum { DEPTH_TRACKED = 520 };

struct reading {
    struct job *job;
    struct buf side;   /* attribute values, told behind the part */
    struct buf apart;  /* notes and boxes, told behind their paragraph */
    struct buf before; /* the paragraph without its tracked changes */
    bool has_text[DEPTH_TRACKED];
    bool is_changed;       /* something of the paragraph was deleted */
    bool is_foreign;       /* of no dialect: all its attributes may tell */
    unsigned depth, cells; /* open elements, cells among them */
    unsigned deleted, inserted, asides; /* and these */
};

/* Word's and PowerPoint's runs, tracked changes and fields; ODF's spans;
 * (X)HTML's. */
static bool is_inline(const char *name)
{
    static const char *const names[] = {"r", "t", "delText", "instrText",
        "delInstrText", "ins", "del", "moveFrom", "moveTo", "smartTag",
        "hyperlink", "sdt", "sdtContent", "fldSimple", "fld", "span", "a", "b",
        "i", "u", "em", "strong", "s", "tab", "rPr", "bookmark", "ruby", "rt",
        "rubyBase", "sub", "sup", "small", "font", "code", "mark", "dir", "bdo",
        "phoneticPr", NULL};
    return xml_is_one_of(name, names);
}

/* What stands within a paragraph and is none of its words: a value goes on
 * behind it (Word's text boxes; ODF's notes, annotations and boxes). */
static bool is_aside(const char *name)
{
    static const char *const names[] = {
        "txbxContent", "annotation", "note", "text-box", NULL};
    return xml_is_one_of(name, names);
}

static bool is_deletion(const char *name)
{
    return strcmp(name, "del") == 0 || strcmp(name, "moveFrom") == 0;
}

static bool is_insertion(const char *name)
{
    return strcmp(name, "ins") == 0 || strcmp(name, "moveTo") == 0;
}

/* ---- words to where they belong ---- */

static void keep_or_tell(struct reading *r, struct buf *kept, struct str text)
{
    if (text.n <= SIDE_MAX - kept->n)
        buf_append_str(kept, text);
    else
        job_text(r->job, text);
}

static void put(struct reading *r, struct str text)
{
    if (r->asides > 0) {
        keep_or_tell(r, &r->apart, text);
    } else if (r->deleted > 0) {
        r->is_changed = true;
        keep_or_tell(r, &r->before, text);
    } else {
        if (r->inserted == 0 && text.n <= SIDE_MAX - r->before.n)
            buf_append_str(&r->before, text);
        job_text(r->job, text);
    }
}

static void put_char(struct reading *r, char c)
{
    put(r, str_make(&c, 1));
}

static void put_break(struct reading *r)
{
    if (r->asides == 0)
        job_break(r->job);
    else if (r->apart.n > 0 && !str_ends(buf_str(&r->apart), "\n"))
        put_char(r, '\n');
}

/* Both of its wordings hold what somebody wrote: as it is now, and as it was
 * before it was changed. */
static void end_paragraph(struct reading *r)
{
    if (r->asides > 0)
        return;
    if (r->is_changed)
        job_line(r->job, buf_str(&r->before));
    job_line(r->job, buf_str(&r->apart));
    r->is_changed = false;
    buf_clear(&r->before);
    buf_clear(&r->apart);
}

/* ---- attributes ---- */

static bool is_cell(const char *name)
{
    static const char *const names[] = {
        "tc", "td", "th", "table-cell", "covered-table-cell", NULL};
    return xml_is_one_of(name, names);
}

/* Values that a reader may see, or that somebody wrote. */
static bool is_telling(const char *name)
{
    static const char *const names[] = {"descr", "title", "alt", "author",
        "Target", "name", "tooltip", "href", "string-value", "value", "formula",
        "initials", "userId", "displayName", "prompt", "error", "content",
        "creator", "tag", "text", "displayText", "string", "connection",
        "command", "connectionString", "url", "post", "v", NULL};
    return xml_is_one_of(name, names);
}

/* Word writes every value as "val": of these somebody typed it (variables,
 * mail merge, controls and fields of a form, tags). */
static bool has_telling_val(const char *element)
{
    static const char *const names[] = {"docVar", "connectString", "query",
        "udl", "src", "addressFieldName", "mailSubject", "alias", "tag",
        "default", "helpText", "statusText", "listEntry", "result", NULL};
    return xml_is_one_of(element, names);
}

/* Names of styles, fonts and parts are the program's, not a person's. */
static bool is_telling_element(const char *name)
{
    static const char *const dull[] = {"font", "style", "font-face",
        "latentStyles", "lsdException", "family", "charset", "cNvSpPr", "theme",
        "clrScheme", "fontScheme", "fmtScheme", "file-entry", "cellStyle",
        "tableStyle", "default-style", "list-style", "page-layout",
        "master-page", "Override", "Default", NULL};
    return !xml_is_one_of(name, dull);
}

static void keep_line(struct reading *r, struct str text)
{
    if (text.n >= SIDE_MAX - r->side.n)
        return;
    buf_append_str(&r->side, text);
    buf_append_char(&r->side, '\n');
}

static void keep_attributes(
    struct reading *r, const char *element, const char **atts)
{
    for (; atts[0] != NULL; atts += 2) {
        char number[SHEET_NUMBER_MAX];
        const char *name = xml_local(atts[0]);
        struct str value = str_trim(str_of(atts[1]));
        bool is_told = (is_telling(name) && is_telling_element(element)) ||
                       (strcmp(name, "val") == 0 && has_telling_val(element)) ||
                       r->is_foreign;
        if (is_told && strncmp(atts[0], "xmlns", 5) != 0 && value.n >= 2)
            keep_line(r, sheet_number(value, number));
    }
}

/* Blanks that ODF writes as elements (ODF 1.2 §6.1.3). */
static void write_blanks(struct reading *r, const char **atts)
{
    const char *count = xml_attribute(atts, "c");
    uint64_t n = 1;
    if (count != NULL && str_to_u64(str_of(count), &n) != OK)
        n = 1;
    for (uint64_t i = 0; i < n && i < 100; i++)
        put_char(r, ' ');
}

static void on_begin(void *arg, const char *name, const char **atts)
{
    struct reading *r = arg;
    r->depth++;
    if (r->depth < DEPTH_TRACKED)
        r->has_text[r->depth] = false;
    if (strcmp(name, "tab") == 0)
        put_char(r, '\t');
    else if (strcmp(name, "br") == 0 || strcmp(name, "cr") == 0 ||
             strcmp(name, "line-break") == 0)
        put_char(r, '\n');
    else if (strcmp(name, "s") == 0)
        write_blanks(r, atts);
    else if (strcmp(name, "noBreakHyphen") == 0)
        put_char(r, '-');
    r->cells += is_cell(name);
    r->deleted += is_deletion(name);
    r->inserted += is_insertion(name);
    r->asides += is_aside(name);
    keep_attributes(r, name, atts);
}

/* A row is a line: what stands beside a value tells what it is. */
static void end_block(struct reading *r)
{
    if (r->cells > 0)
        put_char(r, '\t');
    else
        put_break(r);
}

static void end_element(struct reading *r, const char *name)
{
    r->cells -= is_cell(name);
    r->deleted -= is_deletion(name);
    r->inserted -= is_insertion(name);
    if (is_aside(name)) {
        put_break(r);
        r->asides--;
    }
    if (strcmp(name, "tr") == 0 || strcmp(name, "table-row") == 0)
        put_break(r);
}

static void on_end(void *arg, const char *name)
{
    struct reading *r = arg;
    unsigned depth = r->depth--;
    bool had_text = depth < DEPTH_TRACKED && r->has_text[depth];
    end_element(r, name);
    if (had_text && is_cell(name))
        put_char(r, '\t');
    else if (had_text && !is_inline(name))
        end_block(r);
    else if (had_text && depth > 0)
        r->has_text[depth - 1] = true;
    if (strcmp(name, "p") == 0)
        end_paragraph(r);
}

/* Indentation between elements is no text. */
static bool is_indentation(struct str text)
{
    bool has_line_end = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        has_line_end |= c == '\n';
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return has_line_end;
}

static void on_text(void *arg, struct str text)
{
    struct reading *r = arg;
    if (is_indentation(text))
        return;
    if (r->depth < DEPTH_TRACKED)
        r->has_text[r->depth] = true;
    put(r, text);
}

static void on_comment(void *arg, struct str text)
{
    keep_line(arg, str_trim(text));
}

/* What is no XML in spite of its name is text all the same. */
static void read_words(struct job *job, struct str bytes, bool is_foreign)
{
    static const struct xml_events events = {
        on_begin, on_end, on_text, on_comment};
    struct reading r = {.job = job, .is_foreign = is_foreign};
    size_t before = job->text_bytes;
    if (!xml_read(bytes, &events, &r) && !job_is_over(job)) {
        job_trouble(job, EXTRACT_DAMAGED);
        if (job->text_bytes == before)
            read_text(job, bytes, NULL);
    }
    r.asides = 0;
    end_paragraph(&r);
    job_line(job, buf_str(&r.side));
    buf_free(&r.side);
    buf_free(&r.apart);
    buf_free(&r.before);
}

/* ---- members ---- */

struct part {
    struct str name, bytes;
};

struct parts {
    struct arena arena;
    struct part *items;
    size_t count, cap;
};

static void add_part(struct parts *p, const struct unpack_member *m)
{
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 32 : 2 * p->cap;
        p->items = mem_realloc(p->items, p->cap * sizeof *p->items);
    }
    p->items[p->count++] = (struct part){
        arena_copy(&p->arena, m->name), arena_copy(&p->arena, m->bytes)};
}

static bool has_encryption(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (str_is(parts->items[i].name, "META-INF/manifest.xml") &&
            str_has(parts->items[i].bytes, "encryption-data"))
            return true;
    return false;
}

static void collect(struct job *job, struct str bytes, struct parts *parts)
{
    struct unpack *unpack = unpack_open(job, bytes, false);
    struct unpack_member m;
    if (unpack == NULL)
        return;
    while (parts->count < job->limits->members && unpack_next(unpack, &m)) {
        job->unpacked_bytes += m.bytes.n;
        if (m.is_encrypted)
            job_trouble(job, EXTRACT_ENCRYPTED);
        else if (m.is_damaged)
            job_trouble(job, EXTRACT_DAMAGED);
        if (m.bytes.n > 0)
            add_part(parts, &m);
    }
    unpack_close(&unpack);
}

static bool is_words(const struct part *part)
{
    return str_ends_nocase(part->name, ".xml") ||
           str_ends_nocase(part->name, ".rels") ||
           str_ends_nocase(part->name, ".xhtml") ||
           str_ends_nocase(part->name, ".opf") ||
           str_ends_nocase(part->name, ".ncx") ||
           str_ends_nocase(part->name, ".rdf") ||
           str_ends_nocase(part->name, ".vml") ||
           str_starts(str_trim(str_sub(part->bytes, 0, 64)), "<?xml");
}

/* The program's own furniture: thousands of words that nobody wrote. */
static bool is_dull(struct str name)
{
    return str_has(name, "/theme/") || str_ends(name, "/fontTable.xml") ||
           str_ends(name, "/styles.xml") ||
           str_ends(name, "/stylesWithEffects.xml") ||
           str_ends(name, "/webSettings.xml") ||
           str_ends(name, "/tableStyles.xml") || str_is(name, "mimetype");
}

static bool is_string_table(struct str name)
{
    return str_ends_nocase(name, "xl/sharedStrings.xml");
}

/* Behind the sheets: what none of them shows. */
static void read_tables(
    struct job *job, struct parts *parts, const struct sheet_strings *strings)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (!is_string_table(parts->items[i].name) ||
            !job_part_begin(job, parts->items[i].name))
            continue;
        sheet_strings_rest(job, strings);
        job_part_end(job);
        return;
    }
}

static void read_part(
    struct job *job, const struct part *part, struct sheet_strings *strings)
{
    if (is_dull(part->name) || is_string_table(part->name))
        return;
    if (!is_words(part)) {
        job->unpacked_bytes -= part->bytes.n; /* counted by job_member */
        job_member(job, part->name, part->bytes);
        return;
    }
    if (!job_part_begin(job, part->name))
        return;
    if (str_starts(part->name, "xl/worksheets/") &&
        str_ends(part->name, ".xml"))
        sheet_read(job, part->bytes, strings);
    else
        read_words(job, part->bytes, str_starts(part->name, "customXml/item"));
    job_part_end(job);
}

void read_office(struct job *job, struct str bytes)
{
    struct parts parts = {0};
    struct sheet_strings strings = {0};
    collect(job, bytes, &parts);
    if (has_encryption(&parts)) {
        job_trouble(job, EXTRACT_ENCRYPTED);
        parts.count = 0;
    }
    for (size_t i = 0; i < parts.count; i++)
        if (is_string_table(parts.items[i].name) &&
            !sheet_strings_read(parts.items[i].bytes, &strings))
            job_trouble(job, EXTRACT_DAMAGED);
    for (size_t i = 0; i < parts.count && !job_is_over(job); i++)
        read_part(job, &parts.items[i], &strings);
    read_tables(job, &parts, &strings);
    sheet_strings_free(&strings);
    mem_free(parts.items);
    arena_free(&parts.arena);
}
