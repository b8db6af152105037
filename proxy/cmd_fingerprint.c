/*
 * `promptgate fingerprint`: sets of documents that detectors of kind
 * fingerprint recognise.  The file of a set is read, made anew and replaced
 * under a lock on its folder; a running gateway reads it when it reloads.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "inspect/fingerprint.h"
#include "inspect/rules.h"
#include "proxy/cmd_data.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/first.h"
#include "proxy/scan_walk.h"
#include "proxy/text_source.h"

enum { SET_BYTES_MAX = 1 << 30 };

static const char help[] =
    "usage: promptgate fingerprint add [-c FILE] [--set NAME|--file PATH]\n"
    "                                  [--common] FILE|FOLDER…\n"
    "       promptgate fingerprint remove [-c FILE] [--set NAME|--file PATH] "
    "NAME…\n"
    "       promptgate fingerprint list [-c FILE] [--set NAME|--file PATH]\n\n"
    "Documents whose text detectors of kind fingerprint recognise, whole or "
    "in\n"
    "parts.  Only keyed hashes and the documents' names are kept.\n\n"
    "  add FILE…    documents are opened as `promptgate scan` does; of a "
    "folder\n"
    "               all files below it; one that is there is replaced\n"
    "  remove NAME… as list prints it\n"
    "  list         letters, paragraphs, percent that is its own, date, "
    "name\n\n"
    "  --set NAME   default: \"default\"; kept in DATA_DIR/fingerprints/NAME\n"
    "  --file PATH  a set elsewhere, as a detector's `file` names it\n"
    "  --common     everybody's texts (licences, forms): what of them is in\n"
    "               other documents is not looked for\n\n"
    "A running gateway reads a changed set at its next reload (SIGHUP).\n"
    "Status: 0 all done, 1 a document could not be added, 2 usage.\n";

struct options {
    const char *config, *action, *set, *file;
    bool is_common;
    char **names;
    int count;
};

struct work {
    const struct options *options;
    struct extract_setup setup;
    struct rules *rules; /* NULL: they have mistakes */
    const char *data_dir;
    struct buf path, folder;
    int lock;
    struct buf bytes; /* the file that was there */
    struct fingerprint_set *set;
    struct fingerprint_builder *builder;
    size_t changes, failures;
};

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "promptgate fingerprint: %s: %s\n", what, why);
    return STATUS_FAILED;
}

/* ---- the set ---- */

static bool open_set(struct work *w)
{
    const char *path = buf_cstr(&w->path);
    enum err err = file_load(path, SET_BYTES_MAX, &w->bytes);
    if (err == ERR_NOT_FOUND)
        return true;
    if (err != OK) {
        complain(path, strerror(errno));
        return false;
    }
    err = fingerprint_set_open(buf_str(&w->bytes), &w->set);
    if (err == OK)
        return true;
    complain(path, err == ERR_UNSUPPORTED
                       ? "of another version: remove it and add the documents "
                         "anew"
                       : "damaged, or no set of fingerprints");
    return false;
}

static bool lock_folder(struct work *w)
{
    const char *folder = buf_cstr(&w->folder);
    if (w->options->file == NULL && (first_make_data_dir(w->data_dir) != OK ||
                                        file_make_folder(folder, 0700) != OK)) {
        complain(folder, strerror(errno));
        return false;
    }
    w->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->lock >= 0 && flock(w->lock, LOCK_EX) == 0)
        return true;
    complain(folder, strerror(errno));
    return false;
}

/* Old or new, never a part: a gateway may read it at any time. */
static bool replace_set(struct work *w)
{
    struct buf bytes = {0}, aside = {0};
    const char *path = buf_cstr(&w->path);
    buf_printf(&aside, "%s.new", path);
    fingerprint_builder_write(w->builder, &bytes);
    bool is_good = bytes.n <= SET_BYTES_MAX;
    if (!is_good)
        errno = EFBIG;
    (void)unlink(buf_cstr(&aside));
    is_good = is_good &&
              file_create(buf_cstr(&aside), buf_str(&bytes), 0600) == OK &&
              rename(buf_cstr(&aside), path) == 0 && fsync(w->lock) == 0;
    if (!is_good)
        complain(path, strerror(errno));
    buf_free(&bytes);
    buf_free(&aside);
    return is_good;
}

