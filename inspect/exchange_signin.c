/*
 * Requests of somebody who signs in or out (`signin` of a route's event).
 * Steps that say who and how leave word with the keeper; the one that is
 * refused, or that completes it, asks what is known and tells one activity.
 * What fails stays open for a while: a success of the same session takes it
 * back (facts/openai-admin.md §2.2, traps).  Sign-outs that fire together
 * share one record.
 */
#include <ctype.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "inspect/event.h"
#include "inspect/exchange_parts.h"
#include "inspect/form.h"
#include "inspect/identity.h"
#include "inspect/signin.h"

enum { STATUS_REDIRECT = 300, STATUS_CLIENT_ERROR = 400, CODE_BYTES_MAX = 64 };

/* Where a refused sign-out leads back to. */
static const char *const SIGNOUT_AGAIN = "csrf=true";

struct signin_work {
    enum signin_step step;
    struct arena arena; /* of known */
    struct signin known;
    struct str device, token, state, client; /* hashes: what it shares with
                                                other requests */
    struct str account, workspace, method;   /* as this exchange tells */
    struct str mail; /* by which the answer may name it, too */
    struct str location;
    bool is_known;  /* some other request had one of its names */
    bool is_silent; /* another one tells of it */
    bool has_asked_end;
    bool ends_session, ends_on_error;
};

/* ---- names ---- */

static struct str hash_of(struct exchange *ex, const char *kind, struct str a,
    struct str b, struct str c)
{
    char hex[DIGEST_HEX_BYTES];
    if (a.n + b.n + c.n == 0 && strcmp(kind, "client") != 0)
        return STR_NONE;
    struct str text = str_of(arena_printf(&ex->arena, "%s\n%.*s\n%.*s\n%.*s",
        kind, STR_ARG(a), STR_ARG(b), STR_ARG(c)));
    digest_sha256_hex(text, hex);
    return arena_copy(&ex->arena, str_of(hex));
}

static struct str parameter(struct exchange *ex, const char *name)
{
    struct str rest = ex->query, key, value;
    while (form_next_pair(&ex->arena, &rest, &key, &value))
        if (str_is(key, name) && value.n != 0)
            return value;
    return STR_NONE;
}

static struct str device_of(struct exchange *ex)
{
    static const char *const names[] = {"ext-oai-did", "device_id"};
    struct str device = ex->actor.device;
    for (size_t i = 0; i < ARRAY_LEN(names) && device.n == 0; i++)
        device = parameter(ex, names[i]);
    return hash_of(ex, "device", device, STR_NONE, STR_NONE);
}

static struct str token_of(
    struct exchange *ex, const struct keep_session *session)
{
    struct str token =
        str_make((const char *)session->token, sizeof session->token);
    char hex[DIGEST_HEX_BYTES];
    if (!session->has_token)
        return STR_NONE;
    digest_sha256_hex(token, hex);
    return arena_copy(&ex->arena, str_of(hex));
}

static struct str mail_name(struct exchange *ex, struct str account)
{
    if (str_find_char(account, '@') == account.n)
        return STR_NONE;
    return hash_of(
        ex, "mail", arena_lower(&ex->arena, account), STR_NONE, STR_NONE);
}

/* Sign-ins are known by device, state, session and address; sign-outs by what
 * every call of a page carries.  The client itself stands for somebody of whom
 * nothing else is said. */
static struct keep_file record_of(struct exchange *ex)
{
    struct signin_work *w = ex->signin;
    bool is_out = w->step == SIGNIN_LOGOUT;
    struct keep_file record = {.is_brief = true,
        .service = is_out ? STR("signout") : STR("signin"),
        .address = w->client};
    const struct str names[] = {is_out ? w->token : w->device,
        is_out ? w->device : w->state, is_out ? w->mail : w->token,
        is_out ? STR_NONE : w->mail};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(names) && count < KEEP_FILE_IDS_MAX; i++)
        if (names[i].n != 0)
            record.ids[count++] = names[i];
    return record;
}

/* ---- life ---- */

