/*
 * Delta encoding v1: operations on documents, one document a channel.
 * Called by inspect/answer.c with each parsed event; which message means what
 * is decided there, once the stream has ended.
 */
#include "inspect/delta.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/json.h"

/* A path taken apart; names with ~0 and ~1 undone. */
struct walk {
    struct str names[DELTA_PATH_MAX];
    size_t count;
    struct arena arena;
};

void delta_setup(struct delta *d)
{
    *d = (struct delta){.budget = {.max = DELTA_BUDGET_BYTES}};
    buf_append_str(&d->operation, STR("add"));
}

void delta_free(struct delta *d)
{
    for (size_t i = 0; i < d->count; i++) {
        doc_free(&d->messages[i].doc, &d->budget);
        buf_wipe_free(&d->messages[i].cut);
    }
    mem_free(d->messages);
    buf_free(&d->path);
    buf_free(&d->operation);
    buf_free(&d->text_path);
    buf_free(&d->grown_path);
    *d = (struct delta){0};
}

/* ---- messages ------------------------------------------------------- */

static struct message *add_message(struct delta *d, int64_t channel)
{
    if (d->count == DELTA_MESSAGES_MAX) {
        d->is_over_limit = true;
        return NULL;
    }
    if (d->count == d->cap) {
        d->cap = d->cap == 0 ? 4 : d->cap * 2;
        d->messages = mem_realloc(d->messages, d->cap * sizeof *d->messages);
    }
    d->messages[d->count] = (struct message){.channel = channel};
    return &d->messages[d->count++];
}

static struct message *of_channel(struct delta *d, int64_t channel)
{
    for (size_t i = d->count; i-- > 0;)
        if (d->messages[i].channel == channel)
            return &d->messages[i];
    return NULL;
}

static struct str id_of(const struct doc *document)
{
    return doc_get_text(doc_get(document, "message"), "id");
}

static struct str role_of(const struct doc *document)
{
    const struct doc *message = doc_get(document, "message");
    return doc_get_text(doc_get(message, "author"), "role");
}

static struct message *of_id(struct delta *d, struct str id)
{
    for (size_t i = d->count; id.n != 0 && i-- > 0;)
        if (str_eq(id_of(d->messages[i].doc), id))
            return &d->messages[i];
    return NULL;
}

bool delta_has_id(const struct delta *d, struct str id)
{
    for (size_t i = 0; i < d->count && id.n != 0; i++)
        if (str_eq(id_of(d->messages[i].doc), id))
            return true;
    return false;
}

bool delta_has_message(const struct delta *d, const struct message *message)
{
    return delta_has_id(d, id_of(message->doc));
}

/* Whole messages without ids: one that comes again under its role is the same
 * one, grown. */
static struct message *of_nobody(struct delta *d, const struct doc *made)
{
    struct message *last = d->count != 0 ? &d->messages[d->count - 1] : NULL;
    if (last == NULL || last->channel >= 0 || id_of(last->doc).n != 0)
        return NULL;
    return str_eq(role_of(last->doc), role_of(made)) ? last : NULL;
}

/* ---- text that goes away -------------------------------------------- */

static void keep_cut(struct delta *d, struct message *m, struct str text)
{
    if (text.n == 0)
        return;
    if (m->cut.n + text.n > DELTA_CUT_MAX) {
        d->is_over_limit = true;
        return;
    }
    if (m->cut.n != 0)
        buf_append_char(&m->cut, '\n');
    buf_append_str(&m->cut, text);
}

static void keep_strings(
    struct delta *d, struct message *m, const struct json_node *value)
{
    keep_cut(d, m, json_str(value));
    for (const struct json_node *c = value->first; c != NULL; c = c->next)
        keep_strings(d, m, c);
}

/* The strings of a content subtree, but not what only labels it. */
static void collect(const struct doc *doc, struct buf *out)
{
    if (doc == NULL)
        return;
    if (doc->kind == JSON_STRING && !str_is(buf_str(&doc->key), "content_type"))
        buf_append_str(out, buf_str(&doc->text));
    for (const struct doc *c = doc->first; c != NULL; c = c->next)
        collect(c, out);
}

static bool begins_with(struct str text, struct str begin)
{
    return begin.n <= text.n && str_eq(begin, str_sub(text, 0, begin.n));
}

static void compare(struct delta *d, struct message *m, const struct buf *old,
    const struct doc *now)
{
    struct buf text = {0};
    collect(now, &text);
    bool is_prefix = begins_with(buf_str(&text), buf_str(old)) ||
                     (d->is_again && begins_with(buf_str(old), buf_str(&text)));
    if (!is_prefix)
        keep_cut(d, m, buf_str(old));
    buf_wipe_free(&text);
}

