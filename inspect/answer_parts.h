/* What answer.c, chatgpt_answer.c, openai_answer.c, map_answer.c and chatgpt.c
 * share. */
#ifndef INSPECT_ANSWER_PARTS_H
#define INSPECT_ANSWER_PARTS_H

#include "inspect/answer.h"
#include "inspect/bootstrap.h"
#include "inspect/delta.h"
#include "inspect/json.h"
#include "inspect/json_mend.h"
#include "inspect/mweb.h"
#include "inspect/ndjson.h"
#include "inspect/sse.h"

/* Text of the public API under a key of its place in the answer. */
struct api_part {
    int64_t choice; /* chat: choices[].index; responses: 0 */
    struct str key; /* item and part, or tool call */
    bool is_hidden; /* reasoning, arguments, code */
    struct buf text;
};

enum { API_PARTS_MAX = 1024, ANSWER_FILES_MAX = 64 };

struct answer_file; /* inspect/answer_files.c */

struct answer {
    enum answer_codec codec;
    const struct answer_map *map; /* of ANSWER_MAP, borrowed */
    struct ndjson *lines;         /* the same, JSON lines */
    struct arena arena;
    struct arena scratch; /* of one event's tree */
    struct sse *sse;
    struct buf body; /* JSON answers, whole */
    bool is_open;    /* what it is is not known yet */
    bool saw_end;    /* the stream's own end mark */
    bool is_over_limit, is_broken, has_unknown, is_finished, is_complete;
    bool is_refused; /* a JSON body with an error in it */
    bool is_queued;  /* it says of which id the answer will be, no more */
    bool is_mended;  /* the JSON body broke off */
    struct str conversation_id, model, message_id, parent_id;
    struct str request_id; /* of the message that was sent */
    struct str plan;
    struct str turn_id, topic_id; /* where the answer goes on */
    struct bootstrap page;        /* of ANSWER_LINKS, where it is HTML */
    bool is_page;
    /* chatgpt */
    bool saw_done; /* [DONE], behind everything */
    bool is_delta, is_handoff;
    bool has_encoding; /* its name came first */
    /* Hashes of the events, and how many of those to come are left out
     * (inspect/resume.h). */
    uint32_t *events;
    size_t event_count, event_cap, skip_events;
    int64_t events_before; /* not among them */
    struct delta delta;
    struct buf extra_hidden; /* events that nobody understands */
    struct buf rest;         /* of events of a type that is not known */
    struct str title;        /* may come again: the last one counts */
    struct activity *trees[ANSWERS_MAX]; /* conversations of the history */
    size_t tree_count;
    struct keep_turn *turns; /* their newest user messages hang there; arena */
    size_t turn_count;       /* all there were */
    /* the light web app */
    struct mweb mweb;
    struct mweb_ndjson *mweb_lines;
    struct mweb_html *mweb_html;
    /* public API */
    struct api_part *parts;
    size_t part_count;
    size_t text_bytes;
    /* Responses: events of a lower number are here already, or were. */
    int64_t next_sequence;
    bool has_choice[ANSWERS_MAX];
    struct answer_file *files, *bytes_file; /* the latter: the answer itself */
    size_t file_count, file_told;           /* told: by answer_next_file */
};

/* Joins by a newline; leaves out what is empty. */
void text_join(struct buf *to, struct str text);
/* text_join up to ANSWER_TEXT_BYTES_MAX. */
void answer_join(struct answer *a, struct buf *to, struct str text);
struct str answer_keep(struct answer *a, struct str text, struct str old);

/* "sediment://file_00ab?x#y" -> "file_00ab" */
struct str chatgpt_pointer_id(struct str pointer);
void chatgpt_answer_event(struct answer *a, const struct sse_event *event);
/* A JSON answer: an error, or where the answer comes from. */
void chatgpt_answer_body(struct answer *a, const struct json_node *root);
size_t chatgpt_answer_take(struct answer *a, struct activity *out[ANSWERS_MAX]);

void chatgpt_tree_body(struct answer *a, const struct json_node *root);
size_t chatgpt_tree_take(struct answer *a, struct activity *out[ANSWERS_MAX]);

/* One event that came without the frame of a stream. */
void answer_json(struct answer *a, const struct json_node *root);
void openai_answer_json(struct answer *a, const struct json_node *root);
void openai_answer_event(struct answer *a, const struct sse_event *event);
void openai_answer_body(struct answer *a, const struct json_node *root);
size_t openai_answer_take(struct answer *a, struct activity *out[ANSWERS_MAX]);
void openai_answer_free(struct answer *a);
/* openai_resume.c: inspect/resume.h for Responses. */
void openai_resume_write(const struct answer *a, struct buf *out);
struct answer *openai_resume_join(const struct json_node *kept, struct str raw,
    bool is_complete, bool *is_same_out);
/* Members of items that label, locate or carry what is no text. */
bool openai_is_label(struct str key);
/* Text of the first choice under the key of its place: appended, or in place
 * of what was there. */
void answer_put_part(struct answer *a, struct str key, bool is_hidden,
    bool replaces, struct str text);

/* answer_files.c.  The file of that id, else of that name; without both a new
 * one each time.  NULL: there are too many. */
struct answer_file *answer_add_file(
    struct answer *a, int64_t choice, struct str id, struct str name);
/* The file at a place in the answer, which may have an id as well. */
struct answer_file *answer_file_at(
    struct answer *a, int64_t choice, struct str key, struct str id);
void answer_file_declare(
    struct answer *a, struct answer_file *file, struct str type);
void answer_file_bytes(struct answer_file *file, struct str bytes);
void answer_file_base64(struct answer_file *file, struct str text);
/* Its bytes were here already, or never will be. */
bool answer_file_is_known(const struct answer_file *file);
/* At a place in the answer: a data: URL is the file, others name it. */
void answer_file_url(struct answer *a, struct str key, struct str url);
void answer_take_files(
    const struct answer *a, int64_t choice, struct activity *act);
void answer_files_free(struct answer *a);

/* openai_media.c */
void openai_media_json(struct answer *a, const struct json_node *root);
void openai_list_body(struct answer *a, const struct json_node *root);

void map_answer_event(struct answer *a, const struct sse_event *event);
void map_answer_body(struct answer *a, const struct json_node *root);

#endif