void signin_open(struct exchange *ex, const struct exchange_request *request)
{
    const struct route *route = exchange_route(ex);
    bool is_step = ex->event != NULL && route->event->signin != SIGNIN_NONE;
    if (route == NULL || ex->is_websocket || (!is_step && !route->tells_login))
        return;
    struct signin_work *w = ex->signin = MEM_NEW(struct signin_work);
    w->step = is_step ? route->event->signin : SIGNIN_NONE;
    w->device = device_of(ex);
    w->state = hash_of(ex, "state", parameter(ex, "state"), STR_NONE, STR_NONE);
    w->token = token_of(ex, &ex->session);
    w->mail = mail_name(ex, ex->actor.account);
    w->client = hash_of(ex, w->step == SIGNIN_LOGOUT ? "client out" : "client",
        request->client_ip,
        exchange_field(request->fields, request->field_count, "user-agent"),
        request->proxy_user);
    if (w->step == SIGNIN_COMPLETE)
        ex->is_identified = true; /* the cookie is of whoever was here before */
}

void signin_free(struct exchange *ex)
{
    struct signin_work *w = ex->signin;
    if (w == NULL)
        return;
    arena_wipe(&w->arena);
    mem_free(w);
    ex->signin = NULL;
}

/* ---- the request ---- */

/* An address, or a token that holds one. */
static struct str account_in(struct exchange *ex, struct str word)
{
    if (word.n > SIGNIN_FACT_BYTES_MAX && !str_starts(word, "eyJ"))
        return STR_NONE;
    if (str_starts(word, "eyJ"))
        return identity_account_of(word, &ex->arena);
    word = form_decode(&ex->arena, word, false); /* of a query */
    return str_find_char(word, '@') < word.n ? word : STR_NONE;
}

static void take_facts(struct exchange *ex, const struct event_view *view)
{
    struct signin_work *w = ex->signin;
    const struct route_event *event = exchange_route(ex)->event;
    struct str account = account_in(ex, event_word(&event->account, view));
    struct str workspace = event_word(&event->workspace, view);
    if (account.n != 0)
        w->account = account;
    if (workspace.n != 0 && workspace.n <= SIGNIN_FACT_BYTES_MAX)
        w->workspace = arena_copy(&ex->arena, workspace);
    for (size_t i = 0; i < event->detail_count; i++)
        if (strcmp(event->details[i].key, "method") == 0)
            w->method = arena_copy(
                &ex->arena, event_word(&event->details[i].facts, view));
}

void signin_read_request(struct exchange *ex, const struct event_view *view)
{
    struct signin_work *w = ex->signin;
    take_facts(ex, view);
    w->ends_on_error = parameter(ex, "error").n != 0;
    if (!event_holds(exchange_route(ex)->event, view))
        w->step = SIGNIN_NONE; /* a token is renewed, and the like */
    w->is_silent = w->step == SIGNIN_NONE || w->step == SIGNIN_BEGIN;
}

static bool ask(struct exchange *ex)
{
    struct keep_file record = record_of(ex);
    record.creates =
        ex->signin->step == SIGNIN_LOGOUT && ex->request != REQUEST_READY;
    if (ex->activity != NULL) {
        memcpy(record.activity_id, ex->activity->id, sizeof ex->activity->id);
        record.time_ms = ex->activity->time_ms;
    }
    buf_clear(&ex->question);
    keep_ask_file(&record, &ex->question);
    return true;
}

bool signin_ask(struct exchange *ex)
{
    const struct signin_work *w = ex->signin;
    return w != NULL && w->step != SIGNIN_NONE && ex->event != NULL && ask(ex);
}

/* A name of the client alone may be somebody else's, too. */
static bool is_other(const struct signin_work *w, const struct signin *known)
{
    return w->device.n != 0 && known->device.n != 0 &&
           !str_eq(w->device, known->device);
}

static void take_known(
    struct exchange *ex, struct str answer, struct keep_file_answer *said_out)
{
    struct signin_work *w = ex->signin;
    *said_out = (struct keep_file_answer){.is_known = false};
    w->known = (struct signin){.failure_count = 0};
    w->is_known = keep_read_file(answer, said_out) == OK &&
                  said_out->is_known &&
                  said_out->facts_bytes <= SIGNIN_LINES_BYTES_MAX;
    if (w->is_known)
        signin_read(said_out->facts, &w->arena, &w->known);
    if (is_other(w, &w->known)) {
        w->known = (struct signin){.failure_count = 0};
        w->is_known = false;
    }
}

