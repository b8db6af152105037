/*
 * Service maps: conf/services/NAME.yaml say which hosts are in scope, which
 * routes mean what, and where text, ids and model stand in their bodies.
 * docs/services.md describes the format.  The wire facts are dated data;
 * code holds only what a map cannot say.
 *
 * A set is read once and never changes; everything it hands out lives as long
 * as the set.
 */
#ifndef INSPECT_SERVICE_H
#define INSPECT_SERVICE_H

#include <stdbool.h>

#include "base/bundle.h"

struct log_map;
struct service_set;
struct service;

/* Reports mistakes into diag; NULL when there were any. */
struct service_set *service_set_load(
    const struct bundle *bundle, struct diag *diag);
void service_set_free(struct service_set **set);

enum host_scope {
    HOST_OUT,       /* tunnel */
    HOST_IN,        /* inspect */
    HOST_LEARNABLE, /* inspect once an answer named it (inspect/keep.h) */
};
/* host: lower case, no port, no trailing dot.  service_out may be NULL: of
 * several maps that name the host, the first that is no overlay. */
enum host_scope service_match_host(const struct service_set *set,
    struct str host, const struct service **service_out);
struct str service_name(const struct service *service);
/* Each name once, as maps and their routes give it to activities; empty past
 * the end. */
enum { SERVICE_NAMES_MAX = 64 };
struct str service_set_name(const struct service_set *set, size_t index);

/* Every host pattern of every map, for the PAC file and the signer:
 * "chatgpt.com" exact, ".oaiusercontent.com" that name and everything below,
 * "oaisdmntpr*.blob.core.windows.net" glob inside one label.  Index past the
 * end gives an empty str.  is_shared: others than the service live there, too:
 * nothing for a PAC file. */
struct str service_host_pattern(
    const struct service_set *set, size_t index, bool *is_shared_out);

/* Whether a WebSocket may be opened there: where a map says what it is, and
 * elsewhere (its messages are read generically), but where secrets go. */
bool service_allows_websocket(
    const struct service_set *set, struct str host, struct str path);

/* ---- tenant control ------------------------------------------------- */

/* Which setting's ids the header carries. */
enum tenant_ids { TENANT_WORKSPACES, TENANT_ORGANIZATIONS };

/* A request header by which the service lets in certain tenants only
 * (chatgpt-wire §8.1, §8.2). */
struct service_tenant {
    struct str header; /* lower case; empty: the service knows none */
    enum tenant_ids ids;
    struct str *hosts; /* that it is sent to; none: all of the service */
    size_t host_count;
};
const struct service_tenant *service_tenant(const struct service *service);
bool service_tenant_has_host(
    const struct service_tenant *tenant, struct str host);
/* The tenant headers of every map, one after the other; empty past the end. */
struct str service_tenant_header(const struct service_set *set, size_t index);
/* Whether the path, as it came, is one that the service keeps for people who
 * are not signed in. */
bool service_is_signed_out(const struct service *service, struct str path);

/* The names of the compliance log; NULL: no map has some (inspect/log_map.h).
 */
const struct log_map *service_log_map(const struct service_set *set);

/* ---- routes: for inspect/ only ------------------------------------- */

enum route_action {
    ROUTE_RECORD, /* an activity for every request */
    ROUTE_SCAN,   /* an activity only where something was found */
    ROUTE_PASS,   /* forwarded unread: telemetry, bot defence */
};

enum route_gate { ROUTE_HOLD, ROUTE_STREAM, ROUTE_FORWARD };

/* How the request body is understood. */
enum body_shape {
    BODY_GENERIC, /* every string, by inspect/harvest.h */
    BODY_FIELDS,  /* the map's text, hidden, ids and file paths */
    BODY_CHATGPT_PROMPT,
    BODY_OPENAI_CHAT,
    BODY_OPENAI_RESPONSES,
    BODY_OPENAI_THREAD,
    BODY_OPENAI_REALTIME,
    BODY_FILE,      /* raw bytes of a file, or multipart around them */
    BODY_BLOCKLIST, /* Azure's XML list of the blocks of a file */
    BODY_IGNORED,
};

