#include "console/access.h"

#include "base/jsonw.h"
#include "base/mem.h"

static const unsigned rights_of[USER_ROLES] = {
    [USER_ANALYST] = ACCESS_VIEW | ACCESS_TRIAGE,
    [USER_INVESTIGATOR] =
        ACCESS_VIEW | ACCESS_TRIAGE | ACCESS_CONTENT | ACCESS_EVIDENCE,
    [USER_ADMINISTRATOR] = ACCESS_VIEW | ACCESS_TRIAGE | ACCESS_CONTENT |
                           ACCESS_EVIDENCE | ACCESS_AUDIT | ACCESS_MODES,
    [USER_AUDITOR] = ACCESS_VIEW | ACCESS_AUDIT,
    [USER_PROXY] = 0,
};

static const struct {
    enum access_right right;
    const char *name;
} names[] = {
    {ACCESS_VIEW, "view"},
    {ACCESS_CONTENT, "content"},
    {ACCESS_EVIDENCE, "evidence"},
    {ACCESS_AUDIT, "audit"},
    {ACCESS_TRIAGE, "triage"},
    {ACCESS_MODES, "modes"},
};

unsigned access_of(enum user_role role)
{
    return role < USER_ROLES ? rights_of[role] : 0;
}

void access_write(unsigned rights, struct jsonw *w)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((rights & names[i].right) != 0)
            jsonw_str(w, str_of(names[i].name));
}
