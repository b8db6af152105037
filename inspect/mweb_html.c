/*
 * The light web app's answer as HTML: nested templates say which region of
 * the page they set or extend, elements with a block index hold the words,
 * spans with a control attribute say how the stream stands.  A scanner, no
 * parser: bytes become tags and text, tags move between blocks, and the same
 * block told as pending and as committed counts once, as committed.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "inspect/html.h"
#include "inspect/json.h"
#include "inspect/mweb.h"

enum {
    DEPTH_MAX = 64, /* open templates and blocks that are told apart */
    NAME_MAX_BYTES = 32,
    TAIL_INDEX = INT32_MAX, /* of what stands behind the numbered blocks */
};

enum state {
    IN_TEXT,
    IN_OPEN, /* after "<" */
    IN_TAG,
    IN_INSTRUCTION, /* "<?…>", "<!…>" */
    IN_COMMENT,
    IN_RAW, /* script, style: until its end tag */
};

enum region {
    REGION_OTHER, /* text that travels beside the answer */
    REGION_NONE,  /* status lines */
    REGION_PENDING,
    REGION_COMMITTED,
};

struct block {
    enum region region; /* REGION_NONE: the source of a writing block */
    int64_t index;
    struct buf text;
    bool wants_newline;
};

/* What an open element changes for the text in it. */
struct level {
    char name[NAME_MAX_BYTES];
    enum region region;
    int64_t index;    /* -1: no block */
    bool is_replaced; /* what stood in the region goes */
};

struct mweb_html {
    struct mweb *to;
    enum state state;
    struct buf tag; /* behind the "<" */
    char quote;     /* inside an attribute's value */
    bool is_skipped, is_value;
    char entity[HTML_ENTITY_BYTES_MAX];
    size_t entity_n;
    size_t matched; /* of the end of a comment or of raw text */
    bool is_style, is_finished;
    struct level levels[DEPTH_MAX];
    size_t depth, pre;
    struct block *blocks;
    size_t block_count, text_bytes;
    struct buf hidden;
    bool hidden_newline;
    struct str message_id;
};

/* ---- text ------------------------------------------------------------- */

static struct block *block_of(
    struct mweb_html *r, enum region region, int64_t index)
{
    for (size_t i = r->block_count; i > 0; i--)
        if (r->blocks[i - 1].region == region &&
            r->blocks[i - 1].index == index)
            return &r->blocks[i - 1];
    if (r->block_count == MWEB_BLOCKS_MAX) {
        r->to->is_over_limit = true;
        return NULL;
    }
    if (r->blocks == NULL)
        r->blocks = mem_calloc(MWEB_BLOCKS_MAX, sizeof *r->blocks);
    struct block *b = &r->blocks[r->block_count++];
    b->region = region;
    b->index = index;
    return b;
}

/* Words without a block of their own go on with the last one. */
static int64_t last_index(const struct mweb_html *r, enum region region)
{
    int64_t last = 0;
    for (size_t i = 0; i < r->block_count; i++)
        if (r->blocks[i].region == region && r->blocks[i].index > last)
            last = r->blocks[i].index;
    return last;
}

static struct level level_of(const struct mweb_html *r)
{
    static const struct level outside = {"", REGION_OTHER, -1, false};
    return r->depth == 0 ? outside : r->levels[r->depth - 1];
}

static struct block *block_here(struct mweb_html *r)
{
    struct level level = level_of(r);
    if (level.region != REGION_PENDING && level.region != REGION_COMMITTED)
        return NULL;
    return block_of(r, level.region,
        level.index >= 0 ? level.index : last_index(r, level.region));
}

static bool is_blank(char c)
{
    return html_is_blank(c);
}

static void strip_blanks(struct buf *b)
{
    while (b->n != 0 && is_blank(buf_bytes(b)[b->n - 1]))
        buf_truncate(b, b->n - 1);
}

/* Blanks between elements are layout; in a block they are the author's, but
 * where a line begins. */
