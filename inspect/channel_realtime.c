/*
 * Events of the realtime API (fact sheet chatgpt-wire §9.3): an answer by its
 * response id, what the person said as the service heard it, and the ids of
 * the session.  Echoes of the client's own items and audio say nothing new.
 */
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

static bool is_echo(struct str type)
{
    static const char *const prefixes[] = {"session.", "conversation.",
        "input_audio_buffer.", "output_audio_buffer.", "rate_limits.",
        "transcription_session.", "error"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(type, prefixes[i]))
            return true;
    return false;
}

static void on_response(
    struct channel *c, struct str type, const struct json_node *root)
{
    struct str id = json_get_text(root, "response_id");
    if (id.n == 0)
        id = json_path_text(root, "response/id");
    struct topic *t = channel_topic(c, id);
    t->is_touched = true;
    topic_open(c, t, ANSWER_OPENAI_RESPONSES);
    answer_json(t->answer, root);
    t->answer->message_id = answer_keep(t->answer, id, t->answer->message_id);
    topic_set(
        &t->conversation, json_path_text(root, "response/conversation_id"));
    topic_set(&c->conversation, buf_str(&t->conversation));
    if (str_is(type, "response.done"))
        topic_end(c, t, true);
}

/* A person's spoken words. */
static void on_transcript(struct channel *c, const struct json_node *root)
{
    struct str words = json_get_text(root, "transcript");
    if (words.n == 0)
        return;
    struct activity *a = activity_new();
    a->name = STR("audio.transcribed");
    a->message_id = arena_copy(&a->arena, json_get_text(root, "item_id"));
    a->conversation_id = arena_copy(&a->arena, buf_str(&c->conversation));
    a->model = arena_copy(&a->arena, buf_str(&c->model));
    buf_append_str(&a->content, words);
    c->has_transcript = true;
    channel_tell(c, &a, 1, STR_NONE);
}

bool channel_on_realtime(struct channel *c, const struct json_node *root)
{
    struct str type = json_get_text(root, "type");
    topic_set(&c->model, json_path_text(root, "session/model"));
    topic_set(&c->conversation, json_path_text(root, "conversation/id"));
    if (str_starts(type, "response."))
        on_response(c, type, root);
    else if (str_is(
                 type, "conversation.item.input_audio_transcription.completed"))
        on_transcript(c, root);
    else
        return is_echo(type);
    return true;
}
