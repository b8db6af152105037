/*
 * The steps of an upload: what each asks the keeper, takes from its answer,
 * and leaves with it; and what the keeper knows of files that a prompt uses.
 * What the service answers to a step is upload_answer.c.
 */
#include "inspect/upload.h"

#include <string.h>

#include "base/mem.h"
#include "inspect/address.h"
#include "inspect/answer_parts.h"
#include "inspect/form.h"
#include "inspect/mime.h"
#include "inspect/pick.h"

/* ---- names of the file --------------------------------------------------- */

static struct str host_and_path(
    struct arena *arena, struct str host, struct str path)
{
    struct str lower = arena_lower(arena, host);
    struct str plain = form_decode(arena, path, false);
    return str_of(
        arena_printf(arena, "%.*s%.*s", STR_ARG(lower), STR_ARG(plain)));
}

struct str upload_address_of(struct arena *arena, struct str url)
{
    struct address a;
    if (!address_split(arena, url, &a) || a.host.n == 0)
        return STR_NONE;
    return host_and_path(arena, a.host, a.path);
}

static struct str query_value(struct exchange *ex, struct str name)
{
    struct str rest = ex->query, pair;
    while (name.n != 0 && str_split(&rest, '&', &pair)) {
        size_t equals = str_find_char(pair, '=');
        if (str_eq_nocase(str_sub(pair, 0, equals), name))
            return form_decode(
                &ex->upload->arena, str_sub(pair, equals + 1, pair.n), false);
    }
    return STR_NONE;
}

struct keep_file upload_names(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    struct keep_file file = {.service = service_name(ex->service),
        .ids = {u->id, u->other_id},
        .address = u->address,
        .time_ms = ex->activity->time_ms};
    memcpy(file.activity_id, ex->activity->id, sizeof file.activity_id);
    return file;
}

static bool has_names(const struct upload *u)
{
    return u->id.n != 0 || u->other_id.n != 0 || u->address.n != 0;
}

/* ---- life ---------------------------------------------------------------- */

static bool is_addressed(const struct exchange *ex)
{
    const struct route_upload *route = &exchange_route(ex)->upload;
    bool is_step = route->step == UPLOAD_BYTES || route->step == UPLOAD_PIECE ||
                   route->step == UPLOAD_ASSEMBLE;
    return is_step && route->address.count == 0 && ex->upload->id.n == 0 &&
           str_is(ex->method, "PUT");
}

/* Some of a file's bytes (Content-Range) are a piece of it by their place. */
static void take_range(struct exchange *ex)
{
    struct upload *u = ex->upload;
    struct mime_range range;
    if (u->step != UPLOAD_BYTES ||
        mime_parse_range(ex->content_range, &range) != OK)
        return;
    u->step = UPLOAD_PIECE; /* one that says it is all may break off, too */
    u->is_range = true;
    u->is_last_range = range.last + 1 == range.total;
    u->end = u->is_last_range ? (int64_t)range.total : -1;
    u->piece = str_of(arena_printf(&u->arena, "%lld", (long long)range.first));
}

void upload_open(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    if (route == NULL || route->upload.step == UPLOAD_NONE)
        return;
    struct upload *u = ex->upload = MEM_NEW(struct upload);
    u->step = route->upload.step;
    for (size_t i = 0; i < ex->match.count; i++)
        if (route_id_of(ex->match.names[i]) == ROUTE_ID_FILE)
            u->id = arena_copy(&u->arena, ex->match.values[i]);
    u->piece = query_value(ex, route->upload.piece);
    take_range(ex);
    if (is_addressed(ex))
        u->address = host_and_path(&u->arena, ex->host, ex->path);
}

void upload_free(struct upload **upload)
{
    struct upload *u = *upload;
    if (u == NULL)
        return;
    buf_wipe_free(&u->data);
    buf_wipe_free(&u->tail);
    buf_wipe_free(&u->facts);
    chunks_drop(&u->chunks);
    digest_free(&u->digest);
    upload_whole_free(u);
    arena_free(&u->arena);
    mem_free(u);
    *upload = NULL;
}

/* ---- what the request tells ---------------------------------------------- */

