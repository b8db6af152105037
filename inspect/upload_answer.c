/*
 * What the service answers to a step of an upload: the ids and the address by
 * which the next step knows the file, and whether the file is told now.
 */
#include <string.h>

#include "inspect/answer_parts.h"
#include "inspect/pick.h"
#include "inspect/upload.h"

static bool is_good(const struct exchange *ex)
{
    return ex->status >= 200 && ex->status < 300 && !ex->is_blocked &&
           !ex->is_cut;
}

/* The service has the file: nothing more is to come.  Said before the client
 * can know, so that its next step finds it. */
static void note_told(struct exchange *ex)
{
    struct keep_file file = upload_names(ex);
    file.flags = KEEP_FILE_TOLD;
    file.forgets = true;
    upload_note(ex, &file, true);
}

void upload_response_head(struct exchange *ex)
{
    const struct upload *u = ex->upload;
    if (u == NULL || ex->activity == NULL || !is_good(ex))
        return;
    bool is_all = u->step == UPLOAD_BYTES || u->step == UPLOAD_ASSEMBLE;
    bool ends = (u->step == UPLOAD_NAME && !upload_awaits_bytes(ex)) ||
                (is_all && !upload_wants_name(ex));
    if (ends && !u->is_silent)
        note_told(ex);
    if (u->step == UPLOAD_PIECE && upload_sum_end(ex)) {
        struct keep_file file = upload_names(ex);
        file.sum = &u->sum; /* the next piece goes on with it */
        upload_note(ex, &file, false);
    }
}

static void read_value(struct exchange *ex, const struct json_node *root,
    enum upload_fact fact, struct str *to)
{
    struct str value =
        pick_text(root, &exchange_route(ex)->upload.answer[fact]);
    if (value.n != 0)
        *to = arena_copy(&ex->upload->arena, value);
}

static void take_answered_file(
    struct exchange *ex, struct str id, struct str name, struct str type)
{
    const struct upload *u = ex->upload;
    bool is_piece_of_it = u->step == UPLOAD_PIECE;
    if (is_piece_of_it || (u->step == UPLOAD_NAME && u->is_silent) ||
        (id.n == 0 && name.n == 0))
        return;
    struct arena *arena = &ex->activity->arena;
    if (u->step == UPLOAD_ANNOUNCE && ex->activity->file_count == 0)
        return;
    struct activity_file *file = upload_own_file(ex);
    if (id.n != 0)
        file->id = arena_copy(arena, id);
    if (file->name.n == 0)
        file->name = arena_copy(arena, name);
    if (file->declared_type.n == 0)
        file->declared_type = arena_copy(arena, type);
}

static void note_answer(struct exchange *ex)
{
    struct upload *u = ex->upload;
    struct keep_file file = upload_names(ex);
    if (u->step == UPLOAD_ANNOUNCE) {
        file.is_new = true;
        file.flags = upload_has_file_name(ex) ? 0 : KEEP_FILE_WANTS_NAME;
        upload_note(ex, &file, true);
    } else if (u->step == UPLOAD_PIECE || upload_awaits_bytes(ex)) {
        upload_note(ex, &file, true);
    } else if (!u->is_silent) {
        note_told(ex);
    }
}

/* What is wanted of an answer of this step. */
static bool is_told_all(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    return u->step == UPLOAD_PIECE ? u->piece.n != 0
                                   : u->id.n != 0 || u->address.n != 0;
}

