/*
 * An activity as it is written with names hidden: a shallow copy whose texts
 * are replaced where they name somebody.  What a field says to be a person
 * (actor, target of a kind, some details) is replaced whole.  In all other
 * facts, which come from bodies, paths and logs of any shape, names of these
 * persons, mail addresses and user ids are replaced wherever they stand.
 *
 * What people typed, and names of files, are no names of persons here: whether
 * they are kept is `capture`.
 */
#include "inspect/names.h"

#include <ctype.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"

enum {
    KNOWN_MAX = 64, /* persons of one activity that are looked for */
    KNOWN_BYTES_MIN = 3,
    SEALED_MAX = 256,  /* names of one activity */
    ID_CHARS_MIN = 16, /* behind "user-": less may be a word of a path */
};

struct veil {
    struct names *names;
    int64_t time_ms;
    struct arena arena;
    struct str known[KNOWN_MAX]; /* in clear */
    size_t known_count;
    struct str used[SEALED_MAX]; /* pseudonyms */
    size_t used_count;
    struct buf sealed;
    struct jsonw w; /* into sealed */
};

/* ---- one name ------------------------------------------------------------ */

static void seal_once(struct veil *v, struct str pseudonym, struct str name)
{
    for (size_t i = 0; i < v->used_count; i++)
        if (str_eq(v->used[i], pseudonym))
            return;
    if (v->used_count == SEALED_MAX)
        return;
    if (v->used_count == 0)
        jsonw_object(&v->w);
    v->used[v->used_count++] = pseudonym;
    jsonw_key_str(&v->w, pseudonym.p, names_seal(v->names, pseudonym, name));
}

static struct str hide(struct veil *v, struct str name)
{
    struct buf text = {0};
    if (name.n == 0 || names_is_pseudonym(name))
        return name;
    names_pseudonym(v->names, v->time_ms, name, &text);
    struct str pseudonym = arena_copy(&v->arena, buf_str(&text));
    buf_free(&text);
    seal_once(v, pseudonym, name);
    return pseudonym;
}

/* And it is looked for in the other facts. */
static struct str hide_known(struct veil *v, struct str name)
{
    bool is_new = name.n >= KNOWN_BYTES_MIN && v->known_count < KNOWN_MAX;
    for (size_t i = 0; i < v->known_count && is_new; i++)
        is_new = !str_eq(v->known[i], name);
    if (is_new)
        v->known[v->known_count++] = name;
    return hide(v, name);
}

/* ---- names in a text ----------------------------------------------------- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* Of what stands before the '@' (RFC 5322 §3.2.3), but for what ends a name
 * in paths and JSON. */
static bool is_local(char c)
{
    return is_word(c) || (c != '\0' && strchr("._+-'!#$~^%", c) != NULL);
}

/* Behind the '@', or "%40" as it stands in paths; 0: neither. */
static size_t at_length(struct str text, size_t i)
{
    struct str rest = str_sub(text, i, text.n);
    return str_starts(rest, "@") ? 1 : str_starts(rest, "%40") ? 3 : 0;
}

static size_t domain_end(struct str text, size_t from)
{
    size_t end = from;
    while (end < text.n &&
           (is_word(text.p[end]) || text.p[end] == '.' || text.p[end] == '-'))
        end++;
    while (end > from && !is_word(text.p[end - 1]))
        end--;
    return str_find_char(str_sub(text, from, end), '.') < end - from ? end
                                                                     : from;
}

struct place {
    size_t from, to;
    struct str name;
};

/* A mail address in the run that begins at i. */
static bool find_mail(
    struct veil *v, struct str text, size_t i, struct place *out)
{
    size_t from = i, end = i;
    while (end < text.n && is_local(text.p[end]) && at_length(text, end) == 0)
        end++;
    while (from < end && !is_word(text.p[from]))
        from++;
    size_t at = at_length(text, end);
    size_t domain = end + at, to = domain_end(text, domain);
    if (at == 0 || from == end || to == domain)
        return false;
    *out = (struct place){from, to,
        str_of(arena_printf(&v->arena, "%.*s@%.*s",
            STR_ARG(str_sub(text, from, end)),
            STR_ARG(str_sub(text, domain, to))))};
    return true;
}

