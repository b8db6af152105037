/*
 * The extractor: files of all workers become text, one process each
 * (proxy/extract_child.h), a bounded number at once, each ended when its time
 * is over.  Nothing of a file or a report is read here: descriptors come,
 * go to a child, and go back.  A file whose reader did not end by itself is
 * given to one more: memory may have been short, or somebody killed it.
 *
 * A question is a token of the asker's with a sealed memfd, the answer
 * (proxy/extracting.h) the token and what became of it, with the report.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stats.h"
#include "proxy/chan.h"
#include "proxy/extract_child.h"
#include "proxy/extracting.h"
#include "proxy/role_service.h"

enum { WAITING_MAX = 4096, TRIES_MAX = 2 };

struct extractor;

struct task {
    struct extractor *extractor;
    struct task *next; /* in the queue */
    struct service_loop *loop;
    unsigned peer;
    char token[EXTRACTING_TOKEN_BYTES];
    int file, report, pidfd;
    pid_t pid;
    uv_poll_t ended;
    uv_timer_t timer;
    unsigned handles, tries; /* handles: open ones */
    bool is_timeout, is_again;
};

struct extractor {
    struct extract_setup setup;
    size_t jobs, running, waiting;
    struct task *first, **last;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- one task ---- */

/* has_report: there is one, and it is sealed. */
static void answer(struct task *t, enum extracting_end end, bool has_report)
{
    char text[EXTRACTING_ANSWER_BYTES];
    memcpy(text, t->token, sizeof t->token);
    text[sizeof t->token] = (char)end;
    service_answer_fd(t->loop, t->peer, str_make(text, sizeof text),
        has_report ? t->report : -1);
}

static void task_free(struct task *t)
{
    close_fd(&t->file);
    close_fd(&t->report);
    mem_free(t);
}

static void fail(struct task *t)
{
    answer(t, EXTRACTING_FAILED, false);
    task_free(t);
}

static void start_next(struct extractor *x);

static void enqueue(struct extractor *x, struct task *t)
{
    *x->last = t;
    x->last = &t->next;
    x->waiting++;
    start_next(x);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct task *t = handle->data;
    if (--t->handles > 0)
        return;
    close_fd(&t->pidfd);
    if (!t->is_again) {
        task_free(t);
        return;
    }
    close_fd(&t->report); /* of the reader that failed */
    t->next = NULL;
    t->is_again = false;
    enqueue(t->extractor, t);
}

/* How its reader ended, if that was not by itself. */
static void log_failure(const struct task *t, int status, bool is_sealed)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    log_event(LOG_WARN, "extract.reader_failed", LOG_INT("signal", signal),
        LOG_INT("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0),
        LOG_INT("sealed", is_sealed), LOG_INT("late", t->is_timeout),
        LOG_INT("tries", t->tries));
}

/* The group is ended even if its first has gone: what it left behind would
 * run on, and hold the report open. */
static void on_ended(uv_poll_t *poll, int status, int events)
{
    struct task *t = poll->data;
    struct extractor *x = t->extractor;
    int how = 0;
    (void)status;
    (void)events;
    extract_child_end(t->pid);
    if (waitpid(t->pid, &how, WNOHANG) == 0)
        return; /* not yet */
    bool is_sealed = memfd_seal(t->report) == OK;
    bool is_good = is_sealed && WIFEXITED(how) && WEXITSTATUS(how) == 0;
    if (!is_good)
        log_failure(t, how, is_sealed);
    t->is_again = !is_good && !t->is_timeout && t->tries < TRIES_MAX;
    if (!t->is_again)
        answer(t, t->is_timeout ? EXTRACTING_LATE : EXTRACTING_DONE, is_sealed);
    uv_poll_stop(&t->ended);
    uv_close((uv_handle_t *)&t->ended, on_handle_closed);
    uv_close((uv_handle_t *)&t->timer, on_handle_closed);
    x->running--;
    start_next(x);
}

static void on_late(uv_timer_t *timer)
{
    struct task *t = timer->data;
    t->is_timeout = true;
    stats_add(STAT_EXTRACT_TIMEOUTS, 1);
    extract_child_end(t->pid);
}

static bool start(struct task *t)
{
    const struct extract_setup *setup = &t->extractor->setup;
    uv_loop_t *loop = service_uv_loop(t->loop);
    t->report = extract_child_report();
    if (t->report < 0 ||
        extract_child_start(setup, t->file, t->report, &t->pid) != OK)
        return false;
    t->tries++;
    t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
    if (t->pidfd < 0 || uv_poll_init(loop, &t->ended, t->pidfd) != 0) {
        extract_child_end(t->pid);
        while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        close_fd(&t->pidfd);
        return false;
    }
    t->ended.data = t->timer.data = t;
    t->handles = 2;
    uv_timer_init(loop, &t->timer);
    uv_timer_start(&t->timer, on_late, setup->limits.time_ms, 0);
    uv_poll_start(&t->ended, UV_READABLE, on_ended);
    return true;
}

/* ---- the queue ---- */

static void start_next(struct extractor *x)
{
    while (x->running < x->jobs && x->first != NULL) {
        struct task *t = x->first;
        x->first = t->next;
        if (x->first == NULL)
            x->last = &x->first;
        x->waiting--;
        if (start(t)) {
            x->running++;
            continue;
        }
        log_event(
            LOG_ERROR, "extract.unstarted", LOG_CSTR("why", strerror(errno)));
        fail(t);
    }
}

static struct task *task_new(struct extractor *x, struct service_loop *loop,
    unsigned peer, struct str datagram, int fd)
{
    struct task *t = MEM_NEW(struct task);
    t->extractor = x;
    t->loop = loop;
    t->peer = peer;
    memcpy(t->token, datagram.p, sizeof t->token);
    t->file = fd;
    t->report = t->pidfd = -1;
    return t;
}

/* Sealed, so that nobody pulls it away under the reader. */
static bool is_file_good(const struct extractor *x, int fd)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct stat info;
    return fd >= 0 && (fcntl(fd, F_GET_SEALS) & seals) == seals &&
           fstat(fd, &info) == 0 && (size_t)info.st_size <= x->setup.file_max;
}

static void extractor_handle(void *state, struct service_loop *loop,
    unsigned peer, struct str datagram, int fd)
{
    struct extractor *x = state;
    if (datagram.n != EXTRACTING_TOKEN_BYTES) {
        close_fd(&fd);
        return;
    }
    struct task *t = task_new(x, loop, peer, datagram, fd);
    stats_add(STAT_EXTRACTS, 1);
    if (!is_file_good(x, fd) || x->waiting == WAITING_MAX) {
        fail(t);
        return;
    }
    enqueue(x, t);
}

/* ---- the role ---- */

static void configure(struct extractor *x, const struct conf *conf)
{
    const struct settings *settings = &conf->settings;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    extract_setup_from(settings, &x->setup);
    x->jobs = (size_t)settings->extract.jobs;
    if (x->jobs == 0)
        x->jobs = cores > 0 ? (size_t)cores : 1;
}

static enum err extractor_open(const struct role_start *start, void **state_out)
{
    struct extractor *x = MEM_NEW(struct extractor);
    x->last = &x->first;
    configure(x, start->conf);
    *state_out = x;
    return OK;
}

static void extractor_reload(void *state, struct conf *conf)
{
    configure(state, conf);
    conf_unref(&conf);
}

/* Readers that still run end with this process, which they are bound to. */
int extractor_main(const struct role_start *start)
{
    static const struct service_ops ops = {.open = extractor_open,
        .handle = extractor_handle,
        .reload = extractor_reload};
    return service_run(start, &ops);
}
