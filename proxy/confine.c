#include "proxy/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/landlock.h>

#include "base/mem.h"

/* ---- calls ---- */

static const int base_calls[] = {CALL(read), CALL(readv), CALL(pread64),
    CALL(write), CALL(writev), CALL(close), CALL(fstat), CALL(lseek),
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), CALL(futex),
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
    CALL(sigaltstack), CALL(sched_yield), CALL(sched_getaffinity),
    CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_gettime),
    CALL(clock_getres), CALL(gettimeofday), CALL(time), CALL(getpid),
    CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid),
    CALL(getegid), CALL(getrandom), CALL(exit), CALL(exit_group),
    CALL(restart_syscall), CALL(uname), CALL(sysinfo), CALL(getrusage),
    CALL(getrlimit), CALL(fcntl), CALL(ftruncate), CALL(memfd_create)};

/* Nothing of ours calls these: whoever does is not our code any more. */
static const int fatal_calls[] = {CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(bpf), CALL(init_module), CALL(finit_module),
    CALL(kexec_load), CALL(userfaultfd), CALL(perf_event_open), CALL(mount),
    CALL(unshare), CALL(setns)};

struct confine_filter confine_open_calls(void)
{
    struct confine_filter f = {seccomp_init(SCMP_ACT_ERRNO(EPERM)), 0};
    if (f.context == NULL) {
        f.status = -ENOMEM;
        return f;
    }
    for (size_t i = 0; i < ARRAY_LEN(fatal_calls); i++)
        confine_answer(&f, SCMP_ACT_KILL_PROCESS, fatal_calls[i]);
    confine_allow(&f, base_calls, ARRAY_LEN(base_calls));
    return f;
}

void confine_allow(struct confine_filter *f, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        confine_answer(f, SCMP_ACT_ALLOW, calls[i]);
}

void confine_allow_if(struct confine_filter *f, int call,
    const struct scmp_arg_cmp *arguments, unsigned count)
{
    if (f->status == 0)
        f->status = seccomp_rule_add_array(
            f->context, SCMP_ACT_ALLOW, call, count, arguments);
}

void confine_allow_one(
    struct confine_filter *f, int call, struct scmp_arg_cmp argument)
{
    confine_allow_if(f, call, &argument, 1);
}

void confine_answer(struct confine_filter *f, uint32_t action, int call)
{
    if (f->status == 0)
        f->status = seccomp_rule_add_array(f->context, action, call, 0, NULL);
}

enum err confine_close_calls(struct confine_filter *f)
{
    /* TSYNC: threads that run already (an indexer) are bound too; OPTIMIZE 2:
     * a binary tree, since every call of a worker comes past here. */
    if (f->status == 0)
        f->status = seccomp_attr_set(f->context, SCMP_FLTATR_CTL_TSYNC, 1);
    if (f->status == 0)
        f->status = seccomp_attr_set(f->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (f->status == 0)
        f->status = seccomp_load(f->context);
    if (f->context != NULL)
        seccomp_release(f->context);
    errno = f->status < 0 ? -f->status : 0;
    return f->status == 0 ? OK : ERR_IO;
}

struct scmp_arg_cmp confine_equal(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_EQ, value, 0};
}

struct scmp_arg_cmp confine_masked(
    unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/* ---- files ---- */

/* By Landlock's version; the headers are older than the kernels we run on. */
enum {
    FS_V1 = (1 << 13) - 1,
    FS_V2_REFER = 1 << 13,
    FS_V3_TRUNCATE = 1 << 14,
    FS_OF_A_FILE = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                   LANDLOCK_ACCESS_FS_READ_FILE | FS_V3_TRUNCATE,
};

/* glibc of Debian 12 has no wrappers. */
static int create_rules(
    const struct landlock_ruleset_attr *attr, size_t size, uint32_t flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

enum err confine_open_files(struct confine_files *files_out)
{
    int version = create_rules(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return ERR_UNSUPPORTED;
    uint64_t handled = FS_V1;
    handled |= version >= 2 ? FS_V2_REFER : 0;
    handled |= version >= 3 ? FS_V3_TRUNCATE : 0;
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
    *files_out =
        (struct confine_files){create_rules(&attr, sizeof attr, 0), handled};
    return files_out->rules < 0 ? ERR_UNSUPPORTED : OK;
}

static bool add_rule(int rules, int fd, uint64_t rights)
{
    struct landlock_path_beneath_attr beneath = {rights, fd};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
               &beneath, 0) == 0;
}

enum err confine_grant(
    const struct confine_files *files, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    bool is_done =
        add_rule(files->rules, fd, rights & files->handled) ||
        add_rule(files->rules, fd, rights & files->handled & FS_OF_A_FILE);
    close(fd);
    return is_done ? OK : ERR_IO;
}

enum err confine_close_files(const struct confine_files *files)
{
    bool is_done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   syscall(SYS_landlock_restrict_self, files->rules, 0) == 0;
    confine_drop_files(files);
    return is_done ? OK : ERR_IO;
}

void confine_drop_files(const struct confine_files *files)
{
    close(files->rules);
}

/* ---- limits ---- */

void confine_limit(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        return;
    if (limit.rlim_max > most)
        limit.rlim_max = most;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit((__rlimit_resource_t)resource, &limit);
}

enum err confine_forbid_dumps(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ERR_IO;
    return OK;
}
