#include "proxy/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

enum { DEPTH_MAX = 64 };

struct walk {
    walk_fn *each;
    void *owner;
    int reason; /* errno of what could not be read */
};

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void walk_folder(struct walk *w, const char *folder, int depth);

static void walk_entry(
    struct walk *w, const char *folder, const char *name, int depth)
{
    struct stat st;
    struct buf path = {0};
    bool has_slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/';
    buf_printf(&path, "%s%s%s", folder, has_slash ? "" : "/", name);
    if (lstat(buf_cstr(&path), &st) != 0)
        w->reason = errno;
    else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
        walk_folder(w, buf_cstr(&path), depth + 1);
    else if (S_ISREG(st.st_mode))
        w->each(w->owner, buf_cstr(&path));
    buf_free(&path);
}

static void walk_folder(struct walk *w, const char *folder, int depth)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_shown, alphasort);
    if (count < 0)
        w->reason = errno;
    for (int i = 0; i < count; i++) {
        walk_entry(w, folder, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
}

enum err walk_files(const char *path, walk_fn *each, void *owner)
{
    struct stat st;
    struct walk w = {.each = each, .owner = owner};
    if (stat(path, &st) != 0)
        return ERR_IO;
    if (S_ISDIR(st.st_mode))
        walk_folder(&w, path, 0);
    else
        each(owner, path);
    errno = w.reason;
    return w.reason == 0 ? OK : ERR_IO;
}
