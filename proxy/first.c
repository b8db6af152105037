#include "proxy/first.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/users.h"
#include "certs/ca.h"
#include "proxy/control.h"

enum { LOCK_WAIT_MS = 5000, LOCK_PAUSE_MS = 50, INITIAL_BYTES_MAX = 256 };

static void complain(const char *what, const char *path)
{
    fprintf(stderr, "promptgate: %s %s: %s\n", what, path, strerror(errno));
}

enum err first_user(struct str run_as, struct run_user *user_out)
{
    *user_out = (struct run_user){0};
    if (geteuid() != 0)
        return OK;
    const struct passwd *entry = run_as.n > 0 ? getpwnam(run_as.p) : NULL;
    if (entry == NULL || entry->pw_uid == 0) {
        fprintf(stderr,
            "promptgate: run_as: %s user \"%.*s\"; allowed is any user but "
            "root. To make one:\n  useradd --system --no-create-home "
            "--home-dir /var/lib/promptgate --shell /usr/sbin/nologin "
            "promptgate\n",
            entry == NULL ? "there is no" : "not the", STR_ARG(run_as));
        return ERR_CONFIG;
    }
    *user_out = (struct run_user){true, entry->pw_uid, entry->pw_gid};
    return OK;
}

static enum err take_lock(const char *data_dir, int *lock_fd_out)
{
    char path[PATH_MAX];
    uint64_t until = clock_mono_ms() + LOCK_WAIT_MS;
    snprintf(path, sizeof path, "%s/lock", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        complain("cannot open", path);
        return ERR_IO;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (clock_mono_ms() > until) {
            fprintf(stderr,
                "promptgate: another gateway runs on %s (it holds %s)\n",
                data_dir, path);
            close(fd);
            return ERR_STATE;
        }
        /* Roles of a parent that was killed end within moments. */
        nanosleep(&(struct timespec){0, LOCK_PAUSE_MS * 1000000L}, NULL);
    }
    *lock_fd_out = fd;
    return OK;
}

enum err first_become(const struct run_user *user)
{
    if (!user->is_set)
        return OK;
    if (setgroups(0, NULL) == 0 && setgid(user->gid) == 0 &&
        setuid(user->uid) == 0)
        return OK;
    fprintf(stderr, "promptgate: cannot become the store's user: %s\n",
        strerror(errno));
    return ERR_IO;
}

enum err first_make_data_dir(const char *data_dir)
{
    return file_make_folder(data_dir, 0700);
}

/* Never through a symbolic link: what it names would be given away. */
static enum err give(const char *folder, uid_t uid, gid_t gid, mode_t mode)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_good =
        fd >= 0 && fchown(fd, uid, gid) == 0 && fchmod(fd, mode) == 0;
    if (fd >= 0)
        close(fd);
    return is_good ? OK : ERR_IO;
}

/* Root gives the folder away, but no file in it: what stands there may be a
 * link that the roles made. */
static enum err check_owner(const char *folder, const char *name,
    const struct run_user *user, const char *store_dir)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (lstat(path, &st) != 0 || st.st_uid == user->uid)
        return OK;
    fprintf(stderr,
        "promptgate: %s does not belong to the user of run_as (restored by "
        "root, or run_as changed?); to mend it:\n  chown -R %u:%u %s\n",
        path, (unsigned)user->uid, (unsigned)user->gid, store_dir);
    return ERR_DENIED;
}

