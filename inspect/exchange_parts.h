/*
 * What the files of the exchange share; for nobody else.
 *
 *   exchange.c           life, records, the request's phases
 *   exchange_judge.c     the verdict on a request, and what follows of it
 *   exchange_scan.c      texts through the scanner, findings in their place
 *   exchange_body.c      request bytes: decode, bound, stream
 *   exchange_stream.c    text scanned while it passes
 *   exchange_response.c  response bytes, links, the response's phases
 *   exchange_answer.c    answers as activities, completion of the request's
 *   exchange_file.c      files coming down, and links to them
 *   download.c           their bytes (inspect/download.h)
 *   download_whole.c     parts of a file, put together
 *   chunks.c             bytes of parts for the keeper
 *   extract.c            bodies by the map's paths, or generically
 *   document.c           files that others take the text out of
 *   extract_file.c       files in bodies: raw, multipart, data: URLs
 *   upload*.c            what a request is in the course of an upload
 *   chatgpt.c            the prompt body and what kind of prompt it is
 *   openai_request.c     chat completions and Responses requests
 *   block.c              block replies
 *   exchange_identity.c  who it is, remembered by session
 *   exchange_inner.c     exchanges inside a WebSocket (inspect/channel.h)
 *   exchange_view.c      answers by the map's paths
 *   exchange_fields.c    header fields, trailers, addresses without a map
 *   exchange_event.c     administrative requests (inspect/event.h)
 *   exchange_signin.c    signing in and out (inspect/signin.h)
 *   exchange_resume.c    answers that come in several streams
 *   exchange_seam.c      values split over two messages of a conversation
 */
#ifndef INSPECT_EXCHANGE_PARTS_H
#define INSPECT_EXCHANGE_PARTS_H

#include "inspect/answer.h"
#include "inspect/decode.h"
#include "inspect/exchange.h"
#include "inspect/harvest.h"
#include "inspect/json.h"

enum {
    DOCUMENT_WORKER_BYTES = 512 << 20, /* documents kept, of all exchanges */
    DOCUMENTS_MAX = 16,                /* of one request that are read */
    FILES_MAX = 64, /* attachments of one prompt that are named */
    SCAN_SOURCES_MAX = 12 + 2 * FILES_MAX,
    STREAM_SLICE_BYTES = 64 * 1024, /* scanned at once: some 7 ms of numbers */
    STREAM_OVERLAP_BYTES = 4096,
    LINKS_MAX = 16,        /* in one answer that are remembered */
    LIST_NAMES_MAX = 1024, /* of files, likewise */
    JOINTS_MAX = 256,
    STATUS_UPGRADED = 101, /* RFC 9110 15.2.2: to a WebSocket */
};

enum request_phase {
    REQUEST_OPEN,    /* body comes in */
    REQUEST_EXTRACT, /* ended: decode's end, parse, extract */
    REQUEST_ASK,     /* the keeper's word is awaited */
    REQUEST_SIGNIN,  /* the same of who signs in */
    REQUEST_FILES,   /* and on the files */
    REQUEST_JOIN,    /* pieces of a file are put together */
    REQUEST_READ,    /* documents are being read */
    REQUEST_TAIL,    /* the keeper is asked what was said last */
    REQUEST_SCAN,
    REQUEST_IDENTIFY, /* the keeper is asked whose the session is */
    REQUEST_DRAFT,    /* the keeper is asked which draft it is */
    REQUEST_READY,    /* verdict and records are there */
};

enum response_phase {
    RESPONSE_NONE,
    RESPONSE_OPEN,
    RESPONSE_EXTRACT,
    RESPONSE_RESUME, /* does it go on with another stream? */
    RESPONSE_IDENTIFY,
    RESPONSE_SIGNIN, /* what else is known of the sign-in? */
    RESPONSE_NAME,   /* has a file's name come while its bytes passed? */
    RESPONSE_ASK,    /* was it told already? */
    RESPONSE_REPLY,  /* which prompt does it answer? */
    RESPONSE_READ,   /* a document that came down is being read */
    RESPONSE_TEXT,   /* and its text scanned */
    RESPONSE_FILE,   /* the keeper is asked about the link or the bytes */
    RESPONSE_WHOLE,  /* which are put together */
    RESPONSE_SCAN,
    RESPONSE_VIEW,       /* the answer's texts in the request's activity */
    RESPONSE_TRANSCRIPT, /* what the audio of the request said is scanned */
    RESPONSE_DONE,
};

