/*
 * The synthetic answer to a blocked request, in the shape that the client
 * shows to its user (fact sheet chatgpt-wire §8.4): an assistant message in an
 * event stream, a JSON error, or a small page.  Statuses that clients retry
 * (408, 409, 425, 429, 502, 504) are never used.
 */
#include "base/html.h"
#include "base/jsonw.h"
#include "inspect/exchange_parts.h"

enum { STATUS_REFUSED = 403 };

/* Says what happened, by which rule, and what to do. */
static void write_notice(const struct exchange *ex, struct buf *out)
{
    const struct verdict *v = &ex->verdict;
    bool is_failure = v->rule.n == 0 && !ex->is_signed_out;
    buf_append_str(
        out, STR("This was stopped by promptgate, your organisation's "
                 "data-protection gateway, and was not sent.\n\n"));
    if (v->message.n != 0)
        buf_append_str(out, v->message);
    else
        buf_append_str(out, STR("It breaks a rule of the policy."));
    if (v->rule.n != 0)
        buf_printf(out, "\n\nPolicy rule: %.*s", STR_ARG(v->rule));
    if (ex->activity != NULL)
        buf_printf(out, "\nActivity: %s", ex->activity->id);
    if (ex->is_signed_out) {
        buf_append_str(out,
            STR("\n\nPlease sign in with the account of your organisation."));
        return;
    }
    buf_append_str(out,
        is_failure
            ? STR("\n\nPlease try again with a smaller or simpler request, or "
                  "give the activity number to your administrator.")
            : STR("\n\nPlease remove the data in question and send it again, "
                  "or give the activity number to your administrator."));
}

/* ---- an assistant message ---- */

static void write_message(
    struct jsonw *w, const struct exchange *ex, struct str text)
{
    const struct activity *a = ex->activity;
    char id[UUID_TEXT_BYTES];
    clock_uuid7(id);
    jsonw_key(w, "message");
    jsonw_object(w);
    jsonw_key_cstr(w, "id", id);
    jsonw_key(w, "author");
    jsonw_object(w);
    jsonw_key_cstr(w, "role", "assistant");
    jsonw_key(w, "name");
    jsonw_null(w);
    jsonw_key(w, "metadata");
    jsonw_object(w);
    jsonw_close(w);
    jsonw_close(w);
    jsonw_key_int(w, "create_time", clock_wall_ms() / 1000);
    jsonw_key(w, "content");
    jsonw_object(w);
    jsonw_key_cstr(w, "content_type", "text");
    jsonw_key(w, "parts");
    jsonw_array(w);
    jsonw_str(w, text);
    jsonw_close(w);
    jsonw_close(w);
    jsonw_key_cstr(w, "status", "finished_successfully");
    jsonw_key_bool(w, "end_turn", true);
    jsonw_key_int(w, "weight", 1);
    jsonw_key(w, "metadata");
    jsonw_object(w);
    jsonw_key_str_if(w, "parent_id", a->message_id);
    jsonw_key_str_if(w, "model_slug", a->model);
    jsonw_key_bool(w, "is_complete", true);
    jsonw_close(w);
    jsonw_key_cstr(w, "recipient", "all");
    jsonw_key_cstr(w, "channel", "final");
    jsonw_close(w);
}

static struct str conversation_of(const struct exchange *ex, char *made)
{
    if (ex->activity->conversation_id.n != 0)
        return ex->activity->conversation_id;
    clock_uuid7(made); /* a first turn: the page wants one */
    return str_of(made);
}

static void write_document(const struct exchange *ex, struct str conversation,
    struct str text, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    if (ex->wants_v1) {
        jsonw_key_cstr(&w, "p", "");
        jsonw_key_cstr(&w, "o", "add");
        jsonw_key(&w, "v");
        jsonw_object(&w);
    }
    write_message(&w, ex, text);
    jsonw_key_str(&w, "conversation_id", conversation);
    jsonw_key(&w, "error");
    jsonw_null(&w);
    if (ex->wants_v1) {
        jsonw_close(&w);
        jsonw_key_int(&w, "c", 0);
    }
    jsonw_close(&w);
}

