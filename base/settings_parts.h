/*
 * What the halves of the settings share: for settings*.c only.
 */
#ifndef BASE_SETTINGS_PARTS_H
#define BASE_SETTINGS_PARTS_H

#include "base/settings.h"
#include "base/yaml.h"

bool settings_is_uuid(struct str s);
bool settings_is_organization(struct str s);
/* oidc.roles of its map. */
void settings_read_roles(struct yaml_doc *doc, const struct yaml_node *map,
    struct settings *settings);
void settings_check_oidc(struct yaml_doc *doc, const struct settings *settings);
/* After all rows; mistakes go to the document's list. */
void settings_check(struct yaml_doc *doc, const struct settings *settings);

#endif
