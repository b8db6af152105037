/*
 * A file that goes up once more.  Clients try again (chatgpt-wire §4.9): the
 * same bytes at the same address are the activity that has been told, and say
 * nothing of their own (contract.md: `file.uploaded` comes once per file).
 * Other bytes are judged and told for themselves, as a prompt of the same id
 * with another text is: so each hash, each finding and each verdict stays, and
 * a prompt refers to the last that went through.
 */
#include "inspect/upload.h"

/* Not only a name, or what it says of its size. */
static bool had_bytes(const struct upload *u)
{
    return u->known.sha256.n != 0;
}

bool upload_is_over(const struct upload *u)
{
    return (u->said.flags & KEEP_FILE_TOLD) != 0 &&
           (u->said.flags & KEEP_FILE_BLOCKED) == 0 && had_bytes(u);
}

bool upload_was_blocked(const struct upload *u)
{
    return u->step == UPLOAD_BYTES && had_bytes(u) &&
           (u->said.flags & KEEP_FILE_BLOCKED) != 0;
}

bool upload_has_same_bytes(const struct exchange *ex)
{
    const struct upload_known *known = &ex->upload->known;
    const struct activity *a = ex->activity;
    return a->file_count != 0 && known->sha256.n != 0 &&
           str_eq(known->sha256, a->files[0].sha256) &&
           known->bytes == a->files[0].bytes;
}

/* What was told has left the keeper: with no piece since then the service is
 * told again what it knows. */
bool upload_is_list_again(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    return u->step == UPLOAD_ASSEMBLE && upload_is_over(u) &&
           !u->known.has_pieces;
}

bool upload_is_repeated(const struct exchange *ex)
{
    const struct upload *u = ex->upload;
    bool is_whole = u->step == UPLOAD_BYTES || u->step == UPLOAD_ASSEMBLE;
    return is_whole && u->is_applied && upload_is_over(u) &&
           (upload_is_list_again(ex) || upload_has_same_bytes(ex));
}

bool upload_replaces(const struct exchange *ex)
{
    return !ex->is_blocked && upload_was_blocked(ex->upload) &&
           !upload_has_same_bytes(ex);
}

void upload_note_anew(struct exchange *ex, struct keep_file *file)
{
    const struct upload *u = ex->upload;
    file->is_new = true;
    file->ids[KEEP_FILE_IDS_MAX - 1] = u->known.id;
    file->flags |= u->said.flags & KEEP_FILE_WANTS_NAME;
    upload_note(ex, file, true);
}
