/*
 * See store/csv.h.  Columns are named after the contract's members; members
 * of lists (findings, files) are joined by "; ".
 */
#include "store/csv.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"

/* name, member (dots go deeper), and for lists the member of each item */
static const struct column {
    const char *name, *path, *item;
} columns[] = {
    {"id", "id", NULL},
    {"time", "time", NULL},
    {"node", "node", NULL},
    {"via", "via", NULL},
    {"service", "service", NULL},
    {"activity", "activity", NULL},
    {"category", "category", NULL},
    {"outcome", "outcome", NULL},
    {"complete", "complete", NULL},
    {"attempts", "attempts", NULL},
    {"user", "actor.user", NULL},
    {"user_source", "actor.source", NULL},
    {"ip", "actor.ip", NULL},
    {"account", "actor.account", NULL},
    {"workspace", "actor.workspace", NULL},
    {"device", "actor.device", NULL},
    {"conversation_id", "conversation_id", NULL},
    {"message_id", "message_id", NULL},
    {"parent_message_id", "parent_message_id", NULL},
    {"project_id", "project_id", NULL},
    {"model", "model", NULL},
    {"update", "update", NULL},
    {"verdict", "verdict", NULL},
    {"mode", "mode", NULL},
    {"rule", "rule", NULL},
    {"severity", "severity", NULL},
    {"reason", "reason", NULL},
    {"failure", "failure", NULL},
    {"detectors", "findings", "detector"},
    {"types", "findings", "type"},
    {"counts", "findings", "count"},
    {"confidences", "findings", "confidence"},
    {"files", "files", "name"},
    {"file_bytes", "files", "bytes"},
    {"text_bytes", "text.bytes", NULL},
    {"text_sha256", "text.sha256", NULL},
    {"sample", "text.sample", NULL},
    {"method", "http.method", NULL},
    {"host", "http.host", NULL},
    {"path", "http.path", NULL},
    {"status", "http.status", NULL},
    {"http_version", "http.version", NULL},
    {"request_bytes", "http.request_bytes", NULL},
    {"response_bytes", "http.response_bytes", NULL},
};

static bool is_formula(struct str text)
{
    return text.n > 0 && memchr("=+-@\t\r\n", text.p[0], 7) != NULL;
}

void csv_write_cell(struct buf *out, struct str text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.n && !is_quoted; i++)
        is_quoted = memchr(",\"\r\n;\t", text.p[i], 6) != NULL;
    if (is_quoted)
        buf_append_char(out, '"');
    if (is_formula(text))
        buf_append_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_append_char(out, '"');
        if (text.p[i] != '\0')
            buf_append_char(out, text.p[i]);
    }
    if (is_quoted)
        buf_append_char(out, '"');
}

static void append_value(struct buf *out, const json_t *value)
{
    if (json_is_string(value))
        buf_append(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_printf(out, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_boolean(value))
        buf_append_str(out, json_is_true(value) ? STR("true") : STR("false"));
}

static const json_t *member_at(const json_t *object, const char *path)
{
    char key[64];
    struct str rest = str_of(path), part;
    while (str_split(&rest, '.', &part)) {
        memcpy(key, part.p, part.n);
        key[part.n] = '\0';
        object = json_object_get(object, key);
    }
    return object;
}

static void append_items(struct buf *out, const json_t *list, const char *item)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0)
            buf_append_str(out, STR("; "));
        append_value(out, json_object_get(json_array_get(list, i), item));
    }
}

void csv_write_head(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        buf_printf(out, "%s%s", i > 0 ? "," : "", columns[i].name);
    buf_append_str(out, STR("\r\n"));
}

enum err csv_write_activity(struct str json, struct buf *out)
{
    struct buf cell = {0};
    json_t *activity = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(activity)) {
        json_decref(activity);
        return ERR_PARSE;
    }
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        const struct column *c = &columns[i];
        const json_t *value = member_at(activity, c->path);
        buf_clear(&cell);
        if (c->item != NULL)
            append_items(&cell, value, c->item);
        else
            append_value(&cell, value);
        if (i > 0)
            buf_append_char(out, ',');
        csv_write_cell(out, buf_str(&cell));
    }
    buf_append_str(out, STR("\r\n"));
    buf_free(&cell);
    json_decref(activity);
    return OK;
}