static bool find_id(struct str text, size_t i, struct place *out)
{
    size_t from = i + 5, end = from;
    if (!str_starts(str_sub(text, i, text.n), "user-"))
        return false;
    while (end < text.n && (is_word(text.p[end]) || text.p[end] == '_'))
        end++;
    *out = (struct place){i, end, str_sub(text, i, end)};
    return end - from >= ID_CHARS_MIN;
}

static bool is_letter_of(int c, char of)
{
    return tolower(c) == tolower((unsigned char)of);
}

/* Where the name at i ends, each byte as it is or, as in paths, behind a
 * percent sign; 0: another stands there. */
static size_t known_end(struct str text, size_t i, struct str name)
{
    for (size_t k = 0; k < name.n; k++) {
        if (i < text.n && is_letter_of((unsigned char)text.p[i], name.p[k])) {
            i++;
            continue;
        }
        if (text.n < 3 || i > text.n - 3 || text.p[i] != '%')
            return 0;
        int high = str_hex_value(text.p[i + 1]);
        int low = str_hex_value(text.p[i + 2]);
        if (high < 0 || low < 0 || !is_letter_of(high * 16 + low, name.p[k]))
            return 0;
        i += 3;
    }
    return i;
}

/* The longest: a login "nils" must not leave "Opal" of "Nils Opal" behind. */
static bool find_known(
    const struct veil *v, struct str text, size_t i, struct place *out)
{
    *out = (struct place){i, i, STR_NONE};
    for (size_t k = 0; k < v->known_count; k++) {
        size_t to = known_end(text, i, v->known[k]);
        if (to > out->to && (to == text.n || !is_word(text.p[to])))
            *out = (struct place){i, to, v->known[k]};
    }
    return out->to > i;
}

static const char *const person_keys[] = {"display_name", "full_name",
    "first_name", "last_name", "given_name", "family_name", "user_name",
    "username", "nickname", "preferred_username", "user", "user_id", "owner",
    "inviter", "invitee", "invited_by", "created_by", "added_by", "member",
    "principal_name"};

static bool is_person_key(struct str key)
{
    for (size_t i = 0; i < ARRAY_LEN(person_keys); i++)
        if (str_is_nocase(key, person_keys[i]))
            return true;
    return false;
}

static bool is_json(struct str text)
{
    return text.n != 0 && (text.p[0] == '{' || text.p[0] == '[');
}

static size_t string_end(struct str text, size_t from)
{
    size_t i = from;
    while (i < text.n && text.p[i] != '"')
        i += text.p[i] == '\\' ? 2 : 1;
    return i < text.n ? i : text.n;
}

/* In JSON as log_event.c writes it: the value of a member that names somebody;
 * `name` as well, since what it is of is not known. */
static bool find_member(struct str text, size_t i, struct place *out)
{
    if (text.p[i] != '"' || !is_json(text))
        return false;
    size_t end = string_end(text, i + 1), from = end + 3;
    struct str key = str_sub(text, i + 1, end);
    if (!str_starts(str_sub(text, end, text.n), "\":\"") ||
        !(is_person_key(key) || str_is(key, "name")))
        return false;
    size_t to = string_end(text, from);
    *out = (struct place){from, to, str_sub(text, from, to)};
    return to > from;
}

static bool find_at(
    struct veil *v, struct str text, size_t i, struct place *out)
{
    bool is_start = i == 0 || !is_word(text.p[i - 1]);
    bool is_run = i == 0 || !is_local(text.p[i - 1]);
    return find_member(text, i, out) ||
           (is_run && is_local(text.p[i]) && find_mail(v, text, i, out)) ||
           (is_start && (find_known(v, text, i, out) || find_id(text, i, out)));
}

