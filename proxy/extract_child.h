/*
 * One process a file: started by the extractor role, and by the commands that
 * read documents.  This binary is executed again as `promptgate extract …`
 * with two descriptors, the file and a memfd for the report, and nothing else
 * of its parent; it closes its sandbox and reads (proxy/cmd_extract.c).
 */
#ifndef PROXY_EXTRACT_CHILD_H
#define PROXY_EXTRACT_CHILD_H

#include <sys/types.h>

#include "base/settings.h"
#include "extract/extract.h"

struct extract_setup {
    struct extract_limits limits;
    size_t memory_bytes, file_max;
};
void extract_setup_from(
    const struct settings *settings, struct extract_setup *out);

enum { EXTRACT_FD_FILE = 3, EXTRACT_FD_REPORT = 4 };

/* A process group of its own. Both descriptors stay the caller's; report:
 * from extract_child_report. ERR_IO with errno. */
enum err extract_child_start(const struct extract_setup *setup, int file,
    int report, pid_t *pid_out) MUST_USE;
/* -1: errno. */
int extract_child_report(void);
/* The whole group, at once. */
void extract_child_end(pid_t pid);
/* Start, wait, end: for commands. Troubles of our own are told as
 * EXTRACT_CRASHED. */
void extract_child_run(const struct extract_setup *setup, struct str bytes,
    struct extract_report *out);

#endif
