/*
 * What is left to a process that reads one hostile file, and to the programs
 * it runs: no network, no signal to anybody, no file written; read are only
 * the system's libraries and data, executed only the programs of
 * extract/program.h.
 *
 * Landlock draws the lines between files.  Without it no file is opened and
 * no program run at all: PDFs and pictures are unreadable then.
 */
#ifndef PROXY_SANDBOX_EXTRACT_H
#define PROXY_SANDBOX_EXTRACT_H

#include <stddef.h>

#include "base/err.h"

struct extract_bounds {
    size_t memory_bytes;  /* address space, of each process */
    size_t file_bytes;    /* of what is written into any memfd */
    unsigned cpu_seconds; /* of each process */
};

/* For the role that starts them: the same, and starting and ending them, on
 * an event loop. Its children narrow it further. */
enum err sandbox_enter_extractor(void) MUST_USE;
/* For the process that reads. ERR_IO: the kernel refused. */
enum err sandbox_enter_extract(const struct extract_bounds *bounds) MUST_USE;

#endif
