/*
 * Reading the actor of a request: Authorization (JWT claims or API key),
 * workspace and device headers and cookies, proxy login, client address.
 */
#include "inspect/identity.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "inspect/json.h"

static struct str field(const struct exchange_request *r, const char *name)
{
    for (size_t i = 0; i < r->field_count; i++)
        if (str_is_nocase(r->fields[i].name, name))
            return str_trim(r->fields[i].value);
    return STR_NONE;
}

/* Of all Cookie lines (h2 splits them), borrowed. */
static struct str cookie(const struct exchange_request *r, const char *name)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (!str_is_nocase(r->fields[i].name, "cookie"))
            continue;
        struct str rest = r->fields[i].value, pair;
        while (str_split(&rest, ';', &pair)) {
            size_t equals = str_find_char(pair, '=');
            if (equals < pair.n &&
                str_is(str_trim(str_sub(pair, 0, equals)), name))
                return str_trim(str_sub(pair, equals + 1, pair.n));
        }
    }
    return STR_NONE;
}

/* The middle of header.payload.signature as JSON, or NULL. */
static const struct json_node *read_claims(
    struct str token, struct arena *arena, struct buf *payload)
{
    struct str head, middle;
    struct json_node *root = NULL;
    if (token.n > IDENTITY_TOKEN_BYTES_MAX || !str_split(&token, '.', &head) ||
        !str_split(&token, '.', &middle) || token.p == NULL)
        return NULL;
    if (base64_decode(middle, payload) != OK ||
        json_parse(buf_str(payload), arena, NULL, &root) != OK)
        return NULL;
    return root;
}

static void use_claims(
    const struct json_node *claims, struct arena *arena, struct actor *actor)
{
    const struct json_node *profile =
        json_get(claims, "https://api.openai.com/profile");
    const struct json_node *auth =
        json_get(claims, "https://api.openai.com/auth");
    struct str email = json_get_text(profile, "email");
    if (email.n == 0)
        email = json_get_text(claims, "email");
    struct str user = email;
    if (user.n == 0)
        user = json_get_text(auth, "chatgpt_user_id");
    if (user.n == 0)
        user = json_get_text(auth, "user_id");
    if (user.n == 0)
        user = json_get_text(claims, "sub");
    if (user.n == 0)
        return;
    struct str id = json_get_text(auth, "chatgpt_user_id");
    if (id.n == 0)
        id = json_get_text(auth, "user_id");
    actor->user_id = arena_copy(arena, id);
    actor->plan = arena_copy(arena, json_get_text(auth, "chatgpt_plan_type"));
    actor->user = arena_copy(arena, user);
    actor->account = actor->user;
    actor->source = STR("jwt");
    actor->is_signed_in = actor->is_named = true;
    actor->workspace =
        arena_copy(arena, json_get_text(auth, "chatgpt_account_id"));
}

struct str identity_account_of(struct str token, struct arena *arena)
{
    struct buf payload = {0};
    struct arena scratch = {0};
    struct actor actor = {0};
    const struct json_node *claims = read_claims(token, &scratch, &payload);
    if (claims != NULL)
        use_claims(claims, arena, &actor);
    arena_wipe(&scratch);
    buf_wipe_free(&payload);
    bool is_mail = str_find_char(actor.account, '@') < actor.account.n;
    return is_mail ? actor.account : STR_NONE;
}

/* "sk-proj-": what says the kind of the key and nothing else. */
static struct str key_prefix(struct str key)
{
    static const char *const prefixes[] = {
        "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-", "sess-"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(key, prefixes[i]))
            return str_of(prefixes[i]);
    return STR_NONE;
}

static struct str key_end(struct str key)
{
    return str_sub(key, key.n < 20 ? key.n : key.n - 4, key.n);
}

struct str identity_redact(struct str key, struct arena *arena)
{
    if (key.n == 0)
        return STR_NONE;
    return str_of(arena_printf(arena, "%.*s\u2026%.*s",
        STR_ARG(key_prefix(key)), STR_ARG(key_end(key))));
}

/* Prefix, last four and SHA-256 (facts/openai-admin.md §1.3): enough to tell
 * keys apart and to find one again, nothing to use. */
static void use_api_key(
    struct str key, struct arena *arena, struct actor *actor)
{
    char hex[DIGEST_HEX_BYTES];
    struct str prefix = key_prefix(key);
    struct str last = key_end(key);
    digest_sha256_hex(key, hex);
    actor->user = str_of(arena_printf(
        arena, "%.*s\u2026%.*s#%.12s", STR_ARG(prefix), STR_ARG(last), hex));
    actor->account = str_of(arena_printf(
        arena, "%.*s\u2026%.*s#%s", STR_ARG(prefix), STR_ARG(last), hex));
    bool is_session = str_is(prefix, "sess-");
    actor->source = is_session ? STR("session") : STR("api-key");
    actor->is_signed_in = true;
}

