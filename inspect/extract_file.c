/*
 * Files in request bodies: raw, as parts of a multipart body, and as base64
 * inside the text.  Of each: name, size, SHA-256, what it is by its content,
 * and its text, for the scanner and the record.
 *
 * A body that is held is looked at as a whole; one that is streamed goes
 * through a file_reader piece by piece, which hashes and counts, while the
 * words are scanned in slices (inspect/exchange_body.c).
 */
#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/answer_parts.h"
#include "inspect/exchange_parts.h"
#include "inspect/filetype.h"
#include "inspect/form.h"
#include "inspect/mime.h"
#include "inspect/multipart.h"

struct activity_file *extract_file(
    struct exchange *ex, struct str id, struct str name)
{
    struct activity *a = ex->activity;
    if (name.n != 0)
        text_join(&ex->names, name);
    for (size_t i = 0; i < a->file_count; i++) {
        struct activity_file *file = &a->files[i];
        if (id.n == 0 || !str_eq(file->id, id))
            continue;
        if (file->name.n == 0)
            file->name = arena_copy(&a->arena, name);
        return file;
    }
    if (a->file_count == FILES_MAX)
        return NULL;
    struct activity_file *file = activity_add_file(a);
    file->id = arena_copy(&a->arena, id);
    file->name = arena_copy(&a->arena, name);
    return file;
}

/* ---- what the bytes tell ---- */

static void append_utf16(struct buf *out, struct str bytes, bool is_big)
{
    char encoded[4];
    uint32_t high = 0;
    for (size_t i = 0; i + 1 < bytes.n; i += 2) {
        unsigned a = (unsigned char)bytes.p[i];
        unsigned b = (unsigned char)bytes.p[i + 1];
        uint32_t unit = is_big ? a << 8 | b : b << 8 | a;
        bool is_low = unit >= 0xdc00 && unit < 0xe000;
        if (unit >= 0xd800 && unit < 0xdc00) {
            high = unit;
            continue;
        }
        if (high != 0 && is_low)
            unit = 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
        high = 0;
        buf_append(out, encoded, utf8_encode(unit, encoded));
    }
}

static bool is_text(struct str type)
{
    return (str_starts(type, "text/") || str_is(type, "image/svg+xml")) &&
           !str_is(type, "text/rtf");
}

static bool is_utf16(struct str bytes)
{
    return str_starts(bytes, "\xff\xfe") || str_starts(bytes, "\xfe\xff");
}

bool extract_is_plain(struct str head, struct str type)
{
    return is_text(type) && !is_utf16(head);
}

bool extract_file_text(struct buf *out, struct str bytes, struct str type)
{
    if (!is_text(type))
        return false;
    if (is_utf16(bytes)) {
        append_utf16(out, str_sub(bytes, 2, bytes.n), bytes.p[0] == '\xfe');
        return true;
    }
    if (str_starts(bytes, "\xef\xbb\xbf"))
        bytes = str_sub(bytes, 3, bytes.n);
    buf_append_str(out, bytes);
    return utf8_is_valid(bytes);
}

static void add_span(struct exchange *ex, size_t start, bool is_again)
{
    if (ex->span_count == 2 * FILES_MAX || start >= ex->file_text.n)
        return;
    if (ex->spans == NULL)
        ex->spans = arena_alloc(&ex->arena, 2 * FILES_MAX * sizeof *ex->spans);
    ex->spans[ex->span_count++] =
        (struct file_span){start, ex->file_text.n, is_again};
}

