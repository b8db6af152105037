/*
 * A seat takes when its login was good and gives when it ends or logs in as
 * somebody else.
 */
#include "proxy/user_count.h"

#include <string.h>

#include <uthash.h>

#include "base/mem.h"

struct user_count {
    UT_hash_handle hh;
    size_t connections;
    size_t name_n;
    char name[];
};

struct user_counts {
    struct user_count *first;
};

struct user_counts *user_counts_new(void)
{
    return MEM_NEW(struct user_counts);
}

void user_counts_free(struct user_counts **counts)
{
    struct user_count *u, *next;
    if (*counts == NULL)
        return;
    HASH_ITER(hh, (*counts)->first, u, next)
    {
        HASH_DEL((*counts)->first, u);
        mem_free(u);
    }
    mem_free(*counts);
    *counts = NULL;
}

static struct user_count *find(struct user_counts *counts, struct str user)
{
    struct user_count *found;
    HASH_FIND(hh, counts->first, user.p, user.n, found);
    return found;
}

static struct user_count *add(struct user_counts *counts, struct str user)
{
    struct user_count *u = mem_zalloc(sizeof *u + user.n);
    u->name_n = user.n;
    memcpy(u->name, user.p, user.n);
    HASH_ADD_KEYPTR(hh, counts->first, u->name, u->name_n, u);
    return u;
}

struct user_count *user_counts_take(
    struct user_counts *counts, struct str user, size_t max)
{
    struct user_count *u = find(counts, user);
    if (u != NULL && max != 0 && u->connections >= max)
        return NULL;
    if (u == NULL)
        u = add(counts, user);
    u->connections++;
    return u;
}

void user_counts_give(struct user_counts *counts, struct user_count **held)
{
    struct user_count *u = *held;
    *held = NULL;
    if (u == NULL || --u->connections > 0)
        return;
    HASH_DEL(counts->first, u);
    mem_free(u);
}