static enum err check_owners(
    const char *folder, const struct run_user *user, const char *store_dir)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    enum err err = OK;
    while (err == OK && entries != NULL && (entry = readdir(entries)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = check_owner(folder, entry->d_name, user, store_dir);
    if (entries != NULL)
        closedir(entries);
    return err;
}

/* As root, data_dir is root's: the roles can pass to the storer's folder, but
 * neither read, rename nor remove the CA and the logins. */
static enum err make_store_dir(
    const struct settings *s, const struct run_user *user)
{
    const char *data_dir = s->data_dir.p, *store_dir = s->store_dir.p;
    if (user->is_set && give(data_dir, 0, user->gid, 0710) != OK) {
        complain("cannot take over", data_dir);
        return ERR_IO;
    }
    if (access(data_dir, R_OK | W_OK | X_OK) != 0) {
        complain("data_dir: cannot write to", data_dir);
        return ERR_IO;
    }
    if (file_make_folder(store_dir, 0700) != OK ||
        (user->is_set && give(store_dir, user->uid, user->gid, 0700) != OK)) {
        complain("cannot make", store_dir);
        return ERR_IO;
    }
    if (!user->is_set)
        return OK;
    char journal[PATH_MAX];
    snprintf(journal, sizeof journal, "%s/journal", store_dir);
    enum err err = check_owners(store_dir, user, store_dir);
    return err == OK ? check_owners(journal, user, store_dir) : err;
}

enum err first_data_dir(
    const struct settings *s, const struct run_user *user, int *lock_fd_out)
{
    *lock_fd_out = -1;
    if (first_make_data_dir(s->data_dir.p) != OK) {
        complain("data_dir: cannot make", s->data_dir.p);
        return ERR_IO;
    }
    enum err err = make_store_dir(s, user);
    return err == OK ? take_lock(s->data_dir.p, lock_fd_out) : err;
}

static enum err make_ca(
    const char *cert_path, const char *key_path, const struct ca_limits *limits)
{
    struct buf cert = {0}, key = {0};
    enum err err = ca_create_limited(STR("promptgate CA"), limits, &cert, &key);
    /* The key first: a certificate alone would look like a finished CA. */
    if (err == OK)
        err = file_create(key_path, buf_str(&key), 0600);
    if (err == OK)
        err = file_create(cert_path, buf_str(&cert), 0644);
    buf_free(&cert);
    buf_wipe_free(&key);
    return err;
}

static void advise_on_ca(const char *folder)
{
    fprintf(stderr,
        "promptgate: restore ca.pem and ca.key in %s from a backup; or move "
        "both away and start: a new CA is made, which every client must "
        "trust anew\n",
        folder);
}

enum err first_ca(const char *data_dir, const struct ca_limits *limits)
{
    char folder[PATH_MAX], cert[PATH_MAX], key[PATH_MAX], users[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/ca", data_dir);
    snprintf(cert, sizeof cert, "%s/ca/ca.pem", data_dir);
    snprintf(key, sizeof key, "%s/ca/ca.key", data_dir);
    bool has_cert = access(cert, F_OK) == 0, has_key = access(key, F_OK) == 0;
    if (has_cert && has_key)
        return OK;
    /* The first login comes after the CA: with one, clients may know it. */
    snprintf(users, sizeof users, "%s/users.yaml", data_dir);
    if (has_cert || (has_key && access(users, F_OK) == 0)) {
        fprintf(stderr, "promptgate: %s is there, but %s is not\n",
            has_cert ? cert : key, has_cert ? key : cert);
        advise_on_ca(folder);
        return ERR_STATE;
    }
    if (has_key) /* an interrupted first start: no client can know it yet */
        unlink(key);
    if (file_make_folder(folder, 0755) != OK ||
        make_ca(cert, key, limits) != OK) {
        complain("cannot make the CA in", folder);
        return ERR_IO;
    }
    log_event(LOG_INFO, "ca.created", LOG_CSTR("file", cert));
    return OK;
}

enum err first_open_key(const char *data_dir, int *fd_out)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/ca/ca.key", data_dir);
    *fd_out = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd_out < 0 || fstat(*fd_out, &st) != 0) {
        complain("cannot open", path);
        return ERR_IO;
    }
    if ((st.st_mode & 077) == 0 && st.st_uid == geteuid())
        return OK;
    fprintf(stderr,
        "promptgate: %s may be read by others: it must belong to uid %u with "
        "mode 0600; if it may have been copied, make a new CA\n",
        path, (unsigned)geteuid());
    close(*fd_out);
    *fd_out = -1;
    return ERR_DENIED;
}

