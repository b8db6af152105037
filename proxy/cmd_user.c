/*
 * `promptgate user`: logins for the console and the proxy, and API tokens.
 * Edits <data_dir>/users.yaml under a lock; running roles re-read it.
 */
#include "proxy/command.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/users.h"
#include "proxy/cmd_data.h"
#include "proxy/first.h"

struct options {
    const char *config;
    const char *action; /* add, passwd, … */
    struct str name;
    const char *role;  /* NULL: not given */
    struct buf groups; /* blank-separated */
    struct str token_name;
    bool password_stdin;
};

static const char help[] =
    "usage: promptgate user [-c FILE] ACTION [NAME] [OPTION…]\n\n"
    "  add NAME      a new login; asks for the password\n"
    "  passwd NAME   a new password\n"
    "  token NAME    prints a new API token of the login, once\n"
    "  remove NAME\n"
    "  list          names, roles, groups, names of tokens\n\n"
    "  --role R           analyst (default), investigator, administrator,\n"
    "                     auditor, or proxy: proxy authentication only\n"
    "  --group G          a group for the policy; may be repeated\n"
    "  --token-name T     \"default\" otherwise; a token of this name is "
    "replaced\n"
    "  --password-stdin   the password is the first line of standard input\n";

static int say(int status, const char *what, const char *why)
{
    fprintf(stderr, "promptgate user: %s%s%s\n", what, why != NULL ? ": " : "",
        why != NULL ? why : "");
    return status;
}

/* ---- options ---- */

static const struct option long_options[] = {
    {"role", required_argument, NULL, 'r'},
    {"group", required_argument, NULL, 'g'},
    {"token-name", required_argument, NULL, 't'},
    {"password-stdin", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_option(struct options *o, int option)
{
    switch (option) {
    case 'c':
        o->config = optarg;
        return true;
    case 'r':
        o->role = optarg;
        return true;
    case 'g':
        if (strchr(optarg, ' ') != NULL || optarg[0] == '\0')
            return say(false, "a group has no blanks", NULL);
        buf_printf(&o->groups, "%s ", optarg);
        return true;
    case 't':
        o->token_name = str_of(optarg);
        return true;
    case 'p':
        o->password_stdin = true;
        return true;
    default:
        return false; /* getopt_long has said what is wrong */
    }
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    int option;
    optind = 1;
    while (
        (option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return STATUS_OK;
        }
        if (!parse_option(o, option))
            return STATUS_USAGE;
    }
    if (optind == argc)
        return say(STATUS_USAGE,
            "add, passwd, token, remove or list? See --help", NULL);
    o->action = argv[optind++];
    bool needs_name = strcmp(o->action, "list") != 0;
    if (needs_name && optind == argc)
        return say(STATUS_USAGE, o->action, "the NAME is missing");
    if (needs_name)
        o->name = str_of(argv[optind++]);
    if (optind < argc)
        return say(STATUS_USAGE, "unexpected", argv[optind]);
    return -1;
}

/* ---- passwords ---- */

/* One line without its end. ERR_EOF: none; ERR_LIMIT: too long. */
static enum err read_line(struct buf *out)
{
    char c;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
        if (out->n > USER_PASSWORD_MAX)
            return ERR_LIMIT;
        buf_append_char(out, c);
    }
    if (n < 0)
        return ERR_IO;
    if (n == 0 && out->n == 0)
        return ERR_EOF;
    if (out->n > 0 && buf_bytes(out)[out->n - 1] == '\r')
        buf_truncate(out, out->n - 1);
    return OK;
}

/* Signals wait while the echo is off: a shell without echo would be left. */
static enum err ask(const char *question, struct buf *out)
{
    struct termios before, quiet;
    sigset_t block, old;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return ERR_IO;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGTSTP);
    sigaddset(&block, SIGQUIT);
    sigprocmask(SIG_BLOCK, &block, &old);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_lflag |= ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fputs(question, stderr);
    enum err err = read_line(out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &old, NULL);
    /* ISIG was off, so ^C came as a character. */
    if (err == OK && memchr(buf_bytes(out), 3, out->n) != NULL)
        err = ERR_CLOSED;
    return err;
}

static enum err ask_twice(struct buf *out)
{
    struct buf again = {0};
    enum err err = ask("Password: ", out);
    if (err == OK)
        err = ask("Once more: ", &again);
    if (err == OK && !str_eq(buf_str(out), buf_str(&again)))
        err = ERR_DENIED;
    buf_wipe_free(&again);
    return err;
}

