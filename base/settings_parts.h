/*
 * What the parts of the settings share: for settings*.c only.
 */
#ifndef BASE_SETTINGS_PARTS_H
#define BASE_SETTINGS_PARTS_H

#include "base/settings.h"
#include "base/yaml.h"

/* ---- rows ---- */

enum setting_type {
    SETTING_TEXT,      /* struct str */
    SETTING_LIST,      /* struct str_list */
    SETTING_ENDPOINTS, /* struct str_list, each an address and port */
    SETTING_HOSTS,     /* struct str_list, each a host pattern */
    SETTING_INT,       /* int64_t */
    SETTING_WORD,      /* an enum: index of the word */
    SETTING_FLAG,      /* bool: the second word is true */
    SETTING_RANGES,
    SETTING_RESOLVE,
    SETTING_HOST_FILES,
    SETTING_PORTS,
    SETTING_UUIDS,         /* struct str: joined by commas */
    SETTING_ORGANIZATIONS, /* likewise, each org-… */
    SETTING_ROLES,         /* values of a claim to roles */
};

struct setting {
    const char *section, *key; /* section NULL: top level */
    enum setting_type type;
    size_t offset, count_offset;
    int64_t min, max;
    const char *const *words;
    const char *otherwise; /* YAML */
    const char *unit, *text;
};

extern const struct setting settings_rows[];
extern const size_t settings_row_count;

/* ---- one value ---- */

struct settings_reader {
    struct yaml_doc *doc;
    struct settings *settings;
};

/* map: the section that has the key. */
void settings_read_value(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map);
bool settings_is_uuid(struct str s);
bool settings_is_organization(struct str s);
/* oidc.roles of its map. */
void settings_read_roles(struct yaml_doc *doc, const struct yaml_node *map,
    struct settings *settings);

/* ---- what fits what ---- */

/* After all rows; mistakes go to the document's list. */
void settings_check(struct yaml_doc *doc, const struct settings *settings);
void settings_check_oidc(struct yaml_doc *doc, const struct settings *settings);

#endif
