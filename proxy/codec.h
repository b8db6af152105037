/*
 * What h1.c and h2.c have in common behind proxy/http.h: the table through
 * which http.c dispatches, and the first members of every codec and stream.
 * For the codecs only.
 */
#ifndef PROXY_CODEC_H
#define PROXY_CODEC_H

#include "proxy/http.h"

enum {
    INTERIM_MAX = 16, /* 1xx before a final response (H4) */
};

struct codec_vtable {
    void (*free)(struct codec *codec);
    enum err (*feed)(struct codec *codec, struct str bytes);
    void (*feed_eof)(struct codec *codec, bool is_cut);
    void (*take_output)(struct codec *codec, struct buf *out, size_t max);
    bool (*has_output)(const struct codec *codec);
    bool (*wants_input)(const struct codec *codec);
    bool (*wants_close)(const struct codec *codec);
    bool (*has_input)(const struct codec *codec);
    bool (*is_idle)(const struct codec *codec);
    bool (*takes_websockets)(const struct codec *codec);
    void (*offer_websockets)(struct codec *codec);
    void (*drain)(struct codec *codec);
    void (*introduce)(struct codec *codec, const struct codec *like);
    bool (*can_open)(const struct codec *codec);
    bool (*is_leaving)(const struct codec *codec);
    struct stream *(*open)(struct codec *codec, const struct head *request,
        bool has_body, void *user);
    void (*take_over)(struct codec *codec, struct buf *rest_out);

    void (*release)(struct stream *stream);
    void (*send_head)(
        struct stream *stream, const struct head *head, bool has_body);
    void (*send_data)(struct stream *stream, struct str data);
    void (*send_end)(struct stream *stream, const struct head *trailers);
    void (*reset)(struct stream *stream, enum stream_error error);
    size_t (*queued)(const struct stream *stream);
    void (*consumed)(struct stream *stream, size_t n);
    void (*make_opaque)(struct stream *stream);
};

struct codec {
    const struct codec_vtable *table;
    enum http_version version;
    enum codec_side side;
    struct codec_limits limits;
    const struct codec_events *events;
    void *owner;
    const char *refusal; /* static word, or NULL */
    bool was_cut;        /* codec_was_cut */
};

struct stream {
    struct codec *codec;
    void *user;
    uint32_t number;
    bool is_released; /* the owner is done with it: no more events */
};

struct codec *h1_new(void);
struct codec *h2_new(enum codec_side side, const struct codec_limits *limits);

/* For the log and the record; NULL callbacks are skipped. */
void codec_tell_refused(struct codec *codec, const char *reason, int status);

#endif