bool upload_read_answer(struct exchange *ex, const struct json_node *root)
{
    struct upload *u = ex->upload;
    struct str id = STR_NONE, name = STR_NONE, type = STR_NONE;
    struct str url = STR_NONE, bytes = STR_NONE;
    if (u == NULL || u->step == UPLOAD_NONE || !is_good(ex) || u->has_answer)
        return false;
    u->was_read = true;
    read_value(ex, root, UPLOAD_FACT_ID, &id);
    read_value(ex, root, UPLOAD_FACT_OTHER_ID, &u->other_id);
    read_value(ex, root, UPLOAD_FACT_ADDRESS, &url);
    read_value(ex, root, UPLOAD_FACT_NAME, &name);
    read_value(ex, root, UPLOAD_FACT_BYTES, &bytes);
    read_value(ex, root, UPLOAD_FACT_TYPE, &type);
    if (u->step == UPLOAD_PIECE && u->piece.n == 0)
        read_value(ex, root, UPLOAD_FACT_PIECE, &u->piece);
    if (u->step == UPLOAD_ANNOUNCE && url.n != 0)
        u->address = upload_address_of(&u->arena, url);
    if (id.n != 0 && u->id.n == 0)
        u->id = id;
    else if (id.n != 0 && !str_eq(id, u->id))
        u->other_id = id; /* both call it from now on */
    take_answered_file(ex, id, name, type);
    if (u->step == UPLOAD_NAME && ex->activity->file_count != 0)
        upload_set_size(&ex->activity->files[0], bytes);
    bool is_news = id.n != 0 || url.n != 0 || u->piece.n != 0 || name.n != 0;
    u->has_answer = is_news && is_told_all(ex);
    if (u->has_answer)
        note_answer(ex);
    return u->has_answer;
}

bool upload_ask_end(struct exchange *ex)
{
    struct upload *u = ex->upload;
    if (u == NULL || u->was_end_asked || ex->activity == NULL || !is_good(ex) ||
        !upload_wants_name(ex))
        return false;
    struct keep_file file = upload_names(ex);
    u->was_end_asked = true;
    buf_clear(&ex->question);
    keep_ask_file(&file, &ex->question);
    return true;
}

void upload_end_answered(struct exchange *ex, struct str answer)
{
    struct upload *u = ex->upload;
    struct upload_known known = {0};
    struct keep_file_answer said;
    if (keep_read_file(answer, &said) != OK || !said.is_known ||
        strcmp(said.activity_id, ex->activity->id) != 0)
        return;
    u->is_silent = (said.flags & KEEP_FILE_TOLD) != 0;
    upload_read_facts(said.facts, &u->arena, &known);
    if (u->is_silent || known.name.n == 0)
        return;
    upload_own_file(ex)->name = arena_copy(&ex->activity->arena, known.name);
    note_told(ex);
}

/* "status": "error" and the like, whatever the HTTP status. */
bool upload_was_refused(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    return u != NULL && u->step == UPLOAD_ANNOUNCE && u->was_read &&
           !u->has_answer;
}

/* file.uploaded says that bytes of a file go to the service, once per file
 * (contract.md).  Of an announcement that was refused no byte went and none
 * will, and whoever tries again announces anew: telling it, too, would make two
 * of one file.  What is told all the same is what the policy had to say of its
 * name, and one whose answer nobody saw, for its bytes may have followed. */
bool upload_is_nothing(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    const struct activity *a = ex->activity;
    bool was_answered = ex->status >= 400 || upload_was_refused(ex);
    return u != NULL && u->step == UPLOAD_ANNOUNCE && was_answered &&
           !ex->is_blocked && a->verdict == VERDICT_ALLOW &&
           a->findings.count == 0 && a->failure.n == 0;
}

/* An announcement that the service took without a word of where the bytes go
 * is all that there is. */
bool upload_is_waiting(struct exchange *ex)
{
    const struct upload *u = ex->upload;
    struct activity *a = ex->activity;
    if (u == NULL || !is_good(ex))
        return false;
    bool is_part = (u->step == UPLOAD_ANNOUNCE && u->has_answer) ||
                   u->step == UPLOAD_PIECE;
    if (is_part) {
        a->has_complete = true;
        a->complete = false;
    }
    return is_part || upload_awaits_bytes(ex) || upload_wants_name(ex);
}
