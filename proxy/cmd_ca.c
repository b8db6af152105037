/*
 * `promptgate ca`: makes, shows and exports the certification authority in
 * <data_dir>/ca.  Nothing here ever prints the key (K7); a running gateway is
 * not needed and not disturbed.
 */
#include "proxy/command.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "proxy/ca_names.h"
#include "proxy/cmd_data.h"
#include "proxy/conf.h"
#include "proxy/first.h"

struct options {
    const char *config;
    const char *action;
    enum ca_format format;
    bool is_limited;
};

static const char help[] =
    "usage: promptgate ca [-c FILE] init [--limited] | show |\n"
    "                     export [--format F]\n\n"
    "  init      makes the key and the certificate in <data_dir>/ca; never\n"
    "            replaces what is there (`run` does this at its first start)\n"
    "  show      subject, fingerprint and validity\n"
    "  export    the certificate, to be trusted by clients, on standard "
    "output\n\n"
    "  --limited    good for the hosts of the service maps and the names of\n"
    "               the console only (nameConstraints); a map that names\n"
    "               another domain later needs another CA\n"
    "  --format F   pem (default), der, or mobileconfig (Apple devices)\n";

static int say(int status, const char *what, const char *why)
{
    fprintf(stderr, "promptgate ca: %s%s%s\n", what, why != NULL ? ": " : "",
        why != NULL ? why : "");
    return status;
}

static bool parse_format(const char *name, enum ca_format *format_out)
{
    static const char *const names[] = {
        [CA_PEM] = "pem", [CA_DER] = "der", [CA_MOBILECONFIG] = "mobileconfig"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *format_out = (enum ca_format)i;
        return true;
    }
    return false;
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option long_options[] = {
        {"format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"limited", no_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int option;
    optind = 1;
    while (
        (option = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return STATUS_OK;
        }
        if (option == 'c')
            o->config = optarg;
        else if (option == 'l')
            o->is_limited = true;
        else if (option != 'f')
            return STATUS_USAGE; /* getopt_long has said what is wrong */
        else if (!parse_format(optarg, &o->format))
            return say(STATUS_USAGE, optarg,
                "no such format: pem, der or mobileconfig");
    }
    if (optind == argc)
        return say(STATUS_USAGE, "init, show or export? See --help", NULL);
    o->action = argv[optind++];
    if (optind < argc)
        return say(STATUS_USAGE, "unexpected", argv[optind]);
    return -1;
}

/* ---- actions ----------------------------------------------------------- */

static void print_info(const char *path, const struct ca_info *info)
{
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    int64_t left_ms = info->not_after_ms - clock_wall_ms();
    clock_format(info->not_before_ms, from);
    clock_format(info->not_after_ms, to);
    printf("file         %s\nsubject      %s\nserial       %s\n"
           "sha256       %s\nvalid from   %s\nvalid until  %s",
        path, info->subject, info->serial, info->sha256, from, to);
    if (left_ms > 0)
        printf(" (%lld days left)\n", (long long)(left_ms / 86400000));
    else
        printf(" (expired)\n");
}

static int no_cert(const char *path, enum err err)
{
    if (err == ERR_NOT_FOUND)
        return say(STATUS_FAILED, path,
            "there is no CA yet; `promptgate ca init` makes one");
    return say(STATUS_FAILED, path,
        err == ERR_IO ? strerror(errno) : "no usable certificate in it");
}

static int show(const char *path)
{
    struct buf pem = {0};
    struct ca_info info;
    enum err err = file_load(path, CA_FILE_MAX, &pem);
    if (err == OK)
        err = ca_read(buf_str(&pem), &info);
    buf_free(&pem);
    if (err != OK)
        return no_cert(path, err);
    print_info(path, &info);
    return STATUS_OK;
}

static int export(const char *path, enum ca_format format)
{
    struct buf pem = {0}, out = {0};
    int status = STATUS_OK;
    enum err err = file_load(path, CA_FILE_MAX, &pem);
    if (err == OK)
        err = ca_export(buf_str(&pem), format, &out);
    if (err != OK)
        status = no_cert(path, err);
    else if (fwrite(buf_bytes(&out), 1, out.n, stdout) != out.n ||
             fflush(stdout) != 0)
        status = say(STATUS_FAILED, "standard output", strerror(errno));
    buf_free(&pem);
    buf_free(&out);
    return status;
}

/* Old leaves and old trust die with the CA, so nothing here does it by the
 * way. */
static int refuse_to_replace(const char *folder)
{
    fprintf(stderr,
        "promptgate ca: there is a CA in %s already, and it is left alone.\n"
        "To rotate it:\n"
        "  1. mv %s %s.old\n"
        "  2. promptgate ca init\n"
        "  3. let clients trust the new certificate (promptgate ca export);\n"
        "     appended to ca.pem, the old one is still exported beside it\n"
        "  4. reload the gateway (SIGHUP), then remove the old CA from the "
        "clients\n",
        folder, folder, folder);
    return STATUS_FAILED;
}

/* The hosts of the maps are read for a limited CA alone. */
static enum err make_limited(
    const struct options *o, const struct settings *settings)
{
    struct bundle bundle = {0};
    struct diag elsewhere = {0}, diag = {0};
    struct ca_names names = {0};
    char *file = conf_find_file(o->config);
    conf_collect(file, &bundle, &elsewhere);
    enum err err = ca_names_collect(&bundle, settings, &names, &diag);
    if (err == OK)
        err = first_ca(settings->data_dir.p,
            &(struct ca_limits){names.items, names.count});
    fputs(buf_cstr(&diag.text), stderr);
    ca_names_free(&names);
    bundle_free(&bundle);
    diag_free(&elsewhere);
    diag_free(&diag);
    mem_free(file);
    return err;
}

static int init(
    const struct options *o, const struct settings *settings, const char *path)
{
    char folder[PATH_MAX];
    if ((size_t)snprintf(folder, sizeof folder, "%s/ca",
            settings->data_dir.p) >= sizeof folder)
        return say(STATUS_FAILED, "data_dir", "the path is too long");
    if (access(path, F_OK) == 0)
        return refuse_to_replace(folder);
    if (first_make_data_dir(settings->data_dir.p) != OK)
        return say(STATUS_FAILED, settings->data_dir.p, strerror(errno));
    enum err err = o->is_limited
                       ? make_limited(o, settings)
                       : first_ca(settings->data_dir.p, &(struct ca_limits){0});
    if (err != OK) /* says why */
        return STATUS_FAILED;
    return show(path);
}

static int act(const struct options *o, const struct settings *settings)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/ca/ca.pem",
            settings->data_dir.p) >= sizeof path)
        return say(STATUS_FAILED, "data_dir", "the path is too long");
    if (strcmp(o->action, "init") == 0)
        return init(o, settings, path);
    return strcmp(o->action, "show") == 0 ? show(path)
                                          : export(path, o->format);
}

int command_ca(int argc, char **argv)
{
    struct options o = {.format = CA_PEM};
    struct settings settings;
    int status = parse_options(argc, argv, &o);
    if (status >= 0)
        return status;
    if (strcmp(o.action, "init") != 0 && strcmp(o.action, "show") != 0 &&
        strcmp(o.action, "export") != 0)
        return say(
            STATUS_USAGE, o.action, "no such action: init, show or export");
    if (o.is_limited && strcmp(o.action, "init") != 0)
        return say(STATUS_USAGE, "--limited", "for init only");
    if (cmd_load_settings(o.config, &settings) != OK)
        return STATUS_USAGE;
    status = act(&o, &settings);
    settings_free(&settings);
    return status;
}
