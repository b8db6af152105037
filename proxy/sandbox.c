/*
 * One table of system calls per privilege; a role is a set of privileges.
 * Reading the tables is the review: what is not in them is refused.
 */
#include "proxy/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/landlock.h>

#include "base/mem.h"
#include "proxy/confine.h"

enum privilege {
    MAY_LISTEN = 1,  /* accept on inherited sockets */
    MAY_CONNECT = 2, /* new IPv4 and IPv6 sockets */
    MAY_STORE = 4,   /* files; which ones, Landlock and the user say */
    MAY_JIT = 8,     /* executable memory: PCRE2, Hyperscan */
    MAY_LOOP = 16,   /* an event loop and threads */
    MAY_READ = 32,   /* files, never to write; which ones, as above */
};

static const unsigned privileges[ROLE_KINDS] = {
    [ROLE_SIGNER] = MAY_LOOP,
    [ROLE_STORER] = MAY_LOOP | MAY_STORE | MAY_LISTEN, /* proxy/intake.h */
    [ROLE_KEEPER] = MAY_LOOP,
    [ROLE_WORKER] = MAY_LOOP | MAY_LISTEN | MAY_CONNECT | MAY_JIT,
    [ROLE_CONSOLE] = MAY_LOOP | MAY_LISTEN | MAY_READ,
    [ROLE_COMPILER] = MAY_JIT,
    [ROLE_COLLECTOR] = MAY_LOOP | MAY_CONNECT | MAY_JIT,
    [ROLE_IDP] = MAY_LOOP | MAY_CONNECT,
};

static const int common_calls[] = {
    CALL(mlock), CALL(munlock), CALL(sched_getparam), CALL(sched_getscheduler)};

static const int loop_calls[] = {CALL(epoll_create1), CALL(epoll_ctl),
    CALL(epoll_wait), CALL(epoll_pwait), CALL(poll), CALL(ppoll), CALL(select),
    CALL(pselect6), CALL(eventfd2), CALL(pipe2), CALL(recvmsg), CALL(sendmsg),
    CALL(recvfrom), CALL(sendto), CALL(shutdown), CALL(getsockopt),
    CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(rseq),
    CALL(set_robust_list), CALL(get_robust_list), CALL(membarrier),
    CALL(sched_setscheduler), CALL(dup), CALL(statx)};

static const int listen_calls[] = {
    CALL(accept), CALL(accept4), CALL(listen), CALL(sendfile)};

static const int connect_calls[] = {CALL(connect), CALL(sendmmsg)};

static const int store_calls[] = {CALL(open), CALL(openat), CALL(unlink),
    CALL(unlinkat), CALL(rename), CALL(renameat), CALL(renameat2), CALL(mkdir),
    CALL(mkdirat), CALL(rmdir), CALL(stat), CALL(lstat), CALL(newfstatat),
    CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
    CALL(readlinkat), CALL(getdents64), CALL(fsync), CALL(fdatasync),
    CALL(sync_file_range), CALL(fallocate), CALL(truncate), CALL(pwrite64),
    CALL(preadv), CALL(pwritev), CALL(flock), CALL(fchmod), CALL(fchown),
    CALL(chmod), CALL(fchmodat), CALL(utimensat), CALL(statfs), CALL(fstatfs),
    CALL(getcwd), CALL(fadvise64), CALL(umask)};

static const int read_calls[] = {CALL(stat), CALL(lstat), CALL(newfstatat),
    CALL(access), CALL(faccessat), CALL(faccessat2), CALL(readlink),
    CALL(readlinkat), CALL(getcwd), CALL(fadvise64)};

/* Those that the extractor alone may make. */
static const int program_calls[] = {CALL(execve), CALL(execveat)};

static void add_memory(struct confine_filter *f, bool may_jit)
{
    if (may_jit) {
        const int calls[] = {CALL(mmap), CALL(mprotect)};
        confine_allow(f, calls, ARRAY_LEN(calls));
        return;
    }
    confine_allow_one(f, CALL(mmap), confine_masked(2, PROT_EXEC, 0));
    confine_allow_one(f, CALL(mprotect), confine_masked(2, PROT_EXEC, 0));
}

/* fstat(3) is newfstatat(fd, "") in glibc: no path can be asked that way when
 * the flag is demanded, but for the storer, which has the whole call. */