/* Browsers cannot set a header for a WebSocket (fact sheet chatgpt-wire
 * §9.3): "realtime, openai-insecure-api-key.KEY". */
static struct str subprotocol_key(struct str list)
{
    static const char prefix[] = "openai-insecure-api-key.";
    struct str name;
    while (str_split(&list, ',', &name)) {
        name = str_trim(name);
        if (str_starts(name, prefix))
            return str_sub(name, sizeof prefix - 1, name.n);
    }
    return STR_NONE;
}

/* A token that is neither a key nor has claims may be anything: it only says
 * that somebody signed in (an answer may name them later). */
static void use_bearer(
    struct str token, struct arena *arena, struct actor *actor)
{
    struct buf payload = {0};
    struct arena scratch = {0};
    const struct json_node *claims;
    if (key_prefix(token).n != 0)
        use_api_key(token, arena, actor);
    else if ((claims = read_claims(token, &scratch, &payload)) != NULL)
        use_claims(claims, arena, actor);
    else if (token.n != 0)
        actor->is_signed_in = true;
    arena_free(&scratch);
    buf_wipe_free(&payload);
}

static void use_authorization(
    const struct exchange_request *r, struct arena *arena, struct actor *actor)
{
    struct str value = field(r, "authorization");
    struct str key = field(r, "api-key"); /* Azure's spelling */
    if (key.n == 0)
        key = subprotocol_key(field(r, "sec-websocket-protocol"));
    if (str_starts_nocase(value, "bearer "))
        use_bearer(str_trim(str_sub(value, 7, value.n)), arena, actor);
    if (actor->user.n == 0 && key.n != 0)
        use_api_key(key, arena, actor);
}

/* Plans that have no workspace but the person's own. */
bool identity_is_personal(struct str plan)
{
    static const char *const plans[] = {"free", "go", "plus", "pro"};
    for (size_t i = 0; i < ARRAY_LEN(plans); i++)
        if (str_is(plan, plans[i]))
            return true;
    return false;
}

/* The token's account may be another one than the page has chosen: then its
 * plan says nothing. */
static bool is_plan_of(struct str workspace, const struct actor *actor)
{
    return str_eq(workspace, actor->workspace) ||
           (str_is(workspace, "personal") && identity_is_personal(actor->plan));
}

static void use_headers(
    const struct exchange_request *r, struct arena *arena, struct actor *actor)
{
    struct str workspace = field(r, "chatgpt-account-id");
    if (workspace.n == 0)
        workspace = cookie(r, "_account");
    if (workspace.n == 0)
        workspace = field(r, "openai-organization");
    if (workspace.n != 0 && !is_plan_of(workspace, actor))
        actor->plan = STR_NONE;
    if (workspace.n != 0)
        actor->workspace = arena_copy(arena, workspace);
    struct str device = field(r, "oai-device-id");
    if (device.n == 0)
        device = cookie(r, "oai-did");
    actor->device = arena_copy(arena, device);
}

/* _puid=user-…:expiry-signature: an id without a mail address. */
static void use_cookie_id(
    const struct exchange_request *r, struct arena *arena, struct actor *actor)
{
    struct str id = cookie(r, "_puid");
    size_t end = str_find_char(id, ':');
    if (actor->user.n != 0 || end == id.n || !str_starts(id, "user-") ||
        end > KEEP_NAME_MAX)
        return;
    actor->user = actor->account = actor->user_id =
        arena_copy(arena, str_sub(id, 0, end));
    actor->source = STR("session");
    actor->is_signed_in = true;
}

void identity_use_id(struct str id, struct arena *arena, struct actor *actor)
{
    bool is_nobody = actor->user.n == 0 || str_is(actor->source, "ip");
    if (!str_starts(id, "user-") || id.n > KEEP_NAME_MAX)
        return;
    if (actor->user_id.n == 0)
        actor->user_id = arena_copy(arena, id);
    if (actor->account.n == 0)
        actor->account = actor->user_id;
    actor->is_signed_in = true;
    if (!is_nobody)
        return;
    actor->user = actor->user_id;
    actor->source = STR("session");
}

