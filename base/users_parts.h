/*
 * What the two halves of the logins share: for users*.c only.
 */
#ifndef BASE_USERS_PARTS_H
#define BASE_USERS_PARTS_H

#include "base/users.h"

struct users {
    struct user *items;
    size_t count, cap;
};

extern const char *const users_roles[USER_ROLES + 1]; /* NULL at the end */

/* At its place in the order; NULL: the name is taken. */
struct user *users_insert(struct users *users, struct str name);
/* The token of that name, old or new; NULL: too many. */
struct user_token *users_token_slot(struct user *user, struct str name);
/* Blank-separated, each checked; normal form in groups_out (owned). */
enum err users_normalise_groups(struct str text, char **groups_out);

#endif
