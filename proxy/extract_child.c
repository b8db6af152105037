#include "proxy/extract_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proxy/chan.h"

enum { NUMBERS = 8, NUMBER_BYTES = 24, ARGUMENTS = NUMBERS + 4 };

/* A report holds little besides the text. */
static size_t report_max(const struct extract_setup *setup)
{
    return 2 * setup->limits.text_bytes + (64 << 20);
}

void extract_setup_from(const struct settings *s, struct extract_setup *out)
{
    *out = (struct extract_setup){
        .limits = {.text_bytes = (size_t)s->extract.text_bytes,
            .unpacked_bytes = (size_t)s->extract.unpacked_bytes,
            .members = (unsigned)s->extract.members,
            .depth = (unsigned)s->extract.depth,
            .ratio = (unsigned)s->extract.ratio,
            .pages = (unsigned)s->extract.pages,
            .time_ms = (unsigned)s->extract.timeout_ms},
        .memory_bytes = (size_t)s->extract.memory_bytes,
        .file_max = (size_t)s->extract.max_bytes};
    snprintf(out->limits.languages, sizeof out->limits.languages, "%.*s",
        STR_ARG(s->extract.languages));
}

struct arguments {
    char numbers[NUMBERS][NUMBER_BYTES];
    const char *argv[ARGUMENTS];
};

static void make_arguments(
    const struct extract_setup *setup, struct arguments *a)
{
    const struct extract_limits *l = &setup->limits;
    const uint64_t numbers[NUMBERS] = {l->text_bytes, l->unpacked_bytes,
        l->members, l->depth, l->ratio, l->pages, l->time_ms,
        setup->memory_bytes};
    size_t n = 0;
    a->argv[n++] = "promptgate";
    a->argv[n++] = "extract";
    for (size_t i = 0; i < NUMBERS; i++) {
        snprintf(a->numbers[i], NUMBER_BYTES, "%" PRIu64, numbers[i]);
        a->argv[n++] = a->numbers[i];
    }
    a->argv[n++] = l->languages;
    a->argv[n] = NULL;
}

/* In the child. Returns only when something failed. */
static void become_reader(
    const struct extract_setup *setup, int file, int report)
{
    struct arguments a;
    static const char *const environment[] = {"LC_ALL=C.UTF-8", NULL};
    make_arguments(setup, &a);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int from = fcntl(file, F_DUPFD, 10), to = fcntl(report, F_DUPFD, 10);
    if (setpgid(0, 0) != 0 || from < 0 || to < 0 ||
        dup2(from, EXTRACT_FD_FILE) < 0 || dup2(to, EXTRACT_FD_REPORT) < 0 ||
        close_range(EXTRACT_FD_REPORT + 1, ~0u, 0) != 0)
        return;
    execve("/proc/self/exe", (char *const *)(uintptr_t)a.argv,
        (char *const *)(uintptr_t)environment);
}

enum err extract_child_start(
    const struct extract_setup *setup, int file, int report, pid_t *pid_out)
{
    pid_t pid = fork();
    if (pid == 0) {
        become_reader(setup, file, report);
        _exit(3);
    }
    if (pid > 0)
        (void)setpgid(pid, pid); /* whichever of both is first */
    *pid_out = pid;
    return pid > 0 ? OK : ERR_IO;
}

int extract_child_report(void)
{
    return memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

void extract_child_end(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
}

/* ---- for commands ---- */

/* False: it took too long. */
static bool await(pid_t pid, unsigned within_ms)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    uint64_t end = clock_mono_ms() + within_ms, now;
    int ready = 0;
    while (pidfd >= 0 && ready <= 0 && (now = clock_mono_ms()) < end)
        ready = poll(&wait, 1, (int)(end - now));
    if (pidfd >= 0)
        close(pidfd);
    return ready > 0;
}

static void read_report(const struct extract_setup *setup, int fd,
    bool is_timeout, struct extract_report *out)
{
    struct str report = STR_NONE;
    if (memfd_seal(fd) != OK || memfd_map(fd, report_max(setup), &report) != OK)
        report = STR_NONE;
    extract_report_read(report, setup->limits.text_bytes, out);
    memfd_unmap(report);
    if (is_timeout && extract_status_is_bad(out->status))
        out->status = EXTRACT_TIMEOUT;
}

void extract_child_run(const struct extract_setup *setup, struct str bytes,
    struct extract_report *out)
{
    int file = -1, report = extract_child_report();
    pid_t pid = -1;
    bool is_timeout = false;
    if (report >= 0 && memfd_from(bytes, &file) == OK &&
        extract_child_start(setup, file, report, &pid) == OK) {
        is_timeout = !await(pid, setup->limits.time_ms);
        extract_child_end(pid);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (file >= 0)
        close(file);
    read_report(setup, report, is_timeout, out);
    if (report >= 0)
        close(report);
}