static void harvest_file(
    struct exchange *ex, struct str declared, struct str bytes, bool is_again)
{
    size_t start = ex->file_text.n;
    if (harvest_body(declared, bytes, 0, &ex->file_text) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    add_span(ex, start, is_again);
}

void extract_add_file_text(struct exchange *ex, struct str text)
{
    size_t start = ex->file_text.n;
    buf_append_str(&ex->file_text, text);
    add_span(ex, start, false);
}

void extract_harvest_bytes(
    struct exchange *ex, struct str declared, struct str bytes, bool is_again)
{
    harvest_file(ex, declared, bytes, is_again);
}

bool extract_hides_words(struct str text, bool is_head)
{
    struct str begin = str_trim(str_sub(text, 0, 1024));
    return (str_starts(begin, "{") || str_starts(begin, "[")) &&
           (is_head || str_find_char(text, '\\') < text.n);
}

void extract_file_bytes(struct exchange *ex, struct activity_file *file,
    struct str declared_type, struct str bytes)
{
    char hex[DIGEST_HEX_BYTES];
    struct arena *arena = &ex->activity->arena;
    digest_sha256_hex(bytes, hex);
    file->bytes = (int64_t)bytes.n;
    file->sha256 = arena_copy(arena, str_of(hex));
    file->declared_type = arena_copy(arena, declared_type);
    file->type = filetype_find(bytes);
    upload_take_bytes(ex, bytes);
    size_t start = ex->file_text.n;
    if (!extract_file_text(&ex->file_text, bytes, file->type)) {
        buf_truncate(&ex->file_text, start);
        if (!document_add(ex, file, declared_type, bytes))
            harvest_file(ex, declared_type, bytes, false);
        return;
    }
    add_span(ex, start, false);
    struct str text = str_sub(buf_str(&ex->file_text), start, SIZE_MAX);
    if (text.n <= FILE_TEXT_BYTES_MAX) {
        buf_clear(&file->text);
        buf_append_str(&file->text, text);
    }
    if (extract_hides_words(text, false))
        harvest_file(ex, STR("application/json"), bytes, true);
}

/* ---- inside the text ---- */

static void add_inline(struct exchange *ex, const struct json_node *node,
    struct str type, struct str name, struct str bytes)
{
    take(ex, node);
    struct activity_file *file = extract_file(ex, STR_NONE, name);
    if (file != NULL)
        extract_file_bytes(ex, file, type, bytes);
    else
        harvest_file(ex, type, bytes, false);
}

void extract_data_url(
    struct exchange *ex, const struct json_node *node, struct str name)
{
    struct str url = json_str(node);
    size_t comma = str_find_char(url, ',');
    if (!str_starts_nocase(url, "data:") || comma == url.n)
        return;
    struct str head = str_sub(url, 5, comma);
    struct str payload = str_sub(url, comma + 1, url.n);
    struct str type = str_sub(head, 0, str_find_char(head, ';'));
    struct buf bytes = {0};
    if (!str_ends_nocase(head, ";base64"))
        buf_append_str(&bytes, form_decode(&ex->arena, payload, false));
    else if (base64_decode(payload, &bytes) != OK)
        goto out; /* not taken: its text is scanned with the rest */
    add_inline(ex, node, type, name, buf_str(&bytes));
out:
    buf_wipe_free(&bytes);
}

void extract_base64(struct exchange *ex, const struct json_node *node,
    struct str declared_type, struct str name)
{
    struct buf bytes = {0};
    struct str text = json_str(node);
    if (str_starts_nocase(text, "data:"))
        extract_data_url(ex, node, name);
    else if (text.n != 0 && base64_decode(text, &bytes) == OK)
        add_inline(ex, node, declared_type, name, buf_str(&bytes));
    buf_wipe_free(&bytes);
}

/* ---- parts ---- */

struct file_reader {
    struct exchange *ex;
    struct multipart *multipart; /* NULL: the bytes are the file */
    struct form_reader form;
    struct json_node root; /* the fields */
    struct arena scratch;
    struct buf value; /* of a field; held: of the file */
    bool is_field, is_file, is_held;
    bool is_broken; /* streamed: no parts (any more) */
    struct str name, type;
    size_t own; /* 1 + place in the activity's files; 0: it is to be one */
    struct digest *digest; /* streamed: of the file */
    struct buf document;   /* streamed: its bytes, if they will be read */
    bool is_too_large;     /* for that */
    uint64_t bytes;
    struct buf head, tail; /* streamed: FILETYPE_HEAD_BYTES, FILE_TAIL_BYTES */
};

enum { FIELD_BYTES_MAX = 1024 * 1024, FILE_TAIL_BYTES = 1024 };

static void drop_document(struct file_reader *r)
{
    document_release(r->document.n);
    buf_wipe_free(&r->document);
}

static void begin_file(struct file_reader *r, struct str name, struct str type)
{
    r->is_file = true;
    r->name = arena_copy(&r->ex->arena, name);
    r->type = arena_copy(&r->ex->arena, type);
    r->bytes = 0;
    buf_clear(&r->value);
    buf_clear(&r->head);
    buf_clear(&r->tail);
    drop_document(r);
    r->is_too_large = false;
    if (r->is_held)
        return;
    digest_free(&r->digest);
    r->digest = digest_new();
    exchange_scan_begin(r->ex, type, true);
}

/* Some clients give a file no name (RFC 7578 §4.2 leaves them free to): a
 * field of a form has no type, and none is called as the bytes are (§9.3). */
static bool is_file_part(
    const struct exchange *ex, const struct multipart_part *part)
{
    struct str name = part->disposition.name;
    if (part->disposition.has_filename)
        return true;
    return exchange_route(ex)->body == BODY_FILE &&
           (part->content_type.n != 0 || str_is(name, "file") ||
               (upload_is_piece(ex) && str_is(name, "data")));
}

static void on_part(void *arg, const struct multipart_part *part)
{
    struct file_reader *r = arg;
    r->is_field = false;
    if (is_file_part(r->ex, part)) {
        begin_file(r, part->disposition.filename, part->content_type);
        return;
    }
    r->is_field = true;
    r->name = arena_copy(&r->ex->arena, part->disposition.name);
    buf_clear(&r->value);
}

/* What is streamed passes, but its end: a document among it is kept to be
 * read before that. */
static void keep_document(struct file_reader *r, struct str data)
{
    size_t most = r->ex->env->document_max_bytes;
    if (r->is_too_large || most == 0 ||
        (r->head.n == FILETYPE_HEAD_BYTES &&
            !filetype_is_document(filetype_find(buf_str(&r->head)))))
        return;
    r->is_too_large =
        data.n > most - r->document.n || !document_reserve(data.n);
    if (r->is_too_large)
        drop_document(r);
    else
        buf_append_str(&r->document, data);
}

static void on_data(void *arg, struct str data)
{
    struct file_reader *r = arg;
    bool is_kept = r->is_held || r->value.n + data.n <= FIELD_BYTES_MAX;
    if ((r->is_field && is_kept) || (r->is_file && r->is_held))
        buf_append_str(&r->value, data);
    else if (r->is_field)
        exchange_note_failure(r->ex, FAIL_LIMIT);
    if (!r->is_file || r->is_held)
        return;
    exchange_scan_piece(r->ex, data);
    upload_take_passing(r->ex, data);
    digest_update(r->digest, data);
    r->bytes += data.n;
    if (r->head.n < FILETYPE_HEAD_BYTES)
        buf_append_str(
            &r->head, str_sub(data, 0, FILETYPE_HEAD_BYTES - r->head.n));
    buf_append_str(&r->tail,
        str_sub(data, data.n > FILE_TAIL_BYTES ? data.n - FILE_TAIL_BYTES : 0,
            data.n));
    if (r->tail.n > FILE_TAIL_BYTES)
        buf_consume(&r->tail, r->tail.n - FILE_TAIL_BYTES);
    keep_document(r, data);
}

static void end_streamed(struct file_reader *r, struct activity_file *file)
{
    uint8_t sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_BYTES];
    struct arena *arena = &r->ex->activity->arena;
    exchange_scan_rest(r->ex);
    digest_final(&r->digest, sum);
    digest_hex(sum, hex);
    if (file == NULL)
        return;
    file->bytes = (int64_t)r->bytes;
    file->sha256 = arena_copy(arena, str_of(hex));
    file->declared_type = arena_copy(arena, r->type);
    file->type = filetype_find(buf_str(&r->head));
    upload_take_end(r->ex, buf_str(&r->head), buf_str(&r->tail));
    if (r->is_too_large)
        document_note_too_large(r->ex, file->type);
    else if (r->document.n > 0)
        (void)document_add(r->ex, file, r->type, buf_str(&r->document));
    drop_document(r);
}