/* ---- add ---- */

/* As it was given, but not so that one file has two names. */
static struct str name_of(const char *path)
{
    struct str name = str_of(path);
    while (str_starts(name, "./"))
        for (name = str_sub(name, 2, name.n); str_starts(name, "/");)
            name = str_sub(name, 1, name.n);
    return name;
}

static const char *reason_of(enum err err, const struct extract_report *report)
{
    if (extract_status_is_bad(report->status))
        return extract_status_name(report->status);
    if (err == ERR_LIMIT)
        return "the set is full";
    return "not enough text to be recognised";
}

static void add_file(struct work *w, const char *path)
{
    struct buf text = {0};
    struct extract_report report;
    enum err err = text_source_load(&w->setup, path, &text, &report);
    if (err != OK) {
        complain(path, strerror(errno));
        w->failures++;
        buf_free(&text);
        return;
    }
    err = fingerprint_builder_add(
        w->builder, name_of(path), buf_str(&text), w->options->is_common);
    if (err == OK)
        w->changes++;
    else
        w->failures++;
    if (err != OK)
        complain(path, reason_of(err, &report));
    else if (extract_status_is_bad(report.status))
        fprintf(stderr, "promptgate fingerprint: %s: not all of it: %s\n", path,
            extract_status_name(report.status));
    extract_report_free(&report);
    buf_free(&text);
}

static bool is_looked_for(const struct work *w)
{
    if (w->rules == NULL || w->options->file != NULL)
        return true; /* `check` says more; paths may be spelt in ways */
    for (size_t i = 0; i < rules_data_count(w->rules); i++)
        if (str_eq(rules_data_file(w->rules, i), buf_str(&w->path)))
            return true;
    return false;
}

static void add_all(struct work *w)
{
    const struct options *o = w->options;
    const struct walk_options options = {
        .names = o->names, .count = (size_t)o->count};
    const char *path, *error;
    struct walk *walk = walk_new(&options);
    while (walk_next(walk, &path, &error)) {
        if (error[0] == '\0') {
            add_file(w, path);
            continue;
        }
        complain(path, error);
        w->failures++;
    }
    walk_free(&walk);
    printf("%zu document%s added to %s\n", w->changes,
        w->changes == 1 ? "" : "s", buf_cstr(&w->path));
    if (!is_looked_for(w))
        fprintf(stderr,
            "note: no detector of the configuration looks for this set; "
            "docs/detectors.md, \"Documents\", says how to write one\n");
}

/* ---- remove, list ---- */

static void remove_all(struct work *w)
{
    const struct options *o = w->options;
    for (int i = 0; i < o->count; i++) {
        if (fingerprint_builder_remove(w->builder, name_of(o->names[i]))) {
            w->changes++;
            continue;
        }
        complain(o->names[i], "no such document in the set");
        w->failures++;
    }
    printf("%zu document%s removed\n", w->changes, w->changes == 1 ? "" : "s");
}

static void list_all(const struct work *w)
{
    size_t count = w->set != NULL ? fingerprint_set_count(w->set) : 0;
    for (size_t i = 0; i < count; i++) {
        char time[CLOCK_TEXT_BYTES];
        struct fingerprint_document d = fingerprint_set_at(w->set, i);
        clock_format(d.added_ms, time);
        printf("%10llu %6u %4llu%% %.10s %s%.*s\n",
            (unsigned long long)d.letters, d.paragraphs,
            (unsigned long long)d.own * 100 / (d.points > 0 ? d.points : 1),
            time, d.is_common ? "(common) " : "", STR_ARG(d.name));
    }
}

/* ---- the command ---- */

static bool is_set_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n <= 64 && name[n] == '\0';
}