static void write_stream(
    const struct exchange *ex, struct str text, struct buf *out)
{
    char made[UUID_TEXT_BYTES];
    struct str conversation = conversation_of(ex, made);
    if (ex->wants_v1)
        buf_append_str(out, STR("event: delta_encoding\ndata: \"v1\"\n\n"
                                "event: delta\n"));
    buf_append_str(out, STR("data: "));
    write_document(ex, conversation, text, out);
    buf_append_str(out, STR("\n\ndata: "));
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "type", "message_stream_complete");
    jsonw_key_str(&w, "conversation_id", conversation);
    jsonw_close(&w);
    buf_append_str(out, STR("\n\ndata: [DONE]\n\n"));
}

/* ---- errors ---- */

static void write_detail(struct str text, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_str(&w, "detail", text);
    jsonw_close(&w);
}

static void write_api_error(struct str text, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key(&w, "error");
    jsonw_object(&w);
    jsonw_key_str(&w, "message", text);
    jsonw_key_cstr(&w, "type", "policy_violation");
    jsonw_key(&w, "param");
    jsonw_null(&w);
    jsonw_key_cstr(&w, "code", "blocked_by_policy");
    jsonw_close(&w);
    jsonw_close(&w);
}

static void write_page(struct str text, struct buf *out)
{
    buf_append_str(
        out, STR("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
                 "<title>Blocked</title><style>body{font:16px/1.5 sans-serif;"
                 "max-width:40em;margin:4em auto;padding:0 1em}</style>"
                 "<h1>Request blocked</h1><p style=\"white-space:pre-line\">"));
    html_append(out, text);
    buf_append_str(out, STR("</p></html>\n"));
}

static void write_socket_error(
    const struct exchange *ex, struct str text, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "type", "error");
    jsonw_key_int(&w, "status", STATUS_REFUSED);
    if (ex->activity != NULL)
        jsonw_key_cstr(&w, "event_id", ex->activity->id);
    jsonw_key(&w, "error");
    jsonw_object(&w);
    jsonw_key_cstr(&w, "type", "policy_violation");
    jsonw_key_cstr(&w, "code", "blocked_by_policy");
    jsonw_key_str(&w, "message", text);
    jsonw_key(&w, "param");
    jsonw_null(&w);
    jsonw_close(&w);
    jsonw_close(&w);
}

/* ---- the light web app ---- */

static bool wants_mweb(const struct exchange *ex, const char *type)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->answer == ANSWER_MWEB &&
           ex->activity != NULL && str_has(ex->accept, type);
}

static void write_control(
    struct buf *out, const char *kind, struct str conversation)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_int(&w, "version", 1);
    jsonw_key_cstr(&w, "type", "control");
    jsonw_key(&w, "detail");
    jsonw_object(&w);
    jsonw_key_cstr(&w, "kind", kind);
    jsonw_key_str_if(&w, "conversationId", conversation);
    jsonw_close(&w);
    jsonw_close(&w);
    buf_append_char(out, '\n');
}

/* The page wants the snapshot `dil` in every line of content. */
static void write_source_line(
    struct buf *out, const char *message, struct str text)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_int(&w, "version", 1);
    jsonw_key_cstr(&w, "type", "content");
    jsonw_key_cstr(&w, "messageId", message);
    jsonw_key_int(&w, "revision", 1);
    jsonw_key_cstr(&w, "mode", "replace");
    jsonw_key_str(&w, "markdown", text);
    jsonw_key_cstr(&w, "status", "complete");
    jsonw_key(&w, "dil");
    jsonw_object(&w);
    jsonw_key_cstr(&w, "kind", "dil");
    jsonw_key_cstr(&w, "renderer", "dil-v2");
    jsonw_key_cstr(&w, "status", "complete");
    jsonw_key(&w, "constants");
    jsonw_object(&w);
    jsonw_key_str(&w, "0", text);
    jsonw_close(&w);
    jsonw_key_str(&w, "fallbackMarkdown", text);
    jsonw_close(&w);
    jsonw_close(&w);
    buf_append_char(out, '\n');
}

static void write_source(
    const struct exchange *ex, struct str text, struct buf *out)
{
    char made[UUID_TEXT_BYTES], message[UUID_TEXT_BYTES];
    clock_uuid7(message);
    write_control(out, "started", STR_NONE);
    write_control(out, "conversation-id", conversation_of(ex, made));
    write_control(out, "assistant-content-started", STR_NONE);
    write_source_line(out, message, text);
    write_control(out, "message-stream-complete", STR_NONE);
    write_control(out, "complete", STR_NONE);
    buf_append_str(out, STR("{\"version\":1,\"type\":\"end\"}\n"));
}