/* The signer checks the same, but it may only die of it. */
enum err first_check_ca(const char *data_dir)
{
    char path[PATH_MAX];
    struct buf cert = {0}, key = {0};
    int fd = -1;
    snprintf(path, sizeof path, "%s/ca/ca.pem", data_dir);
    enum err err = first_open_key(data_dir, &fd);
    if (err != OK)
        return err;
    buf_reserve(&key, CA_FILE_MAX); /* it never moves: wiped below */
    err = file_read(fd, CA_FILE_MAX / 2, &key);
    close(fd);
    if (err == OK)
        err = file_load(path, CA_FILE_MAX, &cert);
    if (err != OK)
        complain("cannot read the CA in", path);
    const char *mistake =
        err == OK ? ca_mistake(buf_str(&cert), buf_str(&key)) : NULL;
    if (mistake != NULL) {
        fprintf(stderr, "promptgate: %s: %s\n", path, mistake);
        snprintf(path, sizeof path, "%s/ca", data_dir);
        advise_on_ca(path);
        err = ERR_DENIED;
    }
    buf_free(&cert);
    buf_wipe_free(&key);
    return err;
}

static bool has_administrator(const struct users *users)
{
    for (size_t i = 0; i < users_count(users); i++)
        if (users_at(users, i)->role == USER_ADMINISTRATOR)
            return true;
    return false;
}

static enum err hand_over(
    const char *data_dir, bool is_terminal, struct first_admin *out)
{
    struct buf text = {0};
    if (is_terminal)
        return OK;
    snprintf(out->path, sizeof out->path, "%s/admin.initial", data_dir);
    unlink(out->path);
    buf_printf(&text, "%s %s\n", out->name, out->password);
    enum err err = file_create(out->path, buf_str(&text), 0600);
    buf_wipe_free(&text);
    explicit_bzero(out->password, sizeof out->password);
    return err;
}

static enum err add_administrator(struct users *users, struct first_admin *out)
{
    snprintf(out->name, sizeof out->name, "admin");
    for (unsigned i = 2; users_find(users, str_of(out->name)) != NULL; i++)
        snprintf(out->name, sizeof out->name, "admin%u", i % 100000);
    users_random_password(out->password);
    return users_add(users, str_of(out->name), USER_ADMINISTRATOR, STR(""),
        str_of(out->password));
}

/* admin.initial, and whose it is; false: there is none. */
static bool read_initial(
    const char *data_dir, char path[PATH_MAX], struct buf *text)
{
    snprintf(path, PATH_MAX, "%s/admin.initial", data_dir);
    if (file_load(path, INITIAL_BYTES_MAX, text) != OK)
        return false;
    buf_truncate(text, str_find_char(buf_str(text), ' '));
    return true;
}

/* A login of an earlier start that nobody has used yet. */
static void find_initial(const char *data_dir, struct first_admin *out)
{
    struct buf name = {0};
    if (read_initial(data_dir, out->path, &name))
        snprintf(out->name, sizeof out->name, "%.*s", STR_ARG(buf_str(&name)));
    buf_wipe_free(&name);
}

enum err first_administrator(
    const char *data_dir, bool is_terminal, struct first_admin *out)
{
    struct users_edit edit;
    struct diag diag = {0};
    *out = (struct first_admin){0};
    enum err err = users_edit_begin(data_dir, &edit, &diag);
    if (err != OK) {
        fputs(buf_cstr(&diag.text), stderr);
        diag_free(&diag);
        return err;
    }
    bool is_needed = !has_administrator(edit.users);
    if (is_needed)
        err = add_administrator(edit.users, out);
    else
        find_initial(data_dir, out);
    enum err saved = users_edit_end(&edit, is_needed && err == OK);
    err = err == OK ? saved : err;
    if (is_needed && err == OK)
        err = hand_over(data_dir, is_terminal, out);
    if (err != OK)
        complain("cannot make the first login in", data_dir);
    return err;
}

void first_login(const char *data_dir, uint64_t name_hash)
{
    char path[PATH_MAX];
    struct buf name = {0};
    if (read_initial(data_dir, path, &name) &&
        control_name_hash(buf_str(&name)) == name_hash && unlink(path) == 0)
        log_event(LOG_INFO, "admin.initial_removed");
    buf_wipe_free(&name);
}
