/* What an OpenID provider says, and what the two roles say about it. The first
 * byte: 'm' metadata, 'k' a JWK set, 't' a JWK set, a line's end, an ID token,
 * 'a' an answer to the token request, 'e' one that is an error, 'c' claims,
 * 'q' a question, 'w' what we write to the provider, of the lines that follow;
 * others: what the console is told. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/url.h"
#include "console/id_token.h"
#include "console/oidc_msg.h"
#include "inspect/form.h"
#include "inspect/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str domain = STR("corp.example");
static struct setting_role roles[] = {
    {STR("dlp"), USER_ADMINISTRATOR}, {STR("eyes"), USER_AUDITOR}};
static struct setting_oidc settings = {.name_claim = STR("email"),
    .role_claim = STR("realm/groups"),
    .domains = {&domain, 1},
    .roles = roles,
    .roles_count = 2};

static void check(bool is_so)
{
    if (!is_so)
        abort();
}

static void find_person(const struct json_node *claims)
{
    struct oidc_person person;
    for (int i = 0; i < 2; i++) {
        settings.default_role = i;
        settings.name_claim = i == 0 ? STR("email") : STR("sub");
        if (oidc_find_person(claims, &settings, &person) == OIDC_FINE)
            check(person.name[0] != '\0' && person.subject[0] != '\0' &&
                  person.role < USER_PROXY);
    }
}

static void read_token(struct str rest, struct arena *arena)
{
    struct str set;
    struct jwks *jwks = NULL;
    const struct json_node *claims;
    struct id_token_expected expected = {
        STR("https://idp.example"), STR("gate"), STR("N"), 1800000000};
    (void)str_split(&rest, '\n', &set);
    if (jwks_parse(set, &jwks) != OK)
        return;
    enum oidc_fault fault =
        id_token_check(rest, jwks, &expected, arena, &claims);
    check((fault == OIDC_FINE) == (claims != NULL));
    if (claims != NULL)
        find_person(claims);
    jwks_free(&jwks);
}

static void read_told(struct str bytes, struct arena *arena)
{
    bool is_state;
    struct oidc_answer answer;
    struct oidc_state state;
    struct buf out = {0};
    if (oidc_msg_read_told(bytes, arena, &is_state, &answer, &state) != OK)
        return;
    if (is_state)
        oidc_msg_write_state(&state, &out);
    else
        oidc_msg_write_answer(&answer, &out);
    bool was_state = is_state;
    enum err err =
        oidc_msg_read_told(buf_str(&out), arena, &is_state, &answer, &state);
    check(err == OK && was_state == is_state);
    buf_free(&out);
}

/* In a query or a form, as a server reads it, the name stands once. */
static void check_value(struct str pairs, const char *name, struct str want)
{
    struct arena arena = {0};
    struct str key, value, found = STR_NONE;
    int count = 0;
    while (form_next_pair(&arena, &pairs, &key, &value)) {
        if (!str_is(key, name))
            continue;
        count++;
        found = value;
    }
    check(count == 1 && str_eq(found, want));
    arena_free(&arena);
}

/* What follows the endpoint, all of it printable. */
static struct str query_of(const struct buf *url, struct str endpoint)
{
    struct str text = buf_str(url);
    check(str_eq(str_sub(text, 0, endpoint.n), endpoint));
    for (size_t i = endpoint.n; i < text.n; i++)
        check(text.p[i] > ' ' && text.p[i] < 0x7f);
    return str_sub(text, endpoint.n + 1, text.n);
}

static void check_urls(struct str endpoint, const struct str line[4])
{
    struct str items[] = {STR("openid"), line[3]};
    struct str_list scopes = {items, ARRAY_LEN(items)};
    struct oidc_start start = {
        line[0], line[1], line[2], line[3], line[0], &scopes};
    struct buf url = {0};
    oidc_write_authorize_url(endpoint, &start, &url);
    struct str query = query_of(&url, endpoint);
    check_value(query, "client_id", line[0]);
    check_value(query, "redirect_uri", line[1]);
    check_value(query, "state", line[2]);
    check_value(query, "nonce", line[3]);
    check_value(query, "code_challenge_method", STR("S256"));
    buf_clear(&url);
    oidc_write_logout_url(endpoint, line[0], line[1], line[2], &url);
    query = query_of(&url, endpoint);
    if (line[1].n > 0)
        check_value(query, "id_token_hint", line[1]);
    check_value(query, "post_logout_redirect_uri", line[2]);
    buf_clear(&url);
    oidc_metadata_url(endpoint, &url);
    check(str_ends(buf_str(&url), "/.well-known/openid-configuration"));
    check(!str_ends(buf_str(&url), "//.well-known/openid-configuration"));
    buf_free(&url);
}