static void put_char(
    struct mweb_html *r, struct buf *to, bool *wants_newline, char c)
{
    if (r->pre == 0 && is_blank(c)) {
        bool is_block = level_of(r).index >= 0;
        if (to->n == 0 || *wants_newline)
            return;
        if (!is_block && is_blank(buf_bytes(to)[to->n - 1]))
            return;
        c = is_block ? c : ' ';
    }
    if (r->text_bytes >= 2 * MWEB_TEXT_BYTES_MAX) {
        r->to->is_over_limit = true;
        return;
    }
    if (*wants_newline && to->n != 0) {
        strip_blanks(to);
        buf_append_char(to, '\n');
    }
    *wants_newline = false;
    buf_append_char(to, c);
    r->text_bytes++;
}

static void put_text(struct mweb_html *r, struct str text)
{
    struct level level = level_of(r);
    struct block *b = block_here(r);
    for (size_t i = 0; i < text.n; i++)
        if (b != NULL)
            put_char(r, &b->text, &b->wants_newline, text.p[i]);
        else if (level.region == REGION_OTHER)
            put_char(r, &r->hidden, &r->hidden_newline, text.p[i]);
}

static void break_line(struct mweb_html *r)
{
    struct level level = level_of(r);
    struct block *b = block_here(r);
    if (b != NULL)
        b->wants_newline = true;
    else if (level.region == REGION_OTHER)
        r->hidden_newline = true;
}

static void flush_entity(struct mweb_html *r)
{
    char out[4];
    size_t n = html_decode_entity(r->entity, r->entity_n, out);
    if (n != 0)
        put_text(r, str_make(out, n));
    else
        put_text(r, str_make(r->entity, r->entity_n));
    r->entity_n = 0;
}

static void read_text_char(struct mweb_html *r, char c)
{
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   (c >= '0' && c <= '9') || c == '#';
    if (r->entity_n != 0) {
        bool is_room = r->entity_n < HTML_ENTITY_BYTES_MAX - 1;
        if ((is_word || c == ';') && is_room)
            r->entity[r->entity_n++] = c;
        if (c == ';' && is_room) {
            flush_entity(r);
            return;
        }
        if (is_word && is_room)
            return;
        flush_entity(r);
    }
    if (c == '&')
        r->entity[r->entity_n++] = c;
    else
        put_text(r, str_make(&c, 1));
}

/* ---- tags ------------------------------------------------------------- */

static enum region region_of(struct str name)
{
    if (!str_starts(name, "assistant-"))
        return REGION_OTHER;
    if (str_ends(name, "-reasoning"))
        return REGION_NONE;
    if (str_ends(name, "-pending") || str_ends(name, "-pending-tail"))
        return REGION_PENDING;
    if (str_has(name, "-committed"))
        return REGION_COMMITTED;
    return REGION_OTHER;
}

static int64_t number_of(struct str text)
{
    uint64_t n;
    return str_to_u64(text, &n) == OK && n < INT32_MAX ? (int64_t)n : -1;
}

/* "…-committed-block-7" */
static int64_t block_in_name(struct str name)
{
    size_t at = str_find(name, STR("-committed-block-"));
    return at == name.n ? -1 : number_of(str_sub(name, at + 17, name.n));
}

static void clear_blocks(struct mweb_html *r, enum region region, int64_t index)
{
    for (size_t i = 0; i < r->block_count; i++) {
        struct block *b = &r->blocks[i];
        if (b->region != region || (index >= 0 && b->index != index))
            continue;
        r->text_bytes -= b->text.n < r->text_bytes ? b->text.n : r->text_bytes;
        buf_clear(&b->text);
        b->wants_newline = false;
    }
}

static void open_template(
    struct mweb_html *r, struct str attributes, struct level *level)
{
    struct buf value = {0};
    if (html_find_attribute(attributes, "for", &value)) {
        struct str name = buf_str(&value);
        level->region = region_of(name);
        level->index = block_in_name(name);
        level->is_replaced = html_find_attribute(attributes,
                                 "data-web-mobile-dpu-apply", &value) &&
                             str_is(buf_str(&value), "replace");
        if (level->is_replaced && level->index < 0 &&
            level->region == REGION_COMMITTED)
            level->index = TAIL_INDEX;
        if (level->is_replaced)
            clear_blocks(r, level->region, level->index);
    }
    buf_free(&value);
}

