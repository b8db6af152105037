#include "proxy/session_parts.h"

/*
 * Who holds request bodies in this worker, oldest first, so that the bound on
 * all of them pauses the younger ones and never all: the first goes on, is
 * judged and makes room.  So it is while memory is short.
 */

static struct txn *first, *last;
static bool some_paused; /* since the last wake-up */

void hold_join(struct txn *t)
{
    if (t->is_holding)
        return;
    t->is_holding = true;
    t->hold_prev = last;
    t->hold_next = NULL;
    if (last != NULL)
        last->hold_next = t;
    else
        first = t;
    last = t;
}

void hold_leave(struct txn *t)
{
    if (!t->is_holding)
        return;
    t->is_holding = false;
    if (t->hold_prev != NULL)
        t->hold_prev->hold_next = t->hold_next;
    else
        first = t->hold_next;
    if (t->hold_next != NULL)
        t->hold_next->hold_prev = t->hold_prev;
    else
        last = t->hold_prev;
    t->hold_prev = t->hold_next = NULL;
    hold_wake();
}

bool hold_may_read(struct txn *t)
{
    struct session *s = t->session;
    const struct settings *settings = &s->conf->settings;
    bool fits_here =
        s->held_bytes < (size_t)settings->hold_connection_bytes || s->txns == t;
    bool fits_worker =
        t == first ||
        (session_worker_held() < (size_t)settings->hold_worker_bytes &&
            !s->world->ops->is_short(s->world));
    if (fits_here && fits_worker)
        return true;
    some_paused = true;
    return false;
}

void hold_wake(void)
{
    if (!some_paused)
        return;
    some_paused = false;
    for (struct txn *t = first; t != NULL; t = t->hold_next) {
        struct session *s = t->session;
        if (t->up_unconsumed == 0)
            continue;
        t->is_ready = true;
        if (!s->wants_later) {
            s->wants_later = true;
            s->world->ops->later(s->world, s);
        }
    }
}
