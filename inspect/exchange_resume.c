/*
 * Answers that go on in another stream (inspect/resume.h).  A stream that
 * breaks off, or hands off, leaves word with the keeper under the names that
 * the next one has: the conversation, for a request to resume; the turn and
 * its topic, for a WebSocket.  The next one asks before its answers are told,
 * and tells them under the ids of the first.
 *
 * A GET of a response of the public API is a request to resume by the turn's
 * name, which is the response's.
 *
 * A client may resume before the first stream is seen to end.  Then there is
 * nothing to ask for, and the second one leaves its bytes as the rest of the
 * conversation; the first one takes them at its own end and tells the whole
 * under the ids of the second.
 */
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/exchange_parts.h"
#include "inspect/resume.h"

enum { CHUNK_BYTES = KEEP_FACT_BYTES_MAX };

/* ---- names --------------------------------------------------------------- */

static struct str name_of(struct exchange *ex, const char *kind, struct str id)
{
    if (id.n == 0)
        return STR_NONE;
    return str_of(arena_printf(&ex->arena, "%s %.*s", kind, STR_ARG(id)));
}

static struct keep_file record_of(struct exchange *ex)
{
    struct str service = service_name(ex->service);
    return (struct keep_file){.is_brief = true,
        .service =
            str_of(arena_printf(&ex->arena, "%.*s streams", STR_ARG(service)))};
}

static struct str conversation_of(const struct exchange *ex)
{
    if (ex->answer != NULL && answer_conversation_id(ex->answer).n != 0)
        return answer_conversation_id(ex->answer);
    if (ex->answer_count != 0 && ex->answers[0]->conversation_id.n != 0)
        return ex->answers[0]->conversation_id;
    return ex->resume_conversation;
}

/* ---- asking -------------------------------------------------------------- */

void exchange_resume_data(struct exchange *ex, struct str bytes)
{
    if (!ex->resumes || ex->is_raw_over)
        return;
    ex->is_raw_over = ex->raw.n + bytes.n > RESUME_RAW_MAX;
    if (ex->is_raw_over)
        buf_wipe_free(&ex->raw);
    else
        buf_append_str(&ex->raw, bytes);
}

/* A prompt's own stream: did somebody go on with it already? */
static bool ask_rest(struct exchange *ex)
{
    struct str conversation = conversation_of(ex);
    if (ex->service == NULL || ex->answer == NULL || conversation.n == 0 ||
        !exchange_is_prompt(ex) || !answer_is_stream(ex->answer))
        return false;
    struct keep_file record = record_of(ex);
    record.ids[0] = name_of(ex, "rest", conversation);
    record.offset = ex->kept.n;
    ex->asks_rest = true;
    buf_clear(&ex->question);
    keep_ask_file(&record, &ex->question);
    return true;
}

void exchange_resume_polled(struct exchange *ex)
{
    if (!exchange_is_polled(ex))
        return;
    ex->resumes = true;
    ex->resume_offset = -1;
    for (size_t i = 0; i < ex->match.count; i++)
        if (str_is(ex->match.names[i], "message_id"))
            ex->turn_id = ex->match.values[i];
}

bool exchange_resume_ask(struct exchange *ex)
{
    if (!ex->resumes && ask_rest(ex))
        return true;
    if (ex->raw.n == 0 || ex->service == NULL)
        return false;
    struct keep_file record = record_of(ex);
    record.ids[0] = name_of(ex, "conversation", ex->resume_conversation);
    record.ids[1] = name_of(ex, "turn", ex->turn_id);
    record.ids[2] = name_of(ex, "turn", ex->topic_id);
    record.offset = ex->kept.n;
    if (record.ids[0].n + record.ids[1].n + record.ids[2].n == 0)
        return false;
    buf_clear(&ex->question);
    keep_ask_file(&record, &ex->question);
    return true;
}

/* ---- what was kept ---- */

/* {"time": …, "reply": …, "ids": [...]} */
static void read_head(struct exchange *ex, struct str head)
{
    struct arena scratch = {0};
    struct json_node *root;
    int64_t time_ms;
    if (json_parse(head, &scratch, NULL, &root) == OK &&
        json_int(json_get(root, "time"), &time_ms) == OK) {
        const struct json_node *ids = json_get(root, "ids");
        ex->told_ms = time_ms;
        ex->told_reply = arena_copy(&ex->arena, json_get_text(root, "reply"));
        for (const struct json_node *c = ids != NULL ? ids->first : NULL;
             c != NULL && ex->told_count < ANSWERS_MAX; c = c->next)
            if (json_str(c).n < UUID_TEXT_BYTES) {
                char *id = ex->told[ex->told_count++];
                memcpy(id, json_str(c).p, json_str(c).n);
                id[json_str(c).n] = '\0';
            }
    }
    arena_free(&scratch);
}

