/*
 * Names to files (proxy/scan_walk.h), folders by fts(3).
 */
#include "proxy/scan_walk.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

struct walk {
    const struct walk_options *options;
    size_t at; /* of the names */
    FTS *tree; /* of the folder that is walked; NULL: none */
    struct buf path;
};

struct walk *walk_new(const struct walk_options *options)
{
    struct walk *w = MEM_NEW(struct walk);
    w->options = options;
    return w;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_version_control(const FTSENT *entry)
{
    static const char *const names[] = {".git", ".hg", ".svn"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(entry->fts_name, names[i]) == 0)
            return entry->fts_level > 0;
    return false;
}

/* The whole path, what follows one of its slashes, or a folder on the way. */
static bool is_excluded(const struct walk *w, struct str path)
{
    for (size_t i = 0; i < w->options->exclude_count; i++) {
        struct str glob = str_of(w->options->excludes[i]);
        if (str_glob(glob, path, 0))
            return true;
        for (size_t k = 0; k < path.n; k++)
            if (path.p[k] == '/' &&
                str_glob(glob, str_sub(path, k + 1, path.n), 0))
                return true;
    }
    return false;
}

/* True: it is to be told, as a file or an error. */
static bool take_entry(struct walk *w, FTSENT *entry, const char **error_out)
{
    struct str path = str_make(entry->fts_path, entry->fts_pathlen);
    switch (entry->fts_info) {
    case FTS_D:
        if (is_version_control(entry) || is_excluded(w, path))
            (void)fts_set(w->tree, entry, FTS_SKIP);
        return false;
    case FTS_F:
        return !is_excluded(w, path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        *error_out = strerror(entry->fts_errno);
        return true;
    default: /* the end of a folder, a link, no file */
        return false;
    }
}

static bool next_of_tree(
    struct walk *w, const char **path_out, const char **error_out)
{
    FTSENT *entry;
    while (errno = 0, (entry = fts_read(w->tree)) != NULL) {
        if (!take_entry(w, entry, error_out))
            continue;
        buf_clear(&w->path);
        buf_append(&w->path, entry->fts_path, entry->fts_pathlen);
        *path_out = buf_cstr(&w->path);
        return true;
    }
    fts_close(w->tree);
    w->tree = NULL;
    return false;
}

static bool is_folder(const char *name)
{
    struct stat st;
    return strcmp(name, "-") != 0 && stat(name, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

static void open_tree(struct walk *w, char *name)
{
    char *names[] = {name, NULL};
    w->tree =
        fts_open(names, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
}

bool walk_next(struct walk *w, const char **path_out, const char **error_out)
{
    *error_out = "";
    for (;;) {
        if (w->tree != NULL && next_of_tree(w, path_out, error_out))
            return true;
        if (w->at == w->options->count)
            return false;
        char *name = w->options->names[w->at++];
        *path_out = name;
        if (!is_folder(name)) {
            if (!is_excluded(w, str_of(name)))
                return true;
            continue;
        }
        open_tree(w, name);
        if (w->tree == NULL) {
            *error_out = strerror(errno);
            return true;
        }
    }
}

void walk_free(struct walk **walk)
{
    struct walk *w = *walk;
    if (w == NULL)
        return;
    if (w->tree != NULL)
        fts_close(w->tree);
    buf_free(&w->path);
    mem_free(w);
    *walk = NULL;
}
