/*
 * One table of system calls per privilege; a role is a set of privileges.
 * Reading the tables is the review: what is not in them is refused.
 */
#include "proxy/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/landlock.h>

#include "base/mem.h"

/* Headers older than the kernels we run on. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#define LANDLOCK_FS_V1 ((1ULL << 13) - 1)
#define LANDLOCK_FS_TRUNCATE (1ULL << 14)

enum privilege {
    MAY_LISTEN = 1,  /* accept on inherited sockets */
    MAY_CONNECT = 2, /* new IPv4 and IPv6 sockets */
    MAY_STORE = 4,   /* files; which ones, Landlock and the user say */
    MAY_JIT = 8,     /* executable memory: PCRE2, Hyperscan */
    MAY_LOOP = 16,   /* an event loop and threads */
};

static const unsigned privileges[ROLE_KINDS] = {
    [ROLE_SIGNER] = MAY_LOOP,
    [ROLE_STORER] = MAY_LOOP | MAY_STORE,
    [ROLE_KEEPER] = MAY_LOOP,
    [ROLE_WORKER] = MAY_LOOP | MAY_LISTEN | MAY_CONNECT | MAY_JIT,
    [ROLE_CONSOLE] = MAY_LOOP | MAY_LISTEN,
    [ROLE_COMPILER] = MAY_JIT,
};

#define CALL(name) SCMP_SYS(name)

static const int common_calls[] = {CALL(read), CALL(readv), CALL(pread64),
    CALL(write), CALL(writev), CALL(close), CALL(fstat), CALL(lseek),
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), CALL(mlock),
    CALL(munlock), CALL(futex), CALL(rt_sigaction), CALL(rt_sigprocmask),
    CALL(rt_sigreturn), CALL(sigaltstack), CALL(sched_yield),
    CALL(sched_getaffinity), CALL(nanosleep), CALL(clock_nanosleep),
    CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday), CALL(time),
    CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
    CALL(getgid), CALL(getegid), CALL(getrandom), CALL(exit), CALL(exit_group),
    CALL(restart_syscall), CALL(uname), CALL(sysinfo), CALL(getrusage),
    CALL(getrlimit), CALL(fcntl), CALL(ftruncate), CALL(memfd_create),
    CALL(sched_getparam), CALL(sched_getscheduler)};

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

/* Nothing of ours calls these: whoever does is not our code any more. */
static const int fatal_calls[] = {CALL(execve), CALL(execveat), CALL(ptrace),
    CALL(process_vm_readv), CALL(process_vm_writev), CALL(bpf),
    CALL(init_module), CALL(finit_module), CALL(kexec_load), CALL(userfaultfd),
    CALL(perf_event_open), CALL(mount), CALL(unshare), CALL(setns)};

struct filter {
    scmp_filter_ctx context;
    int status; /* the first failure stays */
};

static void allow_all(struct filter *f, const int *calls, size_t count)
{
    for (size_t i = 0; i < count && f->status == 0; i++)
        f->status =
            seccomp_rule_add_array(f->context, SCMP_ACT_ALLOW, calls[i], 0, 0);
}

static void allow_if(struct filter *f, int call, struct scmp_arg_cmp first,
    bool is_two, struct scmp_arg_cmp second)
{
    struct scmp_arg_cmp both[2] = {first, second};
    if (f->status == 0)
        f->status = seccomp_rule_add_array(
            f->context, SCMP_ACT_ALLOW, call, is_two ? 2 : 1, both);
}

static struct scmp_arg_cmp equal(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_EQ, value, 0};
}

