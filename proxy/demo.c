/* See proxy/demo.h.  Sessions of people, one after another at random times of
 * the week; the records are sorted at the end. */
#include "proxy/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "proxy/demo_parts.h"

static const int64_t DAY_MS = 86400000, HOUR_MS = 3600000;

/* How much is done in an hour of a working day, in a person's own zone. */
static const unsigned char hours[24] = {0, 0, 0, 0, 0, 1, 3, 18, 62, 95, 100,
    88, 45, 70, 97, 92, 80, 52, 22, 10, 7, 4, 2, 1};
/* Of 100, Sunday first. */
static const unsigned char days[7] = {5, 100, 97, 94, 98, 82, 9};

/* One session: a conversation of one person. */
struct talk {
    struct demo *d;
    const struct demo_person *person;
    const struct demo_department *department;
    int64_t at_ms;
    char conversation[UUID_TEXT_BYTES], message[UUID_TEXT_BYTES],
        prompt[UUID_TEXT_BYTES]; /* the activity that an answer is to */
    const char *model;
};

/* ---- records ---- */

static void grow(struct demo_week *week)
{
    week->cap = week->cap == 0 ? 1024 : week->cap * 2;
    week->records =
        mem_realloc(week->records, week->cap * sizeof *week->records);
}

struct demo_record *demo_add(
    struct demo *d, enum store_kind kind, int64_t time_ms)
{
    struct demo_week *week = d->week;
    if (week->count == week->cap)
        grow(week);
    struct demo_record *r = &week->records[week->count];
    *r = (struct demo_record){
        .time_ms = time_ms, .order = week->count, .kind = kind};
    week->count++;
    demo_uuid(&d->chance, time_ms, r->id);
    return r;
}

static struct str copy(struct activity *a, const char *text)
{
    return arena_copy(&a->arena, str_of(text));
}

static struct activity *begin(struct talk *t, const char *name)
{
    static const char *const versions[] = {"1.1", "2"};
    struct demo *d = t->d;
    const struct demo_person *p = t->person;
    struct activity *a = activity_new();
    a->time_ms = t->at_ms;
    demo_uuid(&d->chance, t->at_ms, a->id);
    a->name = copy(a, name);
    a->node = str_of(t->department->node);
    a->via = STR("inline");
    a->service = STR("chatgpt");
    a->outcome = OUTCOME_SUCCESS;
    a->actor.user = str_of(arena_printf(&a->arena, "%s@acme.example", p->name));
    a->actor.source = STR("proxy-auth");
    a->actor.account = a->actor.user;
    a->actor.is_signed_in = a->actor.is_named = true;
    a->actor.ip = str_of(arena_printf(&a->arena, "%s.%u",
        t->department->network, 10 + (unsigned)(p - demo_people)));
    a->actor.workspace = str_of(t->department->workspace);
    a->conversation_id = copy(a, t->conversation);
    a->http_method = STR("POST");
    a->http_host = STR("chatgpt.com");
    a->http_path = STR("/backend-api/conversation");
    a->http_status = 200;
    a->http_version = versions[demo_below(&d->chance, 2)];
    a->request_bytes = a->response_bytes = -1;
    return a;
}

static void judge(
    struct demo *d, struct activity *a, enum where where, bool is_down)
{
    struct verdict verdict;
    if (a->content.n > 0)
        scan_text(
            d->options->scanner, buf_str(&a->content), where, &a->findings);
    for (size_t i = 0; i < a->file_count; i++)
        if (!is_down)
            scan_text(d->options->scanner, buf_str(&a->files[i].text),
                WHERE_FILE, &a->findings);
    policy_judge(d->options->policy,
        &(struct policy_subject){
            a, is_down ? DIRECTION_DOWN : DIRECTION_UP, STR_NONE},
        &verdict);
    policy_put_verdict(a, &verdict);
    if (a->verdict != VERDICT_BLOCK || a->is_monitored || is_down)
        return;
    a->outcome = OUTCOME_FAILURE;
    a->http_status = 403;
}

/* False: it was stopped. */
static bool finish(struct demo *d, struct activity *a)
{
    bool is_over = a->outcome != OUTCOME_FAILURE;
    struct demo_record *r = demo_add(d, STORE_DONE, a->time_ms);
    memcpy(r->id, a->id, sizeof r->id);
    activity_write(a, CAPTURE_FULL, &r->json);
    demo_desk_note(d, a);
    d->week->activities++;
    activity_free(&a);
    return is_over;
}

