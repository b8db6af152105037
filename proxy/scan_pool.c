/*
 * Processes that scan (proxy/scan_pool.h).  Parent and child speak over a
 * stream socket: a path goes in (u32 length, bytes), a result comes back
 * (a head, then the piece and the error).  One file a child at a time.
 */
#include "proxy/scan_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { PATH_BYTES_MAX = 1 << 20, NO_JOB = -1 };

struct head {
    uint32_t piece, error;
    uint64_t bytes, findings;
};

struct job {
    char *path;
    struct pool_result result;
    bool is_done;
};

struct child {
    pid_t pid;
    int fd;
    int job; /* of the ring; NO_JOB: idle */
};

struct pool {
    const struct pool_options *options;
    struct child children[POOL_JOBS_MAX];
    unsigned child_count;
    struct job jobs[POOL_WAITING_MAX]; /* a ring, [first, first + count) */
    size_t first, count;
    size_t waiting_bytes;
    bool is_over; /* there is no further file */
};

/* ---- the child ----------------------------------------------------------- */

static bool read_all(int fd, void *to, size_t n)
{
    char *p = to;
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static bool answer(int fd, const struct pool_result *r)
{
    struct head head = {
        (uint32_t)r->piece.n, (uint32_t)r->error.n, r->bytes, r->findings};
    return file_write(fd, str_make((const char *)&head, sizeof head)) == OK &&
           file_write(fd, buf_str(&r->piece)) == OK &&
           file_write(fd, buf_str(&r->error)) == OK;
}

static _Noreturn void run_child(const struct pool_options *options, int fd)
{
    uint32_t n;
    while (read_all(fd, &n, sizeof n)) {
        char *path = mem_alloc((size_t)n + 1);
        if (!read_all(fd, path, n))
            break;
        path[n] = '\0';
        struct pool_result result = {.path = path};
        options->scan(options->context, &result);
        if (result.piece.n > POOL_PIECE_MAX)
            buf_truncate(&result.piece, 0);
        bool is_told = answer(fd, &result);
        buf_free(&result.piece);
        buf_free(&result.error);
        mem_free(path);
        if (!is_told)
            break;
    }
    _exit(0);
}

static enum err start_child(struct pool *p, struct child *child)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_IO;
    pid_t pid = fork();
    if (pid == 0) {
        /* Ends of its brothers would keep them from seeing our end. */
        for (unsigned i = 0; i < p->child_count; i++)
            if (p->children[i].fd >= 0)
                close(p->children[i].fd);
        close(pair[0]);
        run_child(p->options, pair[1]);
    }
    close(pair[1]);
    *child = (struct child){pid, pair[0], NO_JOB};
    if (pid > 0)
        return OK;
    close(pair[0]);
    child->fd = -1;
    return ERR_IO;
}

/* ---- results ------------------------------------------------------------- */

static struct job *job_at(struct pool *p, size_t index)
{
    return &p->jobs[index % POOL_WAITING_MAX];
}

static void finish_job(struct pool *p, struct job *job)
{
    job->is_done = true;
    job->result.path = job->path;
    p->waiting_bytes += job->result.piece.n;
}

/* What is done, as far as nothing before it is missing. */
static void deliver(struct pool *p)
{
    while (p->count > 0 && job_at(p, p->first)->is_done) {
        struct job *job = job_at(p, p->first);
        p->waiting_bytes -= job->result.piece.n;
        p->options->take(p->options->context, &job->result);
        buf_free(&job->result.piece);
        buf_free(&job->result.error);
        mem_free(job->path);
        *job = (struct job){0};
        p->first = (p->first + 1) % POOL_WAITING_MAX;
        p->count--;
    }
}

static bool read_result(int fd, struct pool_result *r)
{
    struct head head;
    if (!read_all(fd, &head, sizeof head) || head.piece > POOL_PIECE_MAX ||
        head.error > PATH_BYTES_MAX)
        return false;
    bool is_read = read_all(fd, buf_reserve(&r->piece, head.piece), head.piece);
    buf_commit(&r->piece, head.piece);
    is_read =
        is_read && read_all(fd, buf_reserve(&r->error, head.error), head.error);
    buf_commit(&r->error, head.error);
    r->bytes = head.bytes;
    r->findings = head.findings;
    return is_read;
}

