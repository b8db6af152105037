/*
 * `promptgate check`: everything that `run` reads, read the same way, down to
 * the compiled pattern database and the TLS context that a worker would use.
 */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "proxy/collector.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/data_files.h"
#include "proxy/key_source.h"
#include "proxy/tls.h"

enum { EXIT_GOOD = 0, EXIT_MISTAKES = 2 };

struct check {
    const char *file;
    bool with_examples, describes;
};

static void print_help(void)
{
    puts("usage: promptgate check [-c FILE] [--examples] [--settings]\n\n"
         "Reads settings, policy, detectors, service maps, certificates and\n"
         "logins as `run` would and prints every mistake as\n"
         "FILE:LINE: what is wrong, and what is allowed.\n\n"
         "  -c, --config FILE   settings file\n"
         "      --examples      also run each detector's examples and\n"
         "                      counter-examples\n"
         "      --settings      print docs/settings.md instead\n\n"
         "Exit status: 0 good, 2 mistakes.");
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct check *check)
{
    static const struct option longs[] = {{"config", 1, NULL, 'c'},
        {"examples", 0, NULL, 'e'}, {"settings", 0, NULL, 's'},
        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'c')
            check->file = optarg;
        else if (c == 'e')
            check->with_examples = true;
        else if (c == 's')
            check->describes = true;
        else if (c == 'h')
            print_help();
        if (c == 'h' || c == '?')
            return c == 'h' ? EXIT_GOOD : EXIT_MISTAKES;
    }
    if (optind == argc)
        return -1;
    fputs("promptgate check: takes no arguments; see --help\n", stderr);
    return EXIT_MISTAKES;
}

static int describe(void)
{
    struct buf out = {0};
    settings_describe(&out);
    fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    return EXIT_GOOD;
}

static void compile(
    struct conf *conf, const struct check *check, struct diag *diag)
{
    static const char tickets[TLS_TICKET_KEY_BYTES];
    struct str keys = {tickets, sizeof tickets};
    struct str data = STR_NONE;
    struct buf database = {0};
    enum err err = data_files_map(conf->rules, diag, &data);
    if (err != OK && err != ERR_CONFIG)
        diag_add(diag, "detectors", 1, "no memory for data files");
    if (err == OK && rules_compile(conf->rules, diag, &database) == OK) {
        if (check->with_examples)
            rules_check_examples(conf->rules, buf_str(&database), diag);
        if (conf_arm(conf, buf_str(&database), data, keys, diag) != OK &&
            diag->count == 0)
            diag_add(diag, "certificates", 1, "cannot be used");
        conf->database = STR_NONE; /* the buffer's, no mapping */
        if (conf->scanner != NULL)
            scanner_free(&conf->scanner);
    }
    buf_free(&database);
}

/* No mistake: the files may be checked elsewhere than where they are used. */
static void note_user(struct str run_as)
{
    if (geteuid() == 0 && run_as.n > 0 && getpwnam(run_as.p) == NULL)
        fprintf(stderr,
            "note: run_as: there is no user \"%.*s\" on this machine; `run` "
            "as root needs it\n",
            STR_ARG(run_as));
}

/* No mistake either: the key may be readable for the gateway's user alone.
 * What is wrong with it is logged. */
static void note_keys(const struct settings *settings, const char *file)
{
    struct collect_keys keys;
    if (collect_keys_read(settings, str_of(file), &keys) != OK)
        fputs("note: a log whose key cannot be read is not polled\n", stderr);
    collect_keys_free(&keys);
    struct key_source secret = {settings->oidc.secret_file,
        settings->oidc.secret_env, str_of(file), "oidc", "signin.no-secret",
        "signin.secret-readable"};
    struct buf text = {0};
    if (settings->oidc.issuer.n > 0 && key_source_read(&secret, &text) != OK)
        fputs("note: the client's secret cannot be read: the provider would "
              "refuse it\n",
            stderr);
    buf_wipe_free(&text);
}

/* Where somebody has switched a service away from the policy's mode. */
static void print_modes(const struct conf *conf)
{
    struct str name;
    for (size_t i = 0; (name = service_set_name(conf->services, i)).n > 0;
         i++) {
        enum mode mode = policy_own_mode(conf->policy, name);
        if (mode != MODE_DEFAULT)
            printf("mode of %.*s: %s (switched in the console)\n",
                STR_ARG(name), mode_name(mode));
    }
}

static void check_all(
    const char *file, const struct check *check, struct diag *diag)
{
    struct bundle bundle;
    conf_collect(file, &bundle, diag);
    struct conf *conf = conf_load(&bundle, diag);
    if (conf == NULL)
        return;
    compile(conf, check, diag);
    note_user(conf->settings.run_as);
    note_keys(&conf->settings, file);
    if (diag->count == 0) {
        printf(
            "%s: good; %zu detection rules\n", file, rules_count(conf->rules));
        print_modes(conf);
    }
    conf_unref(&conf);
}

int command_check(int argc, char **argv)
{
    struct check check = {0};
    struct diag diag = {0};
    int status = parse(argc, argv, &check);
    if (status >= 0)
        return status;
    if (check.describes)
        return describe();
    char *file = conf_find_file(check.file);
    if (file == NULL) {
        fputs("promptgate check: no settings file; give one with -c FILE\n",
            stderr);
        return EXIT_MISTAKES;
    }
    check_all(file, &check, &diag);
    if (diag.count > 0) {
        fputs(buf_cstr(&diag.text), stderr);
        fprintf(
            stderr, "%zu mistake%s\n", diag.count, diag.count == 1 ? "" : "s");
        status = EXIT_MISTAKES;
    } else {
        status = EXIT_GOOD;
    }
    diag_free(&diag);
    mem_free(file);
    return status;
}
