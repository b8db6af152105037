/*
 * Start and reload are one path: read the files, load them here for their
 * mistakes, let the compiler role prove them and make the database, and only
 * then hand the new generation to the roles.  Anything wrong before that
 * leaves the old one in place.
 */
#include "proxy/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stats.h"
#include "base/users.h"
#include "proxy/data_files.h"
#include "proxy/role_compiler.h"
#include "proxy/rules_cache.h"

enum { DATABASE_MAX = 1 << 30 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void generation_free(struct generation *g)
{
    close_fd(&g->bundle_fd);
    close_fd(&g->names_fd);
    close_fd(&g->database_fd);
    close_fd(&g->data_fd);
    close_fd(&g->log_fd);
    conf_unref(&g->conf);
}

static void log_mistakes(struct diag *diag)
{
    struct str rest = buf_str(&diag->text), line;
    while (str_split(&rest, '\n', &line))
        if (line.n > 0)
            log_event(LOG_ERROR, "config.mistake", LOG_STR("text", line));
}

/* Each reload opens it anew: whoever renamed it gets another file (F10). */
static enum err open_log(const struct parent *p, struct diag *diag, int *fd_out)
{
    struct str name = p->next.conf->settings.log_file;
    if (name.n == 0) {
        *fd_out = fcntl(p->stderr_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return OK; /* who gave none has none */
    }
    char *path = conf_path(p->settings_file, name);
    *fd_out = open(path,
        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        0640);
    if (*fd_out < 0)
        diag_add(
            diag, path, 1, "log.file cannot be opened: %s", strerror(errno));
    mem_free(path);
    return *fd_out >= 0 ? OK : ERR_CONFIG;
}

/* For all roles, and for those that write names. */
static enum err pack(const struct conf *conf, int *bundle_out, int *names_out)
{
    struct buf bytes = {0};
    enum err err = OK;
    *bundle_out = *names_out = -1;
    if (conf->names != NULL) {
        bundle_encode(&conf->bundle, &bytes);
        err = memfd_from(buf_str(&bytes), names_out);
        buf_wipe_free(&bytes);
    }
    bundle_encode_open(&conf->bundle, &bytes);
    if (err == OK)
        err = memfd_from(buf_str(&bytes), bundle_out);
    buf_free(&bytes);
    return err;
}

/* conf is taken. */
enum err generation_prepare(struct parent *p, struct conf *conf)
{
    struct diag diag = {0};
    generation_free(&p->next);
    p->next.conf = conf;
    rules_hash(conf->rules, p->next.rules_hash);
    enum err err = pack(conf, &p->next.bundle_fd, &p->next.names_fd);
    if (err == OK)
        err = data_files_open(conf->rules, &diag, &p->next.data_fd);
    if (err == OK)
        err = open_log(p, &diag, &p->next.log_fd);
    log_mistakes(&diag);
    diag_free(&diag);
    return err;
}

enum err compile_start(struct parent *p)
{
    struct spawn s = {.kind = ROLE_COMPILER, .user = p->user};
    const struct settings *settings = &p->next.conf->settings;
    p->next.database_fd =
        memfd_create("database", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (p->next.database_fd < 0)
        return ERR_IO;
    int cache = rules_cache_open(settings->cache_dir.p, p->next.rules_hash);
    for (size_t i = 0; i < SPAWN_FDS; i++)
        s.fds[i] = -1;
    s.fds[ROLE_FD_BUNDLE - ROLE_FD_CONTROL] = p->next.bundle_fd;
    s.fds[ROLE_FD_STATS - ROLE_FD_CONTROL] = p->stats_fd;
    s.fds[ROLE_FD_KEY - ROLE_FD_CONTROL] = cache;
    s.fds[ROLE_FD_DATABASE - ROLE_FD_CONTROL] = p->next.database_fd;
    s.fds[ROLE_FD_DATA - ROLE_FD_CONTROL] = p->next.data_fd;
    s.fds[ROLE_FD_LOCK - ROLE_FD_CONTROL] = p->lock_fd;
    enum err err = spawn_role(&s, &p->compiler_pid);
    close_fd(&cache);
    return err;
}

/* Nobody may change it any more: workers map it. */
static enum err seal_database(struct parent *p, bool is_new)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    struct str database;
    if (fcntl(p->next.database_fd, F_ADD_SEALS, seals) != 0)
        return ERR_IO;
    enum err err = memfd_map(p->next.database_fd, DATABASE_MAX, &database);
    if (err != OK)
        return err;
    if (is_new)
        rules_cache_write(
            p->next.conf->settings.cache_dir.p, p->next.rules_hash, database);
    memfd_unmap(database);
    return OK;
}

void compile_reap(struct parent *p)
{
    int status;
    if (p->compiler_pid == 0 ||
        waitpid(p->compiler_pid, &status, WNOHANG) != p->compiler_pid)
        return;
    p->compiler_pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool is_good = code == COMPILER_COMPILED || code == COMPILER_CACHED;
    if (is_good)
        is_good = seal_database(p, code == COMPILER_COMPILED) == OK;
    if (!is_good && code != COMPILER_MISTAKES) /* else it has said why */
        log_event(LOG_ERROR, "compiler.failed", LOG_INT("status", code),
            LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
    parent_on_compiled(p, is_good);
}

static void refuse_reload(struct diag *diag)
{
    log_mistakes(diag);
    stats_add(STAT_RELOADS_FAILED, 1);
    log_event(LOG_ERROR, "reload.refused", LOG_INT("mistakes", diag->count));
    diag_free(diag);
}

static size_t count_certificates(struct str pem)
{
    struct str rest = pem, line = STR_NONE;
    size_t n = 0;
    while (str_split(&rest, '\n', &line))
        n += str_starts(line, "-----BEGIN CERTIFICATE-----");
    return n;
}

/* Which roots count, and of when they are (U13). */
void generation_log_roots(const struct generation *g)
{
    const struct bundle *bundle = &g->conf->bundle;
    const struct settings *settings = &g->conf->settings;
    size_t limited = 0;
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        char modified[CLOCK_TEXT_BYTES];
        struct stat st;
        struct str hosts = STR("all");
        if (file->kind == BUNDLE_HOST_ROOTS)
            hosts = settings->host_roots[limited++].host;
        else if (file->kind != BUNDLE_ROOTS)
            continue;
        if (stat(file->name.p, &st) != 0)
            continue;
        clock_format((int64_t)st.st_mtime * 1000, modified);
        log_event(LOG_INFO, "roots.loaded", LOG_STR("file", file->name),
            LOG_INT("certificates", count_certificates(file->text)),
            LOG_CSTR("modified", modified), LOG_STR("hosts", hosts));
    }
}

void reload_start(struct parent *p)
{
    struct bundle bundle;
    struct diag diag = {0};
    if (p->compiler_pid != 0) {
        p->wants_reload = true;
        return;
    }
    conf_collect(p->settings_file, &bundle, &diag);
    struct conf *conf = conf_load(&bundle, &diag);
    if (diag.count > 0) {
        conf_unref(&conf);
        refuse_reload(&diag);
        return;
    }
    if (first_check_ca(p->now.conf->settings.data_dir.p) != OK) {
        conf_unref(&conf);
        refuse_reload(&diag);
        return;
    }
    diag_free(&diag);
    enum err err = generation_prepare(p, conf);
    if (err == OK && compile_start(p) == OK)
        return;
    if (err == ERR_CONFIG) /* which has been said */
        log_event(LOG_ERROR, "reload.refused");
    else
        log_event(LOG_ERROR, "reload.failed", LOG_CSTR("why", strerror(errno)));
    stats_add(STAT_RELOADS_FAILED, 1);
    generation_free(&p->next);
}

static struct conf *conf_with_file(struct parent *p, enum bundle_kind kind,
    const char *path, struct str text, struct diag *diag)
{
    struct bundle bundle = {0};
    const struct bundle *old = &p->now.conf->bundle;
    for (size_t i = 0; i < old->count; i++)
        if (old->files[i].kind != kind)
            bundle_add(&bundle, old->files[i].kind, old->files[i].name,
                old->files[i].text);
    bundle_add(&bundle, kind, str_of(path), text);
    return conf_load(&bundle, diag);
}

enum err reload_file(
    struct parent *p, enum bundle_kind kind, const char *path, struct str text)
{
    struct diag diag = {0};
    int fd, names_fd;
    struct conf *conf = conf_with_file(p, kind, path, text, &diag);
    if (conf == NULL) {
        refuse_reload(&diag);
        return ERR_CONFIG;
    }
    enum err err = pack(conf, &fd, &names_fd);
    if (err == OK) {
        close_fd(&p->now.bundle_fd);
        close_fd(&p->now.names_fd);
        p->now.bundle_fd = fd;
        p->now.names_fd = names_fd;
        conf_unref(&p->now.conf);
        p->now.conf = conf;
        children_reload(p);
    } else {
        close_fd(&names_fd);
        conf_unref(&conf);
    }
    return err;
}

static void apply_users(struct parent *p, const char *path, struct str text)
{
    if (reload_file(p, BUNDLE_USERS, path, text) == OK)
        log_event(LOG_INFO, "users.reloaded");
}

/* True when the logins file is not the one that was looked at last. */
bool users_have_changed(struct parent *p, const char *path)
{
    struct stat now = {0}, *seen = &p->users_seen;
    (void)stat(path, &now);
    bool is_same = now.st_ino == seen->st_ino && now.st_size == seen->st_size &&
                   now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
    *seen = now;
    return !is_same;
}

/* `promptgate user` replaces the file; no signal tells. */
void reload_users(struct parent *p)
{
    struct buf path = {0}, text = {0};
    buf_printf(&path, "%s/users.yaml", p->now.conf->settings.data_dir.p);
    if (users_have_changed(p, buf_cstr(&path))) {
        enum err err = file_load(buf_cstr(&path), USERS_FILE_MAX, &text);
        if (err == OK || err == ERR_NOT_FOUND)
            apply_users(p, buf_cstr(&path), buf_str(&text));
    }
    buf_free(&path);
    buf_free(&text);
}