/* ---- walking -------------------------------------------------------- */

static struct str unescape(struct arena *arena, struct str name)
{
    if (str_find_char(name, '~') == name.n)
        return name;
    char *copy = arena_alloc(arena, name.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '~' && i + 1 < name.n &&
            (name.p[i + 1] == '0' || name.p[i + 1] == '1'))
            c = name.p[++i] == '0' ? '~' : '/';
        copy[n++] = c;
    }
    return str_make(copy, n);
}

static bool take_apart(struct walk *walk, struct str path)
{
    struct str name;
    if (path.n != 0 && path.p[0] == '/')
        path = str_sub(path, 1, path.n);
    if (path.n == 0)
        return true;
    while (str_split(&path, '/', &name)) {
        if (walk->count == DELTA_PATH_MAX)
            return false;
        walk->names[walk->count++] = unescape(&walk->arena, name);
    }
    return true;
}

static bool index_of(
    const struct doc *array, struct str name, size_t *index_out)
{
    uint64_t index;
    if (str_is(name, "-")) {
        *index_out = array->count;
        return true;
    }
    if (str_to_u64(name, &index) != OK || index > DELTA_ELEMENTS_MAX)
        return false;
    *index_out = (size_t)index;
    return true;
}

static struct doc *child_of(const struct doc *parent, struct str name)
{
    size_t index;
    if (parent->kind != JSON_ARRAY)
        return doc_get_str(parent, name);
    return index_of(parent, name, &index) ? doc_at(parent, index) : NULL;
}

/* Puts child where name says; what is there already is replaced. */
static bool put_child(struct delta *d, struct doc *parent, struct str name,
    struct doc *child, bool inserts)
{
    size_t index;
    if (parent->kind == JSON_OBJECT) {
        doc_set(parent, name, child, &d->budget);
        return true;
    }
    if (parent->kind != JSON_ARRAY || parent->count >= DELTA_ELEMENTS_MAX ||
        !index_of(parent, name, &index)) {
        d->is_odd = true;
        doc_free(&child, &d->budget);
        return false;
    }
    struct doc *old = doc_at(parent, index);
    if (old != NULL && (!inserts || old->kind == JSON_STRING))
        doc_replace(old, child, &d->budget);
    else
        doc_insert(parent, index, child);
    return true;
}

static bool is_index(struct str name)
{
    uint64_t index;
    return str_is(name, "-") || str_to_u64(name, &index) == OK;
}

/* The container that the last name of the path stands in, made where it is
 * missing. */
static struct doc *parent_of(
    struct delta *d, struct doc *root, const struct walk *walk)
{
    struct doc *at = root;
    for (size_t i = 0; i + 1 < walk->count; i++) {
        struct doc *next = child_of(at, walk->names[i]);
        bool is_container = next != NULL && (next->kind == JSON_ARRAY ||
                                                next->kind == JSON_OBJECT);
        if (!is_container) {
            struct doc *made =
                doc_new(is_index(walk->names[i + 1]) ? JSON_ARRAY : JSON_OBJECT,
                    &d->budget);
            if (made == NULL) {
                d->is_over_limit = true;
                return NULL;
            }
            if (!put_child(d, at, walk->names[i], made, false))
                return NULL;
            next = child_of(at, walk->names[i]);
        }
        if (next == NULL)
            return NULL;
        at = next;
    }
    return at;
}

/* ---- operations ------------------------------------------------------ */

/* Bytes of the first `units` UTF-16 code units. */
static size_t utf16_prefix(struct str text, uint64_t units)
{
    size_t i = 0;
    while (i < text.n) {
        size_t n = utf8_length(str_sub(text, i, text.n));
        uint64_t cost = n == 4 ? 2 : 1;
        if (units < cost)
            break;
        units -= cost;
        i += n == 0 ? 1 : n;
    }
    return i;
}

static bool is_content(const struct walk *walk)
{
    return walk->count >= 2 && str_is(walk->names[0], "message") &&
           str_is(walk->names[1], "content");
}

/* The content in what the path addresses: some of it, all, or the message. */
static const struct doc *content_in(
    const struct walk *walk, const struct doc *target)
{
    if (walk->count == 1 && str_is(walk->names[0], "message"))
        return doc_get(target, "content");
    return is_content(walk) ? target : NULL;
}

