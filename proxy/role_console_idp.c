/* See proxy/role_console_idp.h. */
#include "proxy/role_console_idp.h"

#include <pthread.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct waiting {
    struct console_ticket *ticket; /* NULL: free */
    struct buf datagram;           /* to be sent; empty: it was */
    int64_t id;
};

struct console_idp {
    uv_loop_t *loop;
    struct chan *chan; /* the loop's */
    struct console *console;
    pthread_mutex_t lock; /* what follows */
    struct waiting waiting[CONSOLE_SIGNINS_MAX];
    int64_t last_id;
    bool is_stopped;
};

/* Under the lock; the ticket is the caller's to give back. */
static struct console_ticket *take(struct waiting *w)
{
    struct console_ticket *ticket = w->ticket;
    buf_wipe_free(&w->datagram);
    *w = (struct waiting){0};
    return ticket;
}

/* All that are asked, of a role that is gone; or all. */
static void give_back(struct console_idp *i, bool with_unasked)
{
    for (size_t k = 0; k < CONSOLE_SIGNINS_MAX; k++) {
        struct waiting *w = &i->waiting[k];
        struct console_ticket *ticket = NULL;
        pthread_mutex_lock(&i->lock);
        if (w->ticket != NULL && (with_unasked || w->datagram.n == 0))
            ticket = take(w);
        pthread_mutex_unlock(&i->lock);
        if (ticket != NULL)
            console_recorded(ticket, ERR_CLOSED);
    }
}

static void on_answer(struct console_idp *i, const struct oidc_answer *answer)
{
    struct console_ticket *ticket = NULL;
    pthread_mutex_lock(&i->lock);
    for (size_t k = 0; k < CONSOLE_SIGNINS_MAX && ticket == NULL; k++)
        if (i->waiting[k].ticket != NULL && i->waiting[k].id == answer->id &&
            i->waiting[k].datagram.n == 0)
            ticket = take(&i->waiting[k]);
    pthread_mutex_unlock(&i->lock);
    if (ticket != NULL)
        console_signed_in(ticket, answer);
}

static void on_told(void *owner, struct str datagram, int fd)
{
    struct console_idp *i = owner;
    struct arena arena = {0};
    struct oidc_answer answer;
    struct oidc_state state;
    bool is_state;
    if (fd >= 0)
        close(fd);
    if (oidc_msg_read_told(datagram, &arena, &is_state, &answer, &state) != OK)
        log_event(LOG_WARN, "signin.malformed");
    else if (is_state)
        console_set_provider(i->console, &state);
    else
        on_answer(i, &answer);
    arena_wipe(&arena);
}

static void forget(struct console_idp *i)
{
    chan_free(&i->chan);
    give_back(i, false);
}

static void on_closed(void *owner)
{
    forget(owner);
}

static const struct chan_events events = {on_told, NULL, on_closed};

struct console_idp *console_idp_new(uv_loop_t *loop)
{
    struct console_idp *i = MEM_NEW(struct console_idp);
    i->loop = loop;
    pthread_mutex_init(&i->lock, NULL);
    return i;
}

void console_idp_set_console(struct console_idp *i, struct console *console)
{
    i->console = console;
}

void console_idp_attach(struct console_idp *i, int fd)
{
    forget(i);
    i->chan = chan_new(i->loop, fd, &events, i);
    console_idp_ask(i);
}

void console_idp_put(struct console_idp *i,
    const struct oidc_question *question, struct console_ticket *ticket)
{
    size_t k = 0;
    pthread_mutex_lock(&i->lock);
    while (k < CONSOLE_SIGNINS_MAX && i->waiting[k].ticket != NULL)
        k++;
    bool is_stopped = i->is_stopped;
    bool is_taken = k < CONSOLE_SIGNINS_MAX && !is_stopped;
    if (is_taken) {
        struct oidc_question numbered = *question;
        numbered.id = ++i->last_id;
        i->waiting[k] = (struct waiting){.ticket = ticket, .id = numbered.id};
        oidc_msg_write_question(&numbered, &i->waiting[k].datagram);
    }
    pthread_mutex_unlock(&i->lock);
    if (!is_taken)
        console_recorded(ticket, is_stopped ? ERR_CLOSED : ERR_LIMIT);
}

/* Without a role they wait for one, as long as they like. */
void console_idp_ask(struct console_idp *i)
{
    for (size_t k = 0; i->chan != NULL && k < CONSOLE_SIGNINS_MAX; k++) {
        struct buf datagram = {0};
        struct console_ticket *ticket = NULL;
        pthread_mutex_lock(&i->lock);
        struct waiting *w = &i->waiting[k];
        buf_take(&datagram, &w->datagram);
        pthread_mutex_unlock(&i->lock);
        enum err err =
            datagram.n == 0 ? OK : chan_send(i->chan, buf_str(&datagram), -1);
        buf_wipe_free(&datagram);
        if (err == OK)
            continue;
        pthread_mutex_lock(&i->lock);
        ticket = take(w);
        pthread_mutex_unlock(&i->lock);
        console_recorded(ticket, err);
    }
}

void console_idp_stop(struct console_idp *i)
{
    pthread_mutex_lock(&i->lock);
    i->is_stopped = true;
    pthread_mutex_unlock(&i->lock);
    give_back(i, true);
}
