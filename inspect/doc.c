/*
 * The mutable tree under inspect/delta.c.  Depth is bounded by the reader of
 * the values (JSON_DEPTH_DEFAULT) and by the longest path that delta.c walks,
 * so recursion is.
 */
#include "inspect/doc.h"

#include "base/jsonw.h"
#include "base/mem.h"

static bool spend(struct doc_budget *budget, size_t n)
{
    if (budget->max - budget->used < n)
        return false;
    budget->used += n;
    return true;
}

struct doc *doc_new(enum json_kind kind, struct doc_budget *budget)
{
    if (!spend(budget, DOC_NODE_BYTES))
        return NULL;
    struct doc *doc = MEM_NEW(struct doc);
    doc->kind = kind;
    return doc;
}

static void free_children(struct doc *doc, struct doc_budget *budget)
{
    while (doc->first != NULL) {
        struct doc *next = doc->first->next;
        doc_free(&doc->first, budget);
        doc->first = next;
    }
    doc->last = NULL;
    doc->count = 0;
}

void doc_free(struct doc **doc, struct doc_budget *budget)
{
    struct doc *d = *doc;
    if (d == NULL)
        return;
    free_children(d, budget);
    budget->used -= DOC_NODE_BYTES + d->text.n + d->key.n;
    buf_free(&d->key);
    buf_free(&d->text);
    mem_free(d);
    *doc = NULL;
}

bool doc_append_text(
    struct doc *doc, struct str text, struct doc_budget *budget)
{
    if (!spend(budget, text.n))
        return false;
    buf_append_str(&doc->text, text);
    return true;
}

void doc_push(struct doc *parent, struct doc *child)
{
    child->next = NULL;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

static bool set_key(struct doc *doc, struct str key, struct doc_budget *budget)
{
    if (!spend(budget, key.n))
        return false;
    buf_append_str(&doc->key, key);
    return true;
}

struct doc *doc_copy(const struct json_node *from, struct doc_budget *budget)
{
    struct doc *doc = doc_new(from->kind, budget);
    if (doc == NULL)
        return NULL;
    if (!doc_append_text(doc, from->text, budget))
        goto fail;
    for (const struct json_node *c = from->first; c != NULL; c = c->next) {
        struct doc *child = doc_copy(c, budget);
        if (child == NULL)
            goto fail;
        doc_push(doc, child);
        if (!set_key(child, c->key, budget))
            goto fail;
    }
    return doc;
fail:
    doc_free(&doc, budget);
    return NULL;
}

void doc_replace(struct doc *to, struct doc *from, struct doc_budget *budget)
{
    free_children(to, budget);
    budget->used -= to->text.n;
    buf_free(&to->text);
    to->kind = from->kind;
    to->first = from->first;
    to->last = from->last;
    to->count = from->count;
    buf_take(&to->text, &from->text);
    from->first = from->last = NULL;
    budget->used -= DOC_NODE_BYTES + from->key.n;
    buf_free(&from->key);
    mem_free(from);
}

void doc_set(struct doc *object, struct str key, struct doc *child,
    struct doc_budget *budget)
{
    struct doc *old = doc_get_str(object, key);
    if (old != NULL) {
        doc_replace(old, child, budget);
        return;
    }
    budget->used -= child->key.n;
    buf_clear(&child->key);
    /* Keys count, but are short and never refused here: the value was. */
    buf_append_str(&child->key, key);
    budget->used += key.n;
    doc_push(object, child);
}

void doc_insert(struct doc *array, size_t index, struct doc *child)
{
    if (index >= array->count) {
        doc_push(array, child);
        return;
    }
    struct doc **link = &array->first;
    while (index-- > 0)
        link = &(*link)->next;
    child->next = *link;
    *link = child;
    array->count++;
}

void doc_remove(
    struct doc *parent, struct doc *child, struct doc_budget *budget)
{
    struct doc **link = &parent->first, *before = NULL;
    while (*link != NULL && *link != child) {
        before = *link;
        link = &(*link)->next;
    }
    if (*link == NULL)
        return;
    *link = child->next;
    if (parent->last == child)
        parent->last = before;
    parent->count--;
    doc_free(&child, budget);
}

struct doc *doc_get_str(const struct doc *object, struct str key)
{
    struct doc *found = NULL;
    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    /* The last one of a name counts, as everywhere. */
    for (struct doc *c = object->first; c != NULL; c = c->next)
        if (str_eq(buf_str(&c->key), key))
            found = c;
    return found;
}

struct doc *doc_at(const struct doc *array, size_t index)
{
    if (array == NULL || array->kind != JSON_ARRAY || index >= array->count)
        return NULL;
    struct doc *c = array->first;
    while (index-- > 0)
        c = c->next;
    return c;
}

struct str doc_text(const struct doc *string)
{
    if (string == NULL || string->kind != JSON_STRING)
        return STR_NONE;
    return buf_str(&string->text);
}

struct str doc_get_text(const struct doc *object, const char *key)
{
    return doc_text(doc_get(object, key));
}

bool doc_is_true(const struct doc *doc)
{
    return doc != NULL && doc->kind == JSON_TRUE;
}

void doc_write(const struct doc *doc, struct buf *out)
{
    static const char *const words[] = {
        [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
    bool is_object = doc->kind == JSON_OBJECT;
    if (doc->kind == JSON_STRING) {
        jsonw_append_quoted(out, buf_str(&doc->text));
    } else if (doc->kind == JSON_NUMBER) {
        buf_append_str(out, buf_str(&doc->text));
    } else if (is_object || doc->kind == JSON_ARRAY) {
        buf_append_char(out, is_object ? '{' : '[');
        for (const struct doc *c = doc->first; c != NULL; c = c->next) {
            if (c != doc->first)
                buf_append_char(out, ',');
            if (is_object) {
                jsonw_append_quoted(out, buf_str(&c->key));
                buf_append_char(out, ':');
            }
            doc_write(c, out);
        }
        buf_append_char(out, is_object ? '}' : ']');
    } else {
        buf_append_str(out, str_of(words[doc->kind]));
    }
}
