/*
 * How a command reaches the storer: of a running gateway over a socket in the
 * store's folder (`intake`, for its own user and root alone), else one of its
 * own, in a child process.  Either way it speaks as a worker does
 * (store/record.h).
 */
#ifndef PROXY_INTAKE_H
#define PROXY_INTAKE_H

#include "base/settings.h"

/* The storer's side, before its sandbox closes: listening, non-blocking; the
 * socket of an earlier one is replaced. ERR_IO with errno. */
enum err intake_listen(const char *store_dir, int *fd_out) MUST_USE;
/* Whether the other end may speak: our own user, or root. */
bool intake_is_welcome(int fd);

struct alert_rules; /* of a storer of our own; NULL: none */

struct intake {
    int fd;    /* to the storer */
    int lock;  /* of the data folder, -1: a gateway has it */
    int child; /* our own storer; 0: a gateway's */
};
/* Gives up root for the store's user, for good. ERR_IO, ERR_CONFIG, ERR_STATE:
 * told. */
enum err intake_open(const struct settings *settings,
    struct alert_rules *alerts, struct intake *intake_out) MUST_USE;
/* Waits for our own storer: what it has is indexed then.  fd is closed
 * already. ERR_IO: it failed. */
enum err intake_close(struct intake *intake) MUST_USE;

#endif