static void find_path(struct work *w, const struct settings *settings)
{
    const struct options *o = w->options;
    char absolute[PATH_MAX];
    if (o->file == NULL) {
        buf_printf(&w->folder, "%s/fingerprints", settings->data_dir.p);
        buf_printf(&w->path, "%s/%s", buf_cstr(&w->folder), o->set);
        return;
    }
    const char *slash = strrchr(o->file, '/');
    const char *base = slash != NULL ? slash + 1 : o->file;
    buf_append(&w->folder, o->file, (size_t)(base - o->file));
    const char *folder = w->folder.n > 0 ? buf_cstr(&w->folder) : ".";
    bool is_there = realpath(folder, absolute) != NULL;
    if (is_there || w->folder.n == 0) {
        buf_clear(&w->folder);
        buf_append_str(&w->folder, str_of(is_there ? absolute : "."));
    }
    buf_printf(&w->path, "%s/%s", buf_cstr(&w->folder), base);
}

static int edit(struct work *w)
{
    const struct options *o = w->options;
    bool is_list = strcmp(o->action, "list") == 0;
    if ((!is_list && !lock_folder(w)) || !open_set(w))
        return STATUS_FAILED;
    if (is_list) {
        list_all(w);
        return STATUS_OK;
    }
    w->builder = fingerprint_builder_new(w->set);
    if (strcmp(o->action, "add") == 0)
        add_all(w);
    else
        remove_all(w);
    if (w->changes > 0 && !replace_set(w))
        return STATUS_FAILED;
    return w->failures > 0 ? STATUS_FAILED : STATUS_OK;
}

static int run(const struct options *o)
{
    struct work w = {.options = o, .lock = -1};
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct settings settings;
    char *file = conf_find_file(o->config);
    if (file == NULL || cmd_load_settings(file, &settings) != OK) {
        if (file == NULL)
            complain("no configuration found", "give it with -c FILE");
        mem_free(file);
        return STATUS_USAGE;
    }
    conf_collect(file, &bundle, &diag);
    text_source_setup(&bundle, &w.setup);
    w.rules = rules_load(&bundle, &diag);
    w.data_dir = settings.data_dir.p;
    find_path(&w, &settings);
    int status = edit(&w);
    rules_free(&w.rules);
    fingerprint_builder_free(&w.builder);
    fingerprint_set_free(&w.set);
    if (w.lock >= 0)
        close(w.lock);
    buf_free(&w.bytes);
    buf_free(&w.path);
    buf_free(&w.folder);
    bundle_free(&bundle);
    diag_free(&diag);
    settings_free(&settings);
    mem_free(file);
    return status;
}

static int usage(const char *what, const char *why)
{
    complain(what, why);
    return STATUS_USAGE;
}

static int check_options(const struct options *o)
{
    bool is_list = o->action != NULL && strcmp(o->action, "list") == 0;
    if (o->action == NULL || (!is_list && strcmp(o->action, "add") != 0 &&
                                 strcmp(o->action, "remove") != 0))
        return usage(o->action != NULL ? o->action : "no action",
            "actions are add, remove, list; see --help");
    if (is_list != (o->count == 0))
        return usage(o->action, is_list ? "takes no names" : "needs names");
    if (!is_set_name(o->set))
        return usage(o->set,
            "a set's name has 1 to 64 lower-case letters, digits and dashes");
    return -1;
}

/* -1: go on; else the status to end with. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"set", required_argument, NULL, 's'},
        {"file", required_argument, NULL, 'f'},
        {"common", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int c;
    *o = (struct options){.set = "default"};
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'c')
            o->config = optarg;
        else if (c == 's')
            o->set = optarg;
        else if (c == 'f')
            o->file = optarg;
        else if (c == 'm')
            o->is_common = true;
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? STATUS_FAILED : STATUS_OK;
        else
            return STATUS_USAGE;
    }
    if (optind < argc)
        o->action = argv[optind++];
    o->names = argv + optind;
    o->count = argc - optind;
    return check_options(o);
}

int command_fingerprint(int argc, char **argv)
{
    struct options o;
    int status = parse_options(argc, argv, &o);
    return status >= 0 ? status : run(&o);
}
