/*
 * A conversation out of the history: one JSON tree of messages (fact sheet
 * chatgpt-wire §3.9), read along the branch that the page shows.  Both sides'
 * words are the content, what travels beside them is hidden.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/keep.h"

enum { TREE_STEPS_MAX = 65536 };

static int compare_keys(const void *a, const void *b)
{
    const struct json_node *const *x = a, *const *y = b;
    return str_compare((*x)->key, (*y)->key);
}

static const struct json_node *find_node(
    const struct json_node **index, size_t count, struct str id)
{
    struct json_node wanted = {.key = id};
    const struct json_node *key = &wanted;
    const struct json_node **found =
        bsearch(&key, index, count, sizeof *index, compare_keys);
    return id.n == 0 || found == NULL ? NULL : *found;
}

static bool is_words(const struct json_node *message)
{
    struct str role = json_path_text(message, "author/role");
    struct str recipient = json_get_text(message, "recipient");
    struct str channel = json_get_text(message, "channel");
    struct str type = json_path_text(message, "content/content_type");
    bool is_person = str_is(role, "user") || str_is(role, "assistant");
    bool is_shown =
        type.n == 0 || str_is(type, "text") || str_is(type, "multimodal_text");
    return is_person && is_shown &&
           (recipient.n == 0 || str_is(recipient, "all")) &&
           (channel.n == 0 || str_is(channel, "final")) &&
           !json_is_true(json_path(
               message, "metadata/is_visually_hidden_from_conversation"));
}

static void join_words(
    struct answer *a, const struct json_node *content, struct buf *out)
{
    const struct json_node *parts = json_get(content, "parts");
    answer_join(a, out, json_get_text(content, "text"));
    for (const struct json_node *c = parts != NULL ? parts->first : NULL;
         c != NULL; c = c->next)
        answer_join(a, out,
            json_is(c, JSON_STRING) ? c->text : json_get_text(c, "text"));
}

static void join_all(
    struct answer *a, const struct json_node *node, struct buf *out)
{
    if (node == NULL || str_is(node->key, "content_type") ||
        str_is(node->key, "asset_pointer") || str_is(node->key, "language"))
        return;
    if (node->kind == JSON_STRING)
        answer_join(a, out, node->text);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        join_all(a, c, out);
}

static void add_file(
    struct activity *act, struct str id, struct str name, bool is_users)
{
    if (act->file_count == 64 || (id.n == 0 && name.n == 0))
        return;
    for (size_t i = 0; i < act->file_count; i++)
        if (id.n != 0 && str_eq(act->files[i].id, id))
            return;
    struct activity_file *file = activity_add_file(act);
    file->id = arena_copy(&act->arena, id);
    file->name = arena_copy(&act->arena, name);
    file->is_users = is_users;
}

static void add_pointers(
    struct activity *act, const struct json_node *node, bool is_users)
{
    if (node == NULL)
        return;
    if (str_is(node->key, "asset_pointer"))
        add_file(act, chatgpt_pointer_id(json_str(node)), STR_NONE, is_users);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        add_pointers(act, c, is_users);
}

/* Attachments first: they have names. */
static void add_files(struct activity *act, const struct json_node *message)
{
    const struct json_node *list = json_path(message, "metadata/attachments");
    bool is_users = str_is(json_path_text(message, "author/role"), "user");
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next)
        add_file(
            act, json_get_text(c, "id"), json_get_text(c, "name"), is_users);
    add_pointers(act, json_get(message, "content"), is_users);
}

static void read_node(
    struct answer *a, struct activity *act, const struct json_node *node)
{
    const struct json_node *message = json_get(node, "message");
    const struct json_node *content = json_get(message, "content");
    if (is_words(message))
        join_words(a, content, &act->content);
    else
        join_all(a, content, &act->hidden);
    add_files(act, message);
}

