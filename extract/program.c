#include "extract/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

const char *const program_paths[] = {PROGRAM_PDFTOTEXT, PROGRAM_PDFINFO,
    PROGRAM_PDFTOPPM, PROGRAM_TESSERACT, NULL};

enum { ERR_BYTES_MAX = 4096, STATUS_NO_PROGRAM = 127 };

struct pipes {
    int in, err, out[2];
};

static void close_all(struct pipes *p)
{
    const int fds[] = {p->in, p->err, p->out[0], p->out[1]};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool open_pipes(struct pipes *p, struct str input)
{
    *p = (struct pipes){-1, -1, {-1, -1}};
    p->in = memfd_create("in", MFD_CLOEXEC);
    p->err = memfd_create("err", MFD_CLOEXEC);
    if (p->in < 0 || p->err < 0 || pipe2(p->out, O_CLOEXEC) != 0 ||
        file_write(p->in, input) != OK || lseek(p->in, 0, SEEK_SET) != 0) {
        close_all(p);
        return false;
    }
    return true;
}

/* In the child. One thread each: what libraries start would be bounded by
 * nothing but the processor's limit. */
static _Noreturn void become(const struct pipes *p, const char *const *argv)
{
    static const char *const environment[] = {
        "LC_ALL=C.UTF-8", "OMP_THREAD_LIMIT=1", "HOME=/nonexistent", NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
        dup2(p->in, STDIN_FILENO) >= 0 && dup2(p->out[1], STDOUT_FILENO) >= 0 &&
        dup2(p->err, STDERR_FILENO) >= 0) {
        signal(SIGPIPE, SIG_DFL);
        execve(argv[0], (char *const *)(uintptr_t)argv,
            (char *const *)(uintptr_t)environment);
    }
    _exit(STATUS_NO_PROGRAM);
}

/* A descriptor of the child comes with it: the sandbox lets nobody signal
 * processes by number. */
static pid_t start(int *pidfd_out)
{
    return (pid_t)syscall(
        SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd_out, NULL, NULL);
}

static void take_output(int fd, size_t max, struct program_run *run)
{
    enum { PIECE = 64 * 1024 };
    for (;;) {
        ssize_t n = read(fd, buf_reserve(&run->out, PIECE), PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        buf_commit(&run->out, (size_t)n);
        if (run->out.n >= max) {
            run->is_cut = true;
            return;
        }
    }
}

static void take_errors(int fd, struct program_run *run)
{
    ssize_t n =
        pread(fd, buf_reserve(&run->err, ERR_BYTES_MAX), ERR_BYTES_MAX, 0);
    buf_commit(&run->err, n > 0 ? (size_t)n : 0);
}

static void await(pid_t pid, int pidfd, struct program_run *run)
{
    int status = 0;
    if (run->is_cut)
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    run->is_crashed = WIFSIGNALED(status) && !run->is_cut;
    run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    run->is_missing = run->status == STATUS_NO_PROGRAM;
}

void program_run(const char *const *argv, struct str input, size_t max,
    struct program_run *run)
{
    struct pipes p;
    int pidfd = -1;
    *run = (struct program_run){.status = -1};
    if (!open_pipes(&p, input)) {
        run->is_crashed = true;
        return;
    }
    pid_t pid = start(&pidfd);
    if (pid == 0)
        become(&p, argv);
    close(p.out[1]);
    p.out[1] = -1;
    if (pid > 0) {
        take_output(p.out[0], max, run);
        await(pid, pidfd, run);
        take_errors(p.err, run);
        close(pidfd);
    } else {
        run->is_missing = true;
    }
    close_all(&p);
}

void program_free(struct program_run *run)
{
    buf_free(&run->out);
    buf_free(&run->err);
}