static void pass(struct talk *t, unsigned least, unsigned most)
{
    t->at_ms +=
        1000 * (int64_t)(least + demo_below(&t->d->chance, most - least)) +
        demo_below(&t->d->chance, 1000);
}

/* ---- what people do ---- */

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".pdf", "application/pdf"},
        {".docx", "application/vnd.openxmlformats-officedocument."
                  "wordprocessingml.document"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml."
                  "sheet"},
        {".csv", "text/csv"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".zip", "application/zip"},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strstr(name, types[i].end) != NULL)
            return types[i].type;
    return "text/plain";
}

static void put_file(
    struct demo *d, struct activity *a, const char *name, const char *id)
{
    struct activity_file *file = activity_add_file(a);
    uint64_t seed = demo_next(&d->chance);
    char hex[DIGEST_HEX_BYTES];
    digest_sha256_hex(str_make((const char *)&seed, sizeof seed), hex);
    file->id = copy(a, id);
    file->name = copy(a, name);
    file->type = str_of(type_of(name));
    file->sha256 = copy(a, hex);
    file->bytes = 2000 + demo_below(&d->chance, 900000);
}

/* A file with a slip in it now and then; false: it was stopped. */
static bool upload(struct talk *t, const char *name, const char *id)
{
    struct demo *d = t->d;
    struct activity *a = begin(t, "file.uploaded");
    a->conversation_id = STR_NONE;
    a->http_method = STR("PUT");
    a->http_host = STR("files.oaiusercontent.com");
    a->http_path = str_of(arena_printf(&a->arena, "/%s/raw", id));
    put_file(d, a, name, id);
    struct buf *text = &a->files[0].text;
    buf_append_str(
        text, str_of(demo_one_of(&d->chance, t->department->prompts)));
    if (demo_is(&d->chance, 9)) {
        buf_append_char(text, '\n');
        demo_put_slip(&d->chance, text);
    }
    judge(d, a, WHERE_FILE, false);
    bool is_good = finish(d, a);
    pass(t, 2, 20);
    return is_good;
}

static bool ask(struct talk *t, const char *name, bool is_slip,
    const char *file, const char *file_id)
{
    struct demo *d = t->d;
    struct activity *a = begin(t, name);
    char message[UUID_TEXT_BYTES];
    demo_uuid(&d->chance, t->at_ms, message);
    a->message_id = copy(a, message);
    a->parent_message_id = copy(a, t->message);
    a->model = str_of(t->model);
    if (strstr(name, "updated") != NULL)
        a->update = STR("regenerate");
    if (file != NULL)
        put_file(d, a, file, file_id);
    if (is_slip)
        demo_put_slip(&d->chance, &a->content);
    else
        buf_append_str(&a->content,
            str_of(demo_one_of(&d->chance, t->department->prompts)));
    a->request_bytes = (int64_t)a->content.n + 900;
    memcpy(t->message, message, sizeof message);
    memcpy(t->prompt, a->id, sizeof t->prompt);
    judge(d, a, WHERE_PROMPT, false);
    return finish(d, a);
}

static void answer(struct talk *t)
{
    struct demo *d = t->d;
    bool has_file = demo_is(&d->chance, 4);
    struct activity *a = begin(
        t, has_file ? "response_with_file.generated" : "response.generated");
    char message[UUID_TEXT_BYTES];
    demo_uuid(&d->chance, t->at_ms, message);
    a->message_id = copy(a, message);
    a->parent_message_id = copy(a, t->message);
    a->reply_to = copy(a, t->prompt);
    a->model = str_of(t->model);
    a->has_complete = true;
    a->complete = !demo_is(&d->chance, 3);
    buf_append_str(&a->content, str_of(demo_one_of(&d->chance, demo_answers)));
    a->response_bytes = 4 * (int64_t)a->content.n + 3000;
    if (has_file)
        put_file(d, a, "result.xlsx", "file-result");
    memcpy(t->message, message, sizeof message);
    judge(d, a, WHERE_ANSWER, true);
    finish(d, a);
    if (!has_file || demo_is(&d->chance, 30))
        return;
    pass(t, 3, 30);
    a = begin(t, "response_with_file.downloaded");
    a->http_method = STR("GET");
    a->http_path = STR("/backend-api/files/download/file-result");
    put_file(d, a, "result.xlsx", "file-result");
    judge(d, a, WHERE_FILE, true);
    finish(d, a);
}