static void truncate_array(struct delta *d, struct message *m,
    const struct walk *walk, struct doc *array, size_t keep)
{
    while (array->count > keep) {
        struct doc *last = doc_at(array, keep);
        struct buf old = {0};
        collect(content_in(walk, last), &old);
        keep_cut(d, m, buf_str(&old));
        buf_wipe_free(&old);
        doc_remove(array, last, &d->budget);
    }
}

static void truncate_doc(struct delta *d, struct message *m,
    const struct walk *walk, struct doc *target, const struct json_node *value)
{
    int64_t keep;
    if (target == NULL || json_int(value, &keep) != OK || keep < 0) {
        d->is_odd = true;
        return;
    }
    if (target->kind == JSON_ARRAY) {
        truncate_array(d, m, walk, target, (size_t)keep);
    } else if (target->kind == JSON_STRING) {
        struct str text = buf_str(&target->text);
        size_t n = utf16_prefix(text, (uint64_t)keep);
        keep_cut(d, m, str_sub(text, n, text.n));
        d->budget.used -= text.n - n;
        buf_truncate(&target->text, n);
    }
}

static struct doc *copy(struct delta *d, const struct json_node *value)
{
    struct doc *doc = doc_copy(value, &d->budget);
    if (doc == NULL)
        d->is_over_limit = true;
    return doc;
}

static void append_elements(
    struct delta *d, struct doc *array, const struct json_node *value)
{
    const struct json_node *c =
        value->kind == JSON_ARRAY ? value->first : value;
    for (; c != NULL; c = value->kind == JSON_ARRAY ? c->next : NULL) {
        struct doc *made =
            array->count < DELTA_ELEMENTS_MAX ? copy(d, c) : NULL;
        if (made == NULL) {
            d->is_over_limit = true;
            return;
        }
        doc_push(array, made);
    }
}

static void merge_members(
    struct delta *d, struct doc *object, const struct json_node *value)
{
    for (const struct json_node *c = value->first; c != NULL; c = c->next) {
        struct doc *made = copy(d, c);
        if (made == NULL)
            return;
        doc_set(object, c->key, made, &d->budget);
    }
}

/* True when target could take the value by growing. */
static bool append_to(
    struct delta *d, struct doc *target, const struct json_node *value)
{
    if (target->kind == JSON_STRING &&
        (value->kind == JSON_STRING || value->kind == JSON_NUMBER)) {
        if (!doc_append_text(target, value->text, &d->budget))
            d->is_over_limit = true;
        return true;
    }
    if (target->kind == JSON_ARRAY) {
        append_elements(d, target, value);
        return true;
    }
    if (target->kind == JSON_OBJECT && value->kind == JSON_OBJECT) {
        merge_members(d, target, value);
        return true;
    }
    return false;
}

static void set_at(struct delta *d, struct message *m, const struct walk *walk,
    struct doc *parent, struct doc *target, const struct json_node *value,
    bool inserts)
{
    struct doc *made = copy(d, value);
    if (made == NULL)
        return;
    struct str name = walk->names[walk->count - 1];
    bool replaces = target != NULL && !(inserts && parent->kind == JSON_ARRAY &&
                                          target->kind != JSON_STRING);
    struct buf old = {0};
    if (replaces)
        collect(content_in(walk, target), &old);
    if (put_child(d, parent, name, made, inserts) && old.n != 0)
        compare(d, m, &old, content_in(walk, child_of(parent, name)));
    buf_wipe_free(&old);
}

static void operate_below(struct delta *d, struct message *m,
    const struct walk *walk, struct str operation,
    const struct json_node *value)
{
    struct doc *parent = parent_of(d, m->doc, walk);
    if (parent == NULL)
        return;
    struct doc *target = child_of(parent, walk->names[walk->count - 1]);
    if (str_is(operation, "append")) {
        if (target == NULL || !append_to(d, target, value))
            set_at(d, m, walk, parent, target, value, false);
        else if (target->kind == JSON_STRING)
            d->grown = target;
    } else if (str_is(operation, "add") || str_is(operation, "replace")) {
        set_at(d, m, walk, parent, target, value, str_is(operation, "add"));
    } else if (str_is(operation, "truncate")) {
        truncate_doc(d, m, walk, target, value);
    } else if (str_is(operation, "remove")) {
        struct buf old = {0};
        collect(content_in(walk, target), &old);
        keep_cut(d, m, buf_str(&old));
        buf_wipe_free(&old);
        if (target != NULL)
            doc_remove(parent, target, &d->budget);
    } else { /* unknown: the text is kept for scanning all the same */
        d->is_odd = true;
        keep_strings(d, m, value);
    }
}

