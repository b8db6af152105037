/* See console/oidc_msg.h. */
#include "console/oidc_msg.h"

#include "base/jsonw.h"
#include "base/url.h"
#include "inspect/json.h"

static enum err parse(
    struct str bytes, struct arena *arena, const struct json_node **root_out)
{
    static const struct json_limits limits = {.depth = 4, .nodes = 64};
    struct json_node *root = NULL;
    *root_out = NULL;
    if (bytes.n > OIDC_MSG_MAX)
        return ERR_PARSE;
    /* The tree borrows, and the datagram does not stay. */
    enum err err = json_parse(arena_copy(arena, bytes), arena, &limits, &root);
    *root_out = root;
    return err == OK && json_is(root, JSON_OBJECT) ? OK : ERR_PARSE;
}

static enum err take(const struct json_node *root, const char *name, size_t min,
    size_t max, struct str *out)
{
    *out = json_get_text(root, name);
    return out->n < min || out->n > max ? ERR_PARSE : OK;
}

void oidc_msg_write_question(const struct oidc_question *q, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_int(&w, "id", q->id);
    jsonw_key_str(&w, "code", q->code);
    jsonw_key_str(&w, "verifier", q->verifier);
    jsonw_key_str(&w, "nonce", q->nonce);
    jsonw_key_str(&w, "redirect_uri", q->redirect_uri);
    jsonw_close(&w);
}

enum err oidc_msg_read_question(
    struct str bytes, struct arena *arena, struct oidc_question *out)
{
    const struct json_node *root;
    enum { SECRET = OIDC_SECRET_TEXT_MAX, URL = OIDC_URL_MAX };
    *out = (struct oidc_question){0};
    if (parse(bytes, arena, &root) != OK ||
        json_int(json_get(root, "id"), &out->id) != OK ||
        take(root, "code", 1, OIDC_CODE_MAX, &out->code) != OK ||
        take(root, "verifier", 1, SECRET, &out->verifier) != OK ||
        take(root, "nonce", 1, SECRET, &out->nonce) != OK ||
        take(root, "redirect_uri", 1, URL, &out->redirect_uri) != OK)
        return ERR_PARSE;
    return OK;
}

void oidc_msg_write_answer(const struct oidc_answer *a, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_int(&w, "id", a->id);
    jsonw_key_cstr(&w, "fault", oidc_fault_name(a->fault));
    if (a->fault == OIDC_FINE) {
        jsonw_key_cstr(&w, "name", a->person.name);
        jsonw_key_cstr(&w, "subject", a->person.subject);
        jsonw_key_cstr(&w, "role", user_role_name(a->person.role));
        if (a->hint.n <= OIDC_HINT_MAX)
            jsonw_key_str_if(&w, "hint", a->hint);
    }
    jsonw_close(&w);
}

void oidc_msg_write_state(const struct oidc_state *s, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_str(&w, "authorization_endpoint", s->authorization_endpoint);
    jsonw_key_str(&w, "end_session_endpoint", s->end_session_endpoint);
    jsonw_key_bool(&w, "sends_iss", s->sends_iss);
    jsonw_close(&w);
}

static enum err read_person(
    const struct json_node *root, struct oidc_person *out)
{
    struct str name, subject;
    enum user_role role;
    if (take(root, "name", 1, USER_NAME_MAX, &name) != OK ||
        !users_name_is_good(name) ||
        take(root, "subject", 1, OIDC_SUBJECT_MAX, &subject) != OK ||
        memchr(subject.p, '\0', subject.n) != NULL ||
        user_role_parse(json_get_text(root, "role"), &role) != OK ||
        role == USER_PROXY)
        return ERR_PARSE;
    memcpy(out->name, name.p, name.n);
    memcpy(out->subject, subject.p, subject.n);
    out->role = role;
    return OK;
}

static enum err read_answer(
    const struct json_node *root, struct oidc_answer *out)
{
    out->fault = oidc_fault_of(json_get_text(root, "fault"));
    if (json_int(json_get(root, "id"), &out->id) != OK ||
        out->fault == OIDC_FAULTS)
        return ERR_PARSE;
    if (out->fault != OIDC_FINE)
        return OK;
    if (read_person(root, &out->person) != OK)
        return ERR_PARSE;
    return take(root, "hint", 0, OIDC_HINT_MAX, &out->hint);
}

static enum err read_state(const struct json_node *root, struct oidc_state *out)
{
    struct str *urls[] = {
        &out->authorization_endpoint, &out->end_session_endpoint};
    const char *names[] = {"authorization_endpoint", "end_session_endpoint"};
    for (size_t i = 0; i < 2; i++)
        if (take(root, names[i], 0, OIDC_URL_MAX, urls[i]) != OK ||
            (urls[i]->n > 0 && !url_is_https(*urls[i])))
            return ERR_PARSE;
    out->sends_iss = json_is_true(json_get(root, "sends_iss"));
    return OK;
}

enum err oidc_msg_read_told(struct str bytes, struct arena *arena,
    bool *is_state_out, struct oidc_answer *answer_out,
    struct oidc_state *state_out)
{
    const struct json_node *root;
    *answer_out = (struct oidc_answer){0};
    *state_out = (struct oidc_state){0};
    *is_state_out = false;
    if (parse(bytes, arena, &root) != OK)
        return ERR_PARSE;
    *is_state_out = json_get(root, "authorization_endpoint") != NULL;
    return *is_state_out ? read_state(root, state_out)
                         : read_answer(root, answer_out);
}
