/*
 * The policy (docs/policy.md): policy.yaml to a list of rules, and an activity
 * through that list; the first rule that holds decides.
 *
 * exchange_judge.c asks before a request goes on and again for answers; `check`
 * only loads.  Mistakes are found while loading, so that judging cannot fail.
 */
#include "inspect/policy.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "inspect/policy_parts.h"

/* ---- loading ---- */

enum { POLICY_RULES_MAX = 2000, KNOWN_MAX = 20000 };

static const char *const type_groups[] = {
    "secret", "financial", "personal", "health", "document", "topic", NULL};
static const char *const levels[] = {"none", "low", "medium", "high", NULL};

/* What no detector file names, but the engine itself may find (contract). */
static const char *const built_in_types[] = {"dictionary", "edm", "fingerprint",
    "source-code", "prompt-injection", "obfuscated", "unreadable-file", NULL};

struct names {
    struct str *items;
    size_t count, cap;
};

struct loader {
    struct policy *policy;
    struct yaml_doc *doc;
    struct names types, detectors;
    bool lacks_detectors; /* none could be read, and that has been told */
    struct arena arena;   /* of the names */
};

static bool has_name(const struct names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return true;
    return false;
}

static void add_name(struct loader *l, struct names *names, struct str name)
{
    if (name.n == 0 || names->count == KNOWN_MAX || has_name(names, name))
        return;
    if (names->count == names->cap) {
        names->cap = names->cap == 0 ? 64 : names->cap * 2;
        names->items =
            mem_realloc(names->items, names->cap * sizeof *names->items);
    }
    names->items[names->count++] = arena_copy(&l->arena, name);
}

/* Types and ids of the detector files of the same bundle.  Their own mistakes
 * are rules_load's to report. */
static void collect_names(struct loader *l, const struct bundle_file *file)
{
    struct diag ignored = {0};
    struct yaml_doc *doc = yaml_parse(file->name.p, file->text, &ignored);
    const struct yaml_node *list =
        doc != NULL ? yaml_get(doc->root, "detectors") : NULL;
    for (size_t i = 0;
         list != NULL && list->kind == YAML_KIND_LIST && i < list->count; i++) {
        const struct yaml_node *rule = list->pairs[i].value;
        add_name(l, &l->types, yaml_str(doc, rule, "type", STR_NONE));
        add_name(l, &l->detectors, yaml_str(doc, rule, "id", STR_NONE));
    }
    yaml_free(&doc);
    diag_free(&ignored);
}

static void join(struct buf *out, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        buf_printf(out, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(names->items[i]));
}

static struct texts read_texts(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    struct texts kept = {
        arena_alloc(&l->policy->arena, list.count * sizeof(struct str) + 1),
        list.count};
    const struct yaml_node *node = yaml_get(map, key);
    if (node != NULL && list.count == 0)
        yaml_mistake(l->doc, node, "%s is empty: it would never hold", key);
    for (size_t i = 0; i < list.count; i++)
        kept.items[i] = arena_copy(&l->policy->arena, list.items[i]);
    return kept;
}

static bool is_glob(struct str s)
{
    return str_find_char(s, '*') < s.n || str_find_char(s, '?') < s.n;
}

/* Every plain name must be one of the known; every glob must match one. */
static struct texts read_known(struct loader *l, const struct yaml_node *map,
    const char *key, const struct names *known)
{
    struct texts texts = read_texts(l, map, key);
    if (l->lacks_detectors && (known == &l->types || known == &l->detectors))
        return texts;
    for (size_t i = 0; i < texts.count; i++) {
        bool is_known = has_name(known, texts.items[i]);
        for (size_t j = 0; j < known->count && is_glob(texts.items[i]); j++)
            is_known = is_known || str_glob(texts.items[i], known->items[j], 0);
        if (is_known)
            continue;
        struct buf list = {0};
        join(&list, known);
        yaml_mistake(l->doc, yaml_get(map, key),
            "%s \"%.*s\" is not known; allowed: %s", key,
            STR_ARG(texts.items[i]), buf_cstr(&list));
        buf_free(&list);
    }
    return texts;
}

static struct texts read_words(struct loader *l, const struct yaml_node *map,
    const char *key, const char *const *words)
{
    struct names known = {0};
    for (size_t i = 0; words[i] != NULL; i++)
        add_name(l, &known, str_of(words[i]));
    struct texts texts = read_known(l, map, key, &known);
    mem_free(known.items);
    return texts;
}