/* Of the state, or of the rest: lines that were one. */
static bool split_kept(
    struct exchange *ex, struct str *head_out, struct buf *body_out)
{
    struct str kept = buf_str(&ex->kept), line;
    if (!str_split(&kept, '\n', head_out))
        return false;
    while (str_split(&kept, '\n', &line))
        buf_append_str(body_out, line);
    return true;
}

static void use_joined(struct exchange *ex, struct answer *joined)
{
    bool was_told = ex->answer == NULL; /* by a socket, as it came */
    if (was_told && ex->answer_count != 0 && ex->answers[0]->complete)
        answer_set_end(joined);
    for (size_t i = 0; i < ex->answer_count; i++)
        activity_free(&ex->answers[i]);
    ex->answer_count = 0;
    answer_free(&ex->answer);
    ex->answer = joined;
}

static void join(struct exchange *ex)
{
    struct str head;
    struct buf state = {0};
    bool is_same = false;
    if (!split_kept(ex, &head, &state))
        return;
    struct answer *joined = resume_join(buf_str(&state), buf_str(&ex->raw),
        ex->resumes ? ex->resume_offset : -1, ex->is_response_complete,
        &is_same);
    if (joined != NULL)
        use_joined(ex, joined);
    if (is_same)
        read_head(ex, head);
    buf_wipe_free(&state);
}

/* What came last counts, unless the first stream has all of it. */
static bool use_rest(struct exchange *ex, const struct json_node *rest)
{
    struct buf state = {0};
    bool is_same = false, is_complete;
    int64_t offset = -1;
    if (json_int(json_get(rest, "offset"), &offset) != OK)
        offset = -1;
    is_complete = json_is_true(json_get(rest, "complete"));
    struct str raw = json_get_text(rest, "raw");
    resume_write(ex->answer, &state);
    struct answer *joined =
        resume_join(buf_str(&state), raw, offset, is_complete, &is_same);
    if (is_same && joined == NULL)
        joined = resume_decode(raw, is_complete);
    if (is_same && !answer_is_whole(ex->answer)) {
        answer_free(&ex->answer);
        ex->answer = joined;
        joined = NULL;
    }
    answer_free(&joined);
    buf_wipe_free(&state);
    return is_same;
}

static void join_rest(struct exchange *ex)
{
    struct str head;
    struct buf body = {0};
    struct arena scratch = {0};
    struct json_node *rest;
    struct json_limits limits = {.string_bytes = KEEP_FACTS_BYTES_MAX};
    if (split_kept(ex, &head, &body) &&
        json_parse(buf_str(&body), &scratch, &limits, &rest) == OK &&
        use_rest(ex, rest))
        read_head(ex, head);
    arena_free(&scratch);
    buf_wipe_free(&body);
}

bool exchange_resume_take(struct exchange *ex, struct str answer)
{
    struct keep_file_answer said;
    bool is_known = keep_read_file(answer, &said) == OK && said.is_known &&
                    (said.flags & KEEP_FILE_IS_CUT) == 0;
    bool has_facts = is_known && said.facts.n != 0;
    if (has_facts) {
        buf_append_str(&ex->kept, said.facts);
        if (ex->kept.n < said.facts_bytes)
            return exchange_resume_ask(ex);
    }
    if (has_facts && ex->asks_rest)
        join_rest(ex);
    else if (has_facts)
        join(ex);
    ex->leaves_rest =
        ex->resumes && ex->kept.n == 0 && ex->raw.n <= RESUME_KEPT_MAX;
    buf_wipe_free(&ex->kept);
    if (!ex->leaves_rest)
        buf_wipe_free(&ex->raw);
    return false;
}

void exchange_resume_name(struct exchange *ex)
{
    for (size_t i = 0; i < ex->answer_count && i < ex->told_count; i++) {
        struct activity *a = ex->answers[i];
        memcpy(a->id, ex->told[i], sizeof a->id);
        a->time_ms = ex->told_ms;
        if (a->reply_to.n == 0)
            a->reply_to = arena_copy(&a->arena, ex->told_reply);
    }
}

/* ---- leaving word ---- */

