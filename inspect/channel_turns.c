/*
 * Events of Responses, one a message (fact sheet chatgpt-wire §3.10, §9.2):
 * they answer the prompts of the socket in the order in which these were sent.
 */
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

static struct inner *first_turn(const struct channel *c)
{
    struct inner *inner = c->inners;
    while (inner != NULL &&
           (!inner->is_turn || inner->exchange->response != RESPONSE_OPEN))
        inner = inner->next;
    return inner;
}

static bool ends_turn(struct str type)
{
    return str_is(type, "response.completed") ||
           str_is(type, "response.incomplete") ||
           str_is(type, "response.failed") || str_is(type, "error");
}

/* {"type":"error","status":400,…}: what a status line is elsewhere. */
static void note_status(struct exchange *ex, const struct json_node *root)
{
    int64_t status;
    const struct json_node *node = json_get(root, "status");
    if (node == NULL)
        node = json_get(root, "status_code");
    if (json_int(node, &status) == OK && status >= 400 && status <= 599)
        ex->status = (int)status;
}

bool channel_on_responses(struct channel *c, const struct json_node *root)
{
    struct inner *turn = first_turn(c);
    struct str type = json_get_text(root, "type");
    if (turn == NULL || type.n == 0)
        return false;
    answer_json(turn->exchange->answer, root);
    if (str_is(type, "error"))
        note_status(turn->exchange, root);
    if (ends_turn(type))
        channel_end_turn(turn, !str_is(type, "error"));
    return true;
}