static struct texts read_groups_used(
    struct loader *l, const struct yaml_node *map)
{
    struct names known = {0};
    for (size_t i = 0; i < l->policy->group_count; i++)
        add_name(l, &known, l->policy->groups[i].name);
    struct texts texts = read_known(l, map, "group", &known);
    mem_free(known.items);
    return texts;
}

static struct networks read_networks(
    struct loader *l, const struct yaml_node *map)
{
    struct texts texts = read_texts(l, map, "network");
    struct networks list = {arena_alloc(&l->policy->arena,
                                texts.count * sizeof(struct net_range) + 1),
        0, texts};
    for (size_t i = 0; i < texts.count; i++) {
        if (net_parse_range(texts.items[i], &list.items[list.count]) == OK)
            list.count++;
        else
            yaml_mistake(l->doc, yaml_get(map, "network"),
                "network \"%.*s\" is not an address or network like "
                "10.0.0.0/8",
                STR_ARG(texts.items[i]));
    }
    return list;
}

static int64_t read_number(struct loader *l, const struct yaml_node *map,
    const char *key, int64_t least)
{
    return yaml_int(l->doc, map, key, least, INT64_C(1) << 50, -1);
}

static int read_signed_in(struct loader *l, const struct yaml_node *map)
{
    const struct yaml_node *node = yaml_get(map, "signed_in");
    if (node == NULL || node->kind == YAML_KIND_NULL)
        return -1;
    return yaml_bool(l->doc, map, "signed_in", false);
}

static void read_condition(struct loader *l, const struct yaml_node *rule,
    const char *key, struct condition *c)
{
    static const char *const keys[] = {"service", "activity", "type",
        "group_of_type", "detector", "min_confidence", "min_severity",
        "min_count", "min_unique", "user", "group", "network", "signed_in",
        "workspace", "plan", "file_type", "min_file_bytes", "direction",
        "model", "target", "role", "scope", "change", "failure", NULL};
    static const char *const directions[] = {"up", "down", NULL};
    /* Not "limit": what is larger than can be held is gone, or has begun to
     * pass, before there is anything to judge. */
    static const char *const failures[] = {
        "parse", "decode", "extract", "scan", "store", NULL};
    const struct yaml_node *map = yaml_get(rule, key);
    if (map == NULL || map->kind == YAML_KIND_NULL)
        return;
    c->is_present = true;
    if (!yaml_check_keys(l->doc, map, keys) && map->kind != YAML_KIND_MAP)
        return;
    c->service = read_texts(l, map, "service");
    c->activity = read_texts(l, map, "activity");
    c->type = read_known(l, map, "type", &l->types);
    c->group_of_type = read_words(l, map, "group_of_type", type_groups);
    c->detector = read_known(l, map, "detector", &l->detectors);
    c->user = read_texts(l, map, "user");
    c->group = read_groups_used(l, map);
    c->workspace = read_texts(l, map, "workspace");
    c->file_type = read_texts(l, map, "file_type");
    c->model = read_texts(l, map, "model");
    c->target = read_texts(l, map, "target");
    c->plan = read_texts(l, map, "plan");
    c->role = read_texts(l, map, "role");
    c->scope = read_texts(l, map, "scope");
    c->change = read_texts(l, map, "change");
    c->failure = read_words(l, map, "failure", failures);
    c->network = read_networks(l, map);
    c->min_confidence =
        (enum level)yaml_word(l->doc, map, "min_confidence", levels, 0);
    c->min_severity =
        (enum level)yaml_word(l->doc, map, "min_severity", levels, 0);
    c->min_count = read_number(l, map, "min_count", 1);
    c->min_unique = read_number(l, map, "min_unique", 1);
    c->min_file_bytes = read_number(l, map, "min_file_bytes", 0);
    c->signed_in = read_signed_in(l, map);
    c->direction = yaml_word(l->doc, map, "direction", directions, -1);
}

static enum verdict_kind read_verdict(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    static const char *const verdicts[] = {
        "allow", "alert", "coach", "redact", "block", NULL};
    int kind = yaml_word(l->doc, map, key, verdicts, VERDICT_ALLOW);
    if (kind == VERDICT_COACH || kind == VERDICT_REDACT)
        yaml_mistake(l->doc, yaml_get(map, key),
            "%s \"%s\" is not available yet; allowed: allow, alert, block", key,
            verdicts[kind]);
    return (enum verdict_kind)kind;
}

static void check_name(
    struct loader *l, const struct yaml_node *node, struct str name)
{
    if (name.n == 0)
        yaml_mistake(l->doc, node, "a rule needs a name");
    for (size_t i = 0; i < l->policy->rule_count; i++)
        if (name.n > 0 && str_eq(l->policy->rules[i].name, name))
            yaml_mistake(l->doc, node,
                "the name \"%.*s\" is taken by an earlier rule", STR_ARG(name));
}