/* A block of a page that was rendered whole stands in no region. */
static void open_block(
    struct mweb_html *r, struct str name, struct str value, struct level *level)
{
    int64_t index = number_of(value);
    if (level->region == REGION_OTHER)
        level->region = REGION_COMMITTED;
    if (index < 0)
        return;
    if (level->is_replaced && level->index != index)
        clear_blocks(r, level->region, index);
    level->index = index;
    level->is_replaced = false;
    struct block *b = block_of(r, level->region, index);
    /* A paragraph that comes again goes on; a list item is a line. */
    if (b != NULL && !str_is(name, "p") && !str_is(name, "span"))
        b->wants_newline = b->text.n != 0;
}

static bool is_in(struct str name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (str_is(name, *names))
            return true;
    return false;
}

static bool breaks_line(struct str name)
{
    static const char *const names[] = {"p", "li", "h1", "h2", "h3", "h4", "h5",
        "h6", "pre", "tr", "td", "th", "div", "br", "ul", "ol", "table",
        "blockquote", "section", "hr", NULL};
    return is_in(name, names);
}

static bool is_void(struct str name)
{
    static const char *const names[] = {"br", "hr", "img", "input", "meta",
        "link", "wbr", "source", "col", "area", "base", "embed", "track", NULL};
    return is_in(name, names);
}

static void read_control(struct mweb_html *r, struct str attributes)
{
    struct mweb *m = r->to;
    struct buf value = {0};
    if (!html_find_attribute(attributes, "data-conversation-control", &value))
        goto out;
    struct str kind = buf_str(&value);
    if (str_is(kind, "failed"))
        m->has_failed = true;
    else if (str_is(kind, "complete") ||
             str_is(kind, "message-stream-complete"))
        m->saw_end = true;
    if (html_find_attribute(attributes, "data-conversation-id", &value))
        m->conversation_id = mweb_keep(m, buf_str(&value), m->conversation_id);
    if (html_find_attribute(attributes, "data-message-id", &value))
        r->message_id = mweb_keep(m, buf_str(&value), r->message_id);
out:
    buf_free(&value);
}

static void put_hidden(struct mweb_html *r, struct str text)
{
    if (text.n == 0)
        return;
    if (r->text_bytes + text.n > 2 * MWEB_TEXT_BYTES_MAX) {
        r->to->is_over_limit = true;
        return;
    }
    if (r->hidden.n != 0)
        buf_append_char(&r->hidden, '\n');
    buf_append_str(&r->hidden, text);
    r->hidden_newline = true;
    r->text_bytes += text.n;
}

/* {content, index}: the block's text before it was rendered. */
static void read_writing(struct mweb_html *r, const struct json_node *root)
{
    int64_t index;
    struct str content = json_get_text(root, "content");
    if (json_int(json_get(root, "index"), &index) != OK || index < 0 ||
        index >= INT32_MAX) {
        put_hidden(r, content);
        return;
    }
    struct block *b = block_of(r, REGION_NONE, index);
    if (b == NULL || r->text_bytes + content.n > 2 * MWEB_TEXT_BYTES_MAX)
        return;
    clear_blocks(r, REGION_NONE, index);
    buf_append_str(&b->text, content);
    r->text_bytes += content.n;
}

static void read_sources(struct mweb_html *r, const struct json_node *list)
{
    static const char *const members[] = {"title", "url", "attribution"};
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        for (size_t i = 0; i < ARRAY_LEN(members); i++)
            put_hidden(r, json_get_text(c, members[i]));
}

/* Attributes that hold text, as JSON. */
static void read_payloads(struct mweb_html *r, struct str attributes)
{
    struct buf value = {0};
    struct arena scratch = {0};
    struct json_node *root;
    if (html_find_attribute(attributes, "data-writing-block-source", &value) &&
        json_parse(buf_str(&value), &scratch, NULL, &root) == OK)
        read_writing(r, root);
    if (html_find_attribute(
            attributes, "data-assistant-sources-payload", &value) &&
        json_parse(buf_str(&value), &scratch, NULL, &root) == OK)
        read_sources(r, root);
    arena_free(&scratch);
    buf_free(&value);
}

static void push_level(struct mweb_html *r, struct str name, struct level level)
{
    if (r->depth == DEPTH_MAX) {
        r->to->is_over_limit = true;
        return;
    }
    for (size_t i = 0; i < NAME_MAX_BYTES; i++)
        level.name[i] = i < name.n && i + 1 < NAME_MAX_BYTES ? name.p[i] : '\0';
    r->levels[r->depth++] = level;
}

