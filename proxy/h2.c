/*
 * HTTP/2 on one connection, either side (RFC 9113), by nghttp2.
 *
 * nghttp2 does frames, HPACK, flow control and the message rules; here its
 * callbacks become the events of proxy/http.h, windows open only as the owner
 * consumes, and floods end the connection (D1).  Here is the connection; its
 * parts: h2_stream.c, h2_recv.c (with h2_head.c), h2_send.c.
 *
 * nghttp2 must not be re-entered while it reads: codec_take_output gives
 * nothing inside a callback, the bytes come after it.
 */
#include "proxy/h2_parts.h"

#include <string.h>

#include "base/mem.h"

enum {
    CONNECTION_WINDOW = 16 * 1024 * 1024,
    EARLY_BYTES_MAX = 64 * 1024,  /* settings, a few windows */
    HEADER_TABLE_MAX = 64 * 1024, /* what browsers promise */
    SEND_HEAD_MAX = 1024 * 1024,  /* ours are bounded by what we received */
};

/* ---- the codec's entry points ---- */

static enum err feed_nghttp2(struct h2 *h2, struct str bytes)
{
    if (h2->is_dead || bytes.n == 0)
        return h2->result;
    h2->depth++;
    ssize_t n = nghttp2_session_mem_recv(
        h2->session, (const uint8_t *)bytes.p, bytes.n);
    if (n < 0 && !h2->is_dead) {
        bool is_flood = n == NGHTTP2_ERR_FLOODED;
        nghttp2_session_terminate_session(h2->session,
            is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
        h2_die(h2, is_flood ? ERR_LIMIT : ERR_PARSE,
            is_flood                            ? "flood-answers"
            : n == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? "h2-bad-preface"
                                                : "h2-protocol",
            STREAM_BROKEN);
    }
    h2_leave(h2);
    return h2->result;
}

/* nghttp2 would agree to the origin's settings before it tells ours. */
static enum err keep_early(struct h2 *h2, struct str bytes)
{
    if (bytes.n > EARLY_BYTES_MAX - h2->early.n)
        h2_die(h2, ERR_LIMIT, "h2-early", STREAM_BROKEN);
    else
        buf_append_str(&h2->early, bytes);
    return h2->result;
}

static enum err h2_feed(struct codec *codec, struct str bytes)
{
    struct h2 *h2 = h2_of(codec);
    h2_profile_feed(&h2->profile, bytes);
    if (!h2->is_introduced)
        return keep_early(h2, bytes);
    if (h2->early.n > 0) {
        struct buf early = {0};
        buf_take(&early, &h2->early);
        (void)feed_nghttp2(h2, buf_str(&early)); /* the result is kept */
        buf_free(&early);
    }
    return feed_nghttp2(h2, bytes);
}

static void h2_feed_eof(struct codec *codec, bool is_cut)
{
    (void)is_cut; /* no body ends with its connection here */
    struct h2 *h2 = h2_of(codec);
    h2->depth++;
    h2->is_eof = true;
    h2_end_all(h2, STREAM_BROKEN);
    h2_leave(h2);
}

static void tell_writable(struct h2 *h2)
{
    if (!h2->has_writable)
        return;
    h2->has_writable = false;
    for (struct h2_stream *s = h2->streams; s != NULL; s = s->next) {
        if (!s->is_now_writable)
            continue;
        s->is_now_writable = false;
        if (!s->base.is_released && !s->is_dead &&
            h2->base.events->on_writable != NULL)
            h2->base.events->on_writable(h2->base.owner, &s->base);
    }
}

/* The library's buffer would keep a head that was sent (addresses with codes,
 * cookies) until the next one.  Its allocator is ours (h2_mem), but for the
 * preface, which is a constant. */
static void forget_sent(const uint8_t *bytes, size_t n)
{
    bool is_preface = n == NGHTTP2_CLIENT_MAGIC_LEN &&
                      memcmp(bytes, NGHTTP2_CLIENT_MAGIC, n) == 0;
    if (!is_preface)
        explicit_bzero((void *)(uintptr_t)bytes, n);
}

static void h2_take_output(struct codec *codec, struct buf *out, size_t max)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->depth != 0 || !h2->is_introduced)
        return;
    h2->depth++;
    h2->target = out;
    h2->target_max = out->n + max;
    while (out->n < h2->target_max) {
        const uint8_t *bytes = NULL;
        ssize_t n = nghttp2_session_mem_send(h2->session, &bytes);
        if (n < 0)
            h2_die(h2, ERR_STATE, "h2-output", STREAM_INTERNAL);
        if (n <= 0)
            break;
        buf_append(out, bytes, (size_t)n);
        forget_sent(bytes, (size_t)n);
    }
    h2->target = NULL;
    tell_writable(h2);
    h2_leave(h2);
}

