#include "proxy/sandbox_extract.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/landlock.h>

#include "base/mem.h"
#include "extract/program.h"

/* ---- files ---- */

/* All rights of Landlock's third version: what is not granted is refused. */
enum {
    FS_V1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    EXECUTE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
};

/* Libraries, fonts, OCR's models, charsets. */
static const char *const read_paths[] = {"/usr/lib", "/usr/share", "/lib",
    "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/var/cache/fontconfig",
    "/dev/null", NULL};
/* Whatever starts a program. */
static const char *const loader_paths[] = {"/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-riscv64-lp64d.so.1", NULL};

/* A path that is not there is not needed. */
static void grant(int rules, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    struct landlock_path_beneath_attr beneath = {access, fd};
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
            &beneath, 0) != 0) {
        /* A right to folders cannot be had for a file. */
        beneath.allowed_access =
            access & ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
        (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
            &beneath, 0);
    }
    close(fd);
}

static void grant_all(int rules, const char *const *paths, uint64_t access)
{
    for (; *paths != NULL; paths++)
        grant(rules, *paths, access);
}

/* ERR_UNSUPPORTED: no Landlock. with_self: this binary may be run too. */
static enum err limit_files(bool with_self)
{
    int version = (int)syscall(
        SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return ERR_UNSUPPORTED;
    struct landlock_ruleset_attr attr = {.handled_access_fs = FS_V1};
    attr.handled_access_fs |= version >= 2 ? FS_REFER : 0;
    attr.handled_access_fs |= version >= 3 ? FS_TRUNCATE : 0;
    int rules =
        (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return ERR_UNSUPPORTED;
    grant_all(rules, read_paths, READ);
    grant_all(rules, loader_paths, EXECUTE);
    grant_all(rules, program_paths, EXECUTE);
    if (with_self)
        grant(rules, "/proc/self/exe", EXECUTE);
    bool is_done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return is_done ? OK : ERR_IO;
}

/* ---- calls ---- */

#define CALL(name) SCMP_SYS(name)

static const int common_calls[] = {CALL(read), CALL(readv), CALL(pread64),
    CALL(write), CALL(writev), CALL(close), CALL(fstat), CALL(lseek),
    CALL(mmap), CALL(mprotect), CALL(munmap), CALL(mremap), CALL(madvise),
    CALL(brk), CALL(futex), CALL(rt_sigaction), CALL(rt_sigprocmask),
    CALL(rt_sigreturn), CALL(sigaltstack), CALL(sched_yield),
    CALL(sched_getaffinity), CALL(nanosleep), CALL(clock_nanosleep),
    CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday), CALL(time),
    CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
    CALL(getgid), CALL(getegid), CALL(getrandom), CALL(exit), CALL(exit_group),
    CALL(restart_syscall), CALL(uname), CALL(sysinfo), CALL(getrusage),
    CALL(getrlimit), CALL(fcntl), CALL(ftruncate), CALL(memfd_create),
    CALL(rseq), CALL(set_robust_list), CALL(set_tid_address), CALL(arch_prctl),
    CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(membarrier)};

/* Starting a program and waiting for it. */
static const int program_calls[] = {CALL(execve), CALL(vfork), CALL(wait4),
    CALL(waitid), CALL(pipe), CALL(pipe2), CALL(dup), CALL(dup2), CALL(dup3),
    CALL(close_range), CALL(pidfd_send_signal)};

/* Looking at files; Landlock says at which. */
static const int file_calls[] = {CALL(stat), CALL(lstat), CALL(statx),
    CALL(newfstatat), CALL(access), CALL(faccessat), CALL(faccessat2),
    CALL(readlink), CALL(readlinkat), CALL(getdents64), CALL(getcwd),
    CALL(fadvise64), CALL(statfs), CALL(fstatfs)};

/* The role: its loop, and the narrowing of its children. */
static const int role_calls[] = {CALL(epoll_create1), CALL(epoll_ctl),
    CALL(epoll_wait), CALL(epoll_pwait), CALL(eventfd2), CALL(recvmsg),
    CALL(sendmsg), CALL(getsockopt), CALL(getsockname), CALL(kill),
    CALL(setpgid), CALL(pidfd_open), CALL(prctl), CALL(seccomp),
    CALL(landlock_create_ruleset), CALL(landlock_add_rule),
    CALL(landlock_restrict_self), CALL(prlimit64), CALL(setrlimit),
    CALL(clone3), CALL(sched_getparam), CALL(sched_getscheduler),
    CALL(sched_setscheduler), CALL(ioctl), CALL(mlock), CALL(munlock)};

static const int fatal_calls[] = {CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(bpf), CALL(init_module), CALL(finit_module),
    CALL(kexec_load), CALL(userfaultfd), CALL(perf_event_open), CALL(mount),
    CALL(unshare), CALL(setns)};

struct filter {
    scmp_filter_ctx context;
    int status; /* the first failure stays */
};

static void allow(struct filter *f, const int *calls, size_t count)
{
    for (size_t i = 0; i < count && f->status == 0; i++)
        f->status =
            seccomp_rule_add_array(f->context, SCMP_ACT_ALLOW, calls[i], 0, 0);
}

static void allow_masked(struct filter *f, int call, unsigned argument,
    uint64_t mask, uint64_t value)
{
    struct scmp_arg_cmp is = {argument, SCMP_CMP_MASKED_EQ, mask, value};
    if (f->status == 0)
        f->status =
            seccomp_rule_add_array(f->context, SCMP_ACT_ALLOW, call, 1, &is);
}

static void answer(struct filter *f, uint32_t action, int call)
{
    if (f->status == 0)
        f->status = seccomp_rule_add_array(f->context, action, call, 0, NULL);
}

static void add_files(struct filter *f)
{
    const uint64_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
    allow(f, file_calls, ARRAY_LEN(file_calls));
    allow_masked(f, CALL(open), 1, writes, O_RDONLY);
    allow_masked(f, CALL(openat), 2, writes, O_RDONLY);
}

/* Processes and threads, but in no namespace of their own. */
static void add_programs(struct filter *f)
{
    const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                CLONE_NEWCGROUP;
    allow(f, program_calls, ARRAY_LEN(program_calls));
    allow_masked(f, CALL(clone), 0, namespaces, 0);
}

static void add_role(struct filter *f)
{
    allow(f, role_calls, ARRAY_LEN(role_calls));
}

/* Own limits are asked for, not set; no process group is left. */
static void add_reader(struct filter *f)
{
    allow_masked(f, CALL(prlimit64), 2, UINT64_MAX, 0);
    allow_masked(f, CALL(prctl), 0, UINT64_MAX, PR_SET_NAME);
    allow_masked(f, CALL(prctl), 0, UINT64_MAX, PR_SET_PDEATHSIG);
    answer(f, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3)); /* glibc takes clone */
}