/* What is done with a source's findings once it is scanned. */
enum source_kind {
    SOURCE_PLAIN,
    SOURCE_TAIL,   /* the end of the content, or of the hidden text */
    SOURCE_FIELDS, /* the same line by line, and only what is sure and grave */
    SOURCE_STRICT, /* only what is sure and grave */
    SOURCE_REST,   /* found something: the text joins the hidden text */
    SOURCE_NAMES,  /* one a line: offsets are made relative to the line */
    SOURCE_SPACED, /* parts with a blank between them */
    SOURCE_GLUED,  /* parts with nothing between them */
    SOURCE_AGAIN,  /* what was found before is no news */
    SOURCE_BEFORE, /* the end of what was said last: told already */
    SOURCE_SEAM,   /* the same and the beginning of the content */
    SOURCE_SEAM_GLUED,
};

struct scan_source {
    struct str text;
    enum where where;
    enum source_kind kind;
};

/* Where what was said last in the conversation and this prompt meet. */
struct seam {
    struct buf before; /* with SEAM_MARK where messages meet in it */
    struct buf tail, spaced, glued;
    size_t glued_at; /* where the prompt begins in it */
    struct seam_told {
        struct str type;
        size_t start, end; /* in the tail, which was told of them */
    } told[8];
    size_t told_count;
    bool is_noted;
};

/* The sources of one activity, one after the other. */
struct scan_run {
    struct activity *activity;
    struct scan_source sources[SCAN_SOURCES_MAX];
    size_t count, at, before; /* before: findings when `at` began */
    struct scan_job *job;
};

/* Strings of the parsed body that an extractor used: the rest of them is
 * scanned as hidden text.  By their offset in the body. */
struct taken {
    uint32_t *starts;
    size_t count, cap;
};

/* The text of one file, in exchange.file_text. */
struct file_span {
    size_t start, end;
    bool is_again; /* the same words, unescaped */
};

/* A file whose text somebody else takes out (document.c). */
struct document {
    struct buf bytes;
    size_t file_at; /* in the activity's files */
    struct str declared_type;
};

struct exchange {
    const struct exchange_env *env;
    const struct service *service; /* NULL: not in scope */
    struct route_match match;
    struct arena arena;
    struct str method, host, path, query; /* path: raw, without query */
    struct str content_type, content_encoding, accept, project_header,
        fetch_dest, content_range;
    struct str groups;
    struct actor actor; /* in this arena: answers outlive the activity */
    const char *http_version;
    int64_t time_ms;     /* 0: now */
    int64_t answered_ms; /* the answer began; 0: not yet */
    bool is_page;        /* a navigation: answers are HTML */
    bool is_websocket;

    enum request_phase request;
    enum gate gate;
    struct decoder *decoder;
    bool is_cut, is_streaming;
    uint64_t wire_bytes;
    struct buf body;         /* decoded, while held */
    struct buf backlog;      /* decoded, to be streamed step by step */
    struct passing *passing; /* what is scanned while it passes, or NULL */

    struct activity *activity; /* NULL: the request yields none */
    bool is_unclassified;
    bool is_probe; /* a read that no map explains: only its address counts */
    struct buf fields; /* values of header fields and trailers, one a line */
    struct buf rest, names, url, file_text;
    struct document documents[DOCUMENTS_MAX];
    size_t document_count, document_at;
    bool is_unreadable;      /* one of them: the file's fault, not the map's */
    struct file_span *spans; /* 2 * FILES_MAX, once there is one */
    size_t span_count;
    struct file_reader *reader; /* of a file's bytes that are streamed */
    struct upload *upload;      /* NULL: the request is no step of one */
    /* Where parts of the content meet, and the content without the newlines
     * there: a number may be cut in two by them. */
    size_t *joints, joint_count; /* JOINTS_MAX, likewise */
    struct buf spaced, glued;
    struct seam seam;
    struct taken taken;
    bool asks_keeper, wants_v1;
    bool is_only_context; /* a prompt's body in which no user says anything */
    struct str action;    /* of a ChatGPT prompt */
    struct str answer_id; /* what the client calls the answer to come */
    int failure;          /* enum failure, or -1 */
    struct verdict verdict;
    struct buf verdict_text; /* of verdicts made here */
    struct scan_run run;
    struct buf question;
    bool is_blocked;
    struct keep_session session, new_session;
    bool is_identified; /* the keeper was asked */
    bool is_draft_told; /* a longer text of the same draft is recorded */
    bool is_signed_out; /* and that is not allowed: refused unread */

