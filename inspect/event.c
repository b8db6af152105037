/*
 * Facts of administrative events: from the places that a map names to the
 * fields of the activity.
 */
#include "inspect/event.h"

#include <ctype.h>

#include "base/digest.h"
#include "base/mem.h"
#include "inspect/drift.h"
#include "inspect/identity.h"
#include "inspect/pick.h"

enum {
    KEY_WORTH_BYTES = 20, /* the last four of a shorter one say too much */
    KEY_LAST = 4,
    MEMBER_NAME_MAX = 48,
    MEMBER_DIGITS_MAX = 6, /* more of them may name somebody */
};

/* ---- facts ----------------------------------------------------------- */

typedef bool fact_fn(void *arg, struct str name, const struct json_node *node);

struct walk {
    fact_fn *on_value;
    void *arg;
    struct str name; /* the last of the path */
    bool has_any;
};

static void on_node(void *arg, const struct json_node *node)
{
    struct walk *w = arg;
    if (node->kind != JSON_NULL && w->on_value(w->arg, w->name, node))
        w->has_any = true;
}

static struct str last_name(const struct json_path *path)
{
    struct str name = STR_NONE;
    for (size_t i = 0; i < path->count; i++)
        if (!str_starts(path->steps[i], "[") && !str_is(path->steps[i], "$"))
            name = path->steps[i];
    return name;
}

static struct str captured(const struct route_match *match, struct str name)
{
    for (size_t i = 0; i < match->count; i++)
        if (str_eq(match->names[i], name))
            return match->values[i];
    return STR_NONE;
}

static struct str parameter(struct str query, struct str name)
{
    struct str pair;
    while (str_split(&query, '&', &pair)) {
        size_t equals = str_find_char(pair, '=');
        if (str_eq(str_sub(pair, 0, equals), name))
            return str_sub(pair, equals + 1, pair.n);
    }
    return STR_NONE;
}

static const struct json_node *root_of(
    const struct route_fact *fact, const struct event_view *view)
{
    switch (fact->source) {
    case FACT_BODY:
        return view->body;
    case FACT_ANSWER:
        return view->answer;
    default:
        return view->each;
    }
}

/* True: on_value took something. */
static bool walk_fact(const struct route_fact *fact,
    const struct event_view *view, fact_fn *on_value, void *arg)
{
    struct json_node text = {.kind = JSON_STRING};
    struct walk w = {on_value, arg, last_name(&fact->path), false};
    switch (fact->source) {
    case FACT_PATH:
        text.text = captured(view->match, fact->name);
        break;
    case FACT_QUERY:
        text.text = parameter(view->query, fact->name);
        break;
    case FACT_LITERAL:
        text.text = w.name = fact->name;
        break;
    case FACT_WORKSPACE:
        text.text = view->actor->workspace;
        break;
    case FACT_ACCOUNT:
        if (str_find_char(view->actor->account, '@') < view->actor->account.n)
            text.text = view->actor->account;
        break;
    case FACT_BODY:
    case FACT_ANSWER:
    case FACT_EACH:
        pick(root_of(fact, view), &fact->path, on_node, &w);
        return w.has_any;
    }
    return text.text.n != 0 && on_value(arg, w.name, &text);
}

/* The first fact that leads to something. */
static bool walk_facts(const struct route_facts *facts,
    const struct event_view *view, fact_fn *on_value, void *arg)
{
    for (size_t i = 0; i < facts->count; i++)
        if (walk_fact(&facts->items[i], view, on_value, arg))
            return true;
    return false;
}

static struct str word_of(const struct json_node *node)
{
    switch (node->kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        return node->text;
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    default:
        return STR_NONE;
    }
}

static bool take_word(void *arg, struct str name, const struct json_node *node)
{
    struct str *word = arg;
    (void)name;
    if (word->n == 0)
        *word = word_of(node);
    return word->n != 0;
}

struct str event_word(
    const struct route_facts *facts, const struct event_view *view)
{
    struct str word = STR_NONE;
    (void)walk_facts(facts, view, take_word, &word);
    return word;
}

/* ---- whether it is one ------------------------------------------------- */

static bool needs_answer(const struct route_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        if (facts->items[i].source != FACT_ANSWER)
            return false;
    return true;
}

static bool take_any(void *arg, struct str name, const struct json_node *node)
{
    (void)arg;
    (void)name;
    (void)node;
    return true;
}

static bool is_so(
    const struct route_condition *c, const struct event_view *view)
{
    if (str_is(c->value, "*"))
        return walk_facts(&c->at, view, take_any, NULL);
    return str_eq(event_word(&c->at, view), c->value);
}

bool event_holds(const struct route_event *event, const struct event_view *view)
{
    for (size_t i = 0; i < event->when_count; i++) {
        const struct route_condition *c = &event->when[i];
        bool is_open = !view->is_answered && needs_answer(&c->at);
        if (!is_open && !is_so(c, view))
            return false;
    }
    for (size_t i = 0; i < event->unless_count; i++) {
        const struct route_condition *c = &event->unless[i];
        bool is_open = !view->is_answered && needs_answer(&c->at);
        if (!is_open && is_so(c, view))
            return false;
    }
    return true;
}

struct elements {
    const struct json_node **out;
    size_t count, most;
};

static bool take_element(
    void *arg, struct str name, const struct json_node *node)
{
    struct elements *e = arg;
    (void)name;
    if (e->count < e->most)
        e->out[e->count++] = node;
    return true;
}

size_t event_elements(const struct route_event *event,
    const struct event_view *view, const struct json_node **out, size_t most)
{
    struct elements e = {out, 0, most};
    (void)walk_facts(&event->each, view, take_element, &e);
    return e.count;
}