/* RFC 6749 §2.3.1: both escaped, then as Basic. */
static void check_basic(struct str authorization, const struct str line[4])
{
    struct buf plain = {0}, want = {0};
    check(str_starts(authorization, "Basic "));
    check(base64_decode(str_sub(authorization, 6, authorization.n), &plain) ==
          OK);
    url_escape(&want, line[0]);
    buf_append_char(&want, ':');
    url_escape(&want, line[1]);
    check(str_eq(buf_str(&plain), buf_str(&want)));
    buf_free(&plain);
    buf_free(&want);
}

/* The secret goes the one way or the other, or there is none. */
static void check_code(const struct str line[4], bool wants_post)
{
    struct oidc_code code = {
        line[0], line[1], line[2], line[3], line[0], wants_post};
    struct buf form = {0}, authorization = {0};
    oidc_write_token_request(&code, &form, &authorization);
    bool is_basic = line[1].n > 0 && !wants_post;
    check(is_basic == (authorization.n > 0));
    check_value(buf_str(&form), "code", line[2]);
    check_value(buf_str(&form), "code_verifier", line[3]);
    if (is_basic)
        check_basic(buf_str(&authorization), line);
    else
        check_value(buf_str(&form), "client_id", line[0]);
    check(str_has(buf_str(&form), "&client_secret=") ==
          (line[1].n > 0 && wants_post));
    if (line[1].n > 0 && wants_post)
        check_value(buf_str(&form), "client_secret", line[1]);
    buf_free(&form);
    buf_free(&authorization);
}

/* An endpoint, then what stands in addresses and forms, a line each. */
static void write_all(struct str rest)
{
    struct str endpoint, line[4] = {STR_NONE, STR_NONE, STR_NONE, STR_NONE};
    if (!str_split(&rest, '\n', &endpoint) || !url_is_https(endpoint) ||
        str_has(endpoint, "?") || str_ends(endpoint, "//"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(line); i++)
        (void)str_split(&rest, '\n', &line[i]);
    check_urls(endpoint, line);
    check_code(line, false);
    check_code(line, true);
}

static void read_question(struct str bytes, struct arena *arena)
{
    struct oidc_question question, again;
    struct buf out = {0};
    if (oidc_msg_read_question(bytes, arena, &question) != OK)
        return;
    oidc_msg_write_question(&question, &out);
    check(oidc_msg_read_question(buf_str(&out), arena, &again) == OK);
    check(again.id == question.id && str_eq(again.code, question.code));
    check(str_eq(again.verifier, question.verifier));
    check(str_eq(again.nonce, question.nonce));
    check(str_eq(again.redirect_uri, question.redirect_uri));
    buf_free(&out);
}

static void read_rest(char mode, struct str rest, struct arena *arena)
{
    struct oidc_metadata metadata;
    struct json_node *claims = NULL;
    struct jwks *jwks = NULL;
    struct str token;
    if (mode == 'm')
        (void)!oidc_metadata_parse(
            rest, STR("https://idp.example"), arena, &metadata);
    else if (mode == 'k' && jwks_parse(rest, &jwks) == OK)
        check(jwks_count(jwks) > 0 && jwks_count(jwks) <= JWKS_KEYS_MAX);
    else if (mode == 't')
        read_token(rest, arena);
    else if (mode == 'a' || mode == 'e')
        check((oidc_read_token_answer(mode == 'a' ? 200 : 400, rest, arena,
                   &token) == OIDC_FINE) == (token.n > 0));
    else if (mode == 'c' && json_parse(rest, arena, NULL, &claims) == OK)
        find_person(claims);
    else if (mode == 'q')
        read_question(rest, arena);
    else if (mode == 'w')
        write_all(rest);
    else
        read_told(rest, arena);
    jwks_free(&jwks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    if (size > 0)
        read_rest(
            (char)data[0], str_make((const char *)data + 1, size - 1), &arena);
    arena_free(&arena);
    return 0;
}
