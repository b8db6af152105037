/*
 * What every sandbox is built from: a seccomp filter that refuses what it
 * does not name, Landlock's rights to files, limits.  sandbox.c and
 * sandbox_extract.c hold the tables of who may what.
 *
 * Errors stay in the filter until confine_close_calls tells of them, so a
 * table can be added without a look at each call.
 */
#ifndef PROXY_CONFINE_H
#define PROXY_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <seccomp.h>
#include <sys/resource.h>

#include "base/err.h"

#define CALL(name) SCMP_SYS(name)

/* ---- calls ---- */

struct confine_filter {
    scmp_filter_ctx context;
    int status; /* the first failure stays */
};

/* A filter in which any program may compute, read and write what is open, tell
 * the time and end; anything else gives EPERM, and what nothing of ours calls
 * (ptrace, mount, …) ends the process. */
struct confine_filter confine_open_calls(void);
void confine_allow(struct confine_filter *f, const int *calls, size_t count);
/* Only where the arguments, at most two, are so. */
void confine_allow_if(struct confine_filter *f, int call,
    const struct scmp_arg_cmp *arguments, unsigned count);
void confine_allow_one(
    struct confine_filter *f, int call, struct scmp_arg_cmp argument);
/* action: SCMP_ACT_ERRNO(n) or SCMP_ACT_KILL_PROCESS. */
void confine_answer(struct confine_filter *f, uint32_t action, int call);
/* For good and for every thread that runs.  ERR_IO: the kernel refused, or an
 * earlier step failed; errno says why. */
enum err confine_close_calls(struct confine_filter *f) MUST_USE;

struct scmp_arg_cmp confine_equal(unsigned argument, uint64_t value);
struct scmp_arg_cmp confine_masked(
    unsigned argument, uint64_t mask, uint64_t value);

/* ---- files ---- */

struct confine_files {
    int rules;
    uint64_t handled; /* every right this kernel knows: none is granted yet */
};

/* ERR_UNSUPPORTED: the kernel has no Landlock. */
enum err confine_open_files(struct confine_files *files_out) MUST_USE;
/* To a file or a folder and what is below it; rights that a file cannot have
 * are left out.  ERR_IO: no such path, or refused. */
enum err confine_grant(const struct confine_files *files, const char *path,
    uint64_t rights) MUST_USE;
/* Binds the calling thread and those it will make, so: before any thread. */
enum err confine_close_files(const struct confine_files *files) MUST_USE;
void confine_drop_files(const struct confine_files *files);

/* ---- limits ---- */

/* Never above what was there. */
void confine_limit(int resource, rlim_t most);
/* No dump, no attaching by others, no new privilege.  ERR_IO: refused. */
enum err confine_forbid_dumps(void) MUST_USE;

#endif
