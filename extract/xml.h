/*
 * The only door to expat: the elements, attributes and characters of a
 * member of a document, names without their prefixes.  Entities are those of
 * XML alone: what declares its own is refused, expanded by nobody.
 */
#ifndef EXTRACT_XML_H
#define EXTRACT_XML_H

#include <stdbool.h>

#include "base/str.h"

struct xml_events {
    /* atts: name, value, …, NULL; names with their prefix. */
    void (*on_begin)(void *arg, const char *name, const char **atts);
    void (*on_end)(void *arg, const char *name);
    void (*on_text)(void *arg, struct str text);
    void (*on_comment)(void *arg, struct str text); /* may be NULL */
};

/* False: not well-formed; what came before was told. */
bool xml_read(struct str bytes, const struct xml_events *events, void *arg);
/* The value of the attribute, by its local name; NULL: there is none. */
const char *xml_attribute(const char **atts, const char *name);
/* Behind the prefix. */
const char *xml_local(const char *name);
/* names: the last is NULL. */
bool xml_is_one_of(const char *name, const char *const *names);

#endif