/* One more line, under all names; of somebody new, a new record. */
static void leave_word(struct exchange *ex, struct str line)
{
    struct signin_work *w = ex->signin;
    struct keep_file record = record_of(ex);
    record.is_new = !w->is_known;
    record.fact = line;
    if (ex->activity != NULL) {
        memcpy(record.activity_id, ex->activity->id, sizeof ex->activity->id);
        record.time_ms = ex->activity->time_ms;
    }
    keep_note_file(&record, exchange_push_note(ex));
    w->is_known = true;
}

static void leave_facts(struct exchange *ex)
{
    const struct signin_work *w = ex->signin;
    struct signin facts = {.device = w->device,
        .account = w->account,
        .workspace = w->workspace,
        .method = w->method};
    struct buf line = {0};
    signin_write_facts(&line, &facts);
    leave_word(ex, buf_str(&line));
    buf_wipe_free(&line);
}

/* What this exchange tells itself comes before what is remembered. */
static struct str account_of(const struct signin_work *w)
{
    return w->account.n != 0 ? w->account : w->known.account;
}

static void use_known(struct exchange *ex)
{
    struct signin_work *w = ex->signin;
    struct actor *actor = &ex->actor;
    struct str account = arena_copy(&ex->arena, account_of(w));
    struct str workspace =
        w->workspace.n != 0 ? w->workspace : w->known.workspace;
    if (workspace.n != 0)
        actor->workspace = arena_copy(&ex->arena, workspace);
    if (account.n != 0) {
        actor->account = account;
        actor->is_signed_in = w->step == SIGNIN_COMPLETE;
        if (!str_is(actor->source, "proxy-auth")) {
            actor->user = account;
            actor->source = STR("session");
        }
    }
    if (ex->activity != NULL)
        ex->activity->actor = ex->actor;
}

/* The second call of one sign-out: the record of the first one is its. */
static void take_signout(
    struct exchange *ex, const struct keep_file_answer *said)
{
    struct signin_work *w = ex->signin;
    struct activity *a = ex->activity;
    int64_t since_ms = a->time_ms - said->time_ms;
    w->is_silent = w->is_known && since_ms >= -SIGNOUT_TOGETHER_MS &&
                   since_ms <= SIGNOUT_TOGETHER_MS;
    if (w->is_silent) {
        memcpy(a->id, said->activity_id, sizeof a->id);
        a->time_ms = said->time_ms;
        return;
    }
    w->is_known = false;
    w->known = (struct signin){.failure_count = 0};
    leave_facts(ex);
}

/* The platform's console signs in by two calls; only the first one counts. */
static bool is_told(const struct signin_work *w, const struct activity *a)
{
    const struct signin_login *login = &w->known.login;
    const int64_t since_ms = a->time_ms - login->time_ms;
    return login->id[0] != '\0' && since_ms >= 0 &&
           since_ms <= SIGNIN_TOGETHER_MS && !str_eq(login->path, a->http_path);
}

void signin_take(struct exchange *ex, struct str answer)
{
    struct signin_work *w = ex->signin;
    struct keep_file_answer said;
    take_known(ex, answer, &said);
    switch (w->step) {
    case SIGNIN_BEGIN:
        if (w->known.login.id[0] != '\0')
            w->is_known = false; /* that one is over */
        leave_facts(ex);
        break;
    case SIGNIN_LOGOUT:
        take_signout(ex, &said);
        break;
    case SIGNIN_COMPLETE:
        w->is_silent = exchange_route(ex)->event->session == SESSION_ANY &&
                       is_told(w, ex->activity);
        use_known(ex);
        break;
    case SIGNIN_CHECK:
        use_known(ex);
        leave_facts(ex); /* what comes next may be here before the answer */
        break;
    case SIGNIN_NONE:
        break;
    }
}

bool signin_is_judged(const struct exchange *ex)
{
    const struct signin_work *w = ex->signin;
    return w == NULL || ex->failure >= 0 ||
           (!w->is_silent && w->step != SIGNIN_CHECK);
}

bool signin_is_silent(const struct exchange *ex)
{
    return ex->signin != NULL && ex->event != NULL && ex->signin->is_silent &&
           ex->verdict.kind == VERDICT_ALLOW;
}

static void rename_to(struct activity *a, const char *name)
{
    a->name = arena_copy(&a->arena, str_of(name));
}

/* Whoever may not sign in has not. */
void signin_note_verdict(struct exchange *ex)
{
    const struct signin_work *w = ex->signin;
    if (w == NULL || ex->activity == NULL || !ex->is_blocked)
        return;
    if (w->step == SIGNIN_COMPLETE)
        rename_to(ex->activity, "login.failed");
    else if (w->step == SIGNIN_LOGOUT)
        rename_to(ex->activity, "logout.failed");
}