    enum response_phase response;
    int status;
    struct decoder *response_decoder;
    struct answer *answer;
    struct event_work *event;   /* NULL: it administers nothing */
    struct signin_work *signin; /* NULL: nobody signs in or out */
    struct download *download;  /* NULL: not a file, or nobody's */
    struct buf decoded;
    uint64_t response_bytes;
    const char *answer_failure;
    bool is_refused; /* the answer's body is an error, whatever its status */
    struct activity *view; /* texts on their way into the request's activity */
    struct activity *answers[ANSWERS_MAX];
    size_t answer_count, answer_at;
    bool is_response_complete;
    bool has_transcript; /* not scanned yet */
    bool is_link_read;   /* addresses and ids of the answer were taken */
    size_t name_count;   /* of files that it listed */
    struct str turn_id;  /* the answers' name elsewhere, for their prompt */
    bool may_be_told;    /* by another connection */
    /* It may go on with another stream: its bytes; what is known of that one,
     * and the ids under which it was told.  resumes: by request. */
    bool resumes, is_raw_over;
    bool asks_rest;   /* the question is whether somebody went on already */
    bool leaves_rest; /* nothing was kept: the first one may still be open */
    struct buf raw, kept;
    struct str resume_conversation, topic_id;
    int64_t resume_offset; /* -1: not told */
    char told[ANSWERS_MAX][UUID_TEXT_BYTES];
    size_t told_count;
    int64_t told_ms;
    struct str told_reply;
    /* Another stream may go on with it: under these names. */
    bool goes_on;
    struct buf state;
    struct str next_conversation, next_turn, next_topic;
    struct str told_reason; /* the map's; where the policy gives none */
    bool is_quiet;          /* answers are told only where something is found */

    struct record *records;
    size_t record_first, record_count, record_cap;
    struct buf *notes;
    size_t note_first, note_count, note_cap;
};

/* exchange.c */
/* The request's activity is made, its body expected. */
void exchange_start_request(struct exchange *ex);
const struct route *exchange_route(const struct exchange *ex);
/* What every activity of an exchange has of it. */
void exchange_fill(const struct exchange *ex, struct activity *a);
void exchange_push_record(
    struct exchange *ex, enum record_kind kind, struct activity *a);
void exchange_push_void(struct exchange *ex, const char *id);
struct buf *exchange_push_note(struct exchange *ex);
/* For the daily digest of what the maps left unexplained. */
void exchange_note_drift(struct exchange *ex, const char *cause);
/* A document was taken or skipped. */
void exchange_after_document(struct exchange *ex);

/* exchange_judge.c */
void exchange_note_failure(struct exchange *ex, enum failure failure);
void exchange_judge(struct exchange *ex, struct activity *activity,
    enum direction direction, struct verdict *verdict_out);
void exchange_push_opening(struct exchange *ex);
/* Before the verdict: whether it is worth a question whose it is. */
bool exchange_may_be_recorded(const struct exchange *ex);
/* EXCHANGE_ASK: exchange_question is which draft it is. */
enum exchange_state exchange_decide(struct exchange *ex);
void exchange_draft_said(struct exchange *ex, struct str answer);

/* exchange_scan.c */
/* All sources of the request, in their order. */
void exchange_plan_scan(struct exchange *ex);
void scan_run_add(struct scan_run *run, struct str text, enum where where,
    enum source_kind kind);
bool scan_run_step(struct exchange *ex); /* true: more to do */
/* One of the first `count` has the same detector and shares bytes with it. */
bool scan_is_told(
    const struct findings *f, size_t count, const struct finding *one);
enum where exchange_where(const struct exchange *ex);

