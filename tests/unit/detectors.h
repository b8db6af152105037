/* For tests: the shipped detectors, loaded from the source tree. */
#ifndef TESTS_UNIT_DETECTORS_H
#define TESTS_UNIT_DETECTORS_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/bundle.h"

static inline void add_file(struct bundle *bundle, const char *path)
{
    struct buf text = {0};
    FILE *file = fopen(path, "r");
    size_t n = 1;
    while (file != NULL && n > 0) {
        n = fread(buf_reserve(&text, 65536), 1, 65536, file);
        buf_commit(&text, n);
    }
    if (file != NULL)
        fclose(file);
    bundle_add(bundle, BUNDLE_DETECTORS, str_of(path), buf_str(&text));
    buf_free(&text);
}

static inline void add_shipped_detectors(struct bundle *bundle)
{
    DIR *folder = opendir("conf/detectors");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[600];
        snprintf(path, sizeof path, "conf/detectors/%s", entry->d_name);
        if (strstr(path, ".yaml") != NULL)
            add_file(bundle, path);
    }
    if (folder != NULL)
        closedir(folder);
}

#endif
