/*
 * From a decoded request body to the texts, ids and files of its activity, by
 * the paths of the service map; and generically where the map says nothing or
 * the body is not what it should be.
 *
 * Nothing of a body goes unscanned: strings that no path took are collected
 * in document order (exchange.rest) and scanned as hidden text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/exchange_parts.h"
#include "inspect/form.h"
#include "inspect/mime.h"
#include "inspect/pick.h"

enum {
    NUMBER_WORTH_DIGITS = 9, /* as inspect/harvest.h */
    TARGET_NAME_MAX = 256,
    FORM_DOCUMENTS_MAX = 16, /* fields whose JSON is read, */
    FORM_NODES_MAX = 65536,  /* values of each; others are text */
};

/* ---- what was taken -------------------------------------------------- */

void take(struct exchange *ex, const struct json_node *node)
{
    struct taken *t = &ex->taken;
    if (node == NULL)
        return;
    if (t->count == t->cap) {
        t->cap = t->cap == 0 ? 32 : t->cap * 2;
        t->starts = mem_realloc(t->starts, t->cap * sizeof *t->starts);
    }
    t->starts[t->count++] = node->start;
}

struct str take_text(struct exchange *ex, const struct json_node *node)
{
    if (!json_is(node, JSON_STRING) && !json_is(node, JSON_NUMBER))
        return STR_NONE;
    take(ex, node);
    return node->text;
}

void extract_join(struct exchange *ex, struct buf *to, struct str text)
{
    bool is_joint = to == &ex->activity->content && to->n != 0 && text.n != 0;
    if (is_joint && ex->joints == NULL)
        ex->joints = arena_alloc(&ex->arena, JOINTS_MAX * sizeof *ex->joints);
    if (is_joint && ex->joint_count < JOINTS_MAX)
        ex->joints[ex->joint_count++] = to->n;
    text_join(to, text);
}

static int compare_starts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_worth_text(const struct json_node *node)
{
    return (node->kind == JSON_STRING && node->first == NULL) ||
           (node->kind == JSON_NUMBER && node->text.n >= NUMBER_WORTH_DIGITS);
}

static bool is_worth_key(struct str key)
{
    size_t digits = 0;
    for (size_t i = 0; i < key.n; i++)
        digits += key.p[i] >= '0' && key.p[i] <= '9';
    return digits >= NUMBER_WORTH_DIGITS;
}

/* JSON in a string may spell its own strings with escapes, which hide them
 * from a scan of the outer one. */
