/*
 * What the files of the channel share; for nobody else.
 *
 *   channel.c          life, the client's messages and their hold, records
 *   channel_frames.c   what a client's message is, by the service map
 *   channel_turns.c    Responses events: the answer of the open turn
 *   channel_realtime.c events of the realtime API
 *   channel_topics.c   answers that come piecewise under names
 *   channel_events.c   envelopes of ws.chatgpt.com
 *   channel_updates.c  whole messages in them
 *   channel_pubsub.c   envelopes of Azure Web PubSub
 */
#ifndef INSPECT_CHANNEL_PARTS_H
#define INSPECT_CHANNEL_PARTS_H

#include "inspect/channel.h"
#include "inspect/exchange_parts.h"

enum {
    CHANNEL_TURNS_MAX = 16,  /* prompts whose answer is awaited */
    CHANNEL_TOPICS_MAX = 16, /* the least recently used one ends */
};

/* One exchange inside the socket, in order of its beginning. */
struct inner {
    struct exchange *exchange;
    bool is_turn; /* its answer comes with the server's messages */
    struct inner *prev, *next;
};

/* A set of hashes. */
struct seen {
    uint64_t *slots;
    size_t count, cap;
};

struct piece;

/* One answer on its way, and what has come of it. */
struct topic {
    struct buf name, owner; /* owner: whose sockets may go on with it */
    struct buf turn;        /* the name that the prompt's answer knows */
    struct buf conversation;
    struct answer *answer; /* NULL: nothing, or all was told */
    bool has_fed, is_unordered;
    bool is_touched;   /* by the message that is being read */
    bool is_update;    /* of whole messages (channel_updates.c), … */
    bool is_under_way; /* … the last one of which was not finished */
    struct seen seen, seen_waiting, seen_offsets, seen_bare;
    struct piece *waiting; /* by offset, then as they came */
    size_t waiting_count, waiting_bytes, bytes;
    struct buf raw; /* what was fed, for a stream before it (resume.h) */
    bool is_raw_over;
    char told[ANSWERS_MAX][UUID_TEXT_BYTES];
    size_t told_count;
    int64_t parked_ms;
    char prompt[UUID_TEXT_BYTES]; /* that it answers; or empty */
    struct topic *prev, *next;
};

struct channel_output {
    struct record record;
    struct buf note;
    struct channel_output *prev, *next;
};

struct channel {
    const struct exchange_env *env;
    struct exchange *upgrade;   /* what the inner ones inherit; never stepped */
    const struct route *socket; /* its route */
    /* Messages that the map does not name: with words, without. */
    struct route unknown, unknown_silent;
    struct inner *inners;
    struct inner *held;    /* the client's last message, or NULL */
    struct inner *asking;  /* whose question is open */
    struct inner *reading; /* whose document is to be read; until a step */
    bool is_judged, is_oversize, is_over;
    struct topic *topics; /* in order of use */
    size_t topic_count;
    /* What the socket said about itself, for messages that do not. */
    struct buf model, conversation;
    char prompt[UUID_TEXT_BYTES]; /* the last one's activity */
    const struct route *opaque;   /* of messages that nobody can read */
    bool has_transcript;
    struct str message; /* that is being read */
    int64_t time_ms;    /* of it; 0: now */
    struct channel_output *records, *notes;
    struct arena scratch; /* of one message's tree */
};

/* channel.c */
void channel_end_turn(struct inner *turn, bool is_complete);
/* An activity of a server's message that belongs to no answer; is_quiet: told
 * only where something is found in it. */
void channel_tell_text(
    struct channel *c, const char *name, struct str text, bool is_quiet);
/* A part of a message that is not what it says it is: recorded as a failure of
 * parsing, its raw text scanned. */
void channel_tell_broken(struct channel *c, struct str text);
/* Answers of nobody in particular: the keeper knows which were told, and by
 * the turn's name whose they are. */
struct exchange *channel_tell(struct channel *c,
    struct activity *const *activities, size_t count, struct str turn);
/* What is not understood, scanned. */
void channel_read_rest(struct channel *c, const struct json_node *node);

/* channel_frames.c */
/* Of the message, root NULL where it is no JSON.  NULL: it carries nothing,
 * not even what is scanned. */
const struct route *channel_route(
    struct channel *c, const struct json_node *root);
void channel_setup_routes(struct channel *c);

/* channel_topics.c */
struct topic_item {
    struct str id, parent; /* of pieces; empty: none */
    struct str offset;
    struct str text;
};
struct topic *channel_topic(struct channel *c, struct str name);
/* An id of the topic; empty or too long ones leave the old one. */
void topic_set(struct buf *member, struct str id);
/* With a decoder; a topic of pieces has its own. */
void topic_open(struct channel *c, struct topic *t, enum answer_codec codec);
void topic_add(struct topic *t, const struct topic_item *item);
/* Told, if there is an answer; is_complete: the service said so. */
void topic_end(struct channel *c, struct topic *t, bool is_complete);
/* Those whose streams have ended; after each message of the server. */
void channel_end_finished(struct channel *c);
/* The socket is over: what there is is told, and may go on with the next. */
void channel_end_topics(struct channel *c);
void channel_free_topics(struct channel *c);

/* channel_updates.c */
void channel_on_update(struct channel *c, const struct json_node *update);
/* Activities of a topic of updates: those that are answers, with their ids.
 * Returns how many are left. */
size_t channel_fill_update(
    struct channel *c, const struct topic *t, struct activity **list, size_t n);
void channel_on_group_chat(struct channel *c, const struct json_node *payload);

/* The server's messages, by what the map calls them.  False: not understood,
 * to be read generically. */
bool channel_on_responses(struct channel *c, const struct json_node *root);
bool channel_on_realtime(struct channel *c, const struct json_node *root);
bool channel_on_events(struct channel *c, const struct json_node *root);
bool channel_on_pubsub(struct channel *c, const struct json_node *root);

#endif