/* How the answer is understood. */
enum answer_codec {
    ANSWER_NONE,
    ANSWER_CHATGPT, /* SSE legacy and delta v1; JSON errors */
    ANSWER_OPENAI_CHAT,
    ANSWER_OPENAI_RESPONSES,
    ANSWER_MWEB,       /* the light web app's NDJSON and HTML */
    ANSWER_TREE,       /* a conversation of the history */
    ANSWER_LINKS,      /* JSON whose `learn`, `names`, `who`, `upload` count */
    ANSWER_TRANSCRIPT, /* what was said in the audio that went up */
    ANSWER_FILE,       /* a file, or a link to one: inspect/exchange_file.c */
    ANSWER_OPENAI_MEDIA, /* pictures and sound, in JSON or as they are */
    ANSWER_OPENAI_LIST,  /* messages that the service keeps */
    ANSWER_FIELDS,       /* the map's answer_text and answer_hidden paths */
    ANSWER_MAP,          /* as the map describes it, struct answer_map */
};

enum block_shape { BLOCK_CHATGPT, BLOCK_OPENAI };

enum route_text { ROUTE_TEXT_PROMPT, ROUTE_TEXT_DRAFT };

/* "messages[].content.parts[]": keys, "[]" (each element), "[-1]" (the last
 * one), "*" (each member), "#" (the JSON that a form field holds:
 * "state#messages[]").  Of ids, "?name" is a parameter of the address.
 * "$" at the end: only where that is a string. */
struct json_path {
    struct str *steps;
    size_t count;
};
struct json_paths {
    struct json_path *items;
    size_t count;
};

/* Fields of an activity that a map can fill. */
enum route_id {
    ROUTE_ID_CONVERSATION,
    ROUTE_ID_MESSAGE,
    ROUTE_ID_PARENT,
    ROUTE_ID_MODEL,
    ROUTE_ID_PROJECT,
    ROUTE_ID_FILE,
    ROUTE_ID_FILE_NAME,
    ROUTE_ID_FILE_BYTES,
    ROUTE_ID_FILE_TYPE,
    ROUTE_ID_ANSWER, /* what the client calls the answer to come */
    ROUTE_ID_COUNT,
};

/* How a file comes down (`answer: file`). */
struct route_file {
    /* Members of the JSON answer that hands out a link; no link_url: the
     * answer is the file itself. */
    struct json_paths link_url, link_name, link_type, link_bytes;
    struct str disposition; /* query parameter, or empty */
    /* "name=value" in the query: a person saves it, a page shows it; "*" in
     * saved: always. */
    struct str *saved, *shown;
    size_t saved_count, shown_count;
    bool needs_link; /* without a link to it, it is nobody's file */
};

/* A body member that turns one activity into another. */
struct route_case {
    struct json_path path;
    struct str value; /* as written in the map; "*": present and not null */
    struct str activity;
};

/* What the server's messages of a WebSocket are. */
enum socket_codec {
    SOCKET_NONE,      /* not known: read generically */
    SOCKET_RESPONSES, /* events of Responses, one a message */
    SOCKET_REALTIME,
    SOCKET_EVENTS, /* topics with pieces of event streams: ws.chatgpt.com */
    SOCKET_PUBSUB, /* the same in base64, Azure Web PubSub */
};

struct route_frame;

/* ---- administrative events (`event`) ---- */

