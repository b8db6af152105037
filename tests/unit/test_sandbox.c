/* proxy/sandbox.h: each role's profile, from inside.
 *
 * Every attempt runs in a child of its own that has entered the profile and
 * makes the call raw, so that neither the sanitizers' wrappers nor libc stand
 * between; its exit status says what came of it. */
#include "proxy/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static const enum role_kind roles[] = {ROLE_SIGNER, ROLE_STORER, ROLE_KEEPER,
    ROLE_WORKER, ROLE_CONSOLE, ROLE_COMPILER, ROLE_IDP};

enum { DONE = 0, KILLED = 1000, NOT_ENTERED = 200 };

static char folder[] = "/tmp/test_sandbox.XXXXXX";

static _Noreturn void leave(long status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

/* DONE, the errno, KILLED or NOT_ENTERED. */
static int attempt(enum role_kind kind, long (*call)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        enum err files = sandbox_limit_files(
            kind == ROLE_STORER || kind == ROLE_CONSOLE ? folder : NULL,
            kind == ROLE_STORER);
        if (files == ERR_IO || sandbox_enter(kind) != OK)
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

static bool is_refusal(int result)
{
    return result == EPERM || result == EACCES || result == KILLED;
}

static void expect_refused_in(
    enum role_kind kind, const char *what, long (*call)(void))
{
    int result = attempt(kind, call);
    if (!is_refusal(result))
        fail_msg("%s in %s gave %d", what, role_kind_name(kind), result);
}

static void expect_refused(const char *what, long (*call)(void))
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        expect_refused_in(roles[i], what, call);
}

static void expect_done_in(
    enum role_kind kind, const char *what, long (*call)(void))
{
    int result = attempt(kind, call);
    if (result != DONE)
        fail_msg("%s in %s gave %d", what, role_kind_name(kind), result);
}

static long call_open(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long call_old_open(void)
{
    return syscall(SYS_open, "/etc/passwd", O_RDONLY, 0);
}

static long call_write_tmp(void)
{
    return syscall(
        SYS_openat, AT_FDCWD, "/tmp/escaped", O_WRONLY | O_CREAT, 0600);
}

static long call_openat2(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how);
}

static long call_execve(void)
{
    static char *const argv[] = {"/bin/true", NULL};
    return syscall(SYS_execve, argv[0], argv, NULL);
}

static long call_execveat(void)
{
    static char *const argv[] = {"/bin/true", NULL};
    return syscall(SYS_execveat, AT_FDCWD, argv[0], argv, NULL, 0);
}

static long call_ptrace(void)
{
    return syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static long call_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long call_io_uring(void)
{
    char parameters[120] = {0};
    return syscall(SYS_io_uring_setup, 1, parameters);
}

static long call_kill(void)
{
    return syscall(SYS_kill, 1, 0);
}

static long call_setuid(void)
{
    return syscall(SYS_setuid, 0);
}

static long call_inet(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long call_inet6_datagram(void)
{
    return syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long call_unix(void)
{
    return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long call_packet(void)
{
    return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0);
}

static long call_raw(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_RAW, 1);
}

static long call_netlink(void)
{
    return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
}

static long call_bind(void)
{
    return syscall(SYS_bind, 0, NULL, 0);
}

static long call_exec_memory(void)
{
    return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long call_stat(void)
{
    char buffer[256];
    return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", buffer, 0);
}

static long call_memory(void)
{
    return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long call_memfd(void)
{
    return syscall(SYS_memfd_create, "test", 0);
}

static long call_epoll(void)
{
    return syscall(SYS_epoll_create1, 0);
}

static long call_own_file(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/journal", folder);
    return syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT, 0600);
}

static void l8_files_are_refused(void **state)
{
    (void)state;
    expect_refused("openat", call_open);
    expect_refused("open", call_old_open);
    expect_refused("creating a file", call_write_tmp);
    expect_refused("openat2", call_openat2);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (roles[i] != ROLE_STORER && roles[i] != ROLE_CONSOLE)
            expect_refused_in(roles[i], "stat", call_stat);
}

static void l8_other_programs_are_refused(void **state)
{
    (void)state;
    expect_refused("execve", call_execve);
    expect_refused("execveat", call_execveat);
    expect_refused("fork", call_fork);
}

static void l8_other_processes_are_out_of_reach(void **state)
{
    (void)state;
    expect_refused("ptrace", call_ptrace);
    expect_refused("kill", call_kill);
    expect_refused("setuid", call_setuid);
    expect_refused("io_uring", call_io_uring);
}

static void l8_foreign_sockets_are_refused(void **state)
{
    (void)state;
    expect_refused("a local socket", call_unix);
    expect_refused("a packet socket", call_packet);
    expect_refused("a raw socket", call_raw);
    expect_refused("a netlink socket", call_netlink);
    expect_refused("bind", call_bind);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (roles[i] == ROLE_WORKER || roles[i] == ROLE_IDP)
            continue;
        expect_refused_in(roles[i], "a TCP socket", call_inet);
        expect_refused_in(roles[i], "a UDP socket", call_inet6_datagram);
    }
}

static void executable_memory_is_for_those_who_compile(void **state)
{
    (void)state;
    expect_refused_in(ROLE_SIGNER, "exec memory", call_exec_memory);
    expect_refused_in(ROLE_STORER, "exec memory", call_exec_memory);
    expect_refused_in(ROLE_KEEPER, "exec memory", call_exec_memory);
    expect_refused_in(ROLE_CONSOLE, "exec memory", call_exec_memory);
    expect_refused_in(ROLE_IDP, "exec memory", call_exec_memory);
    expect_done_in(ROLE_WORKER, "exec memory", call_exec_memory);
}

/* The profile itself must work, or everything above proves nothing. */
static void what_a_role_needs_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        expect_done_in(roles[i], "memory", call_memory);
        expect_done_in(roles[i], "memfd", call_memfd);
        if (roles[i] != ROLE_COMPILER)
            expect_done_in(roles[i], "epoll", call_epoll);
    }
    expect_done_in(ROLE_WORKER, "a TCP socket", call_inet);
    expect_done_in(ROLE_WORKER, "a UDP socket", call_inet6_datagram);
    expect_done_in(ROLE_IDP, "a TCP socket", call_inet);
    expect_done_in(ROLE_IDP, "a UDP socket", call_inet6_datagram);
    expect_done_in(ROLE_STORER, "a file of its own", call_own_file);
    expect_refused_in(ROLE_CONSOLE, "writing in the store", call_own_file);
}

static void *try_open(void *result)
{
    *(long *)result = call_open() < 0 ? errno : DONE;
    return NULL;
}

static atomic_int may_go;

static void *open_when_told(void *result)
{
    while (!may_go)
        sched_yield();
    return try_open(result);
}

static void threads_that_run_already_are_bound_too(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        long result = NOT_ENTERED;
        pthread_create(&thread, NULL, open_when_told, &result);
        if (sandbox_enter(ROLE_KEEPER) != OK)
            leave(NOT_ENTERED);
        may_go = 1;
        pthread_join(thread, NULL);
        leave(result);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EPERM);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "%s/journal", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l8_files_are_refused),
        cmocka_unit_test(l8_other_programs_are_refused),
        cmocka_unit_test(l8_other_processes_are_out_of_reach),
        cmocka_unit_test(l8_foreign_sockets_are_refused),
        cmocka_unit_test(executable_memory_is_for_those_who_compile),
        cmocka_unit_test(what_a_role_needs_is_allowed),
        cmocka_unit_test(threads_that_run_already_are_bound_too),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
