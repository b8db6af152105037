/*
 * What a role may still ask of the kernel once it has opened what it needs:
 * a default-deny seccomp profile per role, limits, no dump, no new
 * privileges, and Landlock where the kernel has it.  Closes for good and for
 * every thread.
 *
 * Refused calls give EPERM; those that only an attacker makes (execve, ptrace,
 * reading another process) end the process.  docs/threat-model.md.
 */
#ifndef PROXY_SANDBOX_H
#define PROXY_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"
#include "proxy/control.h"

/* For good: files only below this folder (NULL: none at all), and there only
 * to be read unless may_write.  It binds the calling thread and those it will
 * make, so: before any thread.  ERR_UNSUPPORTED: the kernel has no Landlock. */
enum err sandbox_limit_files(const char *folder, bool may_write) MUST_USE;

/* Limits, no-dump, seccomp.  ERR_IO: the kernel refused. */
enum err sandbox_enter(enum role_kind kind) MUST_USE;

/* No further privilege by any execve, and the end of this process when its
 * parent ends. After every change of user. */
enum err sandbox_bind_to_parent(void) MUST_USE;

#endif