/* A new document, on a channel or by its own id. */
static void put_document(
    struct delta *d, int64_t channel, const struct json_node *value)
{
    struct doc *made = copy(d, value);
    if (made == NULL)
        return;
    struct message *m = of_id(d, id_of(made));
    struct message *before = channel >= 0 ? of_channel(d, channel) : NULL;
    if (m == NULL && before != NULL && id_of(before->doc).n == 0)
        m = before;
    if (m == NULL && channel < 0 && id_of(made).n == 0)
        m = of_nobody(d, made);
    if (before != NULL && before != m)
        before->channel = -1;
    if (m == NULL)
        m = add_message(d, channel);
    if (m == NULL) {
        doc_free(&made, &d->budget);
        return;
    }
    if (channel >= 0)
        m->channel = channel;
    struct buf old = {0};
    collect(doc_get(doc_get(m->doc, "message"), "content"), &old);
    doc_free(&m->doc, &d->budget);
    m->doc = made;
    if (old.n != 0)
        compare(d, m, &old, doc_get(doc_get(made, "message"), "content"));
    buf_wipe_free(&old);
}

bool delta_push(
    struct delta *d, int64_t channel, const struct json_node *document)
{
    struct message *m = add_message(d, channel);
    if (m != NULL && document != NULL)
        m->doc = copy(d, document);
    return m != NULL && (document == NULL || m->doc != NULL);
}

void delta_put(struct delta *d, const struct json_node *document)
{
    if (!json_is(document, JSON_OBJECT)) {
        d->is_odd = true;
        return;
    }
    d->grown = NULL;
    d->takes_plain = false;
    put_document(d, -1, document);
}

static struct message *current(struct delta *d)
{
    struct message *m = of_channel(d, d->channel);
    if (m == NULL)
        m = add_message(d, d->channel);
    if (m != NULL && m->doc == NULL)
        m->doc = doc_new(JSON_OBJECT, &d->budget);
    if (m != NULL && m->doc == NULL)
        d->is_over_limit = true;
    return m != NULL && m->doc != NULL ? m : NULL;
}

/* No operation takes this value: its text is kept for scanning. */
static void keep_odd(struct delta *d, const struct json_node *value)
{
    struct message *m = value != NULL ? current(d) : NULL;
    d->is_odd = true;
    if (m != NULL)
        keep_strings(d, m, value);
}

static void operate_on_root(
    struct delta *d, struct str operation, const struct json_node *value)
{
    if (!json_is(value, JSON_OBJECT)) {
        keep_odd(d, value);
        return;
    }
    struct message *m = of_channel(d, d->channel);
    if (str_is(operation, "append") && m != NULL && m->doc != NULL)
        merge_members(d, m->doc, value);
    else
        put_document(d, d->channel, value);
}

static void set_buf(struct buf *b, struct str text)
{
    buf_clear(b);
    buf_append_str(b, text);
}

/* The usual delta, without walking: text behind the last one's text. */
static bool append_again(struct delta *d, struct str path, struct str operation,
    const struct json_node *value)
{
    return d->grown != NULL && json_is(value, JSON_STRING) &&
           d->channel == d->grown_channel && str_is(operation, "append") &&
           str_eq(path, buf_str(&d->grown_path)) &&
           append_to(d, d->grown, value);
}

static void operate(struct delta *d, struct str path, struct str operation,
    const struct json_node *value)
{
    static const struct json_node nothing = {.kind = JSON_NULL};
    if (append_again(d, path, operation, value))
        return;
    struct walk walk;
    walk.count = 0;
    walk.arena = (struct arena){0};
    d->grown = NULL;
    if (value == NULL)
        value = &nothing;
    if (!take_apart(&walk, path)) {
        keep_odd(d, value);
    } else if (walk.count == 0) {
        operate_on_root(d, operation, value);
    } else {
        struct message *m = current(d);
        if (m != NULL)
            operate_below(d, m, &walk, operation, value);
    }
    if (d->grown != NULL) {
        set_buf(&d->grown_path, path);
        d->grown_channel = d->channel;
    }
    arena_free(&walk.arena);
}

/* ---- what is inherited ------------------------------------------------ */

static void remember_text_path(
    struct delta *d, struct str path, struct str operation)
{
    if (str_is(operation, "append") && str_starts(path, "/message/content"))
        set_buf(&d->text_path, path);
}

static bool is_operation_list(const struct json_node *value)
{
    if (!json_is(value, JSON_ARRAY) || value->count == 0)
        return false;
    for (const struct json_node *c = value->first; c != NULL; c = c->next)
        if (json_get(c, "v") == NULL && json_get(c, "o") == NULL)
            return false;
    return true;
}

