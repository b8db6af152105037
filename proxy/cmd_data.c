/*
 * Finding data_dir, and touching the store as its owner (proxy/cmd_data.h).
 */
#include "proxy/cmd_data.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "proxy/conf.h"

enum err cmd_load_settings(const char *config, struct settings *out)
{
    struct alert_rules *alerts = NULL;
    enum err err = cmd_load_store(config, out, &alerts);
    alert_rules_unref(&alerts);
    return err;
}

enum err cmd_load_store(
    const char *config, struct settings *out, struct alert_rules **alerts_out)
{
    struct bundle bundle = {0};
    struct diag elsewhere = {0}, diag = {0};
    *out = (struct settings){0};
    *alerts_out = NULL;
    char *file = conf_find_file(config);
    if (file == NULL) {
        fputs("promptgate: no configuration found: give it with -c FILE\n",
            stderr);
        return ERR_CONFIG;
    }
    /* A mistake in another file (a missing policy) does not matter here. */
    conf_collect(file, &bundle, &elsewhere);
    if (bundle_first(&bundle, BUNDLE_SETTINGS) == NULL)
        diag_add(&diag, file, 1, "cannot be read");
    else
        settings_load(&bundle, &diag, out);
    /* Neither do mistakes in these rules: then there are none. */
    *alerts_out = alert_rules_load(&bundle, &elsewhere);
    fputs(buf_cstr(&diag.text), stderr);
    enum err err = diag.count == 0 ? OK : ERR_CONFIG;
    if (err != OK) {
        settings_free(out);
        alert_rules_unref(alerts_out);
    }
    bundle_free(&bundle);
    diag_free(&elsewhere);
    diag_free(&diag);
    mem_free(file);
    return err;
}

enum err cmd_become_storer(const struct settings *settings)
{
    struct stat st;
    if (stat(settings->data_dir.p, &st) != 0)
        return ERR_IO;
    if (stat(settings->store_dir.p, &st) != 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (geteuid() != 0 || st.st_uid == 0)
        return OK;
    if (setgroups(0, NULL) != 0 ||
        setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) != 0)
        return ERR_IO;
    return OK;
}

int cmd_no_data(const char *command, const struct settings *settings)
{
    bool is_root = geteuid() == 0;
    bool is_missing = errno == ENOENT;
    fprintf(stderr, "promptgate %s: %s: %s%s\n", command, settings->data_dir.p,
        strerror(errno),
        is_missing && is_root ? "; `promptgate run` makes it" : "");
    if (!is_root)
        fputs("If another user started the gateway, ask as that user or as "
              "root.\n",
            stderr);
    return STATUS_FAILED;
}