static void end_file(struct file_reader *r)
{
    struct activity_file *file = r->own != 0
                                     ? &r->ex->activity->files[r->own - 1]
                                     : extract_file(r->ex, STR_NONE, r->name);
    r->is_file = false;
    if (!r->is_held)
        end_streamed(r, file);
    else if (file != NULL)
        extract_file_bytes(r->ex, file, r->type, buf_str(&r->value));
    else
        harvest_file(r->ex, r->type, buf_str(&r->value), false);
}

static void on_part_end(void *arg)
{
    struct file_reader *r = arg;
    if (r->is_file)
        end_file(r);
    else if (r->is_field)
        extract_form_field(&r->form, r->name, buf_str(&r->value));
    r->is_field = false;
}

/* What is no part may hold words, too. */
static void on_other(void *arg, struct str bytes)
{
    struct file_reader *r = arg;
    struct str text = str_trim(bytes);
    if (text.n <= 2)
        return;
    if (r->is_held || r->ex->rest.n + text.n <= FIELD_BYTES_MAX)
        text_join(&r->ex->rest, text);
    else
        exchange_note_failure(r->ex, FAIL_LIMIT);
}

static const struct multipart_events part_events = {.on_part = on_part,
    .on_data = on_data,
    .on_part_end = on_part_end,
    .on_other = on_other};

static void reader_open(struct file_reader *r, struct exchange *ex)
{
    r->ex = ex;
    r->root.kind = JSON_OBJECT;
    r->form = (struct form_reader){.arena = &r->scratch, .root = &r->root};
}

static void reader_close(struct file_reader *r)
{
    multipart_free(&r->multipart);
    digest_free(&r->digest);
    buf_wipe_free(&r->value);
    buf_wipe_free(&r->head);
    buf_wipe_free(&r->tail);
    drop_document(r);
    arena_free(&r->scratch);
}

static bool is_multipart(struct exchange *ex, struct str *boundary_out)
{
    struct mime_type type = {0};
    if (mime_parse_type(ex->content_type, &ex->arena, &type) != OK ||
        !str_starts(type.type, "multipart/"))
        return false;
    *boundary_out = type.boundary;
    return true;
}