static int get_password(const struct options *o, struct buf *out)
{
    bool from_terminal = !o->password_stdin && isatty(STDIN_FILENO);
    if (!o->password_stdin && !from_terminal)
        return say(STATUS_USAGE,
            "standard input is no terminal; give the "
            "password there with --password-stdin",
            NULL);
    enum err err = from_terminal ? ask_twice(out) : read_line(out);
    if (err == ERR_DENIED)
        return say(STATUS_FAILED, "the two passwords differ", NULL);
    if (err != OK && err != ERR_LIMIT)
        return say(STATUS_FAILED, "no password was given", NULL);
    if (out->n < USER_PASSWORD_MIN || out->n > USER_PASSWORD_MAX) {
        fprintf(stderr, "promptgate user: a password has %d to %d bytes\n",
            USER_PASSWORD_MIN, USER_PASSWORD_MAX);
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

/* ---- actions ---- */

static int report(enum err err, struct str name)
{
    const char *why = err == ERR_STATE       ? "exists already; passwd changes "
                                               "the password, remove takes "
                                               "the login away"
                      : err == ERR_NOT_FOUND ? "there is no such login"
                      : err == ERR_LIMIT     ? "too many"
                                             : NULL;
    if (err == OK)
        return STATUS_OK;
    if (err == ERR_PARSE)
        fprintf(stderr,
            "promptgate user: names and groups have 1 to %d bytes and no "
            "blank, colon, quote or backslash\n",
            USER_NAME_MAX);
    else
        fprintf(stderr, "promptgate user: %.*s: %s\n", STR_ARG(name),
            why != NULL ? why : err_name(err));
    return STATUS_FAILED;
}

static int add(const struct options *o, struct users *users)
{
    struct buf password = {0};
    enum user_role role = USER_ANALYST;
    if (o->role != NULL && user_role_parse(str_of(o->role), &role) != OK)
        return say(STATUS_USAGE, o->role,
            "no role: analyst, investigator, administrator, auditor, proxy");
    if (users_find(users, o->name) != NULL)
        return report(ERR_STATE, o->name);
    int status = get_password(o, &password);
    if (status == STATUS_OK)
        status = report(users_add(users, o->name, role, buf_str(&o->groups),
                            buf_str(&password)),
            o->name);
    buf_wipe_free(&password);
    return status;
}

static int set_password(const struct options *o, struct users *users)
{
    struct buf password = {0};
    if (users_find(users, o->name) == NULL)
        return report(ERR_NOT_FOUND, o->name);
    int status = get_password(o, &password);
    if (status == STATUS_OK)
        status = report(
            users_set_password(users, o->name, buf_str(&password)), o->name);
    buf_wipe_free(&password);
    return status;
}

static void list(const struct users *users)
{
    printf("%-32s  %-14s  %-24s  %s\n", "NAME", "ROLE", "GROUPS", "TOKENS");
    for (size_t i = 0; i < users_count(users); i++) {
        const struct user *u = users_at(users, i);
        printf("%-32s  %-14s  %-24s ", u->name, user_role_name(u->role),
            u->groups[0] != '\0' ? u->groups : "-");
        for (size_t k = 0; k < u->token_count; k++)
            printf(" %s", u->tokens[k].name);
        putchar('\n');
    }
}

/* *changed_out: the file is to be written. */
static int act(const struct options *o, struct users *users,
    char token_out[USER_TOKEN_TEXT_BYTES], bool *changed_out)
{
    int status = STATUS_OK;
    *changed_out = true;
    if (strcmp(o->action, "add") == 0) {
        status = add(o, users);
    } else if (strcmp(o->action, "passwd") == 0) {
        status = set_password(o, users);
    } else if (strcmp(o->action, "remove") == 0) {
        status = report(users_remove(users, o->name), o->name);
    } else if (strcmp(o->action, "token") == 0) {
        struct str name = o->token_name.n > 0 ? o->token_name : STR("default");
        status =
            report(users_add_token(users, o->name, name, token_out), o->name);
    } else if (strcmp(o->action, "list") == 0) {
        list(users);
        *changed_out = false;
    } else {
        status = say(STATUS_USAGE, o->action,
            "no action: add, passwd, token, remove, list");
    }
    *changed_out = *changed_out && status == STATUS_OK;
    return status;
}

static int edit_file(const struct options *o, const struct settings *settings)
{
    struct users_edit edit;
    struct diag diag = {0};
    char token[USER_TOKEN_TEXT_BYTES] = "";
    bool has_changed = false;
    enum err err = users_edit_begin(settings->data_dir.p, &edit, &diag);
    if (err != OK) {
        fputs(buf_cstr(&diag.text), stderr);
        diag_free(&diag);
        return err == ERR_PARSE ? STATUS_FAILED : cmd_no_data("user", settings);
    }
    diag_free(&diag);
    int status = act(o, edit.users, token, &has_changed);
    if (users_edit_end(&edit, has_changed) != OK)
        return say(STATUS_FAILED, "cannot write the logins", strerror(errno));
    if (token[0] != '\0')
        puts(token);
    return status;
}

int command_user(int argc, char **argv)
{
    struct options o = {0};
    struct settings settings;
    int status = parse_options(argc, argv, &o);
    if (status >= 0)
        goto out;
    status = STATUS_USAGE;
    if (cmd_load_settings(o.config, &settings) != OK)
        goto out;
    if (first_make_data_dir(settings.data_dir.p) != OK)
        status = cmd_no_data("user", &settings);
    else
        status = edit_file(&o, &settings);
    settings_free(&settings);
out:
    buf_free(&o.groups);
    return status;
}