static void read_rule(
    struct loader *l, const struct yaml_node *node, struct policy_rule *rule)
{
    static const char *const keys[] = {
        "name", "when", "unless", "verdict", "severity", "message", NULL};
    if (!yaml_check_keys(l->doc, node, keys) && node->kind != YAML_KIND_MAP)
        return;
    struct arena *arena = &l->policy->arena;
    rule->name = arena_copy(arena, yaml_str(l->doc, node, "name", STR_NONE));
    rule->message =
        arena_copy(arena, yaml_str(l->doc, node, "message", STR_NONE));
    check_name(l, node, rule->name);
    read_condition(l, node, "when", &rule->when);
    read_condition(l, node, "unless", &rule->unless);
    if (yaml_get(node, "verdict") == NULL)
        yaml_mistake(
            l->doc, node, "a rule needs a verdict: allow, alert or block");
    rule->verdict = read_verdict(l, node, "verdict");
    rule->severity =
        (enum level)yaml_word(l->doc, node, "severity", levels, LEVEL_MEDIUM);
}

static void read_groups(struct loader *l)
{
    const struct yaml_node *map = yaml_get(l->doc->root, "groups");
    struct policy *policy = l->policy;
    if (map == NULL || map->kind == YAML_KIND_NULL)
        return;
    if (map->kind != YAML_KIND_MAP) {
        yaml_mistake(
            l->doc, map, "groups must be a map of names to lists of users");
        return;
    }
    policy->groups =
        arena_alloc(&policy->arena, map->count * sizeof *policy->groups + 1);
    for (size_t i = 0; i < map->count; i++) {
        struct policy_group *g = &policy->groups[policy->group_count++];
        const struct yaml_node *members = map->pairs[i].value;
        g->name = arena_copy(&policy->arena, map->pairs[i].key);
        if (members->kind == YAML_KIND_LIST && members->count == 0)
            continue; /* filled by the logins' own groups */
        if (members->kind == YAML_KIND_NULL)
            continue;
        g->members = read_texts(l, map, g->name.p);
    }
}

static void read_rules(struct loader *l)
{
    const struct yaml_node *list = yaml_list(l->doc, l->doc->root, "rules");
    struct policy *policy = l->policy;
    if (list == NULL)
        return;
    if (list->count > POLICY_RULES_MAX) {
        yaml_mistake(l->doc, list, "more than %d rules", POLICY_RULES_MAX);
        return;
    }
    policy->rules =
        arena_alloc(&policy->arena, list->count * sizeof *policy->rules + 1);
    for (size_t i = 0; i < list->count; i++) {
        read_rule(l, list->pairs[i].value, &policy->rules[i]);
        policy->rule_count++;
    }
}

static void read_policy(struct loader *l)
{
    static const char *const keys[] = {
        "mode", "default", "groups", "rules", NULL};
    static const char *const modes[] = {"enforce", "monitor", NULL};
    const struct yaml_node *root = l->doc->root;
    if (root->kind == YAML_KIND_NULL)
        return;
    if (!yaml_check_keys(l->doc, root, keys) && root->kind != YAML_KIND_MAP)
        return;
    l->policy->is_monitor = yaml_word(l->doc, root, "mode", modes, 0) == 1;
    l->policy->otherwise = read_verdict(l, root, "default");
    read_groups(l);
    read_rules(l);
}

struct policy *policy_load(const struct bundle *bundle, struct diag *diag)
{
    size_t mistakes = diag->count;
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_POLICY);
    if (file == NULL) {
        if (diag->count == 0) /* else why has been told */
            diag_add(diag, "policy", 1, "there is no policy file");
        return NULL;
    }
    struct loader l = {.policy = MEM_NEW(struct policy)};
    for (size_t i = 0; built_in_types[i] != NULL; i++)
        add_name(&l, &l.types, str_of(built_in_types[i]));
    l.lacks_detectors =
        mistakes > 0 && bundle_first(bundle, BUNDLE_DETECTORS) == NULL;
    for (size_t i = 0; i < bundle->count; i++)
        if (bundle->files[i].kind == BUNDLE_DETECTORS)
            collect_names(&l, &bundle->files[i]);
    l.doc = yaml_parse(file->name.p, file->text, diag);
    if (l.doc != NULL)
        read_policy(&l);
    yaml_free(&l.doc);
    policy_read_modes(l.policy, bundle, diag);
    mem_free(l.types.items);
    mem_free(l.detectors.items);
    arena_free(&l.arena);
    if (diag->count != mistakes)
        policy_free(&l.policy);
    return l.policy;
}