void exchange_resume_keep(struct exchange *ex)
{
    struct answer_turn turn = {0};
    if (ex->answer != NULL) {
        turn = answer_turn(ex->answer);
        ex->goes_on = turn.goes_on;
        ex->next_turn = arena_copy(&ex->arena, turn.id);
        ex->next_topic = arena_copy(&ex->arena, turn.topic);
        buf_clear(&ex->state);
        if (turn.goes_on)
            resume_write(ex->answer, &ex->state);
    } else if (ex->answer_count != 0) {
        ex->goes_on = !ex->answers[0]->complete;
    }
    ex->next_conversation = arena_copy(&ex->arena, conversation_of(ex));
    if (ex->next_turn.n == 0)
        ex->next_turn = ex->turn_id;
    if (ex->next_topic.n == 0)
        ex->next_topic = ex->topic_id;
    ex->goes_on = ex->goes_on && ex->state.n != 0 && !ex->is_blocked &&
                  ex->next_conversation.n + ex->next_turn.n != 0;
}

static void write_head(const struct exchange *ex, struct buf *out)
{
    struct jsonw w = {.out = out};
    const struct activity *first =
        ex->answer_count != 0 ? ex->answers[0] : ex->activity;
    jsonw_object(&w);
    jsonw_key_int(&w, "time", first != NULL ? first->time_ms : ex->time_ms);
    if (ex->activity != NULL)
        jsonw_key_cstr(&w, "reply", ex->activity->id);
    else if (ex->answer_count != 0)
        jsonw_key_str_if(&w, "reply", ex->answers[0]->reply_to);
    jsonw_key(&w, "ids");
    jsonw_array(&w);
    for (size_t i = 0; i < ex->answer_count; i++)
        jsonw_str(&w, str_of(ex->answers[i]->id));
    jsonw_close(&w);
    jsonw_close(&w);
}

/* In lines that the keeper takes; the first one says whose it is. */
static void note_lines(
    struct exchange *ex, struct keep_file *record, struct str rest)
{
    struct buf head = {0};
    record->is_new = true; /* whatever broke off before is over */
    if (rest.n != 0)
        write_head(ex, &head);
    record->fact = buf_str(&head);
    keep_note_file(record, exchange_push_note(ex));
    record->is_new = false;
    for (; rest.n != 0; rest = str_sub(rest, CHUNK_BYTES, rest.n)) {
        record->fact = str_sub(rest, 0, CHUNK_BYTES);
        keep_note_file(record, exchange_push_note(ex));
    }
    buf_free(&head);
}

void exchange_resume_begin(struct exchange *ex)
{
    static const char *const kinds[] = {"conversation", "rest"};
    const struct activity *a = ex->activity;
    if (a == NULL || a->conversation_id.n == 0 || !exchange_is_prompt(ex) ||
        exchange_route(ex)->is_into_turn)
        return;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct keep_file record = record_of(ex);
        record.ids[0] = name_of(ex, kinds[i], a->conversation_id);
        note_lines(ex, &record, STR_NONE);
    }
}

/* {"offset": …, "complete": …, "raw": …} */
static void leave_rest(struct exchange *ex)
{
    struct buf rest = {0};
    struct jsonw w = {.out = &rest};
    struct keep_file record = record_of(ex);
    record.ids[0] = name_of(ex, "rest", ex->resume_conversation);
    if (record.ids[0].n == 0)
        return;
    jsonw_object(&w);
    jsonw_key_int(&w, "offset", ex->resume_offset);
    jsonw_key_bool(&w, "complete", ex->is_response_complete);
    jsonw_key_str(&w, "raw", buf_str(&ex->raw));
    jsonw_close(&w);
    note_lines(ex, &record, buf_str(&rest));
    buf_wipe_free(&rest);
}

void exchange_resume_note(struct exchange *ex)
{
    bool is_over = ex->told_count != 0 && !ex->goes_on;
    if (ex->leaves_rest && ex->answer_count != 0)
        leave_rest(ex);
    buf_wipe_free(&ex->raw);
    if (ex->service == NULL || (!ex->goes_on && !is_over))
        return;
    /* The turn's own; the conversation's is that of its newest turn. */
    struct keep_file record = record_of(ex);
    record.ids[0] = name_of(ex, "turn", ex->next_turn);
    record.ids[1] = name_of(ex, "turn", ex->next_topic);
    record.ids[2] = name_of(ex, "conversation", ex->next_conversation);
    note_lines(ex, &record, ex->goes_on ? buf_str(&ex->state) : STR_NONE);
    buf_wipe_free(&ex->state);
}
