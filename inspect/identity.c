/*
 * Reading the actor of a request: Authorization (JWT claims or API key),
 * workspace and device headers and cookies, proxy login, client address.
 */
#include "inspect/identity.h"

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
    actor->user = arena_copy(arena, user);
    actor->account = actor->user;
    actor->source = STR("jwt");
    actor->is_signed_in = true;
    actor->workspace =
        arena_copy(arena, json_get_text(auth, "chatgpt_account_id"));
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

/* Prefix, last four and SHA-256 (facts/openai-admin.md §1.3): enough to tell
 * keys apart and to find one again, nothing to use. */
static void use_api_key(
    struct str key, struct arena *arena, struct actor *actor)
{
    char hex[DIGEST_HEX_BYTES];
    struct str prefix = key_prefix(key);
    struct str last = str_sub(key, key.n < 20 ? key.n : key.n - 4, key.n);
    digest_sha256_hex(key, hex);
    actor->user = str_of(arena_printf(
        arena, "%.*s\u2026%.*s#%.12s", STR_ARG(prefix), STR_ARG(last), hex));
    actor->account = str_of(arena_printf(
        arena, "%.*s\u2026%.*s#%s", STR_ARG(prefix), STR_ARG(last), hex));
    bool is_session = str_is(prefix, "sess-");
    actor->source = is_session ? STR("session") : STR("api-key");
    actor->is_signed_in = true;
}

static void use_authorization(
    const struct exchange_request *r, struct arena *arena, struct actor *actor)
{
    struct str value = field(r, "authorization");
    struct str key = field(r, "api-key"); /* Azure's spelling */
    if (str_starts_nocase(value, "bearer "))
        key = str_trim(str_sub(value, 7, value.n));
    if (key.n == 0)
        return;
    if (str_starts(key, "sk-")) {
        use_api_key(key, arena, actor);
        return;
    }
    struct buf payload = {0};
    struct arena scratch = {0};
    const struct json_node *claims = read_claims(key, &scratch, &payload);
    if (claims != NULL)
        use_claims(claims, arena, actor);
    else
        use_api_key(key, arena, actor);
    arena_free(&scratch);
    buf_wipe_free(&payload);
}

static void use_headers(
    const struct exchange_request *r, struct arena *arena, struct actor *actor)
{
    struct str workspace = field(r, "chatgpt-account-id");
    if (workspace.n == 0)
        workspace = cookie(r, "_account");
    if (workspace.n == 0)
        workspace = field(r, "openai-organization");
    if (workspace.n != 0)
        actor->workspace = arena_copy(arena, workspace);
    struct str device = field(r, "oai-device-id");
    if (device.n == 0)
        device = cookie(r, "oai-did");
    actor->device = arena_copy(arena, device);
}

void identity_find(const struct exchange_request *request, struct arena *arena,
    struct actor *actor_out)
{
    *actor_out = (struct actor){0};
    use_authorization(request, arena, actor_out);
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
