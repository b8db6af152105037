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
        arena_copy(&arena, identity->workspace),
        arena_copy(&arena, identity->user_id),
        arena_copy(&arena, identity->plan)};
    arena_free(&memory->arena);
    *memory = (struct identity_memory){arena, ex->session, own};
}

static bool is_remembered(
    const struct exchange *ex, const struct keep_identity *identity)
{
    const struct identity_memory *memory = ex->env->memory;
    return memory != NULL && is_same_session(&memory->session, &ex->session) &&
           str_eq(memory->identity.user, identity->user) &&
           str_eq(memory->identity.workspace, identity->workspace) &&
           str_eq(memory->identity.user_id, identity->user_id) &&
           str_eq(memory->identity.plan, identity->plan);
}

/* What this connection knows of the same person, and the request does not
 * say. */
static void complete_identity(
    const struct exchange *ex, struct keep_identity *identity)
{
    const struct identity_memory *memory = ex->env->memory;
    if (memory == NULL || !is_same_session(&memory->session, &ex->session))
        return;
    const struct keep_identity *known = &memory->identity;
    if (identity->user.n == 0) {
        identity->user = known->user;
        identity->account = known->account;
    }
    if (!str_eq(identity->user, known->user))
        return;
    if (identity->workspace.n == 0)
        identity->workspace = known->workspace;
    if (identity->user_id.n == 0)
        identity->user_id = known->user_id;
    if (identity->plan.n == 0 && str_eq(identity->workspace, known->workspace))
        identity->plan = known->plan;
}

static void leave_word(
    struct exchange *ex, const struct keep_identity *identity)
{
    if (ex->session.has_token && !is_remembered(ex, identity)) {
        if (identity->user.n != 0)
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

/* A user id, or a token that says nothing, is less than what the keeper may
 * know. */
static bool is_bare(const struct actor *actor)
{
    bool is_key = !actor->is_named && str_is(actor->source, "api-key");
    return is_key || str_starts(actor->user, "user-");
}

static bool is_known(const struct exchange *ex)
{
    const struct actor *actor = &ex->actor;
    return is_proxy_user(ex) ||
           (actor->is_signed_in && !is_bare(actor) && actor->plan.n != 0);
}

static void use_plan(struct exchange *ex, const struct keep_identity *identity)
{
    struct actor *actor = &ex->actor;
    bool is_its_plan = str_eq(actor->workspace, identity->workspace) ||
                       (str_is(actor->workspace, "personal") &&
                           identity_is_personal(identity->plan));
    if (actor->user_id.n == 0)
        actor->user_id = arena_copy(&ex->arena, identity->user_id);
    if (actor->plan.n == 0 && is_its_plan)
        actor->plan = arena_copy(&ex->arena, identity->plan);
}

/* What the request says itself stays. */
static void use_identity(
    struct exchange *ex, const struct keep_identity *identity)
{
    struct actor *actor = &ex->actor;
    bool is_another = actor->user_id.n != 0 && identity->user_id.n != 0 &&
                      !str_eq(actor->user_id, identity->user_id);
    bool is_named = actor->is_named && !is_bare(actor);
    if (is_another || (is_named && !str_eq(actor->account, identity->user)))
        return;
    if (actor->workspace.n == 0)
        actor->workspace = arena_copy(&ex->arena, identity->workspace);
    use_plan(ex, identity);
    if (is_named)
        return;
    actor->account = arena_copy(&ex->arena, identity->account);
    actor->is_signed_in = true;
    if (is_proxy_user(ex))
        return;
    actor->user = arena_copy(&ex->arena, identity->user);
    actor->source = STR("session");
}

/* "/ws/user/{user_id}" (chatgpt-wire §7.1). */
static void use_path_identity(struct exchange *ex)
{
    for (size_t i = 0; i < ex->match.count; i++)
        if (str_is(ex->match.names[i], "user_id"))
            identity_use_id(ex->match.values[i], &ex->arena, &ex->actor);
}

/* What the request's token says, and what this connection knows besides. */
static void leave_own(struct exchange *ex)
{
    struct actor *actor = &ex->actor;
    struct keep_identity own = {actor->account, actor->account,
        actor->workspace, actor->user_id, actor->plan};
    complete_identity(ex, &own);
    actor->user_id = arena_copy(&ex->arena, own.user_id);
    actor->plan = arena_copy(&ex->arena, own.plan);
    leave_word(ex, &own);
}

static void find_identity(
    struct exchange *ex, const struct exchange_request *request)
{
    struct actor *actor = &ex->actor;
    identity_find(request, &ex->arena, actor);
    if (!identity_session(request, service_name(ex->service), &ex->session))
        return;
    const struct identity_memory *memory = ex->env->memory;
    bool is_same =
        memory != NULL && is_same_session(&memory->session, &ex->session);
    if (actor->is_named && !is_bare(actor))
        leave_own(ex);
    else if (is_same)
        use_identity(ex, &memory->identity);
}

void exchange_find_identity(
    struct exchange *ex, const struct exchange_request *request)
{
    find_identity(ex, request);
    use_path_identity(ex);
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
    if (!keep_read_identity(answer, &identity)) {
        if (ex->actor.is_named)
            leave_own(ex);
        return;
    }
    use_identity(ex, &identity);
    if (!ex->actor.is_named)
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

/* Of a list of accounts, the one that the page has chosen, or the only one. */
static const struct json_node *chosen_account(
    struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    const struct json_node *accounts = NULL, *only = NULL;
    struct str chosen = ex->actor.workspace, id = STR_NONE;
    for (size_t i = 0; i < route->who_accounts.count && accounts == NULL; i++)
        accounts = exchange_walk(root, &route->who_accounts.items[i]);
    for (const struct json_node *c = accounts != NULL ? accounts->first : NULL;
         c != NULL; c = c->next) {
        struct str own = first_of(c, &route->who_workspace);
        bool is_personal =
            str_is(json_path_text(c, "account/structure"), "personal");
        if (chosen.n != 0 && (str_eq(own, chosen) ||
                                 (is_personal && str_is(chosen, "personal"))))
            return c;
        if (id.n != 0 && !str_eq(id, own))
            only = NULL; /* listed twice ("default"), it is still one */
        else
            only = c;
        if (id.n == 0)
            id = own;
        else if (!str_eq(id, own))
            break;
    }
    return chosen.n == 0 ? only : NULL;
}

static struct keep_identity read_identity(
    struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    if (route->who_accounts.count != 0)
        root = chosen_account(ex, root);
    struct keep_identity identity = {.user = first_of(root, &route->who_user),
        .workspace = first_of(root, &route->who_workspace),
        .user_id = first_of(root, &route->who_user_id),
        .plan = first_of(root, &route->who_plan)};
    identity.account = identity.user;
    if (route->who_accounts.count != 0 && ex->actor.is_named) {
        identity.user = identity.account = ex->actor.account;
        identity.user_id = ex->actor.user_id;
    }
    if (identity.workspace.n == 0)
        identity.workspace = ex->actor.workspace;
    return identity;
}

void exchange_learn_identity(struct exchange *ex, const struct json_node *root)
{
    struct keep_identity identity = read_identity(ex, root);
    signin_note_account(ex, identity.user);
    bool is_empty = identity.user.n == 0 && identity.plan.n == 0;
    complete_identity(ex, &identity);
    if (is_empty ||
        (is_remembered(ex, &identity) && !ex->new_session.has_token))
        return;
    leave_word(ex, &identity);
}
