/* What an OpenID provider says, and what the two roles say about it. The first
 * byte: 'm' metadata, 'k' a JWK set, 't' a JWK set, a line's end, an ID token,
 * 'a' an answer to the token request, 'e' one that is an error, 'c' claims,
 * 'q' a question, others: what the console is told. */
#include <stdlib.h>

#include "console/id_token.h"
#include "console/oidc_msg.h"
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

static void read_rest(char mode, struct str rest, struct arena *arena)
{
    struct oidc_metadata metadata;
    struct oidc_question question;
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
        (void)!oidc_msg_read_question(rest, arena, &question);
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
