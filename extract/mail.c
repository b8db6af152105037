/*
 * Mail (RFC 5322, MIME RFC 2045 to 2047 and 2231) and mbox: header fields as
 * lines, parts decoded and read by their content, attachments as members.
 * Lenient: what is not understood of the structure is text.
 */
#include "extract/job.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/mem.h"
#include "extract/format.h"
#include "extract/text.h"
#include "inspect/mime.h"

enum { PARTS_DEEP = 16, FIELD_BYTES_MAX = 64 * 1024, CHARSET_BYTES = 48 };

/* ---- encodings ---- */

static void decode_quoted(struct str s, bool is_word, struct buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '=' && i + 2 < s.n && str_hex_value(s.p[i + 1]) >= 0 &&
            str_hex_value(s.p[i + 2]) >= 0) {
            c = (char)(str_hex_value(s.p[i + 1]) << 4 |
                       str_hex_value(s.p[i + 2]));
            i += 2;
        } else if (c == '=' && !is_word) { /* a line that goes on */
            size_t end = i + 1;
            while (end < s.n &&
                   (s.p[end] == ' ' || s.p[end] == '\t' || s.p[end] == '\r'))
                end++;
            if (end < s.n && s.p[end] == '\n') {
                i = end;
                continue;
            }
        } else if (c == '_' && is_word) {
            c = ' ';
        }
        buf_append_char(out, c);
    }
}

/* Line by line, so that one damaged line does not lose the others. */
static void decode_base64(struct str s, struct buf *out)
{
    struct buf clean = {0};
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '+' || c == '/' ||
                        c == '-' || c == '_';
        if (is_digit)
            buf_append_char(&clean, c);
    }
    if (clean.n % 4 == 1)
        buf_truncate(&clean, clean.n - 1);
    if (base64_decode(buf_str(&clean), out) != OK)
        buf_append_str(out, s);
    buf_free(&clean);
}

static bool charset_of(struct str name, char out[CHARSET_BYTES])
{
    if (name.n == 0 || name.n >= CHARSET_BYTES)
        return false;
    memcpy(out, name.p, name.n);
    out[name.n] = '\0';
    return true;
}

/* "=?utf-8?B?…?=", the whole of it in s: appended decoded. */
static size_t decode_word(struct str s, struct buf *out)
{
    char charset[CHARSET_BYTES];
    size_t a = str_find_char(str_sub(s, 2, s.n), '?') + 2;
    if (a + 3 >= s.n || s.p[a + 2] != '?')
        return 0;
    struct str text = str_sub(s, a + 3, s.n);
    size_t n = str_find(text, STR("?="));
    struct str name = str_sub(s, 2, a);
    name = str_sub(name, 0, str_find_char(name, '*'));
    if (n == text.n || !charset_of(name, charset))
        return 0;
    struct buf bytes = {0};
    if (s.p[a + 1] == 'B' || s.p[a + 1] == 'b')
        decode_base64(str_sub(text, 0, n), &bytes);
    else
        decode_quoted(str_sub(text, 0, n), true, &bytes);
    if (!text_convert(buf_str(&bytes), charset, out))
        buf_append_str(out, buf_str(&bytes));
    buf_free(&bytes);
    return a + 3 + n + 2;
}

/* Encoded words; blanks between two of them are no text (RFC 2047 §6.2). */
static void decode_field(struct str s, struct buf *out)
{
    size_t after_word = SIZE_MAX;
    for (size_t i = 0; i < s.n;) {
        size_t n = 0;
        if (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?') {
            struct buf word = {0};
            n = decode_word(str_sub(s, i, s.n), &word);
            if (n > 0 && after_word != SIZE_MAX)
                buf_truncate(out, after_word);
            buf_append_str(out, buf_str(&word));
            buf_free(&word);
        }
        if (n > 0) {
            after_word = out->n;
        } else {
            if (s.p[i] != ' ' && s.p[i] != '\t')
                after_word = SIZE_MAX;
            buf_append_char(out, s.p[i]);
        }
        i += n > 0 ? n : 1;
    }
}