/* document.c */
/* False: it is no document, or will not be read: look at its bytes. */
bool document_add(struct exchange *ex, const struct activity_file *file,
    struct str declared_type, struct str bytes);
/* Room for bytes of documents among all that the worker keeps; what was
 * reserved is released by whoever has the bytes. */
bool document_reserve(size_t n);
void document_release(size_t n);
void document_note_too_large(struct exchange *ex, struct str type);
void document_note_trouble(
    struct exchange *ex, const char *why, struct str where);
/* One that came down: takes the bytes and what was reserved for them. */
void document_adopt(
    struct exchange *ex, const struct activity_file *file, struct buf *bytes);
bool document_is_left(const struct exchange *ex);
void document_free_all(struct exchange *ex);

/* exchange_body.c */
bool exchange_step_backlog(struct exchange *ex); /* true: there was some */
void exchange_finish_body(struct exchange *ex);
/* What came while it was not known whether it may be streamed. */
void exchange_check_size(struct exchange *ex);
void exchange_finish_stream(struct exchange *ex);

/* exchange_stream.c: the text of something that passes.  Findings are those
 * of a file, and of one that is text their offsets are those in it. */
void exchange_scan_begin(
    struct exchange *ex, struct str declared_type, bool is_file);
void exchange_scan_piece(struct exchange *ex, struct str bytes);
void exchange_scan_rest(struct exchange *ex); /* its end */
void exchange_scan_free(struct exchange *ex);

/* exchange_response.c */
/* The first field of that name, trimmed; empty: there is none. */
struct str exchange_field(
    const struct field *fields, size_t count, const char *name);
enum exchange_state exchange_step_response(struct exchange *ex);
/* The keeper's word on what the response's phase asked. */
void exchange_response_said(struct exchange *ex, struct str answer);
void exchange_free_response(struct exchange *ex);
/* Inspected from now on, where the map calls it learnable. */
void exchange_learn_host(struct exchange *ex, struct str host);
/* A document that came down was taken or skipped. */
void exchange_after_download(struct exchange *ex);

/* exchange_answer.c */
bool exchange_is_prompt(const struct exchange *ex);
/* The parent of the prompt has a user message now, which makes the next one
 * under it an edit.  When the answer's stream begins, for who edits before it
 * ends or at once then; and when it ended, for whose conversation it said. */
void exchange_note_turn(struct exchange *ex);
/* A response of the public API that was asked for by its id. */
bool exchange_is_polled(const struct exchange *ex);
/* At the end of the response: what it tells, as activities; what the keeper is
 * to know of them; the conversation that the request began. */
void exchange_take_answers(struct exchange *ex);
void exchange_note_answers(struct exchange *ex);
void exchange_learn_ids(struct exchange *ex);
/* The request's record, as its answer leaves it. */
void exchange_complete_request(struct exchange *ex);
/* The answer that is at its turn: to be scanned, the keeper's word about it,
 * scanned. */
enum exchange_state exchange_begin_answer(struct exchange *ex);
void exchange_answer_said(struct exchange *ex, struct str answer);
enum exchange_state exchange_finish_answer(struct exchange *ex);
/* The request's activity is that of a file, and told as an answer. */
void exchange_tell_file(struct exchange *ex);
/* Tells what came without a request of its own: the activities are ex's from
 * now on.  After it, step. */
void exchange_tell(
    struct exchange *ex, struct activity *const *activities, size_t count);

/* exchange_file.c: `answer: file`.  The request's activity becomes that of
 * the file, and is recorded once that is known to be one. */
void file_begin(struct exchange *ex);
void file_free(struct exchange *ex);
/* Once the ids are there.  True: exchange_question is whose file it is. */
bool file_ask_fetch(struct exchange *ex);
/* The links that an answer's files have. */
void file_note_links(struct exchange *ex, const struct activity *a);
/* And the names of those that have an id. */
void file_note_names(struct exchange *ex, const struct activity *a);
/* The same of one that an answer names on the way; either may be empty. */
void file_note_name(struct exchange *ex, struct str id, struct str name);
void file_take_fetch(struct exchange *ex, struct str answer);
void file_head(struct exchange *ex, const struct field *fields, size_t count,
    bool has_body);