/* From the shown leaf to the root; a circle ends by the limit. */
static size_t find_branch(struct answer *a, const struct json_node *root,
    const struct json_node **index, size_t count, const struct json_node **out)
{
    size_t n = 0;
    struct str id = json_get_text(root, "current_node");
    for (const struct json_node *node;
         (node = find_node(index, count, id)) != NULL;) {
        if (n == count || n == TREE_STEPS_MAX) {
            a->is_over_limit = true;
            return n;
        }
        out[n++] = node;
        id = json_get_text(node, "parent");
    }
    return n;
}

static void read_branch(struct answer *a, struct activity *act,
    const struct json_node *root, const struct json_node *mapping)
{
    size_t count = mapping->count, i = 0;
    const struct json_node **index = mem_calloc(2 * count + 1, sizeof *index);
    for (const struct json_node *c = mapping->first; c != NULL; c = c->next)
        index[i++] = c;
    qsort(index, count, sizeof *index, compare_keys);
    size_t n = find_branch(a, root, index, count, index + count);
    for (size_t at = n; at > 0; at--)
        read_node(a, act, index[count + at - 1]);
    for (const struct json_node *c = mapping->first; n == 0 && c != NULL;
         c = c->next) /* which branch is shown is not said */
        read_node(a, act, c);
    mem_free(index);
}

/* Where a user message hangs, the next one is an edit (3.2.3). */
static void note_turn(
    struct answer *a, struct str conversation, const struct json_node *node)
{
    struct str parent = json_get_text(node, "parent");
    bool is_user = str_is(json_path_text(node, "message/author/role"), "user");
    if (!is_user || parent.n == 0)
        return;
    if (a->turns == NULL)
        a->turns = arena_alloc(&a->arena, KEEP_TURNS_MAX * sizeof *a->turns);
    /* Servers write the newest last: it takes the oldest one's place. */
    a->turns[a->turn_count++ % KEEP_TURNS_MAX] =
        (struct keep_turn){conversation, arena_copy(&a->arena, parent)};
}

static void read_tree(struct answer *a, const struct json_node *root)
{
    const struct json_node *mapping = json_get(root, "mapping");
    if (!json_is(mapping, JSON_OBJECT))
        return;
    if (a->tree_count == ANSWERS_MAX) {
        a->is_over_limit = true;
        return;
    }
    struct activity *act = activity_new();
    struct str id = json_get_text(root, "conversation_id");
    act->conversation_id =
        arena_copy(&act->arena, id.n != 0 ? id : json_get_text(root, "id"));
    read_branch(a, act, root, mapping);
    struct str kept = arena_copy(&a->arena, act->conversation_id);
    for (const struct json_node *c = mapping->first; c != NULL; c = c->next)
        note_turn(a, kept, c);
    a->trees[a->tree_count++] = act;
}

static void read_trees(struct answer *a, const struct json_node *list)
{
    for (const struct json_node *c = json_is(list, JSON_ARRAY) ? list->first
                                                               : NULL;
         c != NULL; c = c->next)
        read_tree(a, c);
}

/* One conversation, or a list of them, alone or as a member. */
void chatgpt_tree_body(struct answer *a, const struct json_node *root)
{
    if (json_is(json_get(root, "mapping"), JSON_OBJECT)) {
        read_tree(a, root);
        return;
    }
    read_trees(a, root);
    for (const struct json_node *c = json_is(root, JSON_OBJECT) ? root->first
                                                                : NULL;
         c != NULL; c = c->next)
        read_trees(a, c);
}

/* A tree that could not be read is told of all the same. */
size_t chatgpt_tree_take(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    size_t n = a->tree_count;
    if (n == 0 && a->is_mended)
        a->is_broken = a->is_complete;
    if (n == 0 && (a->is_over_limit || a->is_broken))
        a->trees[n++] = activity_new();
    for (size_t i = 0; i < n; i++) {
        out[i] = a->trees[i];
        out[i]->name = STR("conversation.viewed");
        out[i]->has_complete = !a->is_complete || a->is_mended;
    }
    a->tree_count = 0;
    return n;
}