static void collect_inner(struct exchange *ex, struct str text)
{
    struct str inner = str_trim(text);
    bool is_json = inner.n != 0 && (inner.p[0] == '{' || inner.p[0] == '[');
    if (!is_json || str_find_char(inner, '\\') == inner.n)
        return;
    text_join(&ex->rest, STR("\n")); /* the harvest begins on a new line */
    if (harvest_body(STR("application/json"), inner, 0, &ex->rest) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
}

static void collect_rest(
    struct exchange *ex, const struct json_node *node, size_t *next)
{
    const struct taken *t = &ex->taken;
    while (*next < t->count && t->starts[*next] < node->start)
        ++*next;
    bool is_taken = *next < t->count && t->starts[*next] == node->start;
    bool has_inner = node->kind == JSON_STRING && node->first != NULL;
    if (is_worth_key(node->key))
        text_join(&ex->rest, node->key);
    if (node->kind == JSON_STRING && (!has_inner || is_taken))
        collect_inner(ex, node->text);
    if (is_taken && has_inner)
        return; /* the JSON in it was said with it */
    if (is_worth_text(node) && !is_taken)
        text_join(&ex->rest, node->text);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        collect_rest(ex, c, next);
}

static void sort_taken(struct exchange *ex)
{
    if (ex->taken.count != 0)
        qsort(ex->taken.starts, ex->taken.count, sizeof *ex->taken.starts,
            compare_starts);
}

static void take_rest(struct exchange *ex, const struct json_node *root)
{
    size_t next = 0;
    sort_taken(ex);
    collect_rest(ex, root, &next);
}

/* ---- paths ---- */

typedef void visit_fn(
    struct exchange *ex, const struct json_node *node, struct buf *to);

/* Every string and number below. */
static void visit_text(
    struct exchange *ex, const struct json_node *node, struct buf *to)
{
    extract_join(ex, to, take_text(ex, node));
    if (node->kind == JSON_STRING)
        return; /* the JSON in a form field is the same text */
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        visit_text(ex, c, to);
}

struct visit {
    struct exchange *ex;
    visit_fn *visit;
    struct buf *to;
};

static void visit_taken(
    struct exchange *ex, const struct json_node *node, struct buf *to)
{
    (void)to;
    (void)take_text(ex, node);
}

static void visit_order(
    struct exchange *ex, const struct json_node *node, struct buf *to)
{
    (void)to;
    upload_add_order(ex, take_text(ex, node));
}

static void on_node(void *arg, const struct json_node *node)
{
    const struct visit *v = arg;
    v->visit(v->ex, node, v->to);
}

static void walk_all(struct exchange *ex, const struct json_node *root,
    const struct json_paths *paths, visit_fn *visit, struct buf *to)
{
    struct visit v = {ex, visit, to};
    pick_all(root, paths, on_node, &v);
}

struct words {
    struct arena *arena;
    const struct json_node **nodes;
    size_t count, room;
};

static void on_words(void *arg, const struct json_node *node)
{
    struct words *w = arg;
    if (w->count == w->room) {
        size_t room = w->room == 0 ? 16 : w->room * 2;
        const struct json_node **nodes =
            arena_alloc(w->arena, room * sizeof(struct json_node *));
        for (size_t i = 0; i < w->count; i++)
            nodes[i] = w->nodes[i];
        w->nodes = nodes;
        w->room = room;
    }
    w->nodes[w->count++] = node;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct json_node *x = *(const struct json_node *const *)a;
    const struct json_node *y = *(const struct json_node *const *)b;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* Words in the order in which they were sent, whatever order the map names
 * them in. */
static void walk_words(struct exchange *ex, const struct json_node *root,
    const struct json_paths *paths, struct buf *to)
{
    struct arena scratch = {0};
    struct words w = {.arena = &scratch};
    pick_all(root, paths, on_words, &w);
    if (w.count > 1)
        qsort(w.nodes, w.count, sizeof(struct json_node *), compare_nodes);
    for (size_t i = 0; i < w.count; i++)
        if (i == 0 || w.nodes[i] != w.nodes[i - 1])
            visit_text(ex, w.nodes[i], to);
    arena_free(&scratch);
}

/* ---- ids ---- */

/* The header says which one, of ChatGPT (6.1) or of the platform (7.1). */
static bool is_project(struct str id)
{
    return str_starts(id, "g-p-") || str_starts(id, "proj_");
}

/* Projects are GPTs of a kind, and stand in the same members (3.1). */
static bool is_other_gpt(struct str id)
{
    return str_starts(id, "g-") && !is_project(id);
}

static void set_id(struct exchange *ex, enum route_id id, struct str value,
    struct file_facts *file)
{
    struct activity *a = ex->activity;
    if (id == ROUTE_ID_PROJECT && is_other_gpt(value))
        return;
    struct str *const places[ROUTE_ID_COUNT] = {&a->conversation_id,
        &a->message_id, &a->parent_message_id, &a->model, &a->project_id,
        &file->id, &file->name, &file->bytes, &file->type, &ex->answer_id};
    if (id < ROUTE_ID_COUNT && places[id]->n == 0 && value.n != 0)
        *places[id] =
            arena_copy(id == ROUTE_ID_ANSWER ? &ex->arena : &a->arena, value);
}

void extract_answer_ids(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    struct file_facts none = {0};
    for (int i = 0; ex->activity != NULL && i < ROUTE_ID_FILE; i++)
        set_id(ex, (enum route_id)i, pick_text(root, &route->answer_ids[i]),
            &none);
}

static void apply_file(struct exchange *ex, const struct file_facts *facts)
{
    if (upload_take_facts(ex, facts) ||
        (facts->id.n == 0 && facts->name.n == 0))
        return;
    struct activity_file *file = extract_file(ex, facts->id, facts->name);
    uint64_t bytes;
    if (file == NULL)
        return;
    if (str_to_u64(facts->bytes, &bytes) == OK && bytes <= INT64_MAX)
        file->bytes = (int64_t)bytes;
    file->declared_type = facts->type;
}

struct str extract_parameter(
    struct arena *arena, struct str query, struct str name)
{
    struct str found, value;
    while (form_next_pair(arena, &query, &found, &value))
        if (str_eq(found, name))
            return value;
    return STR_NONE;
}

/* "?name" among the paths of an id. */
static void extract_query_id(
    struct exchange *ex, enum route_id id, struct file_facts *file)
{
    const struct json_paths *paths = &exchange_route(ex)->ids[id];
    for (size_t i = 0; i < paths->count; i++) {
        struct str step = paths->items[i].steps[0];
        if (str_starts(step, "?"))
            set_id(ex, id,
                extract_parameter(
                    &ex->arena, ex->query, str_sub(step, 1, step.n)),
                file);
    }
}

void extract_ids(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    struct file_facts file = {0};
    for (int i = 0; root != NULL && i < ROUTE_ID_COUNT; i++) {
        struct str value = STR_NONE;
        for (size_t j = 0; j < route->ids[i].count && value.n == 0; j++)
            value = pick_word(root, &route->ids[i].items[j]);
        if (i == ROUTE_ID_FILE_NAME) /* scanned as one, not with the rest */
            walk_all(ex, root, &route->ids[i], visit_taken, NULL);
        set_id(ex, (enum route_id)i, value, &file);
    }
    for (int i = 0; i < ROUTE_ID_COUNT; i++)
        extract_query_id(ex, (enum route_id)i, &file);
    for (size_t i = 0; i < ex->match.count; i++)
        set_id(ex, route_id_of(ex->match.names[i]), ex->match.values[i], &file);
    if (is_project(ex->project_header))
        set_id(ex, ROUTE_ID_PROJECT, ex->project_header, &file);
    apply_file(ex, &file);
}

/* The first of the usual names that is there, taken. */
static struct str take_first(struct exchange *ex, const struct json_node *node,
    const char *const *members)
{
    for (; *members != NULL; members++) {
        struct str text = take_text(ex, json_get(node, *members));
        if (text.n != 0)
            return text;
    }
    return STR_NONE;
}

/* {"media_type": "image/png", "data": "…"}: a data: URL without the URL. */
static void extract_media(
    struct exchange *ex, const struct json_node *node, struct str name)
{
    struct str type = json_get_text(node, "media_type");
    if (type.n == 0)
        type = json_get_text(node, "mime_type");
    if (type.n != 0)
        extract_base64(ex, json_get(node, "data"), type, name);
}

/* An attachment: its id alone, or an object with what is known of it. */
static void visit_file(
    struct exchange *ex, const struct json_node *node, struct buf *to)
{
    static const char *const ids[] = {
        "file_id", "fileId", "input_file_id", "id", NULL};
    static const char *const names[] = {
        "file_name", "fileName", "filename", "name", NULL};
    static const char *const sizes[] = {
        "file_size", "fileSize", "size_bytes", "sizeBytes", "size", NULL};
    static const char *const types[] = {
        "mime_type", "mimeType", "content_type", "contentType", "type", NULL};
    static const char *const urls[] = {"url", "dataUrl", "src", NULL};
    (void)to;
    if (json_is(node, JSON_STRING) && !str_starts_nocase(node->text, "data:")) {
        extract_file(ex, take_text(ex, node), STR_NONE);
        return;
    }
    struct str name = take_first(ex, node, names);
    size_t before = ex->activity->file_count;
    extract_data_url(ex, node, name);
    extract_media(ex, node, name);
    for (size_t i = 0; urls[i] != NULL; i++)
        extract_data_url(ex, json_get(node, urls[i]), name);
    struct file_facts facts = {.id = take_first(ex, node, ids), .name = name};
    facts.bytes = take_first(ex, node, sizes);
    facts.type = arena_copy(&ex->activity->arena, take_first(ex, node, types));
    if (str_find_char(facts.type, '/') == facts.type.n)
        facts.type = STR_NONE; /* a kind, not a media type */
    if (ex->activity->file_count == before)
        apply_file(ex, &facts);
    else if (facts.id.n != 0)
        ex->activity->files[before].id =
            arena_copy(&ex->activity->arena, facts.id);
}

static void extract_files(struct exchange *ex, const struct json_node *root)
{
    struct activity *a = ex->activity;
    walk_all(ex, root, &exchange_route(ex)->files, visit_file, NULL);
    if (a->file_count != 0 && exchange_route(ex)->files.count != 0 &&
        str_is(a->name, "prompt.created"))
        a->name = STR("prompt_with_file.created");
}

static void apply_cases(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    for (size_t i = 0; i < route->case_count; i++) {
        const struct route_case *c = &route->cases[i];
        struct str value = pick_word(root, &c->path);
        bool holds =
            str_is(c->value, "*") ? value.n != 0 : str_eq(value, c->value);
        if (!holds)
            continue;
        ex->activity->name = arena_copy(&ex->activity->arena, c->activity);
        return;
    }
}

/* The first name that stands there; it is scanned with the rest. */
static void find_target(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    struct activity *a = ex->activity;
    struct str name = STR_NONE;
    for (size_t i = 0; i < route->target_at.count && name.n == 0; i++)
        name = pick_word(root, &route->target_at.items[i]);
    if (name.n == 0 || name.n > TARGET_NAME_MAX)
        return;
    a->target_count = 0; /* the map's own name is for want of a better one */
    activity_add_target(a, route->target_type, STR_NONE, name);
}

static void find_resumed(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    uint64_t offset;
    ex->resumes = route->resumes.count != 0;
    ex->resume_offset = -1;
    if (ex->resumes &&
        str_to_u64(pick_word(root, &route->resumes.items[0]), &offset) == OK &&
        offset <= INT64_MAX)
        ex->resume_offset = (int64_t)offset;
}

void extract_fields(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    find_target(ex, root);
    find_resumed(ex, root);
    walk_words(ex, root, &route->text, &ex->activity->content);
    walk_words(ex, root, &route->hidden, &ex->activity->hidden);
    extract_ids(ex, root);
    if (ex->resumes)
        ex->resume_conversation =
            arena_copy(&ex->arena, ex->activity->conversation_id);
    if (route->upload.address.count != 0) { /* with a signature: no text */
        upload_take_address(ex, root);
        walk_all(ex, root, &route->upload.address, visit_taken, NULL);
    }
    if (route->upload.step == UPLOAD_ASSEMBLE)
        walk_all(ex, root, &route->upload.order, visit_order, NULL);
    apply_cases(ex, root);
    extract_files(ex, root);
}

/* ---- bodies ---- */

static void harvest_into(struct exchange *ex, struct buf *to)
{
    struct str body = buf_str(&ex->body);
    struct harvest *h = harvest_new(ex->content_type, 0);
    if (to != &ex->rest) {
        if (ex->rest.n != 0)
            buf_append_char(&ex->rest, '\n');
        harvest_set_aside(h, &ex->rest);
    }
    if (harvest_feed(h, body, to) != OK || harvest_finish(h, to) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    harvest_free(&h);
    /* The harvest ends each piece with a newline; parts are joined by them. */
    if (str_ends(buf_str(to), "\n") && !str_ends(body, "\n"))
        buf_truncate(to, to->n - 1);
}

void extract_harvest(struct exchange *ex)
{
    harvest_into(ex, &ex->activity->content);
}

/* A body without the shape that the map's paths are for: where they name
 * somebody's words they may be anywhere in it; where they name none, it is
 * scanned as what no path took. */
static void harvest_shapeless(struct exchange *ex)
{
    bool has_words = exchange_route(ex)->body != BODY_FIELDS ||
                     exchange_route(ex)->text.count != 0;
    harvest_into(ex, has_words ? &ex->activity->content : &ex->rest);
    extract_ids(ex, NULL);
}

static void move_starts(struct json_node *node, uint32_t by)
{
    node->start += by;
    for (struct json_node *c = node->first; c != NULL; c = c->next)
        move_starts(c, by);
}

void extract_form_field(void *arg, struct str name, struct str value)
{
    struct form_reader *r = arg;
    struct json_node *node = arena_alloc(r->arena, sizeof *node);
    *node = (struct json_node){.kind = JSON_STRING,
        .key = arena_copy(r->arena, name),
        .text = arena_copy(r->arena, value),
        .start = r->next++};
    struct str inner = str_trim(node->text);
    struct json_node *child;
    struct json_limits limits = {.nodes = FORM_NODES_MAX};
    bool is_json = str_starts(inner, "{") || str_starts(inner, "[");
    if (is_json && r->documents < FORM_DOCUMENTS_MAX &&
        json_parse(inner, r->arena, &limits, &child) == OK) {
        r->documents++;
        move_starts(child, r->next);
        r->next += (uint32_t)inner.n + 1;
        node->first = node->last = child;
    }
    if (r->root->last == NULL)
        r->root->first = node;
    else
        r->root->last->next = node;
    r->root->last = node;
}

/* Fields that no path names may say something by their name, too. */
void extract_form_rest(struct exchange *ex, const struct json_node *root)
{
    const struct taken *t = &ex->taken;
    size_t next = 0;
    sort_taken(ex);
    for (const struct json_node *c = root->first; c != NULL; c = c->next) {
        while (next < t->count && t->starts[next] < c->start)
            next++;
        if (next == t->count || t->starts[next] != c->start)
            text_join(&ex->rest, c->key);
        collect_rest(ex, c, &next);
    }
}

static void extract_form(struct exchange *ex)
{
    struct arena scratch = {0};
    struct json_node root = {.kind = JSON_OBJECT};
    struct form_reader reader = {.arena = &scratch, .root = &root};
    struct form *form = form_new(0, extract_form_field, &reader);
    if (form_feed(form, buf_str(&ex->body)) != OK || form_finish(form) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    form_free(&form);
    extract_fields(ex, &root);
    extract_form_rest(ex, &root);
    arena_free(&scratch);
}

static bool extract_by_shape(struct exchange *ex, const struct json_node *root)
{
    switch (exchange_route(ex)->body) {
    case BODY_CHATGPT_PROMPT:
        return chatgpt_extract_prompt(ex, root);
    case BODY_OPENAI_CHAT:
        return openai_extract_chat(ex, root);
    case BODY_OPENAI_RESPONSES:
        return openai_extract_responses(ex, root);
    case BODY_OPENAI_THREAD:
        return openai_extract_thread(ex, root);
    case BODY_OPENAI_REALTIME:
        return openai_extract_realtime(ex, root);
    default:
        extract_fields(ex, root);
        return true;
    }
}

static bool is_form(struct str content_type)
{
    return str_starts_nocase(content_type, "application/x-www-form-urlencoded");
}

/* JSON as the map demands; anything else is harvested, and where the map
 * knows the only shape there is, that is a failure too. */
static void extract_json(struct exchange *ex)
{
    enum body_shape shape = exchange_route(ex)->body;
    struct json_limits limits = {.string_bytes = ex->env->hold_max_bytes + 1};
    struct mime_type type = {0};
    struct arena scratch = {0};
    struct json_node *root;
    enum err err = json_parse(buf_str(&ex->body), &scratch, &limits, &root);
    if (err == OK) {
        if (!extract_by_shape(ex, root))
            exchange_note_failure(ex, FAIL_EXTRACT);
        take_rest(ex, root);
    } else if (shape == BODY_FIELDS && is_form(ex->content_type)) {
        extract_form(ex);
    } else if (shape == BODY_FIELDS &&
               mime_parse_type(ex->content_type, &ex->arena, &type) == OK &&
               str_starts(type.type, "multipart/")) {
        extract_multipart(ex, type.boundary);
    } else {
        bool is_json = str_has(ex->content_type, "json");
        harvest_shapeless(ex);
        if (shape != BODY_FIELDS || is_json)
            exchange_note_failure(
                ex, err == ERR_LIMIT ? FAIL_LIMIT : FAIL_PARSE);
    }
    arena_free(&scratch);
}

void extract_request(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    if (ex->event != NULL) {
        event_read_request(ex);
    } else if (route == NULL || route->body == BODY_GENERIC) {
        extract_harvest(ex);
        if (route != NULL)
            extract_ids(ex, NULL);
    } else if (route->body == BODY_FILE) {
        extract_file_body(ex);
    } else if (route->body == BODY_BLOCKLIST) {
        upload_read_blocklist(ex);
        extract_ids(ex, NULL);
    } else if (route->body == BODY_IGNORED || ex->body.n == 0) {
        extract_ids(ex, NULL);
    } else {
        extract_json(ex);
    }
}

/* ---- answers by the map's paths ------------------------------------------ */

void extract_answer(
    struct exchange *ex, const struct json_node *root, struct activity *view)
{
    const struct route *route = exchange_route(ex);
    struct activity *request = ex->activity;
    ex->activity = view;
    ex->taken.count = 0;
    walk_words(ex, root, &route->answer_text, &view->content);
    walk_words(ex, root, &route->answer_hidden, &view->hidden);
    take_rest(ex, root);
    ex->activity = request;
    ex->joint_count = 0;
}

/* ---- the address ---- */

static bool is_url_text(const struct route *route, struct str name)
{
    for (size_t i = 0; i < route->url_text_count; i++)
        if (str_eq(route->url_text[i], name))
            return true;
    return false;
}

/* Requests that say something in a body may say it in their address as well;
 * those that move bytes sign theirs, which is nobody's text. */
static bool says_something(const struct exchange *ex, const struct route *route)
{
    return ex->body.n != 0 && route->body != BODY_IGNORED &&
           route->body != BODY_FILE && route->body != BODY_BLOCKLIST &&
           route->upload.step == UPLOAD_NONE;
}

void extract_query(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    struct str rest = ex->query, name, value;
    if (route == NULL) { /* nothing is known of the address either */
        exchange_take_path(ex);
        if (ex->is_probe)
            exchange_take_query(ex);
        else
            text_join(&ex->url, form_decode(&ex->arena, ex->query, true));
        return;
    }
    if (ex->event != NULL)
        return; /* pages and tools write it */
    if (route->action == ROUTE_SCAN && route->names.id.count != 0 &&
        route->body == BODY_IGNORED) {
        exchange_take_path(ex); /* only its answer is explained */
        exchange_take_query(ex);
        return;
    }
    if (route->url_text_count == 0 && !says_something(ex, route))
        return;
    while (form_next_pair(&ex->arena, &rest, &name, &value)) {
        if (is_url_text(route, name) ||
            (says_something(ex, route) && is_worth_key(value)))
            text_join(&ex->url, value);
    }
    /* What was typed, if nothing else will be. */
    if (route->body == BODY_IGNORED)
        buf_append_str(&ex->activity->content, buf_str(&ex->url));
}
