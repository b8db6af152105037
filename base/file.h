/*
 * Whole files, with a bound: read, written, made anew.
 *
 * Blocking: for starts, reloads, commands and roles that may open files,
 * never for a worker's loop.  ERR_IO comes with errno.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/* To the end, appended to out.  ERR_LIMIT (EFBIG): more than max bytes. */
enum err file_read(int fd, size_t max, struct buf *out) MUST_USE;
/* The file of that name; ERR_NOT_FOUND when there is none. */
enum err file_load(const char *path, size_t max, struct buf *out) MUST_USE;
/* All of it. */
enum err file_write(int fd, struct str bytes) MUST_USE;
/* The same by another write(2). */
typedef ssize_t file_write_fn(int fd, const void *p, size_t n);
enum err file_write_by(
    file_write_fn *write_fn, int fd, struct str bytes) MUST_USE;
/* A file that must not be there yet, on disk when this returns. */
enum err file_create(const char *path, struct str bytes, mode_t mode) MUST_USE;
/* The same in the place of one that may be there: readers see the old one or
 * the new one, never a part. */
enum err file_replace(const char *path, struct str bytes, mode_t mode) MUST_USE;
/* The folder with this mode, those above it with 0755; it may be there. */
enum err file_make_folder(const char *path, mode_t mode) MUST_USE;

#endif