static void open_tag(
    struct mweb_html *r, struct str name, struct str attributes)
{
    struct buf value = {0};
    if (str_is(name, "pre"))
        r->pre++;
    if (str_is(name, "p")) /* ends the one before */
        while (r->depth != 0 && str_is(name, r->levels[r->depth - 1].name))
            r->depth--;
    struct level level = level_of(r);
    bool is_level = str_is(name, "template");
    if (is_level) {
        open_template(r, attributes, &level);
    } else if (html_find_attribute(
                   attributes, "data-assistant-stream-block-index", &value)) {
        open_block(r, name, buf_str(&value), &level);
        is_level = true;
    } else if (breaks_line(name)) {
        break_line(r);
    }
    read_control(r, attributes);
    read_payloads(r, attributes);
    /* Every element of a block's name counts, or its end would be taken for
     * the block's. */
    bool is_nested = r->depth != 0 && str_is(name, level_of(r).name);
    if ((is_level || is_nested) && !is_void(name))
        push_level(r, name, level);
    if (str_is(name, "script") || str_is(name, "style")) {
        r->state = IN_RAW;
        r->is_style = str_is(name, "style");
        r->matched = 0;
    }
    buf_free(&value);
}

static void close_tag(struct mweb_html *r, struct str name)
{
    if (str_is(name, "pre") && r->pre != 0)
        r->pre--;
    /* Words behind a block's end go on with it: a tail that grows. */
    if (level_of(r).region == REGION_OTHER && breaks_line(name))
        break_line(r);
    /* Templates close what was left open inside them; other elements only
     * themselves. */
    if (str_is(name, "template")) {
        size_t at = r->depth;
        while (at > 0 && !str_is(name, r->levels[at - 1].name))
            at--;
        r->depth = at > 0 ? at - 1 : r->depth;
        r->pre = 0;
    } else if (r->depth != 0 && str_is(name, level_of(r).name)) {
        r->depth--;
    }
}

