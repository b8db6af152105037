/* See proxy/role_console_documents.h. */
#include "proxy/role_console_documents.h"

#include <pthread.h>

#include "base/mem.h"
#include "proxy/reading.h"

struct waiting {
    struct console_ticket *ticket; /* NULL: free */
    struct buf bytes;
    bool is_asked;
};

struct console_documents {
    struct extracting *extracting; /* the loop's */
    pthread_mutex_t lock;          /* what follows */
    struct waiting waiting[CONSOLE_DOCUMENTS_MAX];
    bool is_stopped;
};

/* Takes it out; the ticket is the caller's to give back. */
static struct console_ticket *take(
    struct console_documents *d, size_t i, struct buf *bytes_out)
{
    pthread_mutex_lock(&d->lock);
    struct console_ticket *ticket = d->waiting[i].ticket;
    *bytes_out = d->waiting[i].bytes;
    d->waiting[i] = (struct waiting){0};
    pthread_mutex_unlock(&d->lock);
    return ticket;
}

static void on_read(void *owner, uint64_t token, struct extract_report *report)
{
    struct console_documents *d = owner;
    struct buf bytes;
    struct console_document document = {0};
    struct console_ticket *ticket = take(d, (size_t)token, &bytes);
    document.is_nobodys = reading_is_nobodys(buf_str(&bytes), report);
    if (extract_status_is_bad(report->status))
        document.trouble = extract_status_name(report->status);
    buf_take(&document.text, &report->text);
    buf_append_str(&document.where, report->where);
    buf_wipe_free(&bytes);
    console_document_read(ticket, &document);
}

struct console_documents *console_documents_new(
    uv_loop_t *loop, const struct settings *settings)
{
    struct console_documents *d = MEM_NEW(struct console_documents);
    pthread_mutex_init(&d->lock, NULL);
    d->extracting = extracting_new(loop, on_read);
    console_documents_configure(d, settings);
    return d;
}

void console_documents_configure(
    struct console_documents *d, const struct settings *settings)
{
    /* Twice: a queue may stand before it. */
    extracting_configure(d->extracting,
        2 * (uint64_t)settings->extract.timeout_ms,
        (size_t)settings->extract.text_bytes);
}

void console_documents_attach(struct console_documents *d, int fd)
{
    extracting_attach(d->extracting, fd);
}

void console_documents_put(struct console_documents *d, struct buf *bytes,
    struct console_ticket *ticket)
{
    size_t i = 0;
    pthread_mutex_lock(&d->lock);
    bool is_stopped = d->is_stopped;
    while (i < CONSOLE_DOCUMENTS_MAX && d->waiting[i].ticket != NULL)
        i++;
    bool is_taken = i < CONSOLE_DOCUMENTS_MAX && !is_stopped;
    if (is_taken) {
        d->waiting[i].ticket = ticket;
        buf_take(&d->waiting[i].bytes, bytes);
    }
    pthread_mutex_unlock(&d->lock);
    buf_wipe_free(bytes);
    if (!is_taken)
        console_recorded(ticket, is_stopped ? ERR_CLOSED : ERR_LIMIT);
}

/* The bytes of one that waits stay where they are: only the loop takes them. */
void console_documents_ask(struct console_documents *d)
{
    for (size_t i = 0; i < CONSOLE_DOCUMENTS_MAX; i++) {
        struct str bytes = STR_NONE;
        pthread_mutex_lock(&d->lock);
        struct waiting *w = &d->waiting[i];
        bool is_new = w->ticket != NULL && !w->is_asked;
        if (is_new) {
            w->is_asked = true;
            bytes = buf_str(&w->bytes);
        }
        pthread_mutex_unlock(&d->lock);
        if (is_new)
            extracting_ask(d->extracting, d, i, bytes);
    }
}

void console_documents_stop(struct console_documents *d)
{
    pthread_mutex_lock(&d->lock);
    d->is_stopped = true;
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < CONSOLE_DOCUMENTS_MAX; i++) {
        struct buf bytes;
        struct console_ticket *ticket = take(d, i, &bytes);
        buf_wipe_free(&bytes);
        if (ticket != NULL)
            console_recorded(ticket, ERR_CLOSED);
    }
}
