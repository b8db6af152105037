/* Text into HTML, between tags or in an attribute's quotes. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/buf.h"

void html_append(struct buf *out, struct str text);

#endif