static struct scmp_arg_cmp masked(
    unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static void allow_one(struct filter *f, int call, struct scmp_arg_cmp arg)
{
    allow_if(f, call, arg, false, arg);
}

static void add_memory(struct filter *f, bool may_jit)
{
    if (may_jit) {
        const int calls[] = {CALL(mmap), CALL(mprotect)};
        allow_all(f, calls, ARRAY_LEN(calls));
        return;
    }
    allow_one(f, CALL(mmap), masked(2, PROT_EXEC, 0));
    allow_one(f, CALL(mprotect), masked(2, PROT_EXEC, 0));
}

/* fstat(3) is newfstatat(fd, "") in glibc: no path can be asked that way when
 * the flag is demanded, but for the storer, which has the whole call. */
static void add_arguments(struct filter *f, unsigned may)
{
    if ((may & MAY_STORE) == 0)
        allow_one(f, CALL(newfstatat), masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
    allow_one(f, CALL(tgkill), equal(0, (uint64_t)getpid()));
    allow_if(f, CALL(prlimit64), equal(0, 0), true, equal(2, 0));
    allow_one(f, CALL(ioctl), equal(1, FIONBIO));
    allow_one(f, CALL(ioctl), equal(1, FIONREAD));
    allow_one(f, CALL(prctl), equal(0, PR_SET_NAME));
}

/* Threads yes, processes no.  clone3 hides its flags behind a pointer; glibc
 * takes clone when it is not there. */
static void add_threads(struct filter *f)
{
    allow_one(f, CALL(clone), masked(0, CLONE_THREAD, CLONE_THREAD));
    if (f->status == 0)
        f->status = seccomp_rule_add_array(
            f->context, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0, NULL);
}

static void add_sockets(struct filter *f)
{
    static const uint64_t families[] = {AF_INET, AF_INET6};
    static const uint64_t types[] = {SOCK_STREAM, SOCK_DGRAM};
    allow_all(f, connect_calls, ARRAY_LEN(connect_calls));
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        for (size_t j = 0; j < ARRAY_LEN(types); j++)
            allow_if(f, CALL(socket), equal(0, families[i]), true,
                masked(1, 0xf, types[j]));
}

static void add_rules(struct filter *f, unsigned may)
{
    for (size_t i = 0; i < ARRAY_LEN(fatal_calls) && f->status == 0; i++)
        f->status = seccomp_rule_add_array(
            f->context, SCMP_ACT_KILL_PROCESS, fatal_calls[i], 0, NULL);
    allow_all(f, common_calls, ARRAY_LEN(common_calls));
    add_memory(f, (may & MAY_JIT) != 0);
    add_arguments(f, may);
    if ((may & MAY_LOOP) != 0) {
        allow_all(f, loop_calls, ARRAY_LEN(loop_calls));
        add_threads(f);
    }
    if ((may & MAY_LISTEN) != 0)
        allow_all(f, listen_calls, ARRAY_LEN(listen_calls));
    if ((may & MAY_CONNECT) != 0)
        add_sockets(f);
    if ((may & MAY_STORE) != 0)
        allow_all(f, store_calls, ARRAY_LEN(store_calls));
}

static enum err close_seccomp(unsigned may)
{
    struct filter f = {seccomp_init(SCMP_ACT_ERRNO(EPERM)), 0};
    if (f.context == NULL)
        return ERR_IO;
    /* TSYNC: threads that run already (an indexer) are bound too; OPTIMIZE 2:
     * a binary tree, since every call of a worker comes past here. */
    f.status = seccomp_attr_set(f.context, SCMP_FLTATR_CTL_TSYNC, 1);
    if (f.status == 0)
        f.status = seccomp_attr_set(f.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    add_rules(&f, may);
    if (f.status == 0)
        f.status = seccomp_load(f.context);
    seccomp_release(f.context);
    errno = f.status < 0 ? -f.status : 0;
    return f.status == 0 ? OK : ERR_IO;
}

static void set_limit(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    if (limit.rlim_max > most)
        limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

/* A worker holds two sockets a connection; the others a handful. */
static void set_limits(enum role_kind kind)
{
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, kind == ROLE_WORKER ? 1048576 : 4096);
    set_limit(RLIMIT_MSGQUEUE, 0);
    if (kind == ROLE_COMPILER)
        set_limit(RLIMIT_CPU, 600);
#ifndef __SANITIZE_ADDRESS__ /* reserves terabytes of shadow */
    if (kind == ROLE_SIGNER || kind == ROLE_KEEPER)
        set_limit(RLIMIT_AS, (rlim_t)4 << 30);
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
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return close_seccomp(privileges[kind]);
}

/* glibc of Debian 12 has no wrappers. */
static int landlock_create(
    const struct landlock_ruleset_attr *attr, size_t size, uint32_t flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

static enum err add_folder(int rules, const char *folder, uint64_t access)
{
    int fd = open(folder, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    struct landlock_path_beneath_attr beneath = {access, fd};
    long status = syscall(
        SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(fd);
    return status == 0 ? OK : ERR_IO;
}

enum err sandbox_limit_files(const char *folder)
{
    int version = landlock_create(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return ERR_UNSUPPORTED;
    uint64_t access = LANDLOCK_FS_V1;
    access |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    access |= version >= 3 ? LANDLOCK_FS_TRUNCATE : 0;
    struct landlock_ruleset_attr attr = {.handled_access_fs = access};
    int rules = landlock_create(&attr, sizeof attr, 0);
    if (rules < 0)
        return ERR_UNSUPPORTED;
    enum err err = OK;
    if (folder != NULL)
        err = add_folder(rules, folder, access & ~LANDLOCK_ACCESS_FS_EXECUTE);
    if (err == OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        err = ERR_IO;
    if (err == OK && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        err = ERR_IO;
    close(rules);
    return err;
}