void policy_free(struct policy **policy)
{
    if (*policy == NULL)
        return;
    arena_free(&(*policy)->arena);
    mem_free(*policy);
    *policy = NULL;
}

/* ---- judging ---- */

static bool matches(const struct texts *globs, struct str value)
{
    if (globs->count == 0)
        return true;
    for (size_t i = 0; i < globs->count; i++)
        if (value.n > 0 && str_glob(globs->items[i], value, 0))
            return true;
    return false;
}

static struct str lower_into(struct str s, char *out, size_t cap)
{
    size_t n = s.n < cap ? s.n : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)tolower((unsigned char)s.p[i]);
    return str_make(out, n);
}

enum { USER_MAX = 320 }; /* RFC 3696 errata 1690: an address's longest form */

/* Users and roles are compared without case. */
static bool matches_nocase(const struct texts *globs, struct str user)
{
    char name[USER_MAX], glob[USER_MAX];
    struct str lower = lower_into(user, name, sizeof name);
    if (user.n == 0 || user.n > USER_MAX)
        return false;
    for (size_t i = 0; i < globs->count; i++)
        if (str_glob(lower_into(globs->items[i], glob, sizeof glob), lower, 0))
            return true;
    return false;
}

static bool has_word(struct str words, struct str word)
{
    struct str part;
    while (str_split(&words, ' ', &part))
        if (part.n > 0 && str_eq(part, word))
            return true;
    return false;
}

static bool is_member(const struct policy *policy, struct str group,
    const struct policy_subject *subject)
{
    if (has_word(subject->groups, group))
        return true;
    for (size_t i = 0; i < policy->group_count; i++) {
        const struct policy_group *g = &policy->groups[i];
        if (str_eq(g->name, group))
            return matches_nocase(&g->members, subject->activity->actor.user) ||
                   matches_nocase(
                       &g->members, subject->activity->actor.account);
    }
    return false;
}

static bool in_groups(const struct policy *policy, const struct texts *globs,
    const struct policy_subject *subject)
{
    for (size_t i = 0; i < globs->count; i++)
        for (size_t j = 0; j < policy->group_count; j++)
            if (str_glob(globs->items[i], policy->groups[j].name, 0) &&
                is_member(policy, policy->groups[j].name, subject))
                return true;
    return globs->count == 0;
}

static bool in_networks(const struct networks *networks, struct str ip)
{
    struct net_address address;
    if (networks->count == 0)
        return true;
    if (net_parse_ip(ip, &address) != OK)
        return false;
    for (size_t i = 0; i < networks->count; i++)
        if (net_in_range(&address, &networks->items[i]))
            return true;
    return false;
}

static bool who_holds(const struct policy *policy, const struct condition *c,
    const struct policy_subject *subject)
{
    const struct actor *actor = &subject->activity->actor;
    if (c->user.count > 0 && !matches_nocase(&c->user, actor->user) &&
        !matches_nocase(&c->user, actor->account))
        return false;
    return in_groups(policy, &c->group, subject) &&
           in_networks(&c->network, actor->ip) &&
           matches(&c->workspace, actor->workspace) &&
           matches(&c->plan, actor->plan) &&
           (c->signed_in < 0 || c->signed_in == actor->is_signed_in);
}

static bool is_wanted(const struct condition *c, const struct finding *f)
{
    return matches(&c->type, f->type) && matches(&c->group_of_type, f->group) &&
           matches(&c->detector, f->detector) &&
           f->confidence >= c->min_confidence && f->severity >= c->min_severity;
}

static bool is_first(
    const struct findings *all, size_t index, const struct condition *c)
{
    for (size_t i = 0; i < index; i++)
        if (all->items[i].value_hash == all->items[index].value_hash &&
            str_eq(all->items[i].type, all->items[index].type) &&
            is_wanted(c, &all->items[i]))
            return false;
    return true;
}

/* All that is said about findings must hold of the same ones. */
static bool findings_hold(const struct condition *c, const struct findings *all)
{
    bool asks = c->type.count > 0 || c->group_of_type.count > 0 ||
                c->detector.count > 0 || c->min_confidence != LEVEL_NONE ||
                c->min_severity != LEVEL_NONE || c->min_count >= 0 ||
                c->min_unique >= 0;
    int64_t count = 0, unique = 0;
    for (size_t i = 0; asks && i < all->count; i++) {
        if (!is_wanted(c, &all->items[i]))
            continue;
        count += (int64_t)(all->items[i].count > 0 ? all->items[i].count : 1);
        if (c->min_unique > 1)
            unique += is_first(all, i, c);
        else
            unique = 1;
    }
    return !asks ||
           (count > 0 && count >= c->min_count && unique >= c->min_unique);
}

