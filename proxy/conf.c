/*
 * From files to a configuration generation: conf_collect is the only code of
 * the project that reads configuration from disk (parent and commands);
 * conf_load sees nothing but the bundle, and so runs in every role.
 */
#include "proxy/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/users.h"
#include "certs/ca.h"
#include "inspect/channel.h"
#include "proxy/chan.h"
#include "proxy/tls.h"

enum { FILE_MAX = 64 << 20, FOLDER_FILES_MAX = 1000 };

static const char default_data_dir[] = "/var/lib/promptgate";
static const char system_roots[] = "/etc/ssl/certs/ca-certificates.crt";

struct collector {
    struct bundle *bundle;
    struct diag *diag;
    struct str folder; /* of the settings file, with the closing slash */
};

/* must_exist: a missing file is a mistake. */
static bool collect_file(struct collector *c, enum bundle_kind kind,
    const char *path, bool must_exist)
{
    struct buf text = {0};
    enum err err = file_load(path, FILE_MAX, &text);
    if (err == OK)
        bundle_add(c->bundle, kind, str_of(path), buf_str(&text));
    else if (must_exist || err != ERR_NOT_FOUND)
        diag_add(c->diag, path, 1, "cannot be read: %s", strerror(errno));
    buf_free(&text);
    return err == OK;
}

/* The caller frees. */
static char *resolve_in(struct str folder, struct str name)
{
    struct buf path = {0};
    if (name.n == 0 || name.p[0] != '/')
        buf_append_str(&path, folder);
    buf_append_str(&path, name);
    char *copy = mem_strdup(buf_cstr(&path));
    buf_free(&path);
    return copy;
}

static char *resolve_name(const struct collector *c, struct str name)
{
    return resolve_in(c->folder, name);
}

static struct str folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return str_make(file, slash != NULL ? (size_t)(slash - file) + 1 : 0);
}

char *conf_path(const char *settings_file, struct str name)
{
    return resolve_in(folder_of(settings_file), name);
}

static int is_yaml_name(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);
    return name.p[0] != '.' &&
           (str_ends(name, ".yaml") || str_ends(name, ".yml"));
}

static int is_list_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && str_ends(str_of(entry->d_name), ".txt");
}

static void collect_folder(
    struct collector *c, enum bundle_kind kind, const char *folder)
{
    struct dirent **entries = NULL;
    bool are_lists = kind == BUNDLE_WORDS;
    int count = scandir(
        folder, &entries, are_lists ? is_list_name : is_yaml_name, alphasort);
    if (count < 0) {
        diag_add(c->diag, folder, 1, "cannot be read: %s", strerror(errno));
        return;
    }
    if ((count == 0 && !are_lists) || count > FOLDER_FILES_MAX)
        diag_add(c->diag, folder, 1,
            "a folder of rules needs 1 to %d .yaml files", FOLDER_FILES_MAX);
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    for (int i = 0; i < count; i++) {
        struct buf path = {0};
        buf_printf(&path, "%s%s%s", folder, slash, entries[i]->d_name);
        if (count <= FOLDER_FILES_MAX)
            collect_file(c, kind, buf_cstr(&path), true);
        buf_free(&path);
        free(entries[i]);
    }
    free(entries);
}

