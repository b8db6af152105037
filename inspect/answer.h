/*
 * Answers read as they pass: decoded response bytes in, one activity an
 * answer out once the stream has ended (fact sheet chatgpt-wire §4, §9).
 *
 * Used by inspect/exchange.c.  inspect/answer.c holds the frame and ChatGPT's
 * streams, inspect/openai_answer.c the public API's, inspect/map_answer.c
 * those that a service map describes.  Memory: what the codec
 * bounds (sse.h, delta.h), ANSWER_BODY_BYTES_MAX for JSON, and
 * ANSWER_TEXT_BYTES_MAX of text an answer; past these the rest is left out
 * and the answer is marked with the failure "limit".
 */
#ifndef INSPECT_ANSWER_H
#define INSPECT_ANSWER_H

#include "inspect/activity.h"
#include "inspect/service.h"

enum {
    ANSWERS_MAX = 16, /* of one stream (choices, variants) */
    ANSWER_BODY_BYTES_MAX = 16 * 1024 * 1024,
    ANSWER_TEXT_BYTES_MAX = 4 * 1024 * 1024,
    ANSWER_LINKS_BYTES_MAX = 256 * 1024,
};

struct answer;

struct answer *answer_new(enum answer_codec codec, bool is_sse);
/* As the map says (ANSWER_MAP); the map is borrowed. */
struct answer *answer_new_mapped(const struct answer_map *map, bool is_sse);
/* Of ANSWER_OPENAI_MEDIA: the answer is the file, of that declared type. */
void answer_expect_bytes(struct answer *a, struct str type);
/* Before the first byte: the body is a page, of which the bootstrap JSON
 * counts (ANSWER_LINKS). */
void answer_expect_page(struct answer *a);
void answer_free(struct answer **answer);
void answer_feed(struct answer *a, struct str bytes);
/* is_complete: the transport ended in order. */
void answer_finish(struct answer *a, bool is_complete);
/* After answer_finish: the answers, with name, ids, model, text, files,
 * complete and failure filled in.  The caller owns them. */
size_t answer_take(struct answer *a, struct activity *out[ANSWERS_MAX]);
/* Of the stream as a whole; empty: it said none. */
struct str answer_conversation_id(const struct answer *a);
/* Of the message that was sent, where the service names it; empty: it did not.
 */
struct str answer_request_id(const struct answer *a);
/* Of the account, as the stream tells it; empty: it did not. */
struct str answer_plan(const struct answer *a);
/* Who carried it says that it is whole. */
void answer_set_end(struct answer *a);
/* It came to its end, here. */
bool answer_is_whole(const struct answer *a);
/* What an answer is known by that goes on elsewhere, or broke off. */
struct answer_turn {
    struct str id, topic;
    bool goes_on;
};
struct answer_turn answer_turn(const struct answer *a);
/* The next file with id and name that came since; false: none.  Borrowed. */
bool answer_next_file(
    struct answer *a, struct str *id_out, struct str *name_out);
/* Of ANSWER_LINKS as far as it is here; after answer_finish, of ANSWER_FIELDS
 * or a JSON answer of ANSWER_CHATGPT: the whole body. */
struct str answer_links_body(const struct answer *a);
/* After answer_finish: strings of events that nobody understands, to be
 * scanned.  Replaces what is in `out`. */
void answer_take_rest(struct answer *a, struct buf *out);
/* Of conversations of the history: where user messages hang. */
struct keep_turn;
const struct keep_turn *answer_turns(const struct answer *a, size_t *count_out);
/* A JSON body that says: no answer, an error. */
bool answer_is_refusal(const struct answer *a);
/* It will be made in the background: its id tells which one it is then. */
struct str answer_queued_id(const struct answer *a);
/* It came as events. */
bool answer_is_stream(const struct answer *a);
/* Something was left out. */
bool answer_is_cut(const struct answer *a);
/* After answer_finish, of ANSWER_TRANSCRIPT: the text. */
void answer_transcript(const struct answer *a, struct buf *text_out);

#endif