/* Where a fact of an event stands. */
enum fact_source {
    FACT_PATH,      /* {name} of the path */
    FACT_BODY,      /* of the request */
    FACT_ANSWER,    /* of the answer, once there is one */
    FACT_EACH,      /* the element of `each` or `of` that is at its turn */
    FACT_QUERY,     /* parameter of the address */
    FACT_LITERAL,   /* "=text" of the map */
    FACT_WORKSPACE, /* or organization, that the request is about */
    FACT_ACCOUNT,   /* mail address of whoever asks */
};
struct route_fact {
    enum fact_source source;
    struct str name;       /* PATH, QUERY, LITERAL */
    struct json_path path; /* BODY, ANSWER, EACH; of EACH it may be empty */
};
/* The first one that leads to something holds. */
struct route_facts {
    struct route_fact *items;
    size_t count;
};
struct route_detail {
    const char *key;
    struct route_facts facts;
};
/* What stands there is this: "*": anything but null; "": nothing. */
struct route_condition {
    struct route_facts at;
    struct str value;
};

/* What a request is in the course of signing in or out (inspect/signin.h). */
enum signin_step {
    SIGNIN_NONE,
    SIGNIN_BEGIN,    /* says who, or how, or where to; tells nothing yet */
    SIGNIN_CHECK,    /* a password or a code: 4xx is a failed login */
    SIGNIN_COMPLETE, /* what succeeds is a login */
    SIGNIN_LOGOUT,
};
/* What the answer does to the cookie of the session. */
enum signin_session { SESSION_ANY, SESSION_BEGINS, SESSION_ENDS };

/* What an exchange does to an object (docs/services.md). */
struct route_event {
    struct str activity; /* of `also`; else the route's */
    struct str target_type;
    struct route_facts target_of; /* a target for every element */
    struct route_facts target_id, target_name;
    struct route_facts project;
    struct route_facts each;    /* an activity for every element */
    bool changes_body;          /* the members of the request's body */
    struct route_facts changes; /* or the last names of these paths */
    struct route_detail *details;
    size_t detail_count;
    struct route_facts key; /* a secret, told by its last four and its hash */
    /* The answer must be so, or must not, to be one. */
    struct route_condition *when, *unless;
    size_t when_count, unless_count;
    bool allows_empty; /* an answer without a body will do */
    enum signin_step signin;
    enum signin_session session;           /* that it needs to succeed */
    struct route_facts account, workspace; /* who signs in, and where to */
    struct route_event *also; /* further events of the same exchange */
    size_t also_count;
};

/* What a JSON answer calls files: at: each of them, else the answer itself. */
struct route_names {
    struct json_paths at, id, name; /* id and name: of each */
};

/* What a request does in the course of an upload (inspect/upload.h). */
enum upload_step {
    UPLOAD_NONE,
    UPLOAD_ANNOUNCE, /* the answer says under which id and address */
    UPLOAD_BYTES,    /* all bytes of the file */
    UPLOAD_PIECE,    /* some of them */
    UPLOAD_ASSEMBLE, /* which pieces in which order are the file */
    UPLOAD_NAME,     /* its name again, or only now */
};
/* What an answer tells of the file. */
enum upload_fact {
    UPLOAD_FACT_ID,
    UPLOAD_FACT_OTHER_ID, /* by which prompts may call it, too */
    UPLOAD_FACT_ADDRESS,  /* that its bytes go to */
    UPLOAD_FACT_NAME,
    UPLOAD_FACT_BYTES,
    UPLOAD_FACT_TYPE,
    UPLOAD_FACT_PIECE, /* id of the piece that the request brought */
    UPLOAD_FACT_COUNT,
};
struct route_upload {
    enum upload_step step;
    struct str piece;          /* query parameter: id of the piece */
    struct json_paths address; /* of the request; none: its own address */
    struct json_paths order;   /* ids of the pieces */
    struct json_paths answer[UPLOAD_FACT_COUNT];
    bool reads_answer;
};

/* Events of a stream, or one JSON body, by paths into each. */
struct answer_map {
    struct json_paths text, hidden, ids[ROUTE_ID_COUNT];
    struct json_path part;  /* its value tells parts apart; none: one part */
    bool replaces;          /* an event repeats the part from its beginning */
    struct json_path end;   /* of the last event; none: the map names no end */
    struct str *end_values; /* that it has there; none: any */
    size_t end_count;
};

struct path_template {
    struct str text;
    size_t fixed; /* so many bytes begin every path that fits */
};