void identity_find(const struct exchange_request *request, struct arena *arena,
    struct actor *actor_out)
{
    *actor_out = (struct actor){0};
    use_authorization(request, arena, actor_out);
    use_cookie_id(request, arena, actor_out);
    use_headers(request, arena, actor_out);
    actor_out->ip = arena_copy(arena, request->client_ip);
    if (request->proxy_user.n != 0) {
        actor_out->user = arena_copy(arena, request->proxy_user);
        actor_out->source = STR("proxy-auth");
    } else if (actor_out->user.n == 0 && actor_out->ip.n != 0) {
        actor_out->user = actor_out->ip;
        actor_out->source = STR("ip");
    }
}

/* ---- sessions ---------------------------------------------------------- */

static const char *const SESSION_COOKIE = "__Secure-next-auth.session-token";

static void hash_text(struct digest *digest, struct str text)
{
    uint64_t n = text.n;
    digest_update(digest, str_make((const char *)&n, sizeof n));
    digest_update(digest, text);
}

static struct digest *begin_hash(const char *kind, struct str service)
{
    struct digest *digest = digest_new();
    hash_text(digest, str_of(kind));
    hash_text(digest, service);
    return digest;
}

static void end_hash(struct digest **digest, uint8_t *out, size_t n)
{
    uint8_t sum[DIGEST_BYTES];
    digest_final(digest, sum);
    memcpy(out, sum, n);
}

/* "name=value"; long tokens come in pieces name.0, name.1 …, whose order is the
 * client's: the sum of their hashes is the same for each. */
static bool add_session_pair(
    struct keep_session *session, struct str service, struct str pair)
{
    size_t equals = str_find_char(pair, '=');
    struct str name = str_trim(str_sub(pair, 0, equals));
    if (equals == pair.n || !str_starts(name, SESSION_COOKIE))
        return false;
    struct str piece = str_sub(name, strlen(SESSION_COOKIE), name.n);
    struct str value = str_trim(str_sub(pair, equals + 1, pair.n));
    if ((piece.n != 0 && piece.p[0] != '.') || value.n == 0)
        return false;
    uint8_t sum[sizeof session->token];
    struct digest *digest = begin_hash("session", service);
    hash_text(digest, piece);
    hash_text(digest, value);
    end_hash(&digest, sum, sizeof sum);
    for (size_t i = 0; i < sizeof sum; i++)
        session->token[i] = (uint8_t)(session->token[i] + sum[i]);
    return true;
}

static void hash_device(const struct exchange_request *r, struct str service,
    struct keep_session *session)
{
    struct str device = field(r, "oai-device-id");
    if (device.n == 0)
        device = cookie(r, "oai-did");
    if (device.n == 0)
        return;
    struct digest *digest = begin_hash("device", service);
    hash_text(digest, device);
    end_hash(&digest, session->device, sizeof session->device);
    session->has_device = true;
}

/* Apps have no cookies: their token is what all calls of one sign-in share.
 * An API key is nobody's session. */
static void hash_bearer(const struct exchange_request *r, struct str service,
    struct keep_session *session)
{
    struct str value = field(r, "authorization");
    struct str token = str_trim(str_sub(value, 7, value.n));
    if (!str_starts_nocase(value, "bearer ") || token.n == 0 ||
        str_starts(token, "sk-"))
        return;
    struct digest *digest = begin_hash("bearer", service);
    hash_text(digest, token);
    end_hash(&digest, session->token, sizeof session->token);
    session->has_token = true;
}

bool identity_session(const struct exchange_request *request,
    struct str service, struct keep_session *session_out)
{
    *session_out = (struct keep_session){0};
    for (size_t i = 0; i < request->field_count; i++) {
        struct str rest = request->fields[i].value, pair;
        if (!str_is_nocase(request->fields[i].name, "cookie"))
            continue;
        while (str_split(&rest, ';', &pair))
            if (add_session_pair(session_out, service, pair))
                session_out->has_token = true;
    }
    if (!session_out->has_token)
        hash_bearer(request, service, session_out);
    if (session_out->has_token)
        hash_device(request, service, session_out);
    return session_out->has_token;
}

bool identity_new_session(const struct field *fields, size_t count,
    struct str service, struct keep_session *session_out)
{
    *session_out = (struct keep_session){0};
    for (size_t i = 0; i < count; i++) {
        struct str value = fields[i].value;
        value = str_sub(value, 0, str_find_char(value, ';'));
        if (str_is_nocase(fields[i].name, "set-cookie") &&
            add_session_pair(session_out, service, value))
            session_out->has_token = true;
    }
    return session_out->has_token;
}

void identity_memory_free(struct identity_memory *memory)
{
    arena_free(&memory->arena);
    *memory = (struct identity_memory){0};
}
