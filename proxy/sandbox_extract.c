#include "proxy/sandbox_extract.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <linux/landlock.h>

#include "base/mem.h"
#include "extract/program.h"
#include "proxy/confine.h"

/* ---- files ---- */

enum {
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

static void grant_all(const struct confine_files *files,
    const char *const *paths, uint64_t rights)
{
    /* A path that is not there is not needed. */
    for (; *paths != NULL; paths++)
        if (confine_grant(files, *paths, rights) != OK)
            errno = 0;
}

/* ERR_UNSUPPORTED: no Landlock. with_self: this binary may be run too. */
static enum err limit_files(bool with_self)
{
    struct confine_files files;
    enum err err = confine_open_files(&files);
    if (err != OK)
        return err;
    grant_all(&files, read_paths, READ);
    grant_all(&files, loader_paths, EXECUTE);
    grant_all(&files, program_paths, EXECUTE);
    if (with_self)
        err = confine_grant(&files, "/proc/self/exe", EXECUTE);
    if (err == OK)
        return confine_close_files(&files);
    confine_drop_files(&files);
    return err;
}

/* ---- calls ---- */

static const int common_calls[] = {CALL(mmap), CALL(mprotect), CALL(rseq),
    CALL(set_robust_list), CALL(set_tid_address), CALL(arch_prctl), CALL(poll),
    CALL(ppoll), CALL(select), CALL(pselect6), CALL(membarrier)};

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

static void add_files(struct confine_filter *f)
{
    const uint64_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
    confine_allow(f, file_calls, ARRAY_LEN(file_calls));
    confine_allow_one(f, CALL(open), confine_masked(1, writes, O_RDONLY));
    confine_allow_one(f, CALL(openat), confine_masked(2, writes, O_RDONLY));
}

/* Processes and threads, but in no namespace of their own. */
static void add_programs(struct confine_filter *f)
{
    const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
                                CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                CLONE_NEWCGROUP;
    confine_allow(f, program_calls, ARRAY_LEN(program_calls));
    confine_allow_one(f, CALL(clone), confine_masked(0, namespaces, 0));
}

static void add_role(struct confine_filter *f)
{
    confine_allow(f, role_calls, ARRAY_LEN(role_calls));
}

/* Own limits are asked for, not set; no process group is left. */
static void add_reader(struct confine_filter *f)
{
    confine_allow_one(f, CALL(prlimit64), confine_masked(2, UINT64_MAX, 0));
    confine_allow_one(
        f, CALL(prctl), confine_masked(0, UINT64_MAX, PR_SET_NAME));
    confine_allow_one(
        f, CALL(prctl), confine_masked(0, UINT64_MAX, PR_SET_PDEATHSIG));
    confine_answer(
        f, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3)); /* glibc takes clone */
}

static enum err limit_calls(bool is_role, bool has_files)
{
    struct confine_filter f = confine_open_calls();
    confine_allow(&f, common_calls, ARRAY_LEN(common_calls));
    if (is_role || has_files) {
        add_files(&f);
        add_programs(&f);
    }
    if (is_role)
        add_role(&f);
    else
        add_reader(&f);
    return confine_close_calls(&f);
}

/* ---- all ---- */

/* NPROC is counted for the whole user, so it is no fine bound: what forks on
 * and on ends with its process group. */
static void set_limits(const struct extract_bounds *bounds)
{
    confine_limit(RLIMIT_CORE, 0);
    confine_limit(RLIMIT_NOFILE, 64);
    confine_limit(RLIMIT_NPROC, 4096);
    confine_limit(RLIMIT_MSGQUEUE, 0);
    confine_limit(RLIMIT_CPU, bounds->cpu_seconds);
    confine_limit(RLIMIT_FSIZE, bounds->file_bytes);
#ifndef __SANITIZE_ADDRESS__ /* reserves terabytes of shadow */
    confine_limit(RLIMIT_AS, bounds->memory_bytes);
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

enum err sandbox_enter_extractor(void)
{
    enum err err = limit_files(true);
    if (err != OK && err != ERR_UNSUPPORTED)
        return err;
    volunteer();
    confine_limit(RLIMIT_CORE, 0);
    err = confine_forbid_dumps();
    return err == OK ? limit_calls(true, true) : err;
}

enum err sandbox_enter_extract(const struct extract_bounds *bounds)
{
    volunteer();
    enum err err = limit_files(false);
    if (err != OK && err != ERR_UNSUPPORTED)
        return err;
    bool has_files = err == OK;
    set_limits(bounds);
    err = confine_forbid_dumps();
    return err == OK ? limit_calls(false, has_files) : err;
}
