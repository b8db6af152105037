/*
 * One extraction under way, as the readers see it: text goes to the sink,
 * members of containers go to job_member, troubles to job_trouble.  For the
 * files of this folder only.
 *
 * A reader returns when it is done or when job_is_over; it need not check
 * every call, since a sink that is full takes no more.
 */
#ifndef EXTRACT_JOB_H
#define EXTRACT_JOB_H

#include "extract/extract.h"

enum { SINK_BYTES = 32 * 1024, SIDE_MAX = 256 * 1024, JOB_DEPTH_MAX = 40 };

struct job {
    const struct extract_limits *limits;
    int fd;                   /* the report */
    char pending[SINK_BYTES]; /* text that is not written yet */
    size_t pending_n;
    size_t text_bytes, unpacked_bytes;
    unsigned members, depth, pages;
    unsigned bombs;              /* members that were beyond a limit */
    char last;                   /* the last byte of text */
    bool is_over;                /* a limit on the whole was reached */
    struct buf path;             /* of the member being read */
    size_t marks[JOB_DEPTH_MAX]; /* its length before each open part */
    unsigned open_parts;
    enum extract_status worst;
};

/* ---- text ---- */

void job_text(struct job *job, struct str text);
void job_char(struct job *job, char c);
void job_code_point(struct job *job, uint32_t c);
/* The text so far ends in a line end, or there is none. */
void job_break(struct job *job);
/* A line of its own, unless it is empty. */
void job_line(struct job *job, struct str text);
/* All that is pending to the report. */
void job_flush(struct job *job);

/* ---- what happened ---- */

/* To the member being read. */
void job_trouble(struct job *job, enum extract_status status);
bool job_is_over(const struct job *job);

/* ---- members ---- */

/* Whether a member may grow to so many bytes, its container having unpacked
 * so many in all from so many packed ones; false: a limit, which is noted. */
bool job_may_unpack(
    struct job *job, size_t member, size_t unpacked, size_t packed);
/* Bytes that were found in the file being read, under that name: told apart
 * by content and read. */
void job_member(struct job *job, struct str name, struct str bytes);
/* The same for a member known to be text of this container's format: from
 * begin to end its text is a part of its own. False: one member too many. */
bool job_part_begin(struct job *job, struct str name);
void job_part_end(struct job *job);
/* What stands behind the end of a file, and what zips hold besides. */
void job_behind(struct job *job, struct str rest);
/* The whole dispatch: the format by content, and its reader. */
void job_read(struct job *job, struct str bytes);

/* ---- readers ---- */

void read_text(struct job *job, struct str bytes, const char *charset);
void read_html(struct job *job, struct str bytes);
void read_rtf(struct job *job, struct str bytes);
void read_mail(struct job *job, struct str bytes);
void read_archive(struct job *job, struct str bytes, bool is_single);
void read_office(struct job *job, struct str bytes); /* OOXML, ODF, EPUB */
void read_pdf(struct job *job, struct str bytes);
void read_image(struct job *job, struct str bytes);
void read_ole(struct job *job, struct str bytes);
void read_tnef(struct job *job, struct str bytes);
void read_sqlite(struct job *job, struct str bytes);
void read_strings(struct job *job, struct str bytes);

#endif
