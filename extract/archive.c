/*
 * Archives and compressed files: each member is told by its own content and
 * read in turn.  A member's name is text of the archive.
 */
#include "extract/job.h"
#include "extract/unpack.h"

/* What a gzip holds has the name of the gzip, which we were not told. */
static bool is_nameless(struct str name)
{
    return name.n == 0 || str_is(name, "data");
}

static void note_trouble(struct job *job, const struct unpack_member *m)
{
    if (m->is_encrypted)
        job_trouble(job, EXTRACT_ENCRYPTED);
    else if (m->is_damaged)
        job_trouble(job, EXTRACT_DAMAGED);
}

static void read_member(
    struct job *job, const struct unpack_member *m, bool is_single)
{
    bool is_whole = is_single && is_nameless(m->name);
    struct str name = is_whole ? STR("content") : m->name;
    if (!is_whole)
        job_line(job, m->name);
    if (m->is_encrypted || m->is_damaged) {
        if (job_part_begin(job, name)) {
            note_trouble(job, m);
            job_part_end(job);
        }
    }
    if (m->bytes.n > 0)
        job_member(job, name, m->bytes);
}

void read_archive(struct job *job, struct str bytes, bool is_single)
{
    struct unpack *unpack = unpack_open(job, bytes, is_single);
    struct unpack_member member;
    if (unpack == NULL)
        return;
    while (unpack_next(unpack, &member))
        read_member(job, &member, is_single);
    unpack_close(&unpack);
}