/* ---- the answer ---- */

/* "…session-token=; Max-Age=0", or a date long past. */
static bool clears_session(const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str value = fields[i].value;
        if (!str_is_nocase(fields[i].name, "set-cookie") ||
            !str_has(
                str_sub(value, 0, str_find_char(value, '=')), "session-token"))
            continue;
        value = str_sub(value, str_find_char(value, '=') + 1, value.n);
        if (value.n == 0 || value.p[0] == ';' || value.p[0] == '"' ||
            str_has(value, "Max-Age=0") || str_has(value, "1970"))
            return true;
    }
    return false;
}

void signin_head(struct exchange *ex, const struct field *fields, size_t count)
{
    struct signin_work *w = ex->signin;
    if (w == NULL)
        return;
    w->location =
        arena_copy(&ex->arena, exchange_field(fields, count, "location"));
    w->ends_session = clears_session(fields, count);
    (void)identity_new_session(
        fields, count, service_name(ex->service), &ex->new_session);
    if (ex->new_session.has_token)
        w->token = token_of(ex, &ex->new_session);
}

bool signin_ask_end(struct exchange *ex)
{
    struct signin_work *w = ex->signin;
    bool is_wanted =
        w != NULL && !w->has_asked_end && !ex->is_blocked &&
        (ex->event != NULL ? w->step > SIGNIN_BEGIN : w->account.n != 0);
    if (!is_wanted)
        return false;
    w->has_asked_end = true;
    return ask(ex);
}

enum signin_end { END_NOTHING, END_SUCCESS, END_FAILURE };

static bool is_redirect(int status)
{
    return status >= STATUS_REDIRECT && status < STATUS_CLIENT_ERROR;
}

static enum signin_end end_of_check(const struct exchange *ex)
{
    enum { SERVER_ERROR = 500 };
    if (ex->status >= STATUS_CLIENT_ERROR && ex->status < SERVER_ERROR)
        return END_FAILURE;
    return ex->status < STATUS_CLIENT_ERROR ? END_SUCCESS : END_NOTHING;
}

static enum signin_end end_of_login(
    const struct exchange *ex, bool is_read, bool is_page)
{
    const struct route_event *event = exchange_route(ex)->event;
    bool is_good = ex->status < STATUS_CLIENT_ERROR;
    if (event->session == SESSION_ANY)
        return is_read && ex->status < STATUS_REDIRECT ? END_SUCCESS
                                                       : END_NOTHING;
    if (ex->signin->ends_on_error)
        return END_FAILURE;
    if (is_good && ex->new_session.has_token)
        return END_SUCCESS;
    return is_page ? END_NOTHING : END_FAILURE;
}

static enum signin_end end_of_logout(
    const struct exchange *ex, const struct event_view *view)
{
    const struct signin_work *w = ex->signin;
    bool is_again = str_has(w->location, SIGNOUT_AGAIN) ||
                    str_has(json_get_text(view->answer, "url"), SIGNOUT_AGAIN);
    if (ex->status >= STATUS_CLIENT_ERROR || is_again)
        return END_FAILURE;
    bool needs_end = exchange_route(ex)->event->session == SESSION_ENDS;
    return needs_end && !w->ends_session ? END_NOTHING : END_SUCCESS;
}

/* A challenge page says nothing about who signs in. */
static enum signin_end end_of(const struct exchange *ex,
    const struct event_view *view, bool is_read, bool is_page)
{
    enum { STATUS_LOWEST = 200 };
    is_page = is_page && !is_redirect(ex->status) &&
              !exchange_route(ex)->event->allows_empty;
    if (ex->status < STATUS_LOWEST)
        return END_NOTHING;
    if (ex->signin->step == SIGNIN_COMPLETE)
        return end_of_login(ex, is_read, is_page);
    if (is_page)
        return END_NOTHING;
    return ex->signin->step == SIGNIN_CHECK ? end_of_check(ex)
                                            : end_of_logout(ex, view);
}

static void take_back(struct exchange *ex)
{
    exchange_push_void(ex, ex->activity->id);
}

/* What was tried in vain a moment ago has succeeded. */
static void take_back_failures(struct exchange *ex)
{
    const struct signin_work *w = ex->signin;
    for (size_t i = 0; i < w->known.failure_count; i++) {
        const struct signin_failure *f = &w->known.failures[i];
        if (signin_takes_back(f, account_of(w), ex->activity->time_ms))
            exchange_push_void(ex, f->id);
    }
}