static void on_peeked_part(void *arg, const struct multipart_part *part)
{
    struct file_reader *r = arg;
    r->is_field = !is_file_part(r->ex, part);
    r->name = arena_copy(&r->ex->arena, part->disposition.name);
    buf_clear(&r->value);
}

static void on_peeked_data(void *arg, struct str data)
{
    struct file_reader *r = arg;
    if (r->is_field && r->value.n + data.n <= FIELD_BYTES_MAX)
        buf_append_str(&r->value, data);
}

void extract_peek(struct exchange *ex)
{
    static const struct multipart_events events = {
        .on_part = on_peeked_part,
        .on_data = on_peeked_data,
        .on_part_end = on_part_end,
    };
    struct file_reader r = {0};
    struct str boundary;
    reader_open(&r, ex);
    if (is_multipart(ex, &boundary) &&
        multipart_new(boundary, &events, &r, &r.multipart) == OK)
        (void)!multipart_feed(r.multipart, buf_str(&ex->body));
    upload_take_address(ex, &r.root);
    reader_close(&r);
}

/* Fields by the map's paths, as of a form; parts with a file name are files. */
void extract_multipart(struct exchange *ex, struct str boundary)
{
    struct file_reader r = {.is_held = true};
    reader_open(&r, ex);
    if (multipart_new(boundary, &part_events, &r, &r.multipart) != OK) {
        extract_harvest(ex);
        exchange_note_failure(ex, FAIL_PARSE);
        reader_close(&r);
        return;
    }
    enum err err = multipart_feed(r.multipart, buf_str(&ex->body));
    if (err == OK)
        err = multipart_finish(r.multipart);
    if (err != OK) { /* what was not read is scanned all the same */
        harvest_file(ex, ex->content_type, buf_str(&ex->body), true);
        exchange_note_failure(ex, FAIL_PARSE);
    }
    extract_fields(ex, &r.root);
    extract_form_rest(ex, &r.root);
    reader_close(&r);
}

void extract_file_body(struct exchange *ex)
{
    struct str boundary;
    if (is_multipart(ex, &boundary)) {
        extract_multipart(ex, boundary);
        return;
    }
    struct activity_file *file = extract_file(ex, STR_NONE, STR_NONE);
    extract_file_bytes(ex, file, ex->content_type, buf_str(&ex->body));
    extract_ids(ex, NULL);
}

/* ---- while they pass ---- */

/* What cannot be read in parts is scanned as it is. */
static void break_off(struct file_reader *r)
{
    exchange_note_failure(r->ex, FAIL_PARSE);
    if (r->is_file)
        end_file(r);
    r->is_broken = true;
    exchange_scan_begin(r->ex, STR_NONE, false);
}

struct file_reader *file_reader_new(struct exchange *ex)
{
    struct file_reader *r = MEM_NEW(struct file_reader);
    struct str boundary;
    reader_open(r, ex);
    if (!is_multipart(ex, &boundary))
        begin_file(r, STR_NONE, ex->content_type);
    else if (multipart_new(boundary, &part_events, r, &r->multipart) != OK)
        break_off(r);
    return r;
}

struct file_reader *file_reader_of(
    struct exchange *ex, const struct activity_file *file)
{
    struct file_reader *r = MEM_NEW(struct file_reader);
    reader_open(r, ex);
    r->own = (size_t)(file - ex->activity->files) + 1;
    begin_file(r, STR_NONE, file->declared_type);
    return r;
}

void file_reader_end(struct file_reader *r)
{
    end_file(r);
}

void file_reader_feed(struct file_reader *r, struct str bytes)
{
    if (!r->is_broken && r->multipart == NULL) {
        on_data(r, bytes);
        return;
    }
    if (!r->is_broken && multipart_feed(r->multipart, bytes) != OK)
        break_off(r);
    if (r->is_broken)
        exchange_scan_piece(r->ex, bytes);
}

void file_reader_finish(struct file_reader *r)
{
    struct exchange *ex = r->ex;
    if (!r->is_broken && r->multipart != NULL &&
        multipart_finish(r->multipart) != OK && !ex->is_cut)
        exchange_note_failure(ex, FAIL_PARSE);
    if (r->is_file)
        end_file(r);
    exchange_scan_rest(ex);
    for (size_t i = 0; ex->is_cut && i < ex->activity->file_count; i++) {
        ex->activity->files[i].bytes = -1; /* there is more of it */
        ex->activity->files[i].sha256 = STR_NONE;
    }
    extract_fields(ex, &r->root);
    extract_form_rest(ex, &r->root);
}

void file_reader_free(struct file_reader **reader)
{
    if (*reader == NULL)
        return;
    reader_close(*reader);
    mem_free(*reader);
    *reader = NULL;
}