void file_set_length(struct exchange *ex, int64_t length);
void file_data(struct exchange *ex, struct str wire);
/* At the end of the answer, and once a document among the bytes was read.
 * False: there is nothing to tell. */
bool file_finish(struct exchange *ex);
/* exchange_question is what is known of the link or of the other parts. */
void file_ask(struct exchange *ex);
enum file_next {
    FILE_ASKS,  /* exchange_question again */
    FILE_STEPS, /* file_step */
    FILE_READS, /* a document among them; then file_ask */
    FILE_TELLS,
    FILE_IS_SILENT, /* there is nothing to tell */
};
enum file_next file_take_answer(struct exchange *ex, struct str answer);
/* Parts are put together. */
enum file_next file_step(struct exchange *ex);
/* A link: to be completed by whoever fetches it. */
bool file_is_link(const struct exchange *ex);
/* download.c: of a document that came down; its text is to be scanned. */
void download_take_reading(
    struct exchange *ex, const struct document_reading *reading);

/* exchange_inner.c */
/* Inside the socket that upgrade opened: same service, person and address; it
 * has no request until exchange_inner_request. */
struct exchange *exchange_inner(const struct exchange_env *env,
    const struct exchange *upgrade, int64_t time_ms);
/* A client's message, whole, as the body of a request of that route. */
void exchange_inner_request(struct exchange *ex, const struct route *route,
    struct str content_type, struct str body);
/* What the inner exchange learnt about the person is its upgrade's, too. */
void exchange_inner_identity(
    struct exchange *upgrade, const struct exchange *inner);
/* Blocked, whatever was judged: there is nothing that could be passed on. */
void exchange_inner_block(struct exchange *ex);
/* It was completed before a failure turned its verdict: told once more. */
void exchange_inner_refused(struct exchange *ex, int status);

/* block.c */
void exchange_block_frame(const struct exchange *ex, struct buf *out);

/* exchange_fields.c */
void exchange_take_fields(
    struct exchange *ex, const struct field *fields, size_t count);
void exchange_take_path(struct exchange *ex);
void exchange_take_query(struct exchange *ex);
/* The address may hold somebody's words. */
bool exchange_address_says(const struct exchange *ex);

/* exchange_resume.c */
/* A new prompt of a conversation goes on: what broke off before is over. */
void exchange_resume_begin(struct exchange *ex);
/* At the answer's head: it may go on with a response told in part. */
void exchange_resume_polled(struct exchange *ex);
void exchange_resume_data(struct exchange *ex, struct str bytes);
/* True: exchange_question is what is kept of an earlier stream. */
bool exchange_resume_ask(struct exchange *ex);
bool exchange_resume_take(struct exchange *ex, struct str answer); /* another */
/* The answers have the ids that they were told under. */
void exchange_resume_name(struct exchange *ex);
/* What the next stream needs, while the answer is there; and, with the ids
 * that it was told under, to the keeper. */
void exchange_resume_keep(struct exchange *ex);
void exchange_resume_note(struct exchange *ex);

/* exchange_seam.c */
/* True: exchange_question is what was said last in the conversation. */
bool seam_ask(struct exchange *ex);
void seam_take(struct exchange *ex, struct str answer);
void seam_plan(struct exchange *ex);
/* What a source of the seam's found, from `before` on, in its place. */
void seam_place(struct exchange *ex, const struct scan_source *source,
    struct findings *f, size_t before);
/* The prompt goes on, or its conversation has an id now. */
void seam_note(struct exchange *ex);
void seam_free(struct seam *seam);

/* exchange_view.c */
/* The texts of an answer of ANSWER_FIELDS become the request's activity's, or,
 * where that was not worth one, an activity of their own. */
void exchange_view_take(struct exchange *ex);
/* True: the request's activity is to be scanned again for them. */
bool exchange_view_plan(struct exchange *ex);
void exchange_view_judge(struct exchange *ex);
/* True: nothing was found in the view, and that is not told. */
bool exchange_view_is_quiet(
    const struct exchange *ex, const struct activity *view);

/* exchange_identity.c */
void exchange_find_identity(
    struct exchange *ex, const struct exchange_request *request);
