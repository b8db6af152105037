/*
 * What the files of the channel share; for nobody else.
 *
 *   channel.c          life, the client's messages and their hold, records
 *   channel_frames.c   what a client's message is, by the service map
 *   channel_turns.c    Responses events: the answer of the open turn
 */
#ifndef INSPECT_CHANNEL_PARTS_H
#define INSPECT_CHANNEL_PARTS_H

#include "inspect/channel.h"
#include "inspect/exchange_parts.h"

enum {
    CHANNEL_TURNS_MAX = 16, /* prompts whose answer is awaited */
};

/* One exchange inside the socket, in order of its beginning. */
struct inner {
    struct exchange *exchange;
    bool is_turn; /* its answer comes with the server's messages */
    struct inner *prev, *next;
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
    struct inner *held;   /* the client's last message, or NULL */
    struct inner *asking; /* whose question is open */
    bool is_judged, is_oversize, is_over;
    struct channel_output *records, *notes;
    struct arena scratch; /* of one message's tree */
};

/* channel.c */
struct inner *channel_add(struct channel *c, struct exchange *exchange);
void channel_end_turn(struct inner *turn, bool is_complete);
/* An activity of a server's message that belongs to no answer; is_quiet: told
 * only where something is found in it. */
void channel_tell_text(struct channel *c, const char *name, struct str text,
    int64_t time_ms, bool is_quiet);

/* channel_frames.c */
/* Of the message, root NULL where it is no JSON.  NULL: it carries nothing,
 * not even what is scanned. */
const struct route *channel_route(
    const struct channel *c, const struct json_node *root);
void channel_setup_routes(struct channel *c);

/* The server's messages, by what the map calls them.  False: not understood,
 * to be read generically. */
bool channel_on_responses(
    struct channel *c, const struct json_node *root, int64_t time_ms);

#endif