/* A patch may stand in a patch, as deep as JSON nests; count: of all the
 * operations of the event. */
static void patch_some(struct delta *d, struct str base,
    const struct json_node *list, size_t *count)
{
    struct buf path = {0}, operation = {0};
    buf_append_str(&operation, STR("add"));
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        const struct json_node *value = json_get(c, "v");
        if (++*count > DELTA_OPERATIONS_MAX) {
            d->is_over_limit = true;
            break;
        }
        if (json_is(json_get(c, "p"), JSON_STRING)) {
            set_buf(&path, base);
            buf_append_str(&path, json_get_text(c, "p"));
        }
        if (json_is(json_get(c, "o"), JSON_STRING))
            set_buf(&operation, json_get_text(c, "o"));
        if (str_is(buf_str(&operation), "patch") &&
            json_is(value, JSON_ARRAY)) {
            patch_some(d, buf_str(&path), value, count);
            continue;
        }
        remember_text_path(d, buf_str(&path), buf_str(&operation));
        operate(d, buf_str(&path), buf_str(&operation), value);
    }
    buf_free(&path);
    buf_free(&operation);
}

static void patch(
    struct delta *d, struct str base, const struct json_node *list)
{
    size_t count = 0;
    patch_some(d, base, list, &count);
}

/* Text between the quotes of {"v":"…"}; false when it has to be unescaped or
 * checked. */
static bool read_plain_value(struct str json, struct str *text_out)
{
    size_t from = sizeof "{\"v\":\"" - 1;
    if (json.n < from + 2 || json.p[json.n - 1] != '}' ||
        json.p[json.n - 2] != '"' || memcmp(json.p, "{\"v\":", 5) != 0)
        return false;
    if (json.p[5] == ' ')
        from++;
    if (json.n < from + 2 || json.p[from - 1] != '"')
        return false;
    *text_out = str_sub(json, from, json.n - 2);
    return json_is_plain(*text_out);
}

bool delta_apply_plain(struct delta *d, struct str json)
{
    struct str text;
    if (!d->takes_plain || !read_plain_value(json, &text))
        return false;
    if (!doc_append_text(d->grown, text, &d->budget))
        d->is_over_limit = true;
    return true;
}

/* {"v":{"message":…},"c":3} opens a document whatever path was inherited. */
static bool opens_document(
    const struct json_node *delta, const struct json_node *value)
{
    return json_get(delta, "p") == NULL && json_get(delta, "c") != NULL &&
           json_is(json_get(value, "message"), JSON_OBJECT);
}

static void apply(struct delta *d, const struct json_node *delta)
{
    const struct json_node *value = json_get(delta, "v");
    int64_t channel;
    if (json_int(json_get(delta, "c"), &channel) == OK && channel >= 0)
        d->channel = channel;
    if (opens_document(delta, value)) {
        set_buf(&d->path, STR(""));
        set_buf(&d->operation, STR("add"));
    }
    if (json_is(json_get(delta, "p"), JSON_STRING))
        set_buf(&d->path, json_get_text(delta, "p"));
    if (json_is(json_get(delta, "o"), JSON_STRING))
        set_buf(&d->operation, json_get_text(delta, "o"));
    struct str operation = buf_str(&d->operation);
    bool states_operation = json_get(delta, "o") != NULL;
    if (str_is(operation, "patch") && json_is(value, JSON_STRING) &&
        d->text_path.n != 0) {
        operate(d, buf_str(&d->text_path), STR("append"), value);
    } else if (str_is(operation, "patch")) {
        bool is_absolute = states_operation && json_get(delta, "p") == NULL;
        if (json_is(value, JSON_ARRAY))
            patch(d, is_absolute ? STR_NONE : buf_str(&d->path), value);
        else
            keep_odd(d, value);
    } else if (!states_operation && is_operation_list(value)) {
        patch(d, STR_NONE, value);
    } else {
        remember_text_path(d, buf_str(&d->path), operation);
        operate(d, buf_str(&d->path), operation, value);
    }
}

void delta_apply(struct delta *d, const struct json_node *delta)
{
    if (!json_is(delta, JSON_OBJECT)) {
        d->is_odd = true;
        return;
    }
    apply(d, delta);
    d->takes_plain = d->grown != NULL && d->channel == d->grown_channel &&
                     str_is(buf_str(&d->operation), "append") &&
                     str_eq(buf_str(&d->path), buf_str(&d->grown_path));
}