static void read_tag(struct mweb_html *r)
{
    struct str tag = buf_str(&r->tag);
    bool is_close = str_starts(tag, "/");
    tag = str_sub(tag, is_close ? 1 : 0, tag.n);
    size_t n = 0;
    while (n < tag.n && !is_blank(tag.p[n]) && tag.p[n] != '/')
        n++;
    char lower[NAME_MAX_BYTES];
    size_t kept = n < NAME_MAX_BYTES - 1 ? n : NAME_MAX_BYTES - 1;
    for (size_t i = 0; i < kept; i++) {
        char c = tag.p[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    r->state = IN_TEXT;
    if (is_close)
        close_tag(r, str_make(lower, kept));
    else
        open_tag(r, str_make(lower, kept), str_sub(tag, n, tag.n));
    buf_clear(&r->tag);
}

/* ---- bytes ------------------------------------------------------------ */

static void read_open(struct mweb_html *r, char c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || c == '/') {
        r->state = IN_TAG;
        r->quote = '\0';
        r->is_skipped = r->is_value = false;
        buf_append_char(&r->tag, c);
        return;
    }
    if (c == '!' || c == '?') {
        r->state = IN_INSTRUCTION;
        r->matched = c == '!' ? 1 : 0;
        return;
    }
    r->state = IN_TEXT; /* a "<" among the words */
    put_text(r, STR("<"));
    if (c == '<')
        r->state = IN_OPEN;
    else
        read_text_char(r, c);
}

static void read_tag_char(struct mweb_html *r, char c)
{
    if (r->quote != '\0') {
        r->quote = c == r->quote ? '\0' : r->quote;
    } else if (c == '>') {
        read_tag(r);
        return;
    } else if ((c == '"' || c == '\'') && r->is_value) {
        r->quote = c;
    }
    if (!is_blank(c))
        r->is_value = c == '=' && r->quote == '\0';
    if (r->tag.n < MWEB_TAG_BYTES_MAX)
        buf_append_char(&r->tag, c);
    else
        r->to->is_over_limit = true;
}

/* "<!--" makes a comment of it. */
static void read_instruction(struct mweb_html *r, char c)
{
    if (r->matched != 0 && c == '-') {
        if (++r->matched == 3) {
            r->state = IN_COMMENT;
            r->matched = 2; /* "<!-->" is one too */
        }
        return;
    }
    r->matched = 0;
    if (c == '>')
        r->state = IN_TEXT;
}

static void read_comment(struct mweb_html *r, char c)
{
    if (c == '-')
        r->matched = r->matched < 2 ? r->matched + 1 : 2;
    else if (c == '>' && r->matched == 2)
        r->state = IN_TEXT;
    else
        r->matched = 0;
}

static void read_raw(struct mweb_html *r, char c)
{
    struct str end = r->is_style ? STR("</style") : STR("</script");
    char lower = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    if (lower == end.p[r->matched])
        r->matched++;
    else
        r->matched = lower == '<' ? 1 : 0;
    if (r->matched != end.n)
        return;
    r->state = IN_TAG;
    r->quote = '\0';
    r->is_value = false;
    buf_append_str(&r->tag, str_sub(end, 1, end.n));
}

static void read_char(struct mweb_html *r, char c)
{
    switch (r->state) {
    case IN_TEXT:
        if (c != '<') {
            read_text_char(r, c);
            return;
        }
        flush_entity(r);
        r->state = IN_OPEN;
        return;
    case IN_OPEN:
        read_open(r, c);
        return;
    case IN_TAG:
        read_tag_char(r, c);
        return;
    case IN_INSTRUCTION:
        read_instruction(r, c);
        return;
    case IN_COMMENT:
        read_comment(r, c);
        return;
    case IN_RAW:
        read_raw(r, c);
        return;
    }
}

/* ---- the answer ------------------------------------------------------- */

static struct str trimmed(const struct block *b)
{
    return str_trim(buf_str(&b->text));
}

static int compare_blocks(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return (int)y->region - (int)x->region; /* committed before pending */
}

/* Of one index the committed text, else the pending one, else the source.
 * Pending text that stands before what is committed was committed too. */
static void join_blocks(struct mweb_html *r, struct buf *out)
{
    int64_t committed = -1, told = -1;
    for (size_t i = 0; i < r->block_count; i++)
        if (r->blocks[i].region == REGION_COMMITTED &&
            trimmed(&r->blocks[i]).n != 0 && r->blocks[i].index > committed)
            committed = r->blocks[i].index;
    if (r->block_count != 0)
        qsort(r->blocks, r->block_count, sizeof *r->blocks, compare_blocks);
    for (size_t i = 0; i < r->block_count; i++) {
        const struct block *b = &r->blocks[i];
        struct str text = trimmed(b);
        bool is_old = b->region == REGION_PENDING && b->index <= committed;
        if (text.n == 0 || b->index == told || is_old)
            continue;
        told = b->index;
        if (out->n != 0)
            mweb_append(r->to, out, STR("\n"));
        mweb_append(r->to, out, text);
    }
}

void mweb_html_finish(struct mweb_html *r)
{
    struct mweb *m = r->to;
    if (r->is_finished)
        return;
    r->is_finished = true;
    flush_entity(r);
    if (r->state == IN_OPEN)
        put_text(r, STR("<"));
    struct buf content = {0};
    join_blocks(r, &content);
    if (content.n == 0) {
        buf_free(&content);
        return;
    }
    struct mweb_text *text = &m->texts[m->count++];
    text->message_id = r->message_id;
    buf_take(&text->content, &content);
    mweb_append(m, &text->hidden, str_trim(buf_str(&r->hidden)));
}

void mweb_html_feed(struct mweb_html *r, struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        read_char(r, bytes.p[i]);
}

struct mweb_html *mweb_html_new(struct mweb *to)
{
    struct mweb_html *r = MEM_NEW(struct mweb_html);
    r->to = to;
    return r;
}

void mweb_html_free(struct mweb_html **reader)
{
    struct mweb_html *r = *reader;
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->block_count; i++)
        buf_wipe_free(&r->blocks[i].text);
    mem_free(r->blocks);
    buf_wipe_free(&r->tag);
    buf_wipe_free(&r->hidden);
    mem_free(r);
    *reader = NULL;
}