/* ---- header ---- */

struct head {
    struct arena arena;
    struct mime_type type;
    struct mime_disposition disposition;
    struct str type_name; /* "name" of Content-Type, decoded */
    struct str encoding;
};

static void take_type(struct head *h, struct str value)
{
    struct mime_disposition like;
    if (mime_parse_type(value, &h->arena, &h->type) != OK)
        h->type = (struct mime_type){0};
    /* Its parameters have the same form: "name" is what we look for. */
    struct buf text = {0};
    buf_append_str(&text, STR("x"));
    buf_append_str(&text, str_sub(value, str_find_char(value, ';'), value.n));
    if (mime_parse_disposition(buf_str(&text), &h->arena, &like) == OK &&
        like.has_name)
        h->type_name = arena_copy(&h->arena, like.name);
    buf_free(&text);
}

static void take_field(struct head *h, struct str name, struct str value)
{
    if (str_is_nocase(name, "content-type"))
        take_type(h, value);
    else if (str_is_nocase(name, "content-transfer-encoding"))
        h->encoding = arena_lower(&h->arena, value);
    else if (str_is_nocase(name, "content-disposition") &&
             mime_parse_disposition(value, &h->arena, &h->disposition) != OK)
        h->disposition = (struct mime_disposition){0};
}

/* Transport and signatures: long, random, and nobody's words. */
static bool is_dull(struct str name)
{
    static const char *const names[] = {"received", "dkim-signature",
        "arc-seal", "arc-message-signature", "arc-authentication-results",
        "authentication-results", "x-google-dkim-signature", "content-type",
        "content-transfer-encoding", "content-disposition", "mime-version"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is_nocase(name, names[i]))
            return true;
    return false;
}

static void end_field(struct job *job, struct head *h, struct buf *field)
{
    struct str text = buf_str(field);
    size_t colon = str_find_char(text, ':');
    if (colon < text.n) {
        struct str name = str_trim(str_sub(text, 0, colon));
        struct str value = str_trim(str_sub(text, colon + 1, text.n));
        struct buf line = {0};
        take_field(h, name, value);
        if (!is_dull(name)) {
            buf_append_str(&line, name);
            buf_append_str(&line, STR(": "));
            decode_field(value, &line);
            job_line(job, buf_str(&line));
        }
        buf_free(&line);
    }
    buf_clear(field);
}

/* Takes the header off the front of *rest. */
static void read_head(struct job *job, struct str *rest, struct head *h)
{
    struct buf field = {0};
    struct str line;
    while (str_split(rest, '\n', &line)) {
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line = str_sub(line, 0, line.n - 1);
        if (line.n == 0)
            break;
        bool goes_on = line.p[0] == ' ' || line.p[0] == '\t';
        if (!goes_on)
            end_field(job, h, &field);
        if (field.n + line.n <= FIELD_BYTES_MAX)
            buf_append_str(&field, line);
    }
    end_field(job, h, &field);
    buf_free(&field);
}

/* ---- parts ---- */

static void read_entity(struct job *job, struct str bytes, unsigned deep);

static bool is_boundary(struct str line, struct str boundary)
{
    return line.n >= boundary.n + 2 && line.p[0] == '-' && line.p[1] == '-' &&
           str_eq(str_sub(line, 2, boundary.n + 2), boundary);
}

/* Each piece between two boundaries; what stands before the first and behind
 * the last is text that mail programs do not show. */
static void read_multipart(
    struct job *job, struct str body, struct str boundary, unsigned deep)
{
    struct str rest = body, line;
    size_t begin = 0;
    bool is_part = false;
    while (rest.n > 0 && !job_is_over(job)) {
        size_t at = (size_t)(rest.p - body.p);
        (void)str_split(&rest, '\n', &line);
        if (!is_boundary(line, boundary))
            continue;
        struct str piece = str_sub(body, begin, at);
        if (is_part)
            read_entity(job, piece, deep + 1);
        else
            job_line(job, piece);
        begin = rest.p != NULL ? (size_t)(rest.p - body.p) : body.n;
        is_part = !str_starts(str_sub(line, boundary.n + 2, line.n), "--");
    }
    struct str last = str_sub(body, begin, body.n);
    if (is_part)
        read_entity(job, last, deep + 1);
    else
        job_line(job, last);
}

