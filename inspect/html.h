/*
 * The words of HTML's tags and text: character references and attributes
 * (WHATWG HTML §13.1).  Of the named
 * references those of HTML 4 that letters and signs of writing have.
 */
#ifndef INSPECT_HTML_H
#define INSPECT_HTML_H

#include <stdbool.h>

#include "base/buf.h"

enum { HTML_ENTITY_BYTES_MAX = 32 }; /* "&…;" */

bool html_is_blank(char c);
/* "&amp;", "&#38;", "&#x26;" as UTF-8; 0: it is no reference, and stays. */
size_t html_decode_entity(const char *entity, size_t n, char out[4]);
/* attributes: a tag's text behind its name.  The value, decoded; false: there
 * is none of that name. */
bool html_find_attribute(
    struct str attributes, const char *name, struct buf *value_out);

#endif
