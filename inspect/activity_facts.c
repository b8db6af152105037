/*
 * What an activity is about: targets, changes, details.  Their texts come from
 * bodies and logs, so number and size are bounded here, at the one place
 * where all of them pass.
 */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/activity.h"

static struct str keep(struct activity *a, struct str text)
{
    if (text.n <= ACTIVITY_FACT_BYTES_MAX)
        return arena_copy(&a->arena, text);
    size_t n = utf8_floor(text, ACTIVITY_FACT_BYTES_MAX);
    char *p = arena_alloc(&a->arena, n + 4);
    memcpy(p, text.p, n);
    memcpy(p + n, "\xe2\x80\xa6", 4);
    return str_make(p, n + 3);
}

void activity_add_target(
    struct activity *a, struct str type, struct str id, struct str name)
{
    if ((id.n == 0 && name.n == 0) || a->target_count == ACTIVITY_TARGETS_MAX)
        return;
    a->targets =
        mem_realloc(a->targets, (a->target_count + 1) * sizeof *a->targets);
    a->targets[a->target_count++] = (struct activity_target){
        .type = keep(a, type), .id = keep(a, id), .name = keep(a, name)};
}

static void append(struct activity *a, struct str **items, size_t *count,
    size_t max, struct str item)
{
    if (item.n == 0 || *count == max)
        return;
    *items = mem_realloc(*items, (*count + 1) * sizeof **items);
    (*items)[(*count)++] = keep(a, item);
}

void activity_add_change(struct activity *a, struct str name)
{
    for (size_t i = 0; i < a->change_count; i++)
        if (str_eq(a->changes[i], name))
            return;
    append(a, &a->changes, &a->change_count, ACTIVITY_CHANGES_MAX, name);
}

static struct activity_detail *find(const struct activity *a, const char *key)
{
    for (size_t i = 0; i < a->detail_count; i++)
        if (strcmp(a->details[i].key, key) == 0)
            return &a->details[i];
    return NULL;
}

const struct activity_detail *activity_detail(
    const struct activity *a, const char *key)
{
    return find(a, key);
}

/* The one of that key, emptied unless it is of this kind; NULL when full. */
static struct activity_detail *get(
    struct activity *a, const char *key, enum detail_kind kind)
{
    struct activity_detail *detail = find(a, key);
    if (detail == NULL) {
        if (a->detail_count == ACTIVITY_DETAILS_MAX || key[0] == '\0')
            return NULL;
        a->details =
            mem_realloc(a->details, (a->detail_count + 1) * sizeof *a->details);
        detail = &a->details[a->detail_count++];
        *detail = (struct activity_detail){
            .key = keep(a, str_of(key)).p, .kind = kind};
    }
    if (detail->kind != kind) {
        mem_free(detail->items);
        *detail = (struct activity_detail){.key = detail->key, .kind = kind};
    }
    return detail;
}

void activity_add_detail(struct activity *a, const char *key, struct str text)
{
    struct activity_detail *detail =
        text.n != 0 ? get(a, key, DETAIL_TEXT) : NULL;
    if (detail != NULL)
        detail->text = keep(a, text);
}

void activity_add_detail_number(
    struct activity *a, const char *key, int64_t number)
{
    struct activity_detail *detail = get(a, key, DETAIL_NUMBER);
    if (detail != NULL)
        detail->number = number;
}

void activity_add_detail_bool(struct activity *a, const char *key, bool value)
{
    struct activity_detail *detail = get(a, key, DETAIL_BOOL);
    if (detail != NULL)
        detail->number = value;
}

void activity_add_detail_item(
    struct activity *a, const char *key, struct str item)
{
    struct activity_detail *detail =
        item.n != 0 ? get(a, key, DETAIL_LIST) : NULL;
    if (detail != NULL)
        append(
            a, &detail->items, &detail->item_count, ACTIVITY_ITEMS_MAX, item);
}

void activity_add_detail_list(
    struct activity *a, const char *key, const struct str *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        activity_add_detail_item(a, key, items[i]);
}

void activity_free_facts(struct activity *a)
{
    for (size_t i = 0; i < a->detail_count; i++)
        mem_free(a->details[i].items);
    mem_free(a->details);
    mem_free(a->changes);
    mem_free(a->targets);
    a->details = NULL;
    a->changes = NULL;
    a->targets = NULL;
    a->detail_count = a->change_count = a->target_count = 0;
}