/* "invalid_credentials": a word of the service, never what was typed. */
static bool is_code(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (!isalnum(c) && c != '_' && c != '-' && c != '.')
            return false;
    }
    return text.n != 0 && text.n <= CODE_BYTES_MAX;
}

static void add_code(struct exchange *ex, const struct event_view *view)
{
    static const char *const paths[] = {
        "error/code", "error/type", "code", "error"};
    struct str code = parameter(ex, "error");
    for (size_t i = 0; i < ARRAY_LEN(paths) && code.n == 0; i++)
        code = json_path_text(view->answer, paths[i]);
    struct str rest = str_sub(ex->signin->location,
        str_find_char(ex->signin->location, '?') + 1, ex->signin->location.n);
    struct str name, value;
    while (code.n == 0 && form_next_pair(&ex->arena, &rest, &name, &value))
        if (str_is(name, "error"))
            code = value;
    if (is_code(code))
        activity_add_detail(ex->activity, "error_code", code);
}

static void fill(struct exchange *ex, const struct event_view *view)
{
    const struct signin_work *w = ex->signin;
    struct activity *a = ex->activity;
    activity_free_facts(a);
    use_known(ex);
    event_fill(exchange_route(ex)->event, view, a);
    if (activity_detail(a, "method") == NULL)
        activity_add_detail(a, "method", w->known.method);
    activity_add_detail(a, "workspace",
        w->workspace.n != 0 ? w->workspace : w->known.workspace);
}

/* Told, and open for a while for whoever knows more of it. */
static void tell(struct exchange *ex, enum outcome outcome, bool waits)
{
    struct activity *a = ex->activity;
    a->http_status = ex->status;
    a->response_bytes = (int64_t)ex->response_bytes;
    a->outcome = outcome;
    exchange_push_record(ex, waits ? RECORD_OPEN : RECORD_DONE, a);
    ex->records[ex->record_count - 1].is_standing = waits;
}

/* It was not known when the request was judged: it can only be told. */
static void judge_failure(struct exchange *ex)
{
    struct verdict verdict;
    exchange_judge(ex, ex->activity, DIRECTION_DOWN, &verdict);
}

static void tell_failure(struct exchange *ex, const struct event_view *view)
{
    struct signin_work *w = ex->signin;
    struct activity *a = ex->activity;
    struct signin_failure failure = {.time_ms = a->time_ms};
    const struct signin_login *login = &w->known.login;
    bool is_in = login->id[0] != '\0' && a->time_ms >= login->time_ms &&
                 a->time_ms - login->time_ms <= SIGNIN_HOLD_MS;
    if (is_in) { /* a page that is loaded twice */
        take_back(ex);
        return;
    }
    rename_to(a, "login.failed");
    fill(ex, view);
    add_code(ex, view);
    judge_failure(ex);
    tell(ex, OUTCOME_FAILURE, true);
    struct buf line = {0};
    memcpy(failure.id, a->id, sizeof failure.id);
    failure.account = account_of(w);
    signin_write_failure(&line, &failure);
    leave_word(ex, buf_str(&line));
    buf_free(&line);
}

static void complete_check(
    struct exchange *ex, const struct event_view *view, enum signin_end end)
{
    if (end == END_FAILURE) {
        tell_failure(ex, view);
        return;
    }
    take_back(ex);
    if (end != END_SUCCESS)
        return;
    take_back_failures(ex);
    leave_facts(ex);
}

static void note_login(struct exchange *ex, bool waits)
{
    const struct activity *a = ex->activity;
    struct signin_login login = {.time_ms = a->time_ms,
        .waits = waits,
        .service = a->service,
        .method = a->http_method,
        .host = a->http_host,
        .path = a->http_path,
        .ip = a->actor.ip,
        .status = ex->status};
    struct buf line = {0};
    memcpy(login.id, a->id, sizeof login.id);
    if (a->http_version != NULL)
        login.version = str_of(a->http_version);
    leave_facts(ex); /* under the names that the answer gave */
    signin_write_login(&line, &login);
    leave_word(ex, buf_str(&line));
    buf_free(&line);
}

