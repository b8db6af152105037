/*
 * Lines about a sign-in: JSON objects, one fact or a few each.  They come back
 * from the keeper as they were written, and are read as if they might not.
 */
#include "inspect/signin.h"

#include <string.h>

#include "base/jsonw.h"
#include "inspect/json.h"

/* ---- writing ---------------------------------------------------------- */

static void write_fact(struct jsonw *w, const char *key, struct str text)
{
    if (text.n <= SIGNIN_FACT_BYTES_MAX)
        jsonw_key_str_if(w, key, text);
}

void signin_write_facts(struct buf *out, const struct signin *facts)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    write_fact(&w, "device", facts->device);
    write_fact(&w, "account", facts->account);
    write_fact(&w, "workspace", facts->workspace);
    write_fact(&w, "method", facts->method);
    write_fact(&w, "service", facts->service);
    jsonw_close(&w);
}

void signin_write_failure(struct buf *out, const struct signin_failure *failure)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "failed", failure->id);
    jsonw_key_int(&w, "at", failure->time_ms);
    write_fact(&w, "of", failure->account);
    jsonw_close(&w);
}

void signin_write_login(struct buf *out, const struct signin_login *login)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "login", login->id);
    jsonw_key_int(&w, "at", login->time_ms);
    jsonw_key_bool(&w, "waits", login->waits);
    write_fact(&w, "for", login->service);
    write_fact(&w, "verb", login->method);
    write_fact(&w, "host", login->host);
    write_fact(&w, "path", login->path);
    write_fact(&w, "version", login->version);
    write_fact(&w, "ip", login->ip);
    jsonw_key_int(&w, "status", login->status);
    jsonw_close(&w);
}

void signin_write_left(struct buf *out)
{
    buf_append_str(out, STR("{\"left\":true}"));
}

/* ---- reading ---------------------------------------------------------- */

static void take_text(const struct json_node *line, const char *key,
    struct arena *arena, struct str *out)
{
    struct str text = json_get_text(line, key);
    if (text.n != 0 && text.n <= SIGNIN_FACT_BYTES_MAX)
        *out = arena_copy(arena, text);
}

static bool take_id(
    const struct json_node *line, const char *key, char out[UUID_TEXT_BYTES])
{
    struct str id = json_get_text(line, key);
    if (id.n != UUID_TEXT_BYTES - 1)
        return false;
    memcpy(out, id.p, id.n);
    out[id.n] = '\0';
    return true;
}

static int64_t number_of(const struct json_node *line, const char *key)
{
    int64_t number = 0;
    return json_int(json_get(line, key), &number) == OK ? number : 0;
}

static void take_failure(
    const struct json_node *line, struct arena *arena, struct signin *out)
{
    struct signin_failure failure = {.time_ms = number_of(line, "at")};
    if (out->failure_count == SIGNIN_FAILURES_MAX ||
        !take_id(line, "failed", failure.id))
        return;
    take_text(line, "of", arena, &failure.account);
    out->failures[out->failure_count++] = failure;
}

static void take_login(
    const struct json_node *line, struct arena *arena, struct signin *out)
{
    struct signin_login login = {.time_ms = number_of(line, "at"),
        .waits = json_is_true(json_get(line, "waits")),
        .status = number_of(line, "status")};
    if (!take_id(line, "login", login.id))
        return;
    take_text(line, "for", arena, &login.service);
    take_text(line, "verb", arena, &login.method);
    take_text(line, "host", arena, &login.host);
    take_text(line, "path", arena, &login.path);
    take_text(line, "version", arena, &login.version);
    take_text(line, "ip", arena, &login.ip);
    out->login = login;
}

static void take_line(
    const struct json_node *line, struct arena *arena, struct signin *out)
{
    take_text(line, "device", arena, &out->device);
    take_text(line, "account", arena, &out->account);
    take_text(line, "workspace", arena, &out->workspace);
    take_text(line, "method", arena, &out->method);
    take_text(line, "service", arena, &out->service);
    take_failure(line, arena, out);
    take_login(line, arena, out);
    if (json_is_true(json_get(line, "left")))
        out->has_left = true;
}

void signin_read(struct str lines, struct arena *arena, struct signin *out)
{
    struct str line;
    *out = (struct signin){.failure_count = 0};
    while (str_split(&lines, '\n', &line)) {
        struct arena scratch = {0};
        struct json_node *root;
        if (line.n != 0 && json_parse(line, &scratch, NULL, &root) == OK &&
            json_is(root, JSON_OBJECT))
            take_line(root, arena, out);
        arena_free(&scratch);
    }
}

bool signin_takes_back(const struct signin_failure *failure, struct str account,
    int64_t success_ms)
{
    bool is_same = failure->account.n == 0 || account.n == 0 ||
                   str_eq_nocase(account, failure->account);
    return is_same && success_ms >= failure->time_ms &&
           success_ms - failure->time_ms <= SIGNIN_HOLD_MS;
}
