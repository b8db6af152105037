/*
 * Metadata in, addresses and forms out, claims to a person.  What comes in is
 * hostile: each value is taken only as what it must be.
 */
#include "console/oidc.h"

#include "base/base64.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/url.h"
#include "base/utf8.h"
#include "inspect/json.h"

static const char *const fault_names[OIDC_FAULTS] = {
    [OIDC_FINE] = "fine",
    [OIDC_UNREACHABLE] = "unreachable",
    [OIDC_METADATA] = "metadata",
    [OIDC_TOKENS] = "token-answer",
    [OIDC_REFUSED] = "code-refused",
    [OIDC_CLIENT] = "client-refused",
    [OIDC_BUSY] = "busy",
    [OIDC_MALFORMED] = "malformed",
    [OIDC_ALGORITHM] = "algorithm",
    [OIDC_KEY] = "unknown-key",
    [OIDC_SIGNATURE] = "signature",
    [OIDC_ISSUER] = "issuer",
    [OIDC_AUDIENCE] = "audience",
    [OIDC_EXPIRED] = "expired",
    [OIDC_EARLY] = "early",
    [OIDC_NONCE] = "nonce",
    [OIDC_NAME] = "no-name",
    [OIDC_UNVERIFIED] = "unverified-email",
    [OIDC_DOMAIN] = "domain",
    [OIDC_ROLE] = "no-role",
};

const char *oidc_fault_name(enum oidc_fault fault)
{
    return (unsigned)fault < OIDC_FAULTS ? fault_names[fault] : "unknown";
}

enum oidc_fault oidc_fault_of(struct str name)
{
    unsigned i = 0;
    while (i < OIDC_FAULTS && !str_is(name, fault_names[i]))
        i++;
    return (enum oidc_fault)i;
}

/* ---- metadata ---- */

void oidc_metadata_url(struct str issuer, struct buf *out)
{
    if (str_ends(issuer, "/")) /* Discovery §4: not twice */
        issuer.n--;
    buf_append_str(out, issuer);
    buf_append_str(out, STR("/.well-known/openid-configuration"));
}

static bool take_url(const struct json_node *root, const char *name,
    struct arena *arena, struct str *out)
{
    struct str url = json_get_text(root, name);
    if (url.n > OIDC_URL_MAX || !url_is_https(url))
        return false;
    *out = arena_copy(arena, url);
    return true;
}

static bool lists(
    const struct json_node *root, const char *name, const char *value)
{
    const struct json_node *list = json_get(root, name);
    const struct json_node *one =
        json_is(list, JSON_ARRAY) ? list->first : NULL;
    while (one != NULL && !str_is(json_str(one), value))
        one = one->next;
    return one != NULL;
}

enum err oidc_metadata_parse(struct str json, struct str issuer,
    struct arena *arena, struct oidc_metadata *out)
{
    static const char methods[] = "token_endpoint_auth_methods_supported";
    static const struct json_limits limits = {.depth = 16, .nodes = 16384};
    struct arena own = {0};
    struct json_node *root = NULL;
    *out = (struct oidc_metadata){0};
    enum err err = json_parse(json, &own, &limits, &root);
    /* Discovery §4.3: exactly, else it is somebody else's (mix-up). */
    bool is_good =
        err == OK && str_eq(json_get_text(root, "issuer"), issuer) &&
        take_url(root, "authorization_endpoint", arena,
            &out->authorization_endpoint) &&
        take_url(root, "token_endpoint", arena, &out->token_endpoint) &&
        take_url(root, "jwks_uri", arena, &out->jwks_uri);
    if (is_good) {
        (void)take_url(
            root, "end_session_endpoint", arena, &out->end_session_endpoint);
        out->wants_post = lists(root, methods, "client_secret_post") &&
                          !lists(root, methods, "client_secret_basic");
        out->sends_iss = json_is_true(
            json_get(root, "authorization_response_iss_parameter_supported"));
    }
    arena_free(&own);
    return is_good ? OK : ERR_PARSE;
}

