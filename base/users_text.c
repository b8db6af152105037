/*
 * The logins file's text: parsed and checked, every mistake with its line,
 * and written.
 */
#include "base/users_parts.h"

#include <string.h>
#include <sodium.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/yaml.h"

/* libsodium's form: printable, and nothing that needs escaping in the file. */
static bool hash_is_good(struct str hash)
{
    for (size_t i = 0; i < hash.n; i++)
        if (hash.p[i] <= ' ' || hash.p[i] >= 0x7f || hash.p[i] == '"' ||
            hash.p[i] == '\\')
            return false;
    return str_starts(hash, "$argon2id$") && hash.n < crypto_pwhash_STRBYTES;
}

static void parse_token(
    struct yaml_doc *doc, const struct yaml_node *node, struct user *user)
{
    static const char *const keys[] = {"name", "sha256", "created", NULL};
    if (!yaml_check_keys(doc, node, keys))
        return;
    struct str name = yaml_str(doc, node, "name", STR_NONE);
    struct str hash = yaml_str(doc, node, "sha256", STR_NONE);
    struct str created = yaml_str(doc, node, "created", STR_NONE);
    if (!users_name_is_good(name)) {
        yaml_mistake(doc, node,
            "a token needs a name of 1 to %d bytes "
            "without blanks, colons and quotes",
            USER_NAME_MAX);
        return;
    }
    struct user_token *token = users_token_slot(user, name);
    size_t n = 0;
    if (token == NULL) {
        yaml_mistake(doc, node, "at most %d tokens a login", USER_TOKENS_MAX);
        return;
    }
    if (hash.n != 64 ||
        sodium_hex2bin(token->sha256, sizeof token->sha256, hash.p, hash.n,
            NULL, &n, NULL) != 0 ||
        n != 32)
        yaml_mistake(doc, node, "sha256 must be 64 hexadecimal digits");
    int64_t when = 0;
    if (created.n > 0 && (created.n >= sizeof token->created ||
                             clock_parse(created, 0, &when) != OK))
        yaml_mistake(doc, node, "created must be a time (RFC 3339)");
    else if (created.n > 0)
        memcpy(token->created, created.p, created.n);
}

static void parse_groups(
    struct yaml_doc *doc, const struct yaml_node *node, struct user *user)
{
    struct yaml_strs groups = yaml_strs(doc, node, "groups");
    struct buf joined = {0};
    for (size_t i = 0; i < groups.count; i++) {
        if (!users_name_is_good(groups.items[i]))
            yaml_mistake(doc, node,
                "a group is 1 to %d bytes without "
                "blanks, colons and quotes",
                USER_NAME_MAX);
        buf_append_str(&joined, groups.items[i]);
        buf_append_char(&joined, ' ');
    }
    if (users_normalise_groups(buf_str(&joined), &user->groups) == ERR_LIMIT)
        yaml_mistake(doc, node, "at most %d groups a login", USER_GROUPS_MAX);
    buf_free(&joined);
}

static void parse_user(
    struct yaml_doc *doc, const struct yaml_node *node, struct users *users)
{
    static const char *const keys[] = {
        "name", "role", "groups", "password", "tokens", NULL};
    if (!yaml_check_keys(doc, node, keys))
        return;
    struct str name = yaml_str(doc, node, "name", STR_NONE);
    if (!users_name_is_good(name)) {
        yaml_mistake(doc, node,
            "a login needs a name of 1 to %d bytes "
            "without blanks, colons and quotes",
            USER_NAME_MAX);
        return;
    }
    struct user *user = users_insert(users, name);
    if (user == NULL) {
        yaml_mistake(
            doc, node, "login \"%.*s\" stands here twice", STR_ARG(name));
        return;
    }
    user->role =
        (enum user_role)yaml_word(doc, node, "role", users_roles, USER_ANALYST);
    struct str hash = yaml_str(doc, node, "password", STR_NONE);
    if (hash.n > 0 && !hash_is_good(hash))
        yaml_mistake(doc, node,
            "password must be an argon2id hash as "
            "`promptgate user passwd` makes it");
    user->password = mem_memdup0(hash.p, hash.n);
    parse_groups(doc, node, user);
    const struct yaml_node *tokens = yaml_list(doc, node, "tokens");
    for (size_t i = 0; tokens != NULL && i < tokens->count; i++)
        parse_token(doc, tokens->pairs[i].value, user);
}

struct users *users_parse(const char *file, struct str text, struct diag *diag)
{
    static const char *const keys[] = {"users", NULL};
    size_t before = diag->count;
    struct users *users = users_new();
    struct yaml_doc *doc = yaml_parse(file, text, diag);
    if (doc != NULL && doc->root->kind != YAML_KIND_NULL &&
        yaml_check_keys(doc, doc->root, keys)) {
        const struct yaml_node *list = yaml_list(doc, doc->root, "users");
        if (list != NULL && list->count > USERS_MAX)
            yaml_mistake(doc, list, "at most %d logins", USERS_MAX);
        else if (list != NULL)
            for (size_t i = 0; i < list->count; i++)
                parse_user(doc, list->pairs[i].value, users);
    }
    yaml_free(&doc);
    if (diag->count != before)
        users_free(&users);
    return users;
}

static void write_user(const struct user *user, struct buf *out)
{
    buf_printf(out, "  - name: \"%s\"\n    role: %s\n", user->name,
        user_role_name(user->role));
    struct str rest = str_of(user->groups), group;
    bool is_first = true;
    while (rest.n > 0 && str_split(&rest, ' ', &group)) {
        buf_printf(out, "%s\"%.*s\"", is_first ? "    groups: [" : ", ",
            STR_ARG(group));
        is_first = false;
    }
    buf_append_str(out, is_first ? STR_NONE : STR("]\n"));
    if (user->password[0] != '\0')
        buf_printf(out, "    password: \"%s\"\n", user->password);
    for (size_t i = 0; i < user->token_count; i++) {
        char hex[65];
        sodium_bin2hex(hex, sizeof hex, user->tokens[i].sha256, 32);
        buf_printf(out, "%s      - {name: \"%s\", sha256: \"%s\"%s%s%s}\n",
            i == 0 ? "    tokens:\n" : "", user->tokens[i].name, hex,
            user->tokens[i].created[0] != '\0' ? ", created: \"" : "",
            user->tokens[i].created,
            user->tokens[i].created[0] != '\0' ? "\"" : "");
    }
}

void users_write(const struct users *users, struct buf *out)
{
    buf_append_str(out, STR("# Written by `promptgate user`; whole and "
                            "atomically replaced.\n"));
    buf_append_str(
        out, users->count == 0 ? STR("users: []\n") : STR("users:\n"));
    for (size_t i = 0; i < users->count; i++)
        write_user(&users->items[i], out);
}