/* Other things than prompts: no text, one target at most. */
static void do_other(struct talk *t, const char *name, const char *path)
{
    struct activity *a = begin(t, name);
    a->http_path = str_of(path);
    if (str_ends(a->name, ".viewed"))
        a->http_method = STR("GET");
    if (str_ends(a->name, ".deleted"))
        a->http_method = STR("DELETE");
    if (str_starts(a->name, "tool."))
        activity_add_target(a, STR("tool"), STR("web"), STR("web search"));
    judge(t->d, a, WHERE_PROMPT, false);
    finish(t->d, a);
}

static void turn(struct talk *t)
{
    struct demo *d = t->d;
    char id[40], uuid[UUID_TEXT_BYTES];
    const char *file = NULL;
    bool is_slip = demo_is(&d->chance, 5);
    if (demo_is(&d->chance, 13)) {
        demo_uuid(&d->chance, t->at_ms, uuid);
        snprintf(id, sizeof id, "file-%.12s", uuid + 24);
        file = demo_one_of(&d->chance, t->department->files);
        if (!upload(t, file, id))
            file = NULL;
    }
    const char *name = file != NULL             ? "prompt_with_file.created"
                       : demo_is(&d->chance, 7) ? "prompt.updated"
                                                : "prompt.created";
    if (!ask(t, name, is_slip, file, id)) {
        pass(t, 20, 90); /* said again, without */
        if (demo_is(&d->chance, 35) ||
            !ask(t, "prompt.created", false, NULL, NULL))
            return;
    }
    if (demo_is(&d->chance, 6)) {
        pass(t, 1, 4);
        do_other(t, "tool.invoked", "/backend-api/conversation");
    }
    pass(t, 3, 40);
    answer(t);
    pass(t, 15, 240);
}