/* ---- the way there ---- */

static void add(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "%s%s=", out->n > 0 ? "&" : "", name);
    url_escape(out, value);
}

/* To an address that may have a query already. */
static void append_query(
    struct buf *out, struct str endpoint, const struct buf *query)
{
    buf_append_str(out, endpoint);
    buf_append_char(out, str_find_char(endpoint, '?') < endpoint.n ? '&' : '?');
    buf_append_str(out, buf_str(query));
}

/* RFC 7636 §4.2, S256. */
static void write_challenge(struct str verifier, struct buf *query)
{
    uint8_t digest[DIGEST_BYTES];
    struct buf text = {0};
    digest_sha256(verifier, digest);
    base64_encode(str_make((const char *)digest, sizeof digest), &text);
    for (size_t i = 0; i < text.n; i++) {
        char *c = &buf_bytes(&text)[i];
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    }
    while (text.n > 0 && buf_bytes(&text)[text.n - 1] == '=')
        buf_truncate(&text, text.n - 1);
    add(query, "code_challenge", buf_str(&text));
    buf_free(&text);
}

void oidc_write_authorize_url(
    struct str endpoint, const struct oidc_start *start, struct buf *out)
{
    struct buf query = {0}, scopes = {0};
    for (size_t i = 0; i < start->scopes->count; i++)
        buf_printf(&scopes, "%s%.*s", i > 0 ? " " : "",
            STR_ARG(start->scopes->items[i]));
    add(&query, "response_type", STR("code"));
    add(&query, "client_id", start->client_id);
    add(&query, "redirect_uri", start->redirect_uri);
    add(&query, "scope", buf_str(&scopes));
    add(&query, "state", start->state);
    add(&query, "nonce", start->nonce);
    write_challenge(start->verifier, &query);
    add(&query, "code_challenge_method", STR("S256"));
    append_query(out, endpoint, &query);
    buf_free(&scopes);
    buf_free(&query);
}

void oidc_write_logout_url(struct str endpoint, struct str client_id,
    struct str hint, struct str back_to, struct buf *out)
{
    struct buf query = {0};
    if (hint.n > 0)
        add(&query, "id_token_hint", hint);
    add(&query, "client_id", client_id);
    add(&query, "post_logout_redirect_uri", back_to);
    append_query(out, endpoint, &query);
    buf_wipe_free(&query);
}

/* ---- the way back ---- */

/* RFC 6749 §2.3.1: both are escaped first. */
static void write_basic(const struct oidc_code *code, struct buf *out)
{
    struct buf pair = {0};
    url_escape(&pair, code->client_id);
    buf_append_char(&pair, ':');
    url_escape(&pair, code->secret);
    buf_append_str(out, STR("Basic "));
    base64_encode(buf_str(&pair), out);
    buf_wipe_free(&pair);
}

void oidc_write_token_request(
    const struct oidc_code *code, struct buf *form, struct buf *authorization)
{
    add(form, "grant_type", STR("authorization_code"));
    add(form, "code", code->code);
    add(form, "redirect_uri", code->redirect_uri);
    add(form, "code_verifier", code->verifier);
    if (code->secret.n > 0 && !code->wants_post) {
        write_basic(code, authorization);
        return;
    }
    add(form, "client_id", code->client_id);
    if (code->secret.n > 0)
        add(form, "client_secret", code->secret);
}

/* RFC 6749 §5.2. */
static enum oidc_fault fault_of_error(int status, const struct json_node *root)
{
    struct str error = json_get_text(root, "error");
    if (status == 401 || str_is(error, "invalid_client") ||
        str_is(error, "unauthorized_client"))
        return OIDC_CLIENT;
    if (status == 400 && str_is(error, "invalid_grant"))
        return OIDC_REFUSED;
    return status == 400 ? OIDC_TOKENS : OIDC_UNREACHABLE;
}

