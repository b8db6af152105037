/* proxy/sandbox_extract.h from inside, as test_sandbox.c does it: each attempt
 * in a child that has entered the profile, by a raw call. */
#include "proxy/sandbox_extract.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/landlock.h>

#include "base/mem.h"

enum { DONE = 0, KILLED = 1000, NOT_ENTERED = 200 };

static _Noreturn void leave(long status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

static int attempt(long (*call)(void))
{
    static const struct extract_bounds bounds = {
        .memory_bytes = (size_t)1 << 30,
        .file_bytes = 1 << 20,
        .cpu_seconds = 5};
    pid_t pid = fork();
    if (pid == 0) {
        if (sandbox_enter_extract(&bounds) != OK)
            leave(NOT_ENTERED);
        long result = call();
        leave(result < 0 ? errno : DONE);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : 2000 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

static void expect_refused(const char *what, long (*call)(void))
{
    int result = attempt(call);
    if (result != EPERM && result != EACCES && result != KILLED)
        fail_msg("%s gave %d", what, result);
}

static long call_open_file(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long call_open_proc(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/proc/1/status", O_RDONLY, 0);
}

static long call_write_file(void)
{
    return syscall(
        SYS_openat, AT_FDCWD, "/tmp/escaped", O_WRONLY | O_CREAT, 0600);
}

static long call_write_null(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0);
}

static long call_openat2(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, "/usr/share/doc", how, sizeof how);
}

static long call_exec_other(void)
{
    static char *const argv[] = {"/bin/true", NULL};
    return syscall(SYS_execve, argv[0], argv, NULL);
}

static long call_execveat(void)
{
    static char *const argv[] = {"/usr/bin/pdftotext", NULL};
    return syscall(SYS_execveat, AT_FDCWD, argv[0], argv, NULL, 0);
}

static long call_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long call_unix(void)
{
    return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long call_socketpair(void)
{
    int fds[2];
    return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds);
}

static long call_kill(void)
{
    return syscall(SYS_kill, getppid(), 0);
}

static long call_leave_group(void)
{
    return syscall(SYS_setpgid, 0, 0);
}

static long call_new_session(void)
{
    return syscall(SYS_setsid);
}

static long call_ptrace(void)
{
    return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static long call_namespace(void)
{
    return syscall(SYS_clone, SIGCHLD | 0x10000000, 0, 0, 0, 0);
}

static long call_unshare(void)
{
    return syscall(SYS_unshare, 0x10000000);
}

static long call_pidfd_open(void)
{
    return syscall(SYS_pidfd_open, getppid(), 0);
}

static long call_io_uring(void)
{
    char parameters[120] = {0};
    return syscall(SYS_io_uring_setup, 1, parameters);
}

static long call_dumpable(void)
{
    return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long call_unlink(void)
{
    return syscall(SYS_unlink, "/tmp/nothing");
}

static void nothing_outside_can_be_reached(void **state)
{
    (void)state;
    expect_refused("socket", call_socket);
    expect_refused("unix socket", call_unix);
    expect_refused("socketpair", call_socketpair);
    expect_refused("kill", call_kill);
    expect_refused("pidfd_open", call_pidfd_open);
    expect_refused("ptrace", call_ptrace);
    expect_refused("io_uring", call_io_uring);
    expect_refused("clone into a namespace", call_namespace);
    expect_refused("unshare", call_unshare);
}

static void no_file_is_written_and_few_are_read(void **state)
{
    (void)state;
    expect_refused("open", call_open_file);
    expect_refused("open in /proc", call_open_proc);
    expect_refused("write", call_write_file);
    expect_refused("write /dev/null", call_write_null);
    expect_refused("unlink", call_unlink);
    assert_int_not_equal(attempt(call_openat2), DONE);
}

static void its_process_group_cannot_be_left(void **state)
{
    (void)state;
    expect_refused("setpgid", call_leave_group);
    expect_refused("setsid", call_new_session);
    expect_refused("PR_SET_DUMPABLE", call_dumpable);
}

static void only_the_readers_programs_run(void **state)
{
    (void)state;
    expect_refused("exec of /bin/true", call_exec_other);
    expect_refused("execveat", call_execveat);
}

static long call_read_library(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/usr/lib", O_RDONLY, 0);
}

/* -v prints and ends with 0 or 99: that it ran is what counts. */
static long call_program(void)
{
    static char *const argv[] = {"/usr/bin/pdftotext", "-v", NULL};
    close(STDERR_FILENO);
    return syscall(SYS_execve, argv[0], argv, NULL);
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0,
               LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

static void what_readers_need_is_there(void **state)
{
    (void)state;
    if (!has_landlock())
        skip();
    assert_int_equal(attempt(call_read_library), DONE);
    int status = attempt(call_program);
    if (access("/usr/bin/pdftotext", X_OK) == 0 && status != 0 && status != 99)
        fail_msg("pdftotext gave %d", status);
}

static long call_fill_memfd(void)
{
    static const char block[65536];
    long fd = syscall(SYS_memfd_create, "x", 0), n = 0;
    for (int i = 0; i < 64 && n >= 0; i++)
        n = syscall(SYS_write, fd, block, sizeof block);
    return n;
}

static void output_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(attempt(call_fill_memfd), EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_outside_can_be_reached),
        cmocka_unit_test(no_file_is_written_and_few_are_read),
        cmocka_unit_test(its_process_group_cannot_be_left),
        cmocka_unit_test(only_the_readers_programs_run),
        cmocka_unit_test(what_readers_need_is_there),
        cmocka_unit_test(output_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