static void write_html_control(struct buf *out, const char *kind,
    struct str conversation, const char *message)
{
    buf_printf(out, "<span data-conversation-control=\"%s\"", kind);
    buf_append_str(out, STR(" data-conversation-id=\""));
    html_append(out, conversation);
    buf_printf(out, "\" data-message-id=\"%s\"></span>", message);
}

static void write_partial(
    const struct exchange *ex, struct str text, struct buf *out)
{
    char made[UUID_TEXT_BYTES], message[UUID_TEXT_BYTES];
    struct str conversation = conversation_of(ex, made), line;
    clock_uuid7(message);
    buf_append_str(out, STR("<template data-web-mobile-dpu-frame=\"1\">"));
    write_html_control(out, "conversation-id", conversation, message);
    write_html_control(out, "assistant-content-started", conversation, message);
    buf_append_str(out, STR("<template for=\"assistant-"));
    html_append(out, ex->answer_id.n != 0 ? ex->answer_id : str_of(message));
    buf_append_str(
        out, STR("-pending\" data-web-mobile-dpu-apply=\"replace\">"));
    for (int i = 0; str_split(&text, '\n', &line);) {
        if (line.n == 0)
            continue;
        buf_printf(out,
            "<p data-assistant-stream-block=\"\" "
            "data-assistant-stream-block-index=\"%d\">",
            i++);
        html_append(out, line);
        buf_append_str(out, STR("</p>"));
    }
    buf_append_str(out, STR("</template>"));
    write_html_control(out, "message-stream-complete", conversation, message);
    write_html_control(out, "complete", conversation, message);
    buf_append_str(out, STR("</template>\n"));
}

static bool wants_stream(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->answer == ANSWER_CHATGPT &&
           route->body == BODY_CHATGPT_PROMPT && ex->activity != NULL &&
           str_has(ex->accept, "text/event-stream");
}

static enum block_shape shape_of(const struct exchange *ex)
{
    if (exchange_route(ex) != NULL)
        return exchange_route(ex)->block;
    return ex->service != NULL ? service_block_shape(ex->service)
                               : BLOCK_CHATGPT;
}

void exchange_block_reply(struct exchange *ex, struct exchange_reply *out)
{
    struct buf text = {0};
    *out = (struct exchange_reply){
        .status = STATUS_REFUSED, .content_type = STR("application/json")};
    write_notice(ex, &text);
    if (wants_stream(ex)) {
        out->status = 200;
        out->content_type = STR("text/event-stream; charset=utf-8");
        write_stream(ex, buf_str(&text), &out->body);
    } else if (wants_mweb(ex, "ndjson")) {
        out->status = 200;
        out->content_type =
            STR("application/vnd.openai.conversation-source+ndjson");
        write_source(ex, buf_str(&text), &out->body);
    } else if (wants_mweb(ex, "web-mobile-partial")) {
        out->status = 200;
        out->content_type =
            STR("text/vnd.openai.web-mobile-partial+html; charset=utf-8");
        write_partial(ex, buf_str(&text), &out->body);
    } else if (ex->is_page) {
        out->content_type = STR("text/html; charset=utf-8");
        write_page(buf_str(&text), &out->body);
    } else if (shape_of(ex) == BLOCK_OPENAI) {
        write_api_error(buf_str(&text), &out->body);
    } else {
        write_detail(buf_str(&text), &out->body);
    }
    buf_free(&text);
}

/* Clients of the public API read an error event: its status is one that they
 * do not try again (§8.4).  ChatGPT's page takes lists of envelopes and leaves
 * those that it does not know. */
void exchange_block_frame(const struct exchange *ex, struct buf *out)
{
    struct buf text = {0};
    bool is_list = shape_of(ex) == BLOCK_CHATGPT;
    write_notice(ex, &text);
    if (is_list)
        buf_append_char(out, '[');
    write_socket_error(ex, buf_str(&text), out);
    if (is_list)
        buf_append_char(out, ']');
    buf_free(&text);
}
