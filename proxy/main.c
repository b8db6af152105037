/*
 * promptgate COMMAND …: finds the subcommand and leaves the rest to it.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proxy/command.h"
#include "proxy/tls.h"
#include "proxy/version.h"

enum { EXIT_USAGE = 2 };

struct command {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *help; /* NULL: internal */
};

static const struct command commands[] = {
    {"run", command_run, "start the gateway, its store and its console"},
    {"check", command_check, "read the configuration and report mistakes"},
    {"scan", command_scan, "run the detectors over text or documents"},
    {"replay", command_replay, "feed captured exchanges through the gateway"},
    {"collect", command_collect, "poll OpenAI's own logs once"},
    {"activities", command_activities, "list what was recorded"},
    {"detectors", command_detectors, "take rules of other scanners"},
    {"evidence", command_evidence, "make keys, open what was sealed"},
    {"names", command_names, "keys of pseudonyms, and whose they are"},
    {"ca", command_ca, "make, show and export the certification authority"},
    {"fingerprint", command_fingerprint,
        "recognise documents: add, remove, list"},
    {"edm", command_edm, "make an index of a table, for exact data match"},
    {"demo", command_demo, "fill a throw-away store, to look at the console"},
    {"user", command_user, "manage logins and tokens"},
    {"role", command_role, NULL},
    {"extract", command_extract, NULL},
};

static void print_help(FILE *to)
{
    fputs("promptgate: a forward proxy that looks at what goes to ChatGPT\n\n"
          "usage: promptgate COMMAND [-c FILE] [OPTION…]\n\n",
        to);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].help != NULL)
            fprintf(to, "  %-12s%s\n", commands[i].name, commands[i].help);
    fputs("\npromptgate COMMAND --help says more. Without -c:\n"
          "conf/promptgate.yaml beside the folder of the executable, then\n"
          "/etc/promptgate/promptgate.yaml.\n",
        to);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    tls_use_mem();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("promptgate " PROMPTGATE_VERSION);
        return 0;
    }
    const struct command *command = find_command(argv[1]);
    if (command != NULL) {
        char name[64]; /* as getopt_long says it */
        snprintf(name, sizeof name, "promptgate %s", command->name);
        argv[1] = name;
        return command->main(argc - 1, argv + 1);
    }
    fprintf(
        stderr, "promptgate: unknown command \"%s\"; see --help\n", argv[1]);
    return EXIT_USAGE;
}