/* True: exchange_question is whose the session is. */
bool exchange_ask_identity(struct exchange *ex);
void exchange_take_identity(struct exchange *ex, struct str answer);
const struct json_node *exchange_walk(
    const struct json_node *root, const struct json_path *path);
/* From the body of an answer that the map says names the account. */
void exchange_learn_identity(struct exchange *ex, const struct json_node *root);

/* exchange_event.c */
void event_open(struct exchange *ex, const struct exchange_request *request);
void event_free(struct exchange *ex);
/* The body as what it asks for, in the request's activity. */
void event_read_request(struct exchange *ex);
/* After the verdict on that one. */
void event_judge_also(struct exchange *ex);
void event_head(struct exchange *ex, const struct field *fields, size_t count);
void event_data(struct exchange *ex, struct str wire);
/* Completes the request's record, with others, or takes it back. */
void event_complete(struct exchange *ex);

/* exchange_signin.c */
struct event_view;
void signin_open(struct exchange *ex, const struct exchange_request *request);
void signin_free(struct exchange *ex);
void signin_read_request(struct exchange *ex, const struct event_view *view);
/* True: exchange_question is what is known of the sign-in, before the verdict
 * and again before the answer is told. */
bool signin_ask(struct exchange *ex);
bool signin_ask_end(struct exchange *ex);
void signin_take(struct exchange *ex, struct str answer);
void signin_take_end(struct exchange *ex, struct str answer);
/* Only what would complete a sign-in is for the policy to decide. */
bool signin_is_judged(const struct exchange *ex);
bool signin_is_silent(const struct exchange *ex);
void signin_note_verdict(struct exchange *ex);
void signin_head(struct exchange *ex, const struct field *fields, size_t count);
/* is_read: the answer has the form that the map expects; is_page: it may ask
 * whether there is a person. */
void signin_complete(struct exchange *ex, const struct event_view *view,
    bool is_read, bool is_page);
/* An answer of the session names its account. */
void signin_note_account(struct exchange *ex, struct str account);

/* extract.c */
void extract_request(struct exchange *ex);
void extract_query(struct exchange *ex);
void extract_harvest(struct exchange *ex);
/* By the map's answer_text and answer_hidden; the other strings to ex->rest. */
void extract_answer(
    struct exchange *ex, const struct json_node *root, struct activity *view);
void take(struct exchange *ex, const struct json_node *node);
/* text_join, of a part of the content. */
void extract_join(struct exchange *ex, struct buf *to, struct str text);
/* Of a query, decoded; empty: not there. */
struct str extract_parameter(
    struct arena *arena, struct str query, struct str name);
/* The node's text, taken: numbers as written; empty for everything else. */
struct str take_text(struct exchange *ex, const struct json_node *node);
void extract_fields(struct exchange *ex, const struct json_node *root);
void extract_ids(struct exchange *ex, const struct json_node *root);
/* By the map's answer_ids: what the request did not say itself. */
void extract_answer_ids(struct exchange *ex, const struct json_node *root);

/* A form as a tree: a field is a string, and where its value is JSON, that is
 * the string's child ("#" in paths). */
struct form_reader {
    struct arena *arena;
    struct json_node *root;
    size_t documents;
    uint32_t next; /* places for exchange.taken, in order */
};
void extract_form_field(void *arg, struct str name, struct str value);
void extract_form_rest(struct exchange *ex, const struct json_node *root);

/* extract_file.c */
/* Text of a file, to be scanned; or whatever words its bytes hold (is_again:
 * what was found before is no news). */
void extract_add_file_text(struct exchange *ex, struct str text);
void extract_harvest_bytes(
    struct exchange *ex, struct str declared, struct str bytes, bool is_again);
struct activity_file *extract_file(
    struct exchange *ex, struct str id, struct str name);
/* What the bytes of a file tell: size, hash, type, text. */
/* Appends the words of a file of that type in UTF-8.  False: it is not text,
 * or in an encoding that nothing tells. */
bool extract_file_text(struct buf *out, struct str bytes, struct str type);
void extract_file_bytes(struct exchange *ex, struct activity_file *file,
    struct str declared_type, struct str bytes);
/* Whether a file of that type is text in UTF-8 or something near it. */
bool extract_is_plain(struct str head, struct str type);
/* Escapes in JSON hide words from a scan of the bytes.  is_head: there is
 * more, which may have some. */