static void collect_list(struct collector *c, enum bundle_kind kind,
    const struct str_list *names, bool may_be_folders)
{
    for (size_t i = 0; i < names->count; i++) {
        struct stat st;
        char *path = resolve_name(c, names->items[i]);
        if (may_be_folders && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            collect_folder(c, kind, path);
        else
            collect_file(c, kind, path, true);
        mem_free(path);
    }
}

/* Rules, and the lists of words (.txt) that lie in their folders. */
static void collect_detectors(struct collector *c, const struct str_list *names)
{
    collect_list(c, BUNDLE_DETECTORS, names, true);
    for (size_t i = 0; i < names->count; i++) {
        struct stat st;
        char *path = resolve_name(c, names->items[i]);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            collect_folder(c, BUNDLE_WORDS, path);
        mem_free(path);
    }
}

static void collect_roots(struct collector *c, const struct settings *s)
{
    bool is_there = collect_file(c, BUNDLE_ROOTS, system_roots, false);
    if (!is_there && s->extra_roots.count == 0)
        diag_add(c->diag, system_roots, 1,
            "no trusted roots: install the package ca-certificates, or set "
            "upstream.extra_roots");
    collect_list(c, BUNDLE_ROOTS, &s->extra_roots, false);
    for (size_t i = 0; i < s->host_roots_count; i++) {
        struct str_list file = {&s->host_roots[i].file, 1};
        collect_list(c, BUNDLE_HOST_ROOTS, &file, false);
    }
    collect_list(c, BUNDLE_CRL, &s->crl, false);
}

/* The default file may be absent: who never had one needs none. */
static void collect_alerts(struct collector *c, const struct settings *s)
{
    const struct str_list *names = &s->alerts;
    bool is_default =
        names->count == 1 && str_is(names->items[0], "alerts.yaml");
    if (!is_default) {
        collect_list(c, BUNDLE_ALERTS, names, false);
        return;
    }
    char *path = resolve_name(c, names->items[0]);
    collect_file(c, BUNDLE_ALERTS, path, false);
    mem_free(path);
}

/* The key itself, or the file it is in. */
static void collect_public_key(
    struct collector *c, enum bundle_kind kind, struct str value)
{
    struct seal_key key;
    struct str_list file = {&value, 1};
    if (value.n > 0 && seal_read_base64(value, &key) != OK)
        collect_list(c, kind, &file, false);
}

/* The keys that pseudonyms are made with open a guess at a name: whoever may
 * read them may be no other than their owner. */
static void collect_names(struct collector *c, const struct settings *s)
{
    struct stat st;
    struct str name = s->names.key_file;
    struct str_list file = {&name, 1};
    if (!s->names.are_hidden)
        return;
    collect_public_key(c, BUNDLE_NAMES_PUBLIC, s->names.public_key);
    if (name.n == 0)
        return;
    collect_list(c, BUNDLE_NAMES_KEYS, &file, false);
    char *path = resolve_name(c, name);
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        diag_add(c->diag, path, 1,
            "others than its owner may read the keys of names: chmod 600");
    mem_free(path);
}

/* The secret itself is for one role alone; that it has changed is for all. */
static void collect_oidc(struct collector *c, const struct settings *s)
{
    struct str name = s->oidc.ca_file;
    struct str_list file = {&name, 1};
    struct buf mark = {0};
    struct stat st;
    if (s->oidc.issuer.n == 0)
        return;
    if (name.n > 0)
        collect_list(c, BUNDLE_OIDC_CA, &file, false);
    if (s->oidc.secret_file.n > 0) {
        char *path = resolve_name(c, s->oidc.secret_file);
        if (stat(path, &st) == 0)
            buf_printf(&mark, "%llu %lld.%ld %lld",
                (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec,
                st.st_mtim.tv_nsec, (long long)st.st_size);
        bundle_add(c->bundle, BUNDLE_OIDC_SECRET, str_of(path), buf_str(&mark));
        mem_free(path);
    }
    buf_free(&mark);
}

/* An ordinary user cannot have the default; true when this one could. */
static bool can_have(const char *folder)
{
    char parent[PATH_MAX];
    if (access(folder, W_OK | X_OK) == 0)
        return true;
    if (errno != ENOENT)
        return false;
    snprintf(parent, sizeof parent, "%s", folder);
    char *slash = strrchr(parent, '/');
    if (slash == NULL || slash == parent)
        return false;
    *slash = '\0';
    return access(parent, W_OK | X_OK) == 0;
}

static void state_folder(struct buf *out)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        buf_printf(out, "%s/promptgate", state);
    else if (home != NULL && home[0] == '/')
        buf_printf(out, "%s/.local/state/promptgate", home);
    else
        buf_append_str(out, str_of(default_data_dir));
}

static void find_data_dir(
    struct collector *c, const struct settings *s, struct buf *out)
{
    bool is_default = str_is(s->data_dir, default_data_dir);
    if (is_default && geteuid() != 0 && !can_have(default_data_dir)) {
        state_folder(out);
        return;
    }
    char *path = resolve_name(c, s->data_dir);
    char *absolute = realpath(path, NULL); /* NULL: not yet created */
    buf_append_str(out, str_of(absolute != NULL ? absolute : path));
    free(absolute);
    mem_free(path);
}

static void collect_data(struct collector *c, const struct settings *s)
{
    struct buf folder = {0}, path = {0};
    find_data_dir(c, s, &folder);
    bundle_add(c->bundle, BUNDLE_DATA_DIR, buf_str(&folder), STR(""));
    buf_printf(&path, "%s/users.yaml", buf_cstr(&folder));
    collect_file(c, BUNDLE_USERS, buf_cstr(&path), false);
    buf_clear(&path);
    buf_printf(&path, "%s/modes.yaml", buf_cstr(&folder));
    collect_file(c, BUNDLE_MODES, buf_cstr(&path), false);
    buf_clear(&path);
    buf_printf(&path, "%s/ca/ca.pem", buf_cstr(&folder));
    collect_file(c, BUNDLE_CA, buf_cstr(&path), false);
    buf_free(&path);
    buf_free(&folder);
}

void conf_collect(
    const char *settings_file, struct bundle *bundle_out, struct diag *diag)
{
    struct collector c = {bundle_out, diag, folder_of(settings_file)};
    *bundle_out = (struct bundle){0};
    if (!collect_file(&c, BUNDLE_SETTINGS, settings_file, true))
        return;
    struct diag later = {0}; /* conf_load reports these mistakes */
    struct settings settings;
    settings_load(bundle_out, &later, &settings);
    diag_free(&later);
    collect_list(&c, BUNDLE_SERVICE, &settings.services, true);
    collect_detectors(&c, &settings.detectors);
    if (settings.policy.n > 0) {
        struct str_list policy = {&settings.policy, 1};
        collect_list(&c, BUNDLE_POLICY, &policy, false);
    }
    collect_alerts(&c, &settings);
    collect_roots(&c, &settings);
    collect_public_key(&c, BUNDLE_EVIDENCE, settings.evidence.public_key);
    collect_names(&c, &settings);
    collect_oidc(&c, &settings);
    if (settings.data_dir.n > 0)
        collect_data(&c, &settings);
    settings_free(&settings);
}

/* The storer judges by what is stored: a name in clear would never fit. */
static void check_alert(const struct conf *conf, const struct alert_rule *rule,
    const struct alert_condition *condition, struct diag *diag)
{
    const struct bundle_file *file = bundle_first(&conf->bundle, BUNDLE_ALERTS);
    const char *const *users = alert_selector_paths("user");
    for (size_t i = 0; i < condition->test_count; i++) {
        const struct alert_test *test = &condition->tests[i];
        for (size_t k = 0; test->paths == users && k < test->globs.count; k++)
            if (str_find_char(test->globs.items[k], '@') <
                    test->globs.items[k].n &&
                !names_is_pseudonym(test->globs.items[k]))
                diag_add(diag, file->name.p, 1,
                    "rule %.*s: with names.pseudonyms, `user` must be a "
                    "pseudonym (`promptgate names of NAME`)",
                    STR_ARG(rule->name));
    }
}

static void check_alerts(const struct conf *conf, struct diag *diag)
{
    const struct alert_rules *rules = conf->alerts;
    if (!conf->settings.names.are_hidden || rules == NULL)
        return;
    for (size_t i = 0; i < rules->count; i++) {
        check_alert(conf, &rules->items[i], &rules->items[i].when, diag);
        check_alert(conf, &rules->items[i], &rules->items[i].unless, diag);
        check_alert(conf, &rules->items[i], &rules->items[i].after, diag);
    }
}

static void check_oidc_ca(const struct conf *conf, struct diag *diag)
{
    const struct bundle_file *file =
        bundle_first(&conf->bundle, BUNDLE_OIDC_CA);
    struct ca_info info;
    if (file != NULL && ca_read(file->text, &info) != OK)
        diag_add(diag, file->name.p, 1, "there is no certificate in PEM");
}

struct conf *conf_load(struct bundle *bundle, struct diag *diag)
{
    static unsigned generation;
    size_t before = diag->count;
    struct conf *conf = MEM_NEW(struct conf);
    conf->refs = 1;
    conf->generation = ++generation;
    conf->bundle = *bundle;
    *bundle = (struct bundle){0};
    settings_load(&conf->bundle, diag, &conf->settings);
    conf->services = service_set_load(&conf->bundle, diag);
    conf->policy = policy_load(&conf->bundle, diag);
    conf->rules = rules_load(&conf->bundle, diag);
    conf->alerts = alert_rules_load(&conf->bundle, diag);
    conf->has_evidence = evidence_options_load(
        &conf->bundle, &conf->settings, diag, &conf->evidence);
    conf->names = names_load(&conf->bundle, &conf->settings, diag);
    check_alerts(conf, diag);
    check_oidc_ca(conf, diag);
    const struct bundle_file *users = bundle_first(&conf->bundle, BUNDLE_USERS);
    conf->users = users != NULL ? users_parse(users->name.p, users->text, diag)
                                : users_new();
    /* No policy and nothing new to tell: the file could not be collected. */
    if (diag->count > before || conf->policy == NULL)
        conf_unref(&conf);
    return conf;
}

bool conf_can_write(const struct conf *conf, struct diag *diag)
{
    bool can = !conf->settings.names.are_hidden || conf->names != NULL;
    if (!can)
        diag_add(diag, "names.key_file", 1, "the keys cannot be read here");
    return can;
}

enum err conf_arm_scanner(
    struct conf *conf, struct str database, struct str data, struct diag *diag)
{
    conf->database = database;
    conf->data = data;
    enum err err = scanner_new(conf->rules, database, &conf->scanner);
    if (err != OK) {
        diag_add(diag, "detectors", 1,
            "the pattern database does not fit the rules: %s", err_name(err));
        return ERR_CONFIG;
    }
    return scanner_attach(conf->scanner, data, diag) == OK ? OK : ERR_CONFIG;
}

/* Every one of the files is in the bundle, or it was not collected. */
static void add_host_roots(struct conf *conf, struct diag *diag)
{
    const struct settings *s = &conf->settings;
    for (size_t i = 0; i < s->host_roots_count; i++) {
        const struct bundle_file *file =
            bundle_nth(&conf->bundle, BUNDLE_HOST_ROOTS, i);
        if (file != NULL)
            tls_context_add_host_roots(
                conf->tls, s->host_roots[i].host, file, diag);
    }
}

enum err conf_arm(struct conf *conf, struct str database, struct str data,
    struct str ticket_keys, struct diag *diag)
{
    if (conf_arm_scanner(conf, database, data, diag) != OK)
        return ERR_CONFIG;
    conf->pool = channel_pool_new();
    conf->tls = tls_context_new(&conf->bundle, ticket_keys, diag);
    if (conf->tls == NULL)
        return ERR_CONFIG;
    if (conf->settings.ignore_missing_staple)
        tls_context_ignore_missing_staple(conf->tls);
    size_t mistakes = diag->count;
    add_host_roots(conf, diag);
    return diag->count == mistakes ? OK : ERR_CONFIG;
}

struct conf *conf_ref(struct conf *conf)
{
    conf->refs++;
    return conf;
}

void conf_unref(struct conf **conf)
{
    struct conf *c = *conf;
    *conf = NULL;
    if (c == NULL || --c->refs > 0)
        return;
    channel_pool_free(&c->pool);
    if (c->tls != NULL)
        tls_context_free(&c->tls);
    if (c->scanner != NULL)
        scanner_free(&c->scanner);
    if (c->rules != NULL)
        rules_free(&c->rules);
    alert_rules_unref(&c->alerts);
    if (c->users != NULL)
        users_free(&c->users);
    if (c->policy != NULL)
        policy_free(&c->policy);
    if (c->services != NULL)
        service_set_free(&c->services);
    memfd_unmap(c->database);
    memfd_unmap(c->data);
    names_free(&c->names);
    settings_free(&c->settings);
    bundle_free(&c->bundle);
    mem_free(c);
}

/* dirname(executable)/../conf/promptgate.yaml */
static void beside_executable(struct buf *out)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n <= 0 || n == (ssize_t)sizeof path)
        return;
    struct str exe = {path, (size_t)n};
    for (int i = 0; i < 2; i++) /* the name, then the folder */
        while (exe.n > 0 && exe.p[--exe.n] != '/')
            continue;
    buf_printf(out, "%.*s/conf/promptgate.yaml", STR_ARG(exe));
}

char *conf_find_file(const char *given)
{
    static const char etc[] = "/etc/promptgate/promptgate.yaml";
    if (given != NULL)
        return mem_strdup(given);
    struct buf path = {0};
    char *found = NULL;
    beside_executable(&path);
    if (path.n > 0 && access(buf_cstr(&path), F_OK) == 0)
        found = mem_strdup(buf_cstr(&path));
    else if (access(etc, F_OK) == 0)
        found = mem_strdup(etc);
    buf_free(&path);
    return found;
}
