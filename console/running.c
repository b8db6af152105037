/*
 * The configuration as it runs: given to the console by its role at the start
 * and at each reload, used by its threads, given back when the last of them
 * is through with it.
 */
#include "base/mem.h"
#include "console/parts.h"

struct running {
    unsigned refs; /* under the console's lock */
    struct console_running given;
};

static void give_back(struct running *r)
{
    if (r->given.release != NULL)
        r->given.release(r->given.owner);
    mem_free(r);
}

void running_unref(struct console *c, struct running **running)
{
    struct running *r = *running;
    *running = NULL;
    if (r == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    bool is_last = --r->refs == 0;
    pthread_mutex_unlock(&c->lock);
    if (is_last)
        give_back(r);
}

struct running *running_ref(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    struct running *r = c->running;
    if (r != NULL)
        r->refs++;
    pthread_mutex_unlock(&c->lock);
    return r;
}

struct running *call_running(struct call *call)
{
    struct running *running = running_ref(call->console);
    if (running == NULL)
        response_error(call->response, 503, "starting",
            "The configuration has not been loaded yet.");
    return running;
}

const struct console_running *running_get(const struct running *running)
{
    return &running->given;
}

void console_set_running(
    struct console *c, const struct console_running *running)
{
    struct running *r = MEM_NEW(struct running);
    r->refs = 1;
    r->given = *running;
    sso_configure(&c->sso, running);
    atomic_store(&c->hides_names, running->hides_names);
    pthread_mutex_lock(&c->lock);
    struct running *old = c->running;
    c->running = r;
    pthread_mutex_unlock(&c->lock);
    running_unref(c, &old);
}