struct activity_file *upload_own_file(struct exchange *ex)
{
    struct activity *a = ex->activity;
    return a->file_count != 0 ? &a->files[0] : activity_add_file(a);
}

void upload_set_size(struct activity_file *file, struct str text)
{
    uint64_t bytes;
    if (file->bytes < 0 && str_to_u64(text, &bytes) == OK && bytes <= INT64_MAX)
        file->bytes = (int64_t)bytes;
}

bool upload_take_facts(struct exchange *ex, const struct file_facts *facts)
{
    struct upload *u = ex->upload;
    struct arena *arena = &ex->activity->arena;
    if (u == NULL || u->step == UPLOAD_NONE)
        return false;
    if (u->id.n == 0)
        u->id = arena_copy(&u->arena, facts->id);
    bool has_any = ex->activity->file_count != 0 || facts->name.n != 0 ||
                   facts->bytes.n != 0;
    if (!has_any)
        return true;
    struct activity_file *file = upload_own_file(ex);
    bool is_unnamed = file->name.n == 0 || str_is(file->name, "blob");
    if (is_unnamed && facts->name.n != 0) { /* "blob": a page's for none */
        file->name = arena_copy(arena, facts->name);
        text_join(&ex->names, file->name);
    }
    if (u->step != UPLOAD_ASSEMBLE)
        upload_set_size(file, facts->bytes);
    if (file->declared_type.n == 0 || u->step == UPLOAD_NAME)
        file->declared_type = arena_copy(arena, facts->type);
    return true;
}

void upload_take_address(struct exchange *ex, const struct json_node *root)
{
    struct upload *u = ex->upload;
    u->address = upload_address_of(
        &u->arena, pick_text(root, &exchange_route(ex)->upload.address));
}

bool upload_is_piece(const struct exchange *ex)
{
    return ex->upload != NULL && ex->upload->step == UPLOAD_PIECE;
}

static void take_ends(struct upload *u, struct str head, struct str tail)
{
    buf_append_str(&u->data, str_sub(head, 0, UPLOAD_EDGE_BYTES));
    if (tail.n > UPLOAD_EDGE_BYTES)
        tail = str_sub(tail, tail.n - UPLOAD_EDGE_BYTES, tail.n);
    buf_append_str(&u->tail, tail);
}

void upload_take_bytes(struct exchange *ex, struct str bytes)
{
    if (!upload_is_piece(ex))
        return;
    upload_sum_bytes(ex, bytes);
    ex->upload->is_whole = bytes.n <= UPLOAD_SMALL_BYTES;
    if (ex->upload->is_whole) {
        buf_append_str(&ex->upload->data, bytes);
        return;
    }
    take_ends(ex->upload, bytes, bytes);
    upload_keep_bytes(ex, bytes);
    upload_keep_rest(ex);
}

void upload_take_passing(struct exchange *ex, struct str bytes)
{
    if (!upload_is_piece(ex))
        return;
    upload_sum_bytes(ex, bytes);
    upload_keep_bytes(ex, bytes);
}

void upload_take_end(struct exchange *ex, struct str head, struct str tail)
{
    if (!upload_is_piece(ex))
        return;
    take_ends(ex->upload, head, tail);
    upload_keep_rest(ex);
}

/* ---- asking -------------------------------------------------------------- */

bool upload_is_pending(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    return u != NULL &&
           (u->is_asking || (u->is_peeked && has_names(u) && !u->is_asked));
}

/* Forms name the file's address in a field, before its bytes or after. */
bool upload_peek(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u == NULL || u->is_asked || u->is_peeked ||
        exchange_route(ex)->upload.address.count == 0)
        return false;
    u->is_peeked = true;
    extract_peek(ex);
    return has_names(u);
}

static bool ask_own(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u->is_asked || u->step == UPLOAD_ANNOUNCE || !has_names(u))
        return false;
    struct keep_file file = upload_names(ex);
    file.creates = u->step == UPLOAD_PIECE;
    file.offset = u->facts.n;
    buf_clear(&ex->question);
    keep_ask_file(&file, &ex->question);
    u->is_asking = true;
    return true;
}