static void end_talk(struct talk *t)
{
    static const struct {
        unsigned percent;
        const char *name, *path;
    } ends[] = {
        {4, "feedback.sent", "/backend-api/conversation/message_feedback"},
        {4, "conversation.shared", "/backend-api/share/create"},
        {3, "conversation.deleted", "/backend-api/conversation/id"},
        {2, "memory.updated", "/backend-api/memories"},
        {1, "conversation.exported", "/backend-api/accounts/data_export"},
        {1, "instructions.updated", "/backend-api/user_system_messages"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (!demo_is(&t->d->chance, ends[i].percent))
            continue;
        do_other(t, ends[i].name, ends[i].path);
        pass(t, 2, 30);
    }
}

/* ---- signing in, programs, administration ---- */

static void sign_in(struct talk *t)
{
    bool is_failure = demo_is(&t->d->chance, 12);
    struct activity *a =
        begin(t, is_failure ? "login.failed" : "login.succeeded");
    a->conversation_id = STR_NONE;
    a->http_host = STR("auth.openai.com");
    a->http_path = STR("/api/accounts/password/verify");
    a->outcome = is_failure ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
    a->http_status = is_failure ? 401 : 200;
    activity_add_detail(a, "method", STR("password"));
    judge(t->d, a, WHERE_PROMPT, false);
    a->outcome = is_failure ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
    finish(t->d, a);
    pass(t, 3, 20);
}

/* A program of the support's, at any hour. */
static void run_program(struct talk *t)
{
    struct demo *d = t->d;
    for (int i = 0; i < 2; i++) {
        struct activity *a =
            begin(t, i == 0 ? "prompt.created" : "response.generated");
        a->service = STR("openai-api");
        a->conversation_id = STR_NONE;
        a->actor = (struct actor){.user = STR("ticket-bot@acme.example"),
            .source = STR("api-key"),
            .ip = STR("10.20.9.5"),
            .workspace = STR("org-acme"),
            .is_signed_in = true};
        a->project_id = STR("proj_tickets");
        a->model = STR("gpt-5-mini");
        a->http_host = STR("api.openai.com");
        a->http_path = STR("/v1/responses");
        if (i == 0) {
            buf_append_str(&a->content, STR("Sort this ticket into one of: "
                                            "parcel, payment, login.\n"));
            buf_append_str(&a->content,
                str_of(demo_one_of(&d->chance, demo_departments[5].prompts)));
            if (demo_is(&d->chance, 4))
                demo_put_slip(&d->chance, &a->content);
        } else {
            buf_append_str(&a->content, STR("parcel"));
            a->has_complete = a->complete = true;
        }
        judge(d, a, i == 0 ? WHERE_PROMPT : WHERE_ANSWER, i == 1);
        if (!finish(d, a))
            return;
        pass(t, 1, 4);
    }
}

static void administrate(struct talk *t)
{
    static const struct {
        const char *name, *type, *what;
    } events[] = {
        {"api_key.created", "api_key", "batch jobs"},
        {"api_key.deleted", "api_key", "old laptop"},
        {"project.created", "project", "tickets"},
        {"invite.sent", "invite", "new.colleague@acme.example"},
        {"user.added", "user", "new.colleague@acme.example"},
        {"user.updated", "user", "maya.cohen@acme.example"},
        {"rate_limit.updated", "rate_limit", "gpt-5"},
        {"service_account.created", "service_account", "ticket-bot"},
        {"login.succeeded", NULL, NULL},
        {"login.failed", NULL, NULL},
    };
    struct demo *d = t->d;
    size_t i = demo_below(&d->chance, ARRAY_LEN(events));
    struct activity *a = begin(t, events[i].name);
    char id[UUID_TEXT_BYTES];
    demo_uuid(&d->chance, t->at_ms, id);
    a->service = STR("openai-platform");
    a->node = STR(DEMO_NODE "collector");
    a->via = STR("audit-log");
    a->conversation_id = STR_NONE;
    a->actor.source = STR("session");
    a->actor.workspace = STR("org-acme");
    a->http_method = a->http_host = a->http_path = STR_NONE;
    if (events[i].type != NULL)
        activity_add_target(
            a, str_of(events[i].type), str_of(id), str_of(events[i].what));
    if (str_is(a->name, "user.updated")) {
        activity_add_change(a, STR("role"));
        activity_add_detail(a, "role", STR("owner"));
    }
    if (str_is(a->name, "login.failed"))
        a->outcome = OUTCOME_FAILURE;
    finish(d, a);
}

/* ---- when, and who ---- */

static int64_t choose_time(struct demo *d, int zone_minutes, bool is_person)
{
    int64_t begin = d->options->until_ms - DEMO_DAYS * DAY_MS;
    for (;;) {
        int64_t at =
            begin + (int64_t)(demo_next(&d->chance) %
                              (uint64_t)(DEMO_DAYS * DAY_MS - HOUR_MS));
        int64_t local = at + zone_minutes * INT64_C(60000);
        unsigned day = (unsigned)((local / DAY_MS + 4) % 7);
        unsigned hour = (unsigned)(local % DAY_MS / HOUR_MS);
        unsigned chance = is_person ? hours[hour] * days[day] : 10000;
        if (demo_below(&d->chance, 10000) < chance)
            return at;
    }
}

static const struct demo_person *choose_person(struct demo *d)
{
    unsigned sum = 0;
    for (size_t i = 0; i < demo_people_count; i++)
        sum += demo_people[i].weight;
    unsigned at = demo_below(&d->chance, sum);
    size_t i = 0;
    while (at >= demo_people[i].weight)
        at -= demo_people[i++].weight;
    return &demo_people[i];
}

static void talk_once(struct demo *d)
{
    unsigned kind = demo_below(&d->chance, 100);
    struct talk t = {.d = d, .person = choose_person(d)};
    t.department = &demo_departments[t.person->department];
    t.at_ms = choose_time(d, t.department->zone_minutes, kind >= 15);
    t.model = demo_one_of(&d->chance, demo_models);
    demo_uuid(&d->chance, t.at_ms, t.conversation);
    demo_uuid(&d->chance, t.at_ms, t.message);
    if (kind < 15) {
        run_program(&t);
        return;
    }
    if (kind < 20) {
        administrate(&t);
        return;
    }
    if (kind < 36)
        sign_in(&t);
    else if (kind < 44)
        do_other(&t, "conversation.viewed", "/backend-api/conversation/id");
    unsigned turns = 1 + demo_below(&d->chance, 5);
    for (unsigned i = 0; i < turns; i++)
        turn(&t);
    end_talk(&t);
}

static int compare(const void *a, const void *b)
{
    const struct demo_record *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void demo_week_make(
    const struct demo_options *options, struct demo_week *week_out)
{
    struct demo d = {.options = options, .week = week_out};
    *week_out = (struct demo_week){0};
    d.chance.state = options->seed;
    demo_desk_open(&d);
    while (week_out->activities < options->activities)
        talk_once(&d);
    demo_desk_finish(&d);
    qsort(
        week_out->records, week_out->count, sizeof *week_out->records, compare);
}

void demo_week_free(struct demo_week *week)
{
    for (size_t i = 0; i < week->count; i++)
        buf_free(&week->records[i].json);
    mem_free(week->records);
    *week = (struct demo_week){0};
}