static void complete_login(
    struct exchange *ex, const struct event_view *view, enum signin_end end)
{
    struct signin_work *w = ex->signin;
    if (end == END_FAILURE) {
        tell_failure(ex, view);
        return;
    }
    if (end != END_SUCCESS) {
        take_back(ex);
        return;
    }
    bool is_anonymous = account_of(w).n == 0 && ex->actor.account.n == 0;
    take_back_failures(ex);
    fill(ex, view);
    if (is_anonymous)
        ex->activity->actor = ex->actor;
    tell(ex, OUTCOME_SUCCESS, is_anonymous);
    w->mail = mail_name(ex, account_of(w));
    note_login(ex, is_anonymous);
}

static void complete_logout(
    struct exchange *ex, const struct event_view *view, enum signin_end end)
{
    struct signin_work *w = ex->signin;
    struct activity *a = ex->activity;
    struct buf line = {0};
    if (end == END_SUCCESS && !w->known.has_left) {
        fill(ex, view);
        tell(ex, OUTCOME_SUCCESS, false);
        signin_write_left(&line);
        leave_word(ex, buf_str(&line));
        buf_free(&line);
    } else if (end == END_FAILURE && !w->is_silent && !w->known.has_left) {
        rename_to(a, "logout.failed");
        fill(ex, view);
        add_code(ex, view);
        judge_failure(ex);
        tell(ex, OUTCOME_FAILURE, true);
    } else if (end == END_NOTHING && !w->is_silent && !w->known.has_left) {
        take_back(ex);
    }
}

/* ---- whose the login was ---- */

static void fill_login(struct exchange *ex, struct activity *a)
{
    const struct signin_work *w = ex->signin;
    const struct signin_login *login = &w->known.login;
    struct arena *arena = &a->arena;
    memcpy(a->id, login->id, sizeof a->id);
    a->time_ms = login->time_ms;
    a->node = arena_copy(arena, ex->env->node);
    a->via = STR("inline");
    a->name = STR("login.succeeded");
    a->outcome = OUTCOME_SUCCESS;
    a->actor = ex->actor;
    a->service = arena_copy(arena, login->service);
    a->http_method = arena_copy(arena, login->method);
    a->http_host = arena_copy(arena, login->host);
    a->http_path = arena_copy(arena, login->path);
    a->http_status = (int)login->status;
    if (login->version.n != 0)
        a->http_version = arena_strdup(arena, login->version.p);
    activity_add_detail(a, "method", w->known.method);
    activity_add_detail(a, "workspace", w->known.workspace);
}

/* The record of a login that waited for a name. */
static void name_login(struct exchange *ex)
{
    struct signin_work *w = ex->signin;
    struct activity *first = ex->activity;
    if (!w->known.login.waits || w->account.n == 0)
        return;
    struct activity *a = activity_new();
    struct verdict verdict;
    struct signin_login login = w->known.login;
    struct buf line = {0};
    use_known(ex);
    ex->actor.is_signed_in = true;
    fill_login(ex, a);
    exchange_judge(ex, a, DIRECTION_DOWN, &verdict);
    ex->activity = a;
    exchange_push_record(ex, RECORD_DONE, a);
    login.waits = false;
    signin_write_login(&line, &login);
    leave_word(ex, buf_str(&line));
    buf_free(&line);
    activity_free(&ex->activity);
    ex->activity = first;
}

void signin_note_account(struct exchange *ex, struct str account)
{
    if (ex->signin != NULL && str_find_char(account, '@') < account.n &&
        account.n <= SIGNIN_FACT_BYTES_MAX)
        ex->signin->account = arena_copy(&ex->arena, account);
}

void signin_take_end(struct exchange *ex, struct str answer)
{
    struct keep_file_answer said;
    take_known(ex, answer, &said);
    if (ex->event == NULL && ex->signin->is_known)
        name_login(ex);
}

void signin_complete(struct exchange *ex, const struct event_view *view,
    bool is_read, bool is_page)
{
    struct signin_work *w = ex->signin;
    if (w == NULL || w->step <= SIGNIN_BEGIN)
        return;
    take_facts(ex, view);
    enum signin_end end = end_of(ex, view, is_read, is_page);
    if (w->step == SIGNIN_LOGOUT)
        complete_logout(ex, view, end);
    else if (w->step == SIGNIN_CHECK)
        complete_check(ex, view, end);
    else if (!w->is_silent)
        complete_login(ex, view, end);
    else if (end == END_SUCCESS)
        name_login(ex);
}