bool upload_ask_early(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u == NULL || ex->request != REQUEST_OPEN || u->is_asking)
        return false;
    return (u->step == UPLOAD_BYTES || u->step == UPLOAD_PIECE) && ask_own(ex);
}

/* The next attachment with an id. */
static bool ask_used(struct exchange *ex)
{
    struct upload *u = ex->upload;
    const struct activity *a = ex->activity;
    while (u->file_at < a->file_count && a->files[u->file_at].id.n == 0)
        u->file_at++;
    if (u->file_at >= a->file_count || u->file_at >= FILES_MAX)
        return false;
    struct keep_file file = {.service = service_name(ex->service),
        .ids = {a->files[u->file_at].id},
        .offset = u->facts.n};
    buf_clear(&ex->question);
    keep_ask_file(&file, &ex->question);
    u->is_asking = true;
    return true;
}

/* ---- what the keeper says ------------------------------------------------ */

static bool has_bytes(const struct upload *u)
{
    return u->step == UPLOAD_BYTES || u->step == UPLOAD_PIECE ||
           u->step == UPLOAD_ASSEMBLE;
}

static void take_id(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u->said.activity_id[0] == '\0')
        return;
    if (u->is_opened && strcmp(u->said.activity_id, ex->activity->id) != 0)
        memcpy(u->opened_id, ex->activity->id, sizeof u->opened_id);
    memcpy(ex->activity->id, u->said.activity_id, sizeof ex->activity->id);
}

/* The same activity goes on, unless its bytes were told or refused: then the
 * file goes up once more, which is decided when it is known with which bytes
 * (upload_again.c). */
static void adopt_activity(struct exchange *ex)
{
    const struct upload *u = ex->upload;
    if (!(upload_is_over(u) && has_bytes(u)) && !upload_was_blocked(u))
        take_id(ex);
}

static void adopt_actor(struct exchange *ex, const struct actor *from)
{
    struct actor *actor = &ex->actor;
    struct arena *arena = &ex->arena;
    bool is_unknown = actor->user.n == 0 || str_is(actor->source, "ip");
    if (actor->account.n == 0)
        actor->account = arena_copy(arena, from->account);
    if (actor->workspace.n == 0)
        actor->workspace = arena_copy(arena, from->workspace);
    if (actor->device.n == 0)
        actor->device = arena_copy(arena, from->device);
    if (is_unknown && from->user.n != 0) {
        actor->user = arena_copy(arena, from->user);
        actor->source = arena_copy(arena, from->source);
    }
    ex->activity->actor = *actor;
}

static void read_own(struct exchange *ex)
{
    struct upload *u = ex->upload;
    u->is_asked = true;
    if (u->digest == NULL) {
        u->has_before = u->said.has_sum;
        u->before = u->said.sum;
    }
    upload_read_facts(buf_str(&u->facts), &u->arena, &u->known);
    /* Its bytes, sent again, are judged for what they are now. */
    u->is_refused =
        u->step != UPLOAD_BYTES && (u->said.flags & KEEP_FILE_BLOCKED) != 0;
    if ((u->said.flags & KEEP_FILE_IS_CUT) != 0 && u->step == UPLOAD_ASSEMBLE)
        exchange_note_failure(ex, FAIL_LIMIT);
    adopt_activity(ex);
    adopt_actor(ex, &u->known.actor);
}

static struct str first_str(
    struct exchange *ex, struct str own, struct str known)
{
    return own.n != 0 ? own : arena_copy(&ex->activity->arena, known);
}

/* The step that brings the bytes knows best what they are; the others have it
 * from the keeper. */
static void fill_bytes(struct exchange *ex, struct activity_file *file,
    const struct upload_known *known)
{
    struct arena *arena = &ex->activity->arena;
    if (known->bytes >= 0)
        file->bytes = known->bytes;
    else if (file->bytes < 0)
        file->bytes = known->size;
    file->type = first_str(ex, file->type, known->type);
    if (known->sha256.n != 0)
        file->sha256 = arena_copy(arena, known->sha256);
}

