/*
 * What uthash's macros do, for cppcheck, which does not read system headers
 * and would take their results for uninitialised variables.
 */
#define HASH_ITER(hh, head, el, tmp)                                           \
    for ((el) = (head), (tmp) = (head)->hh.next; (el) != 0;                    \
         (el) = (tmp), (tmp) = (tmp)->hh.next)
void *hash_model_find(void *head, const void *key, unsigned long n);
#define HASH_FIND(hh, head, key, n, out)                                       \
    (out) = hash_model_find((head), (key), (n))
#define DL_FOREACH_SAFE(head, el, tmp)                                         \
    for ((el) = (head), (tmp) = (head)->next; (el) != 0;                       \
         (el) = (tmp), (tmp) = (tmp)->next)
#define LL_FOREACH_SAFE(head, el, tmp) DL_FOREACH_SAFE(head, el, tmp)
#define DL_FOREACH(head, el) for ((el) = (head); (el) != 0; (el) = (el)->next)
#define LL_FOREACH(head, el) DL_FOREACH(head, el)