struct route {
    struct str name;
    struct str *methods; /* none: every method */
    size_t method_count;
    struct path_template *paths; /* prefixes expanded */
    size_t path_count;
    struct str *hosts; /* none: every host of the service */
    size_t host_count;
    struct str content_type; /* glob, or empty */
    struct str query; /* "name" or "name=value" that must be there, or empty */
    enum route_action action;
    enum route_gate gate;
    enum body_shape body;
    enum answer_codec answer;
    struct answer_map answer_map; /* of ANSWER_MAP */
    enum block_shape block;
    enum route_text where;
    bool allows_websocket;
    struct str activity;
    struct str update; /* "edit" … of every such request, or empty */
    struct str reason; /* why more of it cannot be seen, or empty */
    /* What it is about: "tool", and its name or where that stands. */
    struct str target_type, target_name;
    struct json_paths target_at;
    struct json_paths text, hidden, ids[ROUTE_ID_COUNT];
    struct json_paths answer_text, answer_hidden;
    struct json_paths answer_ids[ROUTE_ID_FILE]; /* of the request's activity */
    bool reads_answer_ids;
    struct json_paths files; /* attachments: ids, or objects with id and name */
    struct route_names names; /* files that the answer names */
    struct str *learn; /* members of the JSON answer: URLs of other hosts */
    size_t learn_count;
    struct route_file file;
    /* Members of the JSON answer that name the account of the session. */
    /* The answer goes on where another stream of the conversation broke off:
     * the member that says how many of its events are there already. */
    struct json_paths resumes;
    struct json_paths who_user, who_workspace, who_user_id, who_plan;
    struct json_paths who_accounts; /* a map of them, by workspace */
    bool reads_who;
    bool is_into_turn; /* a prompt that starts no turn of its own */
    struct route_upload upload;
    struct str *url_text; /* query parameters that people type into */
    size_t url_text_count;
    struct route_case *cases;
    size_t case_count;
    struct str service;              /* of its activities; or empty */
    const struct route_event *event; /* NULL: none */
    bool is_secret;   /* bodies hold what must not be kept: only what `event`
                         names is read */
    bool tells_login; /* the answer names whoever has just signed in */
    bool is_last;     /* after the routes of all other maps */
    /* Of a WebSocket: its messages; frame_type: where a client's says what
     * it is. */
    enum socket_codec socket;
    struct json_path frame_type;
    struct route_frame *frames;
    size_t frame_count;
};

/* What a client's message is: the first that fits. */
struct route_frame {
    struct str *types; /* none: every type */
    size_t type_count;
    struct json_path when; /* a member that must be there; or none */
    bool is_opaque;        /* nobody can read it (audio): told of, once */
    struct route route;    /* without address */
};

enum { ROUTE_CAPTURES_MAX = 8 };
struct route_match {
    const struct route *route; /* NULL: nothing explains the request */
    struct str names[ROUTE_CAPTURES_MAX], values[ROUTE_CAPTURES_MAX];
    size_t count; /* what {name} segments of the path held */
};

struct route_query {
    struct str host, method;
    struct str path; /* percent-decoded, without query; borrowed by values */
    struct str raw_path; /* as it came, for overlays, which take a coded slash
                            as part of a segment; empty: the same */
    struct arena *arena; /* of what is decoded, with raw_path */
    struct str query;    /* raw */
    struct str content_type;
    bool is_websocket; /* an upgrade: routes for them only */
    bool is_ambiguous; /* servers may take the path for another: only a secret
                          route is looked for that has all paths of the host */
};
/* The first route that fits, of all maps that name the host: overlays before
 * others, and their last routes behind them. */
void service_find_route(const struct service_set *set,
    const struct route_query *query, struct route_match *match_out);
/* Block answers where no route is. */
enum block_shape service_block_shape(const struct service *service);
/* The word of the map for an id: "conversation_id" …; ROUTE_ID_COUNT: none. */
enum route_id route_id_of(struct str name);

#endif