static bool files_hold(const struct condition *c, const struct activity *a)
{
    if (c->file_type.count == 0 && c->min_file_bytes < 0)
        return true;
    for (size_t i = 0; i < a->file_count; i++) {
        const struct activity_file *f = &a->files[i];
        if ((matches(&c->file_type, f->type) ||
                matches(&c->file_type, f->declared_type)) &&
            (c->min_file_bytes < 0 || f->bytes >= c->min_file_bytes))
            return true;
    }
    return false;
}

/* "voice", or with what it is: "tool:voice". */
static bool target_holds(
    const struct condition *c, const struct activity_target *target)
{
    struct buf typed = {0};
    bool holds =
        matches(&c->target, target->name) || matches(&c->target, target->id);
    if (!holds && target->name.n != 0) {
        buf_printf(
            &typed, "%.*s:%.*s", STR_ARG(target->type), STR_ARG(target->name));
        holds = matches(&c->target, buf_str(&typed));
        buf_free(&typed);
    }
    return holds;
}

static bool targets_hold(const struct condition *c, const struct activity *a)
{
    if (c->target.count == 0)
        return true;
    for (size_t i = 0; i < a->target_count; i++)
        if (target_holds(c, &a->targets[i]))
            return true;
    return false;
}

static bool any_matches(
    const struct texts *globs, const struct str *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (matches_nocase(globs, items[i]))
            return true;
    return false;
}

/* One text or a list of them. */
static bool detail_matches(
    const struct texts *globs, const struct activity *a, const char *key)
{
    const struct activity_detail *detail = activity_detail(a, key);
    if (detail == NULL)
        return false;
    return detail->kind == DETAIL_LIST
               ? any_matches(globs, detail->items, detail->item_count)
               : any_matches(globs, &detail->text, 1);
}

/* What administration asks for. */
static bool request_holds(const struct condition *c, const struct activity *a)
{
    bool has_role = c->role.count == 0 || detail_matches(&c->role, a, "role") ||
                    detail_matches(&c->role, a, "role_id") ||
                    detail_matches(&c->role, a, "project_roles");
    return has_role &&
           (c->scope.count == 0 || detail_matches(&c->scope, a, "scopes")) &&
           (c->change.count == 0 ||
               any_matches(&c->change, a->changes, a->change_count));
}

static bool condition_holds(const struct policy *policy,
    const struct condition *c, const struct policy_subject *subject)
{
    const struct activity *a = subject->activity;
    return matches(&c->service, a->service) && matches(&c->activity, a->name) &&
           matches(&c->model, a->model) && matches(&c->failure, a->failure) &&
           targets_hold(c, a) && request_holds(c, a) &&
           (c->direction < 0 || c->direction == (int)subject->direction) &&
           who_holds(policy, c, subject) && files_hold(c, a) &&
           findings_hold(c, &a->findings);
}

static bool rule_holds(const struct policy *policy,
    const struct policy_rule *rule, const struct policy_subject *subject)
{
    if (rule->when.is_present && !condition_holds(policy, &rule->when, subject))
        return false;
    return !rule->unless.is_present ||
           !condition_holds(policy, &rule->unless, subject);
}

void policy_judge(const struct policy *policy,
    const struct policy_subject *subject, struct verdict *verdict_out)
{
    *verdict_out = (struct verdict){.kind = policy->otherwise,
        .is_monitored =
            policy_mode(policy, subject->activity->service) == MODE_MONITOR};
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        if (!rule_holds(policy, rule, subject))
            continue;
        verdict_out->kind = rule->verdict;
        verdict_out->rule = rule->name;
        verdict_out->message = rule->message;
        verdict_out->severity = rule->severity;
        verdict_out->is_for_failure = rule->when.failure.count > 0;
        return;
    }
}

void policy_put_verdict(struct activity *a, const struct verdict *verdict)
{
    a->verdict = verdict->kind;
    a->is_monitored = verdict->is_monitored && verdict->kind != VERDICT_ALLOW;
    a->rule = arena_copy(&a->arena, verdict->rule);
    if (verdict->message.n != 0)
        a->reason = arena_copy(&a->arena, verdict->message);
    a->severity = verdict->severity;
}
