/*
 * What a start finds or makes on disk before any role runs: the data folder
 * and its lock, the CA, the first administrator.
 * The parent comes here, and the commands that may run before it (ca, user).
 */
#ifndef PROXY_FIRST_H
#define PROXY_FIRST_H

#include "base/settings.h"
#include "certs/ca.h"
#include "proxy/spawn.h"

/* The user that roles run as: set only as root.  ERR_CONFIG: said on standard
 * error. */
enum err first_user(struct str run_as, struct run_user *user_out) MUST_USE;

/* Gives up root for it, for good. ERR_IO: said on standard error. */
enum err first_become(const struct run_user *user) MUST_USE;

/* The folder alone; ERR_IO with errno. */
enum err first_make_data_dir(const char *data_dir) MUST_USE;
/* Creates data_dir and, for the storer's user, store_dir; takes the lock,
 * which the roles inherit, so that two gateways never share one store.
 * ERR_IO, ERR_STATE (somebody has it): said on standard error. */
enum err first_data_dir(const struct settings *settings,
    const struct run_user *user, int *lock_fd_out) MUST_USE;

/* <data_dir>/ca/ca.pem and ca.key, when neither exists; for these names only,
 * if there are any (K4). */
enum err first_ca(
    const char *data_dir, const struct ca_limits *limits) MUST_USE;
/* The key file, for the signer alone.  ERR_DENIED when others may read it:
 * said on standard error. */
enum err first_open_key(const char *data_dir, int *fd_out) MUST_USE;
/* Whether the CA's files may be used, at the start and before each reload.  Not
 * OK: said on standard error. */
enum err first_check_ca(const char *data_dir) MUST_USE;

/* A login with role administrator when there is none.  Its password: to a
 * terminal, else into <data_dir>/admin.initial, where it stays until it is
 * used. */
struct first_admin {
    char name[16];     /* empty: there is nothing to tell */
    char password[32]; /* or it is in path */
    char path[4096];   /* where it was written, or empty */
};
enum err first_administrator(
    const char *data_dir, bool is_terminal, struct first_admin *out) MUST_USE;
/* Somebody logged in (control_name_hash): removes admin.initial if it is
 * theirs. */
void first_login(const char *data_dir, uint64_t name_hash);

#endif
