/* A header field, as the codecs and the inspector both know it. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/str.h"

struct field {
    struct str name; /* lower case */
    struct str value;
};

#endif
