/*
 * The state of a delta stream that broke off, as JSON and back again, so that
 * another connection can go on with it (inspect/resume.h).  Each message is
 * kept as the delta that opens it; what deltas inherit follows.
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
    buf_append_str(out, STR(",\"p\":\"\",\"o\":\"add\",\"v\":"));
    if (m->doc != NULL)
        doc_write(m->doc, out);
    else
        buf_append_str(out, STR("null"));
    buf_append_char(out, '}');
}

void delta_write(const struct delta *d, struct buf *out)
{
    buf_printf(out, "{\"channel\":%lld", (long long)d->channel);
    write_text(out, "path", buf_str(&d->path));
    write_text(out, "operation", buf_str(&d->operation));
    write_text(out, "text_path", buf_str(&d->text_path));
    buf_append_str(out, STR(",\"messages\":["));
    for (size_t i = 0; i < d->count; i++) {
        if (i != 0)
            buf_append_char(out, ',');
        write_message(&d->messages[i], out);
    }
    buf_append_str(out, STR("]}"));
}

static void read_message(struct delta *d, const struct json_node *kept)
{
    size_t before = d->count;
    int64_t channel;
    if (json_int(json_get(kept, "c"), &channel) != OK)
        return;
    if (channel >= 0)
        delta_apply(d, kept);
    else
        delta_put(d, json_get(kept, "v"));
    if (d->count == before)
        return;
    buf_append_str(&d->messages[d->count - 1].cut, json_get_text(kept, "cut"));
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
        json_int(json_get(kept, "channel"), &channel) != OK)
        return false;
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        read_message(d, c);
    d->channel = channel;
    d->grown = NULL;
    d->is_again = true;
    read_text(&d->path, kept, "path");
    read_text(&d->operation, kept, "operation");
    read_text(&d->text_path, kept, "text_path");
    return true;
}