static struct str scrub(struct veil *v, struct str text)
{
    struct buf out = {0};
    size_t done = 0;
    if (names_is_pseudonym(text))
        return text;
    for (size_t i = 0; i < text.n; i++) {
        struct place place;
        if (!find_at(v, text, i, &place))
            continue;
        buf_append_str(&out, str_sub(text, done, place.from));
        buf_append_str(&out, hide(v, place.name));
        done = place.to;
        i = done - 1;
    }
    if (done == 0)
        return text;
    buf_append_str(&out, str_sub(text, done, text.n));
    struct str hidden = arena_copy(&v->arena, buf_str(&out));
    buf_free(&out);
    return hidden;
}

/* ---- an activity --------------------------------------------------------- */

/* An address and a key are no names (docs/privacy.md). */
static bool is_person(const struct actor *actor, struct str name)
{
    bool is_mail = str_find_char(name, '@') < name.n;
    if (str_eq(name, actor->ip))
        return false;
    return is_mail || str_starts(name, "user-") ||
           !str_is(actor->source, "api-key");
}

static void hide_actor(struct veil *v, struct actor *actor)
{
    struct str *const names[] = {
        &actor->user, &actor->account, &actor->user_id};
    const struct actor clear = *actor;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is_person(&clear, *names[i]))
            *names[i] = hide_known(v, *names[i]);
}

static bool is_of_person(struct str type)
{
    static const char *const types[] = {"user", "member", "person", "invite"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_is(type, types[i]))
            return true;
    return false;
}

/* First those that name somebody, so that they are known in the others. */
static void hide_targets(struct veil *v, struct activity *a)
{
    size_t bytes = a->target_count * sizeof *a->targets;
    if (bytes == 0)
        return;
    a->targets = memcpy(arena_alloc(&v->arena, bytes), a->targets, bytes);
    for (size_t i = 0; i < a->target_count; i++) {
        struct activity_target *target = &a->targets[i];
        if (!is_of_person(target->type))
            continue;
        target->name = hide_known(v, target->name);
        if (!str_is(target->type, "invite"))
            target->id = hide_known(v, target->id);
    }
    for (size_t i = 0; i < a->target_count; i++) {
        a->targets[i].id = scrub(v, a->targets[i].id);
        a->targets[i].name = scrub(v, a->targets[i].name);
    }
}

static struct str hide_fact(struct veil *v, const char *key, struct str text)
{
    bool is_whole = key != NULL && is_person_key(str_of(key)) && !is_json(text);
    return is_whole ? hide(v, text) : scrub(v, text);
}

static struct str *hide_list(
    struct veil *v, const char *key, const struct str *items, size_t count)
{
    if (count == 0)
        return NULL;
    struct str *hidden = arena_alloc(&v->arena, count * sizeof *hidden);
    for (size_t i = 0; i < count; i++)
        hidden[i] = hide_fact(v, key, items[i]);
    return hidden;
}

static void hide_details(struct veil *v, struct activity *a)
{
    size_t bytes = a->detail_count * sizeof *a->details;
    if (bytes == 0)
        return;
    a->details = memcpy(arena_alloc(&v->arena, bytes), a->details, bytes);
    for (size_t i = 0; i < a->detail_count; i++) {
        struct activity_detail *d = &a->details[i];
        d->text = hide_fact(v, d->key, d->text);
        d->items = hide_list(v, d->key, d->items, d->item_count);
    }
}

void names_write(struct names *names, const struct activity *a,
    enum capture capture, struct buf *out)
{
    if (names == NULL) {
        activity_write(a, capture, out);
        return;
    }
    struct veil *v = MEM_NEW(struct veil);
    struct activity shown = *a; /* owns nothing */
    *v = (struct veil){.names = names, .time_ms = a->time_ms};
    v->w.out = &v->sealed;
    hide_actor(v, &shown.actor);
    hide_targets(v, &shown);
    hide_details(v, &shown);
    shown.changes = hide_list(v, NULL, a->changes, a->change_count);
    shown.reason = scrub(v, a->reason);
    shown.http_path = scrub(v, a->http_path);
    if (v->used_count != 0)
        jsonw_close(&v->w);
    shown.sealed_names = buf_str(&v->sealed);
    activity_write(&shown, capture, out);
    buf_free(&v->sealed);
    arena_wipe(&v->arena);
    mem_free(v);
}