enum oidc_fault oidc_read_token_answer(
    int status, struct str body, struct arena *arena, struct str *token_out)
{
    static const struct json_limits limits = {.depth = 16, .nodes = 16384};
    struct arena own = {0};
    struct json_node *root = NULL;
    *token_out = STR_NONE;
    bool is_json = json_parse(body, &own, &limits, &root) == OK;
    enum oidc_fault fault = OIDC_FINE;
    if (status != 200) {
        fault = fault_of_error(status, root);
    } else {
        struct str token = json_get_text(root, "id_token");
        if (!is_json || token.n == 0)
            fault = OIDC_TOKENS;
        else
            *token_out = arena_copy(arena, token);
    }
    arena_wipe(&own); /* an access token, too */
    return fault;
}

/* ---- the person ---- */

/* By its name; else a/b is b within a (Keycloak's realm_access/roles). */
static const struct json_node *find_claim(
    const struct json_node *claims, struct str name)
{
    const struct json_node *node = json_get_str(claims, name);
    return node != NULL ? node : json_path_str(claims, name);
}

static bool has_value(const struct json_node *claim, struct str value)
{
    if (!json_is(claim, JSON_ARRAY))
        return claim != NULL && str_eq(json_str(claim), value);
    for (const struct json_node *one = claim->first; one != NULL;
         one = one->next)
        if (json_is(one, JSON_STRING) && str_eq(json_str(one), value))
            return true;
    return false;
}

static enum oidc_fault find_role(const struct json_node *claims,
    const struct setting_oidc *settings, enum user_role *out)
{
    const struct json_node *claim = find_claim(claims, settings->role_claim);
    for (size_t i = 0; i < settings->roles_count; i++) {
        if (has_value(claim, settings->roles[i].value)) {
            *out = (enum user_role)settings->roles[i].role;
            return OIDC_FINE;
        }
    }
    if (settings->default_role == 0)
        return OIDC_ROLE;
    *out = (enum user_role)(settings->default_role - 1);
    return OIDC_FINE;
}

static bool is_of_domain(struct str name, const struct str_list *domains)
{
    size_t at = name.n;
    while (at > 0 && name.p[at - 1] != '@')
        at--;
    struct str domain = str_sub(name, at, name.n);
    for (size_t i = 0; i < domains->count; i++)
        if (at > 1 && str_eq_nocase(domain, domains->items[i]))
            return true;
    return domains->count == 0;
}

/* Some providers write it as text. */
static bool is_verified(const struct json_node *claims)
{
    const struct json_node *node = json_get(claims, "email_verified");
    return json_is_true(node) || str_is(json_str(node), "true");
}

/* Something that can stand in a list, a log and a record as it is. */
static bool is_plain(struct str text, size_t max)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
            return false;
    return text.n > 0 && text.n <= max && utf8_is_valid(text);
}

enum oidc_fault oidc_find_person(const struct json_node *claims,
    const struct setting_oidc *settings, struct oidc_person *out)
{
    struct str name = json_str(find_claim(claims, settings->name_claim));
    struct str subject = json_get_text(claims, "sub");
    *out = (struct oidc_person){0};
    if (!users_name_is_good(name) || !is_plain(subject, OIDC_SUBJECT_MAX))
        return OIDC_NAME;
    /* Who can give any address as theirs is whoever they like. */
    if (str_is(settings->name_claim, "email") && !is_verified(claims))
        return OIDC_UNVERIFIED;
    if (!is_of_domain(name, &settings->domains))
        return OIDC_DOMAIN;
    memcpy(out->name, name.p, name.n);
    memcpy(out->subject, subject.p, subject.n);
    /* One spelling of a name, as providers differ in it from day to day. */
    str_lower(out->name, name.n);
    return find_role(claims, settings, &out->role);
}
