/*
 * One configuration generation, whole: settings, service maps, policy, rules,
 * TLS context.  Counted: a session keeps the generation it started with, so a
 * reload changes nothing under its feet.  Loaded from a bundle by the same
 * code in `check`, in the parent and in every role.
 */
#ifndef PROXY_CONF_H
#define PROXY_CONF_H

#include "base/settings.h"
#include "inspect/evidence.h"
#include "inspect/names.h"
#include "inspect/policy.h"
#include "inspect/rules.h"
#include "inspect/scan.h"
#include "inspect/service.h"
#include "store/alert_rules.h"

struct channel_pool; /* inspect/channel.h */
struct tls_context;
struct users; /* base/users.h */

struct conf {
    unsigned refs;
    unsigned generation;
    struct bundle bundle; /* owned */
    struct settings settings;
    struct service_set *services;
    struct policy *policy;
    struct rules *rules;
    struct alert_rules *alerts; /* none: an empty list */
    bool has_evidence;
    struct evidence_options evidence; /* what is kept of it */
    struct names *names;              /* NULL: names stay as they are */
    struct users *users;              /* logins; none: an empty list */
    /* workers only; NULL elsewhere */
    struct scanner *scanner;
    struct tls_context *tls;
    struct channel_pool *pool; /* answers of WebSockets that broke off */
    struct str database, data; /* console too: mapped, unmapped with the conf */
};

/* Reads configuration files from disk into a bundle (relative names resolve
 * beside the settings file; `detectors:` may name folders).  The data folder
 * in effect goes in as BUNDLE_DATA_DIR: the configured one, or, for an
 * ordinary user who cannot write to the default, promptgate/ below
 * $XDG_STATE_HOME or ~/.local/state. */
void conf_collect(
    const char *settings_file, struct bundle *bundle_out, struct diag *diag);
/* Of a name in the settings file, which resolves beside it; to be freed. */
char *conf_path(const char *settings_file, struct str name);
/* Parses everything of the bundle (taken).  NULL when there were mistakes. */
struct conf *conf_load(struct bundle *bundle, struct diag *diag);
/* Records may be written: names of persons stay, or the keys that hide them
 * came along.  False: reported; in clear instead would be too late to take
 * back. */
bool conf_can_write(const struct conf *conf, struct diag *diag);
/* Workers: the scanner on the database and the data files of the detectors
 * (both taken: mapped, sealed; base/datafile.h) and the TLS context.
 * ERR_CONFIG: reported into diag; the conf stays unarmed. */
enum err conf_arm(struct conf *conf, struct str database, struct str data,
    struct str ticket_keys, struct diag *diag) MUST_USE;
/* The scanner alone: the collector. */
enum err conf_arm_scanner(struct conf *conf, struct str database,
    struct str data, struct diag *diag) MUST_USE;
struct conf *conf_ref(struct conf *conf);
void conf_unref(struct conf **conf);

/* -c FILE, or the default places of the contract; NULL: none is there. */
char *conf_find_file(const char *given);

#endif