static void fill_own(struct exchange *ex)
{
    struct upload *u = ex->upload;
    const struct upload_known *known = &u->known;
    struct activity_file *file = upload_own_file(ex);
    /* Parts of forms are called "blob"; who announced it knows better. */
    bool is_better = file->name.n == 0 || u->step != UPLOAD_NAME;
    if (is_better && known->name.n != 0) {
        file->name = arena_copy(&ex->activity->arena, known->name);
        text_join(&ex->names, file->name);
    }
    if (ex->activity->project_id.n == 0)
        ex->activity->project_id =
            arena_copy(&ex->activity->arena, known->project_id);
    struct str id = known->id.n != 0 ? known->id : u->id;
    file->id = first_str(ex, file->id, id);
    if (known->declared_type.n != 0)
        file->declared_type =
            arena_copy(&ex->activity->arena, known->declared_type);
    if (u->step == UPLOAD_NAME)
        fill_bytes(ex, file, known);
    if (u->step == UPLOAD_NAME && known->text.n != 0 && file->text.n == 0)
        buf_append_str(&file->text, known->text);
}

/* Pages call what has no name "blob", and where a place was reserved the name
 * is still to come. */
static void forget_no_name(struct exchange *ex)
{
    const struct upload *u = ex->upload;
    struct activity *a = ex->activity;
    bool is_to_come = (u->said.flags & KEEP_FILE_WANTS_NAME) != 0 &&
                      u->step == UPLOAD_BYTES && u->known.name.n == 0;
    if (is_to_come && a->file_count == 1 && str_is(a->files[0].name, "blob"))
        a->files[0].name = STR_NONE;
}

/* The last range of a file, or one that may fill the gap before it. */
static bool may_end_ranges(const struct upload *u)
{
    return u->is_range && (u->is_last_range || u->known.end >= 0);
}

/* Once the request is read and the keeper has answered. */
static void apply_own(struct exchange *ex)
{
    struct upload *u = ex->upload;
    bool names_it =
        ex->activity->file_count != 0 && ex->activity->files[0].name.n != 0;
    u->is_applied = true;
    forget_no_name(ex);
    if (upload_was_blocked(u) && upload_has_same_bytes(ex))
        take_id(ex); /* it is refused once more */
    if (u->said.is_known || has_bytes(u) || names_it)
        fill_own(ex);
    if (may_end_ranges(u))
        upload_assemble_ranges(ex);
    else if (u->step == UPLOAD_ASSEMBLE && !upload_is_list_again(ex))
        upload_assemble(ex);
    else if (u->step == UPLOAD_NAME || u->is_refused)
        for (size_t i = 0; i < u->known.finding_lines; i++)
            upload_adopt_findings(ex->activity, u->known.findings[i], 0);
}

/* A file that went up before: the prompt refers to what it really was, and
 * may not use what was refused. */
static void apply_used(struct exchange *ex)
{
    struct upload *u = ex->upload;
    struct activity_file *file = &ex->activity->files[u->file_at];
    struct upload_known known = {0};
    upload_read_facts(buf_str(&u->facts), &u->arena, &known);
    if (file->name.n == 0 && known.name.n != 0) {
        file->name = arena_copy(&ex->activity->arena, known.name);
        text_join(&ex->names, file->name);
    }
    fill_bytes(ex, file, &known);
    file->declared_type =
        first_str(ex, file->declared_type, known.declared_type);
    if ((u->said.flags & KEEP_FILE_BLOCKED) == 0)
        return;
    u->is_refused = true;
    u->known.rule = arena_copy(&u->arena, known.rule);
    u->known.reason = arena_copy(&u->arena, known.reason);
    for (size_t i = 0; i < known.finding_lines; i++)
        upload_adopt_findings(ex->activity, known.findings[i], 0);
}

/* Requests that change something and name files. */
static bool uses_files(const struct exchange *ex)
{
    const struct activity *a = ex->activity;
    if (a == NULL || exchange_route(ex) == NULL || ex->download != NULL ||
        str_is(ex->method, "GET"))
        return false;
    for (size_t i = 0; i < a->file_count; i++)
        if (a->files[i].id.n != 0)
            return true;
    return false;
}

