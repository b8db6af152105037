/*
 * What the commands that work on data_dir (activities, user) share.
 */
#ifndef PROXY_CMD_DATA_H
#define PROXY_CMD_DATA_H

#include "base/settings.h"
#include "store/alert_rules.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Reads the settings file (NULL: the default places).  Mistakes go to
 * standard error, ERR_CONFIG. The caller frees the settings. */
enum err cmd_load_settings(const char *config, struct settings *out) MUST_USE;
/* With the rules of alerts (owned by the caller; NULL: none that could be
 * read), for what may index. */
enum err cmd_load_store(const char *config, struct settings *out,
    struct alert_rules **alerts_out) MUST_USE;

/* As root: go on as the owner of store_dir (the gateway's user), so
 * that no file of the store becomes root's.  ERR_NOT_FOUND: nothing was ever
 * stored there; ERR_IO with errno: data_dir itself is missing, or no right. */
enum err cmd_become_storer(const struct settings *settings) MUST_USE;

/* Why data_dir cannot be used (errno), and what to do. STATUS_FAILED. */
int cmd_no_data(const char *command, const struct settings *settings);

#endif