static bool h2_has_output(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    return h2->is_introduced && nghttp2_session_want_write(h2->session) != 0;
}

/* Windows hold a client back; an origin's are as large as the client's own. */
static bool h2_wants_input(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    return h2_faces_client(h2) || !h2_is_pressed(h2);
}

static bool h2_wants_close(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    if (h2->is_eof || h2->is_dead)
        return true;
    if (h2->is_draining && h2->open_count == 0)
        return true;
    return nghttp2_session_want_read(h2->session) == 0 &&
           nghttp2_session_want_write(h2->session) == 0;
}

static bool h2_has_input(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    return h2->is_introduced && h2->early.n > 0;
}

static bool h2_is_idle(const struct codec *codec)
{
    return h2_of_const(codec)->open_count == 0;
}

/* What the peer has set, also where nghttp2 was not told yet. */
static uint32_t peer_setting(const struct h2 *h2, nghttp2_settings_id id)
{
    const struct h2_setting *early =
        h2->early.n > 0 ? h2_profile_find(&h2->profile, (uint16_t)id) : NULL;
    return early != NULL ? early->value
                         : nghttp2_session_get_remote_settings(h2->session, id);
}

static bool h2_takes_websockets(const struct codec *codec)
{
    return peer_setting(h2_of_const(codec),
               NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

static void h2_offer_websockets(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    nghttp2_settings_entry entry = {
        NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    if (h2->offers_websockets || h2->is_dead || !h2_faces_client(h2))
        return;
    h2->offers_websockets = true;
    nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, &entry, 1);
}

static void h2_drain(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->is_draining || h2->is_dead)
        return;
    h2->is_draining = true;
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
        NULL, 0);
}

static bool h2_is_leaving(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    return h2->is_dead || h2->is_eof || h2->is_draining || h2->got_goaway ||
           nghttp2_session_check_request_allowed(h2->session) == 0;
}

