/*
 * promptgate extract …: the process that reads one file.  Started by
 * proxy/extract_child.c only; everything it needs to know stands in its
 * arguments, everything it may touch in its two descriptors.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "extract/extract.h"
#include "proxy/command.h"
#include "proxy/extract_child.h"
#include "proxy/sandbox.h"
#include "proxy/sandbox_extract.h"

enum { ARGUMENTS = 10, EXIT_START = 3, NOBODY = 65534 };

static uint64_t number(const char *text)
{
    uint64_t value = 0;
    if (str_to_u64(str_of(text), &value) != OK)
        exit(EXIT_START);
    return value;
}

static void read_limits(
    char **argv, struct extract_limits *limits, size_t *memory_out)
{
    *limits = (struct extract_limits){.text_bytes = number(argv[1]),
        .unpacked_bytes = number(argv[2]),
        .members = (unsigned)number(argv[3]),
        .depth = (unsigned)number(argv[4]),
        .ratio = (unsigned)number(argv[5]),
        .pages = (unsigned)number(argv[6]),
        .time_ms = (unsigned)number(argv[7]),
        .has_programs = true};
    *memory_out = number(argv[8]);
    snprintf(limits->languages, sizeof limits->languages, "%s", argv[9]);
}

/* A command that root runs; roles have given up their user already. */
static bool drop_root(void)
{
    return geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 &&
                                 setuid(NOBODY) == 0);
}

static bool map_file(struct str *bytes_out)
{
    struct stat info;
    *bytes_out = STR_NONE;
    if (fstat(EXTRACT_FD_FILE, &info) != 0 || info.st_size < 0)
        return false;
    if (info.st_size == 0)
        return true;
    void *p = mmap(
        NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, EXTRACT_FD_FILE, 0);
    if (p == MAP_FAILED)
        return false;
    *bytes_out = str_make(p, (size_t)info.st_size);
    close(EXTRACT_FD_FILE);
    return true;
}

int command_extract(int argc, char **argv)
{
    struct extract_limits limits;
    struct extract_bounds bounds;
    struct str bytes;
    if (argc != ARGUMENTS) {
        fputs("promptgate extract: only promptgate itself starts it\n", stderr);
        return 2;
    }
    log_setup(LOG_TEXT, LOG_INFO, "extract");
    read_limits(argv, &limits, &bounds.memory_bytes);
    bounds.cpu_seconds = limits.time_ms / 1000 + 1;
    bounds.file_bytes = limits.unpacked_bytes + 2 * limits.text_bytes;
    extract_prepare();
    if (!map_file(&bytes) || !drop_root() || sandbox_bind_to_parent() != OK ||
        sandbox_enter_extract(&bounds) != OK) {
        log_event(LOG_ERROR, "extract.start_failed",
            LOG_CSTR("why", strerror(errno)));
        return EXIT_START;
    }
    extract_run(bytes, &limits, EXTRACT_FD_REPORT);
    _exit(0);
}