static void bury(struct child *child, struct buf *why)
{
    int status = 0;
    close(child->fd);
    child->fd = -1;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        buf_printf(why, "the process that scanned it was ended by signal %d",
            WTERMSIG(status));
    else
        buf_printf(why, "the process that scanned it ended");
}

static enum err take_answer(struct pool *p, struct child *child)
{
    struct job *job = &p->jobs[child->job];
    bool is_good = read_result(child->fd, &job->result);
    child->job = NO_JOB;
    enum err err = OK;
    if (!is_good) {
        buf_clear(&job->result.piece);
        buf_clear(&job->result.error);
        bury(child, &job->result.error);
        err = start_child(p, child);
    }
    finish_job(p, job);
    return err;
}

/* ---- files --------------------------------------------------------------- */

/* NULL: there is none now. */
static struct job *next_job(struct pool *p)
{
    const char *path, *error = "";
    if (p->is_over || p->count == POOL_WAITING_MAX ||
        p->waiting_bytes > POOL_WAITING_BYTES)
        return NULL;
    if (!p->options->next(p->options->context, &path, &error)) {
        p->is_over = true;
        return NULL;
    }
    struct job *job = job_at(p, p->first + p->count++);
    job->path = mem_strdup(path);
    if (error[0] != '\0') {
        buf_append_str(&job->result.error, str_of(error));
        finish_job(p, job);
    }
    return job;
}

static bool give(struct pool *p, struct child *child)
{
    struct job *job;
    do
        job = next_job(p);
    while (job != NULL && job->is_done);
    if (job == NULL)
        return false;
    uint32_t n = (uint32_t)strlen(job->path);
    child->job = (int)(job - p->jobs);
    /* A child that is gone is found when its answer is read. */
    (void)!(file_write(child->fd, str_make((const char *)&n, sizeof n)) == OK &&
            file_write(child->fd, str_make(job->path, n)) == OK);
    return true;
}

static void give_all(struct pool *p)
{
    for (unsigned i = 0; i < p->child_count; i++)
        if (p->children[i].job == NO_JOB && !give(p, &p->children[i]))
            return;
}

static enum err await(struct pool *p)
{
    struct pollfd wait[POOL_JOBS_MAX];
    nfds_t n = 0;
    enum err err = OK;
    for (unsigned i = 0; i < p->child_count; i++)
        wait[n++] = (struct pollfd){
            p->children[i].job != NO_JOB ? p->children[i].fd : -1, POLLIN, 0};
    if (poll(wait, n, -1) < 0)
        return errno == EINTR ? OK : ERR_IO;
    for (unsigned i = 0; i < p->child_count && err == OK; i++)
        if (wait[i].revents != 0)
            err = take_answer(p, &p->children[i]);
    return err;
}

static void end_children(struct pool *p)
{
    for (unsigned i = 0; i < p->child_count; i++) {
        if (p->children[i].fd < 0)
            continue;
        close(p->children[i].fd);
        while (waitpid(p->children[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

static enum err run_children(struct pool *p)
{
    enum err err = OK;
    while (p->child_count < p->options->jobs && err == OK) {
        err = start_child(p, &p->children[p->child_count]);
        p->child_count += err == OK;
    }
    if (p->child_count > 0)
        err = OK; /* fewer than wanted */
    while (err == OK) {
        give_all(p);
        deliver(p);
        if (p->count == 0 && p->is_over)
            break;
        if (p->count > 0)
            err = await(p);
        deliver(p);
    }
    end_children(p);
    return err;
}

static void run_here(struct pool *p)
{
    struct job *job;
    while ((job = next_job(p)) != NULL) {
        if (!job->is_done) {
            job->result.path = job->path;
            p->options->scan(p->options->context, &job->result);
            finish_job(p, job);
        }
        deliver(p);
    }
}

enum err pool_run(const struct pool_options *options)
{
    struct pool *p = MEM_NEW(struct pool);
    enum err err = OK;
    p->options = options;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* a child that is gone */
    if (options->jobs > 1)
        err = run_children(p);
    else
        run_here(p);
    signal(SIGPIPE, before);
    mem_free(p);
    return err;
}