bool extract_hides_words(struct str text, bool is_head);
/* "data:…", or base64 alone of that type: a file inside the text. */
void extract_data_url(
    struct exchange *ex, const struct json_node *node, struct str name);
void extract_base64(struct exchange *ex, const struct json_node *node,
    struct str declared_type, struct str name);
void extract_multipart(struct exchange *ex, struct str boundary);
/* Of the fields that came so far: the address of an upload. */
void extract_peek(struct exchange *ex);
void extract_file_body(struct exchange *ex);
/* A file's bytes while they pass: raw or multipart. */
struct file_reader *file_reader_new(struct exchange *ex);
void file_reader_feed(struct file_reader *r, struct str bytes);
void file_reader_finish(struct file_reader *r);
/* Of a file of the activity, whose bytes come from elsewhere; and their end. */
struct file_reader *file_reader_of(
    struct exchange *ex, const struct activity_file *file);
void file_reader_end(struct file_reader *r);
void file_reader_free(struct file_reader **reader);

/* upload.c, upload_pieces.c */
/* What the file is by the map's ids. */
struct file_facts {
    struct str id, name, bytes, type;
};
void upload_open(struct exchange *ex);
void upload_free(struct upload **upload);
/* True: the facts are those of the file that goes up. */
bool upload_take_facts(struct exchange *ex, const struct file_facts *facts);
/* Where the bytes go, out of a field that the map names. */
void upload_take_address(struct exchange *ex, const struct json_node *root);
void upload_add_order(struct exchange *ex, struct str piece_id);
void upload_read_blocklist(struct exchange *ex);
/* What it brings is a piece of a file: part of a document at best. */
bool upload_is_piece(const struct exchange *ex);
/* Bytes of the file, held; or as they pass, and then both ends of it. */
void upload_take_bytes(struct exchange *ex, struct str bytes);
void upload_take_passing(struct exchange *ex, struct str bytes);
void upload_take_end(struct exchange *ex, struct str head, struct str tail);
/* Its pieces are being put together. */
bool upload_is_joining(const struct exchange *ex);
/* Whether the keeper must be asked before bytes may pass. */
bool upload_is_pending(const struct exchange *ex);
/* True: what was held of the body names the file: the keeper is to be asked
 * before more of it passes. */
bool upload_peek(struct exchange *ex);
/* True: exchange_question is what is known of the file, or of one that the
 * request uses. */
bool upload_ask_early(struct exchange *ex);
bool upload_ask(struct exchange *ex);
bool upload_answer(struct exchange *ex, struct str answer); /* true: another */
/* The record of a name that turned out to be another's, after that one's. */
void upload_take_back(struct exchange *ex);
/* Before and after the verdict, and at the ends of the answer. */
void upload_judge(struct exchange *ex);
bool upload_is_silent(const struct exchange *ex);
void upload_note_verdict(struct exchange *ex);
void upload_response_head(struct exchange *ex);
/* True: the answer said what there was to say. */
bool upload_read_answer(struct exchange *ex, const struct json_node *root);
/* The file's name may have come while its bytes passed.  True:
 * exchange_question is whether it has, and whether all was told with it. */
bool upload_ask_end(struct exchange *ex);
void upload_end_answered(struct exchange *ex, struct str answer);
/* The service did not take the announcement. */
bool upload_was_refused(const struct exchange *ex);
/* It failed, and nothing of it is told. */
bool upload_is_nothing(const struct exchange *ex);
/* The record stays open for a later step. */
bool upload_is_waiting(struct exchange *ex);

/* chatgpt.c, openai_request.c: false: not the shape that was expected */
bool chatgpt_extract_prompt(struct exchange *ex, const struct json_node *root);
void chatgpt_ask(struct exchange *ex);
void chatgpt_decide(struct exchange *ex, struct str answer);
bool openai_extract_chat(struct exchange *ex, const struct json_node *root);
bool openai_extract_responses(
    struct exchange *ex, const struct json_node *root);
bool openai_extract_thread(struct exchange *ex, const struct json_node *root);
bool openai_extract_realtime(struct exchange *ex, const struct json_node *root);

#endif