static bool step_whole(struct exchange *ex)
{
    enum upload_join join;
    do
        join = upload_whole_step(ex);
    while (join == UPLOAD_JOIN_MORE && ex->backlog.n == 0);
    return join == UPLOAD_JOIN_ASKS;
}

/* The text of a file whose bytes came before its name. */
static bool ask_text(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u->step != UPLOAD_NAME || u->known.kept_name.n == 0 ||
        u->is_text_asked || ex->activity->file_count == 0)
        return false;
    u->is_text_asked = u->is_asking = true;
    buf_clear(&ex->question);
    keep_ask_chunk(u->known.kept_name, 0, &ex->question);
    return true;
}

/* One that is not all of its file. */
static bool is_some_range(const struct upload *u)
{
    return u->is_range && !(u->is_last_range && str_is(u->piece, "0"));
}

/* What was said when the bytes began was not all: of ranges, of a file whose
 * name may have come meanwhile, and of one that was asked about in vain:
 * without an answer it would be told as another file than the one announced. */
static bool is_to_ask_again(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    bool lacks_name = u->step == UPLOAD_BYTES &&
                      (u->said.flags & KEEP_FILE_WANTS_NAME) != 0 &&
                      u->known.name.n == 0;
    return (is_some_range(u) || lacks_name || u->is_unanswered) &&
           u->is_asked && !u->was_asked_again;
}

/* Ranges may end at the same moment: whichever asks last is to hear of both,
 * so each tells of itself before it asks.  If all do, they tell the same. */
static void note_range(struct exchange *ex)
{
    struct keep_file file = upload_names(ex);
    if (is_some_range(ex->upload))
        upload_note(ex, &file, true);
}

bool upload_ask(struct exchange *ex)
{
    if (ex->gate == GATE_REFUSE || ex->activity == NULL)
        return false;
    if (ex->upload == NULL && uses_files(ex))
        ex->upload = MEM_NEW(struct upload);
    struct upload *u = ex->upload;
    if (u == NULL)
        return false;
    if (u->step == UPLOAD_NONE)
        return ask_used(ex);
    if (is_to_ask_again(ex)) {
        note_range(ex);
        u->was_asked_again = true;
        u->is_asked = false;
        buf_clear(&u->facts);
    }
    if (u->is_asking || ask_own(ex)) /* early, and not answered yet */
        return true;
    if (!u->is_applied)
        apply_own(ex);
    return u->whole != NULL ? step_whole(ex) : ask_text(ex);
}

/* False: it has said all. */
static bool wants_more(struct upload *u, struct str answer)
{
    if (keep_read_file(answer, &u->said) != OK)
        return false;
    buf_append_str(&u->facts, u->said.facts);
    return u->said.facts.n != 0 && u->facts.n < u->said.facts_bytes;
}

/* Bytes: of a piece, or the text. */
static bool take_kept(struct exchange *ex, struct str answer)
{
    struct upload *u = ex->upload;
    u->is_asking = false;
    if (u->whole != NULL)
        upload_whole_answer(ex, answer);
    else if (ex->activity->files[0].text.n == 0)
        buf_append_str(&ex->activity->files[0].text, answer);
    return false;
}

bool upload_answer(struct exchange *ex, struct str answer)
{
    struct upload *u = ex->upload;
    if (u->is_applied)
        return take_kept(ex, answer);
    u->is_asking = false;
    u->is_unanswered = answer.n == 0;
    u->said = (struct keep_file_answer){0};
    /* Early it is only asked which activity this is: the first lines tell. */
    if (wants_more(u, answer) && ex->request != REQUEST_OPEN)
        return u->step == UPLOAD_NONE ? ask_used(ex) : ask_own(ex);
    u->said.facts = STR_NONE; /* the answer's bytes end with it */
    if (u->step != UPLOAD_NONE) {
        read_own(ex);
        return false;
    }
    if (u->said.is_known)
        apply_used(ex);
    buf_clear(&u->facts);
    u->file_at++;
    return ask_used(ex);
}

/* ---- the verdict --------------------------------------------------------- */

