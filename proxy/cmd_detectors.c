/*
 * promptgate detectors import: rules of other scanners as detectors of ours,
 * on standard output or into a file; what could not be taken goes to standard
 * error.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "inspect/import.h"
#include "proxy/command.h"

enum { STATUS_GOOD = 0, STATUS_BAD = 2, FILE_MAX = 16 << 20 };

static const char help[] =
    "usage: promptgate detectors import [OPTION…] FILE|FOLDER…\n\n"
    "Reads rules of Kingfisher and Nosey Parker (YAML) and gitleaks (TOML) "
    "and\n"
    "writes them as detectors (docs/detectors.md). Each is tried on its own\n"
    "examples; what cannot be taken, or not whole, is told on standard error.\n"
    "Of a folder: its .yml, .yaml and .toml files.\n\n"
    "  --format F     auto (default), kingfisher, noseyparker or gitleaks\n"
    "  --out FILE     instead of standard output; must not be there yet\n"
    "  --type T       of the detectors (vendor-key)\n"
    "  --severity L   low, medium or high (default)\n"
    "  --quiet        only the sums\n\n"
    "Status: 0; 2 a file that cannot be read, or nothing to take.\n";

struct options {
    struct import_options import;
    const char *out;
    bool is_quiet;
};

static int say(const char *what, const char *why)
{
    fprintf(stderr, "promptgate detectors: %s: %s\n", what, why);
    return STATUS_BAD;
}

/* ---- files --------------------------------------------------------------- */

static int read_file(
    struct import *import, const struct options *o, const char *path)
{
    struct buf text = {0};
    struct diag diag = {0};
    enum err err = file_load(path, FILE_MAX, &text);
    if (err == OK)
        import_read(import, &o->import, path, buf_str(&text), &diag);
    else
        diag_add(&diag, path, 1, "cannot be read: %s",
            err == ERR_LIMIT ? "larger than 16 MiB" : strerror(errno));
    fputs(buf_cstr(&diag.text), stderr);
    int status = diag.count == 0 ? STATUS_GOOD : STATUS_BAD;
    diag_free(&diag);
    buf_free(&text);
    return status;
}

static int is_rules_name(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);
    return name.p[0] != '.' &&
           (str_ends(name, ".yml") || str_ends(name, ".yaml") ||
               str_ends(name, ".toml"));
}

static int read_folder(
    struct import *import, const struct options *o, const char *folder)
{
    struct dirent **entries = NULL;
    int status = STATUS_GOOD;
    int count = scandir(folder, &entries, is_rules_name, alphasort);
    if (count < 0)
        return say(folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        struct buf path = {0};
        buf_printf(&path, "%s/%s", folder, entries[i]->d_name);
        if (read_file(import, o, buf_cstr(&path)) != STATUS_GOOD)
            status = STATUS_BAD;
        buf_free(&path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static int write_out(const struct import *import, const char *path)
{
    struct buf text = {0};
    int status = STATUS_GOOD;
    buf_printf(&text,
        "# Imported by `promptgate detectors import`: %zu of %zu rules.\n"
        "detectors:\n",
        import->taken, import->rules);
    buf_append_str(&text, buf_str(&import->yaml));
    if (path == NULL) {
        fwrite(buf_bytes(&text), 1, text.n, stdout);
        if (fflush(stdout) != 0)
            status = say("standard output", strerror(errno));
    } else if (file_create(path, buf_str(&text), 0644) != OK) {
        status = say(path, strerror(errno));
    }
    buf_free(&text);
    return status;
}

static int run_import(const struct options *o, char **names, int count)
{
    struct import import = {0};
    int status = STATUS_GOOD;
    for (int i = 0; i < count; i++) {
        struct stat st;
        bool is_folder = stat(names[i], &st) == 0 && S_ISDIR(st.st_mode);
        int one = is_folder ? read_folder(&import, o, names[i])
                            : read_file(&import, o, names[i]);
        status = one > status ? one : status;
    }
    import_finish(&import);
    if (!o->is_quiet)
        fputs(buf_cstr(&import.report), stderr);
    fprintf(stderr,
        "promptgate detectors: %zu of %zu rules taken, %zu not; %zu of %zu "
        "examples as they should be\n",
        import.taken, import.rules, import.skipped,
        import.examples - import.examples_lost, import.examples);
    if (import.taken > 0 && write_out(&import, o->out) != STATUS_GOOD)
        status = STATUS_BAD;
    if (import.taken == 0)
        status = STATUS_BAD;
    import_free(&import);
    return status;
}

/* ---- arguments ----------------------------------------------------------- */

static bool read_word(const char *option, const char *const *words, int *out)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(optarg, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    fprintf(
        stderr, "promptgate detectors: --%s %s: see --help\n", option, optarg);
    return false;
}

static bool read_option(int c, struct options *o)
{
    static const char *const formats[] = {
        "auto", "kingfisher", "noseyparker", "gitleaks", NULL};
    static const char *const levels[] = {"low", "medium", "high", NULL};
    int index = 0;
    bool is_good = true;
    if (c == 'f' && (is_good = read_word("format", formats, &index)))
        o->import.format = (enum import_format)index;
    else if (c == 's' && (is_good = read_word("severity", levels, &index)))
        o->import.severity = (enum level)(LEVEL_LOW + index);
    else if (c == 'o')
        o->out = optarg;
    else if (c == 't')
        o->import.type = str_of(optarg);
    else if (c == 'q')
        o->is_quiet = true;
    else if (c != 'f' && c != 's' && c != 'c')
        return false; /* getopt_long has said what is wrong */
    return is_good;
}

int command_detectors(int argc, char **argv)
{
    static const struct option longs[] = {
        {"format", required_argument, NULL, 'f'},
        {"out", required_argument, NULL, 'o'},
        {"type", required_argument, NULL, 't'},
        {"severity", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    struct options o = {
        .import = {.type = STR("vendor-key"), .severity = LEVEL_HIGH}};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'h')
            return fputs(help, stdout) < 0 ? STATUS_BAD : STATUS_GOOD;
        if (!read_option(c, &o))
            return STATUS_BAD;
    }
    if (optind >= argc || strcmp(argv[optind], "import") != 0)
        return say("import is the only action", "see --help");
    if (optind + 1 == argc)
        return say("import", "needs files or folders of rules");
    return run_import(&o, argv + optind + 1, argc - optind - 1);
}