static struct str name_of(const struct head *h, struct buf *decoded)
{
    struct str name =
        h->disposition.has_filename ? h->disposition.filename : h->type_name;
    decode_field(name, decoded);
    return buf_str(decoded);
}

static struct str member_name(const struct head *h, struct str file)
{
    if (file.n > 0)
        return file;
    return h->type.type.n > 0 ? h->type.type : STR("part");
}

static void read_body(struct job *job, const struct head *h, struct str body)
{
    char charset[CHARSET_BYTES];
    struct buf name = {0};
    struct str file = name_of(h, &name);
    bool is_attached = file.n > 0 || str_is(h->disposition.kind, "attachment");
    bool is_plain = h->type.type.n == 0 || str_is(h->type.type, "text/plain");
    bool has_charset = charset_of(h->type.charset, charset);
    struct buf text = {0};
    /* UTF-16, UTF-7 or EBCDIC look like no text before they are converted. */
    bool is_words =
        str_starts(h->type.type, "text/") || format_of(body) != FORMAT_BINARY;
    if (has_charset && is_words && !is_attached &&
        !format_is_document(format_of(body)) &&
        !str_is(h->type.charset, "utf-8") && text_convert(body, charset, &text))
        body = buf_str(&text);
    job_line(job, file);
    bool is_document = format_is_document(format_of(body));
    if (is_plain && !is_attached && !is_document)
        read_text(job, body, NULL);
    else if (str_is(h->type.type, "text/html") && !is_document)
        read_html(job, body); /* a fragment may look like plain text */
    else
        job_member(job, member_name(h, file), body);
    job_break(job);
    buf_free(&text);
    buf_free(&name);
}

static void decode_body(struct job *job, const struct head *h, struct str body)
{
    struct buf decoded = {0};
    struct str encoding = str_trim(h->encoding);
    if (str_is(encoding, "base64"))
        decode_base64(body, &decoded);
    else if (str_is(encoding, "quoted-printable"))
        decode_quoted(body, false, &decoded);
    else
        read_body(job, h, body);
    if (decoded.n > 0)
        read_body(job, h, buf_str(&decoded));
    buf_free(&decoded);
}

static void read_entity(struct job *job, struct str bytes, unsigned deep)
{
    struct head h = {0};
    if (deep > PARTS_DEEP) {
        job_trouble(job, EXTRACT_LIMIT);
        return;
    }
    read_head(job, &bytes, &h);
    if (str_is(h.type.type, "application/pkcs7-mime") ||
        str_is(h.type.type, "application/x-pkcs7-mime") ||
        str_is(h.type.type, "multipart/encrypted"))
        job_trouble(job, EXTRACT_ENCRYPTED);
    if (str_starts(h.type.type, "multipart/") && h.type.boundary.n > 0)
        read_multipart(job, bytes, h.type.boundary, deep);
    else
        decode_body(job, &h, bytes);
    arena_free(&h.arena);
}

/* ---- mbox ---- */

/* "From " at a line's begin, behind an empty line (RFC 4155). */
static size_t next_message(struct str s)
{
    size_t at = str_find(s, STR("\n\nFrom "));
    return at < s.n ? at + 2 : s.n;
}

void read_mail(struct job *job, struct str bytes)
{
    if (!str_starts(bytes, "From ")) {
        read_entity(job, bytes, 0);
        return;
    }
    while (bytes.n > 0 && !job_is_over(job)) {
        size_t n = next_message(bytes);
        struct str message = str_sub(bytes, 0, n), line;
        (void)str_split(&message, '\n', &line);
        read_entity(job, message, 0);
        job_break(job);
        bytes = str_sub(bytes, n, bytes.n);
    }
}
