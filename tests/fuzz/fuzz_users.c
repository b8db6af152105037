/* The logins file: what parses is written and parses again to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct users *users)
{
    struct buf one = {0}, two = {0};
    struct diag diag = {0};
    users_write(users, &one);
    struct users *again = users_parse("again.yaml", buf_str(&one), &diag);
    if (again == NULL)
        abort();
    users_write(again, &two);
    if (!str_eq(buf_str(&one), buf_str(&two)))
        abort();
    users_free(&again);
    diag_free(&diag);
    buf_free(&one);
    buf_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    struct users *users =
        users_parse("users.yaml", str_make((const char *)data, size), &diag);
    if ((users == NULL) != (diag.count > 0))
        abort();
    if (users != NULL) {
        const struct user *user = NULL;
        if (users_verify_token(
                users, str_make((const char *)data, size), &user) == OK)
            abort();
        check_again(users);
    }
    users_free(&users);
    diag_free(&diag);
    return 0;
}
