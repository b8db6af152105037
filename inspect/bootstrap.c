/*
 * Finding one script element in HTML that comes in any cuts.  Only the
 * page's own bytes are looked at; they name people in records and nothing
 * else, so a page that lies about itself gains nothing.
 */
#include "inspect/bootstrap.h"

#include <string.h>

static const char *const END = "</script";

void bootstrap_setup(struct bootstrap *b, size_t max)
{
    *b = (struct bootstrap){.max = max, .at = BOOTSTRAP_TEXT};
}

void bootstrap_free(struct bootstrap *b)
{
    buf_wipe_free(&b->tag);
    buf_wipe_free(&b->json);
}

/* Single, double or no quotes around the id. */
static bool is_wanted(struct str tag)
{
    static const char *const names[] = {"id=\"client-bootstrap\"",
        "id='client-bootstrap'", "id=client-bootstrap"};
    if (!str_starts_nocase(tag, "<script"))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_has(tag, names[i]))
            return true;
    return false;
}

static struct str feed_text(struct bootstrap *b, struct str html)
{
    size_t at = str_find_char(html, '<');
    if (at < html.n)
        b->at = BOOTSTRAP_TAG;
    buf_clear(&b->tag);
    return str_sub(html, at, html.n);
}

static struct str feed_tag(struct bootstrap *b, struct str html)
{
    size_t end = str_find_char(html, '>');
    size_t room = BOOTSTRAP_TAG_MAX - b->tag.n;
    if (end > room) { /* no tag of ours */
        b->at = BOOTSTRAP_TEXT;
        return str_sub(html, room, html.n);
    }
    buf_append_str(&b->tag, str_sub(html, 0, end));
    if (end == html.n)
        return STR_NONE;
    b->at = is_wanted(buf_str(&b->tag)) ? BOOTSTRAP_JSON : BOOTSTRAP_TEXT;
    return str_sub(html, end + 1, html.n);
}

static void feed_json(struct bootstrap *b, struct str html)
{
    size_t before = b->json.n;
    size_t room = b->max + strlen(END) - before;
    buf_append_str(&b->json, str_sub(html, 0, room));
    size_t from = before > strlen(END) ? before - strlen(END) : 0;
    struct str tail = str_sub(buf_str(&b->json), from, b->json.n);
    size_t end = str_find(tail, str_of(END));
    if (end < tail.n)
        buf_truncate(&b->json, from + end);
    else if (html.n > room)
        buf_wipe_free(&b->json);
    else
        return;
    b->at = BOOTSTRAP_OVER;
}

void bootstrap_feed(struct bootstrap *b, struct str html)
{
    while (html.n != 0 && b->at != BOOTSTRAP_OVER) {
        if (b->at == BOOTSTRAP_TEXT) {
            html = feed_text(b, html);
        } else if (b->at == BOOTSTRAP_TAG) {
            html = feed_tag(b, html);
        } else {
            feed_json(b, html);
            return;
        }
    }
}

struct str bootstrap_json(const struct bootstrap *b)
{
    return b->at == BOOTSTRAP_OVER ? buf_str(&b->json) : STR_NONE;
}
