/*
 * Answers of the public API that are pictures or sound (fact sheet
 * chatgpt-wire §9.3): a list of images in JSON, events with base64 in them,
 * or the bytes themselves; and lists of messages that the service keeps.
 */
#include <stdio.h>

#include "inspect/answer_parts.h"

/* ---- images, speech --------------------------------------------------- */

/* {"data":[{"b64_json"|"url","revised_prompt"}]} */
static void read_images(struct answer *a, const struct json_node *root)
{
    const struct json_node *list = json_get(root, "data");
    if (!json_is(list, JSON_ARRAY))
        return;
    a->has_choice[0] = true;
    a->saw_end = true;
    char key[32];
    int64_t index = 0;
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        snprintf(key, sizeof key, "image %lld", (long long)index++);
        struct str data = json_get_text(c, "b64_json");
        struct str said = json_get_text(c, "revised_prompt");
        if (data.n != 0)
            answer_file_base64(answer_add_file(a, 0, STR_NONE, STR_NONE), data);
        else
            answer_file_url(a, str_of(key), json_get_text(c, "url"));
        if (said.n != 0)
            answer_put_part(a, STR("revised prompt"), true, true, said);
    }
}

/* Pictures that are still being painted come before the last one, whole each
 * time: only the last counts.  Sound comes in pieces. */
static void read_media_event(struct answer *a, const struct json_node *root)
{
    struct str type = json_get_text(root, "type");
    if (str_is(type, "image_generation.completed") ||
        str_is(type, "image_edit.completed")) {
        answer_file_base64(answer_add_file(a, 0, STR_NONE, STR_NONE),
            json_get_text(root, "b64_json"));
        a->saw_end = true;
    } else if (str_is(type, "speech.audio.delta")) {
        answer_file_base64(answer_file_at(a, 0, STR("speech"), STR_NONE),
            json_get_text(root, "audio"));
    } else if (str_is(type, "speech.audio.done")) {
        a->saw_end = true;
    } else {
        return;
    }
    a->has_choice[0] = true;
}

void openai_media_json(struct answer *a, const struct json_node *root)
{
    if (json_get_text(root, "type").n != 0)
        read_media_event(a, root);
    else
        read_images(a, root);
}

void answer_expect_bytes(struct answer *a, struct str type)
{
    a->bytes_file = answer_add_file(a, 0, STR_NONE, STR_NONE);
    a->is_open = false;
    a->has_choice[0] = true;
    answer_file_declare(a, a->bytes_file, type);
    answer_file_bytes(a->bytes_file, STR_NONE); /* none is a length, too */
}

/* ---- messages that the service keeps ------------------------------------- */

static void join_words(
    struct answer *a, const struct json_node *node, struct buf *out)
{
    answer_join(a, out, json_str(node));
    if (!json_is(node, JSON_ARRAY))
        return;
    for (const struct json_node *c = node->first; c != NULL; c = c->next) {
        answer_join(a, out, json_get_text(c, "text"));
        answer_join(a, out, json_path_text(c, "text/value"));
        answer_join(a, out, json_get_text(c, "refusal"));
        answer_join(a, out, json_get_text(c, "transcript"));
    }
}

static void join_all(
    struct answer *a, const struct json_node *node, struct buf *out)
{
    if (node == NULL || str_is(node->key, "type") || str_is(node->key, "id") ||
        str_ends(node->key, "_id") || str_is(node->key, "object") ||
        str_is(node->key, "status") || str_is(node->key, "role"))
        return;
    answer_join(a, out, json_str(node));
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        join_all(a, c, out);
}

static void read_kept_item(
    struct answer *a, struct activity *act, const struct json_node *item)
{
    struct str role = json_get_text(item, "role");
    if (str_is(role, "user") || str_is(role, "assistant"))
        join_words(a, json_get(item, "content"), &act->content);
    else
        join_all(a, item, &act->hidden);
}

/* Both sides in the order of the list. */
void openai_list_body(struct answer *a, const struct json_node *root)
{
    const struct json_node *list = json_get(root, "data");
    if (!json_is(list, JSON_ARRAY))
        return;
    a->trees[a->tree_count++] = activity_new();
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        read_kept_item(a, a->trees[0], c);
}