void upload_judge(struct exchange *ex)
{
    const struct upload *u = ex->upload;
    if (u == NULL || !u->is_refused || ex->verdict.kind == VERDICT_BLOCK)
        return;
    ex->verdict = (struct verdict){.kind = VERDICT_BLOCK,
        .severity = LEVEL_HIGH,
        .rule = u->known.rule,
        .message = u->known.reason};
    if (ex->verdict.message.n == 0)
        ex->verdict.message = STR("The file was refused when it went up.");
    policy_put_verdict(ex->activity, &ex->verdict);
}

bool upload_has_file_name(const struct exchange *ex)
{
    return ex->activity->file_count != 0 && ex->activity->files[0].name.n != 0;
}

static bool is_refused_now(const struct exchange *ex)
{
    return ex->verdict.kind == VERDICT_BLOCK && !ex->verdict.is_monitored;
}

bool upload_is_silent(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    if (u == NULL)
        return false;
    if (upload_is_repeated(ex))
        return !is_refused_now(ex);
    if (ex->activity->findings.count != 0 || ex->failure >= 0 ||
        ex->verdict.kind != VERDICT_ALLOW)
        return false;
    if (u->step == UPLOAD_PIECE)
        return upload_is_over(u);
    if (u->step == UPLOAD_ANNOUNCE) /* a place for a file to come */
        return !upload_has_file_name(ex);
    if (u->step != UPLOAD_NAME)
        return false;
    return u->said.is_known ? (u->said.flags & KEEP_FILE_TOLD) != 0
                            : !upload_has_file_name(ex);
}

void upload_note(struct exchange *ex, struct keep_file *file, bool has_fact)
{
    struct buf line = {0};
    if (!has_names(ex->upload))
        return;
    if (has_fact)
        upload_write_fact(ex, &line);
    if (line.n > KEEP_FACT_BYTES_MAX)
        buf_clear(&line);
    file->fact = buf_str(&line);
    keep_note_file(file, exchange_push_note(ex));
    buf_wipe_free(&line);
}

bool upload_wants_name(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    bool is_all = u->step == UPLOAD_BYTES || u->step == UPLOAD_ASSEMBLE;
    return is_all && (u->said.flags & KEEP_FILE_WANTS_NAME) != 0 &&
           !upload_has_file_name(ex);
}

/* The name came first: whoever brings the bytes completes the record. */
bool upload_awaits_bytes(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    return u->step == UPLOAD_NAME && u->said.is_known && u->known.bytes < 0 &&
           (u->said.flags & (KEEP_FILE_TOLD | KEEP_FILE_BLOCKED)) == 0;
}

/* For the record that the name will complete. */
static void keep_text(struct exchange *ex)
{
    const struct activity *a = ex->activity;
    if (a->file_count == 0 || a->files[0].text.n <= UPLOAD_SMALL_BYTES)
        return;
    chunks_drop(&ex->upload->chunks); /* of the last range */
    upload_keep_bytes(ex, buf_str(&a->files[0].text));
    upload_keep_rest(ex);
}

void upload_note_verdict(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u == NULL || u->step == UPLOAD_NONE || u->step == UPLOAD_ANNOUNCE)
        return;
    struct keep_file file = upload_names(ex);
    bool knows_piece = u->step == UPLOAD_PIECE && u->piece.n != 0;
    bool keeps_bytes = upload_wants_name(ex);
    if (ex->is_blocked)
        file.flags = KEEP_FILE_BLOCKED;
    if (keeps_bytes && !ex->is_blocked)
        keep_text(ex);
    if (upload_replaces(ex))
        upload_note_anew(ex, &file);
    else if (ex->is_blocked || knows_piece || keeps_bytes ||
             upload_awaits_bytes(ex))
        upload_note(ex, &file, true);
}

void upload_take_back(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u == NULL)
        return;
    if (upload_is_repeated(ex) && ex->is_streaming && upload_is_silent(ex))
        exchange_push_void(ex, ex->activity->id);
    if (u->opened_id[0] == '\0')
        return;
    exchange_push_void(ex, u->opened_id);
    u->opened_id[0] = '\0';
}