static enum err close_seccomp(bool is_role, bool has_files)
{
    struct filter f = {seccomp_init(SCMP_ACT_ERRNO(EPERM)), 0};
    if (f.context == NULL)
        return ERR_IO;
    for (size_t i = 0; i < ARRAY_LEN(fatal_calls); i++)
        answer(&f, SCMP_ACT_KILL_PROCESS, fatal_calls[i]);
    allow(&f, common_calls, ARRAY_LEN(common_calls));
    if (is_role || has_files)
        add_files(&f);
    if (is_role || has_files)
        add_programs(&f);
    if (is_role)
        add_role(&f);
    else
        add_reader(&f);
    if (f.status == 0)
        f.status = seccomp_attr_set(f.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (f.status == 0)
        f.status = seccomp_load(f.context);
    seccomp_release(f.context);
    errno = f.status < 0 ? -f.status : 0;
    return f.status == 0 ? OK : ERR_IO;
}

/* ---- all ---- */

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

/* NPROC is counted for the whole user, so it is no fine bound: what forks on
 * and on ends with its process group. */
static void set_limits(const struct extract_bounds *bounds)
{
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, 64);
    set_limit(RLIMIT_NPROC, 4096);
    set_limit(RLIMIT_MSGQUEUE, 0);
    set_limit(RLIMIT_CPU, bounds->cpu_seconds);
    set_limit(RLIMIT_FSIZE, bounds->file_bytes);
#ifndef __SANITIZE_ADDRESS__ /* reserves terabytes of shadow */
    set_limit(RLIMIT_AS, bounds->memory_bytes);
#endif
    signal(SIGXFSZ, SIG_IGN); /* EFBIG instead */
}

/* The first that the kernel ends when memory is short. */
static void volunteer(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1000", 4) != 4)
        errno = 0; /* a wish, no need */
    close(fd);
}

static bool forbid_dumps(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

enum err sandbox_enter_extractor(void)
{
    enum err err = limit_files(true);
    if (err != OK && err != ERR_UNSUPPORTED)
        return err;
    volunteer();
    set_limit(RLIMIT_CORE, 0);
    return forbid_dumps() ? close_seccomp(true, true) : ERR_IO;
}

enum err sandbox_enter_extract(const struct extract_bounds *bounds)
{
    volunteer();
    enum err err = limit_files(false);
    if (err != OK && err != ERR_UNSUPPORTED)
        return err;
    set_limits(bounds);
    return forbid_dumps() ? close_seccomp(false, err == OK) : ERR_IO;
}