/* ---- what it is --------------------------------------------------------- */

static void add_target(const struct route_event *event,
    const struct event_view *view, struct activity *a)
{
    struct str id = event_word(&event->target_id, view);
    if (id.n == 0)
        id = identity_redact(event_word(&event->key, view), &a->arena);
    activity_add_target(
        a, event->target_type, id, event_word(&event->target_name, view));
}

static void fill_targets(const struct route_event *event,
    const struct event_view *view, struct activity *a)
{
    const struct json_node *nodes[EVENT_ELEMENTS_MAX];
    struct elements e = {nodes, 0, EVENT_ELEMENTS_MAX};
    if (view->each == NULL)
        (void)walk_facts(&event->target_of, view, take_element, &e);
    for (size_t i = 0; i < e.count; i++) {
        struct event_view one = *view;
        one.each = nodes[i];
        add_target(event, &one, a);
    }
    if (e.count == 0)
        add_target(event, view, a);
}

static bool add_change(void *arg, struct str name, const struct json_node *node)
{
    struct activity *a = arg;
    (void)node;
    activity_add_change(a, name);
    return true;
}

/* Whatever is listed and there; of the body, all that is not null. */
static void fill_changes(const struct route_event *event,
    const struct event_view *view, struct activity *a)
{
    if (!str_ends(a->name, ".updated"))
        return;
    for (size_t i = 0; i < event->changes.count; i++)
        (void)walk_fact(&event->changes.items[i], view, add_change, a);
    if (!event->changes_body || !json_is(view->body, JSON_OBJECT))
        return;
    for (const struct json_node *c = view->body->first; c != NULL; c = c->next)
        if (c->kind != JSON_NULL)
            activity_add_change(a, c->key);
}

struct detail_place {
    struct activity *a;
    const char *key;
    bool is_list;
};

static bool add_items(struct detail_place *place, const struct json_node *list)
{
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        activity_add_detail_item(place->a, place->key, word_of(c));
    return list->count != 0;
}

static bool add_detail(void *arg, struct str name, const struct json_node *node)
{
    struct detail_place *place = arg;
    int64_t number;
    (void)name;
    if (node->kind == JSON_ARRAY)
        return add_items(place, node);
    if (node->kind == JSON_OBJECT)
        return false;
    if (place->is_list)
        activity_add_detail_item(place->a, place->key, word_of(node));
    else if (node->kind == JSON_NUMBER && json_int(node, &number) == OK)
        activity_add_detail_number(place->a, place->key, number);
    else if (node->kind == JSON_TRUE || node->kind == JSON_FALSE)
        activity_add_detail_bool(place->a, place->key, node->kind == JSON_TRUE);
    else
        activity_add_detail(place->a, place->key, word_of(node));
    return word_of(node).n != 0;
}

static bool is_list(const struct json_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        if (str_is(path->steps[i], "[]") || str_is(path->steps[i], "*"))
            return true;
    return false;
}

static void fill_details(const struct route_event *event,
    const struct event_view *view, struct activity *a)
{
    for (size_t i = 0; i < event->detail_count; i++) {
        const struct route_detail *detail = &event->details[i];
        bool is_there = false;
        for (size_t j = 0; j < detail->facts.count && !is_there; j++) {
            const struct route_fact *fact = &detail->facts.items[j];
            struct detail_place place = {a, detail->key, is_list(&fact->path)};
            is_there = walk_fact(fact, view, add_detail, &place);
        }
    }
}

/* The last four of a secret and its hash; nothing else of it is kept. */
static void add_key(struct activity *a, struct str secret)
{
    char hex[DIGEST_HEX_BYTES];
    if (secret.n == 0)
        return;
    digest_sha256_hex(secret, hex);
    if (secret.n >= KEY_WORTH_BYTES)
        activity_add_detail(
            a, "key_last4", str_sub(secret, secret.n - KEY_LAST, secret.n));
    activity_add_detail(a, "key_sha256", str_of(hex));
}

void event_fill(const struct route_event *event, const struct event_view *view,
    struct activity *a)
{
    struct str project = event_word(&event->project, view);
    fill_targets(event, view, a);
    fill_changes(event, view, a);
    fill_details(event, view, a);
    add_key(a, event_word(&event->key, view));
    if (project.n != 0)
        a->project_id = arena_copy(&a->arena, project);
    for (size_t i = 0; i < a->target_count; i++)
        if (str_is(event->target_type, "user") && a->actor.user_id.n != 0 &&
            str_eq(a->targets[i].id, a->actor.user_id))
            activity_add_detail_bool(a, "self", true);
}

/* ---- what nothing explains ---------------------------------------------- */

/* Names of settings are words; other keys of a map may be anything. */
static bool is_member_name(struct str name)
{
    size_t digits = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (!isalnum(c) && c != '_' && c != '-' && c != '.')
            return false;
        digits += isdigit(c) != 0;
    }
    return name.n != 0 && name.n <= MEMBER_NAME_MAX &&
           digits <= MEMBER_DIGITS_MAX;
}

void event_fill_unclassified(const struct json_node *body, struct activity *a)
{
    struct buf template = {0};
    drift_template(a->http_path, &template);
    activity_add_detail(a, "method", a->http_method);
    activity_add_detail(a, "template", buf_str(&template));
    buf_free(&template);
    if (!json_is(body, JSON_OBJECT))
        return;
    for (const struct json_node *c = body->first; c != NULL; c = c->next)
        activity_add_detail_item(
            a, "body_keys", is_member_name(c->key) ? c->key : STR("{key}"));
}
