#include "proxy/document_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "extract/format.h"
#include "extract/text.h"

void document_text_setup(
    const struct bundle *bundle, struct extract_setup *setup_out)
{
    struct diag ignored = {0};
    struct settings settings;
    settings_load(bundle, &ignored, &settings);
    extract_setup_from(&settings, setup_out);
    settings_free(&settings);
    diag_free(&ignored);
}

/* Text that says by its first bytes that it is UTF-16 becomes UTF-8, in which
 * findings have their offsets. */
static void from_utf16(struct buf *text)
{
    struct buf out = {0};
    struct str s = buf_str(text);
    bool is_utf16 = str_starts(s, "\xff\xfe") || str_starts(s, "\xfe\xff");
    if (!is_utf16 || !text_to_utf8(s, &out))
        return;
    buf_free(text);
    *text = out;
}

static enum err load(const char *name, struct buf *text)
{
    bool is_stdin = strcmp(name, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    enum err err = fd < 0 ? ERR_IO : file_read(fd, DOCUMENT_FILE_MAX, text);
    int reason = errno;
    if (fd >= 0 && !is_stdin)
        close(fd);
    errno = reason;
    return err;
}

enum err document_text_load(const struct extract_setup *setup, const char *name,
    struct buf *text, struct extract_report *report)
{
    *report = (struct extract_report){0};
    enum err err = load(name, text);
    if (err != OK)
        return err;
    if (format_is_document(format_of(buf_str(text)))) {
        extract_child_run(setup, buf_str(text), report);
        buf_free(text);
        buf_take(text, &report->text);
    }
    from_utf16(text);
    return OK;
}
