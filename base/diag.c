#include "base/diag.h"

void diag_add(
    struct diag *d, const char *file, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_printf(&d->text, "%s:%u: ", file, line);
    buf_vprintf(&d->text, format, args);
    buf_append_char(&d->text, '\n');
    va_end(args);
    d->count++;
}

void diag_free(struct diag *d)
{
    buf_free(&d->text);
    d->count = 0;
}
