/*
 * Whose an exchange is, where the request itself does not tell: calls with
 * nothing but cookies are their session's (chatgpt-wire §7.1).  Calls that do
 * tell, and answers that name the account, leave word with the connection and
 * the keeper.  Names for records and policy selectors; they grant nothing.
 */
#include <string.h>

#include "inspect/exchange_parts.h"
#include "inspect/identity.h"

static bool is_same_session(
    const struct keep_session *a, const struct keep_session *b)
{
    return a->has_token && b->has_token &&
           memcmp(a->token, b->token, sizeof a->token) == 0;
}

static void remember(struct exchange *ex, const struct keep_identity *identity)
{
    struct identity_memory *memory = ex->env->memory;
    if (memory == NULL)
        return;
    struct arena arena = {0}; /* identity may lie in the old one */
    struct keep_identity own = {arena_copy(&arena, identity->user),
        arena_copy(&arena, identity->account),
        arena_copy(&arena, identity->workspace)};
    arena_free(&memory->arena);
    *memory = (struct identity_memory){arena, ex->session, own};
}

static bool is_remembered(
    const struct exchange *ex, const struct keep_identity *identity)
{
    const struct identity_memory *memory = ex->env->memory;
    return memory != NULL && is_same_session(&memory->session, &ex->session) &&
           str_eq(memory->identity.user, identity->user) &&
           str_eq(memory->identity.workspace, identity->workspace);
}

static void leave_word(
    struct exchange *ex, const struct keep_identity *identity)
{
    if (identity->user.n == 0)
        return;
    if (ex->session.has_token && !is_remembered(ex, identity)) {
        remember(ex, identity);
        keep_note_identity(&ex->session, identity, exchange_push_note(ex));
    }
    if (ex->new_session.has_token)
        keep_note_identity(&ex->new_session, identity, exchange_push_note(ex));
}

static bool is_proxy_user(const struct exchange *ex)
{
    return str_is(ex->actor.source, "proxy-auth");
}

/* A user id out of a cookie is less than what the keeper may know. */
static bool is_known(const struct exchange *ex)
{
    bool is_bare_id = str_is(ex->actor.source, "session") &&
                      str_starts(ex->actor.user, "user-");
    return is_proxy_user(ex) || (ex->actor.is_signed_in && !is_bare_id);
}

static void use_identity(
    struct exchange *ex, const struct keep_identity *identity)
{
    struct actor *actor = &ex->actor;
    actor->account = arena_copy(&ex->arena, identity->account);
    if (actor->workspace.n == 0)
        actor->workspace = arena_copy(&ex->arena, identity->workspace);
    actor->is_signed_in = true;
    if (is_proxy_user(ex))
        return;
    actor->user = arena_copy(&ex->arena, identity->user);
    actor->source = STR("session");
}

void exchange_find_identity(
    struct exchange *ex, const struct exchange_request *request)
{
    struct actor *actor = &ex->actor;
    identity_find(request, &ex->arena, actor);
    if (!identity_session(request, service_name(ex->service), &ex->session))
        return;
    struct keep_identity own = {
        actor->account, actor->account, actor->workspace};
    const struct identity_memory *memory = ex->env->memory;
    if (actor->is_named)
        leave_word(ex, &own);
    else if (memory != NULL && is_same_session(&memory->session, &ex->session))
        use_identity(ex, &memory->identity);
}

bool exchange_ask_identity(struct exchange *ex)
{
    if (ex->is_identified || !ex->session.has_token || is_known(ex))
        return false;
    ex->is_identified = true;
    buf_clear(&ex->question);
    keep_ask_identity(&ex->session, &ex->question);
    return true;
}

void exchange_take_identity(struct exchange *ex, struct str answer)
{
    struct keep_identity identity;
    if (!keep_read_identity(answer, &identity))
        return;
    use_identity(ex, &identity);
    remember(ex, &identity);
    if (ex->activity != NULL)
        ex->activity->actor = ex->actor;
    for (size_t i = 0; i < ex->answer_count; i++)
        ex->answers[i]->actor = ex->actor;
}

const struct json_node *exchange_walk(
    const struct json_node *root, const struct json_path *path)
{
    for (size_t i = 0; root != NULL && i < path->count; i++)
        root = json_get(root, path->steps[i].p);
    return root;
}

static struct str first_of(
    const struct json_node *root, const struct json_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        const struct json_node *node = exchange_walk(root, &paths->items[i]);
        if (json_str(node).n != 0)
            return json_str(node);
    }
    return STR_NONE;
}

void exchange_learn_identity(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    struct keep_identity identity = {.user = first_of(root, &route->who_user),
        .workspace = first_of(root, &route->who_workspace)};
    identity.account = identity.user;
    if (identity.workspace.n == 0)
        identity.workspace = ex->actor.workspace;
    if (is_remembered(ex, &identity) && !ex->new_session.has_token)
        return;
    leave_word(ex, &identity);
}