static bool h2_can_open(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    if (h2_is_leaving(codec))
        return false;
    return h2->open_count <
           peer_setting(h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

static void h2_take_over(struct codec *codec, struct buf *rest_out)
{
    (void)codec;
    (void)rest_out; /* h1 only */
}

static void h2_free(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    nghttp2_session_del(h2->session);
    h2_profile_free(&h2->profile);
    buf_free(&h2->early);
    h2_forget_unconsumed(h2);
    while (h2->streams != NULL) {
        struct h2_stream *s = h2->streams;
        h2->streams = s->next;
        h2_free_stream(s);
    }
    mem_free(h2);
}

static void h2_make_opaque(struct stream *stream)
{
    (void)stream; /* DATA is carried as it is anyway */
}

static const struct codec_vtable h2_table = {
    .free = h2_free,
    .feed = h2_feed,
    .feed_eof = h2_feed_eof,
    .take_output = h2_take_output,
    .has_output = h2_has_output,
    .wants_input = h2_wants_input,
    .wants_close = h2_wants_close,
    .has_input = h2_has_input,
    .is_idle = h2_is_idle,
    .takes_websockets = h2_takes_websockets,
    .offer_websockets = h2_offer_websockets,
    .drain = h2_drain,
    .introduce = h2_introduce,
    .can_open = h2_can_open,
    .is_leaving = h2_is_leaving,
    .open = h2_open,
    .take_over = h2_take_over,
    .release = h2_release,
    .send_head = h2_send_head,
    .send_data = h2_send_data,
    .send_end = h2_send_end,
    .reset = h2_reset,
    .queued = h2_queued,
    .consumed = h2_consumed,
    .make_opaque = h2_make_opaque,
};

/* ---- making one ---- */

/* What nghttp2 keeps of heads (cookies, addresses with codes) is zeroed when
 * it gives it up. */
static void *h2_malloc(size_t n, void *user)
{
    (void)user;
    return mem_alloc(n);
}

static void *h2_calloc(size_t count, size_t n, void *user)
{
    (void)user;
    return mem_calloc(count, n);
}

static void h2_mem_free(void *p, void *user)
{
    (void)user;
    mem_wipe_begin();
    mem_free(p);
    mem_wipe_end();
}

static void *h2_realloc(void *p, size_t n, void *user)
{
    (void)user;
    mem_wipe_begin();
    void *moved = mem_realloc(p, n);
    mem_wipe_end();
    return moved;
}

static nghttp2_mem h2_mem = {.malloc = h2_malloc,
    .free = h2_mem_free,
    .calloc = h2_calloc,
    .realloc = h2_realloc};

static nghttp2_session_callbacks *make_callbacks(void)
{
    nghttp2_session_callbacks *c = NULL;
    if (nghttp2_session_callbacks_new(&c) != 0)
        mem_exhausted(); /* out of memory is fatal */
    h2_set_input_callbacks(c);
    h2_set_output_callbacks(c);
    return c;
}

static void start_session(struct h2 *h2, enum codec_side side)
{
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *option = NULL;
    int rv = nghttp2_option_new(&option);
    if (rv == 0) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_send_header_block_length(option, SEND_HEAD_MAX);
        rv = side == FACING_CLIENT ? nghttp2_session_server_new3(&h2->session,
                                         callbacks, h2, option, &h2_mem)
                                   : nghttp2_session_client_new3(&h2->session,
                                         callbacks, h2, option, &h2_mem);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    if (rv != 0)
        mem_exhausted();
}

enum { SETTINGS_MAX = H2_PROFILE_SETTINGS_MAX + 1 };

static void submit(struct h2 *h2, const nghttp2_settings_entry *entries,
    size_t n, int32_t window)
{
    nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, entries, n);
    nghttp2_session_set_local_window_size(
        h2->session, NGHTTP2_FLAG_NONE, 0, window);
    h2->is_introduced = true;
}

static void introduce_as_ourselves(struct h2 *h2)
{
    const struct codec_limits *limits = &h2->base.limits;
    nghttp2_settings_entry entries[4];
    size_t n = 0;
    if (h2_faces_client(h2)) {
        entries[n++] = (nghttp2_settings_entry){
            NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams};
        if (limits->offer_websockets)
            entries[n++] = (nghttp2_settings_entry){
                NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    } else {
        entries[n++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    }
    entries[n++] = (nghttp2_settings_entry){
        NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->window_bytes};
    entries[n++] = (nghttp2_settings_entry){
        NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->head_bytes};
    submit(h2, entries, n, CONNECTION_WINDOW);
}

/* What we could not keep to, or what would cost too much, is not promised on:
 * no browser has it otherwise.  A small window is raised to the usual: it would
 * only open as its bytes are read, where the client opens it as it likes. */
static nghttp2_settings_entry bounded(struct h2_setting setting)
{
    uint32_t value = setting.value;
    if (setting.id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE &&
        value < NGHTTP2_INITIAL_WINDOW_SIZE)
        value = NGHTTP2_INITIAL_WINDOW_SIZE;
    if (setting.id == NGHTTP2_SETTINGS_ENABLE_PUSH)
        value = 0;
    if (setting.id == NGHTTP2_SETTINGS_HEADER_TABLE_SIZE &&
        value > HEADER_TABLE_MAX)
        value = HEADER_TABLE_MAX;
    return (nghttp2_settings_entry){setting.id, value};
}

static void introduce_as(struct h2 *h2, const struct h2_profile *client)
{
    nghttp2_settings_entry entries[SETTINGS_MAX];
    size_t n = 0;
    bool has_push = false;
    for (; n < client->count; n++) {
        entries[n] = bounded(client->settings[n]);
        has_push |= entries[n].settings_id == NGHTTP2_SETTINGS_ENABLE_PUSH;
    }
    if (!has_push)
        entries[n++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    int64_t window = (int64_t)NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE +
                     client->window_increment;
    submit(h2, entries, n, window > INT32_MAX ? INT32_MAX : (int32_t)window);
}

void h2_introduce(struct codec *codec, const struct codec *like)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->is_introduced || h2->is_dead)
        return;
    if (like != NULL && like->version == HTTP_2 &&
        h2_of_const(like)->profile.count > 0)
        introduce_as(h2, &h2_of_const(like)->profile);
    else
        introduce_as_ourselves(h2);
}

struct codec *h2_new(enum codec_side side, const struct codec_limits *limits)
{
    struct h2 *h2 = MEM_NEW(struct h2);
    h2->base.table = &h2_table;
    h2->base.side = side;
    h2->base.limits = *limits;
    h2->profile.has_preface = side == FACING_CLIENT;
    h2->budget = BUDGET_MAX;
    h2->offers_websockets = limits->offer_websockets;
    start_session(h2, side);
    if (side == FACING_CLIENT)
        introduce_as_ourselves(h2);
    return &h2->base;
}
