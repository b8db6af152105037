/*
 * The state of a delta stream that broke off, as JSON and back again, so that
 * another connection can go on with it (inspect/resume.h): each message with
 * its channel and what was cut from it, and what deltas inherit.
 */
#include "base/jsonw.h"
#include "inspect/delta.h"

static void write_text(struct buf *out, const char *key, struct str text)
{
    buf_printf(out, ",\"%s\":", key);
    jsonw_append_quoted(out, text);
}

static void write_message(const struct message *m, struct buf *out)
{
    buf_printf(out, "{\"c\":%lld", (long long)m->channel);
    if (m->cut.n != 0)
        write_text(out, "cut", buf_str(&m->cut));
    if (m->doc != NULL) {
        buf_append_str(out, STR(",\"v\":"));
        doc_write(m->doc, out);
    }
    buf_append_char(out, '}');
}

void delta_write(const struct delta *d, struct buf *out)
{
    buf_printf(out, "{\"channel\":%lld", (long long)d->channel);
    write_text(out, "path", buf_str(&d->path));
    write_text(out, "operation", buf_str(&d->operation));
    write_text(out, "text_path", buf_str(&d->text_path));
    buf_printf(
        out, ",\"is_odd\":%s,\"messages\":[", d->is_odd ? "true" : "false");
    for (size_t i = 0; i < d->count; i++) {
        if (i != 0)
            buf_append_char(out, ',');
        write_message(&d->messages[i], out);
    }
    buf_append_str(out, STR("]}"));
}

static bool read_message(struct delta *d, const struct json_node *kept)
{
    const struct json_node *document = json_get(kept, "v");
    struct str cut = json_get_text(kept, "cut");
    int64_t channel;
    if (json_int(json_get(kept, "c"), &channel) != OK || channel < -1 ||
        (document != NULL && !json_is(document, JSON_OBJECT)) ||
        cut.n > DELTA_CUT_MAX || !delta_push(d, channel, document))
        return false;
    buf_append_str(&d->messages[d->count - 1].cut, cut);
    return true;
}

static void read_text(
    struct buf *to, const struct json_node *kept, const char *key)
{
    buf_clear(to);
    buf_append_str(to, json_get_text(kept, key));
}

bool delta_read(struct delta *d, const struct json_node *kept)
{
    const struct json_node *list = json_get(kept, "messages");
    int64_t channel;
    if (!json_is(list, JSON_ARRAY) ||
        json_int(json_get(kept, "channel"), &channel) != OK || channel < 0)
        return false;
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        if (!read_message(d, c))
            return false;
    d->channel = channel;
    d->is_odd = json_is_true(json_get(kept, "is_odd"));
    read_text(&d->path, kept, "path");
    read_text(&d->operation, kept, "operation");
    read_text(&d->text_path, kept, "text_path");
    return true;
}