static void add_arguments(struct confine_filter *f, unsigned may)
{
    if ((may & (MAY_STORE | MAY_READ)) == 0)
        confine_allow_one(f, CALL(newfstatat),
            confine_masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
    confine_allow_one(f, CALL(tgkill), confine_equal(0, (uint64_t)getpid()));
    const struct scmp_arg_cmp own_limits[] = {
        confine_equal(0, 0), confine_equal(2, 0)};
    confine_allow_if(f, CALL(prlimit64), own_limits, ARRAY_LEN(own_limits));
    confine_allow_one(f, CALL(dup3), confine_equal(1, STDERR_FILENO));
    confine_allow_one(f, CALL(ioctl), confine_equal(1, FIONBIO));
    confine_allow_one(f, CALL(ioctl), confine_equal(1, FIONREAD));
    confine_allow_one(f, CALL(prctl), confine_equal(0, PR_SET_NAME));
}

/* Threads yes, processes no.  clone3 hides its flags behind a pointer; glibc
 * takes clone when it is not there. */
static void add_threads(struct confine_filter *f)
{
    confine_allow_one(
        f, CALL(clone), confine_masked(0, CLONE_THREAD, CLONE_THREAD));
    confine_answer(f, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3));
}

static void add_sockets(struct confine_filter *f)
{
    static const uint64_t families[] = {AF_INET, AF_INET6};
    static const uint64_t types[] = {SOCK_STREAM, SOCK_DGRAM};
    confine_allow(f, connect_calls, ARRAY_LEN(connect_calls));
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        for (size_t j = 0; j < ARRAY_LEN(types); j++) {
            const struct scmp_arg_cmp both[] = {confine_equal(0, families[i]),
                confine_masked(1, 0xf, types[j])};
            confine_allow_if(f, CALL(socket), both, ARRAY_LEN(both));
        }
}

/* open(2) for reading alone: SQLite asks for more first and is content. */
static void add_reading(struct confine_filter *f)
{
    const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    confine_allow(f, read_calls, ARRAY_LEN(read_calls));
    confine_allow_one(f, CALL(open), confine_masked(1, writing, O_RDONLY));
    confine_allow_one(f, CALL(openat), confine_masked(2, writing, O_RDONLY));
}

static void add_rules(struct confine_filter *f, unsigned may)
{
    for (size_t i = 0; i < ARRAY_LEN(program_calls); i++)
        confine_answer(f, SCMP_ACT_KILL_PROCESS, program_calls[i]);
    confine_allow(f, common_calls, ARRAY_LEN(common_calls));
    add_memory(f, (may & MAY_JIT) != 0);
    add_arguments(f, may);
    if ((may & MAY_LOOP) != 0) {
        confine_allow(f, loop_calls, ARRAY_LEN(loop_calls));
        add_threads(f);
    }
    if ((may & MAY_LISTEN) != 0)
        confine_allow(f, listen_calls, ARRAY_LEN(listen_calls));
    if ((may & MAY_CONNECT) != 0)
        add_sockets(f);
    if ((may & MAY_STORE) != 0)
        confine_allow(f, store_calls, ARRAY_LEN(store_calls));
    if ((may & MAY_READ) != 0)
        add_reading(f);
}

/* A worker holds two sockets a connection; the others a handful. */
static void set_limits(enum role_kind kind)
{
    confine_limit(RLIMIT_CORE, 0);
    confine_limit(RLIMIT_NOFILE, kind == ROLE_WORKER ? 1048576 : 4096);
    confine_limit(RLIMIT_MSGQUEUE, 0);
    if (kind == ROLE_COMPILER)
        confine_limit(RLIMIT_CPU, 600);
#ifndef __SANITIZE_ADDRESS__ /* reserves terabytes of shadow */
    if (kind == ROLE_SIGNER || kind == ROLE_KEEPER)
        confine_limit(RLIMIT_AS, (rlim_t)4 << 30);
#endif
}

enum err sandbox_bind_to_parent(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return ERR_IO;
    return OK;
}

enum err sandbox_enter(enum role_kind kind)
{
    if (kind >= ROLE_KINDS || privileges[kind] == 0)
        return ERR_STATE;
    set_limits(kind);
    enum err err = confine_forbid_dumps();
    if (err != OK)
        return err;
    struct confine_filter filter = confine_open_calls();
    add_rules(&filter, privileges[kind]);
    return confine_close_calls(&filter);
}

enum err sandbox_limit_files(const char *folder, bool may_write)
{
    struct confine_files files;
    enum err err = confine_open_files(&files);
    if (err != OK)
        return err;
    uint64_t granted =
        may_write ? ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE
                  : LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    if (folder != NULL)
        err = confine_grant(&files, folder, files.handled & granted);
    if (err == OK)
        return confine_close_files(&files);
    confine_drop_files(&files);
    return err;
}
