#include "proxy/text_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "extract/format.h"
#include "extract/text.h"

enum { READ_BYTES = 256 * 1024 };

static void read_some(struct text_source *s, struct buf *to)
{
    ssize_t n;
    do
        n = read(s->fd, buf_reserve(to, READ_BYTES), READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        s->error = errno;
    if (n <= 0) {
        s->is_at_end = true;
        return;
    }
    buf_commit(to, (size_t)n);
    s->bytes += (size_t)n;
}

static bool is_high_surrogate(const struct text_source *s, const char *unit)
{
    unsigned char high =
        (unsigned char)unit[s->coding == TEXT_SOURCE_UTF16LE ? 1 : 0];
    return (high & 0xfc) == 0xd8;
}

/* Whole characters only; the mark in front tells the converter which. */
static void convert(struct text_source *s)
{
    struct buf marked = {0};
    size_t n = s->is_at_end ? s->raw.n : s->raw.n & ~(size_t)1;
    if (!s->is_at_end && n >= 2 &&
        is_high_surrogate(s, buf_bytes(&s->raw) + n - 2))
        n -= 2;
    if (n == 0)
        return;
    buf_append_str(&marked,
        s->coding == TEXT_SOURCE_UTF16LE ? STR("\xff\xfe") : STR("\xfe\xff"));
    buf_append_str(&marked, str_sub(buf_str(&s->raw), 0, n));
    (void)text_to_utf8(buf_str(&marked), &s->text);
    buf_consume(&s->raw, n);
    buf_free(&marked);
}

static void on_run(void *arg, struct str text)
{
    struct text_source *s = arg;
    buf_append_str(&s->text, text);
}

static void sift(struct text_source *s)
{
    runs_feed(&s->runs, buf_str(&s->raw));
    buf_clear(&s->raw);
    if (s->is_at_end)
        runs_finish(&s->runs);
}

/* Until the window has so much, or there is no more. */
void text_source_fill(struct text_source *s, size_t want)
{
    while (s->text.n < want && !s->is_at_end) {
        read_some(s, s->coding == TEXT_SOURCE_BYTES ? &s->text : &s->raw);
        if (s->coding == TEXT_SOURCE_RUNS)
            sift(s);
        else if (s->coding != TEXT_SOURCE_BYTES)
            convert(s);
    }
}

/* Text that says by its first bytes that it is UTF-16, or looks like it,
 * becomes UTF-8, in which findings have their offsets. */
static void begin(struct text_source *s)
{
    text_source_fill(s, READ_BYTES);
    struct str head = buf_str(&s->text);
    bool is_big = str_starts(head, "\xfe\xff");
    bool is_marked = is_big || str_starts(head, "\xff\xfe");
    if (!is_marked &&
        (format_of(head) != FORMAT_TEXT || !text_looks_utf16(head, &is_big)))
        return;
    s->coding = is_big ? TEXT_SOURCE_UTF16BE : TEXT_SOURCE_UTF16LE;
    buf_take(&s->raw, &s->text);
    if (is_marked)
        buf_consume(&s->raw, 2);
    convert(s);
}

bool text_source_open(struct text_source *s, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    *s = (struct text_source){
        .fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
    if (s->fd >= 0)
        begin(s);
    else
        s->error = errno;
    return s->error == 0;
}

void text_source_close(struct text_source *s)
{
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    buf_wipe_free(&s->raw);
    buf_wipe_free(&s->text);
}

bool text_source_is_bytes(const struct text_source *s)
{
    return s->coding == TEXT_SOURCE_BYTES;
}

bool text_source_is_document(const struct text_source *s)
{
    return text_source_is_bytes(s) &&
           format_is_document(format_of(buf_str(&s->text)));
}

void text_source_sift(struct text_source *s)
{
    if (!text_source_is_bytes(s) || !format_is_noise(buf_str(&s->text)))
        return;
    s->coding = TEXT_SOURCE_RUNS;
    s->runs = (struct runs){.on_text = on_run, .arg = s};
    buf_take(&s->raw, &s->text);
    sift(s);
}

/* A reader needs all of a document. */
void text_source_read_document(struct text_source *s,
    const struct extract_setup *setup, struct extract_report *report)
{
    size_t most = setup->file_max;
    text_source_fill(s, most + 1);
    *report = (struct extract_report){.status = EXTRACT_LIMIT};
    if (s->text.n <= most)
        extract_child_run(setup, buf_str(&s->text), report);
    buf_free(&s->text);
}

enum err text_source_load(const struct extract_setup *setup, const char *path,
    struct buf *text, struct extract_report *report)
{
    struct text_source s;
    *report = (struct extract_report){0};
    if (text_source_open(&s, path))
        text_source_fill(&s, TEXT_SOURCE_MAX + 1);
    if (s.error == 0 && s.text.n > TEXT_SOURCE_MAX)
        s.error = EFBIG;
    if (s.error == 0 && text_source_is_document(&s)) {
        text_source_read_document(&s, setup, report);
        buf_take(text, &report->text);
    } else if (s.error == 0) {
        text_source_sift(&s);
        buf_take(text, &s.text);
    }
    text_source_close(&s);
    errno = s.error;
    if (s.error == 0)
        return OK;
    return s.error == EFBIG ? ERR_LIMIT : ERR_IO;
}

void text_source_setup(
    const struct bundle *bundle, struct extract_setup *setup_out)
{
    struct diag ignored = {0};
    struct settings settings;
    settings_load(bundle, &ignored, &settings);
    extract_setup_from(&settings, setup_out);
    settings_free(&settings);
    diag_free(&ignored);
}
